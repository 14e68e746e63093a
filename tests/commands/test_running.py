"""``jupyter mandrake list | doctor | cull`` and a real Jupyter server that runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.utils.importstring import import_item

from mandrake_jupyter.commands import SUBCOMMANDS
from tests.support.spawned import Spawned, running_jupyter

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spawned]:
    home = tmp_path_factory.mktemp("commands")
    with running_jupyter(home, home / "work") as server:
        yield server


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The runtime dir of a shell in which no Jupyter server runs; nothing of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("JUPYTER", "MANDRAKE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Status, stdout and stderr of a command."""

    def command(name: str, *words: str) -> tuple[int, str, str]:
        app = import_item(SUBCOMMANDS[name][0])()
        app.initialize(list(words))
        with pytest.raises(SystemExit) as ended:
            app.start()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return command


@pytest.fixture
def chat(jupyter: Spawned) -> Iterator[dict[str, Any]]:
    """A chat that is open, and in use by nobody."""
    made = jupyter.api("POST", "mandrake/workspaces/default/sessions", {"name": "Missing values"})
    path = f"mandrake/workspaces/default/sessions/{made['id']}"
    jupyter.api("POST", f"{path}/messages", {"content": "/tool jupyter list_files"})
    yield made
    jupyter.api("DELETE", path)


