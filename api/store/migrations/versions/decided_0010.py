"""When leads were last decided on, of those that were before there was retention."""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Take the time of each lead's newest decision from its records, where 0007 took that of its coming."""
    connection = op.get_bind()
    records = connection.execute(
        sa.text("SELECT record FROM transitions ORDER BY seq").execution_options(yield_per=1000)
    )
    decided = dict(found for record in records.scalars() if (found := _decision(record)))
    if decided:
        connection.execute(
            sa.text("UPDATE leads SET changed = :at WHERE lead_id = :lead_id AND changed <> :at"),
            [{"lead_id": lead_id, "at": at} for lead_id, at in decided.items()],
        )


def _decision(record: str) -> tuple[str, int] | None:
    """Return lead and time, in ms since 1970, of an operator's decision; ``None`` for what is none or unreadable."""
    try:
        told = json.loads(record)
        if told["role"] == "A":
            return None
        return str(told["lead_id"]), (datetime.fromisoformat(told["at"]) - _EPOCH) // timedelta(milliseconds=1)
    except (KeyError, TypeError, ValueError):
        return None
