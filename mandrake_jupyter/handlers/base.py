"""The templates for routes: JSON in and out with typed errors, and streams that always end.

Other extensions may build on both: see docs/how-to/write-a-route.md. Only here do errors become HTTP statuses.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from ..errors import BadRequest, MandrakeError
from ..lifecycle.crash_points import Act, about_to, did
from ..registry.metrics import OPEN_STREAMS, count_error
from ..values import JSON, Event, isoformat, parse_json, utcnow

if TYPE_CHECKING:
    from ..registry.registry import ServiceRegistry

NDJSON = "application/x-ndjson"
SSE = "text/event-stream"
#: Verbs that only look.
LOOKS = ("GET", "HEAD", "OPTIONS")
LONGEST_BODY = 4_000_000
LONGEST_NUMBER = 15
STRANGER = (
    "Jupyter did not accept the token or the login, or there was none. `jupyter server list` shows the token."
)


class MandrakeHandler(ExtensionHandlerMixin, APIHandler):
    """A JSON route. Leaf classes set ``auth_resource`` and decorate each verb with ``@web.authenticated @authorized``.

    What changes something counts as activity of the Jupyter server, a look (GET) does not, for pages poll. A leaf class
    that knows better sets ``_track_activity``; a client may say ``?no_track_activity=1``. `root` is what
    ``answer(location=…)`` is relative to: a route of another extension names its own.
    """

    root: ClassVar[str] = "mandrake/"

    def initialize(self, name: str = "mandrake", **kwargs: Any) -> None:
        """`name` is the extension's, for its log; a route that is added without one logs as Mandrake's."""
        super().initialize(name, **kwargs)

    @property
    def registry(self) -> ServiceRegistry:
        registry: ServiceRegistry = self.settings["mandrake_registry"]
        return registry

    @property
    def username(self) -> str:
        return str(getattr(self.current_user, "username", "") or "user")

    @property
    def _track_activity(self) -> bool:
        return self.request.method not in LOOKS

    @property
    def longest_body(self) -> int:
        """Bytes that a request's body may have."""
        return LONGEST_BODY

    async def prepare(self) -> None:
        await super().prepare()
        self.update_api_activity()

    def update_api_activity(self) -> None:
        """Called when a request that counts begins and, by Jupyter, when it ends: the heartbeat takes over in between."""
        known = getattr(self, "_jupyter_current_user", None)
        if self._track_activity and known and "no_track_activity" not in self.request.arguments:
            self.settings["mandrake_activity"].touch()

    def body(self, parse: Callable[[bytes], Any] = parse_json) -> JSON:
        """The request's JSON object, an empty one where there is no body. Raises BadRequest in words."""
        raw = self.request.body.strip()
        if not raw:
            return {}
        if len(raw) > self.longest_body:
            raise BadRequest(f"The request is larger than {self.longest_body:,} bytes.")
        try:
            value = parse(raw)
        except ValueError as exc:
            raise BadRequest(f"The request's body is not valid JSON: {exc}") from exc
        if not isinstance(value, dict):
            raise BadRequest("The request's body must be a JSON object.")
        return value

    def text(self, body: JSON, field: str, *, required: bool = True) -> str:
        value = body.get(field)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value.strip()):
            raise BadRequest(f"{field} must be a text that is not empty.")
        return value

    def number(self, name: str, value: str | None, default: int) -> int:
        """A query argument or header as a whole number of at least 0."""
        if value is None or value == "":
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER):
            raise BadRequest(f"{name} must be a whole number, not {value!r}.")
        return int(value)

    def flag(self, name: str) -> bool:
        """A query argument that is ``true`` or ``false``; false where it is left out."""
        value = self.get_query_argument(name, "false").lower()
        if value not in ("true", "false"):
            raise BadRequest(f"{name} must be true or false, not {value!r:.40}.")
        return value == "true"

    def answer(self, value: Any, status: int = 200, *, location: str | None = None) -> None:
        """Finish with `value` as JSON; `location` is relative to `root`."""
        self.answer_text(json.dumps(value), status, location=location)

    def answer_text(self, text: str, status: int = 200, *, location: str | None = None) -> None:
        """As `answer`, for what was written as JSON before."""
        self.set_status(status)
        if location:
            self.set_header("Location", f"{self.settings['base_url']}{self.root}{location}")
        about_to(Act.ANSWER)
        self.finish(text)
        did(Act.ANSWER)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, HTTPError | StreamClosedError):
            super().log_exception(typ, value, tb)
        elif isinstance(value, MandrakeError) and value.status != 500:
            self.log.info("%s %s: %s (%s)", self.request.method, self.request.path, value, value.code)
        else:  # by our own log, which masks secrets; the host's would not
            told = (typ, value, tb)
            self.log.error("%s %s failed", self.request.method, self.request.path, exc_info=told)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        exc = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(exc, MandrakeError):
            self.set_status(exc.status)
            if exc.retry_after is not None:
                self.set_header("Retry-After", str(math.ceil(exc.retry_after)))
            body = exc.as_json()
        else:
            said = exc.log_message if isinstance(exc, HTTPError) else None
            if said and isinstance(exc, HTTPError) and exc.args:
                said = said % exc.args
            if not said and status_code == 403 and not getattr(self, "_current_user", None):
                said = STRANGER
            body = MandrakeError(said or self._reason).as_json() | {
                "code": _CODES.get(status_code, "internal")
            }
        count_error(body["code"])
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))


