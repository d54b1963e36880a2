"""What the site decided for itself, held against the log: its calendar, and what the legal section confirmed."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.agreement.ledger import PIECE, Leaf
from api.store.agreement.records import Records
from api.store.loop.tables import CalendarDayRow, LegalConfirmationRow


class Calendar:
    """The table of days beside the leaves of kind ``calendar``: the newest of each day counts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._days: dict[str, tuple[bool, str, str]] = {}

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Take note of a leaf."""
        day, working = leaf.text("day"), leaf.record["working"]
        if isinstance(working, bool):
            self._days[day] = (working, leaf.text("reason"), leaf.text("by"))
        else:
            self._days.pop(day, None)
        yield from ()

    def close(self) -> Iterator[str]:
        """Yield the days that the table and the log tell differently."""
        for row in self._session.scalars(select(CalendarDayRow).order_by(CalendarDayRow.day)):
            if self._days.pop(row.day, None) != (row.working, row.reason, row.changed_by):
                yield f"the calendar's day {row.day} is not what the log says of it"
        yield from (f"the calendar's day {day} is gone; by the log it is there" for day in sorted(self._days))


def legal_confirmations(session: Session) -> Records[LegalConfirmationRow]:
    """Return what the legal section said of rows of the catalogue."""
    rows = select(LegalConfirmationRow).order_by(LegalConfirmationRow.log_index, LegalConfirmationRow.seq)
    return Records(
        "legal confirmation",
        iter(session.scalars(rows.execution_options(yield_per=PIECE))),
        lambda row: row.log_index,
        lambda row: {
            "code": row.code,
            "confirmed": row.confirmed,
            "catalogue": row.catalogue,
            "reference": row.reference,
            "by": row.by,
            "at": rfc3339(row.at),
        },
    )
