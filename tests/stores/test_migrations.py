"""Files of every earlier version are updated whole or not at all, once, after a copy that can be put back."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mandrake_jupyter.stores import migrate as module
from mandrake_jupyter.stores.database import Database
from mandrake_jupyter.stores.migrate import HEAD, migrate, revision_of
from mandrake_jupyter.stores.runs import RunStore
from mandrake_jupyter.stores.search import SearchStore
from mandrake_jupyter.stores.sessions import SessionStore

EARLIER = ["0001", "0002", "0003"]
MADE = "2026-01-01T00:00:00.000000Z"
#: What every version could store.
ROWS = f"""
    INSERT INTO workspaces VALUES ('w', '/project', 'project', '{MADE}');
    INSERT INTO sessions (id, workspace_id, name, titled, created, last_activity)
        VALUES ('s', 'w', 'Tides of the Severn', 1, '{MADE}', '{MADE}'), ('n', 'w', 'New chat', 0, '{MADE}', '{MADE}');
    INSERT INTO runs (id, session_id, instance, state, user_message_id, message_id, created, finished)
        VALUES ('r', 's', 'dead', 'done', 'q', 'a', '{MADE}', '{MADE}'),
               ('l', 's', 'dead', 'calling_model', 'q2', 'a2', '{MADE}', NULL);
    INSERT INTO messages (id, session_id, run_id, role, created, attachments) VALUES
        ('q', 's', 'r', 'user', '{MADE}', '[]'), ('a', 's', 'r', 'assistant', '{MADE}', '[]'),
        ('q2', 's', 'l', 'user', '{MADE}', '[]'), ('a2', 's', 'l', 'assistant', '{MADE}', '[]');
    INSERT INTO parts (message_id, part, type, step, content, last_seq, call_id, result) VALUES
        ('q', 0, 'text', 0, '天气 at noon?', 0, NULL, NULL), ('a', 0, 'reasoning', 0, 'hmmm', 1, NULL, NULL),
        ('a', 1, 'tool', 0, '', 2, 'c', '{{"content": "gauge at 14"}}'), ('a', 2, 'text', 0, 'fine weather', 3, NULL, NULL),
        ('q2', 0, 'text', 0, 'and tomorrow?', 0, NULL, NULL), ('a2', 0, 'text', 0, 'unfinished', 1, NULL, NULL);
    INSERT INTO grants (workspace_id, server, tool, schema_hash, created) VALUES ('w', 'files', 'read', 'h', '{MADE}');
"""


def made_by(revision: str, path: Path) -> Path:
    """A file as that version left it, its log not yet emptied."""
    module._upgrade(path, revision)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA journal_mode=WAL; {ROWS}")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mandrake.sqlite"


@pytest.mark.parametrize("revision", EARLIER)
async def test_a_file_of_an_earlier_version_is_whole_after_the_update(path: Path, revision: str) -> None:
    database = Database(made_by(revision, path))
    sessions, runs = SessionStore(database), RunStore(database)
    chat = await sessions.get("w", "s")
    assert (chat.name, chat.deleted, chat.cull_idle_timeout) == ("Tides of the Severn", None, None)
    history = await runs.history("s")
    assert [message.text for message, _ in history] == [
        "天气 at noon?",
        "fine weather",
        "and tomorrow?",
        "unfinished",
    ]
    assert {run.replaced_by for _, run in history} == {None}
    assert await sessions.granted("w", "s") == {("files", "read", "h")}
    assert revision_of(path) == HEAD
    search = SearchStore(database)
    for words, hits in (("severn", 1), ("天气", 1), ("gauge 14", 1), ("fine", 1), ("tomorrow", 1)):
        (found,) = (await search.search(words, None, 9)).found
        assert (found.session_id, len(found.hits)) == ("s", hits)
    for words in ("hmmm", "new chat", "unfinished"):
        assert (await search.search(words, None, 9)).found == ()
    run = await runs.adopt(next(run for _, run in history if run.open), "me")
    assert run is not None
    await runs.commit(run, columns={"state": "failed"})
    assert len((await search.search("unfinished", None, 9)).found) == 1
    await sessions.delete("s")
    assert (await search.search("severn", None, 9)).found == ()
    await database.close()


@pytest.mark.parametrize("revision", EARLIER)
def test_the_copy_made_before_is_complete_private_and_can_be_put_back(path: Path, revision: str) -> None:
    before = sorted(closing_dump(made_by(revision, path)))
    migrate(path)
    backup = path.with_suffix(f".{revision}.backup")
    assert (revision_of(backup), stat.S_IMODE(backup.stat().st_mode)) == (revision, 0o600)
    assert sorted(closing_dump(backup)) == before
    assert [file.name for file in path.parent.glob("*backup*")] == [backup.name]
    for file in path.parent.glob("mandrake.sqlite*"):
        file.unlink()
    shutil.copy(backup, path)
    assert sorted(closing_dump(path)) == before
    migrate(path)
    assert revision_of(path) == HEAD


def closing_dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


@pytest.mark.parametrize("revision", EARLIER)
def test_an_update_that_breaks_off_leaves_the_file_as_it_was(
    path: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks off when all tables are made, before the last word is indexed."""
    before = closing_dump(made_by(revision, path))

    def broken(*args: object) -> str:
        raise OSError("the power is out")

    with monkeypatch.context() as patched:
        patched.setattr("mandrake_jupyter.stores.passages.spaced", broken)
        with pytest.raises(OSError, match="power"):
            migrate(path)
    assert closing_dump(path) == before
    migrate(path)
    assert revision_of(path) == HEAD


def test_processes_that_open_an_old_file_at_once_update_it_once(path: Path) -> None:
    made_by("0001", path)
    program = (
        "import sys; from pathlib import Path; from mandrake_jupyter.stores import migrate as m\n"
        "done, own = [], m._upgrade\n"
        "m._upgrade = lambda path: (done.append(1), own(path))\n"
        "print('ready', flush=True); sys.stdin.readline(); m.migrate(Path(sys.argv[1])); print(len(done))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        answers.append(process.communicate(timeout=60)[0].strip())
        assert process.returncode == 0
    assert sorted(answers) == ["0", "0", "1"]
    assert revision_of(path) == HEAD
