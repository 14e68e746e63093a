"""Reading on in the middle of an answer, and the bounds of one, over REST."""

from __future__ import annotations

from typing import Any

from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn
from tests.support.watcher import Watcher

from .conftest import Api


async def test_a_stream_of_a_browser_goes_on_behind_its_last_event(model: ScriptedOpenAI, api: Api) -> None:
    model.script = [Turn(tokens=["one", " two"], delay=0.1)]
    session = await api.session()
    events = await api.events("POST", f"{session}/messages", {"content": "go"})
    path = f"{session}/runs/{events[0]['run_id']}/events"
    last: dict[str, Any] = {
        "headers": {"Accept": "text/event-stream", "Last-Event-ID": str(events[-2]["seq"])}
    }
    said = (await api.raw("GET", path, **last)).body.decode()
    assert said.startswith(f"id: {events[-1]['seq']}\nevent: complete\ndata: {{")
    assert said.count("data: ") == 1
    whole, resumed = Watcher(), Watcher()
    for event in events:
        whole.see(event)
    for event in events[:2]:
        resumed.see(event)
    for event in await api.events("GET", f"{path}?after={resumed.after}"):
        resumed.see(event)
    whole.agrees_with(resumed)


async def test_a_message_over_the_bound_is_refused_and_an_answer_over_it_is_cut_off(
    model: ScriptedOpenAI, api: Api
) -> None:
    api.registry.max_message_size = 20
    api.registry.max_part_size = 10
    model.script = [Turn(tokens=["12345", "67890", "more"])]
    session = await api.session()
    status, body = await api.error("POST", f"{session}/messages", {"content": "x" * 21})
    assert (status, body["code"]) == (400, "bad_request")
    answer = await api("POST", f"{session}/messages", {"content": "x" * 20})
    assert (answer["parts"][0]["content"], answer["finish_reason"]) == ("1234567890", "length")


async def test_a_message_of_many_long_characters_may_have_as_many_as_others(
    model: ScriptedOpenAI, api: Api
) -> None:
    api.registry.max_message_size = 400_000
    model.script = [Turn(tokens=["ok"])]
    session = await api.session()
    answer = await api("POST", f"{session}/messages", {"content": "𝄞" * 400_000})
    assert answer["error"] is None
