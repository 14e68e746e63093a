"""Sessions as resources: list, make, change, delete, and their kernel-shaped description."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..lifecycle.announce import Changed
from ..lifecycle.culling import Seen
from ..values import JSON, SessionKey, isoformat, utcnow
from .paging import cursor, place

if TYPE_CHECKING:
    from ..stores.rows import OpenRuns, SessionRow
    from .registry import ServiceRegistry
    from .services import Services

LONGEST_NAME = 200
LONGEST_TIMEOUT = 10 * 365 * 86400
CHANGEABLE = ("name", "model", "cull_idle_timeout")


class SessionsDirectory:
    """What the session routes need of the registry."""

    def __init__(self, registry: ServiceRegistry) -> None:
        self._registry = registry

    async def page(
        self,
        workspace_id: str | None = None,
        *,
        limit: int,
        after: str | None = None,
        name: str | None = None,
        notebook: str | None = None,
    ) -> tuple[list[JSON], str | None]:
        """At most `limit` chats with exactly this name and of this notebook, newest first, and where the next page begins."""
        services = await self._registry.initialize_services()
        workspace = await self._registry.workspace_row(workspace_id) if workspace_id else None
        if notebook is not None and workspace is not None:
            notebook = relative_notebook(notebook, Path(workspace.path))
        begin = place(after) if after is not None else None
        await self._registry.recovery.take_up()
        rows, unfinished = await services.sessions.page(
            workspace.id if workspace else None,
            limit=limit + 1,
            after=begin,
            name=name,
            notebook=notebook,
        )
        runs = await _placed(services, unfinished)
        last = rows[limit - 1] if len(rows) > limit else None
        shown = [self._describe(row, runs.get(row.id, [])) for row in rows[:limit]]
        return shown, cursor(last.last_activity, last.id) if last else None

    async def get(self, workspace_id: str, session_id: str) -> JSON:
        services = await self._registry.initialize_services()
        own = (await self._registry.workspace_row(workspace_id)).id
        row = await services.sessions.get(own, session_id)
        await self._registry.recovery.take_up()
        runs = await _placed(services, await services.sessions.open_runs())
        return self._describe(row, runs.get(row.id, []))

    async def messages(
        self,
        workspace_id: str,
        session_id: str,
        *,
        replaced: bool = False,
        limit: int | None = None,
        before: int | None = None,
    ) -> tuple[list[JSON], int | None]:
        """The history, with `replaced` messages or without: the last `limit` of those before the place `before`, and where the
        page before that ends. Reading opens no chat, unless something in it is not finished.
        """
        services = await self._registry.initialize_services()
        from ..sessions import shown

        asked = shown.Asked(limit, before)
        own = (await self._registry.workspace_row(workspace_id)).id
        row = await services.sessions.get(own, session_id)
        held = self._registry.coordinator(SessionKey(own, row.id)) is not None
        if held or await services.runs.unfinished(row.id):
            async with self._registry.use_session_coordinator(own, row.id) as coordinator:
                return await coordinator.page(replaced=replaced, asked=asked)
        return await shown.messages(services.runs, row.id, {}, replaced=replaced, asked=asked)

    async def create(self, workspace_id: str, body: JSON) -> JSON:
        """A new session; with ``notebook`` the notebook's own one, old or new."""
        services = await self._registry.initialize_services()
        workspace = await self._registry.workspace_row(workspace_id)
        name, notebook = _text(body, "name"), _text(body, "notebook")
        if notebook is not None:
            notebook = relative_notebook(notebook, Path(workspace.path))
            name = name or PurePosixPath(notebook).name
        row = await services.sessions.create(
            workspace.id,
            name=name,
            notebook=notebook,
            model=_text(body, "model"),
            cull_idle_timeout=_seconds(body),
        )
        self._registry.hub.announce(Changed("session", row.workspace_id, row.id, "created"))
        return await self.get(workspace_id, row.id)

    async def change(self, workspace_id: str, session_id: str, body: JSON) -> JSON:
        unknown = body.keys() - set(CHANGEABLE)
        if unknown or not body:
            what = ", ".join(sorted(unknown)) or "nothing"
            raise BadRequest(f"A chat's {', '.join(CHANGEABLE)} can be changed, not {what}.")
        values: dict[str, Any] = {}
        if "name" in body:
            values |= {"name": _text(body, "name"), "titled": True}
            if not values["name"]:
                raise BadRequest("A chat needs a name.")
        if "model" in body:
            values["model"] = _text(body, "model")
        if "cull_idle_timeout" in body:
            values["cull_idle_timeout"] = _seconds(body)
        async with self._registry.use_session_coordinator(workspace_id, session_id) as coordinator:
            await coordinator.change(**values)
            key = coordinator.row.workspace_id
        self._registry.hub.announce(Changed("session", key, session_id, "changed"))
        return await self.get(workspace_id, session_id)

    async def restore(self, workspace_id: str, session_id: str) -> JSON:
        """What was deleted with time to undo it, as it was. Raises SessionNotFound."""
        services = await self._registry.initialize_services()
        own = (await self._registry.workspace_row(workspace_id)).id
        await services.sessions.restore(own, session_id, utcnow())
        self._registry.hub.announce(Changed("session", own, session_id, "created"))
        return await self.get(own, session_id)

    async def remove_message(self, workspace_id: str, session_id: str, message_id: str) -> None:
        """A question with its answer, for good, by either's id. Raises MessageNotFound, Busy, RunningElsewhere."""
        async with self._registry.use_session_coordinator(workspace_id, session_id) as coordinator:
            await coordinator.remove(message_id)
            key = coordinator.row.workspace_id
        self._registry.hub.announce(Changed("session", key, session_id, "changed"))

    def _describe(self, row: SessionRow, runs: list[tuple[str, str, bool]]) -> JSON:
        key = SessionKey(row.workspace_id, row.id)
        chats = self._registry.opened.chats if self._registry.opened else None
        entry = chats.entries.get(key) if chats else None
        gone = chats.reason(key) if chats else None
        idle = entry.leases.idle_seconds if entry else None
        first = next((run for run in runs if run[1] != "queued"), runs[0] if runs else None)
        active = {"id": first[0], "state": first[1], "elsewhere": first[2]} if first else None
        held = first and not (first[2] or (entry and entry.service and entry.service.busy))
        waits = first and (first[1] == "awaiting_approval" or (held and first[1] == "queued"))
        return {
            "id": row.id,
            "workspace_id": row.workspace_id,
            "name": row.name,
            "titled": row.titled,
            "notebook": row.notebook,
            "model": row.model,
            "created": row.created,
            "last_activity": row.last_activity,
            "execution_state": "waiting" if waits else "busy" if active else "idle",
            "connections": entry.leases.connections if entry else 0,
            "phase": entry.phase.value if entry else "stopped" if gone else "new",
            "reason": (entry.life.reason if entry else gone) or "",
            "idle_seconds": None if idle is None else round(idle, 3),
            "culls_at": self._culls_at(chats.seen(entry)) if chats and entry else None,
            "cull_idle_timeout": row.cull_idle_timeout,
            "active_run": active,
            "queued": sum(1 for _, state, _ in runs if state == "queued"),
        }

    def _culls_at(self, seen: Seen) -> str | None:
        left = self._registry.session_culler.culls_in(seen)
        return None if left is None else isoformat(utcnow() + timedelta(seconds=left))


