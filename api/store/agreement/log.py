"""The whole log, compared with the tables leaf by leaf."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.agreement.checks import Checks, draws
from api.store.agreement.custody import Custody
from api.store.agreement.grants import Grants
from api.store.agreement.keys import Keys, subjects_of
from api.store.agreement.leads import Leads
from api.store.agreement.ledger import PIECE, Leaf, Ledger
from api.store.agreement.notifications import Notifications
from api.store.agreement.operators import Operators
from api.store.agreement.packages import Packages
from api.store.agreement.records import attachments, camera_files, holds, redactions
from api.store.agreement.register import Register
from api.store.agreement.site import Calendar, legal_confirmations
from api.store.evidence.log_tables import LogLeafRow
from api.store.evidence.tlog import LeafKind


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Sentences on differences between tables and log: of custody, and of all other records."""

    custody: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A leaf and the columns it is found by, which are not hashed."""

    kind: str
    subject: str
    at: datetime
    index: int
    data: bytes

    def read(self) -> Leaf:
        """Return the parsed leaf; raise `ValueError` or `KeyError` for invalid bytes."""
        if not self.data.startswith(b"{"):
            return Leaf(self.index, LeafKind.PACKAGE, self.subject, self.data, {})
        record = json.loads(self.data)
        return Leaf(self.index, LeafKind(record["kind"]), self.subject, self.data, record)

    def is_of(self, leaf: Leaf) -> bool:
        """True where the columns agree with the bytes; a hash list has neither subject nor time."""
        if leaf.kind is LeafKind.PACKAGE:
            return self.kind == LeafKind.PACKAGE
        if leaf.kind is LeafKind.KEY and self.subject not in subjects_of(leaf):
            return False
        told = (leaf.kind.value, _subject(leaf) or self.subject, leaf.text("at"))
        return told == (self.kind, self.subject, rfc3339(self.at))


def disagreements(session: Session) -> Disagreements:
    """
    Return the differences between the tables and the log; empty where they agree.

    `session` must see one moment throughout (`Database.snapshot`). Entries that are in no leaf yet are not judged. All
    is streamed; in memory are a batch of custody, the standing of every lead, the deletions, and the keys and
    operators in the log.
    """
    found = Disagreements()
    custody, leads, packages = Custody(session), Leads(session), Packages(session)
    ledgers: dict[LeafKind, Ledger] = {
        LeafKind.ACCESS: custody,
        LeafKind.TRANSITION: leads,
        LeafKind.CORRECTION: leads,
        LeafKind.PACKAGE: packages,
        LeafKind.DELETION: packages,
        LeafKind.HOLD: holds(session),
        LeafKind.REDACTION: redactions(session),
        LeafKind.ATTACHMENT: attachments(session),
        LeafKind.CAMERA: camera_files(session),
        LeafKind.KEY: Keys(session),
        LeafKind.OPERATOR: Operators(session),
        LeafKind.GRANT: Grants(session),
        LeafKind.REGISTER: Register(session),
        LeafKind.CHECK: Checks(session),
        LeafKind.DRAW: draws(session),
        LeafKind.LEGAL: legal_confirmations(session),
        LeafKind.CALENDAR: Calendar(session),
        LeafKind.NOTIFICATION: Notifications(session),
    }
    for listed in _leaves(session):
        try:
            leaf = listed.read()
            if not listed.is_of(leaf):
                found.records.append(
                    f"the log's leaf {leaf.index} is listed as {listed.kind} of {listed.subject} at "
                    f"{rfc3339(listed.at)}, which its bytes do not say"
                )
            ledger = ledgers[leaf.kind]
            (found.custody if ledger is custody else found.records).extend(ledger.hold(leaf))
        except (KeyError, ValueError):
            found.records.append(f"the log's leaf {listed.index} cannot be read; check the log: plumewatch log check")
    for ledger in dict.fromkeys(ledgers.values()):
        (found.custody if ledger is custody else found.records).extend(ledger.close())
    return found


def _leaves(session: Session) -> Iterator[_Listed]:
    columns = (LogLeafRow.kind, LogLeafRow.subject, LogLeafRow.at, LogLeafRow.index, LogLeafRow.data)
    statement = select(*columns).order_by(LogLeafRow.index).execution_options(yield_per=PIECE)
    for kind, subject, at, index, data in session.execute(statement):
        yield _Listed(kind, subject, at, index, bytes(data))


_SUBJECTS: Mapping[LeafKind, Callable[[Leaf], str]] = MappingProxyType(
    {
        LeafKind.ACCESS: lambda leaf: f"custody-{leaf.text('first_seq')}-{leaf.text('last_seq')}",
        LeafKind.OPERATOR: lambda leaf: f"operator:{leaf.text('operator')}",
        LeafKind.GRANT: lambda leaf: f"operator:{leaf.text('operator')}",
        LeafKind.REGISTER: lambda leaf: f"register:{leaf.text('register')}:{leaf.text('key')}",
        LeafKind.CHECK: lambda leaf: f"check:{leaf.text('check_code')}",
        LeafKind.DRAW: lambda leaf: f"draw:{leaf.text('draw')}",
        LeafKind.LEGAL: lambda leaf: f"catalogue:{leaf.text('code')}",
        LeafKind.CALENDAR: lambda leaf: f"calendar:{leaf.text('day')}",
        LeafKind.NOTIFICATION: lambda leaf: leaf.text("of"),
    }
)


def _subject(leaf: Leaf) -> str:
    """Return the subject of a record; empty where the record does not contain it."""
    said = _SUBJECTS.get(leaf.kind)
    return str(leaf.record.get("lead_id") or leaf.record.get("camera_id") or "") if said is None else said(leaf)
