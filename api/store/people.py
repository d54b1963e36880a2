"""Operators and their sessions. Passwords are argon2id; of a session only the hash of its cookie is kept."""

import functools
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.store.faults import RecordConflict, UnknownRecord
from api.store.tables import OperatorRow, SessionRow

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's argon2id minimum, 19 MiB


@functools.cache
def _nobody() -> str:
    """Return what is checked for unknown names: their answer takes as long as that for a known one."""
    return _hasher.hash(secrets.token_urlsafe())


class Role(StrEnum):
    """What an operator may do: operators review leads, admins also change cameras and operators."""

    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who logs in."""

    operator_id: int
    username: str
    role: Role
    must_change_password: bool


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


def list_operators(session: Session) -> list[Operator]:
    """Return all operators who may log in, by name."""
    rows = session.scalars(select(OperatorRow).where(OperatorRow.disabled.is_(None)).order_by(OperatorRow.username))
    return [_operator(row) for row in rows]


def check_password(session: Session, username: str, password: str) -> Operator | None:
    """Return the operator if name and password are right."""
    row = session.scalar(select(OperatorRow).where(OperatorRow.username == username, OperatorRow.disabled.is_(None)))
    try:
        _hasher.verify(_nobody() if row is None else row.password_hash, password)
    except (VerificationError, InvalidHashError):
        return None
    return None if row is None else _operator(row)


def set_password(session: Session, username: str, password: str, *, must_change: bool) -> None:
    """Set a password and end all the operator's sessions; raise `UnknownRecord`."""
    row = session.scalar(select(OperatorRow).where(OperatorRow.username == username))
    if row is None:
        raise UnknownRecord(f"there is no operator {username}")
    row.password_hash = _hasher.hash(password)
    row.must_change_password = must_change
    session.execute(delete(SessionRow).where(SessionRow.operator_id == row.operator_id))


def disable_operator(session: Session, username: str, at: datetime) -> None:
    """Let an operator no longer log in and end his sessions; his name stays in the records."""
    row = session.scalar(select(OperatorRow).where(OperatorRow.username == username))
    if row is None:
        raise UnknownRecord(f"there is no operator {username}")
    row.disabled = at
    session.execute(delete(SessionRow).where(SessionRow.operator_id == row.operator_id))


def open_session(session: Session, operator_id: int, at: datetime, lifetime: timedelta) -> str:
    """Log an operator in: return the cookie's value. Sessions that are over are removed."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(SessionRow).where(SessionRow.expires <= at))
    session.add(
        SessionRow(token_sha256=token_sha256(token), operator_id=operator_id, created=at, expires=at + lifetime)
    )
    return token


def find_session(session: Session, token: str, at: datetime) -> Operator | None:
    """Return who is logged in with a cookie's value."""
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
