"""What held at a moment, on both databases; and, by a plain model, for any order of changes and any moment."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.contract.evidence.article41 import local_day
from api.contract.register.alert import AlertLevel, AlertOrder
from api.contract.register.enterprise import Enterprise, Listing, Risk
from api.contract.register.permit import Permit
from api.contract.register.staff import Officer
from api.people.accounts import open_database
from api.settings import Settings
from api.store.columns import Table
from api.store.database import Database
from api.store.register.changes import delete_entry, put_entry
from api.store.register.entries import EntryQuery
from api.store.register.held import held_at, held_entries
from api.store.register.standing import alerts_at, officers_valid, registry_version, standing_at
from tests.api.store.register.samples import OTHER, USCC, enterprise

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
BY = {"who": "operator:li", "reason": "核对"}


def day(number: int) -> date:
    """A local day by its number."""
    return date(2026, 1, 1) + timedelta(days=number)


def noon(number: int) -> datetime:
    """Noon in China of that day."""
    return EPOCH + timedelta(days=number, hours=4)


def permit(version: str, first: int, last: int | None = None) -> Permit:
    """A version of a permit by its days."""
    return Permit(
        id="P1", uscc=USCC, version=version, valid_from=day(first), valid_to=None if last is None else day(last)
    )


def test_an_empty_register_held_nothing(database: Database) -> None:
    """Of an enterprise that it does not know nothing is known, and nobody has a certificate."""
    with database.reading() as session:
        standing = standing_at(session, USCC, EPOCH)
        assert (standing.enterprise, standing.risk, standing.positive_list, standing.permit) == (
            None,
            Risk.NONE,
            None,
            None,
        )
        assert registry_version(session) == standing.registry_version == ""
        assert officers_valid(session, ["A1"], EPOCH) == {}
        assert alerts_at(session, EPOCH) == []


def test_a_colour_changed_between_event_and_review_does_not_count(database: Database) -> None:
    """Backdated or not: at the event's moment the register said red, and a later look says so too."""
    with database.writing() as session:
        put_entry(session, enterprise(USCC, "热力", (Risk.RED, day(0))), None, at=noon(1), **BY)
        green = enterprise(USCC, "热力", (Risk.GREEN, day(0)))
        listed = green.model_copy(update={"positive_list": [Listing(valid_from=day(0), version="2026-1")]})
        put_entry(session, listed, None, at=noon(9), **BY)
    with database.reading() as session:
        at_the_event, later = standing_at(session, USCC, noon(5)), standing_at(session, USCC, noon(9))
        corrected = held_at(session, Enterprise, USCC, noon(5), known_at=noon(9))
        assert standing_at(session, USCC, noon(0)).enterprise is None
    assert (at_the_event.risk, at_the_event.positive_list) == (Risk.RED, None)
    assert later.risk is Risk.GREEN
    assert later.positive_list is not None
    assert corrected is not None
    assert corrected.risk_on(day(5)) is Risk.GREEN
    assert (at_the_event.registry_version, later.registry_version) == ("2026-01-02.1", "2026-01-10.2")


def test_a_permit_of_next_year_leaves_this_year_s_in_force(database: Database) -> None:
    """The new version holds from its first day on, though it was entered before."""
    with database.writing() as session:
        put_entry(session, permit("1", 0, 99), None, at=noon(0), **BY)
        put_entry(session, permit("2", 100), None, at=noon(50), **BY)
    with database.reading() as session:
        found = [standing_at(session, USCC, noon(number)).permit for number in (49, 60, 99, 100)]
    assert [each and each.version for each in found] == ["1", "1", "1", "2"]


def test_a_certificate_cut_short_holds_no_longer(database: Database) -> None:
    """Though an older version of it would: what was known then says that it is over."""
    officer = Officer(cert_no="京执法0001", name="王五", valid_from=day(0), valid_to=day(300))
    with database.writing() as session:
        put_entry(session, officer, None, at=noon(0), **BY)
        put_entry(session, officer.model_copy(update={"valid_to": day(20)}), None, at=noon(10), **BY)
        put_entry(session, officer.model_copy(update={"cert_no": "B2", "valid_to": None}), None, at=noon(0), **BY)
    with database.reading() as session:
        for number, valid in ((5, {"京执法0001", "B2"}), (20, {"京执法0001", "B2"}), (21, {"B2"})):
            assert officers_valid(session, ["京执法0001", "B2", "C3"], noon(number)).keys() == valid


