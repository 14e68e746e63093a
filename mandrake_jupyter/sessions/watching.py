"""Reading a run, wherever it is: from the log of the one that is held here, from the store when it has ended, and from the store
again and again while another living Jupyter server is at work on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from time import monotonic

from ..errors import MandrakeError, RunningElsewhere, StoreUnavailable
from ..lifecycle.leases import Leases
from ..stores.rows import RunRow
from ..values import Event
from .run import Run
from .seams import Seams

#: Seconds between two looks at a run of another Jupyter server: the first while something comes, at last the second.
LOOK, LONGEST_LOOK = 0.25, 2.0

Find = Callable[[str], Awaitable[tuple[Run | None, RunRow]]]


async def watched(
    find: Find, seams: Seams, leases: Leases, session_id: str, run_id: str, after: int, heartbeat: float
) -> AsyncIterator[list[Event]]:
    """A run's events above `after` until the terminal one, as many at once as there are; none where a heartbeat is due.

    `find` raises RunNotFound; RunningElsewhere for a run of another living Jupyter server; StoreUnavailable for one that can't be
    taken up, which is raised on after what is stored."""
    most, replay, pause, heard = seams.bounds.reader, None, LOOK, monotonic()
    while True:
        refused: MandrakeError | None = None
        try:
            run, row = await find(run_id)
        except (RunningElsewhere, StoreUnavailable) as exc:
            run, row, refused = None, await seams.runs.get(session_id, run_id), exc
        if run is not None:
            break
        replay = replay or seams.runs.replaying(row, after)
        while found := await replay.more(most):
            after, pause, heard = found[-1].seq, LOOK, monotonic()
            yield found
            if found[-1].terminal:
                return
        if refused is None:
            return
        if not isinstance(refused, RunningElsewhere):
            raise refused
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_LOOK)
        if monotonic() - heard >= heartbeat:
            heard = monotonic()
            yield []
    with leases.attach():
        async with aclosing(run.ledger.log.watch(after, heartbeat=heartbeat, most=most)) as live:  # type: ignore[type-var]
            async for found in live:
                if found:
                    leases.touch()
                yield found


async def one_by_one(bundles: AsyncIterator[list[Event]]) -> AsyncIterator[Event | None]:
    """None where there are none: a heartbeat."""
    async with aclosing(bundles) as them:  # type: ignore[type-var]
        async for events in them:
            for event in events:
                yield event
            if not events:
                yield None
