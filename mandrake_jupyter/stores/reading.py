"""Reading inside one folder: paths that can't leave it, files that can't block, hidden files left alone.

Folders are untrusted here: names, links, pipes and sizes may be hostile. Nothing is written, followed out of
the folder, or waited for. ``workspaces`` and ``notebook_tools`` share it; it knows nothing of either.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from ..errors import BadRequest, Forbidden, NotFound

#: The longest path taken, in characters.
MAX_PATH = 4096


def confine(root: Path, relative: str) -> Path:
    """The resolved path of `relative` inside `root`; it need not exist.

    Absolute paths are taken when they lie inside. :class:`BadRequest` for what is no path (NUL, too long),
    and :class:`Forbidden` for what leads out of `root`: by ``..``, by an absolute path or through a link.
    """
    shown = shorten(relative)
    if "\0" in relative or len(relative) > MAX_PATH:
        raise BadRequest(f"{shown!r} is no path.")
    base = Path(os.path.realpath(root))
    try:
        if not Path(relative).is_absolute() and ".." in PurePosixPath(relative.replace("\\", "/")).parts:
            raise Forbidden(
                f"{shown!r} leads out of the project. Paths are relative to its folder, without '..'."
            )
        found = Path(os.path.realpath(base / relative))
    except (OSError, ValueError) as exc:
        raise BadRequest(f"{shown!r} is no path.") from exc
    if not found.is_relative_to(base):
        raise Forbidden(f"{shown!r} is outside the project. Only files in its folder can be read.")
    return found


def relative_name(root: Path, path: Path) -> str:
    """`path` as people write it: relative to `root`, with slashes; ``.`` for the root."""
    return path.relative_to(os.path.realpath(root)).as_posix()


def is_hidden(relative: str) -> bool:
    """Whether a part of the path starts with a dot: ``.env``, ``.mandrake``, ``.ipynb_checkpoints``."""
    return any(part.startswith(".") and part != "." for part in relative.replace("\\", "/").split("/"))


def confine_visible(root: Path, relative: str) -> Path:
    """As :func:`confine`, and :class:`Forbidden` for what is hidden, links too: it may hold secrets."""
    found = confine(root, relative)
    given = relative
    if Path(relative).is_absolute():
        given = os.path.relpath(relative, root) if Path(relative).is_relative_to(root) else ""
    if is_hidden(given) or is_hidden(relative_name(root, found)):
        raise Forbidden(
            f"{shorten(relative)!r} is hidden. Hidden files often hold secrets, so they are not read."
        )
    return found


def shorten(text: str, limit: int = 200) -> str:
    """`text`, cut in the middle when it is longer than `limit` characters: for sentences."""
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[-limit // 2 :]}"


def fingerprint(path: Path | str) -> tuple[int, ...] | None:
    """What tells a changed file unread: its two change times in ns, size, inode. None when there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def read_bounded(path: Path, max_bytes: int, name: str = "") -> tuple[bytes, bool]:
    """At most `max_bytes` of a regular file, and whether there is more. Never waits on a pipe or a device.

    :class:`NotFound` when there is none, :class:`Forbidden` when the system refuses, :class:`BadRequest` for
    what is no regular file. The sentences call the file `name`.
    """
    name = repr(shorten(name or str(path)))
    try:
        _must_be_regular(os.stat(path).st_mode, name)
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            _must_be_regular(os.fstat(file.fileno()).st_mode, name)
            found = file.read(max_bytes + 1)
    except FileNotFoundError as exc:
        raise NotFound(f"There is no file {name}.") from exc
    except PermissionError as exc:
        raise Forbidden(f"You have no permission to read {name}.") from exc
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise BadRequest(f"{name} can't be read: {why}.") from exc
    return found[:max_bytes], len(found) > max_bytes


def read_text_bounded(path: Path, max_bytes: int, name: str = "") -> tuple[str, bool]:
    """At most `max_bytes` of a UTF-8 text file, cut at a whole character, and whether there is more.

    Errors as :func:`read_bounded`; :class:`BadRequest` also for a binary file (a NUL, or no UTF-8).
    """
    raw, more = read_bounded(path, max_bytes, name)
    return as_text(raw, more, name or str(path)), more


def as_text(raw: bytes, cut: bool, name: str) -> str:
    """`raw` as UTF-8 (a split last character dropped when it was `cut`); :class:`BadRequest` when binary."""
    try:
        if b"\0" in raw:
            raise BadRequest(f"{shorten(name)!r} is a binary file, not text.")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        if cut and exc.start >= len(raw) - 3 and exc.reason == "unexpected end of data":
            return raw[: exc.start].decode("utf-8-sig")
        raise BadRequest(f"{shorten(name)!r} is not UTF-8 text.") from exc


def _must_be_regular(mode: int, name: str) -> None:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    if not stat.S_ISREG(mode):
        raise BadRequest(f"{name} is {kinds.get(stat.S_IFMT(mode), 'a device')}, not a file.")
