"""A run may take another's place, a deleted session may come back for a while, images, and an audit of tool calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mandrake_jupyter.stores.columns import short

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _cascade(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, short(36), sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("deleted", short(32)))
    op.add_column("runs", sa.Column("replaced_by", short(36)))
    op.add_column("grants", sa.Column("by", sa.Text))
    op.create_table(
        "images",
        sa.Column("id", short(36), primary_key=True),
        _cascade("message_id", "messages.id"),
        sa.Column("media_type", short(40), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_images_message_id", "images", ["message_id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _cascade("workspace_id", "workspaces.id"),
        _cascade("session_id", "sessions.id"),
        _cascade("run_id", "runs.id"),
        sa.Column("call_id", short(40), nullable=False, unique=True),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("schema_hash", short(64), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("edited", sa.Boolean, nullable=False),
        sa.Column("asked", short(32), nullable=False),
        sa.Column("decision", short(12)),
        sa.Column("by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("decided", short(32)),
        sa.Column("outcome", short(12)),
        sa.Column("finished", short(32)),
    )
    op.create_index("ix_audit_session_id", "audit", ["session_id"])
    op.create_index("ix_audit_run_id", "audit", ["run_id"])
    op.create_index("ix_audit_workspace_id", "audit", ["workspace_id", "id"])
