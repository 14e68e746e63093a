"""What a folder's files say: three dialects, precedence, and a sentence for everything that is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import BadRequest, BrokenFile, Conflict, Forbidden, MCPServerNotFound
from mandrake_jupyter.values import Input
from mandrake_jupyter.workspaces.config import ConfigReader, read_config
from mandrake_jupyter.workspaces.editing import add_server, add_servers, remove_server


def put(root: Path, file: str, value: Any) -> Path:
    path = root / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2))
    return path


def messages(root: Path) -> str:
    return "\n".join(f"{item.file}:{item.line}: {item.message}" for item in read_config(root).problems)


def test_an_empty_folder_has_nothing_and_no_problem(tmp_path: Path) -> None:
    reading = read_config(tmp_path)
    assert (reading.entries, reading.models, reading.problems) == ((), (), ())
    assert os.listdir(tmp_path) == []


def test_the_ecosystem_form_is_read_with_all_its_fields(tmp_path: Path) -> None:
    entry = {
        "command": "uvx",
        "args": ["x", "${A}"],
        "env": {"KEY": "${KEY}", "N": 3},
        "cwd": "sub",
        "timeout": 5000,
    }
    put(
        tmp_path,
        ".mandrake/mcp.json",
        {"mcpServers": {"x": entry | {"disabled": True, "timeout": 5000, "startTimeout": 90}}},
    )
    (found,) = read_config(tmp_path).entries
    assert (found.name, found.transport, found.command, found.args) == ("x", "stdio", "uvx", ("x", "${A}"))
    assert (dict(found.env), found.cwd, found.origin) == (
        {"KEY": "${KEY}", "N": "3"},
        "sub",
        ".mandrake/mcp.json",
    )
    assert (found.disabled, found.trusted, found.call_timeout, found.start_timeout) == (
        True,
        False,
        5.0,
        90.0,
    )


def test_vs_code_s_form_and_variables_are_put_into_ours(tmp_path: Path) -> None:
    text = """{
      // VS Code allows comments
      "servers": {
        "files": {"type": "stdio", "command": "node", "args": ["${workspaceFolder}/s.js", "${env:TOKEN}"]},
        "web": {"type": "http", "url": "https://example.org/mcp", "headers": {"X": "Bearer ${env:T}"}},
        "asks": {"command": "x", "env": {"KEY": "${input:key}"}},
        "lost": {"command": "x", "env": {"KEY": "${input:kye}"}},
        "boxed": {"command": "x", "sandboxEnabled": true},
      },
      "inputs": [
        {"id": "key", "type": "promptString", "description": "Key", "password": true},
        {"id": "run", "type": "command", "command": "evil"},
      ],
    }"""
    put(tmp_path, ".vscode/mcp.json", text)
    files, web, asks = read_config(tmp_path).entries
    assert files.args == (f"{tmp_path}/s.js", "${TOKEN}")
    assert (web.transport, web.url, dict(web.headers)) == (
        "http",
        "https://example.org/mcp",
        {"X": "Bearer ${T}"},
    )
    assert (dict(asks.env), asks.questions) == (
        {"KEY": "${input:key}"},
        (Input("key", "Key", password=True),),
    )
    said = messages(tmp_path)
    assert (
        '.vscode/mcp.json:12: .vscode/mcp.json: The input "run": a command of VS Code can\'t be run here.'
        in said
    )
    lost = '.vscode/mcp.json:7: The MCP server "lost" asks for ${input:kye}, which "inputs" of the file does not have.'
    assert f'{lost} Add {{"id": "kye", "type": "promptString"' in said
    assert '.vscode/mcp.json:8: The MCP server "boxed": "sandboxEnabled" is not supported yet' in said


def test_our_file_wins_then_claude_s_then_vs_code_s(tmp_path: Path) -> None:
    files = {".mandrake/mcp.json": "mcpServers", ".mcp.json": "mcpServers", ".vscode/mcp.json": "servers"}
    for number, (file, key) in enumerate(files.items()):
        put(tmp_path, file, {key: {"same": {"command": f"c{number}"}, f"own-{number}": {"command": "x"}}})
    found = {entry.name: entry.origin for entry in read_config(tmp_path).entries}
    assert found.pop("same") == ".mandrake/mcp.json"
    assert found == {f"own-{number}": file for number, file in enumerate(files)}
    assert messages(tmp_path).count("is in .mandrake/mcp.json too, which counts") == 2


@pytest.mark.parametrize("file", [".mandrake/mcp.json", ".mcp.json", ".vscode/mcp.json"])
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ('{\n "KEY": {\n  "a": }}', "expecting value"),
        ('{\n "KEY": {\n  "a": {}, "a": {}}}', "'a' is there twice. Keep one of them."),
        ("\n\n\u00ff", "it is not UTF-8 text."),
        ("[\n\n1", "a bracket or a quote is not closed"),
    ],
)
def test_a_broken_file_of_any_dialect_is_told_with_its_line(
    tmp_path: Path, file: str, broken: str, words: str
) -> None:
    keys = {".mandrake/mcp.json": "mcpServers", ".mcp.json": "mcpServers", ".vscode/mcp.json": "servers"}
    for other, key in keys.items():
        put(tmp_path, other, {key: {other[1:4]: {"command": "x"}}})
    (tmp_path / file).write_bytes(broken.replace("KEY", keys[file]).encode("latin-1"))
    reading = read_config(tmp_path)
    assert len(reading.entries) == 2
    (problem,) = reading.problems
    assert (problem.file, problem.line) == (file, 3)
    assert words in problem.message


def test_one_broken_file_or_entry_never_hides_the_others(tmp_path: Path) -> None:
    put(tmp_path, ".mandrake/mcp.json", '{\n "mcpServers": {\n  "a": {"command": "x"} "b"\n')
    put(tmp_path, ".mcp.json", '{\n "mcpServers": {\n  "good": {"command": "x"},\n  "bad": {"command": 3}}}')
    reading = read_config(tmp_path)
    assert [entry.name for entry in reading.entries] == ["good"]
    broken, bad = reading.problems
    assert (broken.file, broken.line) == (".mandrake/mcp.json", 3)
    assert (bad.file, bad.line, bad.name) == (".mcp.json", 4, "bad")
    assert '"command" must be text in quotes. Write {"command"' in bad.message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("npx", "must be an object like"),
        ({}, 'has neither "command" nor "url"'),
        ({"command": "x", "url": "https://a.b"}, "Keep one of them"),
        ({"command": "npx -y foo"}, 'Write {"command": "npx", "args": ["-y", "foo"]}'),
        ({"command": "x", "args": "-y foo"}, 'Write ["-y", "foo"]'),
        ({"command": "x", "args": [1]}, "1 is none"),
        ({"command": "x", "env": {"A": None}}, "'A'"),
        ({"command": "x", "env": {"A B": "1"}}, "can't be the name of an environment variable"),
        ({"command": "x", "env": ["A=1"]}, "must be an object"),
        ({"command": "x", "type": "ws"}, "'ws' is not known"),
        ({"command": "x", "type": "sse"}, 'needs "url"'),
        ({"url": "ftp://x"}, "https://"),
        ({"url": "https://user:pw@x.org/"}, 'Put it into "headers"'),
        ({"url": "https://x.org", "headers": {"A\n": "x"}}, "no HTTP header"),
        ({"command": "x", "timeout": -1}, "number of seconds"),
        ({"command": "x", "envFile": 3}, '"envFile" must be a file, like ".env"'),
        ({"command": "x", "envFile": [""]}, '"envFile" must be a file'),
        ({"command": "x", "envFile": "${HOME}/.env"}, "only ${workspaceFolder} may stand in"),
        ({"url": "https://x.org", "envFile": ".env"}, '"envFile" is for programs'),
        ({"command": "x", "args": ["${secret:}"]}, "has no name that a value can have"),
        ({"command": "x", "args": ["${secret:a/b}"]}, "as in ${secret:api-key}"),
        ({"command": "x", "args": ["${secret:input.w.key}"]}, "no secret's name begins with"),
        ({"command": "x", "args": ["${input:nobody}"]}, '"inputs" of the file does not have'),
        ({"command": "x", "args": ["${command:evil}"]}, 'Write "${env:NAME}" or "${secret:NAME}"'),
        ({"command": "x", "args": ["y" * 40_000]}, "more than 32 KB"),
    ],
)
def test_an_entry_that_is_not_understood_says_what_to_write_instead(
    tmp_path: Path, raw: Any, words: str
) -> None:
    put(tmp_path, ".mcp.json", {"mcpServers": {"it": raw}})
    reading = read_config(tmp_path)
    assert reading.entries == ()
    assert len(reading.problems) == 1
    assert words in reading.problems[0].message
    with pytest.raises(BadRequest):
        add_server(tmp_path, "it", raw)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ("key", '"inputs" must be a list like [{"id"'),
        (["key"], "An input needs an"),
        ([{"id": "a/b"}], "An input needs an \"id\" of letters, digits, '-', '_' or '.'"),
        ([{"id": "a", "type": "evil"}], '\'evil\' is not known. Write "promptString" or "pickString"'),
        ([{"id": "a", "type": "pickString"}], '"options" must be a list of texts'),
        ([{"id": "a", "type": "pickString", "options": [1]}], '"options" must be a list of texts'),
        ([{"id": "a", "default": 3}], '"default" must be text in quotes'),
        ([{"id": "a", "description": "x" * 2000}], "of at most 1000 characters"),
        ([{"id": "a"}, {"id": "a"}], 'The input "a" is there twice'),
        ([{"id": f"i{n}"} for n in range(101)], "the first 100 count"),
    ],
)
def test_a_question_that_is_none_is_told_with_file_and_line(tmp_path: Path, inputs: Any, words: str) -> None:
    put(tmp_path, ".vscode/mcp.json", {"servers": {"x": {"command": "x"}}, "inputs": inputs})
    (problem,) = read_config(tmp_path).problems
    assert words in problem.message
    assert (problem.file, problem.line is not None and problem.line > 5) == (".vscode/mcp.json", True)
    assert [entry.name for entry in read_config(tmp_path).entries] == ["x"]


def test_what_a_question_asks_is_part_of_what_is_trusted(tmp_path: Path) -> None:
    def hash(**question: Any) -> str:
        entry = {"command": "x", "args": ["${input:a}"]}
        put(tmp_path, ".vscode/mcp.json", {"servers": {"x": entry}, "inputs": [{"id": "a", **question}]})
        return read_config(tmp_path).entries[0].hash

    assert hash() != hash(default="--evil")


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "jupyter", "Jupyter", "config", "../x", "a/b"])
def test_names_are_short_plain_and_not_the_built_in_one_s(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="name"):
        add_server(tmp_path, name, {"command": "x"})
    put(tmp_path, ".mcp.json", {"mcpServers": {name: {"command": "x"}}})
    reading = read_config(tmp_path)
    assert (len(reading.entries), len(reading.problems)) == (0, 1)


def test_a_folder_can_not_allow_tools(tmp_path: Path) -> None:
    put(tmp_path, ".mcp.json", {"mcpServers": {"a": {"command": "x", "alwaysAllow": ["*"]}}})
    reading = read_config(tmp_path)
    assert len(reading.entries) == 1
    assert '"alwaysAllow" is ignored. A folder can\'t allow tools' in reading.problems[0].message


@pytest.mark.parametrize(
    "value", ["[]", "3", "null", '{"mcpServers": []}', '{"servers": {"a": {"command": "x"}}}']
)
def test_json_of_another_shape_is_reported(tmp_path: Path, value: str) -> None:
    put(tmp_path, ".mcp.json", value)
    reading = read_config(tmp_path)
    assert reading.entries == ()
    assert len(reading.problems) == (0 if value == "null" else 1)


def test_hostile_files_are_reported_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".mcp.json")
    (tmp_path / ".vscode").symlink_to("/etc")
    (tmp_path / ".mandrake").mkdir()
    with (tmp_path / ".mandrake" / "mcp.json").open("wb") as file:
        file.truncate(2_000_000_000)
    (tmp_path / ".mandrake" / "models.json").symlink_to("models.json")
    said = messages(tmp_path)
    assert "a named pipe" in said
    assert "outside the project" in said
    assert "larger than 1 MB" in said


def test_a_reading_is_kept_until_a_file_changes(tmp_path: Path) -> None:
    put(tmp_path, ".mcp.json", {"mcpServers": {"a": {"command": "x"}}})
    reader = ConfigReader(tmp_path)
    first = reader.read()
    assert reader.read() is first
    put(tmp_path, ".mcp.json", {"mcpServers": {"b": {"command": "x"}}})
    assert [entry.name for entry in reader.read().entries] == ["b"]
    (tmp_path / ".mcp.json").unlink()
    assert reader.read().entries == ()


def test_models_are_read_and_their_headers_are_in_no_repr(tmp_path: Path) -> None:
    provider = {
        "url": "https://llm.example.org/v1",
        "headers": {"Authorization": "sk-secret"},
        "models": ["big"],
    }
    put(
        tmp_path,
        ".mandrake/models.json",
        {"providers": {"team": provider, "bad": {"url": 3}}, "active": "team/big"},
    )
    reading = read_config(tmp_path)
    (model,) = reading.models
    assert (model.name, model.url, model.models) == ("team", "https://llm.example.org/v1", ("big",))
    assert model.headers["Authorization"] == "sk-secret"
    assert "sk-secret" not in repr(reading)
    assert [wish.model for wish in reading.wishes] == ["team/big"]
    assert [problem.name for problem in reading.problems] == ["bad"]


def test_the_hash_covers_what_runs_and_nothing_else(tmp_path: Path) -> None:
    def hash_of(**entry: Any) -> str:
        put(tmp_path, ".mcp.json", {"mcpServers": {"a": {"command": "x", **entry}}})
        return read_config(tmp_path).entries[0].hash

    plain = hash_of()
    assert hash_of(disabled=True, timeout=5, description="new") == plain
    changed = {hash_of(args=["y"]), hash_of(env={"A": "1"}), hash_of(env={"A": "2"}), hash_of(cwd="."), plain}
    assert len(changed) == 5


def test_adding_makes_the_folder_and_keeps_what_is_there(tmp_path: Path) -> None:
    add_server(tmp_path, "time", {"command": "uvx", "args": ["mcp-server-time"]})
    path = tmp_path / ".mandrake" / "mcp.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / ".mandrake") == ["mcp.json"]
    path.write_text(
        '{\n    "note": "mine",\n    "mcpServers": {"time": {"command": "old", "x": 1}, "b": {"odd": 1}}\n}\n'
    )
    path.chmod(0o644)
    add_servers(tmp_path, {"time": {"command": "new"}, "web": {"url": "https://x.org", "future": True}})
    document = json.loads(path.read_text())
    assert list(document) == ["note", "mcpServers"]
    assert list(document["mcpServers"]) == ["time", "b", "web"]
    assert document["mcpServers"]["web"]["future"] is True
    assert path.stat().st_mode & 0o777 == 0o644


def test_adding_is_all_or_none_and_writes_nothing_for_bad_ones(tmp_path: Path) -> None:
    with pytest.raises(BadRequest):
        add_servers(tmp_path, {"good": {"command": "x"}, "bad": {}})
    with pytest.raises(BadRequest, match="no MCP server in it"):
        add_servers(tmp_path, {})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "before", ['{ // mine\r\n "mcpServers": {},\r\n}', '{"mcpServers": {', "", '{"mcpServers": []}', "[]"]
)
def test_a_file_we_can_not_change_without_loss_stays_byte_for_byte(tmp_path: Path, before: str) -> None:
    path = put(tmp_path, ".mandrake/mcp.json", "")
    path.write_bytes(before.encode())
    with pytest.raises(BadRequest) as caught:
        add_server(tmp_path, "time", {"command": "x"})
    assert ".mandrake/mcp.json" in str(caught.value)
    assert isinstance(caught.value, BrokenFile) or "left as it is" in str(caught.value)
    assert path.read_bytes() == before.encode()
    assert os.listdir(path.parent) == ["mcp.json"]


def test_nothing_is_written_through_a_link_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "project"
    root.mkdir()
    (root / ".mandrake").symlink_to("../elsewhere")
    with pytest.raises(Forbidden, match="outside the project"):
        add_server(root, "time", {"command": "x"})
    assert os.listdir(tmp_path / "elsewhere") == []


def test_removing_takes_only_that_entry_of_our_file(tmp_path: Path) -> None:
    put(tmp_path, ".mandrake/mcp.json", {"mcpServers": {"a": {"command": "x"}, "empty": {}}, "note": 1})
    put(tmp_path, ".mcp.json", {"mcpServers": {"theirs": {"command": "x"}}})
    remove_server(tmp_path, "empty")
    remove_server(tmp_path, "a")
    assert json.loads((tmp_path / ".mandrake" / "mcp.json").read_text()) == {"mcpServers": {}, "note": 1}
    with pytest.raises(Conflict, match=r"\.mcp\.json, a file of another program"):
        remove_server(tmp_path, "theirs")
    with pytest.raises(MCPServerNotFound, match="known: theirs"):
        remove_server(tmp_path, "a")


def test_removing_from_an_untouched_folder_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(MCPServerNotFound, match="known: none"):
        remove_server(tmp_path, "a")
    assert os.listdir(tmp_path) == []
