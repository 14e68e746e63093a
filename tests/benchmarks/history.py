"""What many chats cost: ``python -m tests.benchmarks.history``.

10,000 chats with 100,000 messages lie in the store of a real Jupyter server, which is asked over HTTP for lists and for words of
every frequency. Beside it, in turn, starts and first uses of one whose store is empty.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from uuid import UUID

import psutil
import requests

from mandrake_jupyter.stores.migrate import migrate
from tests.support.spawned import Spawned, running_jupyter

from .report import Figure, machine, tell

MILLI = 1e3
MADE = "2026-01-01T{:02}:{:02}:{:02}.000000Z"


def main() -> int:
    options = _options()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        homes = {name: Path(folder) / name for name in ("full", "empty")}
        words = Words(random.Random(1))
        began = time.perf_counter()
        size = fill(homes["full"] / "data" / "mandrake" / "mandrake.sqlite", words, options)
        print(f"stored and indexed in {time.perf_counter() - began:.0f} s: {size / 1e6:.0f} MB", flush=True)
        figures = lists(homes["full"], words, options.rounds)
        figures += starts(homes, options.starts)
    passed = tell("The history", figures)
    print(machine().splitlines()[-1], "at the end")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chats", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5, help="questions of a chat, each with its answer")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--starts", type=int, default=7, help="pairs of starts")
    return parser.parse_args()


class Words:
    """Made-up ones, as often as words of a language are: the n-th is there 1/n times as often as the first."""

    def __init__(self, source: random.Random, count: int = 30_000) -> None:
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.source = source
        self.all = ["".join(source.choices(letters, k=source.randint(3, 10))) for _ in range(count)]
        self._often = list(itertools.accumulate(1 / (rank + 1) for rank in range(count)))

    def text(self, count: int) -> str:
        return " ".join(self.source.choices(self.all, cum_weights=self._often, k=count))

    def id(self) -> str:
        return str(UUID(int=self.source.getrandbits(128)))

    def queries(self) -> dict[str, str]:
        a = self.all
        return {
            "a word that is nearly everywhere": a[0],
            "a frequent word": a[30],
            "a word of some hundred messages": a[3_000],
            "a rare word": a[25_000],
            "two words": f"{a[40]} {a[200]}",
            "a beginning of two letters": a[500][:2],
            "nothing that is there": "qqqqqqqqqqqq",
        }


def fill(path: Path, words: Words, options: argparse.Namespace) -> int:
    """Bytes of the file then."""
    migrate(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        workspace = words.id()
        root = path.parents[2] / "root"
        db.execute(
            "INSERT INTO workspaces VALUES (?, ?, 'root', ?)", (workspace, str(root), MADE.format(0, 0, 0))
        )
        for number in range(options.chats):
            _chat(db, words, workspace, number, options.turns)
    return path.stat().st_size


def _chat(db: sqlite3.Connection, words: Words, workspace: str, number: int, turns: int) -> None:
    minutes, second = divmod(number, 60)
    made = MADE.format(minutes // 60 % 24, minutes % 60, second)
    chat, title = words.id(), words.text(5)
    db.execute(
        "INSERT INTO sessions (id, workspace_id, name, titled, created, last_activity) VALUES (?, ?, ?, 1, ?, ?)",
        (chat, workspace, title, made, made),
    )
    db.execute(
        "INSERT INTO passages (id, session_id, kind, body) VALUES (?, ?, 'title', ?)",
        (-1 - number, chat, title),
    )
    for _ in range(turns):
        run, question, answer = words.id(), words.id(), words.id()
        db.execute(
            "INSERT INTO runs (id, session_id, instance, state, user_message_id, message_id, created, finished) "
            "VALUES (?, ?, 'gone', 'done', ?, ?, ?, ?)",
            (run, chat, question, answer, made, made),
        )
        for message, role, longest in ((question, "user", 40), (answer, "assistant", 300)):
            text = words.text(words.source.randint(5, longest))
            db.execute(
                "INSERT INTO messages (id, session_id, run_id, role, created, attachments) VALUES (?, ?, ?, ?, ?, '[]')",
                (message, chat, run, role, made),
            )
            db.execute(
                "INSERT INTO parts (message_id, part, type, step, content, last_seq) VALUES (?, 0, 'text', 0, ?, 1)",
                (message, text),
            )
            db.execute(
                "INSERT INTO passages (session_id, message_id, run_id, part, kind, body) VALUES (?, ?, ?, 0, 'text', ?)",
                (chat, message, run, text),
            )


def lists(home: Path, words: Words, rounds: int) -> list[Figure]:
    with running_jupyter(home, home / "root") as jupyter, requests.Session() as http:
        http.headers["Authorization"] = f"token {jupyter.token}"

        def ask(path: str) -> requests.Response:
            answer = http.get(f"{jupyter.url}mandrake/{path}", timeout=60)
            answer.raise_for_status()
            return answer

        first = ask("workspaces/default/sessions")
        place = requests.utils.parse_header_links(first.headers["Link"])[0]["url"].partition("after=")[2]
        asked = {
            "a page of 100 chats": "workspaces/default/sessions",
            "the page after it": f"workspaces/default/sessions?after={place}",
            "a chat by its name": f"workspaces/default/sessions?name={words.all[0]}",
            "a page of all projects": "sessions",
        }
        found = {name: [] for name in (*asked, *words.queries(), "api/status")}
        floor = f"{jupyter.url}api/status"
        for _ in range(rounds):
            for name, path in asked.items():
                found[name].append(_took(lambda path=path: ask(path)))
            for name, query in words.queries().items():
                found[name].append(_took(lambda query=query: ask(f"search?q={query}")))
            found["api/status"].append(_took(lambda: http.get(floor, timeout=60)))
    searches = [seconds for name in words.queries() for seconds in found[name]]
    listed = [seconds for name in asked for seconds in found[name]]
    return [
        Figure("lists, p50", median(listed) * MILLI, "ms", 50),
        *(Figure(f"  {name}", median(found[name]) * MILLI, "ms", 50) for name in asked),
        Figure("searches, p50", median(searches) * MILLI, "ms", 50),
        *(Figure(f"  {name}", median(found[name]) * MILLI, "ms") for name in words.queries()),
        Figure("Jupyter's own api/status beside them", median(found["api/status"]) * MILLI, "ms"),
    ]


def _took(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began


def starts(homes: dict[str, Path], pairs: int) -> list[Figure]:
    """In turn, so that what else the machine does meets both."""
    walls: dict[str, list[float]] = {name: [] for name in homes}
    cpus: dict[str, list[float]] = {name: [] for name in homes}
    uses: dict[str, list[float]] = {name: [] for name in homes}
    for pair, name in itertools.product(range(pairs), homes):
        order = name if pair % 2 else next(other for other in homes if other != name)
        for server in _started(homes[order], walls[order]):
            cpus[order].append(sum(psutil.Process(server.process.pid).cpu_times()[:2]))
            uses[order].append(_took(lambda server=server: server.api("GET", "mandrake/sessions?limit=20")))
    return [
        figure
        for what, found in (("start until it answers", walls), ("CPU of it", cpus), ("first use, then", uses))
        for figure in (
            Figure(f"{what}: with 10,000 chats", median(found["full"]), "s"),
            Figure(f"{what}: with none", median(found["empty"]), "s"),
            Figure(
                f"{what}: within pairs",
                median(full / empty for full, empty in zip(found["full"], found["empty"], strict=True)),
                "x",
                None if what.startswith("first") else 1.05,
            ),
        )
    ]


def _started(home: Path, walls: list[float]) -> Iterator[Spawned]:
    shutil.rmtree(home / "runtime", ignore_errors=True)
    began = time.perf_counter()
    with running_jupyter(home, home / "root") as server:
        walls.append(time.perf_counter() - began)
        yield server


if __name__ == "__main__":
    raise SystemExit(main())
