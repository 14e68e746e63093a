"""The questions that MCP servers ask in the middle of a run's calls: shown, answered once, over in time.

What was asked is an event of the run; what was answered is handed to the MCP server and kept nowhere. Which questions
are open is told by the ledger, from those events.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from ..errors import AlreadyAnswered, BadRequest, MandrakeError, QuestionNotFound
from ..values import JSON, Answer, Asker, Event, Question, isoformat, utcnow
from .approval import check_arguments

if TYPE_CHECKING:
    from .ledger import Ledger
    from .run_tools import Recorded

ACTIONS = ("accept", "decline", "cancel")
#: Bytes of an answer.
LARGEST_ANSWER = 64_000
#: Who ended a question that nobody answered.
TIMEOUT = "timeout"
END = "the end of the call"


class Still(Protocol):
    """What stands still while a person is asked."""

    def __call__(self) -> AbstractContextManager[object]: ...


class _Waiting:
    """`said` is resolved by the one whose answer counts; `won` says that it was told to all, once `settled`."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.said: asyncio.Future[tuple[Answer, str]] = asyncio.get_running_loop().create_future()
        self.settled = asyncio.Event()
        self.won = False

    @property
    def spoken(self) -> tuple[Answer, str] | None:
        return self.said.result() if self.said.done() and not self.said.cancelled() else None


class Questions:
    """Those of one run. The task that asks one writes how it ended, also where somebody else answers it."""

    def __init__(self, ledger: Ledger, timeout: float, still: Still) -> None:
        self._ledger = ledger
        self._timeout = timeout
        self._still = still
        self._waiting: dict[str, _Waiting] = {}

    def asker(self, call_id: str) -> Asker:
        """For one call. Who did not answer is not asked by it again: its clocks would stand still without an end."""
        absent = False

        async def ask(question: Question) -> Answer:
            nonlocal absent
            if absent:
                return Answer("cancel")
            answer, by = await self._ask(call_id, question)
            absent = by == TIMEOUT
            return answer

        return Asker(self._ledger.row.session_id, ask)

    async def _ask(self, call_id: str, question: Question) -> tuple[Answer, str]:
        question_id = f"question_{uuid4().hex}"
        waiting = self._waiting[question_id] = _Waiting(question)
        data = self._shown(question_id, call_id, question)

        def asked() -> list[Recorded]:
            return [] if self._ledger.log.closed else [("question", data, None)]

        end = Answer("cancel"), END
        try:
            with self._still():
                await self._ledger.record(first=asked)
                try:
                    async with asyncio.timeout(self._timeout):
                        end = await waiting.said
                except TimeoutError:
                    end = waiting.spoken or (Answer("cancel"), TIMEOUT)
        finally:
            waiting.said.cancel()
            try:
                told = await self._end(question_id, call_id, end[0].action, end[1])
                waiting.won = told and waiting.spoken is end
            finally:
                waiting.settled.set()
                del self._waiting[question_id]
        return end if told else (Answer("cancel"), END)

    async def _end(self, question_id: str, call_id: str, action: str, by: str) -> bool:
        """False when the end of the call was told before."""
        told = False

        def ended() -> list[Recorded]:
            nonlocal told
            told = question_id in self._ledger.asked
            return [_answered(question_id, call_id, action, by)] if told else []

        await self._ledger.record(first=ended)
        return told

    async def answer(self, question_id: str, answer: Answer, by: str) -> JSON:
        """One winner. Raises QuestionNotFound, AlreadyAnswered for all later ones, BadRequest for what does not fit."""
        waiting = self._waiting.get(question_id)
        if waiting is None or waiting.said.done():
            raise closed(self._ledger.log.events, question_id)
        await asyncio.to_thread(_check, answer, waiting.question)
        if waiting.said.done():
            raise closed(self._ledger.log.events, question_id)
        waiting.said.set_result((answer, by))
        await waiting.settled.wait()
        if not waiting.won:
            raise closed(self._ledger.log.events, question_id)
        return {"question_id": question_id, "action": answer.action}

    def withdrawn(self, call_id: str | None = None) -> list[Recorded]:
        """How the open questions of a call, or of all, end with it."""
        return [
            _answered(question["question_id"], question["call_id"], "cancel", END)
            for question in self._ledger.asked.values()
            if call_id in (None, question["call_id"])
        ]

    def _shown(self, question_id: str, call_id: str, question: Question) -> JSON:
        return {
            "question_id": question_id,
            "call_id": call_id,
            "server": question.server,
            "message": question.message,
            "mode": question.mode,
            "schema": dict(question.schema) if question.schema is not None else None,
            "url": question.url,
            "expires": isoformat(utcnow() + timedelta(seconds=self._timeout)),
        }


def parse_answer(body: Mapping[str, Any]) -> Answer:
    """Of a request's body."""
    action, content = body.get("action"), body.get("content")
    if action not in ACTIONS:
        raise BadRequest(f"action must be one of {', '.join(ACTIONS)}, not {action!r:.40}.")
    if content is not None and not isinstance(content, dict):
        raise BadRequest("content must be a JSON object.")
    if content is not None and len(json.dumps(content)) > LARGEST_ANSWER:
        raise BadRequest(f"The answer is larger than {LARGEST_ANSWER:,} bytes.")
    if action != "accept":
        if content:
            raise BadRequest("Only an accepted question takes content.")
        content = None
    return Answer(action, content)


def closed(events: Iterable[Event], question_id: str) -> MandrakeError:
    """Why a question takes no answer (any more), by the events of its run."""
    own = [event for event in events if event.data.get("question_id") == question_id]
    if not own:
        return QuestionNotFound(question=question_id)
    end = own[-1].data if own[-1].type == "questionAnswered" else {}
    return AlreadyAnswered(action=end.get("action", "cancel"), by=end.get("by", "somebody else"))


def _check(answer: Answer, question: Question) -> None:
    """Raises BadRequest. Blocks: call it in a thread."""
    if answer.action != "accept":
        return
    if question.mode == "url":
        if answer.content:
            raise BadRequest("A page that was opened takes no content.")
        return
    check_arguments(answer.content or {}, question.schema, of="content", private=True)


def _answered(question_id: str, call_id: str, action: str, by: str) -> Recorded:
    data = {"question_id": question_id, "call_id": call_id, "action": action, "by": by}
    return "questionAnswered", data, None
