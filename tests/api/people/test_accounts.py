"""Accounts made on the command line: worker keys and passwords."""

import json
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from api.clock import utc_now
from api.people.accounts import (
    create_operator,
    create_worker_key,
    drop_worker_key,
    ensure_worker_key_file,
    let_in,
    open_database,
    operators,
    reset_password,
    shut_out,
)
from api.settings import Settings
from api.store.agreement.log import Disagreements, disagreements
from api.store.evidence.tlog import LeafKind, leaves_about
from api.store.faults import RecordConflict, UnknownRecord
from api.store.people import Role, check_password, find_session, open_session
from api.store.workers import add_worker_key, find_worker


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


def test_who_is_shut_out_has_no_session_and_gets_none(settings: Settings) -> None:
    """His sessions end at once, others' stay; neither password nor cookie opens anything; his name stays taken."""
    duty = create_operator(settings, "duty", Role.OPERATOR)
    other = create_operator(settings, "other", Role.ADMIN)
    now = utc_now()
    with open_database(settings) as database, database.writing() as session:
        cookies = {}
        for made in (duty, duty, other):
            person = check_password(session, made.username, made.password)
            assert person is not None
            cookies[made.username] = open_session(session, person.operator_id, now, timedelta(hours=1))
    assert [(account.username, account.disabled, account.sessions) for account in operators(settings)] == [
        ("duty", None, 2),
        ("other", None, 1),
    ]
    assert shut_out(settings, "duty") == 2
    with open_database(settings) as database, database.reading() as session:
        assert find_session(session, cookies["duty"], now) is None
        assert find_session(session, cookies["other"], now) is not None
        assert check_password(session, "duty", duty.password) is None
    gone, stays = operators(settings)
    assert gone.disabled is not None
    assert (gone.sessions, stays.disabled, stays.sessions) == (0, None, 1)
    for refused in (shut_out, reset_password):
        with pytest.raises(RecordConflict, match="duty was disabled at"):
            refused(settings, "duty")
    with pytest.raises(RecordConflict, match="duty"):
        create_operator(settings, "duty", Role.ADMIN)
    with pytest.raises(UnknownRecord, match="nobody"):
        shut_out(settings, "nobody")


def test_who_is_let_in_again_has_a_new_password_and_the_log_tells_both(settings: Settings) -> None:
    """The old password counts no more, the new one must be changed; each change is a leaf of the log."""
    duty = create_operator(settings, "duty", Role.OPERATOR)
    with pytest.raises(RecordConflict, match="duty is not disabled"):
        let_in(settings, "duty")
    shut_out(settings, "duty")
    with open_database(settings) as database, database.snapshot() as session:
        assert disagreements(session) == Disagreements()
    again = let_in(settings, "duty")
    with open_database(settings) as database, database.reading() as session:
        assert check_password(session, "duty", duty.password) is None
        person = check_password(session, "duty", again.password)
        assert person is not None
        assert (person.role, person.must_change_password) == (Role.OPERATOR, True)
        leaves = leaves_about(session, "operator:duty")
        assert disagreements(session) == Disagreements()
    assert [leaf.kind for leaf in leaves] == [LeafKind.OPERATOR] * 2
    told = [json.loads(leaf.data) for leaf in leaves]
    assert [(facts["kind"], facts["event"], facts["operator"], facts["role"]) for facts in told] == [
        ("operator", "disabled", "duty", "operator"),
        ("operator", "enabled", "duty", "operator"),
    ]


def test_opening_the_store_once_more_keeps_the_locks_of_who_has_it_open(settings: Settings) -> None:
    """What is written after another process has come and gone is in the file, not in a journal that was taken away."""
    counted = (
        "import sqlite3, sys; store = sqlite3.connect(sys.argv[1]); "
        "print(store.execute('SELECT count(*) FROM worker_keys').fetchone()[0]); store.close()"
    )

    def keys_seen_by_another_process() -> int:
        command = [sys.executable, "-c", counted, str(settings.sqlite_path())]
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)

    with open_database(settings) as database:
        create_worker_key(settings, "north")
        assert keys_seen_by_another_process() == 1
        with database.writing() as session:
            add_worker_key(session, "south", utc_now())
        assert keys_seen_by_another_process() == 2
