"""Accounts made on the command line: worker keys and passwords."""

import stat
from pathlib import Path

import pytest

from api.accounts import (
    create_operator,
    create_worker_key,
    drop_worker_key,
    ensure_worker_key_file,
    open_database,
)
from api.settings import Settings
from api.store.faults import RecordConflict, UnknownRecord
from api.store.people import Role
from api.store.workers import find_worker


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty store."""
    return Settings(data_dir=tmp_path / "data")


def test_a_key_counts_until_it_is_revoked(settings: Settings) -> None:
    """Only its hash is kept; a revoked key finds no worker; an unknown one cannot be revoked."""
    key = create_worker_key(settings, "north")
    with open_database(settings) as database, database.reading() as session:
        worker = find_worker(session, key)
        assert worker is not None
        assert worker.name == "north"
    stored = b"".join(path.read_bytes() for path in settings.data_dir.glob("plumewatch.db*"))
    assert key.encode() not in stored
    drop_worker_key(settings, key)
    with open_database(settings) as database, database.reading() as session:
        assert find_worker(session, key) is None
    with pytest.raises(UnknownRecord):
        drop_worker_key(settings, "pw_unknown")


def test_the_key_file_is_private_and_kept(settings: Settings) -> None:
    """0600, the same on every start; made anew when its key was revoked."""
    path = ensure_worker_key_file(settings)
    first = path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_worker_key_file(settings).read_text().strip() == first
    drop_worker_key(settings, first)
    assert ensure_worker_key_file(settings).read_text().strip() != first


def test_an_operator_name_is_taken_once(settings: Settings) -> None:
    """The second one of a name is refused; a one-time password is not shown by repr."""
    operator = create_operator(settings, "duty", Role.OPERATOR)
    assert operator.password not in repr(operator)
    with pytest.raises(RecordConflict, match="duty"):
        create_operator(settings, "duty", Role.OPERATOR)
