"""The loop: roles of operators, times of states, days of work, answers to moves."""

import sqlalchemy as sa
from alembic import op

from api.store.columns import ByteOrdered, Serial

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Leads that are there get no times before their next move: an update is no reason to alarm anybody."""
    for name in ("entered", "due", "alarm_at"):
        op.add_column("leads", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("leads", sa.Column("proposed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("leads_waiting", "leads", ["state", "proposed", "due"])
    op.create_index("leads_alarms", "leads", ["alarm_at"])
    op.create_table(
        "grants",
        sa.Column("grant_id", Serial, autoincrement=True, nullable=False),
        sa.Column("operator_id", Serial, nullable=False),
        sa.Column("role", sa.String(1), nullable=False),
        sa.Column("division", ByteOrdered(12), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("granted_by", sa.String(160), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.operator_id"]),
        sa.PrimaryKeyConstraint("grant_id"),
    )
    op.create_index("grants_by_operator", "grants", ["operator_id", "revoked"])
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(160), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "move_answers",
        sa.Column("operator_id", Serial, nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operators.operator_id"]),
        sa.PrimaryKeyConstraint("operator_id", "idempotency_key"),
    )
