"""Reading on in a long result, within the chat that asked for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.notebook_tools.results import CHUNK
from mandrake_jupyter.notebook_tools.server import JupyterTools
from mandrake_jupyter.sessions.history import SHOWN_TO_MODEL
from mandrake_jupyter.values import CallContext, ToolResult

LONG = "".join(f"{number:08d}" for number in range(10_000))


@pytest.fixture
def tools(tmp_path: Path) -> JupyterTools:
    async def results(session_id: str, call_id: str) -> str | None:
        return {("chat", "call_1"): LONG}.get((session_id, call_id))

    return JupyterTools(tmp_path, None, None, None, results)


async def read(tools: JupyterTools, session: str = "chat", **arguments: Any) -> ToolResult:
    return await tools.call_tool("read_result", arguments, CallContext(session_id=session))


async def test_it_is_read_to_its_end_in_pieces_that_a_model_is_shown_whole(tools: JupyterTools) -> None:
    offset, pieces = SHOWN_TO_MODEL, []
    while True:
        result = await read(tools, call_id="call_1", offset=offset)
        assert result.ok
        assert len(result.content) <= SHOWN_TO_MODEL
        head, text, *more = result.content.split("\n")
        pieces.append(text)
        offset += len(text)
        assert head == f"Characters {offset - len(text)} to {offset} of {len(LONG)}:"
        if not more:
            break
        assert more == [f"[goes on: pass offset {offset}]"]
    assert LONG[:SHOWN_TO_MODEL] + "".join(pieces) == LONG
    assert len(pieces) == -(-(len(LONG) - SHOWN_TO_MODEL) // CHUNK)


@pytest.mark.parametrize(
    ("session", "arguments", "says"),
    [
        ("another", {"call_id": "call_1"}, "no result of a call 'call_1' in this chat"),
        ("", {"call_id": "call_1"}, "no result of a call 'call_1' in this chat"),
        ("chat", {"call_id": "call_2"}, "no result of a call 'call_2' in this chat"),
        ("chat", {"call_id": "call_1", "offset": len(LONG)}, "Pass a smaller offset"),
        ("chat", {"call_id": "call_1", "offset": -1}, "the least is 0"),
        ("chat", {}, "needs 'call_id'"),
    ],
)
async def test_what_can_not_be_read_is_said(
    tools: JupyterTools, session: str, arguments: dict[str, Any], says: str
) -> None:
    result = await read(tools, session, **arguments)
    assert not result.ok
    assert says in result.content
