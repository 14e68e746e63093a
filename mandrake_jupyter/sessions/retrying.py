"""Whether a model request that failed is tried again, when, and the wait until then: visible, and cut short by a person.

Only what was not heard at all is asked again: nothing of the answer was shown, and no tool was called. ``run`` asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from random import SystemRandom
from typing import TYPE_CHECKING

from ..errors import Conflict, MandrakeError, ProviderTrouble, RateLimited, StreamBroken, Unreachable
from ..values import JSON, isoformat
from .ledger import Ledger
from .seams import Seams

if TYPE_CHECKING:
    from .run import Run

#: What may be over the next time. A model that was silent for its whole deadline is not asked again: that was the wait.
PASSING = (RateLimited, ProviderTrouble, Unreachable, StreamBroken)
FIRST_WAIT = 1.0
#: The share of a wait that is left to chance, so that those who were refused together don't come back together.
JITTER = 0.25
THEN = "Your message is kept. It is tried again by itself."


def wait_before(
    error: MandrakeError, attempt: int, *, of: int, longest: float, chance: float = 0.0
) -> float | None:
    """Seconds until try `attempt` of `of` after the first one; None where `error` is the end.

    What the provider asks for wins; asked for more than `longest`, it is the end. `chance` is from 0 to 1."""
    if attempt > of or not isinstance(error, PASSING):
        return None
    if error.retry_after is not None:
        return max(0.0, error.retry_after) if error.retry_after <= longest else None
    return float(min(longest, FIRST_WAIT * 2 ** (attempt - 1) * (1 + JITTER * chance)))


class Retrying:
    """The tries of a run's model requests, each of which has all of them."""

    def __init__(self, ledger: Ledger, seams: Seams) -> None:
        self._ledger = ledger
        self._seams = seams
        self._step = -1
        self._attempt = 0
        self._now: asyncio.Event | None = None

    async def again(self, error: MandrakeError) -> None:
        """Waits until the request is to be tried again; raises `error` where it is not."""
        answer, bounds = self._ledger.answer, self._seams.bounds
        if answer.step != self._step:
            self._step, self._attempt = answer.step, 0
        self._attempt += 1
        shown = any(part.step == answer.step for part in answer.parts)
        seconds = wait_before(
            error,
            self._attempt,
            of=bounds.retries,
            longest=bounds.longest_wait,
            chance=SystemRandom().random(),
        )
        if shown or seconds is None:
            raise error
        self._now = asyncio.Event()
        try:
            await self._ledger.record(("retry", self._told(error, seconds), None))
            await self._seams.pause(seconds, self._now)
            if self._now.is_set():
                await self._ledger.record(("retry", self._told(error, 0.0), None))
        finally:
            self._ledger.retry = self._now = None

    def try_now(self) -> None:
        """Ends the wait. Raises Conflict when nothing waits."""
        if self._now is None or self._now.is_set():
            raise Conflict("This answer does not wait to be tried again.")
        self._now.set()

    def _told(self, error: MandrakeError, seconds: float) -> JSON:
        return {
            "attempt": self._attempt,
            "of": self._seams.bounds.retries,
            "seconds": round(seconds, 3),
            "at": isoformat(self._seams.now() + timedelta(seconds=seconds)),
            "code": error.code,
            "content": str(error),
            "then": THEN,
            "actions": ["try_now"],
        }


def hurry(held: Iterable[Run], run_id: str) -> None:
    """Has the run with that id, one of a chat's, try again at once. Raises Conflict when it does not wait for that."""
    for run in held:
        if run.id == run_id:
            return run.retrying.try_now()
    raise Conflict("This answer has ended, or is at work in another Jupyter.")
