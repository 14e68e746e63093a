"""A ``/prompt`` message: it is stored as typed, and beside it what the MCP server filled in, which is what the model reads.

Filled in once, when its run begins: in later turns the history is what it was, whatever the MCP server says then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..providers.base import ChatMessage
from ..servers.offered import FilledPrompt
from ..stores.rows import PROMPT, Message
from .slash import PromptCall

#: Characters of all its messages that the model is shown.
LONGEST_PROMPT = 64_000
CUT = "[cut: the rest of the prompt was not shown]"
#: Said where a prompt ends with words of the assistant: a model answers a user.
GO_ON = "Go on."


def as_attachment(call: PromptCall, filled: FilledPrompt) -> dict[str, Any]:
    room = LONGEST_PROMPT
    messages: list[dict[str, str]] = []
    for message in filled.messages:
        messages.append({"role": message.role, "text": message.text[:room]})
        room -= len(message.text)
        if room < 0:
            break
    if messages and (room < 0 or filled.truncated):
        messages[-1]["text"] += f"\n{CUT}"
    return {"type": PROMPT, "server": call.server, "prompt": call.prompt, "messages": messages}


def filled_in(message: Message) -> Mapping[str, Any] | None:
    return next((one for one in message.attachments if one.get("type") == PROMPT), None)


def prompt_turns(message: Message, filled: Mapping[str, Any], blocks: Sequence[str]) -> list[ChatMessage]:
    """The filled messages in their roles, then what was attached. They begin and end with the user."""
    turns = [ChatMessage(one["role"], text=one["text"]) for one in filled["messages"]]
    if not turns or turns[0].role != "user":
        turns.insert(0, ChatMessage("user", text=message.text))
    if blocks or turns[-1].role != "user":
        turns.append(ChatMessage("user", text="\n\n".join(blocks) or GO_ON))
    return turns
