"""A run may take another's place, a deleted session may come back for a while, images, and an audit of tool calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _cascade(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(36), sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("deleted", sa.String(32)))
    op.add_column("runs", sa.Column("replaced_by", sa.String(36)))
    op.add_column("grants", sa.Column("by", sa.Text))
    op.create_table(
        "images",
        sa.Column("id", sa.String(36), primary_key=True),
        _cascade("message_id", "messages.id"),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_images_message_id", "images", ["message_id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _cascade("workspace_id", "workspaces.id"),
        _cascade("session_id", "sessions.id"),
        _cascade("run_id", "runs.id"),
        sa.Column("call_id", sa.String(40), nullable=False, unique=True),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("schema_hash", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("edited", sa.Boolean, nullable=False),
        sa.Column("asked", sa.String(32), nullable=False),
        sa.Column("decision", sa.String(12)),
        sa.Column("by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("decided", sa.String(32)),
        sa.Column("outcome", sa.String(12)),
        sa.Column("finished", sa.String(32)),
    )
    op.create_index("ix_audit_session_id", "audit", ["session_id"])
    op.create_index("ix_audit_run_id", "audit", ["run_id"])
    op.create_index("ix_audit_workspace_id", "audit", ["workspace_id", "id"])
