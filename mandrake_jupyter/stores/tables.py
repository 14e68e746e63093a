"""The tables: workspaces, sessions, runs, messages, images, parts, events, grants, audit, passages, chores.

A run's text lives in `parts`; `events` holds every event that is not a token, so that a replay is the two merged by
``seq``. Rows are only ever added or completed, except by a user's delete. `passages` is what can be searched, over it lies
the index ``search`` (migration 0004), kept in step by triggers in SQLite and by ``stores.index_postgresql`` in PostgreSQL.
Changing a table means a new migration.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from .columns import short

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", short(36), primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created", short(32), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", short(36), primary_key=True),
    Column("workspace_id", short(36), ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("titled", Boolean, nullable=False),
    Column("notebook", Text),
    Column("model", Text),
    Column("created", short(32), nullable=False),
    Column("last_activity", short(32), nullable=False),
    Column("cull_idle_timeout", Integer),
    Column("deleted", short(32)),
    UniqueConstraint("workspace_id", "notebook", name="uq_sessions_notebook"),
    Index("ix_sessions_last_activity", "last_activity", "id"),
    Index("ix_sessions_workspace_id", "workspace_id", "last_activity", "id"),
    Index(
        "ix_sessions_deleted",
        "deleted",
        sqlite_where=text("deleted IS NOT NULL"),
        postgresql_where=text("deleted IS NOT NULL"),
    ),
)

runs = Table(
    "runs",
    metadata,
    Column("id", short(36), primary_key=True),
    Column("session_id", short(36), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("instance", short(36), nullable=False),
    Column("state", short(24), nullable=False),
    Column("model", Text),
    Column("notebook", Text),
    Column("idempotency_key", Text),
    Column("user_message_id", short(36), nullable=False),
    Column("message_id", short(36), nullable=False),
    Column("created", short(32), nullable=False),
    Column("finished", short(32)),
    Column("usage", JSON),
    Column("finish_reason", short(24)),
    Column("error", JSON),
    Column("replaced_by", short(36)),
    UniqueConstraint("session_id", "idempotency_key", name="uq_runs_idempotency_key"),
    Index("ix_runs_state", "state"),
)

messages = Table(
    "messages",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("id", short(36), nullable=False, unique=True),
    Column("session_id", short(36), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", short(36), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("role", short(12), nullable=False),
    Column("created", short(32), nullable=False),
    Column("attachments", JSON, nullable=False),
    Index("ix_messages_session_id", "session_id", "position"),
    Index("ix_messages_run_id", "run_id"),
)

images = Table(
    "images",
    metadata,
    Column("id", short(36), primary_key=True),
    Column("message_id", short(36), ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
    Column("media_type", short(40), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("ix_images_message_id", "message_id"),
)

parts = Table(
    "parts",
    metadata,
    Column("message_id", short(36), ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("type", short(12), nullable=False),
    Column("step", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("call_id", short(40), unique=True),
    Column("call", JSON),
    Column("status", short(12)),
    Column("decision", short(12)),
    Column("by", Text),
    Column("arguments", JSON),
    Column("result", JSON),
)

events = Table(
    "events",
    metadata,
    Column("run_id", short(36), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", short(16), nullable=False),
    Column("time", short(32), nullable=False),
    Column("data", JSON, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", short(36), ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("session_id", short(36), ForeignKey("sessions.id", ondelete="CASCADE")),
    Column("server", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("schema_hash", short(64), nullable=False),
    Column("created", short(32), nullable=False),
    Column("by", Text),
    Index("ix_grants_workspace_id", "workspace_id", "server", "tool"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", short(36), ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("session_id", short(36), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", short(36), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("call_id", short(40), nullable=False, unique=True),
    Column("server", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("schema_hash", short(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("asked", short(32), nullable=False),
    Column("decision", short(12)),
    Column("by", Text),
    Column("reason", Text),
    Column("decided", short(32)),
    Column("outcome", short(12)),
    Column("finished", short(32)),
    Index("ix_audit_session_id", "session_id"),
    Index("ix_audit_run_id", "run_id"),
    Index("ix_audit_workspace_id", "workspace_id", "id"),
)

passages = Table(
    "passages",
    metadata,
    Column(
        "id", Integer, primary_key=True
    ),  # titles have ids below 0, so that they can be looked through apart
    Column("session_id", short(36), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", short(36), ForeignKey("messages.id", ondelete="CASCADE")),
    Column("run_id", short(36)),
    Column("part", Integer),
    Column("kind", short(8), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_passages_session_id", "session_id"),
    Index("ix_passages_message_id", "message_id", "part"),
)

#: What deletions left to be done, by name; see ``stores.upkeep``.
chores = Table("chores", metadata, Column("name", short(24), primary_key=True))