#: What a stream tells: an event of a run, or an object.
Told = Event | Mapping[str, Any]
_CODES = {400: "bad_request", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


class StreamHandler(MandrakeHandler):
    """A route that answers with events as they come: NDJSON, or SSE where ``Accept`` names it. Reading ends only itself."""

    _pump: asyncio.Task[None] | None = None

    @property
    def wants_stream(self) -> bool:
        accept = self.request.headers.get("Accept", "")
        return NDJSON in accept or SSE in accept

    def after(self) -> int | None:
        """The last sequence number the client knows: ``?after=``, else ``Last-Event-ID``; None where it knows none."""
        last = self.request.headers.get("Last-Event-ID")
        given = self.get_query_argument("after", None)
        name, value = ("after", given) if given else ("Last-Event-ID", last)
        return self.number(name, value, 0) if value else None

    async def detachable(self, work: Any) -> Any:
        """Await `work` until it ends or the client leaves; None when he left."""
        self._pump = asyncio.ensure_future(work)
        try:
            return await self._pump
        except (asyncio.CancelledError, StreamClosedError):
            if not self._pump.done():
                raise
            return None

    async def stream(self, events: AsyncIterator[Told | Sequence[Told] | None]) -> None:
        """Send `events` as they come, then end; None is a heartbeat. Raises TooMany where too many streams are open.

        Several may come at once; the next are asked for when the client's connection took these. In SSE an event's ``type``
        and ``seq`` are its name and id.

        What fails after the first byte becomes an ``error`` event: ``{type, seq, time, code, content, …}``, with the
        ``run_id`` of the events before it where they have one.
        """
        sse = SSE in self.request.headers.get("Accept", "")
        self.set_header("Content-Type", SSE if sse else NDJSON)
        self.set_header("Cache-Control", "no-cache, no-transform")
        self.set_header("X-Accel-Buffering", "no")
        what = self.request.path.removeprefix(f"{self.settings['base_url']}mandrake/")
        with self.registry.open_stream(what), OPEN_STREAMS.track_inprogress():
            await self.detachable(self._send(events, sse))
        if not self._finished:
            self.finish(set_content_type=SSE if sse else NDJSON)

    async def _send(self, events: AsyncIterator[Told | Sequence[Told] | None], sse: bool) -> None:
        about_to(Act.STREAM)
        await self.flush()
        did(Act.STREAM)
        last: Told = {"run_id": self.path_kwargs.get("run")}
        async with aclosing(events) as items:  # type: ignore[type-var]
            try:
                async for item in items:
                    told = item or () if isinstance(item, Sequence | None) else (item,)
                    if told:
                        last = told[-1]
                        self.update_api_activity()
                    about_to(Act.EVENT)
                    self.write("".join([_frame(one, sse) for one in told]) or _heartbeat(sse))
                    await self.flush()
                    did(Act.EVENT)
            except (asyncio.CancelledError, StreamClosedError):
                raise
            except Exception as exc:
                if not isinstance(exc, MandrakeError):
                    self.log.exception("A stream broke off")
                    exc = MandrakeError()
                self.write(_frame(_broken_off(exc, last), sse))

    def on_connection_close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
        super().on_connection_close()


def _broken_off(exc: MandrakeError, last: Told) -> JSON:
    count_error(exc.code)
    said = last.as_json() if isinstance(last, Event) else last
    body, seq = exc.as_json(), said.get("seq")
    body["content"] = body.pop("message")
    seq = seq + 1 if isinstance(seq, int) else 1
    run = {"run_id": said["run_id"]} if said.get("run_id") else {}
    return {"type": "error", **body, "seq": seq, **run, "time": isoformat(utcnow())}


def _heartbeat(sse: bool) -> str:
    return ": heartbeat\n\n" if sse else "\n"


def _frame(told: Told, sse: bool) -> str:
    line = told.line if isinstance(told, Event) else json.dumps(told)
    if not sse:
        return f"{line}\n"
    event = (
        {"id": told.seq, "event": told.type}
        if isinstance(told, Event)
        else {"id": told.get("seq"), "event": told.get("type")}
    )
    named = [f"{field}: {value}\n" for field, value in event.items() if value is not None]
    return f"{''.join(named)}data: {line}\n\n"
