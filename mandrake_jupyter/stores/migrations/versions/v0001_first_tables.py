"""The first tables: workspaces, sessions, runs, messages, parts, events, grants."""

import sqlalchemy as sa
from alembic import op

from mandrake_jupyter.stores.columns import short

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _id(name: str, *args: sa.ForeignKey, **kwargs: bool) -> sa.Column[str]:
    return sa.Column(name, short(36), *args, **kwargs)


def _cascade(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "workspaces",
        _id("id", primary_key=True),
        sa.Column("path", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created", short(32), nullable=False),
    )
    op.create_table(
        "sessions",
        _id("id", primary_key=True),
        _id("workspace_id", _cascade("workspaces.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("titled", sa.Boolean, nullable=False),
        sa.Column("notebook", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("created", short(32), nullable=False),
        sa.Column("last_activity", short(32), nullable=False),
        sa.UniqueConstraint("workspace_id", "notebook", name="uq_sessions_notebook"),
    )
    op.create_table(
        "runs",
        _id("id", primary_key=True),
        _id("session_id", _cascade("sessions.id"), nullable=False),
        _id("instance", nullable=False),
        sa.Column("state", short(24), nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("notebook", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        _id("user_message_id", nullable=False),
        _id("message_id", nullable=False),
        sa.Column("created", short(32), nullable=False),
        sa.Column("finished", short(32)),
        sa.Column("usage", sa.JSON),
        sa.Column("finish_reason", short(24)),
        sa.Column("error", sa.JSON),
        sa.UniqueConstraint("session_id", "idempotency_key", name="uq_runs_idempotency_key"),
    )
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_table(
        "messages",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", short(36), nullable=False, unique=True),
        _id("session_id", _cascade("sessions.id"), nullable=False),
        _id("run_id", _cascade("runs.id"), nullable=False),
        sa.Column("role", short(12), nullable=False),
        sa.Column("created", short(32), nullable=False),
        sa.Column("attachments", sa.JSON, nullable=False),
    )
    op.create_index("ix_messages_session_id", "messages", ["session_id", "position"])
    op.create_table(
        "parts",
        sa.Column("message_id", short(36), _cascade("messages.id"), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("type", short(12), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("call_id", short(40), unique=True),
        sa.Column("call", sa.JSON),
        sa.Column("status", short(12)),
        sa.Column("decision", short(12)),
        sa.Column("by", sa.Text),
        sa.Column("arguments", sa.JSON),
        sa.Column("result", sa.JSON),
    )
    op.create_table(
        "events",
        sa.Column("run_id", short(36), _cascade("runs.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("type", short(16), nullable=False),
        sa.Column("time", short(32), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _id("workspace_id", _cascade("workspaces.id"), nullable=False),
        _id("session_id", _cascade("sessions.id")),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("schema_hash", short(64), nullable=False),
        sa.Column("created", short(32), nullable=False),
    )
    op.create_index("ix_grants_workspace_id", "grants", ["workspace_id", "server", "tool"])
