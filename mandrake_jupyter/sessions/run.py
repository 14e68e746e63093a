"""One answer's life: a loop of model requests and tool calls over a state machine, durable first.

The driver task is never cancelled: a stop cancels the model request or the tool calls it waits for, and the driver itself
writes the one terminal event. Called by ``session``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from ..errors import Interrupted, MandrakeError, StreamBroken
from ..lifecycle.crash_points import Act, about_to, did
from ..providers.base import ModelRequest, ToolCallRequested
from ..stores.rows import Message, Part, RunRow
from ..values import CallContext, Decision, Event, isoformat, utcnow
from .asking import Asking, Spending
from .endings import WITHDRAWN, Ending, WorkTime, error_event, unanswered
from .event_log import EventLog
from .history import earlier
from .ledger import Ledger
from .pace import Pace
from .prompted import filled_in
from .questions import Questions
from .retrying import Retrying
from .run_state import RunState
from .run_tools import Recorded, call_tool, intents, sent_at_once, stopped_call
from .seams import ResolvedModel, Seams
from .slash import DirectCall, PromptCall
from .stopping import Stoppable, Stopped
from .transcript import Transcript

T = TypeVar("T")
log = logging.getLogger("mandrake_jupyter")


class Run(Stoppable):
    """`ledger` holds what is true and shown; `parked` says that nobody drives it because a person must decide."""

    def __init__(
        self,
        row: RunRow,
        question: Message,
        seams: Seams,
        workspace_id: str,
        *,
        command: DirectCall | PromptCall | None = None,
        by: str = "user",
        parts: Iterable[Part] = (),
        log: EventLog | None = None,
    ) -> None:
        super().__init__(f"run-{row.id}", seams.bounds, WorkTime(seams.clock))
        self.question = question
        self.ledger = Ledger(row, seams, workspace_id, parts, log)
        self.parked = row.state == RunState.AWAITING_APPROVAL
        self.questions = Questions(self.ledger, seams.bounds.question, self._person_is_asked)
        self.retrying = Retrying(self.ledger, seams)
        self._context = CallContext(workspace_id, row.session_id, row.notebook)
        self._seams = seams
        self._by = by
        self._direct = command if isinstance(command, DirectCall) else None
        self._prompt = command if isinstance(command, PromptCall) and filled_in(question) is None else None
        self._spending = Spending(self.ledger)
        self.owed: tuple[Event, MandrakeError] | None = None  #: its end, shown and not stored

    @property
    def id(self) -> str:
        return self.ledger.row.id

    @property
    def state(self) -> RunState:
        return self.ledger.state

    def unanswered(self, now: datetime) -> Ending | None:
        """Its ending, if a call in it has waited for a decision for longer than ``bounds.approval`` by `now` (UTC)."""
        return unanswered(self.ledger, now, self._seams.bounds.approval)

    @contextlib.contextmanager
    def _person_is_asked(self) -> Iterator[None]:
        """By an MCP server, in the middle of a call: the clocks of the run stand still."""
        with self.worked.stands_still(), self.ledger.teller.stands_still():
            yield

    async def decide(
        self, call_id: str, decision: Decision, arguments: dict[str, Any] | None, reason: str, by: str
    ) -> Part:
        """See :meth:`Ledger.decide`. A parked run with nothing left to decide needs ``drive`` again."""
        return await self.ledger.decide(call_id, decision, arguments, reason, by)

    async def drive(self) -> None:
        """Work until the run ends or waits for a person; never raises."""
        self.parked = False
        try:
            try:
                with self.worked.counted():
                    await self._work()
            except Stopped:
                await self._end_stopped()
            except MandrakeError as exc:
                await self._fail(exc)
            except Exception:
                log.exception("Run %s failed", self.id)
                await self._fail(MandrakeError())
        except Exception as exc:  # the end itself could not be stored: readers are told all the same
            log.warning("The end of run %s could not be stored: %r", self.id, exc)
            if not self.ledger.log.closed:
                error = exc if isinstance(exc, MandrakeError) else MandrakeError()
                self.owed = self.ledger.log.emit("error", error_event(error)), error
                failed = replace(self.ledger.row, state=RunState.FAILED.value, error=error.as_json())
                self.ledger.teller.moved(failed)
        finally:
            if left := set(
                self._children
            ):  # only where a call outlived its stop, or the driver itself was cancelled
                for child in left:
                    child.cancel()
                await asyncio.wait(left, timeout=self._seams.bounds.cancel)

    async def _work(self) -> None:
        self._keep_time()
        self._check()
        script = Transcript(self._seams, self._context)
        if self.state is RunState.QUEUED:
            await self._begin(script)
        before = await earlier(self._seams.runs, self.ledger.row)
        while True:
            await self._run_calls()
            if self.ledger.waiting():
                await self.ledger.record(state=RunState.AWAITING_APPROVAL)
                self._check()
                if self.ledger.waiting():
                    self.parked = True
                    return
                continue
            if self._direct or self.ledger.answer.step + 1 >= self._seams.bounds.steps:
                await self._complete("stop" if self._direct else "steps")
                return
            model = await self._inside(script.model(self.ledger.row.model))
            messages = [*before, self.question, self.ledger.as_message()]
            request = await self._inside(script.request(model, messages))
            calls, reason, said = await self._call_model(model, request)
            if not calls:
                await self._complete(reason, *said)
                return
            permits = await self._inside(script.permits())
            asked = sent_at_once(intents(calls, self.ledger.answer, script.table, permits))
            await self.ledger.record(
                *said, *asked, state=RunState.CALLING_TOOL, usage=self._spending.as_json()
            )
            await self._dispatch([part for part in self.ledger.answer.parts if part.status == "running"])

    async def _begin(self, script: Transcript) -> None:
        """The start event, then what a ``/tool`` or ``/prompt`` asks for: his own call as the only step, or filling it in."""
        row, fault = self.ledger.row, None
        model_id = row.model
        if self._direct is None:
            try:
                model_id = (await self._inside(script.model(row.model))).id
            except MandrakeError as exc:
                fault = exc
        start = {
            "session_id": row.session_id,
            "message_id": row.message_id,
            "user_message_id": row.user_message_id,
            "model": model_id,
        }
        state = RunState.CALLING_TOOL if self._direct else RunState.CALLING_MODEL
        await self.ledger.record(("start", start, None), state=state, model=model_id)
        if fault:
            raise fault
        if self._direct:
            call, table = await self._inside(script.direct(self._direct))
            self.ledger.answer.step += 1
            await self.ledger.record(*intents([call], self.ledger.answer, table, direct=self._by))
        if self._prompt:
            self.question = await self._inside(script.filled(self.question, self._prompt))
            about_to(Act.PROMPT)
            await self._seams.runs.attach(self.ledger.row, self.question)
            did(Act.PROMPT)

    async def _call_model(
        self, model: ResolvedModel, request: ModelRequest
    ) -> tuple[list[ToolCallRequested], str, list[Recorded]]:
        await self.ledger.record(state=RunState.CALLING_MODEL)
        self.ledger.answer.step += 1
        while True:
            try:
                return await self._ask(model, request)
            except MandrakeError as exc:
                await self._inside(self.retrying.again(exc))

    async def _ask(
        self, model: ResolvedModel, request: ModelRequest
    ) -> tuple[list[ToolCallRequested], str, list[Recorded]]:
        answer, bounds = self.ledger.answer, self._seams.bounds
        asking = Asking(self.ledger)
        try:
            await self._inside(asking.listen(model, request, bounds), flush=bounds.flush)
        finally:
            answer.flush()
            answer.close_text()
            self._spending.add(asking.spent)
            await self.ledger.save_text()
        if answer.full:
            return [], "length", []
        if asking.reason is None:
            raise StreamBroken()
        return asking.calls, asking.reason, self._spending.untold()

    async def _run_calls(self) -> None:
        """Dispatch what may run and was not dispatched: all at once, each result recorded as it comes."""
        while ready := [part for part in self.ledger.answer.parts if part.status == "allowed"]:
            sent = [replace(part, status="running") for part in ready]
            await self.ledger.record(parts=sent, state=RunState.CALLING_TOOL)
            await self._dispatch(sent)  # meanwhile others may have been allowed

    async def _dispatch(self, sent: list[Part]) -> None:
        self._check()
        left = {self._child(self._call(part)) for part in sent}
        while left and not self._keep_time():
            finished, left = await asyncio.wait(left, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                if not task.cancelled():
                    part, result = task.result()
                    ended = partial(self.questions.withdrawn, part.call_id)
                    await self.ledger.record(("toolResult", result, part), first=ended)
        self._check()

    async def _call(self, part: Part) -> tuple[Part, Mapping[str, Any]]:
        asker = self.questions.asker(str(part.call_id))
        return await call_tool(self._seams, part, self._context, self.ledger.progress, asker)

    async def _complete(self, reason: str, *said: Recorded) -> None:
        usage = self._spending.as_json()
        data = {"message_id": self.ledger.row.message_id, "usage": usage, "finish_reason": reason}
        await self._finish(RunState.DONE, "complete", data, *said, finish_reason=reason, usage=usage)

    async def _fail(self, exc: MandrakeError) -> None:
        await self._finish(
            RunState.FAILED,
            "error",
            error_event(exc),
            *self._spending.untold(),
            error=exc.as_json(),
            **self._spending.column(),
        )

    async def _end_stopped(self) -> None:
        if self._ending and self._ending.state is RunState.CANCELLED:
            reason = WITHDRAWN if self.state is RunState.QUEUED else None
            await self._finish(
                RunState.CANCELLED,
                "cancelled",
                {"by": self._ending.by},
                *self._spending.untold(),
                finish_reason=reason,
                **self._spending.column(),
            )
        else:
            await self._fail((self._ending and self._ending.error) or Interrupted())

    async def _finish(
        self, state: RunState, event: str, data: Mapping[str, Any], *said: Recorded, **columns: Any
    ) -> None:
        def left() -> list[Recorded]:
            ended = [stopped_call(part) for part in self.ledger.answer.parts if part.pending]
            return [
                *self.questions.withdrawn(),
                *(("toolResult", result, part) for part, result in ended),
            ]

        finished = isoformat(utcnow())
        await self.ledger.record(
            *said, (event, data, None), first=left, state=state, finished=finished, **columns
        )

    async def _inside(self, work: Coroutine[Any, Any, T], *, flush: float | None = None) -> T:
        """Await `work` in a child task that a stop cancels; meanwhile what was shown is stored within `flush` seconds."""
        child, pace = self._child(work), Pace(flush) if flush else None
        while not child.done():
            await asyncio.wait({child}, timeout=pace.wait if pace else 1.0)
            if pace and not child.done():
                with pace.storing():
                    await self.ledger.save_text()
            if not child.done() and self._keep_time():
                break
        self._check()
        return child.result()
