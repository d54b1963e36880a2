"""The register: every change of an entry, and the entries as they stand."""

import sqlalchemy as sa
from alembic import op

from api.store.append_only import forbid_changes
from api.store.columns import ByteOrdered, Serial

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "register_changes",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", ByteOrdered(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("before_sha256", sa.String(length=64), nullable=False),
        sa.Column("after_sha256", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("register_changes_by_entry", "register_changes", ["kind", "key", "version"], unique=True)
    op.create_index("register_changes_by_enterprise", "register_changes", ["kind", "uscc"], unique=False)
    op.create_index("register_changes_by_time", "register_changes", ["at"], unique=False)
    op.create_table(
        "register_entries",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", ByteOrdered(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("division", ByteOrdered(12), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_index("register_entries_by_enterprise", "register_entries", ["kind", "uscc"], unique=False)
    forbid_changes("register_changes")
