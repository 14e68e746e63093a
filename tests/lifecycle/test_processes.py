"""Guarded processes: what they answer, what ends them, and that nothing of a tree is left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mandrake_jupyter.lifecycle.processes import GuardedProcess, clean_environment

from ..support.mcp_leaks import MARKER, alive, eventually, open_files, until
from ..support.patience import within

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tree guarantee needs Linux")

SUPPORT = Path(__file__).parent.parent / "support"
MANNERS = ["polite", "eof_deaf", "term_deaf", "children", "detached", "detached_deaf"]


@pytest.fixture
def token() -> Iterator[str]:
    """Marks all processes of a test; whatever it leaves is ended after the count."""
    token = uuid.uuid4().hex
    yield token
    left = alive(token)
    for process in left:
        process.kill()
    assert not left


@pytest.fixture(autouse=True)
def no_open_file_is_left(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    before = open_files()
    yield
    jp_asyncio_loop.run_until_complete(eventually(lambda: not (open_files() - before)))


def environment(token: str) -> dict[str, str]:
    return clean_environment({MARKER: token})


async def spawn(token: str, *argv: str, cwd: str | None = None) -> GuardedProcess:
    return await GuardedProcess.spawn("test", argv, env=environment(token), cwd=cwd)


async def tree(token: str, manner: str) -> GuardedProcess:
    process = await spawn(token, sys.executable, "-S", str(SUPPORT / "mcp_tree.py"), manner)
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_stdin_stdout_and_stderr_are_the_commands_own(token: str) -> None:
    process = await spawn(token, "sh", "-c", "cat; echo oops >&2; exit 3")
    process.stdin.write(b"x" * 3_000_000 + b"\n")
    process.stdin.write_eof()
    assert len(await process.stdout.readline()) == 3_000_001
    assert await process.stderr.read() == b"oops\n"
    assert await process.wait() == 3
    assert await process.stop() == 3
    assert await process.stop() == 3


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_stop_leaves_nothing_of_the_tree(token: str, manner: str) -> None:
    process = await tree(token, manner)
    await process.stop(grace=0.2)
    assert not alive(token)


async def test_what_a_crashed_command_leaves_is_ended_with_it(token: str) -> None:
    process = await tree(token, "crash")
    process.stdin.write(b"now\n")
    assert await process.wait() == 7
    assert not alive(token)
    await process.stop()


async def test_kill_ends_a_deaf_tree_at_once(token: str) -> None:
    process = await tree(token, "detached_deaf")
    process.kill()
    assert await asyncio.wait_for(process.wait(), within(5)) == -9
    assert not alive(token)
    await process.stop()


async def test_a_cancelled_stop_still_ends_the_tree(token: str) -> None:
    process = await tree(token, "term_deaf")
    stop = asyncio.create_task(process.stop(grace=60))
    await asyncio.sleep(0)
    stop.cancel()
    await asyncio.wait([stop])
    await asyncio.wait_for(process.wait(), within(5))
    assert not alive(token)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("end", ["stop", "crash", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_whatever_ends_the_process_that_holds_it(token: str, manner: str, end: str) -> None:
    """The kill matrix: how the host ends × how the tree behaves = 0 living descendants."""
    how = end if end in ("stop", "crash") else "hold"
    command = [sys.executable, "-m", "tests.support.mcp_holder", manner, how]
    root = SUPPORT.parent.parent
    with subprocess.Popen(command, env=environment(token), cwd=root, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        if how == "hold":
            assert len(alive(token)) >= 3  # the holder, the guardian, the command
            holder.send_signal(getattr(signal, end))
        holder.wait(60)
    until(lambda: not alive(token))


def _is_ours(process: psutil.Process) -> bool:
    """The guardian or its command, and still there while we look."""
    try:
        return "sleep" in process.name() or "guardian" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def test_a_forked_sibling_that_holds_the_lifeline_keeps_nothing_alive(token: str) -> None:
    """A bare fork of Jupyter (multiprocessing) inherits the lifeline; the guardian sees Jupyter die."""
    script = (
        "import asyncio, os, time\n"
        "from mandrake_jupyter.lifecycle.processes import GuardedProcess, clean_environment\n"
        "async def main():\n"
        "    await GuardedProcess.spawn('x', ['sleep', '600'], env=clean_environment())\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(600)\n"
        "    os._exit(0)\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", script], env=environment(token), check=True, timeout=20)

    def sleeping() -> list[psutil.Process]:
        return [p for p in alive(token) if _is_ours(p)]

    until(lambda: not sleeping())
    for forked in alive(token):
        forked.kill()
    until(lambda: not alive(token))


async def test_a_second_process_does_not_inherit_the_first_ones_pipes(token: str) -> None:
    first = await spawn(token, "cat")
    second = await spawn(token, "sleep", "600")
    ours = {target for _, target in open_files() if target.startswith("pipe:")}
    for pid in (second.pid, second.child_pid):
        theirs = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        mine = {os.readlink(f"/proc/{first.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{first.pid}/fd")}
        cats = {
            os.readlink(f"/proc/{first.child_pid}/fd/{fd}")
            for fd in os.listdir(f"/proc/{first.child_pid}/fd")
        }
        assert not (theirs & (mine | cats) & ours)
    assert sorted(os.listdir(f"/proc/{second.child_pid}/fd")) == ["0", "1", "2"]
    await first.stop()
    await second.stop(grace=0)


@pytest.mark.parametrize(
    ("argv", "cwd", "error", "which"),
    [
        (["no-such-command-here"], None, FileNotFoundError, "no-such-command-here"),
        (["/etc/passwd"], None, PermissionError, "/etc/passwd"),
        (["true"], "/no/such/folder", FileNotFoundError, "/no/such/folder"),
        (["./text"], "{tmp}", OSError, "./text"),
    ],
)
async def test_a_command_that_cannot_run_says_so_at_once(
    token: str, tmp_path: Path, argv: list[str], cwd: str | None, error: type[OSError], which: str
) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"\x00\x01 not a program")
    text.chmod(0o755)
    with pytest.raises(error) as caught:
        await spawn(token, *argv, cwd=cwd and cwd.format(tmp=tmp_path))
    assert caught.value.filename == which


async def test_a_guardian_told_to_end_ends_the_tree(token: str) -> None:
    process = await tree(token, "detached")
    os.kill(process.pid, signal.SIGTERM)
    await asyncio.wait_for(process.wait(), 60)
    assert not alive(token)
    await process.stop()


@pytest.mark.parametrize("steps", range(12))
async def test_a_start_cancelled_at_any_moment_leaves_nothing(token: str, steps: int) -> None:
    starting = asyncio.create_task(spawn(token, "sleep", "600"))
    for _ in range(steps):
        await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting])
    if not starting.cancelled():
        await starting.result().stop(grace=0)
    assert not alive(token)


@pytest.mark.parametrize("manner", ["polite", "detached_deaf"])
async def test_what_a_killed_guardian_leaves_is_swept(token: str, manner: str) -> None:
    process = await tree(token, manner)
    other = await tree(token, "polite")
    os.kill(process.pid, signal.SIGKILL)
    assert await asyncio.wait_for(process.wait(), 60) == -9
    assert {p.pid for p in alive(token)} == {other.pid, other.child_pid}
    await process.stop()
    await other.stop()


async def test_a_guardian_waits_without_working(token: str) -> None:
    process = await spawn(token, "sleep", "600")
    guardian = psutil.Process(process.pid)
    await eventually(lambda: guardian.status() == psutil.STATUS_SLEEPING)
    used = sum(guardian.cpu_times()[:2])
    await asyncio.sleep(0.3)
    assert sum(guardian.cpu_times()[:2]) - used <= 0.02
    await process.stop(grace=0)


def test_children_do_not_get_the_keys_of_jupyter_and_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [
        "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "JUPYTERHUB_CLIENT_ID", "JUPYTER_TOKEN", "JPY_SESSION_NAME",
        "CONFIGPROXY_AUTH_TOKEN", "JUPYTER_GATEWAY_AUTH_TOKEN", "MANDRAKE_ANYTHING",
    ]  # fmt: skip
    for name in [*secrets, "JUPYTER_CONFIG_DIR", "HARMLESS"]:
        monkeypatch.setenv(name, "value")
    environment = clean_environment({"JPY_GIVEN": "by the user"})
    assert not set(secrets) & set(environment)
    assert {"JUPYTER_CONFIG_DIR", "HARMLESS", "PATH", "JPY_GIVEN"} <= set(environment)
