"""Plain files, written whole or not at all, and JSON that is never lost.

Everything here is synchronous and quick for the sizes it accepts; callers on the event loop use a thread when
a disk may be slow. Nothing here knows what a file means. Reading files nobody vouches for is in ``reading``.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import BadRequest, BrokenFile, Conflict, Forbidden, NotFound, Unavailable
from .reading import fingerprint, read_bounded

#: Configuration files larger than this are refused, in bytes.
MAX_JSON = 1_000_000
#: How long a writer waits for another one of the same folder, in seconds.
LOCK_WAIT = 2.0


def write_text_atomic(path: Path, text: str, mode: int | None = 0o600) -> None:
    """Replace `path` by `text` (UTF-8) in one step: readers see the old or the new file, never a part.

    `mode` is the file's permission; None keeps that of the file there, or the user's default for a new one. A
    symlink is followed only to a file in the same folder or below it: :class:`Forbidden` for any other. The
    folder must exist.
    """
    target = _own_target(path)
    if mode is None and target.exists():
        mode = stat.S_IMODE(target.stat().st_mode)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    handle = os.open(
        temporary,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0),
        0o666 if mode is None else 0o600,
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            if mode is not None:
                os.chmod(temporary, mode)
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def write_json_atomic(path: Path, value: Any, mode: int | None = 0o600, indent: int | str = 2) -> None:
    """As :func:`write_text_atomic`, with `value` as indented JSON; :class:`BadRequest` when it is none."""
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        raise BadRequest(f"{path.name} can't be written: {exc}.") from exc
    write_text_atomic(path, text + "\n", mode)


def read_json(path: Path, *, name: str = "", comments: bool = False) -> Any:
    """The JSON value in `path`. Errors call the file `name`; `comments` takes JSON with comments as well.

    :class:`FileNotFoundError` when there is none. :class:`BrokenFile`, with the line, for bad JSON, a key
    given twice, text that is not UTF-8, more than :data:`MAX_JSON` bytes, and for what is no file (it never
    waits on a pipe or a device).
    """
    return parse_json(_json_text(path, name or str(path)), name or str(path), comments)


def update_json(path: Path, mutate: Callable[[Any], Any], *, name: str = "", mode: int | None = 0o600) -> Any:
    """Read, change and replace a JSON file; returns the new value. A missing file starts as ``{}``.

    `mutate` changes the value in place or returns another; keys it does not touch stay, in their order, and
    the indentation too. A file that does not parse, or has comments, raises :class:`BrokenFile` and is left
    byte for byte. :class:`Conflict` when another program changed the file meanwhile; errors of writing as
    :func:`writing`.
    """
    with _folder_lock(path.parent):
        before = fingerprint(path)
        try:
            text = _json_text(path, name or str(path))
            value = parse_json(text, name or str(path), comments=False)
        except FileNotFoundError:
            text, value = "", {}
        changed = mutate(value)
        value = value if changed is None else changed
        if fingerprint(path) != before:
            raise Conflict(f"{name or path} was changed by another program just now. Try again.")
        indent = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
        with writing(name or str(path)):
            write_json_atomic(path, value, mode, indent.group(1) if indent else 2)
        return value


def replace_text(path: Path, text: str, check: Callable[[], None], *, name: str, mode: int | None) -> None:
    """Replace `path` by `text`, unless `check` raises: no other writer of ours comes in between. Errors as
    :func:`writing`.
    """
    with _folder_lock(path.parent):
        check()
        with writing(name):
            write_text_atomic(path, text, mode)


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Turns the system's refusal to write `name` into :class:`Forbidden` or :class:`Unavailable`."""
    try:
        yield
    except (PermissionError, FileExistsError, NotADirectoryError) as exc:
        raise Forbidden(f"{name} can't be written: {exc.strerror}.") from exc
    except OSError as exc:
        raise Unavailable(f"{name} can't be written at the moment: {exc.strerror or exc}.") from exc


def _own_target(path: Path) -> Path:
    if not path.is_symlink():
        return path
    target, folder = Path(os.path.realpath(path)), Path(os.path.realpath(path.parent))
    if not target.is_relative_to(folder):
        raise Forbidden(f"{path} is a link to {target}, outside its folder. It was left as it is.")
    return target


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """One writer at a time, across processes, where the system can lock a folder; elsewhere nobody waits."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        deadline = time.monotonic() + LOCK_WAIT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.01)
                    continue
            except OSError:
                pass
            break
        yield
    finally:
        os.close(handle)


def _json_text(path: Path, name: str) -> str:
    try:
        raw, more = read_bounded(path, MAX_JSON, name)
    except NotFound as exc:
        raise FileNotFoundError(str(path)) from exc
    except (BadRequest, Forbidden) as exc:
        raise BrokenFile(file=name, line=1, column=1, why=str(exc)) from exc
    if more:
        raise BrokenFile(file=name, line=1, column=1, why=f"it is larger than {MAX_JSON // 1_000_000} MB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        raise BrokenFile(file=name, line=line, column=1, why="it is not UTF-8 text.") from exc


def parse_json(text: str, name: str, comments: bool = False) -> Any:
    """The JSON value of `text`, as :func:`read_json`: the same errors, which call it `name`."""
    source = _without_comments(text) if comments else text
    try:
        return json.loads(source, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except json.JSONDecodeError as exc:
        raise BrokenFile(file=name, line=exc.lineno, column=exc.colno, why=_why(source, exc)) from exc
    except _KeyTwice as exc:
        spots = list(re.finditer(re.escape(json.dumps(exc.key, ensure_ascii=False)) + r"\s*:", source))
        line = source.count("\n", 0, spots[-1].start()) + 1 if spots else 1
        raise BrokenFile(
            file=name, line=line, column=1, why=f"{exc.key!r} is there twice. Keep one of them."
        ) from exc
    except RecursionError as exc:
        raise BrokenFile(file=name, line=1, column=1, why="it is nested too deeply.") from exc
    except ValueError as exc:
        raise BrokenFile(file=name, line=1, column=1, why=f"{exc}.") from exc


class _KeyTwice(ValueError):
    def __init__(self, key: str):
        self.key = key


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _KeyTwice(key)
        found[key] = value
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def _why(text: str, exc: json.JSONDecodeError) -> str:
    rest = text[exc.pos :].lstrip()
    if not text.strip():
        return "it is empty. Write {} at least."
    if rest.startswith(("//", "/*", "#")):
        return "JSON has no comments. Remove this one."
    if re.match(r"[}\]]", rest) and text[: exc.pos].rstrip().endswith(","):
        return f"remove the comma before {rest[0]}."
    if rest.startswith(","):
        return "remove this comma."
    if rest.startswith("'"):
        return "write double quotes instead of single ones."
    if not rest:
        return "it ends too early: a bracket or a quote is not closed."
    return f"{exc.msg[0].lower()}{exc.msg[1:].removesuffix(' at')}."


#: A string is kept; a comment, or a comma before a closing bracket, becomes blanks: lines and columns stay.
#: Possessive and open-ended throughout, so that hostile text takes linear time.
_JSONC = re.compile(
    r'"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|//[^\n]*+|/\*(?>[\s\S]*?(?:\*/|\Z))"
    r"|,(?=(?:\s|//[^\n]*+|/\*(?>[\s\S]*?(?:\*/|\Z)))*+[}\]])"
)


def _without_comments(text: str) -> str:
    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])

    return _JSONC.sub(blank, text)
