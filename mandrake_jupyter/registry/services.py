"""What is shared by all workspaces of one Jupyter server: store, instance lock, supervisor, keys, the demo model."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..errors import StoreUnavailable
from ..lifecycle.supervisor import Supervisor
from ..values import utcnow
from .store_place import backend_of, living

if TYPE_CHECKING:
    from ..providers.catalogue import ModelCatalogue
    from ..providers.demo import DemoModel
    from ..providers.keys import KeyStore
    from ..stores.backends.base import Living
    from ..stores.database import Database
    from ..stores.instances import Instances
    from ..stores.runs import RunStore
    from ..stores.sessions import SessionStore
    from ..workspaces.workspace import WorkspaceManager

#: Seconds between two looks at what has fallen idle.
HOUSEKEEPING = 60.0
#: Seconds between two looks at the own lock.
LOCK_CHECK = 5.0

logger = logging.getLogger("mandrake_jupyter")


@dataclass(frozen=True)
class Services:
    data_dir: Path
    supervisor: Supervisor
    database: Database
    sessions: SessionStore
    runs: RunStore
    instances: Living
    local: Instances
    keys: KeyStore
    demo: DemoModel

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        log: logging.Logger | logging.LoggerAdapter[Any],
        secret: Callable[[str], None] = lambda value: None,
        instance: str | None = None,
        database_url: str = "",
    ) -> Services:
        """`secret` is told each key that is used; `instance` names this run of the Jupyter server; `database_url` is as of
        the trait.

        Raises :class:`StoreUnavailable` when the data dir or the database can't be used.
        """
        await asyncio.to_thread(_load)
        from ..providers.demo import DemoModel
        from ..providers.keys import KeyStore
        from ..stores.access import store_error
        from ..stores.database import Database
        from ..stores.instances import Instances
        from ..stores.runs import RunStore
        from ..stores.sessions import SessionStore

        try:
            await asyncio.to_thread(data_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise store_error(exc, data_dir / "mandrake.sqlite") from exc
        keys = KeyStore(data_dir, os.environ, seen=secret)
        database = Database(await backend_of(data_dir, database_url, keys, os.environ, secret))
        await database.open()
        local = Instances(data_dir / "instances", instance)
        instances = living(database, local)
        try:
            await asyncio.to_thread(instances.hold)
        except StoreUnavailable:
            if database.refusal is None:  # who only reads needs no lock
                await database.close()
                raise
        supervisor = Supervisor(log)
        demo = DemoModel(data_dir, supervisor)
        sessions = SessionStore(database)
        supervisor.spawn("housekeeping", _keep_house(demo))
        supervisor.spawn("instance lock", _keep_lock(instances))
        return cls(
            data_dir,
            supervisor,
            database,
            sessions,
            RunStore(database),
            instances,
            local,
            keys,
            demo,
        )

    def model_catalogue(self, workspace: WorkspaceManager) -> ModelCatalogue:
        from ..providers.catalogue import ModelCatalogue

        return ModelCatalogue(
            data_dir=self.data_dir,
            keys=self.keys,
            environ=os.environ,
            demo=self.demo,
            configured=workspace.model_entries,
            wishes=workspace.model_wishes,
        )

    async def remove_session(self, session_id: str, undo: int) -> None:
        """For good, or out of every list with `undo` seconds to restore it."""
        if undo:
            await self.sessions.put_aside(session_id, utcnow() + timedelta(seconds=undo))
        else:
            await self.sessions.delete(session_id)

    async def close_models(self, timeout: float) -> None:
        async with asyncio.timeout(timeout):
            await self.demo.stop()

    async def close(self) -> None:
        """Last of all: the store, then the lock, so that nobody takes us for dead while we still write."""
        await self.database.close()
        await asyncio.to_thread(self.instances.release)


async def _keep_house(demo: DemoModel) -> None:
    while True:
        await asyncio.sleep(HOUSEKEEPING)
        await demo.stop_if_idle(monotonic())


async def _keep_lock(instances: Living, every: float = LOCK_CHECK) -> None:
    """Without its lock another Jupyter server takes this one for dead and ends its runs: take it again at once."""
    told = False
    while True:
        if await asyncio.to_thread(instances.intact):
            told = False
        elif await asyncio.to_thread(instances.keep):
            told = False
            logger.warning("The lock of this Jupyter server was lost. It was taken again.")
        elif not told:
            told = True
            logger.error(
                "The lock of this Jupyter server is lost, and can't be taken again yet. %s", instances.remedy
            )
        await asyncio.sleep(every)


def _load() -> None:
    """The heavy imports of a first use, in a thread, so that the server's loop goes on meanwhile."""
    import_module("mandrake_jupyter.stores.runs")
    import_module("mandrake_jupyter.sessions.session")
    import_module("mandrake_jupyter.providers.catalogue")
    import_module("aiosqlite")
    import_module("filelock")
