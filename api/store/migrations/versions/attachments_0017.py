"""Attachments of leads: files that belong to moves, and the stills that the system keeps."""

import sqlalchemy as sa
from alembic import op

from api.store.append_only import allow_changes, forbid_changes

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "attachments",
        sa.Column("lead_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(160), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("camera_id", sa.String(64), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("lead_id", "sha256"),
    )
    forbid_changes("attachments")
    op.create_table(
        "after_stills",
        sa.Column("lead_id", sa.String(32), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("occasion", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("lead_id", "asked"),
    )
    op.create_index("after_stills_next", "after_stills", ["next_try"])


def downgrade() -> None:
    """Drop the tables; the files stay in the vault."""
    op.drop_table("after_stills")
    allow_changes("attachments")
    op.drop_table("attachments")
