"""The API as a process of its own, and what must be there before it starts."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from api.accounts import (
    FIRST_OPERATOR,
    create_operator,
    create_worker_key,
    ensure_first_operator,
    ensure_worker_key_file,
    reset_password,
)
from api.settings import Settings
from api.store.faults import RecordConflict, UnknownRecord
from api.store.people import Role
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
    settings = Settings(data_dir=data, redis_url=SecretStr(redis))
    operator = ensure_first_operator(settings)
    key_file = ensure_worker_key_file(settings)
    return FirstStart(
        operator=FIRST_OPERATOR,
        one_time_password=None if operator is None else operator.password,
        worker_key=key_file.read_text(encoding="ascii").strip(),
        worker_key_file=key_file,
    )


def run_api(*, data: Path, redis: str, database: str, vault: str, host: str, port: int) -> None:
    """Serve the API until SIGINT or SIGTERM."""
    from api.app import serve  # noqa: PLC0415 (only the process that serves pays for the web framework)

    settings = Settings(
        data_dir=data,
        redis_url=SecretStr(redis),
        database_url=SecretStr(database),
        vault_url=SecretStr(vault),
        host=host,
        port=port,
    )
    serve(settings)


def make_worker_key(name: str, *, data: Path, database: str) -> str:
    """Return a new key for the worker `name`; only its hash is kept."""
    try:
        return create_worker_key(Settings(data_dir=data, database_url=SecretStr(database)), name)
    except RecordConflict as fault:
        raise UsageError(str(fault)) from fault


def operator_password(name: str, *, role: Role | None, data: Path, database: str) -> str:
    """Return a one-time password: for a new operator of `role`, or for a known one where `role` is ``None``."""
    settings = Settings(data_dir=data, database_url=SecretStr(database))
    try:
        made = reset_password(settings, name) if role is None else create_operator(settings, name, role)
    except (RecordConflict, UnknownRecord) as fault:
        raise UsageError(str(fault)) from fault
    return made.password
