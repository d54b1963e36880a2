"""The API as a process of its own, and what must be there before it starts."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from redis import Redis
from sqlalchemy.exc import SQLAlchemyError

from api.clock import utc_now
from api.evidence.vault import VaultError
from api.evidence.vault_address import open_vault
from api.people.accounts import (
    FIRST_OPERATOR,
    create_worker_key,
    drop_worker_key,
    ensure_first_operator,
    ensure_worker_key_file,
    open_database,
)
from api.settings import Settings
from api.store.database import StoreFullError
from api.store.faults import RecordConflict, UnknownRecord
from api.trust.services import open_provers
from plumewatch.failures import UsageError


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What a start of the API leaves for the others: the local worker's key, and the first operator's password once."""

    operator: str
    one_time_password: str | None = field(repr=False)
    worker_key: str = field(repr=False)
    worker_key_file: Path = field(repr=False)


def prepare_api(data: Path, redis: str) -> FirstStart:
    """Make or bring up to date the database, the first operator and the local worker's key."""
    settings = settings_of(data_dir=data, redis_url=redis)
    operator = ensure_first_operator(settings)
    key_file = ensure_worker_key_file(settings)
    return FirstStart(
        operator=FIRST_OPERATOR,
        one_time_password=None if operator is None else operator.password,
        worker_key=key_file.read_text(encoding="ascii").strip(),
        worker_key_file=key_file,
    )


def run_api(*, data: Path, redis: str, database: str, vault: str, host: str, port: int) -> None:
    """Serve the API until SIGINT or SIGTERM; raise `UsageError` for a place that cannot be used."""
    from api.app import serve  # noqa: PLC0415 (only the process that serves pays for the web framework)

    settings = site_settings(data, database, redis_url=redis, vault_url=vault, host=host, port=port)
    _check_places(settings, redis, vault)
    # What stops a start is told here in a sentence; `serve` opens all of it for itself.
    with told("the database cannot be used"), open_database(settings) as opened, ExitStack() as stack:
        open_provers(settings, opened, utc_now, stack)
    serve(settings)


def site_settings(data: Path, database: str, **places: object) -> Settings:
    """Return the API's settings; raise `UsageError` for one that cannot be."""
    return settings_of(data_dir=data, database_url=database, **places)


def settings_of(**given: object) -> Settings:
    """Return the API's settings, what is not given from its variables; raise `UsageError` for one that cannot be."""
    try:
        return Settings.model_validate(given)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        says = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise UsageError(f'{says}: it must be JSON, for a list ["...", "..."]') from fault
        name = ".".join(str(part) for part in first["loc"])
        variable = f"PLUMEWATCH_{name.upper()}"
        raise UsageError(f"{variable if variable in os.environ else name}: {says}") from fault


def _check_places(settings: Settings, redis: str, vault: str) -> None:
    """Raise `UsageError` where bus or vault address make no sense, or the port is taken; nothing is contacted."""
    check_bus_address(redis)
    try:
        open_vault(vault, settings.data_dir)
    except VaultError as fault:
        raise UsageError(str(fault)) from fault
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as fault:
            raise UsageError(f"cannot listen on {settings.host}:{settings.port}: {fault.strerror}") from fault


def check_bus_address(redis: str) -> None:
    """Raise `UsageError` where an address makes no sense; nothing is contacted."""
    try:
        Redis.from_url(redis).close()
    except ValueError as fault:
        raise UsageError("the bus address must begin with redis://, rediss:// or unix://") from fault


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what a database and its driver raise into a sentence without the address, which may hold a password."""
    try:
        yield
    except ModuleNotFoundError as fault:
        raise UsageError(f"{what}: install its driver first: pip install 'plumewatch[postgresql]'") from fault
    except StoreFullError as fault:
        raise UsageError(f"{what}: {fault}") from fault
    except SQLAlchemyError as fault:
        reason = str(getattr(fault, "orig", None) or fault).strip().splitlines()[0]
        raise UsageError(f"{what}: {reason}") from fault


def make_worker_key(name: str, *, data: Path, database: str) -> str:
    """Return a new key for the worker `name`; only its hash is kept."""
    try:
        with told("the database cannot be used"):
            return create_worker_key(site_settings(data, database), name)
    except RecordConflict as fault:
        raise UsageError(str(fault)) from fault


def revoke_worker_key(key: str, *, data: Path, database: str) -> None:
    """Let a key open nothing any more; raise `UsageError` for one that is not known."""
    try:
        with told("the database cannot be used"):
            drop_worker_key(site_settings(data, database), key)
    except UnknownRecord as fault:
        raise UsageError(str(fault)) from fault
