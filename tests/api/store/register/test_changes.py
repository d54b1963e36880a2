"""Changes of the register: versions, history, search, and the log, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from api.contract.register.enterprise import Enterprise
from api.contract.register.places import Premises, PremisesStatus
from api.contract.trust.merkle import inclusion_holds, leaf_hash
from api.store.agreement.log import Disagreements, disagreements
from api.store.database import Database
from api.store.evidence.tlog import LeafKind, append_record, inclusion_path, leaves_about, log_root, log_size
from api.store.faults import StaleVersion, UnknownRecord
from api.store.register.changes import Outcome, delete_entry, outcomes_of, put_entries, put_entry
from api.store.register.entries import EntryQuery, all_entries, get_entry, history_of, list_entries
from tests.api.store.register.samples import CODES, OTHER, USCC, enterprise

NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
BY = {"who": "operator:li", "reason": "年度核对"}


def premises(number: int, status: PremisesStatus = PremisesStatus.EXISTING) -> Premises:
    """A restaurant by its number."""
    return Premises(id=f"P{number:04}", name=f"第{number}家饭馆", address=f"某街 {number} 号", status=status)


def test_an_empty_register_has_nothing(database: Database) -> None:
    """No entry, no page, no history."""
    with database.reading() as session:
        assert list_entries(session, Enterprise).entries == []
        assert list_entries(session, Enterprise).total == 0
        for ask in (get_entry, history_of):
            with pytest.raises(UnknownRecord, match=USCC):
                ask(session, Enterprise, USCC)


def test_versions_count_changes_alone(database: Database) -> None:
    """What is entered already is no change; a version that somebody else has changed is refused."""
    with database.writing() as session:
        assert put_entry(session, enterprise(), 0, at=NOW, **BY).version == 1
        assert put_entry(session, enterprise(), None, at=NOW, **BY).version == 1
        assert put_entry(session, enterprise(name="新名"), 1, at=NOW, **BY).version == 2
        with pytest.raises(StaleVersion, match="has version 2, not 1"):
            put_entry(session, enterprise(), 1, at=NOW, **BY)
        with pytest.raises(StaleVersion, match="is there already"):
            put_entry(session, enterprise(), 0, at=NOW, **BY)
        with pytest.raises(StaleVersion, match="there is no"):
            put_entry(session, enterprise(OTHER), 3, at=NOW, **BY)
    with database.reading() as session:
        found = get_entry(session, Enterprise, USCC)
    assert (found.document.name, found.version, found.by, found.reason) == ("新名", 2, "operator:li", "年度核对")


def test_a_removed_entry_keeps_its_history(database: Database) -> None:
    """It is found and listed no more; entered again it goes on counting."""
    with database.writing() as session:
        put_entry(session, enterprise(), None, at=NOW, **BY)
        with pytest.raises(StaleVersion):
            delete_entry(session, Enterprise, USCC, 2, at=NOW, **BY)
        delete_entry(session, Enterprise, USCC, 1, at=NOW, **BY)
        with pytest.raises(UnknownRecord):
            delete_entry(session, Enterprise, USCC, None, at=NOW, **BY)
        assert list_entries(session, Enterprise).entries == []
        assert put_entry(session, enterprise(), 0, at=NOW, **BY).version == 3
        changes = history_of(session, Enterprise, USCC)
    assert [(change.version, change.removed) for change in changes] == [(1, False), (2, True), (3, False)]
    assert changes[0].after_sha256 == changes[1].before_sha256 == changes[2].after_sha256
    assert changes[0].before_sha256 == changes[1].after_sha256 == changes[2].before_sha256 == ""
    with database.snapshot() as session:
        assert disagreements(session) == Disagreements()


def test_every_change_is_a_leaf(database: Database) -> None:
    """With who and why and both hashes; what it says of people is not in it, for a log forgets nothing."""
    with database.writing() as session:
        put_entry(session, enterprise(), None, at=NOW, **BY)
        put_entry(session, enterprise(name="新名"), None, at=NOW, **BY)
        [first, second] = leaves_about(session, f"register:enterprise:{USCC}")
    assert first.kind is second.kind is LeafKind.REGISTER
    assert "年度核对".encode() in second.data
    assert "新名".encode() not in second.data


def test_thousands_are_entered_at_once(database: Database) -> None:
    """What is there already is told from what changes, and the log proves each leaf as if they had come one by one."""
    many = [premises(number) for number in range(1300)]
    with database.writing() as session:
        append_record(session, LeafKind.REGISTER, {"n": 0}, "before", NOW)
        assert outcomes_of(session, many) == [Outcome.NEW] * 1300
        assert put_entries(session, many, at=NOW, **BY) == [Outcome.NEW] * 1300
        changed = [*many[:1298], premises(1298, PremisesStatus.POTENTIAL), premises(1300)]
        expected = [Outcome.UNCHANGED] * 1298 + [Outcome.CHANGED, Outcome.NEW]
        assert outcomes_of(session, changed) == expected
        assert put_entries(session, changed, at=NOW, **BY) == expected
    with database.reading() as session:
        assert list_entries(session, Premises).total == sum(1 for _ in all_entries(session, Premises)) == 1301
        size = log_size(session)
        assert size == 1303
        [leaf] = leaves_about(session, "register:premises:P0777")
        path = inclusion_path(session, leaf.index, size)
        assert inclusion_holds(leaf_hash(leaf.data), leaf.index, size, path, log_root(session, size))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (EntryQuery(), ["大通热力", "北苑电力"]),
        (EntryQuery(words="热力"), ["大通热力"]),
        (EntryQuery(words="热力 电力"), []),
        (EntryQuery(words="0433b"), ["大通热力"]),
        (EntryQuery(words="某街"), ["大通热力", "北苑电力"]),
        (EntryQuery(words="777%_"), []),
        (EntryQuery(uscc=OTHER), ["北苑电力"]),
        (EntryQuery(division="1101"), ["大通热力", "北苑电力"]),
        (EntryQuery(division="12"), []),
        (EntryQuery(status="existing"), []),
    ],
)
def test_entries_are_found_by_name_code_and_address(database: Database, query: EntryQuery, names: list[str]) -> None:
    """All words of a question must occur, Chinese anywhere, a code by any part of it."""
    with database.writing() as session:
        put_entries(session, [enterprise(name="大通热力"), enterprise(OTHER, "北苑电力")], at=NOW, **BY)
        page = list_entries(session, Enterprise, query)
    assert [stored.document.name for stored in page.entries] == names
    assert (page.next, page.total) == (None, len(names))


def test_pages_follow_each_other(database: Database) -> None:
    """Each entry is on one page, by key, though one is removed in between."""
    with database.writing() as session:
        put_entries(session, [enterprise(code) for code in CODES], at=NOW, **BY)
        first = list_entries(session, Enterprise, EntryQuery(limit=2))
        assert first.next is not None
        delete_entry(session, Enterprise, first.next, None, at=NOW + timedelta(seconds=1), **BY)
        second = list_entries(session, Enterprise, EntryQuery(limit=2, cursor=first.next))
    keys = [stored.document.key for stored in (*first.entries, *second.entries)]
    assert keys == sorted(CODES)
    assert (first.total, second.total, second.next) == (4, 3, None)
