"""A Jupyter server that loses its lock is taken for dead by others: it takes the lock again, and never writes over them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import RunningElsewhere
from mandrake_jupyter.registry.services import _keep_lock
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.instances import Instances
from mandrake_jupyter.stores.rows import Message, RunRow
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.sessions import SessionStore
from mandrake_jupyter.values import Event
from tests.support.places import BOTH

PLACES = BOTH


@pytest.fixture
def mine(tmp_path: Path) -> Any:
    mine = Instances(tmp_path, "mine")
    mine.hold()
    yield mine
    mine.release()


async def test_a_removed_lock_makes_a_living_server_look_dead_until_it_is_taken_again(
    mine: Instances, tmp_path: Path
) -> None:
    other = Instances(tmp_path)
    assert mine.intact()
    assert await other.alive("mine")
    (tmp_path / "mine.lock").unlink()
    assert not mine.intact()
    assert not await other.alive("mine")
    assert mine.keep()
    assert mine.intact()
    assert await other.alive("mine")


async def test_a_replaced_lock_is_seen_although_the_file_is_there(mine: Instances, tmp_path: Path) -> None:
    (tmp_path / "new").write_text("")
    (tmp_path / "new").replace(tmp_path / "mine.lock")
    assert not mine.intact()
    assert mine.keep()
    assert mine.intact()


async def test_the_folder_may_have_been_removed_whole(mine: Instances, tmp_path: Path) -> None:
    (tmp_path / "mine.lock").unlink()
    tmp_path.rmdir()
    assert mine.keep()


async def test_a_lock_that_somebody_has_is_his(mine: Instances, tmp_path: Path) -> None:
    (tmp_path / "mine.lock").unlink()
    thief = Instances(tmp_path, "mine")
    thief.hold()
    assert not mine.keep()
    mine.release()
    assert (tmp_path / "mine.lock").exists(), "it is not ours to remove"
    thief.release()


async def test_the_keeper_takes_it_again_and_complains_once_while_it_can_not(
    mine: Instances, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = asyncio.ensure_future(_keep_lock(mine, every=0.001))
    (tmp_path / "mine.lock").unlink()
    async with asyncio.timeout(60):
        while not mine.intact():
            await asyncio.sleep(0)
        while "It was taken again." not in caplog.text:
            await asyncio.sleep(0)
        thief = Instances(tmp_path, "thief")
        thief.hold()
        looks, intact = 0, mine.intact

        def counted() -> bool:
            nonlocal looks
            looks += 1
            return intact()

        mine.intact = counted  # type: ignore[method-assign]
        (tmp_path / "thief.lock").replace(tmp_path / "mine.lock")
        while looks < 10:
            await asyncio.sleep(0)
    keeper.cancel()
    await asyncio.wait([keeper])
    thief.release()
    assert caplog.text.count("can't be taken again yet") == 1


async def test_what_another_server_took_over_is_not_written_any_more(place: Any, tmp_path: Path) -> None:
    """It took this one for dead: its word stands, whatever comes late."""
    database = Database(place)
    sessions, store = SessionStore(database), RunStore(database)
    workspace = await sessions.workspace_for(tmp_path)
    session = await sessions.create(workspace.id)
    run = RunRow("r", session.id, "mine", "calling_model", "q", "a", "now")
    await store.begin(run, Message("q", session.id, "r", "user", "now"), {"titled": True})
    await store.commit(run, events=[Event("start", 1, "r", "now")])
    taken = await store.adopt(run, "another")
    assert taken is not None
    with pytest.raises(RunningElsewhere):
        await store.commit(run, events=[Event("token", 2, "r", "now")], columns={"state": "done"})
    assert (await store.get(session.id, "r")).state == "calling_model"
    assert [event.seq for event in await store.replay(taken)] == [1]
    await store.commit(replace(taken), columns={"state": "failed"})
    await database.close()
