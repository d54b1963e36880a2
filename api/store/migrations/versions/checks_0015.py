"""Checks: codes, what happened to them, and draws of who is checked; what the legal section confirmed."""

import sqlalchemy as sa
from alembic import op

from api.store.append_only import forbid_changes
from api.store.columns import ByteOrdered, Serial

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "checks",
        sa.Column("code", ByteOrdered(25), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("lead_id", sa.String(32), nullable=True),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("visited", sa.BigInteger(), nullable=True),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("checks_by_enterprise", "checks", ["uscc", "state"])
    op.create_index("checks_by_end", "checks", ["ends"])
    op.create_index("ix_checks_lead_id", "checks", ["lead_id"])
    op.create_index("ix_checks_issued", "checks", ["issued"])
    op.create_table(
        "check_events",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("code", ByteOrdered(25), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("check_events_by_code", "check_events", ["code", "version"])
    op.create_table(
        "draws",
        sa.Column("draw_id", ByteOrdered(64), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("draw_id"),
    )
    op.create_table(
        "legal_confirmations",
        sa.Column("seq", Serial, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("catalogue", sa.String(64), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("by", sa.String(160), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("legal_confirmations_by_code", "legal_confirmations", ["code", "seq"])
    op.add_column("leads", sa.Column("confirmed", sa.BigInteger(), nullable=True))
    op.add_column("leads", sa.Column("public_until", sa.String(10), nullable=True))
    op.create_index("ix_leads_public_until", "leads", ["public_until"])
    forbid_changes("legal_confirmations")
    forbid_changes("check_events")
    forbid_changes("draws")
