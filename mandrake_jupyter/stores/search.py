"""Looking for words in all chats: what people type becomes a query that can't be wrong, the index finds, the best come first.

All words must occur in one title, text or answer of a tool; the last one may be the beginning of a word. What was put aside,
replaced or withdrawn is passed over here, as it may come back. Nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

from . import index_postgresql as postgresql
from . import index_sqlite as sqlite
from .database import Database
from .matches import MOST_PASSAGES, MOST_TITLES, Match
from .passages import APART, BEGIN, END, LONGEST_TEXT, sign, spaced
from .snippets import Snippets

#: Of what was typed, no more is looked at.
LONGEST_QUERY = 1_000
MOST_WORDS = 32
#: Shorter beginnings fit nearly everything, which takes long and helps nobody.
SHORTEST_BEGINNING = 2
HITS_SHOWN = 2


@dataclass(frozen=True)
class Hit:
    """`snippet` is cut into pieces; those that matched are marked. `message_id` is None for a title."""

    message_id: str | None
    run_id: str | None
    role: str | None
    part: int | None
    kind: str
    created: str
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Found:
    """One chat: its best hits, and how many further messages fit."""

    session_id: str
    workspace_id: str
    name: str
    last_activity: str
    hits: tuple[Hit, ...]
    more: int


@dataclass(frozen=True)
class Results:
    """`messages` and `chats` count what was weighed; `more` says that there is more than `found` shows."""

    messages: int
    chats: int
    more: bool
    found: tuple[Found, ...]


_SHOWN = text("""
    SELECT p.body, p.run_id, p.part, p.kind, m.role, coalesce(m.created, s.created)
    FROM passages p JOIN sessions s ON s.id = p.session_id LEFT JOIN messages m ON m.id = p.message_id WHERE p.id = :rowid
""")
_CHAT = text("SELECT id, workspace_id, name, last_activity FROM sessions WHERE id = :id")


class SearchStore:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def search(self, query: str, workspace_id: str | None, limit: int) -> Results:
        """The best `limit` chats of a workspace, or of all."""
        words = as_match(query)
        if not words:
            return Results(0, 0, False, ())
        return await self.database.look(lambda db: _search(db, words, workspace_id, limit))


def _search(db: Connection, words: str, workspace_id: str | None, limit: int) -> Results:
    titles, others = (postgresql if db.dialect.name == "postgresql" else sqlite).matches(
        db, words, workspace_id
    )
    chats = _by_chat(titles + others)
    with Snippets(words) as marking:
        found = [_found(db, marking, *chat) for chat in list(chats.items())[:limit]]
    bounded = len(titles) == MOST_TITLES or len(others) == MOST_PASSAGES
    messages = len({match.message_id for match in others})
    return Results(messages, len(chats), bounded or len(chats) > limit, tuple(found))


def as_match(query: str) -> str:
    """FTS5's form of what was typed: each word a quoted phrase, so that nothing in it is an operator; empty for no words."""
    typed = query[:LONGEST_QUERY].replace("\0", " ").split()
    words = [word for word in typed if any(map(postgresql.known, word))][:MOST_WORDS]
    phrases = [f'"{spaced(word, LONGEST_TEXT)}"' for word in (w.replace('"', '""') for w in words)]
    if words and len(words[-1]) >= SHORTEST_BEGINNING and not sign(words[-1][-1]):
        phrases[-1] += "*"
    return " ".join(phrases)


def _by_chat(matches: list[Match]) -> dict[str, list[Match]]:
    """The best first, of the chats and in each; of a message only its best."""
    chats: dict[str, list[Match]] = {}
    seen: set[str] = set()
    for match in sorted(matches, key=lambda match: (match.rank, -abs(match.rowid))):
        if match.message_id is not None:
            if match.message_id in seen:
                continue
            seen.add(match.message_id)
        chats.setdefault(match.session_id, []).append(match)
    return chats


def _found(db: Connection, marking: Snippets, session_id: str, matches: list[Match]) -> Found:
    shown, left = matches[:HITS_SHOWN], matches[HITS_SHOWN:]
    hits = []
    for match in shown:
        body, *rest = db.execute(_SHOWN, {"rowid": match.rowid}).one()
        snippet = marking.snippet(body)
        hits.append(_hit(match, snippet, *rest))
    session_id, workspace_id, name, last_activity = db.execute(_CHAT, {"id": session_id}).one()
    return Found(session_id, workspace_id, name, last_activity, tuple(hits), len(left))


def _hit(
    match: Match,
    snippet: str,
    run_id: str | None,
    part: int | None,
    kind: str,
    role: str | None,
    created: str,
) -> Hit:
    of_run = None if kind == "title" else run_id
    return Hit(match.message_id, of_run, role, part, kind, created, _pieces(snippet))


def _pieces(snippet: str) -> tuple[tuple[str, bool], ...]:
    """The pieces of a snippet, in one line; neighbours that matched are one piece."""
    plain = " ".join(snippet.replace(APART, "").split())
    pieces: list[tuple[str, bool]] = []
    for index, stretch in enumerate(plain.split(BEGIN)):
        marked, _, rest = stretch.partition(END) if index else ("", "", stretch)
        pieces += [(marked, True), (rest, False)]
    return tuple((piece, mark) for piece, mark in pieces if piece)