async def _placed(services: Services, runs: OpenRuns) -> dict[str, list[tuple[str, str, bool]]]:
    """`runs` with, in the place of who works on each, whether that is another living Jupyter server."""
    owners = {owner for open in runs.values() for _, _, owner in open} - {services.instances.own}
    living = {owner for owner in owners if await services.instances.alive(owner)}
    return {key: [(run, state, owner in living) for run, state, owner in open] for key, open in runs.items()}


def relative_notebook(path: str, root: Path) -> str:
    """A notebook's path relative to the workspace where it lies inside, else as it was given."""
    given = Path(path)
    if given.is_absolute():
        try:
            return given.relative_to(root).as_posix()
        except ValueError:
            return given.as_posix()
    return PurePosixPath(path).as_posix()


def _text(body: JSON, field: str) -> str | None:
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_NAME * 5 or "\x00" in value:
        raise BadRequest(f"{field} must be a text of at most {LONGEST_NAME * 5} characters.")
    return value.strip() or None


def _seconds(body: JSON) -> int | None:
    """The session's own idle timeout: 0 keeps it for ever, null goes by the culler's."""
    value = body.get("cull_idle_timeout")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_TIMEOUT:
        raise BadRequest("cull_idle_timeout must be a whole number of seconds, 0 for never, or null.")
    return value
