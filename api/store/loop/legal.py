"""Legal confirmation: which rows of the violation catalogue the legal section stands behind."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.catalogue import catalogue
from api.contract.wire.moment import rfc3339
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import UnknownRecord
from api.store.loop.tables import LegalConfirmationRow


@dataclass(frozen=True, slots=True)
class LegalConfirmation:
    """
    What the legal section last said of a row.

    Attributes:
        catalogue: version of the catalogue that was looked at; a confirmation holds for that version alone.

        reference: where it is written.
    """

    code: str
    confirmed: bool
    catalogue: str
    reference: str
    by: str
    at: datetime


def confirm_row(session: Session, code: str, *, confirmed: bool, reference: str, by: str, at: datetime) -> None:
    """Write what the legal section says of a row; needs the writing transaction; raise `UnknownRecord`."""
    if catalogue().get(code) is None:
        raise UnknownRecord(f"the violation catalogue has no row {code}")
    told = {"code": code, "confirmed": confirmed, "catalogue": catalogue().version, "reference": reference, "by": by}
    index = append_record(session, LeafKind.LEGAL, {**told, "at": rfc3339(at)}, f"catalogue:{code}", at)
    session.add(LegalConfirmationRow(**told, at=at, log_index=index))
    session.flush()


def confirmations(session: Session) -> dict[str, LegalConfirmation]:
    """Return the newest word on each row that was ever spoken of, by code."""
    newest = select(func.max(LegalConfirmationRow.seq)).group_by(LegalConfirmationRow.code)
    rows = session.scalars(select(LegalConfirmationRow).where(LegalConfirmationRow.seq.in_(newest)))
    return {
        row.code: LegalConfirmation(row.code, row.confirmed, row.catalogue, row.reference, row.by, row.at)
        for row in rows
    }


def is_confirmed(session: Session, code: str) -> bool:
    """Whether the legal section stands behind a row as the catalogue has it now: by its own file, or by name here."""
    row = catalogue().get(code)
    if row is not None and row.legal_confirmed_by:
        return True
    found = confirmations(session).get(code)
    return found is not None and found.confirmed and found.catalogue == catalogue().version
