"""The durable side of a run: its row, its log and its answer move together, committed before anyone sees them.

One writer at a time; a progress note that comes during a commit waits for it. ``run`` drives, this writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import AlreadyDecided, BadRequest, CallNotFound
from ..lifecycle.crash_points import Act, about_to, did
from ..stores.rows import Message, Part, RunRow
from ..values import JSON, Decision, Event
from ..values.tool_rules import RULES
from .answer import LiveAnswer
from .approval import DECISIONS, EACH_TIME, check_arguments, same
from .event_log import EventLog, log_of
from .run_state import RunState, move
from .run_tools import Recorded, denied
from .seams import Seams
from .telling import Teller


class Ledger:
    """`row` is the newest truth, `log` what readers see, `answer` the parts as far as they were shown."""

    def __init__(
        self,
        row: RunRow,
        seams: Seams,
        workspace_id: str,
        parts: Iterable[Part] = (),
        log: EventLog | None = None,
    ) -> None:
        self.row = row
        self.log = log or log_of(row, seams)
        self.answer = LiveAnswer(self.log, parts, limit=seams.bounds.part)
        self.teller = Teller(seams.announce, workspace_id)
        self._seams = seams
        self._workspace_id = workspace_id
        self.asked: dict[str, JSON] = {}  #: the open questions by their id, as their events show them
        self.waiting_since: dict[
            str, str
        ] = {}  #: when a person was asked to decide on a call, by the call's id
        self.retry: JSON | None = None  #: what it waits for while the model is to be asked again
        for event in self.log.events:
            self._note(event)
        self._writing = asyncio.Lock()
        self._progress: list[Mapping[str, Any]] = []

    @property
    def state(self) -> RunState:
        return RunState(self.row.state)

    def waiting(self) -> bool:
        """A person must decide on at least one call."""
        return any(part.status == "waiting" for part in self.answer.parts)

    def question(self, call_id: str | None = None) -> JSON | None:
        """The oldest open question, of that call or of all."""
        return next((q for q in self.asked.values() if call_id in (None, q["call_id"])), None)

    def as_message(self) -> Message:
        row = self.row
        return Message(
            row.message_id, row.session_id, row.id, "assistant", row.created, parts=self.answer.parts
        )

    async def record(
        self,
        *made: Recorded,
        first: Callable[[], list[Recorded]] = list,
        parts: Iterable[Part] = (),
        state: RunState | None = None,
        **columns: Any,
    ) -> None:
        """Commit events, the parts they change and columns of the run in one transaction, then show the events.

        `first` is asked for events to come before the others, when nobody else writes any more. Whoever is cancelled
        meanwhile goes on when it is done: what was stored is shown."""
        writing = asyncio.ensure_future(self._record(made, first, parts, state, columns))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            if not writing.cancelled():
                writing.exception()
            raise

    async def _record(
        self,
        made: Iterable[Recorded],
        first: Callable[[], list[Recorded]],
        parts: Iterable[Part],
        state: RunState | None,
        columns: dict[str, Any],
    ) -> None:
        async with self._writing:
            self.answer.flush()
            events: list[Event] = []
            text = self.answer.unsaved()
            changed = [*parts, *text]
            for kind, data, part in (*first(), *made):
                events.append(self.log.make(kind, data))
                if part:
                    changed.append(replace(part, last_seq=events[-1].seq))
            if state and move(self.state, state) is not self.state:
                columns["state"] = str(state)
            if changed or events or columns:
                about_to(act := _act(events, state))
                await self._seams.runs.commit(self.row, parts=changed, events=events, columns=columns)
                did(act)
                self.row = replace(self.row, **columns)
                self._saved(text)
            for part in changed:
                if part.type == "tool":
                    self.answer.put(part)
            self._show(events)
            if "state" in columns:
                self.teller.moved(self.row)

    async def save_text(self) -> None:
        """Commit what has been shown of the running text part."""
        async with self._writing:
            if parts := self.answer.unsaved():
                about_to(Act.TEXT)
                await self._seams.runs.commit(self.row, parts=parts)
                did(Act.TEXT)
                self._saved(parts)

    def _saved(self, text: Iterable[Part]) -> None:
        """Text was stored, and what was shown before it already is: the log may forget it."""
        self.answer.saved(text)
        self.log.stored(max((part.last_seq for part in text), default=0))

    async def decide(
        self, call_id: str, decision: Decision, arguments: dict[str, Any] | None, reason: str, by: str
    ) -> Part:
        """Decide on a waiting call; exactly one caller wins.

        Raises CallNotFound, AlreadyDecided (409) for all later ones, BadRequest for arguments that don't fit the schema and
        for what was not offered as a choice.
        """
        self._check_choice(self._call(call_id), decision)
        if arguments is not None and decision == "deny":
            raise BadRequest("A denied call takes no arguments.")
        if arguments is not None and not same(arguments, self._call(call_id).arguments):
            await asyncio.to_thread(check_arguments, arguments, self._call(call_id).call.get("input_schema"))
        async with self._writing:
            part = self._call(call_id)
            if part.status != "waiting":
                raise AlreadyDecided(
                    decision=part.decision or part.status, by=part.by or "the end of the run"
                )
            edited = arguments is not None and not same(arguments, part.arguments)
            if arguments is not None:
                part = replace(part, arguments=arguments)
            part = replace(
                part, decision=decision, by=by, status="denied" if decision == "deny" else "allowed"
            )
            data = {"call_id": call_id, "decision": decision, "by": by, "arguments": part.arguments}
            events = [self.log.make("approval", data)]
            if decision == "deny":
                part, result = denied(part, reason)
                events.append(self.log.make("toolResult", result))
            part = replace(part, last_seq=events[-1].seq)
            about_to(Act.DECISION)
            if not await self._seams.runs.decide(
                self.row, part, events, self._grant(part), reason=reason, edited=edited
            ):
                raise AlreadyDecided(decision="decided", by="another Jupyter server")
            did(Act.DECISION)
            self.answer.put(part)
            self._show(events)
            return part

    def _call(self, call_id: str) -> Part:
        part = next((p for p in self.answer.parts if p.call_id == call_id), None)
        if part is None:
            raise CallNotFound(call=call_id)
        return part

    def _check_choice(self, part: Part, decision: Decision) -> None:
        """Of what was offered; no more than now, where the folder wants to have it asked each time by now."""
        asks = self._seams.tools.rules().asks(part.call["server"], part.call["tool"])
        choices = EACH_TIME if asks else part.call.get("choices") or DECISIONS
        if part.status == "waiting" and decision not in choices:
            raise BadRequest(
                f'The project asks about this tool each time ({RULES}): choose {" or ".join(choices)}, not "{decision}".'
            )

    def _grant(self, part: Part) -> Mapping[str, Any] | None:
        """What is allowed from now on, if the decision goes beyond this call."""
        if part.decision not in ("session", "workspace"):
            return None
        return {
            "workspace_id": self._workspace_id,
            "session_id": self.row.session_id if part.decision == "session" else None,
            **{name: part.call[name] for name in ("server", "tool", "schema_hash")},
            "by": part.by,
        }

    def progress(self, data: Mapping[str, Any]) -> None:
        """Show a tool's progress note; not stored."""
        self._progress.append(data)
        if not self._writing.locked():
            self._show(())

    def _note(self, event: Event) -> None:
        self.retry = dict(event.data) if event.type == "retry" and event.data["seconds"] else None
        if event.type == "question":
            self.asked[event.data["question_id"]] = dict(event.data)
        elif event.type == "questionAnswered":
            self.asked.pop(event.data["question_id"], None)
        elif event.type == "toolCall" and event.data.get("needs_approval"):
            self.waiting_since[event.data["call_id"]] = event.time

    def _show(self, events: Iterable[Event]) -> None:
        for event in events:
            self._note(event)
            about_to(Act.SHOW)
            self.log.append(event)
            did(Act.SHOW)
        notes, self._progress = self._progress, []
        for data in notes:
            if not self.log.closed:
                self.log.emit("toolProgress", data)
        if not self.answer.unsaved():
            self.log.stored(self.log.last_seq)


def _act(events: Iterable[Event], state: RunState | None) -> Act:
    """What a commit is about."""
    kinds = {"end" if event.terminal else event.type for event in events}
    acts = {"end": Act.END, "toolCall": Act.INTENTS, "toolResult": Act.RESULT, "start": Act.START}
    other = Act.PARK if state is RunState.AWAITING_APPROVAL else Act.MOVE
    return next((act for kind, act in acts.items() if kind in kinds), other)
