"""PostgreSQL as others have set it up: its encoding, what it lets be written while we are connected, how long it waits for us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from mandrake_jupyter.errors import StoreMisconfigured, StoreNewer, StoreReadOnly, StoreUnavailable
from mandrake_jupyter.stores.backends.postgresql_access import WRITE_KEY, access
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.sessions import SessionStore
from tests.support.mcp_leaks import eventually
from tests.support.places import postgresql
from tests.support.postgres import PASSWORD, USER, Postgres


@pytest.fixture
def schema(postgres: Postgres) -> Iterator[str]:
    with postgres.schema() as schema:
        yield schema


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_that_cannot_keep_every_character_is_refused_with_the_way_out(
    postgres: Postgres, schema: str, encoding: str
) -> None:
    postgres.sql(f"CREATE DATABASE {schema} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    try:
        store = SessionStore(
            Database(postgresql(postgres.url("public").replace("/postgres?", f"/{schema}?")))
        )
        with pytest.raises(StoreMisconfigured, match=encoding) as caught:
            await store.workspace_for(Path("/p"))
        assert "UTF8" in caught.value.then
        assert store.database.backend.trouble().code == "store_misconfigured"  # type: ignore[union-attr]
        await store.database.close()
    finally:
        postgres.sql(f"DROP DATABASE {schema} WITH (FORCE)")


async def test_another_encoding_of_the_connection_changes_nothing(postgres: Postgres, schema: str) -> None:
    store = SessionStore(Database(postgresql(postgres.url(schema, client_encoding="LATIN1"))))
    workspace = await store.workspace_for(Path("/p"))
    await store.create(workspace.id, name="潮")
    assert [row.name for row in await store.sessions()] == ["潮"]
    await store.database.close()


async def test_when_postgresql_lets_nothing_be_written_any_more_that_is_respected_and_told(
    postgres: Postgres, schema: str
) -> None:
    store = SessionStore(Database(postgresql(postgres.url(schema))))
    workspace = await store.workspace_for(Path("/p"))
    postgres.sql(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    try:
        postgres.sql(cut, schema)
        await eventually(lambda: not postgres.connections(schema))
        with pytest.raises(StoreReadOnly):
            await store.create(workspace.id)
        assert await store.sessions() == []
    finally:
        postgres.sql(f"BEGIN READ WRITE; ALTER ROLE {USER} RESET default_transaction_read_only; COMMIT")
        postgres.sql(cut, schema)
    await store.create(workspace.id)
    await store.database.close()


async def test_a_connection_that_broke_while_nobody_used_it_is_no_trouble_of_the_log(
    postgres: Postgres, schema: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where it breaks between the pool's look at it and its use."""
    database = Database(postgresql(postgres.url(schema)))
    store = SessionStore(database)
    for read in (store.sessions, store.workspaces):
        assert await read() == []
        for engine in (database._engine.sync_engine, database._whole):  # type: ignore[union-attr]
            monkeypatch.setattr(engine.dialect, "do_ping", lambda connection: True)
        cut = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = %s"
        postgres.sql(cut, schema)
        with pytest.raises(StoreUnavailable):
            await read()
        assert await read() == []
    assert not caplog.records
    await database.close()


async def test_a_machine_that_is_gone_keeps_no_lock_for_hours_and_plans_are_made_for_their_words(
    postgres: Postgres, schema: str
) -> None:
    database = Database(postgresql(postgres.url(schema, password=PASSWORD)))
    names = ("tcp_keepalives_idle", "tcp_keepalives_count", "tcp_user_timeout")
    names += ("idle_in_transaction_session_timeout", "plan_cache_mode")

    def shown(db: Connection) -> list[str]:
        return [str(db.execute(text(f"SHOW {name}")).scalar()) for name in names]

    try:
        for found in (await database.at_once(shown), await database.look(shown)):
            assert found == ["20", "3", "20000", "1min", "force_custom_plan"]
    finally:
        await database.close()


async def test_where_a_newer_version_makes_the_schema_meanwhile_it_is_only_read(
    postgres: Postgres, schema: str
) -> None:
    backend = postgresql(postgres.url(schema))
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with backend.connect() as other, backend.connect() as ours:
        with other.transaction():
            other.execute(f"SELECT pg_advisory_xact_lock({WRITE_KEY})")
            opening = asyncio.ensure_future(asyncio.to_thread(access, ours, backend.address))
            await eventually(lambda: postgres.sql(waits) == [(1,)])
            other.execute("CREATE TABLE alembic_version (version_num text)")
            other.execute("INSERT INTO alembic_version VALUES ('9999')")
        assert isinstance((await opening).refusal, StoreNewer)
