"""Operators and their sessions. Passwords are argon2id; of a session only the hash of its cookie is kept."""

import functools
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import RecordConflict, UnknownRecord
from api.store.tables import OperatorRow, SessionRow

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's argon2id minimum, 19 MiB


@functools.cache
def _nobody() -> str:
    """Return the hash that is checked for unknown names, so that their answer takes as long as for known ones."""
    return _hasher.hash(secrets.token_urlsafe())


class Role(StrEnum):
    """
    What an operator may do: operators review leads; admins also set up cameras and zones, hold evidence, and trust and
    revoke keys. Accounts are managed on the machine itself, by ``plumewatch operator``.
    """

    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who logs in."""

    operator_id: int
    username: str
    role: Role
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class Account:
    """
    The record of an operator, disabled ones included.

    Attributes:
        disabled: when the account was disabled; ``None`` for an enabled one.

        sessions: logins that are open at the time asked for.
    """

    username: str
    role: Role
    must_change_password: bool
    created: datetime
    disabled: datetime | None
    sessions: int


def token_sha256(token: str) -> str:
    """Return the hash under which a high-entropy token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def add_operator(session: Session, username: str, role: Role, password: str, at: datetime) -> Operator:
    """Add an operator whose password must be changed at the first login; raise `RecordConflict` for a taken name."""
    if session.scalar(select(OperatorRow).where(OperatorRow.username == username)) is not None:
        raise RecordConflict(f"there is an operator {username} already")
    row = OperatorRow(
        username=username,
        role=role.value,
        password_hash=_hasher.hash(password),
        must_change_password=True,
        created=at,
    )
    session.add(row)
    session.flush()
    return _operator(row)


def list_accounts(session: Session, at: datetime) -> list[Account]:
    """Return all operators by name, disabled ones included."""
    counted = session.execute(
        select(SessionRow.operator_id, func.count()).where(SessionRow.expires > at).group_by(SessionRow.operator_id)
    )
    open_sessions = {operator_id: count for operator_id, count in counted}  # noqa: C416 (a result has keys of its own)
    return [
        Account(
            row.username,
            Role(row.role),
            row.must_change_password,
            row.created,
            row.disabled,
            open_sessions.get(row.operator_id, 0),
        )
        for row in session.scalars(select(OperatorRow).order_by(OperatorRow.username))
    ]


def check_password(session: Session, username: str, password: str) -> Operator | None:
    """Return the operator if name and password are right."""
    row = session.scalar(select(OperatorRow).where(OperatorRow.username == username, OperatorRow.disabled.is_(None)))
    try:
        _hasher.verify(_nobody() if row is None else row.password_hash, password)
    except (VerificationError, InvalidHashError):
        return None
    return None if row is None else _operator(row)


def set_password(session: Session, username: str, password: str, *, must_change: bool) -> None:
    """
    Set a password and end all the operator's sessions.

    Raises `UnknownRecord`, or `RecordConflict` for a disabled one, who could not log in with it.
    """
    row = _row_of(session, username)
    if row.disabled is not None:
        raise RecordConflict(f"operator {username} was disabled at {rfc3339(row.disabled)}; enable him first")
    _set_password(row, password, must_change=must_change)
    _end_sessions(session, row)


def disable_operator(session: Session, username: str, at: datetime) -> int:
    """
    Disable an operator and end the sessions; a leaf of the log records it, the name stays in the records.

    Returns how many sessions ended; raises `UnknownRecord`, or `RecordConflict` for one that is disabled already.
    """
    row = _row_of(session, username)
    if row.disabled is not None:
        raise RecordConflict(f"operator {username} was disabled at {rfc3339(row.disabled)} already")
    row.disabled = at
    ended = _end_sessions(session, row)
    _log(session, row, "disabled", at)
    return ended


def enable_operator(session: Session, username: str, password: str, at: datetime) -> None:
    """
    Enable a disabled operator again, with a password to be changed at login; a leaf of the log records it.

    Raises `UnknownRecord`, or `RecordConflict` for an enabled one.
    """
    row = _row_of(session, username)
    if row.disabled is None:
        raise RecordConflict(f"operator {username} is not disabled")
    row.disabled = None
    _set_password(row, password, must_change=True)
    _log(session, row, "enabled", at)


def open_session(session: Session, operator_id: int, at: datetime, lifetime: timedelta) -> str:
    """Log an operator in: return the cookie's value. Sessions that are over are removed."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(SessionRow).where(SessionRow.expires <= at))
    session.add(
        SessionRow(token_sha256=token_sha256(token), operator_id=operator_id, created=at, expires=at + lifetime)
    )
    return token


def find_session(session: Session, token: str, at: datetime) -> Operator | None:
    """Return the operator of a session cookie's value."""
    row = session.scalar(
        select(OperatorRow)
        .join(SessionRow, SessionRow.operator_id == OperatorRow.operator_id)
        .where(SessionRow.token_sha256 == token_sha256(token), SessionRow.expires > at)
        .where(OperatorRow.disabled.is_(None))
    )
    return None if row is None else _operator(row)


def close_session(session: Session, token: str) -> None:
    """Log out."""
    session.execute(delete(SessionRow).where(SessionRow.token_sha256 == token_sha256(token)))


def _operator(row: OperatorRow) -> Operator:
    return Operator(row.operator_id, row.username, Role(row.role), row.must_change_password)


def _row_of(session: Session, username: str) -> OperatorRow:
    row = session.scalar(select(OperatorRow).where(OperatorRow.username == username))
    if row is None:
        raise UnknownRecord(f"there is no operator {username}")
    return row


def _set_password(row: OperatorRow, password: str, *, must_change: bool) -> None:
    row.password_hash = _hasher.hash(password)
    row.must_change_password = must_change


def _end_sessions(session: Session, row: OperatorRow) -> int:
    ended = session.scalars(
        delete(SessionRow).where(SessionRow.operator_id == row.operator_id).returning(SessionRow.token_sha256)
    )
    return len(ended.all())


def _log(session: Session, row: OperatorRow, event: str, at: datetime) -> None:
    facts = {"event": event, "operator": row.username, "role": row.role, "at": rfc3339(at)}
    append_record(session, LeafKind.OPERATOR, facts, f"operator:{row.username}", at)
