"""``/prompt``: stored as typed, filled in once by the MCP server, read by the model in its roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from mandrake_jupyter.errors import BadRequest, MCPServerNotFound, PromptNotFound
from mandrake_jupyter.servers.offered import FilledPrompt, PromptMessage
from mandrake_jupyter.sessions.prompted import CUT, LONGEST_PROMPT

from .conftest import ScriptedTools, call, collect, types


def said(role: Literal["user", "assistant"], text: str) -> PromptMessage:
    return PromptMessage(role, "text", text)


class PromptingTools(ScriptedTools):
    """An MCP server ``files`` with the prompt ``greet``, which is another one each time it is filled in."""

    filled: list[FilledPrompt]
    asked: list[tuple[str, dict[str, str]]]

    def __init__(self, *filled: FilledPrompt) -> None:
        super().__init__()
        self.filled = list(filled)
        self.asked = []

    async def offers(self, name: str, session_id: str = "") -> PromptingTools:
        if name != "files":
            raise MCPServerNotFound(name=name, known="files")
        return self

    async def prompt(self, name: str, arguments: Any) -> FilledPrompt:
        self.asked.append((name, dict(arguments)))
        if name != "greet":
            raise PromptNotFound(name="files", prompt=name, known="greet")
        return self.filled.pop(0)


async def prompting(chat: Callable[..., Any], *script: Any, filled: list[FilledPrompt]) -> Any:
    test = await chat(*script)
    test.tools = PromptingTools(*filled)
    return test


ONE = FilledPrompt("", (said("user", "Greet Ada warmly."),), False)


async def test_the_model_reads_what_was_filled_in_and_the_chat_keeps_what_was_typed(
    chat: Callable[..., Any],
) -> None:
    test = await prompting(chat, ["Hello Ada"], filled=[ONE])
    coordinator = await test.open()
    run = await coordinator.post('/prompt files greet {"who": "Ada"}')
    assert types(await collect(coordinator, run.id))[-1] == "complete"
    assert test.tools.asked == [("greet", {"who": "Ada"})]
    (turn,) = test.model.requests[0].messages
    assert (turn.role, turn.text) == ("user", "Greet Ada warmly.")
    question = (await coordinator.messages())[0]
    assert question["parts"][0]["content"] == '/prompt files greet {"who": "Ada"}'
    assert question["attachments"] == []


async def test_it_is_filled_in_once_so_that_the_history_stays_what_it_was(chat: Callable[..., Any]) -> None:
    """Also for the next Jupyter server, and in the later steps of the same answer."""
    filled = FilledPrompt("", (said("user", "How?"), said("assistant", "Well."), said("user", "Go.")), False)
    test = await prompting(chat, [call("read", path="a")], ["done"], ["again"], filled=[filled])
    coordinator = await test.open()
    await collect(coordinator, (await coordinator.post("/prompt files greet")).id)
    second = await test.open("two")
    await collect(second, (await second.post("and now?")).id)
    begins = [("user", "How?"), ("assistant", "Well."), ("user", "Go.")]
    for request in test.model.requests:
        assert [(turn.role, turn.text) for turn in request.messages[:3]] == begins
    assert len(test.model.requests) == 3
    assert test.tools.asked == [("greet", {})]


async def test_what_is_attached_follows_and_a_model_always_answers_a_user(chat: Callable[..., Any]) -> None:
    backwards = FilledPrompt("", (said("assistant", "I am a parrot."),), False)
    test = await prompting(chat, ["a"], ["b"], ["c"], filled=[ONE, backwards, FilledPrompt("", (), False)])
    coordinator = await test.open()
    attached = [{"type": "file", "path": "a.txt", "text": "[Attached: a.txt]"}]
    await collect(coordinator, (await coordinator.post("/prompt files greet", attachments=attached)).id)
    await collect(coordinator, (await coordinator.post("/prompt files greet {}")).id)
    await collect(coordinator, (await coordinator.post("/prompt files greet")).id)
    assert [(turn.role, turn.text) for turn in test.model.requests[-1].messages] == [
        ("user", "Greet Ada warmly."),
        ("user", "[Attached: a.txt]"),
        ("assistant", "a"),
        ("user", "/prompt files greet {}"),
        ("assistant", "I am a parrot."),
        ("user", "Go on."),
        ("assistant", "b"),
        ("user", "/prompt files greet"),
    ]


async def test_a_prompt_that_is_too_long_is_cut_and_says_so(chat: Callable[..., Any]) -> None:
    long = FilledPrompt(
        "", (said("user", "x" * 50_000), said("user", "y" * 50_000), said("user", "z")), False
    )
    test = await prompting(chat, ["a"], filled=[long])
    coordinator = await test.open()
    await collect(coordinator, (await coordinator.post("/prompt files greet")).id)
    first, second = (turn.text for turn in test.model.requests[0].messages)
    assert len(first) == 50_000
    assert second == "y" * (LONGEST_PROMPT - 50_000) + f"\n{CUT}"


@pytest.mark.parametrize(
    ("content", "code"),
    [("/prompt nobody greet", "mcp_server_not_found"), ("/prompt files nothing", "prompt_not_found")],
)
async def test_what_cannot_be_filled_in_ends_the_answer_in_words_and_the_chat_goes_on(
    chat: Callable[..., Any], content: str, code: str
) -> None:
    test = await prompting(chat, ["fine"], filled=[])
    coordinator = await test.open()
    events = await collect(coordinator, (await coordinator.post(content)).id)
    assert types(events) == ["start", "error"]
    assert events[-1].data["code"] == code
    await collect(coordinator, (await coordinator.post("hello")).id)
    assert [turn.text for turn in test.model.requests[0].messages] == [content, "hello"]


@pytest.mark.parametrize(
    "content",
    [
        "/prompt",
        "/prompt files",
        "/prompt files greet [1]",
        "/prompt files greet {",
        '/prompt files greet {"a": 1}',
    ],
)
async def test_one_that_cannot_be_understood_is_refused_with_what_to_write(
    chat: Callable[..., Any], content: str
) -> None:
    test = await prompting(chat, filled=[])
    coordinator = await test.open()
    with pytest.raises(BadRequest, match="Write /prompt MCP-SERVER PROMPT"):
        await coordinator.post(content)
    assert await coordinator.messages() == []
