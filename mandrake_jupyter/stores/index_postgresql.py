"""PostgreSQL's index of passages: the words of each as FTS5 would cut and fold them, in the table ``search`` (migration 0004).

A GIN index over the words finds, the folded text tells whether they stand side by side, and how often. Kept in step by whoever
adds a passage; rows go with their passages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from .matches import MOST_PASSAGES, MOST_TITLES, TITLE, Match

#: Bytes of a word that are told apart, and of all different words of a passage: a ``tsvector`` takes no more.
LONGEST_WORD = 2_000
MOST_BYTES = 800_000
#: FTS5 gives a rank by the same weights (BM25), for texts of this many words.
USUAL = 100
_PHRASE = re.compile(r'"((?:[^"]|"")*)"(\*?)')
_ADD = text(
    "INSERT INTO search (id, words, folded, size) VALUES (:id, array_to_tsvector(CAST(:words AS text[])), :folded, :size)"
)


def known(char: str) -> bool:
    """Whether `char` is part of a word."""
    return unicodedata.category(char) in ("So", "Co") or unicodedata.category(char)[0] in "LN"


class _Folding(dict[int, str]):
    """What becomes of each character: small, Latin letters without accents; a space for what is no part of a word."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(chr(code))
        return folded


def _fold(char: str) -> str:
    if 0x300 <= ord(char) <= 0x331:  # an accent of its own, behind its letter
        return ""
    if not known(char):
        return " "
    base = unicodedata.normalize("NFD", char)[0]
    return (base if base.isascii() else char).lower()


_FOLDING = _Folding()


def words_of(body: str) -> list[str]:
    return [_cut(word) for word in body.translate(_FOLDING).split()]


def _cut(word: str) -> str:
    if len(word) * 4 <= LONGEST_WORD:
        return word
    return word.encode()[:LONGEST_WORD].decode("utf-8", "ignore")


def add(db: Connection, passages: Iterable[tuple[int, str]]) -> None:
    """By their ids and bodies."""
    rows = [
        {"id": passage_id, "words": _bounded(words), "folded": _set(words), "size": len(words)}
        for passage_id, body in passages
        if (words := words_of(body))
    ]
    if rows:
        db.execute(_ADD, rows)


def _bounded(words: list[str]) -> list[str]:
    """All different ones, as far as they fit."""
    found, left = [], MOST_BYTES
    for word in dict.fromkeys(words):
        if (left := left - len(word.encode())) < 0:
            break
        found.append(word)
    return found


def _set(words: list[str], *, begun: bool = False) -> str:
    """Each word between two spaces; the last without its second, where only its beginning is known."""
    return f" {'  '.join(words)}{'' if begun else ' '}"


def matches(db: Connection, query: str, workspace_id: str | None) -> tuple[list[Match], list[Match]]:
    """The titles, and the passages, that fit `query`, as ``search.as_match`` gives it."""
    phrases = [(words_of(phrase), bool(star)) for phrase, star in _PHRASE.findall(query)]
    phrases = [(words, begun) for words, begun in phrases if words]
    if not phrases:
        return [], []
    terms = [word for words, begun in phrases for word in (words[:-1] if begun else words)]
    terms = [f"'{word}'" for word in dict.fromkeys(terms)]
    terms += [f"'{words[-1]}':*" for words, begun in phrases if begun]
    given: dict[str, Any] = {"query": " & ".join(terms), "workspace": workspace_id, "usual": USUAL}
    given |= {f"p{number}": _set(words, begun=begun) for number, (words, begun) in enumerate(phrases)}
    together = [f"AND strpos(i.folded, :p{n}) > 0" for n, (words, _) in enumerate(phrases) if len(words) > 1]
    ranks = [_RANK.replace(":p", f":p{number}") for number in range(len(phrases))]
    pieces = {
        "where": "" if workspace_id is None else "AND s.workspace_id = :workspace",
        "together": " ".join(together),
        "rank": " + ".join(ranks),
    }
    titles = db.execute(text(_TITLES.format_map(pieces)), {**given, "most": MOST_TITLES})
    others = db.execute(text(_PASSAGES.format_map(pieces)), {**given, "most": MOST_PASSAGES})
    return (
        [Match(row.id, TITLE, row.session_id, None) for row in titles],
        [Match(row.id, -float(row.rank), row.session_id, row.message_id) for row in others],
    )


_TITLES = """
    SELECT p.id, p.session_id FROM search i JOIN passages p ON p.id = i.id
    JOIN sessions s ON s.id = p.session_id AND s.deleted IS NULL {where}
    WHERE i.words @@ CAST(:query AS tsquery) AND i.id < 0 {together} ORDER BY i.id LIMIT :most
"""
_PASSAGES = """
    SELECT id, session_id, message_id, {rank} AS rank FROM (
    SELECT p.id, p.session_id, p.message_id, i.folded, i.size FROM search i JOIN passages p ON p.id = i.id
    JOIN sessions s ON s.id = p.session_id AND s.deleted IS NULL {where}
    JOIN runs r ON r.id = p.run_id AND r.replaced_by IS NULL AND (r.finish_reason IS NULL OR r.finish_reason <> 'withdrawn')
    WHERE i.words @@ CAST(:query AS tsquery) AND i.id >= 0 {together} ORDER BY i.id DESC LIMIT :most
    ) AS newest
"""
#: Of one phrase, which occurs `n` times: n / (n + 1.2 * (0.25 + 0.75 * size / usual)), with `n`, which takes long, counted once.
_COUNT = "((octet_length(folded) - octet_length(replace(folded, :p, ''))) / octet_length(:p))"
_LENGTH = "(CAST(0.3 AS float8) + CAST(0.9 AS float8) * size / :usual)"
_RANK = f"(1 - {_LENGTH} / ({_COUNT} + {_LENGTH}))"
