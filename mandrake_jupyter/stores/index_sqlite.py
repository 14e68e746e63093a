"""SQLite's index of passages: FTS5, which triggers keep in step (migration 0004)."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

from .matches import MOST_PASSAGES, MOST_TITLES, TITLE, Match

#: CROSS JOIN keeps the order: the index first.
_TITLES = text("""
    SELECT search.rowid, :rank, p.session_id, NULL FROM search
    CROSS JOIN passages p ON p.id = search.rowid
    JOIN sessions s ON s.id = p.session_id AND s.deleted IS NULL AND (:workspace IS NULL OR s.workspace_id = :workspace)
    WHERE search MATCH :words AND search.rowid < 0 ORDER BY search.rowid LIMIT :most
""")
_PASSAGES = text("""
    SELECT search.rowid, search.rank, p.session_id, p.message_id FROM search
    CROSS JOIN passages p ON p.id = search.rowid
    JOIN sessions s ON s.id = p.session_id AND s.deleted IS NULL AND (:workspace IS NULL OR s.workspace_id = :workspace)
    JOIN runs r ON r.id = p.run_id AND r.replaced_by IS NULL AND (r.finish_reason IS NULL OR r.finish_reason <> 'withdrawn')
    WHERE search MATCH :words AND search.rowid >= 0 ORDER BY search.rowid DESC LIMIT :most
""")


def matches(db: Connection, words: str, workspace_id: str | None) -> tuple[list[Match], list[Match]]:
    """The titles, and the passages, that fit `words`, as ``search.as_match`` gives them."""
    asked = {"words": words, "workspace": workspace_id}
    titles = [Match(*row) for row in db.execute(_TITLES, {**asked, "most": MOST_TITLES, "rank": TITLE})]
    return titles, [Match(*row) for row in db.execute(_PASSAGES, {**asked, "most": MOST_PASSAGES})]
