"""Search in titles and messages, marks of what deletions left to do, and indexes for long lists and for deletions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from mandrake_jupyter.stores.columns import short
from mandrake_jupyter.stores.passages import LONGEST_TEXT, LONGEST_TOOL, spaced

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UNTITLED = "New chat"
TITLE = "INSERT INTO passages (id, session_id, kind, body) VALUES (:id, :session, 'title', :body)"
PART = (
    "INSERT INTO passages (session_id, message_id, run_id, part, kind, body) "
    "VALUES (:session, :message, :run, :part, :kind, :body)"
)

IN_SQLITE = (
    # Symbols are tokens, so that an emoji is found; `passages.spaced` sets them and signs of scripts without spaces apart.
    "CREATE VIRTUAL TABLE search USING fts5(body, content='passages', content_rowid='id', "
    "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co So'\")",
    "CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN "
    "INSERT INTO search (rowid, body) VALUES (new.id, new.body); END",
    "CREATE TRIGGER passages_deleted AFTER DELETE ON passages BEGIN "
    "INSERT INTO search (search, rowid, body) VALUES ('delete', old.id, old.body); END",
    "CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions BEGIN "
    "INSERT OR IGNORE INTO chores VALUES ('wipe'); END",
    "CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN "
    "INSERT OR IGNORE INTO chores VALUES ('wipe'); END",
)
#: ``stores.index_postgresql`` fills it. No PostgreSQL has chats of an earlier version, so nothing is to be filled here.
IN_POSTGRESQL = (
    "CREATE TABLE search (id INTEGER PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE, "
    "words TSVECTOR NOT NULL, folded TEXT NOT NULL, size INTEGER NOT NULL)",
    "CREATE INDEX ix_search_words ON search USING gin (words)",
)


def upgrade() -> None:
    op.create_index("ix_sessions_last_activity", "sessions", ["last_activity", "id"])
    op.create_index("ix_sessions_workspace_id", "sessions", ["workspace_id", "last_activity", "id"])
    op.create_index(
        "ix_sessions_deleted",
        "sessions",
        ["deleted"],
        sqlite_where=sa.text("deleted IS NOT NULL"),
        postgresql_where=sa.text("deleted IS NOT NULL"),
    )
    op.create_index("ix_messages_run_id", "messages", ["run_id"])
    op.create_table("chores", sa.Column("name", short(24), primary_key=True))
    op.create_table(
        "passages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", short(36), sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("message_id", short(36), sa.ForeignKey("messages.id", ondelete="CASCADE")),
        sa.Column("run_id", short(36)),
        sa.Column("part", sa.Integer),
        sa.Column("kind", short(8), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_passages_session_id", "passages", ["session_id"])
    op.create_index("ix_passages_message_id", "passages", ["message_id", "part"])
    for statement in IN_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else IN_SQLITE:
        op.execute(sa.text(statement))
    connection = op.get_bind()
    for count, (session, name) in enumerate(
        connection.execute(sa.text("SELECT id, name FROM sessions WHERE name <> :none"), {"none": UNTITLED})
    ):
        body = {"id": -1 - count, "session": session, "body": spaced(name, LONGEST_TEXT)}
        connection.execute(sa.text(TITLE), body)
    for row in _parts(connection):
        connection.execute(sa.text(PART), row)


def _parts(connection: Any) -> Iterator[dict[str, Any]]:
    """What can be searched of all messages that are not at work, oldest first."""
    found = connection.execute(
        sa.text(
            "SELECT m.session_id, m.id, m.run_id, p.part, p.type, p.content, p.result FROM messages m "
            "JOIN runs r ON r.id = m.run_id JOIN parts p ON p.message_id = m.id WHERE p.type IN ('text', 'tool') "
            "AND (m.role = 'user' OR r.state NOT IN ('queued', 'calling_model', 'calling_tool', 'awaiting_approval')) "
            "ORDER BY m.position, p.part"
        ),
        execution_options={"yield_per": 500},
    )
    for session, message, run, part, kind, content, result in found:
        text, longest = content, LONGEST_TEXT
        if kind == "tool":
            told = json.loads(result) if result else None
            text, longest = (told or {}).get("content") or (told or {}).get("error") or "", LONGEST_TOOL
        if body := spaced(text, longest):
            yield {
                "session": session,
                "message": message,
                "run": run,
                "part": part,
                "kind": kind,
                "body": body,
            }
