"""The text of ``.mandrake/mcp.json`` for an editor: read whole, and replaced only as it was read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadRequest, BrokenFile, NotFound, PreconditionFailed
from ..stores.files import MAX_JSON, parse_json, replace_text, writing
from ..stores.reading import confine, read_text_bounded
from .config import DIALECTS, OWN

CHANGED = "was changed by another program since you opened it. Nothing was written."


@dataclass(frozen=True)
class ConfigText:
    """`etag` is another one for each other text; quoted, as HTTP has it."""

    text: str
    exists: bool

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.text.encode()).hexdigest()[:32]}"' if self.exists else '"none"'


def read_text(root: Path) -> ConfigText:
    """:class:`BadRequest` and :class:`Forbidden` for what is no text that can be edited."""
    try:
        text, more = read_text_bounded(confine(root, OWN), MAX_JSON, OWN)
    except NotFound:
        return ConfigText("", False)
    if more:
        raise BadRequest(f"{OWN} is larger than {MAX_JSON // 1_000_000} MB. Shorten it with another program.")
    return ConfigText(text, True)


def write_text(root: Path, text: str, wanted: Callable[[ConfigText], bool]) -> ConfigText:
    """Write `text` as it is; what was there before, which `wanted` has accepted.

    :class:`BrokenFile` when it is no JSON (comments are), :class:`PreconditionFailed` when `wanted` says no, and
    errors of writing as :func:`~mandrake_jupyter.stores.files.writing`: then nothing was written.
    """
    _check(text)
    path, before = confine(root, OWN), read_text(root)

    def check() -> None:
        nonlocal before
        before = read_text(root)
        if not wanted(before):
            raise PreconditionFailed(
                f"{OWN} {CHANGED}", then="Load it again; your text is not lost in the editor."
            )

    check()
    with writing(OWN):
        path.parent.mkdir(exist_ok=True)
    replace_text(path, text, check, name=OWN, mode=None if before.exists else 0o600)
    return before


def begun(before: ConfigText, text: str) -> Callable[[str], bool]:
    """Whether an entry of `text` that did not count before was written by the user: it did not stand in `before`, in a
    wrong place or without effect. Of what could not be read nothing is known, so then none was.
    """
    if not before.text.strip():
        return lambda name: True
    try:
        old = parse_json(before.text, OWN, comments=True)
    except BrokenFile:
        return lambda name: False
    sections = [
        one for one in (old, *(old.values() if isinstance(old, Mapping) else ())) if isinstance(one, Mapping)
    ]
    document = parse_json(text, OWN, comments=True)
    new = document.get(DIALECTS[0][1], {}) if isinstance(document, Mapping) else {}
    return lambda name: all(one.get(name) != new[name] for one in sections)


def _check(text: str) -> None:
    if len(text.encode()) > MAX_JSON:
        raise BadRequest(f"{OWN} may have {MAX_JSON // 1_000_000} MB at most.")
    try:
        parse_json(text, OWN, comments=True)
    except BrokenFile as exc:
        fields = exc.fields
        words = f"{OWN}, line {fields['line']}, column {fields['column']}: {fields['why']}"
        raise BrokenFile(words, then="Nothing was written.", **fields) from exc
