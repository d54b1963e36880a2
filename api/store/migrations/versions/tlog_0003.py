"""The append-only log: its leaves, its tree and its checkpoints; each package's index in it."""

import sqlalchemy as sa
from alembic import op

from api.store.append_only import forbid_changes
from api.store.columns import Serial

revision = "0003"
down_revision = "0002"

APPEND_ONLY = ("log_leaves", "log_nodes", "checkpoints")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "log_identity",
        sa.Column("log_id", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=128), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id"),
    )
    op.create_table(
        "log_leaves",
        sa.Column("index", Serial, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index"),
    )
    op.create_index("log_leaves_by_subject", "log_leaves", ["subject", "index"], unique=False)
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", Serial, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.add_column("packages", sa.Column("log_index", sa.BigInteger(), nullable=True))
    op.create_index("ix_packages_log_index", "packages", ["log_index"], unique=False)
    for table in APPEND_ONLY:
        forbid_changes(table)
