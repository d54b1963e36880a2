"""
Accounts managed outside the HTTP API: operators, workers' keys, password resets, disabled accounts.

Each function opens the store of the given settings by itself, so that the command line and the supervisor can call it
whether or not an API runs.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from api.clock import utc_now
from api.contract.wire.role import LoopRole
from api.settings import Settings
from api.store.database import Database
from api.store.loop.grants import Grant, grant_role, grants, revoke_role
from api.store.people import (
    Account,
    Role,
    add_operator,
    disable_operator,
    enable_operator,
    list_accounts,
    set_password,
)
from api.store.tables import OperatorRow
from api.store.workers import add_worker_key, find_worker, revoke_worker_key

FIRST_OPERATOR = "admin"
BY_COMMAND = "command line"
"""Who is named in the log for what is done on the machine itself."""


@dataclass(frozen=True, slots=True)
class NewOperator:
    """A new operator, with the one-time password that is shown once."""

    username: str
    password: str = field(repr=False)


@contextlib.contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Open the settings' store, brought up to date."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not settings.database_url.get_secret_value():
        # SQLite gives its journal files the mode of the database file. One that is there is not opened: closing it
        # would drop this process's locks on it (sqlite.org/howtocorrupt.html, 2.2), and another process that opens and
        # closes the database would remove the journal that is written here.
        settings.sqlite_path().touch(mode=0o600)
    database = Database(settings.sqlalchemy_url(), lock_file=settings.data_dir / "migrate.lock")
    try:
        database.migrate()
        yield database
    finally:
        database.close()


def ensure_first_operator(settings: Settings) -> NewOperator | None:
    """Make the operator ``admin`` with a one-time password if there is no operator yet; ``None`` if there is."""
    with open_database(settings) as database, database.writing() as session:
        if session.scalar(select(OperatorRow.operator_id).limit(1)) is not None:
            return None
        password = _one_time_password()
        add_operator(session, FIRST_OPERATOR, Role.ADMIN, password, utc_now())
        return NewOperator(FIRST_OPERATOR, password)


def create_operator(settings: Settings, username: str, role: Role) -> NewOperator:
    """Make an operator with a one-time password; raise `api.store.faults.RecordConflict` for a taken name."""
    with open_database(settings) as database, database.writing() as session:
        password = _one_time_password()
        add_operator(session, username, role, password, utc_now())
        return NewOperator(username, password)


def reset_password(settings: Settings, username: str) -> NewOperator:
    """
    Give an operator a new one-time password and end his sessions.

    Raises `api.store.faults.UnknownRecord`, or `api.store.faults.RecordConflict` for a disabled one.
    """
    with open_database(settings) as database, database.writing() as session:
        password = _one_time_password()
        set_password(session, username, password, must_change=True)
        return NewOperator(username, password)


def operators(settings: Settings) -> list[Account]:
    """Return all operators, disabled ones included, by name."""
    with open_database(settings) as database, database.reading() as session:
        return list_accounts(session, utc_now())


def shut_out(settings: Settings, username: str) -> int:
    """
    Let an operator no longer log in, and return how many of his sessions ended; see `api.store.people`.

    Raises `api.store.faults.UnknownRecord`, or `api.store.faults.RecordConflict` for one that is disabled already.
    """
    with open_database(settings) as database, database.writing() as session:
        return disable_operator(session, username, utc_now())


def let_in(settings: Settings, username: str) -> NewOperator:
    """
    Enable a disabled operator again, with a new one-time password.

    Raises `api.store.faults.UnknownRecord`, or `api.store.faults.RecordConflict` for one that is enabled.
    """
    with open_database(settings) as database, database.writing() as session:
        password = _one_time_password()
        enable_operator(session, username, password, utc_now())
        return NewOperator(username, password)


def grant(settings: Settings, username: str, role: LoopRole, division: str) -> None:
    """Let an operator act in a role of the loop; see `api.store.loop.grants.grant_role` for what it raises."""
    with open_database(settings) as database, database.writing() as session:
        grant_role(session, username, role, division, by=BY_COMMAND, at=utc_now())


def revoke(settings: Settings, username: str, role: LoopRole, division: str) -> None:
    """Take a role of the loop from an operator; raise `api.store.faults.UnknownRecord` where it is not held."""
    with open_database(settings) as database, database.writing() as session:
        revoke_role(session, username, role, division, by=BY_COMMAND, at=utc_now())


def roles(settings: Settings) -> list[Grant]:
    """Return who holds which role in the loop."""
    with open_database(settings) as database, database.reading() as session:
        return grants(session)


def create_worker_key(settings: Settings, name: str) -> str:
    """Make a key for the worker called ``name`` and return it; only its hash is kept."""
    with open_database(settings) as database, database.writing() as session:
        return add_worker_key(session, name, utc_now())


def drop_worker_key(settings: Settings, key: str) -> None:
    """Revoke a worker's key; raise `api.store.faults.UnknownRecord`."""
    with open_database(settings) as database, database.writing() as session:
        revoke_worker_key(session, key, utc_now())


def ensure_worker_key_file(settings: Settings, name: str = "local") -> Path:
    """
    Return the file ``worker.key`` (0600) in the data folder; it holds one valid worker key.

    It is made when it is missing, and replaced when its key is no longer valid (another database, or revoked).
    """
    path = settings.data_dir / "worker.key"
    with open_database(settings) as database:
        if path.exists():
            with database.reading() as session:
                if find_worker(session, path.read_text().strip()) is not None:
                    return path
            path.unlink()
        with database.writing() as session:
            key = add_worker_key(session, name, utc_now())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(key + "\n")
    return path


def _one_time_password() -> str:
    """Return 16 characters that are easy to read out: no 0, O, 1, l, I."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ["".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4)]
    return "-".join(groups)
