"""Workspaces, sessions and grants in the database: one method, one transaction. Runs are in ``stores.runs``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert, or_, select, tuple_, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from ..errors import SessionNotFound, WorkspaceNotFound
from ..values import isoformat, utcnow
from .deleting import ASIDE, Deleting
from .passages import put_title
from .rows import UNFINISHED, UNTITLED, OpenRuns, SessionRow, Unfinished, WorkspaceRow
from .tables import grants, runs, sessions, workspaces


class SessionStore(Deleting):
    """Raises the typed not-found errors for unknown ids, and ``StoreUnavailable`` when the database can't be used.

    What was put aside is in no answer but that of ``restore``.
    """

    async def workspace_for(self, path: Path) -> WorkspaceRow:
        """The workspace of a folder, made at first use."""
        query = select(workspaces).where(workspaces.c.path == str(path))
        async with self.database.read() as db:
            if found := (await db.execute(query)).one_or_none():
                return WorkspaceRow(*found)
        async with self.database.write() as db:
            if found := (await db.execute(query)).one_or_none():
                return WorkspaceRow(*found)
            row = WorkspaceRow(str(uuid4()), str(path), path.name or str(path), isoformat(utcnow()))
            await db.execute(insert(workspaces).values(**row.__dict__))
            return row

    async def workspace(self, workspace_id: str) -> WorkspaceRow:
        async with self.database.read() as db:
            found = (
                await db.execute(select(workspaces).where(workspaces.c.id == workspace_id))
            ).one_or_none()
        if not found:
            raise WorkspaceNotFound(workspace=workspace_id)
        return WorkspaceRow(*found)

    async def workspaces(self) -> list[WorkspaceRow]:
        async with self.database.read() as db:
            return [
                WorkspaceRow(*row)
                for row in await db.execute(select(workspaces).order_by(workspaces.c.created))
            ]

    async def create(
        self,
        workspace_id: str,
        *,
        name: str | None = None,
        notebook: str | None = None,
        model: str | None = None,
        cull_idle_timeout: int | None = None,
    ) -> SessionRow:
        """A new session; with `notebook`, that notebook's own one, made only once however many ask.

        One of that notebook that was put aside comes back without it.
        """
        now = isoformat(utcnow())
        row = SessionRow(
            str(uuid4()),
            workspace_id,
            name or UNTITLED,
            bool(name),
            notebook,
            model,
            now,
            now,
            cull_idle_timeout,
        )
        try:
            async with self.database.write() as db:
                if notebook is not None:
                    own = (sessions.c.workspace_id == workspace_id) & (sessions.c.notebook == notebook)
                    await db.execute(update(sessions).where(own, ASIDE).values(notebook=None))
                await db.execute(insert(sessions).values(**row.__dict__))
                await db.run_sync(put_title, row.id, row.name)
        except IntegrityError:
            if notebook is None:
                raise
            async with self.database.read() as db:
                where = (sessions.c.workspace_id == workspace_id) & (sessions.c.notebook == notebook)
                return SessionRow(*(await db.execute(select(sessions).where(where))).one())
        return row

    async def get(self, workspace_id: str, session_id: str) -> SessionRow:
        where = (sessions.c.id == session_id) & (sessions.c.workspace_id == workspace_id) & ~ASIDE
        async with self.database.read() as db:
            found = (await db.execute(select(sessions).where(where))).one_or_none()
        if not found:
            raise SessionNotFound(session=session_id)
        return SessionRow(*found)

    async def sessions(self, workspace_id: str | None = None) -> list[SessionRow]:
        """All of them, newest activity first; of all workspaces when none is named."""
        return (await self.page(workspace_id))[0]

    async def page(
        self,
        workspace_id: str | None = None,
        *,
        limit: int | None = None,
        after: tuple[str, str] | None = None,
        name: str | None = None,
        notebook: str | None = None,
    ) -> tuple[list[SessionRow], OpenRuns]:
        """Newest activity first, with ``open_runs``. `after`: last activity and id of the one before."""
        last, own = sessions.c.last_activity, sessions.c.id
        query = select(sessions).where(~ASIDE).order_by(last.desc(), own.desc()).limit(limit)
        for column, wanted in (("workspace_id", workspace_id), ("name", name), ("notebook", notebook)):
            if wanted is not None:
                query = query.where(sessions.c[column] == wanted)
        if after is not None:
            query = query.where(tuple_(last, own) < after)
        return await self.database.look(
            lambda db: ([SessionRow(*row) for row in db.execute(query)], _open_runs(_unfinished(db)))
        )

    async def open_runs(self) -> OpenRuns:
        """The unfinished runs of all sessions."""
        return _open_runs(await self.unfinished())

    async def unfinished(self) -> list[Unfinished]:
        """All runs that have not ended, oldest first."""
        return await self.database.look(_unfinished)

    async def change(self, session_id: str, **values: str | bool | int | None) -> None:
        async with self.database.write() as db:
            own = (sessions.c.id == session_id) & ~ASIDE
            changed = await db.execute(update(sessions).where(own).values(**values))
            if not changed.rowcount:
                raise SessionNotFound(session=session_id)
            if "name" in values:
                await db.run_sync(put_title, session_id, str(values["name"]))

    async def granted(self, workspace_id: str, session_id: str) -> frozenset[tuple[str, str, str]]:
        """(server, tool, schema hash) of all that may run in this session without a question."""
        query = select(grants.c.server, grants.c.tool, grants.c.schema_hash).where(
            grants.c.workspace_id == workspace_id,
            or_(grants.c.session_id.is_(None), grants.c.session_id == session_id),
        )
        async with self.database.read() as db:
            return frozenset((server, tool, digest) for server, tool, digest in await db.execute(query))


def _unfinished(db: Connection) -> list[Unfinished]:
    query = (
        select(sessions.c.workspace_id, sessions.c.id, runs.c.id, runs.c.instance, runs.c.state)
        .join(runs, runs.c.session_id == sessions.c.id)
        .where(runs.c.state.in_(UNFINISHED), ~ASIDE)
        .order_by(runs.c.created)
    )
    return [Unfinished(*row) for row in db.execute(query)]


def _open_runs(unfinished: Iterable[Unfinished]) -> OpenRuns:
    found: OpenRuns = {}
    for run in unfinished:
        found.setdefault(run.session_id, []).append((run.run_id, run.state, run.instance))
    return found
