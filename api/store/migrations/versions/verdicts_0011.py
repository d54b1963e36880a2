"""What people found leads to be, of those that were before it was written down."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_DECISIVE = {"PENDING_VERIFY": "", "VERIFIED": "real", "REJECTED_FALSE": "false"}


def upgrade() -> None:
    """Take each lead's verdict from its records: what the newest that decides says."""
    op.add_column("leads", sa.Column("verdict", sa.String(length=8), server_default="", nullable=False))
    op.create_index("leads_by_verdict", "leads", ["verdict", "event_start"], unique=False)
    connection = op.get_bind()
    records = connection.execute(
        sa.text("SELECT record FROM transitions ORDER BY seq").execution_options(yield_per=1000)
    )
    found = dict(decided for record in records.scalars() if (decided := _decided(record)))
    verdicts = [{"lead_id": lead_id, "verdict": verdict} for lead_id, verdict in found.items() if verdict]
    if verdicts:
        connection.execute(sa.text("UPDATE leads SET verdict = :verdict WHERE lead_id = :lead_id"), verdicts)


def _decided(record: str) -> tuple[str, str] | None:
    """Return lead and verdict of a record; ``None`` for one that decides nothing or cannot be read."""
    try:
        told = json.loads(record)
        return str(told["lead_id"]), _DECISIVE[told["to"]]
    except (KeyError, TypeError, ValueError):
        return None
