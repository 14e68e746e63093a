"""A run's turn among those of all sessions: at most so many are driven at once."""

from __future__ import annotations

from ..lifecycle.limits import Slots
from .run import Run


async def in_turn(run: Run, slots: Slots | None, name: str) -> None:
    """Drives `run` when it has a slot; at once, to its end, when it is stopped while it waits for one."""
    held = slots is not None and await run.waits_for(slots.take(name))
    try:
        await run.drive()
    finally:
        if slots is not None and held:
            slots.give(name)
