"""What an entry with an image says of its container, checked; and a ``docker run`` line as such an entry.

The hard profile is the default: whatever loosens it must be written, and is told where trust is asked (`loosened`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from ..errors import BadRequest
from ..stores.reading import shorten
from ..values import Container, Mount

Pull = Literal["missing", "never", "always"]
PULLS: tuple[Pull, ...] = ("missing", "never", "always")
IMAGE = re.compile(r"[A-Za-z0-9][\w.:/@-]{0,254}")
CAPABILITY = re.compile(r"(CAP_)?[A-Z_]{1,40}")
#: Keys that only mean something beside "image".
KEYS = ("pull", "network", "user", "mounts", "cap_add", "writable")
MOST_MOUNTS = 50


def parse_container(it: str, raw: Mapping[str, Any], root: Path | None = None) -> Container | None:
    """None for an entry without an image. `it` names the entry, `root` is what ``${workspaceFolder}`` stands for.
    :class:`BadRequest` says what to write instead.
    """
    image = raw.get("image")
    if image is None:
        if alone := [key for key in KEYS if key in raw]:
            raise BadRequest(f'{it}: "{alone[0]}" is for containers. Add "image", or remove it.')
        return None
    if not isinstance(image, str) or not IMAGE.fullmatch(image):
        raise BadRequest(
            f'{it}: "image" must be the name of an image, like "mcp/time" or "mcp/time@sha256:…".'
        )
    pull, network, user = raw.get("pull", "missing"), raw.get("network", "none"), raw.get("user", "")
    if pull not in PULLS:
        raise BadRequest(f'{it}: "pull" must be one of {", ".join(PULLS)}, not {_shown(pull)}.')
    if not isinstance(network, str) or not re.fullmatch(r"[\w.:-]{1,128}", network) or network == "host":
        raise BadRequest(
            f'{it}: "network" must be "none", "bridge" or the name of a network of your engine, not {_shown(network)}.'
        )
    if not isinstance(user, str) or not re.fullmatch(r"[\w.-]{0,64}(:[\w.-]{1,64})?", user):
        raise BadRequest(f'{it}: "user" must be like "1000:1000", not {_shown(user)}.')
    if not isinstance(writable := raw.get("writable", False), bool):
        raise BadRequest(f'{it}: "writable" must be true or false.')
    return Container(
        image,
        cast(Pull, pull),
        network,
        user,
        tuple(_mounts(it, raw.get("mounts"), root)),
        _caps(it, raw.get("cap_add")),
        writable,
    )


def _mounts(it: str, value: Any, root: Path | None) -> Iterator[Mount]:
    example = '{"source": "data", "target": "/data"}'
    if value is None:
        return
    if not isinstance(value, list) or len(value) > MOST_MOUNTS:
        raise BadRequest(f'{it}: "mounts" must be a list like [{example}].')
    for one in value:
        given = _short_mount(one) if isinstance(one, str) else one
        if not isinstance(given, Mapping) or not {"source", "target"} <= given.keys():
            raise BadRequest(f'{it}: {_shown(one)} in "mounts" is no mount. Write {example}.')
        if unknown := [key for key in given if key not in ("source", "target", "writable", "outside")]:
            raise BadRequest(
                f'{it}: {_shown(unknown[0])} of a mount is not known. Write {example}, "writable" or "outside".'
            )
        where, target = given["source"], given["target"]
        if not isinstance(where, str) or not where or "\0" in where:
            raise BadRequest(f'{it}: "source" of a mount must be a path of the project.')
        where = where.replace("${workspaceFolder}", str(root) if root else ".")
        if "${" in where:
            raise BadRequest(
                f'{it}: only ${{workspaceFolder}} may stand in "source" of a mount, not {_shown(where)}.'
            )
        if not isinstance(target, str) or not re.fullmatch(r"/[^\0:]+", target) or ".." in target.split("/"):
            raise BadRequest(
                f'{it}: "target" of a mount must be an absolute path in the container, like "/data".'
            )
        flags = [given.get(key, False) for key in ("writable", "outside")]
        if not all(isinstance(flag, bool) for flag in flags):
            raise BadRequest(f'{it}: "writable" and "outside" of a mount must be true or false.')
        yield Mount(where, target, *flags)


def _short_mount(text: str) -> dict[str, Any] | None:
    """``source:target[:ro|rw]``; read-only unless it says ``rw``."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("ro", "rw")):
        return None
    return {"source": parts[0], "target": parts[1], "writable": parts[2:] == ["rw"]}


