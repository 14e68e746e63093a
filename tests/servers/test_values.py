"""Variables, results, hints and logs: pure functions and small values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations
from pydantic import TypeAdapter

from mandrake_jupyter.errors import VariableMissing
from mandrake_jupyter.servers.expand import expand, launch_spec
from mandrake_jupyter.servers.logs import LogRing
from mandrake_jupyter.servers.translate import tool_result, tool_spec
from mandrake_jupyter.values import MCPServerEntry

VARIABLES = {"HOME": "/srv/ada", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${HOME}/x", "/srv/ada/x"),
        ("${HOME:-y}${HOME}", "/srv/ada/srv/ada"),
        ("${MISSING:-a default}", "a default"),
        ("${MISSING:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-other}", "other"),
        ("$HOME {HOME} ${} ${1}", "$HOME {HOME} ${} ${1}"),
    ],
)
def test_variables_are_replaced_by_their_values_or_defaults(text: str, expected: str) -> None:
    assert expand(text, VARIABLES, "x") == expected


def test_a_variable_that_is_not_set_is_named_with_the_way_out() -> None:
    with pytest.raises(VariableMissing) as caught:
        expand("Bearer ${GITHUB_TOKEN}", VARIABLES, "github")
    assert (
        str(caught.value)
        == 'The MCP server "github" needs the environment variable GITHUB_TOKEN, which is not set.'
    )
    assert "${GITHUB_TOKEN:-default}" in caught.value.then


def test_all_parts_of_an_entry_are_expanded_and_its_folder_is_in_the_workspace() -> None:
    entry = MCPServerEntry(
        "x", command="${HOME}/bin", args=("${workspaceFolder}",), env={"A": "${EMPTY:-b}"}, cwd="sub",
        url="https://${HOST:-h}/", headers={"H": "${HOME}"},
    )  # fmt: skip
    spec = launch_spec(entry, VARIABLES, "/srv", "mark")
    assert (spec.command, spec.args, spec.env, spec.cwd) == (
        "/srv/ada/bin",
        ("/srv",),
        {"A": "b"},
        "/srv/sub",
    )
    assert (spec.url, spec.headers) == ("https://h/", {"H": "/srv/ada"})
    assert launch_spec(MCPServerEntry("x"), {}, "/srv", "").cwd == "/srv"


def test_what_is_no_text_is_described_in_words() -> None:
    blocks = [
        {"type": "text", "text": "Hello"},
        {"type": "image", "data": "QUJD" * 10, "mimeType": "image/png"},
        {"type": "audio", "data": "QUJD" * 100_000, "mimeType": "audio/wav"},
        {"type": "resource_link", "uri": "file:///a", "name": "a", "description": "the letter"},
        {"type": "resource", "resource": {"uri": "file:///b", "text": "inside"}},
        {"type": "resource", "resource": {"uri": "file:///c", "blob": "QUJD", "mimeType": "application/zip"}},
    ]
    result = TypeAdapter(CallToolResult).validate_python({"content": blocks, "resultType": "complete"})
    assert tool_result(result, 5).content.splitlines() == [
        "Hello",
        "[an image, image/png, 30 bytes]",
        "[an audio, audio/wav, 300 kB]",
        "[a link to a, file:///a: the letter]",
        "[file:///b]",
        "inside",
        "[a file, file:///c, application/zip, 3 bytes]",
    ]


@pytest.mark.parametrize("odd", [float("inf"), float("nan")])
def test_a_structure_that_is_no_json_is_told_as_text_only(odd: float) -> None:
    result = tool_result(CallToolResult(content=[], structured_content={"n": odd}), 1)
    assert (result.ok, result.structured) == (True, None)
    assert result.content.startswith('{"n": ')


def test_a_result_without_words_shows_its_structure() -> None:
    result = tool_result(CallToolResult(content=[], structured_content={"n": "ü"}), 1)
    assert (result.content, result.structured, result.truncated) == ('{"n": "ü"}', {"n": "ü"}, False)


def test_a_result_is_cut_at_whole_characters() -> None:
    result = tool_result(
        CallToolResult(content=[TextContent(text="ü" * 10)], structured_content={"a": "b" * 20}), 1, 5
    )
    assert (result.content, result.structured, result.truncated) == ("üü", None, True)


def test_hints_are_unknown_where_the_server_says_nothing() -> None:
    spec = tool_spec("s", Tool(name="t", input_schema={"type": "object"}))
    assert (spec.read_only, spec.destructive, spec.idempotent, spec.open_world) == (None, None, None, None)
    hints = ToolAnnotations(title="T", read_only_hint=True, destructive_hint=False)
    spec = tool_spec("s", Tool(name="t", input_schema={"type": "object"}, annotations=hints))
    assert (spec.title, spec.read_only, spec.destructive, spec.idempotent) == ("T", True, False, None)


def test_logs_keep_the_last_lines_within_number_and_size() -> None:
    ring = LogRing(lines=3, size=10)
    for text in ("a", "b", "c", "d"):
        ring.add("stderr", text)
    assert [line.text for line in ring.tail(9)] == ["b", "c", "d"]
    ring.add("stdout", "12345678")
    assert [line.text for line in ring.tail(9)] == ["c", "d", "12345678"]
    ring.add("stderr", "x" * 99)
    assert [line.text for line in ring.tail(9)] == ["x" * 10]
    assert ring.tail(0) == []


def test_logs_are_told_apart_by_stream_and_time() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = iter([start, start + timedelta(seconds=1), start + timedelta(seconds=2)])
    ring = LogRing(now=lambda: next(times))
    for stream in ("stderr", "stdout", "stderr"):
        ring.add(stream, stream)
    assert len(ring.tail(9, "stderr")) == 2
    assert len(ring.tail(9, "stderr", since=start + timedelta(seconds=1))) == 1
    assert ring.tail(1)[0].as_json() == {
        "time": "2026-01-01T00:00:02.000000Z", "stream": "stderr", "text": "stderr", "level": None, "seq": 3,
    }  # fmt: skip
