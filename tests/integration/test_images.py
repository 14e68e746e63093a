"""Images in a chat: files and pasted bytes, stored once, shown to the model, and refused in words where they are none."""

from __future__ import annotations

import base64
import os
import time
from typing import Any

import pytest
from sqlalchemy import func, select

from mandrake_jupyter.handlers.base import LONGEST_BODY
from mandrake_jupyter.stores.tables import images
from tests.support.patience import within
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 60
GIF = b"GIF89a" + b"\0" * 20
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 20


def pasted(data: bytes, **fields: Any) -> dict[str, Any]:
    return {"type": "image", "name": "clip.png", "data": base64.b64encode(data).decode(), **fields}


def asked(api_: Api, *attachments: dict[str, Any]) -> dict[str, Any]:
    return {"content": "What is it?", "attachments": list(attachments)}


async def stored(api: Api) -> int:
    services = await api.registry.initialize_services()
    async with services.database.read() as db:
        return int((await db.execute(select(func.count()).select_from(images))).scalar_one())


def shown(body: dict[str, Any], number: int) -> list[str]:
    """The images of a message of a request, as data URLs."""
    content = [m for m in body["messages"] if m["role"] == "user"][number]["content"]
    if isinstance(content, str):
        return []
    return [part["image_url"]["url"] for part in content if part["type"] == "image_url"]


async def test_images_reach_the_model_now_and_in_later_turns_and_are_stored_once(
    model: ScriptedOpenAI, api: Api
) -> None:
    (api.root / "plots").mkdir()
    (api.root / "plots" / "a.png").write_bytes(PNG)
    session = await api.session()
    path = {"type": "image", "path": "plots/a.png"}
    await api("POST", f"{session}/messages", asked(api, path, pasted(JPEG)))
    (api.root / "plots" / "a.png").unlink()
    await api("POST", f"{session}/messages", {"content": "And now?"})
    urls = [
        f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"
        for kind, raw in [("png", PNG), ("jpeg", JPEG)]
    ]
    assert [shown(body, 0) for body in model.chats] == [urls, urls]
    assert shown(model.chats[1], 1) == []
    assert await stored(api) == 2
    question = (await api("GET", f"{session}/messages"))[0]
    one, other = question["attachments"]
    assert one == {
        "type": "image",
        "id": one["id"],
        "name": "plots/a.png",
        "media_type": "image/png",
        "size": len(PNG),
    }
    assert (other["name"], other["media_type"], other["size"]) == ("clip.png", "image/jpeg", len(JPEG))


