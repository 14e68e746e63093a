"""One model request of a run: what the model says goes into the answer as it comes, the rest is kept until it ended."""

from __future__ import annotations

import contextlib

from ..providers.base import Finished, ModelRequest, ReasoningEnded, TextDelta, ToolCallRequested
from ..values import Usage
from .ledger import Ledger
from .run_tools import Recorded
from .seams import Bounds, ResolvedModel


class Asking:
    """`calls` and `reason` are what it came to, a `reason` of None that it broke off; `spent` is what it used in any case."""

    def __init__(self, ledger: Ledger) -> None:
        self.calls: list[ToolCallRequested] = []
        self.reason: str | None = None
        self.spent = Usage()
        self._ledger = ledger

    async def listen(self, model: ResolvedModel, request: ModelRequest, bounds: Bounds) -> None:
        """Until the model has ended, or the answer is full."""
        answer = self._ledger.answer
        stream = model.provider.stream(
            request, first_token_timeout=bounds.first_token, stall_timeout=bounds.stall, spent=self._spend
        )
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                self._ledger.teller.answered()
                if isinstance(event, ToolCallRequested):
                    self.calls.append(event)
                elif isinstance(event, Finished):
                    self.reason = event.reason
                    self._spend(event.usage)
                elif isinstance(event, ReasoningEnded):
                    answer.end_reasoning(event.kept)
                else:
                    answer.write("text" if isinstance(event, TextDelta) else "reasoning", event.text)
                if answer.full:
                    return

    def _spend(self, usage: Usage) -> None:
        self.spent += usage


class Spending:
    """What all requests of a run used: also those that failed, and what came before its Jupyter server was stopped."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._usage = Usage(**ledger.row.usage) if ledger.row.usage else Usage()

    def add(self, usage: Usage) -> None:
        self._usage += usage

    def as_json(self) -> dict[str, object]:
        return self._usage.as_json()

    def untold(self) -> list[Recorded]:
        """The event of what was used since the last one."""
        told = self._ledger.row.usage or Usage().as_json()
        return [("usage", self.as_json(), None)] if self.as_json() != told else []

    def column(self) -> dict[str, object]:
        """For the end of a run that is not complete: nothing where nothing was used."""
        return {"usage": self.as_json()} if self._usage != Usage() else {}
