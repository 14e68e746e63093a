"""What docs/design-map.md shows of the document's two calls is run, in a real Jupyter server."""

from __future__ import annotations

import asyncio
import doctest
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn, last_text

from .conftest import Api

PAGE = Path(__file__).parent.parent.parent / "docs" / "design-map.md"


def answers(body: dict[str, Any]) -> Turn:
    if body["messages"][-1]["role"] == "tool":
        return Turn(["There is one."])
    asked = [m["content"] for m in body["messages"] if m["role"] == "user"]
    if asked.count("And now?") == 2:
        return Turn(status=401)
    known = last_text(body) in ("Which files are there?", "And now?")
    return Turn(["Let me look. "], calls=[Call("jupyter__list_files")] if known else [])


def test_what_the_design_map_shows_is_what_happens(
    model: ScriptedOpenAI, api: Api, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> None:
    model.brain = answers
    session = jp_asyncio_loop.run_until_complete(api.session()).rsplit("/", 1)[-1]

    def run(ask: Callable[[Any], Awaitable[Any]]) -> Any:
        async def asked() -> Any:
            async with api.registry.get_session_coordinator_for_request("default", session) as chat:
                return await asyncio.wait_for(ask(chat), 30)

        return jp_asyncio_loop.run_until_complete(asked())

    text = PAGE.read_text("utf-8")
    examples = doctest.DocTestParser().get_doctest(text, {"run": run}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) == 7
    told: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert result.failed == 0, "".join(told)
