"""Batches of accesses in the log, chains of cameras' packages, and cameras' files under article 41."""

import sqlalchemy as sa
from alembic import op

from api.store.append_only import forbid_changes
from api.store.columns import Serial

revision = "0006"
down_revision = "0005"

APPEND_ONLY = ("access_batches", "package_links", "camera_files")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "access_batches",
        sa.Column("last_seq", Serial, autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("last_seq"),
    )
    op.create_table(
        "package_links",
        sa.Column("sums_sha256", sa.String(length=64), nullable=False),
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.String(length=32), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sums_sha256"),
    )
    op.create_index("package_links_by_camera", "package_links", ["camera_id", "created"], unique=False)
    op.create_index("ix_package_links_previous", "package_links", ["previous"], unique=False)
    op.create_table(
        "camera_files",
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=160), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "version"),
    )
    for table in APPEND_ONLY:
        forbid_changes(table)
