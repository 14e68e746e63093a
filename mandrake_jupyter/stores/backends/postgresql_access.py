"""How a PostgreSQL may be used now, and its schema brought forward, in one transaction while nobody else writes.

No backup of ours is made: a change that fails leaves all as it was, and backups of a PostgreSQL are its owner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import StoreMisconfigured, StoreNewer, StoreReadOnly, StoreUnavailable
from ..access import refuse_newer
from ..migrate import HEAD, run_migrations
from .address import Address

if TYPE_CHECKING:
    import psycopg

#: Each schema has its own, in each database: PostgreSQL keeps those of several databases apart.
WRITE_KEY = "hashtextextended('mandrake write ' || current_schema(), 0)"
MIGRATE_WITHIN = 30
OLDER = "an older version made it, and it may not be written"
_STATE = (
    "SELECT current_schema(), pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', "
    "current_setting('server_encoding')"
)
_THERE = "SELECT to_regclass(quote_ident(current_schema()) || '.alembic_version') IS NOT NULL"
#: Whether each table of ours may be written.
_RIGHTS = (
    "SELECT coalesce(bool_and(has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') "
    "AND has_table_privilege(c.oid, 'DELETE')), true) FROM pg_class c "
    "WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relname = ANY(%s)"
)


@dataclass(frozen=True)
class PostgresAccess:
    refusal: StoreUnavailable | None = None


def access(connection: psycopg.Connection[Any], address: Address, *, migrates: bool = True) -> PostgresAccess:
    """Migrates if needed, or only looks whether that could be done.

    Raises a StoreUnavailable that says why where it can't even be read.
    """
    schema, read_only, encoding = _one(connection, _STATE)
    if encoding != "UTF8":
        raise StoreMisconfigured(
            why=f"{address.name} can't keep every character: its encoding is {encoding}",
            then="Make another: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0. Nothing was changed.",
        )
    if schema is None:
        (path,) = _one(connection, "SELECT current_setting('search_path')")
        raise StoreMisconfigured(
            why=f"{address.name} has no schema for us ({path})",
            then="Make it, as its owner: CREATE SCHEMA name AUTHORIZATION user. Nothing was changed.",
        )
    revision = revision_of(connection)
    refusal = StoreReadOnly(path=address.name)
    if revision is not None and revision > HEAD:
        return PostgresAccess(StoreNewer(revision=revision))
    if revision != HEAD:
        if read_only or not _one(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')")[0]:
            raise refusal if revision is None else StoreUnavailable(why=OLDER)
        try:
            if migrates:
                _migrate(address)
        except StoreNewer as newer:
            return PostgresAccess(newer)
    if read_only or not _one(connection, _RIGHTS, _tables())[0]:
        return PostgresAccess(refusal)
    return PostgresAccess()


def revision_of(connection: psycopg.Connection[Any]) -> str | None:
    """None where there is nothing of ours."""
    if not _one(connection, _THERE)[0]:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def _one(connection: psycopg.Connection[Any], query: Any, *values: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = connection.execute(query, values or None).fetchone()
    assert found is not None
    return found


def _tables() -> list[str]:
    from ..tables import metadata

    return [*metadata.tables, "search"]


def _migrate(address: Address, to: str = HEAD) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine("postgresql+psycopg://", connect_args=dict(address.given), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATE_WITHIN}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_KEY})")
            # Tables of the same names further on in the search path are somebody else's.
            connection.exec_driver_sql(
                "SELECT set_config('search_path', quote_ident(current_schema()), true)"
            )
            if connection.exec_driver_sql(_THERE).scalar():  # somebody was faster
                refuse_newer(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
            run_migrations(connection, to)
    finally:
        engine.dispose()
