"""Which Jupyter servers live that share a PostgreSQL, perhaps from several machines: each holds an advisory lock of its uuid on a
connection of its own, which PostgreSQL frees when that breaks.

A lock file beside it, as without PostgreSQL, tells the next Jupyter server of the data dir that one was killed.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from .instances import OWN_LOCK, Instances

if TYPE_CHECKING:
    import psycopg

    from .backends.postgresql import Postgresql
    from .database import Database

#: Seconds after a restart of PostgreSQL, and after a lost connection, in which nobody is taken for dead: all lose their locks
#: with it, and each takes its own again at the next look at it.
GRACE = 10
_KEY = "hashtextextended('mandrake instance ' || current_schema() || {}, 0)"
_TAKE = f"SELECT pg_advisory_lock({_KEY.format('%s::text')})"
_UP = "extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())"
_ALIVE = text(f"SELECT NOT pg_try_advisory_xact_lock_shared({_KEY.format(':instance')}), {_UP}")


class SharedInstances:
    """As `Instances`; `local` are those of this data dir."""

    remedy = "It is taken again when PostgreSQL answers. If this stays, restart this Jupyter server."

    def __init__(self, backend: Postgresql, database: Database, local: Instances) -> None:
        self.own = local.own
        self._backend, self._database, self._local = backend, database, local
        self._connection: psycopg.Connection[Any] | None = None
        self._regained: float | None = None
        self._released = False

    def hold(self) -> None:
        """Raises :class:`StoreUnavailable`."""
        self._local.hold()
        try:
            self._connection = self._take()
        except self._backend.errors as exc:
            self._local.release()
            raise self._backend.error(exc) from exc

    def _take(self) -> psycopg.Connection[Any]:
        """Whoever just looks whether we live has the lock for a moment."""
        connection = self._backend.connect()
        try:
            connection.execute(f"SET lock_timeout = '{int(OWN_LOCK)}s'")
            connection.execute(_TAKE, (self.own,))
        except BaseException:
            connection.close()
            raise
        return connection

    def release(self) -> None:
        """For good, also where a thread is just about to take it again."""
        self._released = True
        if self._connection is not None:
            self._connection.close()
        self._local.release()

    def intact(self) -> bool:
        return self._local.intact() and self._held()

    def _held(self) -> bool:
        if self._connection is None or self._connection.closed:
            return False
        try:
            self._connection.execute("SELECT 1")
        except self._backend.errors:
            return False
        return True

    def keep(self) -> bool:
        """Have both locks; False when somebody else has one, or PostgreSQL does not answer."""
        if not self._held():
            if self._connection is not None:
                with suppress(*self._backend.errors):
                    self._connection.close()
            try:
                self._connection = self._take()
            except self._backend.errors:
                return False
            self._regained = time.monotonic()
            if self._released:
                self._connection.close()
                return False
        return self._local.keep()

    async def alive(self, instance: str) -> bool:
        """Raises :class:`StoreUnavailable` where that can't be told.

        Who has lost its own lock, be it unawares, knows nothing of others: PostgreSQL may have been away for all."""
        if instance == self.own:
            return True
        asked = {"instance": instance}
        held, up = await self._database.look(lambda db: tuple(db.execute(_ALIVE, asked).one()))
        if held or up < GRACE or not await asyncio.to_thread(self._held):
            return True
        return self._regained is not None and time.monotonic() - self._regained < GRACE
