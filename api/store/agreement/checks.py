"""Checks held against the log: every event, the checks that follow from the newest, and draws."""

import hashlib
import json
from collections.abc import Iterator

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.trust.stamp import canonical_json
from api.store.agreement.ledger import PIECE, Leaf
from api.store.agreement.records import Records
from api.store.checks.tables import CheckEventRow, CheckRow, DrawRow


class Checks:
    """The tables of checks beside the leaves of kind ``check``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        rows = select(CheckEventRow).order_by(CheckEventRow.log_index, CheckEventRow.seq)
        self._events = Records(
            "event",
            iter(session.scalars(rows.execution_options(yield_per=PIECE))),
            lambda row: row.log_index,
            _told,
            _is_whole,
        )

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield what the events tell otherwise than a leaf."""
        yield from self._events.hold(leaf)

    def close(self) -> Iterator[str]:
        """Yield the events that no leaf tells of, and the checks that are not what their newest event made them."""
        yield from self._events.close()
        newest = select(func.max(CheckEventRow.seq).label("seq")).group_by(CheckEventRow.code).subquery()
        asked = select(CheckEventRow.code, CheckEventRow.record).join(newest, newest.c.seq == CheckEventRow.seq)
        made = {code: json.loads(record)["check_sha256"] for code, record in self._session.execute(asked)}
        rows = select(CheckRow.code, CheckRow.document).order_by(CheckRow.code)
        for code, document in self._session.execute(rows.execution_options(yield_per=PIECE)):
            wanted = made.pop(code, None)
            if wanted is None:
                yield f"check {code} is there, and no event made it"
            elif hashlib.sha256(document.encode()).hexdigest() != wanted:
                yield f"check {code} stands otherwise than its newest event made it"
        for code in made:
            yield f"check {code} is gone; by its events it is there"


def draws(session: Session) -> Records[DrawRow]:
    """Return the draws."""
    rows = select(DrawRow).order_by(DrawRow.log_index, DrawRow.draw_id).execution_options(yield_per=PIECE)
    return Records("draw", iter(session.scalars(rows)), lambda row: row.log_index, _drawn)


def _told(row: CheckEventRow) -> dict[str, JsonValue]:
    return {name: value for name, value in json.loads(row.record).items() if name != "check"}


def _is_whole(row: CheckEventRow) -> bool:
    record = json.loads(row.record)
    return bool(hashlib.sha256(canonical_json(record["check"])).hexdigest() == record["check_sha256"])


def _drawn(row: DrawRow) -> dict[str, JsonValue]:
    draw = json.loads(row.document)
    return {
        "draw": row.draw_id,
        "draw_sha256": hashlib.sha256(row.document.encode()).hexdigest(),
        "seed": draw["seed"],
        "pool_sha256": draw["pool_sha256"],
        "by": draw["made_by"],
        "at": draw["made_at"],
    }
