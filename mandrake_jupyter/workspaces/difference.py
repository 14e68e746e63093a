"""What became of something that was trusted: two texts, line by line, short enough to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from ..values import JSON
from .masking import shown

#: Unchanged lines around a change, lines of one difference, and files that are told of.
CONTEXT, MAX_SHOWN, MAX_FILES = 3, 200, 20
#: Where more lines than these lie between the first and the last change, they are not matched with each other.
MAX_MATCHED = 1000


def difference(
    before: Mapping[str | None, Sequence[str]], after: Mapping[str | None, Sequence[str]]
) -> list[JSON]:
    """``[{file, lines: [{kind, text}]}]`` of all that is not the same; the file None is the entry itself."""
    names = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    return [
        {"file": name, "lines": lines(before.get(name, ()), after.get(name, ()))}
        for name in sorted(names, key=lambda name: name or "")[:MAX_FILES]
    ]


def lines(before: Sequence[str], after: Sequence[str]) -> list[JSON]:
    """The difference of two texts, at most :data:`MAX_SHOWN` lines and a last one that says how many more there are."""
    found = [{"kind": kind, "text": shown(text)} for kind, text in _lines(before, after)]
    more = len(found) - MAX_SHOWN
    return [*found[:MAX_SHOWN], {"kind": "same", "text": f"… {more} more lines"}] if more > 0 else found


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    head = _alike(before, after)
    a, b = before[head:], after[head:]
    tail = _alike(a[::-1], b[::-1])
    a, b = a[: len(a) - tail], b[: len(b) - tail]
    yield from _same(before[:head], begins=True)
    if max(len(a), len(b)) > MAX_MATCHED:
        yield from (("removed", text) for text in a)
        yield from (("added", text) for text in b)
    else:
        for kind, a1, a2, b1, b2 in SequenceMatcher(None, a, b).get_opcodes():
            if kind == "equal":
                yield from _same(a[a1:a2])
            yield from (("removed", text) for text in (a[a1:a2] if kind != "equal" else ()))
            yield from (("added", text) for text in (b[b1:b2] if kind != "equal" else ()))
    yield from _same(after[len(after) - tail :], ends=True)


def _alike(a: Sequence[str], b: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _same(texts: Sequence[str], *, begins: bool = False, ends: bool = False) -> Iterator[tuple[str, str]]:
    """The lines next to a change; what lies between them is left out."""
    first, last = 0 if begins else CONTEXT, 0 if ends else CONTEXT
    if len(texts) > first + last:
        texts = [*texts[:first], "…", *texts[len(texts) - last :]]
    yield from (("same", text) for text in texts)
