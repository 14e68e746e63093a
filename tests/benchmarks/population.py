"""A real registry over a real store, with as many real chats in it as a measurement needs."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert

from mandrake_jupyter.registry.hosts import HostServices
from mandrake_jupyter.registry.registry import ServiceRegistry
from mandrake_jupyter.stores.rows import SessionRow
from mandrake_jupyter.stores.tables import sessions
from mandrake_jupyter.values import isoformat, utcnow

AT_ONCE = 50


class Population:
    """`open` makes chats in the store and opens a coordinator for each; `now` is added to the registry's clock."""

    def __init__(self, registry: ServiceRegistry, workspace_id: str) -> None:
        self.registry = registry
        self.workspace_id = workspace_id
        self.ids: list[str] = []

    async def open(self, count: int) -> None:
        moment = isoformat(utcnow())
        rows = [
            SessionRow(str(uuid4()), self.workspace_id, f"Chat {n}", True, None, None, moment, moment)
            for n in range(count)
        ]
        services = await self.registry.initialize_services()
        async with services.database.write() as db:
            await db.execute(insert(sessions), [row.__dict__ for row in rows])
        new = [row.id for row in rows]
        for start in range(0, count, AT_ONCE):
            group = new[start : start + AT_ONCE]
            await asyncio.gather(
                *(self.registry.get_session_coordinator(self.workspace_id, chat) for chat in group)
            )
        self.ids += new

    async def release(self) -> None:
        """Puts all of them away."""
        for chat in self.ids:
            await self.registry.release_session_coordinator(self.workspace_id, chat)
        self.ids.clear()


@asynccontextmanager
async def population(most: int) -> AsyncIterator[Population]:
    """A registry of its own, with room for `most` chats; stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        root = Path(folder) / "root"
        root.mkdir()
        registry = ServiceRegistry(
            hosts=HostServices(root, None, None, None),
            data_dir=os.path.join(folder, "data"),
            max_sessions=most,
            stop_timeout=120.0,
        )
        workspace = await registry.workspace_row("default")
        try:
            yield Population(registry, workspace.id)
        finally:
            if problems := await registry.stop():
                raise SystemExit(f"the registry did not stop cleanly: {problems}")
