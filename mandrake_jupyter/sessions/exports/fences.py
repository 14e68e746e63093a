"""Text as its prose and its fenced code, so that either can be written again in a form of our own.

Anything that a Markdown reader might take for the beginning of a fence is one here, however deep in lists and quotes, so
no prose can open one. A fence that is never closed goes on to the end of the text, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: One way to read each: with two quantifiers for the same space, a line of marks and spaces would take for ever.
_LEAD = r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t][ \t>]*)*"
_OPENING = re.compile(rf"^(?P<lead>{_LEAD})(?P<fence>`{{3,}}|~{{3,}})")
_HEADING = re.compile(rf"^(?P<lead>{_LEAD})(?P<marks>#{{1,6}})(?=[ \t]|$)")
_UNDERLINE = re.compile(r"^(?P<lead>[ \t>]*)(?P<marks>=+|-+)[ \t]*$")
#: All but a line break, the address of a link, and what can begin nothing.
_TAG = re.compile(r"<(?!br[ \t]*/?>|[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>`]*>|\s|$)")
#: What makes an image of a link, unless it is escaped.
_IMAGE = re.compile(r"(?<!\\)((?:\\\\)*)!\[")
_TICKS = re.compile(r"`+")
#: Characters of a line in which a fence or a heading may begin: longer ones would be no text of anybody.
_BEGIN = 200


@dataclass(frozen=True)
class Prose:
    text: str


@dataclass(frozen=True)
class Code:
    language: str
    text: str
    closed: bool


def blocks(text: str) -> Iterator[Prose | Code]:
    """`text` in order; prose that is only space is left out."""
    prose: list[str] = []
    lines = iter(text.splitlines())
    line = next(lines, None)
    while line is not None:
        if (opening := _opening(line)) is None:
            prose.append(line)
            line = next(lines, None)
            continue
        lead, fence, info = opening
        if lead.strip(" \t>"):  # the item of a list in which it stands
            prose.append(lead.rstrip())
        yield from _prose(prose)
        prose = []
        code: list[str] = []
        closed = False
        for line in lines:
            if ">" in lead and not line.lstrip().startswith(">"):
                closed = True  # the quote is over, and the fence with it
                break
            if closed := _closes(line, fence):
                line = next(lines, None)
                break
            code.append(_inner(line, lead))
        else:
            line = None
        words = info.strip().strip("{}.").split()
        yield Code(words[0].strip("{}.").lower() if words else "", "\n".join(code), closed)
    yield from _prose(prose)


def _opening(line: str) -> tuple[str, str, str] | None:
    found = _OPENING.match(line[:_BEGIN])
    if found is None:
        return None
    mark = found["fence"][0]
    rest = line[found.start("fence") :]
    info = rest.lstrip(mark)
    if mark == "`" and "`" in info:
        return None
    return found["lead"], rest[: len(rest) - len(info)], info


def _closes(line: str, fence: str) -> bool:
    left = line.lstrip(" \t>").rstrip()
    return len(left) >= len(fence) and not left.strip(fence[0])


def _inner(line: str, lead: str) -> str:
    """`line` without as much of what it begins with as the fence has."""
    for _ in range(lead.count(">")):
        line = re.sub(r"^[ \t]*> ?", "", line)
    width = len(lead.rsplit(">", 1)[-1].expandtabs(4))
    start = 0
    while start < min(width, len(line)) and line[start] in " \t":
        start += 1
    return line[start:]


def _prose(lines: list[str]) -> Iterator[Prose]:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield Prose(text)


def harmless(prose: str) -> str:
    """`prose` that stays prose: its HTML is shown and not obeyed, its headings are below those of a message, its images are
    links: to open the file would else tell their host what a model put into the address."""
    lines = []
    before = ""
    for line in prose.splitlines():
        made = line
        if heading := _HEADING.match(line[:_BEGIN]):
            level = min(6, len(heading["marks"]) + 2)
            made = f"{heading['lead']}{'#' * level}{line[heading.end() :]}"
        elif before.strip(" \t>") and (underline := _UNDERLINE.match(line)):
            made = f"{underline['lead']}\\{line[len(underline['lead']) :]}"
        lines.append(made)
        before = line
    spans = [_spans(line) for line in lines]
    sure = None not in spans  # where one line is not clear, no code between backticks is certain
    return "\n".join(_inert(line, (sure and found) or []) for line, found in zip(lines, spans, strict=True))


def _spans(line: str) -> list[tuple[int, int]] | None:
    """Where code stands between backticks in `line`; None where a reader might see it elsewhere than we do: next to a
    backslash, over the end of the line, or over the edge of a table's cell."""
    if "`" not in line:
        return []
    if "\\`" in line:
        return None
    ticks = [found.span() for found in _TICKS.finditer(line)]
    partner: dict[int, int] = {}
    later: dict[int, int] = {}
    for number in range(len(ticks) - 1, -1, -1):
        length = ticks[number][1] - ticks[number][0]
        if length in later:
            partner[number] = later[length]
        later[length] = number
    spans, number = [], 0
    while number < len(ticks):
        if (other := partner.get(number)) is None:
            return None
        spans.append((ticks[number][0], ticks[other][1]))
        number = other + 1
    return None if any("|" in line[begin:end] for begin, end in spans) else spans


def _inert(line: str, spans: list[tuple[int, int]]) -> str:
    """Escapes what would begin a tag, a comment or the like, or an image, but for code at `spans`."""
    made, at = [], 0
    for begin, end in spans:
        made += [_escaped(line[at:begin]), line[begin:end]]
        at = end
    return "".join([*made, _escaped(line[at:])])


def _escaped(text: str) -> str:
    return _IMAGE.sub(r"\1\\![", _TAG.sub("&lt;", text))


def fenced(text: str, language: str = "") -> str:
    """`text` as a fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{language}\n{text}\n{marks}"


def inline(text: str) -> str:
    """`text` as one line of plain words, whatever is in it."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~$&])", r"\\\1", " ".join(text.split()))
