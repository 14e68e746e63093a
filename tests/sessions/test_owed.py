"""A store that fails in mid-answer and works again: what was shown as the end is the end, and there is one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mandrake_jupyter.errors import StoreUnavailable
from mandrake_jupyter.stores.runs import RunStore

from .conftest import call, collect, types


@pytest.mark.parametrize("what", ["text", "call"])
async def test_the_end_that_was_shown_is_stored_once_the_store_takes_it(
    chat: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    gate = asyncio.Event()
    made = await chat(["kept ", *([] if what == "text" else [call("read", path="a")]), gate], ["Well."])
    session = await made.open("one")
    run = await session.post("go")
    await collect(session, run.id, until=lambda event: event.type == "token")

    async def full(*_: Any, **__: Any) -> None:
        raise StoreUnavailable(why="the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "commit", full)
        gate.set()
        shown = await collect(session, run.id)
    end = shown[-1]
    assert (end.type, end.data["code"]) == ("error", "store_unavailable")

    async with asyncio.timeout(60):
        while session.busy:
            await asyncio.sleep(0)
    again = await collect(session, run.id)
    assert again[-1] == end
    assert types(again).count("error") == 1
    other = await made.open("two")
    assert (await collect(other, run.id))[-1] == end
    [_, answer] = await other.messages()
    assert (answer["status"], answer["error"]["code"]) == ("failed", "store_unavailable")
    assert answer["parts"][0]["content"] == "kept "
    assert made.tools.calls == []
    after = await session.post("and now?")
    assert types(await collect(session, after.id))[-1] == "complete"