def _caps(it: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(
        isinstance(cap, str) and CAPABILITY.fullmatch(cap) for cap in value
    ):
        raise BadRequest(f'{it}: "cap_add" must be a list of capabilities, like ["NET_BIND_SERVICE"].')
    if "ALL" in value:
        raise BadRequest(f'{it}: "cap_add" can\'t be everything. Name what it needs.')
    return tuple(value)


def loosened(container: Container) -> list[str]:
    """Sentences: what of the profile this container is free of."""
    said = []
    if container.network != "none":
        said.append(f'It has a network ("{container.network}"): it can send what it sees.')
    said += [f'It may change what is in "{mount.source}".' for mount in container.mounts if mount.writable]
    said += [f'It sees "{mount.source}", outside the project.' for mount in container.mounts if mount.outside]
    if container.writable:
        said.append("It may write to its own file system, not only to /tmp.")
    if container.user.split(":")[0] in ("0", "root"):
        said.append("It runs as root inside its container.")
    if container.cap_add:
        said.append(f"It has Linux capabilities: {', '.join(container.cap_add)}.")
    return said


#: Options of ``docker run`` that say nothing here, and those whose value matters.
_PLAIN = {
    "-i",
    "--interactive",
    "--rm",
    "--init",
    "-it",
    "-ti",
    "-t",
    "--tty",
    "--read-only",
    "--quiet",
    "-q",
}
_VALUED = {
    "-e": "env", "--env": "env", "-v": "volume", "--volume": "volume", "--name": "", "-u": "user", "--user": "user",
    "--network": "network", "--net": "network", "-m": "memory", "--memory": "memory", "--cpus": "cpus", "--pids-limit": "pids",
    "--entrypoint": "entrypoint", "-w": "cwd", "--workdir": "cwd", "--pull": "pull", "--cap-add": "cap", "--cap-drop": "",
    "--security-opt": "", "--label": "", "-l": "", "--memory-swap": "", "--platform": "",
}  # fmt: skip


def managed(args: Sequence[str], env: Mapping[str, str]) -> dict[str, Any] | None:
    """The entry that a ``docker`` command with `args` means; None where it is no ``run``, or says what we can't keep."""
    words = list(args)
    if words[:2] == ["container", "run"]:
        words = words[1:]
    if words[:1] != ["run"]:
        return None
    words = words[1:]
    entry: dict[str, Any] = {"network": "bridge"}
    limits: dict[str, Any] = {}
    given: dict[str, str] = {}
    mounts: list[dict[str, Any]] = []
    while words and words[0].startswith("-"):
        name, equals, value = words.pop(0).partition("=")
        if name in _PLAIN and not equals:
            continue
        if name not in _VALUED or not (equals or words):
            return None
        value = value if equals else words.pop(0)
        match _VALUED[name]:
            case "env":
                variable, has, text = value.partition("=")
                given[variable] = text if has else env.get(variable, f"${{{variable}}}")
            case "volume":
                if not (mount := _volume(value)):
                    return None
                mounts.append(mount)
            case "memory":
                if not (size := _mebibytes(value)):
                    return None
                limits["memory_mb"] = size
            case "cpus" | "pids" as what:
                if not re.fullmatch(r"\d+(\.\d+)?", value):
                    return None
                limits["cpus" if what == "cpus" else "processes"] = (
                    float(value) if what == "cpus" else int(float(value))
                )
            case "cap":
                entry.setdefault("cap_add", []).append(value.removeprefix("CAP_").upper())
            case "entrypoint":
                entry["command"] = value
            case "user" | "network" | "cwd" | "pull" as key:
                entry[key] = value
    if not words:
        return None
    image, *rest = words
    more = {"args": rest, "env": given, "mounts": mounts, "limits": limits}
    return {"image": image, **entry, **{key: value for key, value in more.items() if value}}


def _volume(value: str) -> dict[str, Any] | None:
    """A bind mount; a named volume is none of ours."""
    source, _, rest = value.partition(":")
    target, _, how = rest.partition(":")
    if not target or not re.match(r"[./~$]", source):
        return None
    return {"source": source, "target": target, "outside": True} | (
        {} if "ro" in how.split(",") else {"writable": True}
    )


def _mebibytes(value: str) -> int | None:
    found = re.fullmatch(r"(\d+)([bkmg]?)b?", value.lower())
    if not found:
        return None
    size = int(found[1]) * {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}[found[2]]
    return size >> 20 or None


def _shown(value: Any) -> str:
    return repr(shorten(str(value), 60))
