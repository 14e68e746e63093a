"""Images in a chat's history: shown to models that may take them, told of to those that don't."""

from __future__ import annotations

from typing import Any

import pytest

from mandrake_jupyter.sessions import images
from mandrake_jupyter.sessions.images import kept_apart
from mandrake_jupyter.stores.images import load_images
from mandrake_jupyter.stores.rows import Message
from mandrake_jupyter.stores.runs import RunStore

from .conftest import collect, types


def image(name: str = "a.png", data: bytes = b"\x89PNG") -> dict[str, Any]:
    return {"type": "image", "name": name, "media_type": "image/png", "size": len(data), "data": data}


async def test_a_model_that_takes_none_fails_the_question_and_hears_of_earlier_ones(chat: Any) -> None:
    made = await chat(["A cat."], ["Hm."])
    session = await made.open()
    await collect(session, (await session.post("what?", attachments=[image()])).id)
    made.model.images = False
    events = await collect(session, (await session.post("and this?", attachments=[image("b.png")])).id)
    assert (types(events), events[-1].data["code"]) == (["start", "error"], "model_takes_no_images")
    assert events[-1].data["actions"] == ["choose_model"]
    await collect(session, (await session.post("then in words")).id)
    first, *_, last = made.model.requests[-1].messages
    assert first.images == ()
    assert first.text == "what?\n\n[An image was attached here that is not shown to you: a.png]"
    assert last.text == "then in words"
    assert made.model.requests[0].messages[0].images[0].data == b"\x89PNG"


@pytest.mark.parametrize("takes", [True, None])
async def test_a_model_that_may_take_them_is_shown_them_in_each_turn(chat: Any, takes: bool | None) -> None:
    made = await chat(["A cat."], ["Still."])
    made.model.images = takes
    session = await made.open()
    await collect(session, (await session.post("what?", attachments=[image()])).id)
    await collect(session, (await session.post("and now?")).id)
    assert [len(request.messages[0].images) for request in made.model.requests] == [1, 1]
    assert made.model.requests[0].messages[0].text == "what?\n\n[Attached: Image a.png]"


async def test_of_many_images_the_newest_that_fit_are_shown(
    chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_SHOWN", 10)
    made = await chat(["1"], ["2"])
    session = await made.open()
    await collect(session, (await session.post("old", attachments=[image("old.png", b"12345678")])).id)
    new = [image("new.png", b"12345678")]
    await collect(session, (await session.post("new", attachments=new)).id)
    old, _, last = made.model.requests[-1].messages
    assert (len(old.images), len(last.images)) == (0, 1)
    assert "not shown to you: old.png" in old.text


async def test_an_image_that_is_asked_of_again_is_a_copy_that_outlives_the_first(chat: Any) -> None:
    made = await chat(["1"], ["2"])
    session = await made.open()
    await collect(session, (await session.post("what?", attachments=[image()])).id)
    [first, *_] = await RunStore(made.database).history(made.session_id)
    await collect(session, (await session.post("again?", attachments=first[0].attachments)).id)
    again = (await RunStore(made.database).history(made.session_id))[2][0]
    [one], [other] = first[0].attachments, again.attachments
    assert one["id"] != other["id"]
    assert set((await load_images(made.database, [one["id"], other["id"]])).values()) == {b"\x89PNG"}


def test_bytes_are_in_no_attachment_and_in_no_repr() -> None:
    kept = kept_apart(
        Message("m", "s", "r", "user", "now", (image(data=b"secret"), {"type": "file", "path": "a"}))
    )
    assert "data" not in kept.attachments[0]
    assert kept.attachments[1] == {"type": "file", "path": "a"}
    assert kept.images[0].data == b"secret"
    assert "secret" not in repr(kept)
