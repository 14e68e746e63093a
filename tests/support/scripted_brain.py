"""How the scripted server answers without a script: by keywords in the user's newest message.

``count to N`` streams N tokens; ``use TOOL {json}`` calls the offered tool whose name ends in TOOL,
``use A {..} and B {..}`` two at once; once it sees their results it answers ``The tool said: …``. ``fail
with STATUS`` answers that status, ``stall`` stops in the middle, ``break off`` cuts the connection.
Anything else is echoed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .scripted_turns import Brain, Call, Turn, echo, last_text


def keywords(delay: float = 0.0) -> Brain:
    """A brain that waits `delay` seconds before each token it streams."""

    def brain(body: dict[str, Any]) -> Turn:
        messages = body.get("messages") or []
        if messages and messages[-1].get("role") == "tool":
            return Turn([f"The tool said: {answer}" for answer in _results(messages)], delay=delay)
        text = last_text(body)
        if found := re.search(r"fail with (\d{3})", text):
            return Turn(status=int(found[1]), headers={"Retry-After": "7"})
        if found := re.search(r"count to (\d+)", text):
            return Turn([f"{n} " for n in range(1, int(found[1]) + 1)], delay=delay)
        if "break off" in text or "stall" in text:
            return Turn(["This ", "answer "], fault="cut" if "break off" in text else "stall", delay=delay)
        if calls := _calls(text, [tool["function"]["name"] for tool in body.get("tools") or []]):
            return Turn(calls=calls, delay=delay)
        turn = echo(body)
        turn.delay = delay
        return turn

    return brain


def _results(messages: list[dict[str, Any]]) -> list[str]:
    """What the tools answered since the newest assistant message, each on a line of its own."""
    answers: list[str] = []
    for message in reversed(messages):
        if message.get("role") != "tool":
            break
        content = message.get("content") or ""
        text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        answers.insert(0, text)
    return [answer if i == len(answers) - 1 else f"{answer}\n" for i, answer in enumerate(answers)]


def _calls(text: str, offered: list[str]) -> list[Call]:
    """The calls `text` asks for, as far as such tools are offered."""
    calls: list[Call] = []
    decoder = json.JSONDecoder()
    for found in re.finditer(r"(?:\buse|\band)\s+([\w.-]+)\s*(?=\{)", text):
        name = next((tool for tool in offered if tool.endswith(found[1])), None)
        try:
            arguments, _ = decoder.raw_decode(text, found.end())
        except ValueError:
            arguments = text[found.end() :]
        if name is not None:
            calls.append(Call(name, arguments))
    return calls
