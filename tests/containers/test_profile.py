"""The hard profile, read back from the engine, and what is tried from inside against it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from mandrake_jupyter.errors import MCPError
from mandrake_jupyter.values import Mount, ResourceLimits

from .conftest import Yard, client

SECRET = "s3cr3t-of-ours"
#: From inside: each attempt, and what became of it. Written with the standard library only.
TRY = """
import errno, json, os, socket, subprocess, sys
def attempt(work):
    try:
        return str(work())
    except BaseException as exc:
        return errno.errorcode.get(getattr(exc, 'errno', 0) or 0) or type(exc).__name__
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines() if ':' in line)
print(json.dumps({
    'root': attempt(lambda: open('/evil', 'w')), 'etc': attempt(lambda: open('/etc/passwd', 'a')),
    'mount': attempt(lambda: open('/mcp/evil', 'w')), 'tmp': attempt(lambda: open('/tmp/fine', 'w').write('x')),
    'tmp_full': attempt(lambda: open('/tmp/large', 'wb').write(b'x' * (80 << 20))),
    'socket': attempt(lambda: socket.create_connection(('10.255.255.1', 80), timeout=2)),
    'interfaces': sorted(os.listdir('/sys/class/net')),
    'user': os.getuid(), 'caps': status['CapEff'].strip(), 'no_new_privs': status['NoNewPrivs'].strip(),
    'seccomp': status['Seccomp'].strip(), 'init': open('/proc/1/comm').read().strip(),
    'host': attempt(lambda: os.listdir('/home')), 'sock': os.path.exists('/var/run/docker.sock'),
    'kill': attempt(lambda: os.kill(1, 0)), 'chown': attempt(lambda: os.chown('/tmp/fine', 0, 0)),
    'home': os.environ['HOME'], 'environment': sorted(os.environ),
}), file=sys.stderr)
"""


async def run(yard: Yard, script: str, **options: Any) -> dict[str, Any]:
    """What `script` prints to stderr as JSON."""
    provisioner = yard.make(yard.spec("-S", "-c", script, **options))
    async with provisioner.launch(5.0):
        await provisioner.ended.wait()
    lines = [text for stream, text in yard.logged if stream == "stderr"]
    found: dict[str, Any] = json.loads(lines[-1])
    return found


async def test_every_line_of_the_profile_is_in_force(yard: Yard) -> None:
    async with client(yard.raw()):
        found = await yard.from_outside(lambda engine, id: engine.inspect_container(id))
    host, config = found["HostConfig"], found["Config"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is True
    assert list(host["Tmpfs"]) == ["/tmp"]
    assert (host["Memory"], host["MemorySwap"]) == (512 << 20, 512 << 20)
    assert host["PidsLimit"] == 128
    assert host["NanoCpus"] == 10**9
    assert host["NetworkMode"] == "none"
    assert host["LogConfig"]["Type"] == "none"
    assert host["Init"] is True
    assert host["AutoRemove"] is True
    assert host["Privileged"] is False
    assert config["User"] not in ("", "0", "root")
    assert (config["OpenStdin"], config["StdinOnce"], config["Tty"]) == (True, True, False)
    assert [(mount["Destination"], mount["RW"]) for mount in found["Mounts"]] == [("/mcp", False)]


async def test_what_is_tried_from_inside_fails(yard: Yard) -> None:
    found = await run(yard, TRY)
    assert (found["root"], found["mount"]) == ("EROFS", "EROFS")
    assert found["etc"] in ("EROFS", "EACCES")
    assert (found["tmp"], found["tmp_full"]) == ("1", "ENOSPC")
    assert found["socket"] == "ENETUNREACH"
    assert found["interfaces"] == ["lo"]
    assert found["user"] != 0
    assert int(found["caps"], 16) == 0
    assert (found["no_new_privs"], found["seccomp"]) == ("1", "2")
    assert found["init"] in ("docker-init", "tini")
    assert found["host"] == "ENOENT"
    assert not found["sock"]
    assert found["chown"] == "EPERM"
    assert found["home"] == "/tmp"
    assert not [name for name in found["environment"] if "TOKEN" in name or "JUPYTER" in name]


async def test_a_fork_bomb_ends_at_its_limit(yard: Yard) -> None:
    bomb = """
