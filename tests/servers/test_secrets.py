"""Secrets, answers and files of variables: looked up at the launch of a trusted MCP server, and seen by nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from mandrake_jupyter.errors import EnvFileUnusable, NotTrusted, SecretMissing, StartTimeout
from mandrake_jupyter.providers.keys import KeyStore
from mandrake_jupyter.providers.references import References
from mandrake_jupyter.servers.hiding import hidden
from mandrake_jupyter.values import Input, Question, Reference

from .conftest import CONTEXT, House, call

SECRET = "ghs-not-to-be-seen-4711"
#: Prints one of its variables to its log and to the client.
SHOWS = str(Path(__file__).parent.parent / "support" / "mcp_shows.py")


class Watched(KeyStore):
    """A real key store that notes which keys are taken out."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self.taken: list[str] = []

    async def get(self, name: str) -> str | None:
        self.taken.append(name)
        return await super().get(name)


@pytest.fixture
def keys(house: House, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return Watched(house.state / "keys")


async def shown(house: House, keys: KeyStore, **options: object) -> dict[str, str]:
    """The variables of an MCP server started so."""
    house.add("shows", sys.executable, "-S", SHOWS, **options)
    manager = house.manager(references=References("w", keys))
    told = await call(manager, "shows", "environment_in_hex")
    return dict(json.loads(bytes.fromhex(told.content)))


async def test_a_key_that_an_mcp_server_repeats_reaches_nobody_and_an_ordinary_setting_stays(
    house: House, keys: Watched
) -> None:
    await keys.set("github", SECRET)
    await keys.set("input.w.pin", "a-long-password")
    questions = (Input("pin", password=True), Input("mode", default="production"))
    env = {"A": "Bearer ${secret:github}", "B": "${input:pin}", "C": "${input:mode}", "D": "customers"}
    house.add("shows", sys.executable, "-S", SHOWS, env=env, questions=questions)
    manager = house.manager(references=References("w", keys))
    for tool in ("environment", "refuse"):
        told = await call(manager, "shows", tool)
        for text in (told.content, told.structured["told"][0]):
            seen = json.loads(text)
            assert (seen["A"], seen["B"]) == ("Bearer •••", "•••")
            assert (seen["C"], seen["D"]) == ("production", "customers")


async def test_secrets_and_answers_are_put_in_at_the_launch(house: House, keys: Watched) -> None:
    await keys.set("github", SECRET)
    await keys.set("input.w.folder", "My Documents/ünder")
    questions = (Input("folder", "Folder"), Input("mode", default="fast"))
    env = {
        "A": "Bearer ${secret:github}",
        "B": "${input:folder}",
        "C": "${input:mode}",
        "D": "${N:-${secret:x}",
    }
    seen = await shown(house, keys, env=env, questions=questions)
    assert (seen["A"], seen["B"], seen["C"]) == (f"Bearer {SECRET}", "My Documents/ünder", "fast")
    assert keys.taken == ["github", "input.w.folder", "input.w.mode"]


async def test_a_key_is_in_no_note_on_progress_and_in_no_question(house: House, keys: Watched) -> None:
    await keys.set("github", SECRET)
    house.add("shows", sys.executable, "-S", SHOWS, env={"A": "${secret:github}"})
    manager, heard = house.manager(references=References("w", keys)), []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    await manager.call("shows", "environment", {}, context=CONTEXT, on_progress=hear)
    assert heard == ["A is •••"]
    field = {"type": "string", "title": f"Still {SECRET}?", "default": SECRET}
    form = Question("shows", f"Is it {SECRET}?", schema={"type": "object", "properties": {"key": field}})
    shown = hidden(form, lambda text: text.replace(SECRET, "•••"))
    assert SECRET not in repr(shown)
    assert shown.schema == {
        "type": "object",
        "properties": {"key": field | {"title": "Still •••?", "default": "•••"}},
    }


async def test_a_secret_that_an_mcp_server_writes_is_masked_in_its_log(house: House, keys: Watched) -> None:
    await keys.set("github", SECRET)
    await shown(house, keys, env={"A": "${secret:github}"})
    log = json.dumps(house.managers[0].logs("shows"), ensure_ascii=False)
    assert SECRET not in log
    assert "•••" in log


async def test_what_is_in_a_secret_is_not_expanded_again(house: House, keys: Watched) -> None:
    await keys.set("outer", "${secret:inner}${HOME}")
    assert (await shown(house, keys, env={"A": "${secret:outer}"}))["A"] == "${secret:inner}${HOME}"
    assert keys.taken == ["outer"]


@pytest.mark.parametrize(
    ("text", "what"), [("${secret:none}", 'the secret "none"'), ("${input:id}", 'an answer to "id"')]
)
async def test_a_value_that_is_not_there_is_named_with_the_way_to_enter_it(
    house: House, keys: Watched, text: str, what: str
) -> None:
    with pytest.raises(SecretMissing) as caught:
        await shown(house, keys, env={"A": text}, questions=(Input("id"),))
    assert str(caught.value) == f'The MCP server "shows" needs {what}, which has no value yet.'
    assert caught.value.actions[0] == "enter_value"
    assert house.processes() == []


async def test_nothing_is_looked_up_for_an_untrusted_one(house: House, keys: Watched) -> None:
    await keys.set("github", SECRET)
    house.raw(trusted=False, env={"A": "${secret:github}", "B": "${HOME}"}, env_files=("none",))
    manager = house.manager(references=References("w", keys))
    with pytest.raises(NotTrusted):
        await call(manager, "raw", "add", a=1, b=2)
    assert manager.describe()[0]["needs"] == []
    assert keys.taken == []


async def test_what_it_needs_is_described_without_a_value(
    house: House, keys: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keys.set("github", SECRET)
    monkeypatch.setenv("NAME_OF_MINE", "x")
    house.raw(
        env={
            "A": "${secret:github}",
            "B": "${input:id}",
            "C": "${NAME_OF_MINE}",
            "D": "${NONE:-d}",
            "E": "${workspaceFolder}",
        },
        questions=(Input("id", "Which?", options=("a", "b")),),
    )
    needs = house.manager(references=References("w", keys)).describe()[0]["needs"]
    empty = {"description": "", "password": False, "options": None, "default": None, "key_name": None}
    assert needs == [
        empty | {"id": "github", "kind": "secret", "password": True, "key_name": "github", "has_value": True},
        empty
        | {
            "id": "id",
            "kind": "input",
            "description": "Which?",
            "options": ["a", "b"],
            "key_name": "input.w.id",
            "has_value": False,
        },
        empty | {"id": "NAME_OF_MINE", "kind": "variable", "has_value": True},
        empty | {"id": "NONE", "kind": "variable", "default": "d", "has_value": False},
    ]
    assert keys.taken == []


async def test_a_key_store_that_is_broken_hides_no_mcp_server(house: House, keys: Watched) -> None:
    (house.state / "keys").mkdir(parents=True)
    (house.state / "keys" / "keys.json").write_text("{oops")
    house.raw(env={"A": "${secret:github}"})
    (model,) = house.manager(references=References("w", keys)).describe()
    assert model["needs"][0]["has_value"] is False


async def test_an_answer_is_that_of_one_project(keys: Watched) -> None:
    await keys.set("input.w.id", "mine")
    answer = Reference("input", "id")
    assert await References("w", keys).look_up(answer) == "mine"
    assert await References("other", keys).look_up(answer) is None


async def test_a_key_store_that_hangs_ends_the_start_in_time(house: House, keys: Watched) -> None:
    class Hanging(Watched):
        async def get(self, name: str) -> str | None:
            await asyncio.Event().wait()
            return None

    with pytest.raises(StartTimeout):
        await shown(house, Hanging(house.state / "keys"), env={"A": "${secret:x}"}, start_timeout=0.2)


async def test_files_of_variables_are_read_and_the_entry_s_own_come_first(
    house: House, keys: Watched
) -> None:
    (house.root / ".env").write_text("A=file\nB='two # words'\nD=${HOME}\nBARE\n")
    (house.root.parent / "more.env").write_text("B=more\n")
    files = (".env", str(house.root.parent / "more.env"))
    seen = await shown(house, keys, env={"A": "entry"}, env_files=files)
    assert (seen["A"], seen["B"], seen["D"], "BARE" in seen) == ("entry", "more", "${HOME}", False)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("missing", "there is no file 'env'."),
        ("pipe", "'env' is a named pipe, not a file."),
        ("huge", "env is larger than 200 KB: no file of variables."),
        ("latin", "'env' is not UTF-8 text."),
        ("json", "env, line 1: this is no variable. Write NAME=value, or # before a remark."),
        ("folder", "'env' is a folder, not a file."),
    ],
)
async def test_a_file_of_variables_that_can_not_be_used_is_said_and_nothing_starts(
    house: House, keys: Watched, kind: str, why: str
) -> None:
    path = house.root / "env"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "huge":
        path.write_text("A=1\n")
        with path.open("a") as file:
            file.write("#" * 300_000)
            file.truncate(2_000_000_000)
    elif kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes({"latin": b"A=\xff", "json": b'{"A": 1}'}[kind])
    with pytest.raises(EnvFileUnusable) as caught:
        await shown(house, keys, env_files=("env",))
    assert str(caught.value) == f'The MCP server "shows" can\'t use its "envFile": {why}'
    assert house.processes() == []
