"""The queue of time-stamps: nothing is asked for twice, forgotten, or given to two askers; what was given stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.stamps import (
    LATE_AFTER,
    LEASE,
    StampedKind,
    StampQueue,
    StoredStamp,
    find_stamp,
    newest_stamp_time,
    put_back,
    queue_stamp,
    stamp_queue,
    store_stamp,
    take_waiting,
)
from api.store.faults import UnknownRecord
from tests.api.store.test_database import settings

__all__ = ["settings"]

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
STAMP = StoredStamp(b"answer", "pem", NOW + timedelta(seconds=3), "own")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An empty store of each kind."""
    with open_database(settings) as database:
        yield database


def test_an_empty_queue_waits_for_nothing(database: Database) -> None:
    """Nothing waits, nothing is late, nothing was ever stamped."""
    with database.writing() as session:
        assert (stamp_queue(session), take_waiting(session, NOW)) == (StampQueue(0, None, ""), None)
        assert newest_stamp_time(session) is None
        with pytest.raises(UnknownRecord):
            store_stamp(session, "ab" * 32, STAMP)


def test_a_stamp_is_asked_for_until_it_is_given(settings: Settings, database: Database) -> None:
    """Asked for twice it waits once, also over a restart; taken it is nobody else's; put back it waits its pause."""
    with database.writing() as session:
        digest = queue_stamp(session, StampedKind.PACKAGE, "L20261127-000001", b"sums", NOW)
        assert queue_stamp(session, StampedKind.PACKAGE, "L20261127-000001", b"sums", NOW) == digest
    with open_database(settings) as again, again.writing() as session:
        taken = take_waiting(session, NOW)
        assert taken is not None
        assert (taken.digest, taken.attempts, taken.subject) == (digest, 1, "L20261127-000001")
    with database.writing() as session:
        assert take_waiting(session, NOW + LEASE - timedelta(seconds=1)) is None
        lapsed = take_waiting(session, NOW + LEASE)
        assert lapsed is not None
        assert lapsed.attempts == 2
        put_back(session, digest, "the authority does not answer", NOW + timedelta(minutes=9))
    with database.writing() as session:
        assert stamp_queue(session) == StampQueue(1, NOW, "the authority does not answer")
        assert find_stamp(session, digest) is None
        assert take_waiting(session, NOW + timedelta(minutes=8)) is None
        assert take_waiting(session, NOW + timedelta(minutes=9)) is not None
        store_stamp(session, digest, STAMP)
        store_stamp(session, digest, StoredStamp(b"a later one", "", NOW, "licensed"))
    with database.writing() as session:
        assert (find_stamp(session, digest), newest_stamp_time(session)) == (STAMP, STAMP.gen_time)
        assert take_waiting(session, NOW + timedelta(days=9)) is None
        assert stamp_queue(session) == StampQueue(0, None, "")


@pytest.mark.parametrize(("age", "late"), [(LATE_AFTER, False), (LATE_AFTER + timedelta(seconds=1), True)])
def test_a_stamp_is_late_after_a_day(age: timedelta, late: bool) -> None:
    """Twenty-four hours are allowed."""
    assert StampQueue(1, NOW, "").late(NOW + age) is late
