"""What a chat's parts are called in an export for people, as Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...stores.rows import PROMPT, Message, Part, RunRow
from .fences import Code, fenced, harmless, inline
from .fences import blocks as split

#: Characters of arguments or a result that are shown; the JSON has all of them.
SHOWN = 20_000
PYTHON = frozenset({"python", "py", "python3", "ipython", "ipython3"})
#: In a diagram, what may make its drawing ask for an image.
_MAY_ASK = re.compile(r"//|\\|&|img|image|http|url|src|href", re.IGNORECASE)
STATES = {
    "waiting": "not decided yet",
    "allowed": "at work",
    "running": "at work",
    "failed": "failed",
    "denied": "denied",
    "unknown": "not known whether it finished",
    "withdrawn": "not run",
}


def clean(text: str) -> str:
    """`text` that can be written as UTF-8: a tool may answer half a character."""
    return text.encode("utf-8", "replace").decode()


def heading(message: Message, run: RunRow) -> str:
    if message.role == "user":
        return "## You"
    return f"## Mandrake ({inline(run.model)})" if run.model else "## Mandrake"


def body(message: Message, run: RunRow) -> Iterator[str | Code]:
    """What it says, in order: Markdown, and fenced code of its own."""
    for part in message.parts:
        if part.type == "text":
            for block in split(clean(part.content)):
                yield block if isinstance(block, Code) else harmless(block.text)
        elif part.type == "tool":
            yield tool(part)
    if attached := "\n".join(f"- {line}" for one in message.attachments if (line := attachment(one))):
        yield f"Attached:\n\n{attached}"
    if end := _end(message, run):
        yield end


def as_text(block: str | Code) -> str:
    if not isinstance(block, Code):
        return block
    language = re.sub(r"[^\w+#.-]", "", block.language)
    asks = "mermaid" in language and _MAY_ASK.search(block.text)
    return fenced(block.text, "text" if asks else language)


def attachment(one: Mapping[str, Any]) -> str:
    if one.get("type") == PROMPT:
        return ""
    name = next((str(one[key]) for key in ("name", "path", "uri") if one.get(key)), "")
    kind = {"notebook": "Notebook", "cell": "Cell of", "resource": "Resource", "image": "Image"}
    return f"{kind.get(str(one.get('type')), 'File')} {inline(clean(name))}"


def tool(part: Part) -> str:
    """A tool call with its arguments and its result."""
    server, name = str(part.call.get("server") or ""), str(part.call.get("tool") or "")
    title = str(part.call.get("title") or name)
    words = [f"**{inline(clean(title))}**"]
    if server:
        words.append(f"tool {inline(clean(name))} of {inline(clean(server))}")
    words.append(STATES.get(str(part.status), "done"))
    result = part.result or {}
    lines = [f"> {' · '.join(words)}"]
    if part.arguments:
        lines.append(fenced(_cut(json.dumps(part.arguments, ensure_ascii=False, indent=2)), "json"))
    if answer := result.get("content") or result.get("error"):
        lines.append(fenced(_cut(str(answer))))
    return "\n\n".join(lines)


def _cut(text: str) -> str:
    text = clean(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}\n[cut: {len(text) - SHOWN:,} more characters]"


def _end(message: Message, run: RunRow) -> str:
    if run.open:
        return "*Not finished when this was exported.*" if message.role == "assistant" else ""
    if message.role == "user":
        return ""
    if run.error:
        return f"> **Failed:** {inline(clean(str(run.error.get('message') or '')))}"
    return "*Stopped.*" if run.state == "cancelled" else ""
