"""PostgreSQL as it may be met: empty, older, newer, read-only, held, stopped, with a wrong password. It says so, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from mandrake_jupyter.errors import (
    StoreLocked,
    StoreMisconfigured,
    StoreNewer,
    StoreReadOnly,
    StoreUnavailable,
)
from mandrake_jupyter.stores.backends import postgresql as module
from mandrake_jupyter.stores.backends.postgresql_access import _migrate
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.migrate import HEAD
from mandrake_jupyter.stores.rows import Message, Part, RunRow
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.search import SearchStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.stores.tables import metadata
from mandrake_jupyter.stores.upkeep import Upkeep
from tests.support.mcp_leaks import eventually
from tests.support.places import postgresql
from tests.support.postgres import PASSWORD, USER, Postgres


@pytest.fixture
def schema(postgres: Postgres) -> Iterator[str]:
    with postgres.schema() as schema:
        yield schema


@pytest.fixture
def url(postgres: Postgres, schema: str) -> str:
    return postgres.url(schema)


@pytest.fixture
def open_store(
    schema: str, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Callable[[str], SessionStore]]:
    opened: list[Database] = []

    def make(url: str) -> SessionStore:
        opened.append(Database(postgresql(url)))
        return SessionStore(opened[-1])

    yield make
    for database in opened:
        jp_asyncio_loop.run_until_complete(database.close())


async def filled(store: SessionStore) -> str:
    workspace = await store.workspace_for(Path("/project"))
    await store.create(workspace.id, name="Tides")
    return workspace.id


async def reads(store: SessionStore, count: int = 1) -> None:
    assert len(await store.sessions()) == count
    assert len(await store.workspaces()) == 1
    assert (await SearchStore(store.database).search("tides", None, 9)).chats == 1


async def refuses(store: SessionStore, workspace_id: str, error: type[StoreUnavailable]) -> None:
    for write in (
        store.create(workspace_id),
        store.database.at_once(lambda db: db.exec_driver_sql("DELETE FROM sessions")),
    ):
        with pytest.raises(error) as caught:
            await write
        assert type(caught.value) is error
        assert caught.value.then


def test_the_migrations_make_the_tables_of_the_code(postgres: Postgres) -> None:
    with postgres.schema() as migrated, postgres.schema() as direct:
        shapes = []
        for schema in (migrated, direct):
            address = postgresql(postgres.url(schema)).address
            given = {"connect_args": dict(address.given), "poolclass": NullPool}
            engine = create_engine("postgresql+psycopg://", **given)
            if schema == migrated:
                _migrate(address)
            else:
                metadata.create_all(engine)
            look = inspect(engine)
            shapes.append(
                {
                    name: (
                        [
                            (c["name"], str(c["type"]), c["nullable"], bool(c["default"]))
                            for c in look.get_columns(name)
                        ],
                        sorted(
                            (i["name"], *i["column_names"], str(i.get("dialect_options")))
                            for i in look.get_indexes(name)
                        ),
                        sorted(tuple(u["column_names"]) for u in look.get_unique_constraints(name)),
                        sorted(
                            (*f["constrained_columns"], f["referred_table"], str(f["options"]))
                            for f in look.get_foreign_keys(name)
                        ),
                        look.get_pk_constraint(name)["constrained_columns"],
                    )
                    for name in metadata.tables
                }
            )
            engine.dispose()
        assert shapes[0] == shapes[1]
        assert postgres.sql(f"SELECT version_num FROM {migrated}.alembic_version") == [(HEAD,)]


async def test_servers_that_meet_a_new_schema_at_once_make_it_once(open_store: Any, url: str) -> None:
    rows = await asyncio.gather(*(open_store(url).workspace_for(Path("/p")) for _ in range(3)))
    assert len({row.id for row in rows}) == 1


async def test_many_askers_of_a_notebook_get_one_session(open_store: Any, url: str) -> None:
    stores = [open_store(url) for _ in range(2)]
    workspace = await stores[0].workspace_for(Path("/p"))
    rows = await asyncio.gather(*(store.create(workspace.id, notebook="a.ipynb") for store in stores * 5))
    assert len({row.id for row in rows}) == 1


async def test_what_is_said_comes_back_as_it_was(open_store: Any, url: str) -> None:
    r"""A NUL, quotes, escapes, every plane of Unicode; what is too long for a word or for an index is no error."""
    store = open_store(url)
    workspace = await store.workspace_for(Path("/p"))
    chat = await store.create(workspace.id)
    said = "a\0b \\x00 \\u0000 'q' \"%s\" :p ${X} 𝄞é\u0301\n" + "x" * 300_000 + " " + "y" * 9_000
    said += " ".join(f"word{number}" for number in range(60_000))
    result = {"content": "a\0b", "nul": "\0", "half": "\ud800"}
    run = RunRow("r", chat.id, "me", "calling_model", "q", "a", "now", model="m" * 500)
    runs = RunStore(store.database)
    asked = Message("q", chat.id, "r", "user", "now", ({"t": "\0"},), (Part(0, "text", content=said),))
    await runs.begin(run, asked, {"name": "na\0me", "last_activity": "now"})
    tool = Part(0, "tool", call_id="c" * 60, status="done", result=result, call={"server": "s" * 99})
    await runs.commit(run, parts=[tool], columns={"state": "done", "finish_reason": "f" * 90})
    (question, row), (answer, _) = await runs.history(chat.id)
    assert question.text == said
    assert (question.attachments, answer.parts[0].result) == (({"t": "\0"},), result)
    assert (row.model, row.finish_reason) == ("m" * 500, "f" * 90)
    assert (await store.get(workspace.id, chat.id)).name == "na\0me"
    for words in ("word59", "xxxx", "y" * 900):
        assert (await SearchStore(store.database).search(words, None, 9)).messages == 1, words


async def test_what_a_newer_version_stored_is_only_read(
    open_store: Any, postgres: Postgres, schema: str
) -> None:
    store = open_store(postgres.url(schema))
    workspace = await filled(store)
    postgres.sql(f"UPDATE {schema}.alembic_version SET version_num = '9999'")
    for one in (store, open_store(postgres.url(schema))):
        await reads(one)
        await refuses(one, workspace, StoreNewer)
    postgres.sql(f"UPDATE {schema}.alembic_version SET version_num = '{HEAD}'")
    await store.create(workspace)


@pytest.mark.parametrize("way", ["no right to write", "a server that may only be read"])
async def test_what_may_only_be_read_is_read(
    open_store: Any, postgres: Postgres, schema: str, way: str
) -> None:
    workspace = await filled(open_store(postgres.url(schema)))
    url = postgres.url(schema)
    if way == "no right to write":
        role = f"r_{schema}"
        postgres.sql(f"CREATE ROLE {role} LOGIN")
        postgres.sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        postgres.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
        url = url.replace(f"{USER}@", f"{role}@", 1)
    else:
        url = url.replace("search_path%3D", "default_transaction_read_only%3Don%20-csearch_path%3D")
    store = open_store(url)
    await reads(store)
    await refuses(store, workspace, StoreReadOnly)
    assert store.database.backend.trouble().code == "store_not_writable"
    if way == "no right to write":
        postgres.sql(f"GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}")
        postgres.sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}")
        await store.create(workspace)
        await store.database.close()
        postgres.sql(f"DROP OWNED BY {role}")
        postgres.sql(f"DROP ROLE {role}")


async def test_while_another_writes_it_is_read_and_waited_for_and_then_goes_on(
    open_store: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_WITHIN", 0.2)
    holder = open_store(url)
    workspace = await filled(holder)
    store = open_store(url)
    async with holder.database.write():
        await reads(store)
        await refuses(store, workspace, StoreLocked)
    await store.create(workspace)


async def test_two_schemas_do_not_wait_for_each_other_nor_see_each_other(
    open_store: Any, postgres: Postgres
) -> None:
    with postgres.schema() as alice, postgres.schema() as bob:
        of_alice, of_bob = open_store(postgres.url(alice)), open_store(postgres.url(f"{bob},{alice}"))
        await filled(of_alice)
        async with of_alice.database.write():
            await of_bob.workspace_for(Path("/bob"))
        assert await of_bob.sessions() == []
        assert len(await of_alice.sessions()) == 1
        for store in (of_alice, of_bob):
            await store.database.close()
        postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s",
            f"{bob}%",
        )


async def test_a_lost_connection_is_told_and_made_again(
    open_store: Any, postgres: Postgres, schema: str
) -> None:
    store = open_store(postgres.url(schema))
    workspace = await filled(store)

    def work(db: Connection) -> None:
        postgres.sql(CUT, schema)
        db.execute(text("SELECT 1"))

    with pytest.raises(StoreUnavailable) as caught:
        await store.database.at_once(work)
    assert "kept" in caught.value.then
    await reads(store)
    await store.create(workspace)


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"


async def test_a_deletion_takes_the_words_and_leaves_no_chore(open_store: Any, url: str) -> None:
    store = open_store(url)
    await filled(store)
    (chat,) = await store.sessions()
    upkeep = Upkeep(store.database)
    await store.delete(chat.id)
    assert await upkeep.wipe() is True
    assert await upkeep.drop_backups() == []
    count = text("SELECT (SELECT count(*) FROM search) + (SELECT count(*) FROM chores)")
    assert await store.database.look(lambda db: db.execute(count).scalar()) == 0


WRONG = [
    ("password", "password authentication failed"),
    ("database", 'database "nowhere" does not exist'),
    ("port", "refused"),
]


@pytest.mark.parametrize(("what", "said"), WRONG)
async def test_who_is_not_let_in_is_told_why_and_never_by_the_password(
    postgres: Postgres, schema: str, what: str, said: str
) -> None:
    secret = "wrong-canary/@:?" if what == "password" else PASSWORD
    url = postgres.url(schema, password=secret)
    url = url.replace("/postgres?", "/nowhere?") if what == "database" else url
    url = url.replace(f":{postgres.port}/", ":1/") if what == "port" else url
    store = SessionStore(Database(postgresql(url)))
    with pytest.raises(StoreUnavailable, match=said) as caught:
        await store.sessions()
    told = store.database.backend.trouble()
    assert told.code == "store_unreachable"
    everything = [str(caught.value), caught.value.then, repr(caught.value), told, store.database.backend]
    everything += [repr(vars(store.database)), repr(store.database.backend.address), caught.value.__cause__]
    assert not [one for one in everything if "canary" in repr(one) or "canary" in str(one)]
    await store.database.close()


async def test_a_schema_that_is_not_there_is_named_with_the_way_out(postgres: Postgres) -> None:
    store = SessionStore(Database(postgresql(postgres.url("nobodys"))))
    with pytest.raises(StoreMisconfigured, match="nobodys") as caught:
        await store.sessions()
    assert "CREATE SCHEMA" in caught.value.then


async def test_nobody_is_connected_after_a_close(open_store: Any, postgres: Postgres, schema: str) -> None:
    store = open_store(postgres.url(schema))
    workspace = await filled(store)
    await asyncio.gather(
        *(store.create(workspace) for _ in range(12)), *(store.sessions() for _ in range(12))
    )
    assert postgres.connections(schema) <= 2 * module.KEPT
    await store.database.close()
    await eventually(lambda: postgres.connections(schema) == 0)
