"""Routes of messages and runs: post, watch, cancel, decide, answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import BadRequest
from ..registry.attachments import read_attachments
from ..registry.sessions import SessionsDirectory
from ..sessions.approval import parse_decision
from ..sessions.questions import parse_answer
from ..values import JSON
from ..values.images import MAX_IMAGE, MAX_IMAGES
from .base import LONGEST_BODY, MandrakeHandler, StreamHandler
from .history import history
from .large_body import large_body
from .paging import MOST_SHOWN, limit_of, link_next

if TYPE_CHECKING:
    from ..sessions.session import SessionCoordinator

DEFAULT_WAIT = 30.0
LONGEST_WAIT = 3600.0
LONGEST_KEY = 200
#: Characters of what names something: a model, the path of a notebook.
LONGEST_NAME = 1_000
#: Bytes of one character in JSON, at most.
LONGEST_CHARACTER = 12


class MessagesHandler(StreamHandler):
    auth_resource = "mandrake:sessions"

    @property
    def longest_body(self) -> int:
        text = max(LONGEST_BODY, LONGEST_CHARACTER * self.registry.max_message_size)
        return text + MAX_IMAGES * MAX_IMAGE * 4 // 3

    @web.authenticated
    @authorized
    async def get(self, workspace: str, session: str) -> None:
        limited = self.get_query_argument("limit", None) is not None
        before = self.get_query_argument("before", None)
        text, older = await history(
            SessionsDirectory(self.registry),
            workspace,
            session,
            replaced=self.flag("replaced"),
            limit=limit_of(self, MOST_SHOWN, MOST_SHOWN) if limited else None,
            before=None if before is None else self.number("before", before, 0),
        )
        link_next(self, None if older is None else str(older), "before")
        self.answer_text(text)

    @web.authenticated
    @authorized(action="execute", resource="mandrake:sessions")
    async def post(self, workspace: str, session: str) -> None:
        body = await large_body(self)
        replaces, wait = self.text(body, "replaces", required=False) or None, self._wait(body)
        content = self.text(body, "content", required=replaces is None)
        if self.wants_stream:
            self.registry.streams.check()
        model, notebook = self._name(body, "model"), self._name(body, "notebook")
        async with self.registry.use_session_coordinator(workspace, session) as coordinator:
            row = await coordinator.repeated(self._key()) or await coordinator.post(
                content,
                attachments=await self._attachments(workspace, session, body),
                model=model,
                notebook=notebook,
                idempotency_key=self._key(),
                replaces=replaces,
                by=self.username,
            )
        run = f"workspaces/{coordinator.row.workspace_id}/sessions/{session}/runs/{row.id}"
        if self.wants_stream:
            self.set_header("Location", f"{self.settings['base_url']}mandrake/{run}")
            await self.stream(coordinator.bundles(row.id))
            return
        ended = await self.detachable(_settled(coordinator, row.id, wait))
        if ended:
            self.answer(await coordinator.answer(row.id))
        elif ended is not None:
            self.answer(await coordinator.run(row.id), 202, location=run)

    async def _attachments(self, workspace: str, session: str, body: JSON) -> list[Mapping[str, Any]] | None:
        if (given := body.get("attachments")) is None:
            return None
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise BadRequest("attachments must be a list of objects.")
        return await read_attachments(self.registry, workspace, given, session)

    def _name(self, body: JSON, field: str) -> str | None:
        if len(name := self.text(body, field, required=False)) > LONGEST_NAME:
            raise BadRequest(f"{field} must have at most {LONGEST_NAME:,} characters.")
        return name or None

    def _wait(self, body: JSON) -> float:
        wait = body.get("wait", DEFAULT_WAIT)
        if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait <= LONGEST_WAIT:
            raise BadRequest(f"wait must be a number of seconds from 0 to {LONGEST_WAIT:.0f}.")
        return 0.0 if "respond-async" in self.request.headers.get("Prefer", "") else float(wait)

    def _key(self) -> str | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not 0 < len(key) <= LONGEST_KEY:
            raise BadRequest(f"Idempotency-Key must have 1 to {LONGEST_KEY} characters.")
        return key


async def _settled(coordinator: SessionCoordinator, run_id: str, wait: float) -> bool:
    """True when the run ended within `wait` seconds; False when it did not, its chat was put away, or it waits for a person."""
    try:
        async with asyncio.timeout(wait), aclosing(coordinator.watch(run_id)) as events:  # type: ignore[type-var]
            async for event in events:
                if event and event.terminal:
                    return True
                asks = event and (event.type == "question" or event.data.get("needs_approval"))
                if asks and coordinator.waits(run_id):
                    return False
    except TimeoutError:
        pass
    return False


class RunHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, workspace: str, session: str, run: str) -> None:
        async with self.registry.use_session_coordinator(workspace, session) as coordinator:
            self.answer(await coordinator.run(run))


class RunEventsHandler(StreamHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized
    async def get(self, workspace: str, session: str, run: str) -> None:
        after = self.after() or 0
        coordinator = await self.registry.get_session_coordinator(workspace, session)
        await coordinator.run(run)  # an unknown run is a 404 here, before the first byte
        await self.stream(coordinator.bundles(run, after))


class CancelHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized(action="execute", resource="mandrake:sessions")
    async def post(self, workspace: str, session: str, run: str) -> None:
        async with self.registry.use_session_coordinator(workspace, session) as coordinator:
            await coordinator.cancel(run, self.username)
            self.answer(await coordinator.run(run), 202)


class RetryHandler(MandrakeHandler):
    """For a run that waits to ask its model again."""

    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized(action="execute", resource="mandrake:sessions")
    async def post(self, workspace: str, session: str, run: str) -> None:
        from ..sessions.retrying import hurry

        async with self.registry.use_session_coordinator(workspace, session) as coordinator:
            await coordinator.run(run)  # an unknown run is a 404
            hurry(coordinator.runs, run)
            self.answer(await coordinator.run(run), 202)


class ApprovalHandler(MandrakeHandler):
    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized(action="execute", resource="mandrake:sessions")
    async def post(self, workspace: str, session: str, run: str, call: str) -> None:
        decision, arguments, reason = parse_decision(self.body())
        async with self.registry.use_session_coordinator(workspace, session) as coordinator:
            self.answer(await coordinator.decide(run, call, decision, arguments, reason, self.username))


class QuestionHandler(MandrakeHandler):
    """What a person says to a question that an MCP server asks in the middle of a call."""

    auth_resource = "mandrake:sessions"

    @web.authenticated
    @authorized(action="execute", resource="mandrake:sessions")
    async def post(self, workspace: str, session: str, run: str, question: str) -> None:
        answer = parse_answer(self.body())
        async with self.registry.use_session_coordinator(workspace, session) as coordinator:
            self.answer(await coordinator.reply(run, question, answer, self.username))
