"""Legal holds, deletions of packages, and scrubs of the vault."""

import sqlalchemy as sa
from alembic import op

from api.store.append_only import forbid_changes
from api.store.columns import Serial

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make columns and tables; a lead that is there already has changed when it was received, as far as is known."""
    op.add_column("leads", sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("UPDATE leads SET changed = received")
    op.add_column("packages", sa.Column("deleted", sa.BigInteger(), nullable=True))
    op.create_index("packages_by_age", "packages", ["received"], unique=False)
    op.create_table(
        "holds",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("lead_id", sa.String(length=32), nullable=False),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=160), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_holds_lead_id", "holds", ["lead_id"], unique=False)
    op.create_table(
        "scrubs",
        sa.Column("scrub_id", Serial, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sound", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scrub_id"),
        sqlite_autoincrement=True,
    )
    for table in ("holds", "scrubs"):
        forbid_changes(table)