def test_a_holder_that_changed_is_not_the_old_one(database: Database) -> None:
    """A permit that went over to another enterprise is no longer the first one's."""
    with database.writing() as session:
        put_entry(session, permit("1", 0), None, at=noon(0), **BY)
        put_entry(session, permit("1", 0).model_copy(update={"uscc": OTHER}), None, at=noon(5), **BY)
    with database.reading() as session:
        assert standing_at(session, USCC, noon(4)).permit is not None
        assert standing_at(session, USCC, noon(6)).permit is None
        assert standing_at(session, OTHER, noon(6)).permit is not None


def test_of_alerts_the_gravest_comes_first(database: Database) -> None:
    """Orders hold from their first moment up to their last, not at it."""
    with database.writing() as session:
        for level, first, last in ((AlertLevel.YELLOW, 1, 9), (AlertLevel.RED, 3, 5)):
            order = AlertOrder(id=level.value, level=level, from_=noon(first), to=noon(last), order="空气重污染预警")
            put_entry(session, order, None, at=noon(0), **BY)
    with database.reading() as session:
        told = {number: [order.level.value for order in alerts_at(session, noon(number))] for number in (0, 1, 3, 5, 9)}
    assert told == {0: [], 1: ["yellow"], 3: ["red", "yellow"], 5: ["yellow"], 9: []}


def test_the_list_of_a_moment_is_of_that_moment(database: Database) -> None:
    """Names, words and pages are those of then."""
    with database.writing() as session:
        put_entry(session, enterprise(USCC, "旧名"), None, at=noon(0), **BY)
        put_entry(session, enterprise(OTHER, "旧邻"), None, at=noon(0), **BY)
        put_entry(session, enterprise(USCC, "新名"), None, at=noon(5), **BY)
        delete_entry(session, Enterprise, OTHER, None, at=noon(5), **BY)
    with database.reading() as session:
        before = held_entries(session, Enterprise, noon(1), EntryQuery(limit=1))
        rest = held_entries(session, Enterprise, noon(1), EntryQuery(limit=1, cursor=before.next))
        now = held_entries(session, Enterprise, noon(6))
        assert held_entries(session, Enterprise, noon(6), EntryQuery(words="旧")).entries == []
    assert [stored.document.name for stored in (*before.entries, *rest.entries)] == ["旧名", "旧邻"]
    assert (before.total, rest.next) == (2, None)
    assert [stored.document.name for stored in now.entries] == ["新名"]


@dataclass(frozen=True)
class Step:
    """Something done to a permit: the day on which it was entered, and its days; none: it was removed."""

    entered: int
    days: tuple[int, int | None] | None


STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, 20),
        st.none()
        | st.tuples(st.integers(0, 20), st.none() | st.integers(0, 10)).map(
            lambda drawn: (drawn[0], None if drawn[1] is None else drawn[0] + drawn[1])
        ),
    ),
    max_size=8,
)


def by_the_model(steps: Sequence[Step], moment: int, known: int) -> str | None:
    """Which version held, worked out from what was done."""
    held: str | None = None
    present = False
    for number, step in enumerate(steps):
        if step.days is None and not present:
            continue
        present = step.days is not None
        if step.entered > known:
            continue
        if step.days is None:
            held = None
        elif step.days[0] <= moment:
            last = step.days[1]
            held = str(number) if last is None or moment <= last else None
    return held


@pytest.fixture(scope="module")
def lasting() -> Iterator[Database]:
    """One SQLite for all examples, emptied for each."""
    with tempfile.TemporaryDirectory() as folder, open_database(Settings(data_dir=Path(folder))) as database:
        yield database


@contextmanager
def emptied(database: Database) -> Iterator[None]:
    """Let nothing be in the register, as only the database's owner can."""
    with database.engine.begin() as connection:
        for verb in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS register_changes_no_{verb}")
        for name in ("register_changes", "register_entries"):
            connection.execute(Table.metadata.tables[name].delete())
    yield


@settings(deadline=None, max_examples=60)
@given(steps=STEPS, moment=st.integers(0, 32), later=st.none() | st.integers(0, 32))
def test_what_held_follows_from_what_was_entered_by_then(
    lasting: Database, steps: list[Step], moment: int, later: int | None
) -> None:
    """For any order of changes and any moment; a change that is entered after the moment changes nothing."""
    steps = sorted(steps, key=lambda step: step.entered)
    known = moment if later is None else later
    with emptied(lasting), lasting.writing() as session:
        present = False
        for number, step in enumerate(steps):
            if step.days is not None:
                put_entry(session, permit(str(number), *step.days), None, at=noon(step.entered), **BY)
            elif present:
                delete_entry(session, Permit, "P1", None, at=noon(step.entered), **BY)
            present = step.days is not None
        found = held_at(session, Permit, "P1", noon(moment), known_at=None if later is None else noon(later))
    assert (found and found.version) == by_the_model(steps, moment, known)
    assert local_day(noon(moment)) == day(moment)
