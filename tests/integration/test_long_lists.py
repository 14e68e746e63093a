"""Very many chats over REST: lists in pages that lead on, exact filters, search, and clients that miss none."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from sqlalchemy import text

SESSION = (
    "INSERT INTO sessions (id, workspace_id, name, titled, created, last_activity) "
    "VALUES (:id, :workspace, :name, 1, :moment, :moment)"
)


async def fill(api: Any, count: int) -> str:
    """`count` chats, two of each moment; the workspace's id."""
    workspace = (await api("GET", "workspaces/default"))["id"]
    rows = [
        {
            "id": f"id-{number:04}",
            "workspace": workspace,
            "name": f"Chat {number}",
            "moment": f"2026-01-01T{number // 2:03}:00:00.000000Z",
        }
        for number in range(count)
    ]
    services = await api.registry.initialize_services()
    async with services.database.write() as db:
        await db.execute(text(SESSION), rows)
    return str(workspace)


def after(response: Any) -> str | None:
    link = response.headers.get("Link")
    if link is None:
        return None
    assert link.endswith('>; rel="next"')
    return parse_qs(urlsplit(link[1:].partition(">")[0]).query)["after"][0]


async def test_pages_lead_through_all_chats_and_each_is_there_once(api: Any) -> None:
    workspace = await fill(api, 250)
    for path in ("sessions", "workspaces/default/sessions", f"workspaces/{workspace}/sessions"):
        seen, place, pages = [], None, 0
        while pages == 0 or place:
            response = await api.raw("GET", path + (f"?after={place}" if place else ""))
            page = await api("GET", path + (f"?after={place}" if place else ""))
            seen += [chat["id"] for chat in page]
            place, pages = after(response), pages + 1
        assert pages == 3
        assert seen == [f"id-{number:04}" for number in reversed(range(250))]


async def test_a_chat_that_is_used_meanwhile_moves_no_other_out_of_the_pages(api: Any) -> None:
    await fill(api, 30)
    first = await api.raw("GET", "sessions?limit=10")
    await api("PATCH", "workspaces/default/sessions/id-0005", {"name": "used"})
    services = await api.registry.initialize_services()
    await services.sessions.change("id-0005", last_activity="2027-01-01T00:00:00.000000Z")
    second = await api("GET", f"sessions?limit=10&after={after(first)}")
    assert [chat["id"] for chat in second] == [f"id-{number:04}" for number in range(19, 9, -1)]


async def test_chats_are_found_by_exact_name_and_by_notebook(api: Any) -> None:
    await fill(api, 120)
    made = await api("POST", "workspaces/default/sessions", {"notebook": "a b/x.ipynb"})
    assert [c["id"] for c in await api("GET", "workspaces/default/sessions?name=Chat 3")] == ["id-0003"]
    for path in ("a b/x.ipynb", f"{api.root}/a b/x.ipynb"):
        found = await api("GET", f"workspaces/default/sessions?notebook={path}")
        assert [chat["id"] for chat in found] == [made["id"]]
    assert await api("GET", "sessions?name=Chat") == []


async def test_a_limit_or_a_place_that_is_none_is_refused_in_words(api: Any) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", "after=%%%", "after=YQ", "after=" + "A" * 5000):
        status, body = await api.error("GET", f"sessions?{query}")
        assert (status, body["code"]) == (400, "bad_request")
        assert query.partition("=")[0] in body["message"]


async def test_what_was_said_is_found_over_rest(api: Any, model: Any) -> None:
    chat = await api.session()
    message = await api("POST", f"{chat}/messages", {"content": "Where do the herons breed?"})
    found = await api("GET", "search?q=herons breed&workspace=default")
    (result,) = found["results"]
    assert (found["query"], found["chats"], found["more"]) == ("herons breed", 1, False)
    assert result["session"]["id"] == message["session_id"]
    kinds = {hit["kind"]: hit for hit in result["hits"]}
    assert kinds["text"]["run_id"] == message["run_id"]
    history = await api("GET", f"{chat}/messages")
    assert (kinds["text"]["message_id"], kinds["text"]["role"]) in [(m["id"], m["role"]) for m in history]
    assert [piece["text"] for piece in kinds["title"]["snippet"] if piece["mark"]] == ["herons", "breed"]
    await api("DELETE", chat)
    assert (await api("GET", "search?q=herons"))["results"] == []


async def test_a_search_for_anything_answers(api: Any) -> None:
    await api.session()
    for query in ("", '"', "a OR", quote("天" * 1000), quote("\0\n🎉"), "x" * 10_000):
        assert (await api("GET", f"search?q={query}"))["results"] == []
    for query, code in (("q=x&limit=0", 400), ("limit=3", 400), ("q=x&workspace=none", 404)):
        assert (await api.error("GET", f"search?{query}"))[0] == code
