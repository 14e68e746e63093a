"""A COMMIT whose answer was lost with its connection: PostgreSQL knows how each transaction ended, and is asked anew.

Else something would be stored of which everybody was told that it is not: a message twice, a decision that nobody carries out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    Connect = Callable[[], psycopg.Connection[Any]]

#: Where a connection of the pool keeps the number of its transaction, if that writes.
NUMBER = "mandrake_transaction"
#: Seconds in which PostgreSQL must answer again; then nobody can tell, and it counts as lost.
ASK_WITHIN = 5
ASK_EVERY = 0.1


def sure_of_commits(dialect: Any, connect: Connect) -> None:
    """Has `dialect`, of an engine, raise what a lost connection raises at a commit only where nothing was committed."""
    import psycopg
    from sqlalchemy.util import await_only

    commit = dialect.do_commit

    def do_commit(connection: Any) -> None:
        try:
            commit(connection)
        except psycopg.OperationalError:
            number = connection.info.get(NUMBER)
            if number is None or not connection.dbapi_connection.closed:
                raise
            if not (
                await_only(asyncio.to_thread(committed, connect, number))
                if dialect.is_async
                else committed(connect, number)
            ):
                raise
            connection.invalidate()

    dialect.do_commit = do_commit


def committed(connect: Connect, number: int) -> bool:
    """Whether that transaction was; it may still be at it. Blocking."""
    import psycopg

    until = time.monotonic() + ASK_WITHIN
    while time.monotonic() < until:
        try:
            with connect() as connection:
                found = connection.execute("SELECT txid_status(%s)", (number,)).fetchone()
            if found is None or found[0] != "in progress":
                return bool(found and found[0] == "committed")
        except psycopg.OperationalError:
            pass  # still away
        except psycopg.Error:  # another PostgreSQL has taken its place, which does not know it
            return False
        time.sleep(ASK_EVERY)
    return False
