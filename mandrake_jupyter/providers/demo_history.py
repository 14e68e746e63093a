"""Makes a conversation fit a model with a small memory: the newest turns stay, the oldest go, nothing
fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from .base import ChatMessage
from .turns import flattened

#: Tokens the chat template puts around each turn, generously.
OVERHEAD = 8
#: No text has fewer bytes than tokens, nor (for this tokenizer and prose) many more than this per token.
BYTES_PER_TOKEN = 8
CUT = "\n…\n"

Count = Callable[[str], Awaitable[int]]


async def fitting(messages: Sequence[ChatMessage], budget: int, count: Count) -> tuple[ChatMessage, ...]:
    """The newest turns of `messages` that take at most `budget` tokens together, in words only.

    `count` says how many tokens a text has. The newest turn is always there, shortened in its middle if
    need be.
    """
    turns = [turn for turn in flattened(messages) if turn.text.strip()]
    if sum(len(turn.text.encode()) + OVERHEAD for turn in turns) <= budget:
        return tuple(turns)
    kept: list[ChatMessage] = []
    room = budget
    for turn in reversed(turns):
        text = turn.text if kept else await shortened(turn.text, room - OVERHEAD, count)
        # One more look only at what could fit at all: counting a long file costs more than dropping it.
        if len(text.encode()) > room * BYTES_PER_TOKEN:
            break
        room -= await count(text) + OVERHEAD
        if room < 0 and kept:
            break
        kept.insert(0, ChatMessage(turn.role, text))
    while len(kept) > 1 and kept[0].role == "assistant":
        kept.pop(0)
    return tuple(kept)


async def shortened(text: str, budget: int, count: Count) -> str:
    """`text` with its middle left out until it has at most `budget` tokens."""
    keep = min(len(text), budget * BYTES_PER_TOKEN)
    while True:
        short = text if keep >= len(text) else text[: keep // 2] + CUT + text[len(text) - keep // 2 :]
        tokens = await count(short)
        if tokens <= budget or keep < 2:
            return short
        keep = min(keep - 2, int(keep * budget / tokens * 0.95))
