"""Grants: which roles of the loop an operator holds, and where. Each change is a leaf of the log."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.contract.wire.role import GRANTED, LoopRole
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import RecordConflict, UnknownRecord, WrongValue
from api.store.loop.tables import GrantRow
from api.store.tables import OperatorRow


@dataclass(frozen=True, slots=True)
class Grant:
    """
    A role that an operator holds.

    Attributes:
        division: beginning of the GB/T 2260 codes in which it counts; empty: everywhere.
    """

    username: str
    role: LoopRole
    division: str
    granted: datetime
    granted_by: str

    def covers(self, division: str) -> bool:
        """Whether it counts for a lead of a division."""
        return division.startswith(self.division)


def grant_role(session: Session, username: str, role: LoopRole, division: str, *, by: str, at: datetime) -> None:
    """
    Grant a role; needs the writing transaction.

    Raises `UnknownRecord`, `WrongValue` for a role or division that cannot be granted, `RecordConflict` for a grant
    that stands already or an operator who is disabled.
    """
    if role not in GRANTED:
        raise WrongValue(f"role {role} is the system's own; grant one of {', '.join(sorted(GRANTED))}")
    if not (division == "" or (division.isdecimal() and division.isascii() and len(division) <= 12)):
        raise WrongValue(f"a division is up to 12 digits of a GB/T 2260 code, got {division!r}")
    operator = _operator(session, username)
    if operator.disabled is not None:
        raise RecordConflict(f"operator {username} is disabled; enable the account first")
    if _standing(session, operator, role, division) is not None:
        raise RecordConflict(f"operator {username} holds role {role} there already")
    session.add(
        GrantRow(operator_id=operator.operator_id, role=role.value, division=division, granted=at, granted_by=by)
    )
    _log(session, "granted", username, role, division, by, at)


def revoke_role(session: Session, username: str, role: LoopRole, division: str, *, by: str, at: datetime) -> None:
    """Take a role away; needs the writing transaction; raise `UnknownRecord` where it is not held."""
    row = _standing(session, _operator(session, username), role, division)
    if row is None:
        raise UnknownRecord(f"operator {username} does not hold role {role} in {division or 'all divisions'}")
    row.revoked = at
    _log(session, "revoked", username, role, division, by, at)


def grants(session: Session, username: str | None = None) -> list[Grant]:
    """Return the grants that stand, of one operator or of all who may log in."""
    asked = (
        select(GrantRow, OperatorRow.username)
        .join(OperatorRow, OperatorRow.operator_id == GrantRow.operator_id)
        .where(GrantRow.revoked.is_(None), OperatorRow.disabled.is_(None))
        .order_by(OperatorRow.username, GrantRow.role, GrantRow.division)
    )
    if username is not None:
        asked = asked.where(OperatorRow.username == username)
    return [
        Grant(name, LoopRole(row.role), row.division, row.granted, row.granted_by)
        for row, name in session.execute(asked)
    ]


def has_grants(session: Session) -> bool:
    """Whether any role was ever granted at this site: from then on roles and four eyes are enforced."""
    return session.scalar(select(GrantRow.grant_id).limit(1)) is not None


def _operator(session: Session, username: str) -> OperatorRow:
    row = session.scalar(select(OperatorRow).where(OperatorRow.username == username))
    if row is None:
        raise UnknownRecord(f"there is no operator {username}")
    return row


def _standing(session: Session, operator: OperatorRow, role: LoopRole, division: str) -> GrantRow | None:
    return session.scalar(
        select(GrantRow).where(
            GrantRow.operator_id == operator.operator_id,
            GrantRow.role == role.value,
            GrantRow.division == division,
            GrantRow.revoked.is_(None),
        )
    )


def _log(session: Session, event: str, username: str, role: LoopRole, division: str, by: str, at: datetime) -> None:
    facts = {"event": event, "operator": username, "role": role.value, "division": division, "by": by}
    append_record(session, LeafKind.GRANT, {**facts, "at": rfc3339(at)}, f"operator:{username}", at)
