"""The end of a run that its readers were shown although the store took nothing: it is stored once the store takes it again.

Else the next look at the chat would find the run unfinished and end it a second time.
"""

from __future__ import annotations

from ..stores.runs import RunStore
from .run import Run
from .run_state import RunState
from .run_tools import stopped_call


async def settle(run: Run, runs: RunStore) -> None:
    """Raises what the store raises."""
    if run.owed is None:
        return
    event, error = run.owed
    answer = run.ledger.answer
    parts = [stopped_call(part)[0] for part in answer.parts if part.pending]
    columns = {"state": str(RunState.FAILED), "finished": event.time, "error": error.as_json()}
    await runs.commit(run.ledger.row, parts=[*answer.unsaved(), *parts], events=[event], columns=columns)
    run.owed = None