async def test_an_image_is_given_back_as_it_was_and_only_in_its_chat(model: ScriptedOpenAI, api: Api) -> None:
    session, elsewhere = await api.session(), await api.session()
    body = asked(api, *(pasted(raw) for raw in (PNG, JPEG, GIF, WEBP)))
    await api("POST", f"{session}/messages", body)
    found = (await api("GET", f"{session}/messages"))[0]["attachments"]
    assert [one["media_type"] for one in found] == ["image/png", "image/jpeg", "image/gif", "image/webp"]
    for one, raw in zip(found, (PNG, JPEG, GIF, WEBP), strict=True):
        answer = await api.raw("GET", f"{session}/images/{one['id']}")
        assert answer.body == raw
        assert answer.headers["Content-Type"] == one["media_type"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"].startswith("private")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    status, error = await api.error("GET", f"{elsewhere}/images/{found[0]['id']}")
    assert (status, error["code"]) == (404, "image_not_found")
    await api("DELETE", session)
    assert await stored(api) == 0


async def test_what_is_no_image_is_refused_quickly_and_in_words(model: ScriptedOpenAI, api: Api) -> None:
    root = api.root
    outside = root.parent / "outside.png"
    outside.write_bytes(PNG)
    (root / "link.png").symlink_to(outside)
    (root / ".hidden.png").write_bytes(PNG)
    (root / "folder.png").mkdir()
    (root / "empty.png").write_bytes(b"")
    (root / "text.png").write_text("no image", "utf-8")
    os.mkfifo(root / "pipe.png")
    with (root / "huge.png").open("wb") as file:
        file.write(PNG)
        file.truncate(2_000_000_000)
    refused = {
        "link.png": (403, "outside the project"),
        "../outside.png": (403, "leads out of the project"),
        ".hidden.png": (403, "is hidden"),
        "folder.png": (400, "a folder"),
        "pipe.png": (400, "a named pipe"),
        "empty.png": (400, "is empty"),
        "text.png": (400, "no PNG, JPEG, GIF or WebP"),
        "huge.png": (400, "larger than 5 MB"),
        "none.png": (404, "There is no file"),
    }
    session = await api.session()
    begun = time.monotonic()
    for path, (status, words) in refused.items():
        found, error = await api.error(
            "POST", f"{session}/messages", asked(api, {"type": "image", "path": path})
        )
        assert (path, found) == (path, status)
        assert words in error["message"]
        assert str(root) not in error["message"]
    assert time.monotonic() - begun < within(10)
    assert await api("GET", f"{session}/messages") == []
    assert model.chats == []


NO_IMAGES = [
    (pasted(b"%PDF-1.7"), "no PNG"),
    (pasted(b""), "is empty"),
    (pasted(PNG + bytes(5_000_000)), "larger than 5 MB"),
    ({"type": "image", "name": "x", "data": "###"}, "not base64"),
    ({"type": "image", "name": "x", "data": 5}, "base64"),
    (pasted(PNG, name="a\nb"), "one line"),
    (pasted(PNG, name="x" * 201), "one line"),
    (pasted(PNG, path="a.png"), "either"),
    ({"type": "image"}, "either"),
]


async def test_pasted_bytes_that_are_no_image_are_refused_in_words(model: ScriptedOpenAI, api: Api) -> None:
    for attachment, words in NO_IMAGES:
        session = await api.session()
        status, error = await api.error("POST", f"{session}/messages", asked(api, attachment))
        assert status == 400
        assert words in error["message"]


async def test_a_message_takes_ten_images_and_no_more(model: ScriptedOpenAI, api: Api) -> None:
    session = await api.session()
    large = PNG + bytes(600_000)
    await api("POST", f"{session}/messages", asked(api, *[pasted(large)] * 10))
    assert len(shown(model.chats[0], 0)) == 10
    status, error = await api.error("POST", f"{session}/messages", asked(api, *[pasted(PNG)] * 11))
    assert (status, error["message"]) == (400, "A message takes at most 10 images.")


async def test_a_provider_that_says_it_takes_no_images_is_told_apart(model: ScriptedOpenAI, api: Api) -> None:
    said = {"message": "image input is not supported - hint: you may need to provide the mmproj", "code": 500}
    model.script = [Turn(status=500, error=said)]
    session = await api.session()
    answer = await api("POST", f"{session}/messages", asked(api, pasted(PNG)))
    assert (answer["error"]["code"], answer["error"]["actions"]) == (
        "model_takes_no_images",
        ["choose_model"],
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"content": "PAD" "hello"}',
        '["PAD"]',
        '{"content": "hello", "pad": "PAD\\ud800"}',
        '{"content": "hello", "pad": "PAD", "wait": NaN}',
        '{"content": "hello", "pad": "PAD", "wait": 1e999}',
    ],
)
async def test_a_large_request_that_is_no_message_is_refused_in_words(api: Api, body: str) -> None:
    session = await api.session()
    status, answer = await api.error(
        "POST", f"{session}/messages", body.replace("PAD", "x" * (LONGEST_BODY + 1))
    )
    assert (status, answer["code"]) == (400, "bad_request")
    assert len(answer["message"]) < 300
    assert await api("GET", f"{session}/messages") == []
