"""Operators of an installation, looked after from the command line while the API runs or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.contract.wire.moment import rfc3339
from api.contract.wire.role import GRANTED, ROLE_EN, LoopRole
from api.people.accounts import create_operator, grant, let_in, operators, reset_password, revoke, roles, shut_out
from api.settings import Settings
from api.store.faults import RecordConflict, UnknownRecord
from api.store.loop.grants import Grant
from api.store.people import Account, Role
from plumewatch.api_process import site_settings, told
from plumewatch.failures import UsageError


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation is: its folder, and the address of its database; empty: in the folder."""

    data: Path
    database: str


def add_one(place: Place, name: str, role: Role) -> str:
    """Return the one-time password of a new operator."""
    with _settings(place) as settings:
        return create_operator(settings, name, role).password


def reset_one(place: Place, name: str) -> str:
    """Return a new one-time password of an operator who may log in; his sessions end."""
    with _settings(place) as settings:
        return reset_password(settings, name).password


def all_accounts(place: Place) -> list[Account]:
    """Return everybody who may log in, or might once, by name."""
    with _settings(place) as settings:
        return operators(settings)


def disable_one(place: Place, name: str) -> str:
    """Shut an operator out; return what that did as a sentence."""
    with _settings(place) as settings:
        ended = shut_out(settings, name)
    sessions = "1 session" if ended == 1 else f"{ended} sessions"
    return f"{name} can no longer log in; {sessions} ended"


def enable_one(place: Place, name: str) -> str:
    """Return the one-time password by which an operator who was shut out may log in again."""
    with _settings(place) as settings:
        return let_in(settings, name).password


def grant_one(place: Place, name: str, role: str, division: str) -> str:
    """Let an operator act in a role of the loop; return what that did as a sentence."""
    with _settings(place) as settings:
        grant(settings, name, _role(role), division)
    return f"{name} is {ROLE_EN[_role(role)]} in {division or 'all divisions'}"


def revoke_one(place: Place, name: str, role: str, division: str) -> str:
    """Take a role of the loop from an operator; return what that did as a sentence."""
    with _settings(place) as settings:
        revoke(settings, name, _role(role), division)
    return f"{name} is no longer {ROLE_EN[_role(role)]} in {division or 'all divisions'}"


def all_roles(place: Place) -> list[Grant]:
    """Return who holds which role in the loop."""
    with _settings(place) as settings:
        return roles(settings)


def grant_line(each: Grant) -> str:
    """Return a grant as a line for people."""
    return f"{each.username}  {each.role.value}  {ROLE_EN[each.role]}  {each.division or 'all divisions'}"


def _role(letter: str) -> LoopRole:
    if letter not in GRANTED:
        raise UsageError(f"a role is one of {', '.join(sorted(GRANTED))}, got {letter!r}")
    return LoopRole(letter)


def account_document(account: Account) -> dict[str, object]:
    """Return an account for programs."""
    return {
        "username": account.username,
        "role": account.role.value,
        "created": rfc3339(account.created),
        "disabled": None if account.disabled is None else rfc3339(account.disabled),
        "password_change_required": account.must_change_password,
        "sessions": account.sessions,
    }


def account_line(account: Account) -> str:
    """Return an account as a line for people."""
    if account.disabled is not None:
        state = f"disabled since {rfc3339(account.disabled)}"
    elif account.must_change_password:
        state = "has a one-time password"
    else:
        state = f"sessions open: {account.sessions}"
    return f"{account.username:20} {account.role:8} since {rfc3339(account.created)}  {state}"


@contextmanager
def _settings(place: Place) -> Iterator[Settings]:
    """Yield the installation's settings; what its store refuses becomes a sentence."""
    try:
        with told("the database cannot be used"):
            yield site_settings(place.data, place.database)
    except (RecordConflict, UnknownRecord) as fault:
        raise UsageError(str(fault)) from fault