import json, os, sys, time
n = 0
try:
    while n < 1000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        n += 1
except OSError as exc:
    print(json.dumps({'forks': n, 'errno': exc.errno}), file=sys.stderr)
"""
    found = await run(yard, bomb, limits=ResourceLimits(processes=20))
    assert found["errno"] == 11
    assert found["forks"] < 20


@pytest.mark.parametrize("where", ["link", "..", "/etc"])
async def test_what_lies_outside_the_project_is_mounted_only_when_the_entry_says_so(
    yard: Yard, tmp_path: Path, where: str
) -> None:
    yard.root = tmp_path / "project"
    yard.root.mkdir()
    (yard.root / "link").symlink_to("/etc")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o005)
    with pytest.raises(MCPError, match=f"would mount {where}, which lies outside the project"):
        async with yard.raw(mounts=(Mount(where, "/x"),)).launch(1.0):
            pass
    script = "import json, os, sys; print(json.dumps(len(os.listdir('/x'))), file=sys.stderr)"
    assert await run(yard, script, mounts=(Mount(where, "/x", outside=True),)) > 0


async def test_a_mount_that_is_not_there_is_named(yard: Yard) -> None:
    with pytest.raises(MCPError, match="would mount nothing-here, which is not there"):
        async with yard.raw(mounts=(Mount("nothing-here", "/x"),)).launch(1.0):
            pass


async def test_what_the_entry_loosens_is_loose_and_nothing_else(yard: Yard, tmp_path: Path) -> None:
    yard.root = tmp_path
    tmp_path.chmod(0o777)
    script = (
        "import json, os, sys; open('/x/made', 'w').write('1'); open('/made', 'w'); "
        "print(json.dumps([os.getuid(), sorted(os.listdir('/sys/class/net'))]), file=sys.stderr)"
    )
    mounts = (Mount(".", "/x", writable=True),)
    found = await run(yard, script, mounts=mounts, writable=True, user="0:0", network="bridge")
    assert found == [0, ["eth0", "lo"]]
    assert (tmp_path / "made").read_text() == "1"


async def test_what_is_allocated_past_the_limit_ends_it_and_swap_does_not_help(yard: Yard) -> None:
    hog = yard.make(
        yard.spec(
            "-S", "-c", "x = [bytearray(1 << 20) for _ in range(500)]", limits=ResourceLimits(memory_mb=64)
        )
    )
    async with hog.launch(1.0):
        await hog.ended.wait()
    assert hog.poll() == 137
    assert str(hog.over) == "it ran out of memory; it may take 64 MiB"


async def test_of_the_host_it_sees_its_mounts_only(yard: Yard) -> None:
    script = (
        "import json, sys; lines = open('/proc/self/mountinfo').read().splitlines();"
        "print(json.dumps([(l.split()[4], l.split()[5].split(',')[0]) for l in lines]), file=sys.stderr)"
    )
    mounted: Any = await run(yard, script)
    seen = {where: how for where, how in mounted if not where.startswith(("/proc", "/sys", "/dev"))}
    engines = {"/sbin/docker-init", "/etc/resolv.conf", "/etc/hostname", "/etc/hosts"}
    assert seen.keys() - engines == {"/", "/tmp", "/mcp"}
    assert (seen["/"], seen["/mcp"], seen["/tmp"]) == ("ro", "ro", "rw")


async def test_nothing_of_what_it_says_is_kept_and_no_value_is_on_a_command_line(yard: Yard) -> None:
    from docker.errors import APIError

    spec = replace(yard.spec("-S", "/mcp/mcp_raw.py"), env={"KEY": SECRET})
    async with client(yard.make(spec)):
        found = await yard.from_outside(lambda engine, id: engine.inspect_container(id))
        with pytest.raises(APIError, match="does not support reading"):
            await yard.from_outside(lambda engine, id: engine.logs(id))
        lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert f"KEY={SECRET}" in found["Config"]["Env"]
    shown = [*found["Config"]["Cmd"], *(found["Config"]["Entrypoint"] or ()), found["Path"], *found["Args"]]
    assert not [word for word in (*shown, *lines) if SECRET in word]
