"""Checks in the store: each event is a leaf of the log, and the check as it stands follows from the newest."""

import hashlib
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.checks.check import OPEN, Check, CheckState
from api.contract.checks.code import prefix
from api.contract.evidence.article41 import local_day
from api.contract.register.plan import CheckMode
from api.contract.trust.stamp import canonical_json
from api.contract.wire.moment import rfc3339
from api.store.checks.tables import CheckEventRow, CheckRow
from api.store.documents import read_document
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import StaleVersion, UnknownRecord, UnreadableRecord
from api.store.terms import after_all_with

CHECKS = "checks"
_SERIAL = slice(16, 20)


class CheckEvent(StrEnum):
    """What happens to a check."""

    ISSUED = "issued"
    JOINED = "joined"
    SCANNED = "scanned"
    DONE = "done"
    RATED = "rated"
    JUSTIFIED = "justified"
    NUMBERED = "numbered"
    """The city's own record number was entered."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"


def get_check(session: Session, code: str) -> Check:
    """Return a check; raise `UnknownRecord` or `UnreadableRecord`."""
    return _read(session, _row(session, code))


def versioned_check(session: Session, code: str, version: int) -> Check:
    """Return a check that has this version; raise `UnknownRecord` or `StaleVersion`."""
    row = _row(session, code)
    if row.version != version:
        raise StaleVersion(f"check {code} has version {row.version}, not {version}")
    return _read(session, row)


def write_check(session: Session, check: Check, event: CheckEvent, *, who: str, reason: str, at: datetime) -> Check:
    """Keep a check after an event, with the event's leaf; needs the writing transaction; return the check."""
    row = session.get(CheckRow, check.check_code)
    if row is None:
        row = CheckRow(code=check.check_code, issued=check.issued_at)
        session.add(row)
    text = _text(check)
    row.version, row.state, row.mode = check.version, check.state.value, check.mode.value
    row.uscc, row.lead_id = check.uscc, check.lead_id
    row.visited = check.scans[0].at if check.scans else None
    row.ends = check.valid_to if check.state is CheckState.ISSUED else None
    row.document = text
    told = {
        "check_code": check.check_code,
        "version": check.version,
        "event": event.value,
        "state": check.state.value,
        "uscc": check.uscc,
        "lead_id": check.lead_id,
        "check_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "by": who,
        "reason": reason,
        "at": rfc3339(at),
    }
    index = append_record(session, LeafKind.CHECK, told, f"check:{check.check_code}", at)
    record = canonical_json({**told, "check": check.model_dump(mode="json")}).decode()
    session.add(CheckEventRow(code=check.check_code, version=check.version, record=record, log_index=index))
    session.flush()
    return check


def next_serial(session: Session, division: str, at: datetime) -> int:
    """Return the next serial of a division's local day; needs the writing transaction."""
    begin = prefix(division, local_day(at))
    newest = session.scalar(select(func.max(CheckRow.code)).where(CheckRow.code >= begin, CheckRow.code < begin + "~"))
    return 1 if newest is None else int(newest[_SERIAL]) + 1


def open_checks(session: Session, uscc: str) -> list[Check]:
    """Return the enterprise's checks whose code can be used, oldest first."""
    states = [state.value for state in OPEN]
    rows = select(CheckRow).where(CheckRow.uscc == uscc, CheckRow.state.in_(states)).order_by(CheckRow.issued)
    return _all(session, list(session.scalars(rows)))


def last_visit(session: Session, uscc: str) -> datetime | None:
    """Return when the enterprise was last visited."""
    return session.scalar(select(func.max(CheckRow.visited)).where(CheckRow.uscc == uscc))


def checks_over(session: Session, now: datetime, most: int) -> list[Check]:
    """Return checks whose code was not used in its time."""
    rows = select(CheckRow).where(CheckRow.ends <= now).order_by(CheckRow.ends).limit(most)
    return _all(session, list(session.scalars(rows)))


def list_checks(
    session: Session,
    *,
    beginning: str = "",
    uscc: str = "",
    lead_id: str = "",
    state: str = "",
    before: str | None = None,
    limit: int = 50,
) -> list[Check]:
    """
    Return checks, the newest first.

    `beginning` is of their codes (`api.contract.checks.code.code_beginning`), `before` the code after which the page
    begins.
    """
    asked = select(CheckRow)
    if beginning:
        asked = asked.where(CheckRow.code >= beginning, CheckRow.code < after_all_with(beginning))
    if uscc:
        asked = asked.where(CheckRow.uscc == uscc)
    if lead_id:
        asked = asked.where(CheckRow.lead_id == lead_id)
    if state:
        asked = asked.where(CheckRow.state == state)
    if before is not None:
        row = _row(session, before)
        older = (CheckRow.issued < row.issued) | ((CheckRow.issued == row.issued) & (CheckRow.code < row.code))
        asked = asked.where(older)
    rows = asked.order_by(CheckRow.issued.desc(), CheckRow.code.desc()).limit(limit)
    return _all(session, list(session.scalars(rows)))


def trail(session: Session, code: str) -> list[tuple[str, int]]:
    """Return the events of a check with their leaves, oldest first, each as canonical JSON; raise `UnknownRecord`."""
    rows = select(CheckEventRow).where(CheckEventRow.code == code).order_by(CheckEventRow.seq)
    found = [(row.record, row.log_index) for row in session.scalars(rows)]
    if not found:
        raise UnknownRecord(f"there is no check {code}")
    return found


def visits_between(session: Session, start: datetime, end: datetime) -> int:
    """Return how many checks on the spot began in a time."""
    counted = select(func.count()).select_from(CheckRow)
    of = (CheckRow.visited >= start, CheckRow.visited < end, CheckRow.mode == CheckMode.ON_SITE.value)
    return session.scalar(counted.where(*of)) or 0


def _row(session: Session, code: str) -> CheckRow:
    row = session.get(CheckRow, code)
    if row is None:
        raise UnknownRecord(f"there is no check {code}")
    return row


def _read(session: Session, row: CheckRow) -> Check:
    check = read_document(session, Check, row.code, row.document, of=CHECKS)
    if check is None:
        raise UnreadableRecord(f"what is stored of check {row.code} cannot be read")
    return check


def _all(session: Session, rows: list[CheckRow]) -> list[Check]:
    found = (read_document(session, Check, row.code, row.document, of=CHECKS) for row in rows)
    return [check for check in found if check is not None]


def _text(check: Check) -> str:
    text = canonical_json(check.model_dump(mode="json")).decode()
    Check.model_validate_json(text)
    return text
