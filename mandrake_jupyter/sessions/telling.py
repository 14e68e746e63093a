"""What the rest of the Jupyter server hears of a run: each state it came into and, at its end, how long it worked.

Told after it was committed. Time in which the run waits (for its turn, for a person) is not counted; after a restart of the
Jupyter server only the time since then is. Nothing of what was said is told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic

from ..lifecycle.announce import Announce, RunEnded, RunMoved
from ..stores.rows import RunRow
from ..values import Usage
from .run_state import RunState
from .stopwatch import Stopwatch

_AT_WORK = frozenset({RunState.CALLING_MODEL, RunState.CALLING_TOOL})


class Teller:
    """`clock` is monotonic seconds."""

    def __init__(self, announce: Announce, workspace_id: str, clock: Callable[[], float] = monotonic) -> None:
        self._announce = announce
        self._workspace_id = workspace_id
        self._worked = Stopwatch(clock)
        self._first_token: float | None = None

    @property
    def seconds(self) -> float:
        """How long the run has worked so far."""
        return self._worked.seconds

    def stands_still(self) -> AbstractContextManager[None]:
        """While a person is asked."""
        return self._worked.stands_still()

    def answered(self) -> None:
        """The model said or asked for something; the first time counts."""
        if self._first_token is None:
            self._first_token = self.seconds

    def moved(self, row: RunRow) -> None:
        """The run came into the state that `row` says."""
        state = RunState(row.state)
        self._worked.turn(state in _AT_WORK)
        self._announce(RunMoved(self._workspace_id, row.session_id, row.id, state.value))
        if not row.open:
            self._announce(
                RunEnded(
                    self._workspace_id,
                    row.session_id,
                    row.id,
                    state.value,
                    code=row.error["code"] if row.error else None,
                    model=row.model,
                    seconds=self.seconds,
                    first_token_seconds=self._first_token,
                    usage=Usage(**row.usage) if row.usage else Usage(),
                )
            )
