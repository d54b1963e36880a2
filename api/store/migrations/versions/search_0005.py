"""What leads are found by; the leads that are there already are indexed at the next start of the API."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import ByteOrdered

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make columns, tables and indexes."""
    for column in (
        sa.Column("division", ByteOrdered(12), server_default="", nullable=False),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("uscc", sa.String(length=18), server_default="", nullable=False),
        sa.Column("enterprise", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("indexed", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("leads", column)
    op.create_index("leads_by_code", "leads", ["violation_code", "event_start"], unique=False)
    op.create_index("leads_by_enterprise", "leads", ["uscc", "event_start"], unique=False)
    op.create_index("leads_by_division", "leads", ["division"], unique=False)
    op.create_index("leads_by_place", "leads", ["lat", "lon"], unique=False)
    op.create_index("ix_leads_indexed", "leads", ["indexed"], unique=False)
    op.create_table(
        "lead_terms",
        sa.Column("term", ByteOrdered(24), nullable=False),
        sa.Column("lead_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("term", "lead_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "package_files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "lead_id", "name"),
        sqlite_with_rowid=False,
    )
