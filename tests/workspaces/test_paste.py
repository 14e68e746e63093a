"""What people paste becomes MCP server entries, or a sentence that says what to paste instead."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mandrake_jupyter.errors import BadRequest
from mandrake_jupyter.workspaces.entries import check_name
from mandrake_jupyter.workspaces.paste import parse_pasted, suggest_name

TIME = {"command": "uvx", "args": ["mcp-server-time"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"mcpServers": {"time": {"command": "uvx", "args": ["mcp-server-time"]}}}', [("time", TIME)]),
        (
            '```json\n{"mcpServers": {"time": {"command": "uvx", "args": ["mcp-server-time"],},}} // x\n```',
            [("time", TIME)],
        ),
        ('"time": {"command": "uvx", "args": ["mcp-server-time"]},', [("time", TIME)]),
        ('{"time": {"command": "uvx", "args": ["mcp-server-time"]}}', [("time", TIME)]),
        ('{"command": "uvx", "args": ["mcp-server-time"]}', [("time", TIME)]),
        (
            '{"mcp": {"servers": {"my time": {"command": "uvx", "args": ["mcp-server-time"]}}}}',
            [("my-time", TIME)],
        ),
        ('{"mcp_servers": [{"name": "t", "command": "uvx", "args": ["mcp-server-time"]}]}', [("t", TIME)]),
        (
            '{"servers": {"a": {"url": "https://a.org"},'
            ' "b": {"command": "b", "env": {"K": "${input:api-key}"}}}, "inputs": []}',
            [("a", {"url": "https://a.org"}), ("b", {"command": "b", "env": {"K": "${API_KEY}"}})],
        ),
        (
            '{"servers": {"b": {"command": "b", "env": {"K": "${input:api-key}"}}},'
            ' "inputs": [{"id": "api-key", "type": "promptString", "password": true}]}',
            [("b", {"command": "b", "env": {"K": "${secret:api-key}"}})],
        ),
        ("https://mcp.linear.app/sse", [("linear", {"type": "sse", "url": "https://mcp.linear.app/sse"})]),
        ("http://localhost:8080/mcp", [("localhost", {"type": "http", "url": "http://localhost:8080/mcp"})]),
        ("uvx mcp-server-time", [("time", TIME)]),
        ("`$ uvx mcp-server-time`", [("time", TIME)]),
        (
            "TOKEN='a b' npx -y \\\n  @acme/notes-mcp@1.2 ./notes",
            [
                (
                    "notes",
                    {
                        "command": "npx",
                        "args": ["-y", "@acme/notes-mcp@1.2", "./notes"],
                        "env": {"TOKEN": "a b"},
                    },
                )
            ],
        ),
        (
            "docker run -i --rm -e GITHUB_TOKEN ghcr.io/github/github-mcp-server:1",
            [
                (
                    "github",
                    {
                        "command": "docker",
                        "args": [
                            "run",
                            "-i",
                            "--rm",
                            "-e",
                            "GITHUB_TOKEN",
                            "ghcr.io/github/github-mcp-server:1",
                        ],
                    },
                )
            ],
        ),
        (
            "python3.12 -m mcp_server_git",
            [("git", {"command": "python3.12", "args": ["-m", "mcp_server_git"]})],
        ),
        (
            "claude mcp add --transport http -H 'Authorization: Bearer ${T}' sentry https://mcp.sentry.dev/mcp",
            [
                (
                    "sentry",
                    {
                        "type": "http",
                        "url": "https://mcp.sentry.dev/mcp",
                        "headers": {"Authorization": "Bearer ${T}"},
                    },
                )
            ],
        ),
        (
            "claude mcp add air --env K=v -- npx -y airtable-mcp",
            [("air", {"command": "npx", "args": ["-y", "airtable-mcp"], "env": {"K": "v"}})],
        ),
        ('{"jupyter": {"command": "x"}}', [("jupyter-2", {"command": "x"})]),
    ],
)
def test_readme_forms_are_understood(text: str, found: list[tuple[str, dict[str, Any]]]) -> None:
    assert parse_pasted(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing in it. Paste the JSON"),
        ("hello world", "neither JSON, nor an address, nor a command line. Paste the JSON"),
        ("{\n'a': 1}", "Line 2 of what you pasted: write double quotes"),
        ('{"mcpServers": {}}', "no MCP server in it"),
        ('{"a": 1}', '"a" is no MCP server'),
        ("null", "neither JSON"),
        ("npx -y a && rm -rf /", "more than one plain command"),
        ("npx -y a\nnpx -y b", "more than one plain command"),
        ('npx "a', "A quote in the command line is not closed"),
        ("ftp://example.org", "https://"),
        ('{"command": "npx -y foo"}', 'Write {"command": "npx", "args": ["-y", "foo"]}'),
        ("x" * 300_000, "more than 200 KB"),
        ("claude mcp add", "no name, or nothing to start"),
    ],
)
def test_what_is_not_understood_says_what_to_paste_instead(text: str, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_pasted(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "npx " + "a" + "@" * 150_000,
        '{"command": "' + "@" * 150_000 + '\\nx"}',
        '{"a": "' + "${input:" * 24_000 + '"}',
        "A=b " * 45_000 + "npx x",
        "npx " + "-e " * 60_000,
        "claude mcp add " + "-e K=v " * 25_000,
    ],
)
def test_a_long_text_is_read_in_time_that_grows_with_its_length(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(BadRequest):
        parse_pasted(text)
    assert time.process_time() - began < 2


def test_a_name_out_of_a_very_long_word_takes_no_time() -> None:
    began = time.process_time()
    assert suggest_name("mcp-notes" + "@" * 60_000 + "\nx") == "notes"
    assert len(suggest_name("a" * 100_000)) == 64
    assert time.process_time() - began < 0.2


@given(st.text(max_size=60) | st.text(alphabet='{}[]":,npx -yabc/@$`\\\n=', max_size=60))
def test_any_text_gives_legal_names_or_a_sentence(text: str) -> None:
    try:
        found = parse_pasted(text)
    except BadRequest:
        return
    assert all(check_name(name) for name, _ in found)