@pytest.fixture
def at_home(jupyter: Spawned, shell: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the shell of whoever started the server."""
    for info in (jupyter.home / "runtime").glob("jpserver-*.json"):
        shutil.copy(info, shell)
    return shell


@pytest.mark.parametrize("name", ["list", "cull", "audit"])
def test_without_a_server_it_is_said_how_to_start_one(shell: Path, run: Run, name: str) -> None:
    status, out, err = run(name)
    assert (status, out) == (1, "")
    assert err == "No Jupyter server of yours runs on this machine.\nStart one: jupyter lab\n"


def test_open_chats_are_listed_with_when_they_are_culled(at_home: Path, chat: Any, run: Run) -> None:
    status, out, _ = run("list")
    [line] = [line for line in out.splitlines() if chat["id"] in line]
    assert status == 0
    assert line.split()[:4] == ["Missing", "values", "ready", "idle"]
    assert "30 min" in line
    assert "jupyter" in out


def test_a_list_opens_nothing_and_shows_what_is_stored_only_when_asked(
    at_home: Path, jupyter: Spawned, chat: Any, run: Run
) -> None:
    jupyter.api("POST", f"mandrake/workspaces/default/sessions/{chat['id']}/release", {})
    for _ in range(2):
        assert chat["id"] not in run("list")[1]
    assert chat["id"] in run("list", "--all")[1]


def test_a_list_as_json(at_home: Path, jupyter: Spawned, chat: Any, run: Run) -> None:
    [told] = json.loads(run("list", "--json")[1])
    assert told["url"] == jupyter.url
    assert [session["id"] for session in told["sessions"]] == [chat["id"]]
    assert {"phase", "idle_seconds", "culls_at"} <= told["sessions"][0].keys()
    assert jupyter.token not in json.dumps(told)


def test_a_server_is_asked_at_its_address_with_its_token(
    shell: Path, jupyter: Spawned, chat: Any, run: Run
) -> None:
    assert chat["id"] in run("list", f"--url={jupyter.url}", f"--token={jupyter.token}")[1]
    status, out, _ = run("list", f"--url={jupyter.url}", "--token=wrong")
    assert status == 1
    assert "Jupyter did not accept the token" in out


def test_an_address_where_nobody_listens_is_said(shell: Path, run: Run) -> None:
    status, _, err = run("cull", "--url=http://127.0.0.1:9/", "--dry-run")
    assert status == 1
    assert "No Jupyter server answers at http://127.0.0.1:9/" in err
    status, _, err = run("cull", "--url=moon")
    assert (status, "not the address of a Jupyter server" in err) == (1, True)


def test_a_dry_run_says_what_stays_and_why_and_ends_nothing(
    at_home: Path, jupyter: Spawned, chat: Any, run: Run
) -> None:
    status, out, _ = run("cull", "--dry-run")
    assert status == 0
    assert "Stays:\n  chat 'Missing values': It was last used" in out
    assert "0 would go" in out
    path = f"mandrake/workspaces/default/sessions/{chat['id']}"
    jupyter.api("PATCH", path, {"cull_idle_timeout": 0})
    assert "Its idle timeout is 0: it stays." in run("cull", "--dry-run")[1]
    report = json.loads(run("cull", "--dry-run", "--json")[1])
    assert (report["dry_run"], report["culled"], report["considered"]["session"]) == (True, [], 1)


def test_what_is_culled_is_what_the_dry_run_said(
    at_home: Path, jupyter: Spawned, chat: Any, run: Run
) -> None:
    path = f"mandrake/workspaces/default/sessions/{chat['id']}"
    jupyter.api("PATCH", path, {"cull_idle_timeout": 1})
    while "0 would go" in (
        dry := run("cull", "--dry-run")[1]
    ):  # until it has been idle for longer than a second
        pass
    assert "Would go:\n  chat 'Missing values': It was not used for" in dry
    assert jupyter.api("GET", path)["phase"] == "ready"
    assert "Culled:\n  chat 'Missing values'" in run("cull")[1]
    assert jupyter.api("GET", path)["phase"] == "stopped"


def test_of_several_servers_all_are_listed_and_one_must_be_named_to_cull(
    at_home: Path, jupyter: Spawned, chat: Any, run: Run
) -> None:
    [info] = at_home.glob("jpserver-*.json")
    other = {**json.loads(info.read_text("utf-8")), "pid": os.getpid(), "url": f"{jupyter.url}?other"}
    (at_home / f"jpserver-{os.getpid()}.json").write_text(json.dumps(other), "utf-8")
    assert run("list")[1].count(chat["id"]) == 2
    status, _, err = run("cull", "--dry-run")
    assert status == 1
    assert err.startswith("2 Jupyter servers of yours run. Say which one:\n  --url http")
    assert run("cull", "--dry-run", f"--url={jupyter.url}")[0] == 0


def test_the_doctor_looks_at_the_installation_and_the_server(
    at_home: Path, jupyter: Spawned, run: Run
) -> None:
    _, out, _ = run("doctor", f"--data-dir={at_home / 'data'}")
    assert "  ok    mandrake-jupyter " in out
    assert f"{jupyter.url} (pid " in out
    assert "  ok    Model of new chats: " in out
    told = json.loads(run("doctor", "--json")[1])
    assert told[0]["where"] == "Installation"
    assert all({"level", "message", "then"} == finding.keys() for one in told for finding in one["findings"])


def test_what_stands_in_the_way_of_a_server_is_wrong_and_what_helps_is_said(
    shell: Path, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("locked")
    (home / "data" / "mandrake").mkdir(parents=True)
    (home / "data" / "mandrake" / "mandrake.sqlite").write_text("this is no database", "utf-8")
    with running_jupyter(home, home / "work") as broken:
        status, out, _ = run("doctor", f"--url={broken.url}", f"--token={broken.token}")
    assert status == 1
    assert re.search(r"  WRONG .*database.*\n        → ", out)


def test_the_doctor_is_unhappy_when_something_is_wrong(shell: Path, run: Run) -> None:
    (shell / "file").write_text("", "utf-8")
    status, out, _ = run("doctor", f"--data-dir={shell / 'file'}")
    assert status == 1
    assert "  WRONG " in out
    status, out, _ = run("doctor", "--url=http://127.0.0.1:9/")
    assert (status, "WRONG No Jupyter server answers at" in out) == (1, True)


def test_it_is_a_command_of_jupyter(at_home: Path, chat: Any) -> None:
    words = [sys.executable, "-c", "from mandrake_jupyter.app import main; main()", "list"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, chat["id"] in done.stdout) == (0, True), done.stderr


def test_the_audit_lists_what_tools_were_called_and_who_let_them(
    jupyter: Spawned, at_home: Path, chat: dict[str, Any], run: Run
) -> None:
    status, out, _ = run("audit", "--chat", chat["id"])
    assert status == 0
    [head, columns, call, _] = out.split("\n")[:4]
    assert head.startswith(jupyter.url)
    assert columns.split() == ["ASKED", "TOOL", "DECISION", "BY", "OUTCOME", "CHAT"]
    assert re.fullmatch(
        rf"  \d{{4}}-\d\d-\d\d [\d:]{{8}}  jupyter/list_files  direct    \S+ +done     {chat['id']}", call
    )
    _, out, _ = run("audit", "--json", "--limit", "1")
    [found] = json.loads(out)
    assert [(one["tool"], one["arguments"]) for one in found["calls"]] == [("list_files", {})]
    _, out, _ = run("audit", "--chat", "none")
    assert "No tool was called." in out
