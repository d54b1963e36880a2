"""Packages held against the log: what is found when filings and deletions are rewritten."""

from datetime import timedelta

import pytest

from api.store.evidence.holds import DuePackage, RetentionClass, RetentionRule, delete_package, due_packages
from tests.api.contract.sample import START
from tests.api.store.agreement.conftest import Store, lead_id

ONE, TWO = lead_id(1), lead_id(2)
LATER = START + timedelta(days=1000)


@pytest.fixture
def store(store: Store) -> Store:
    """Two filed leads; the package of the first one is deleted."""
    store.file(1)
    store.file(2)
    with store.database.writing() as session:
        first = due(store)[0]
        assert (first.lead_id, first.kind) == (ONE, RetentionClass.CASE)
        delete_package(session, first, RetentionRule(1, 1), reason="kept for 1 day", by="system:retention", at=LATER)
    return store


def due(store: Store) -> list[DuePackage]:
    """The packages that are due a long time later."""
    with store.database.reading() as session:
        return due_packages(session, RetentionRule(1, 1), LATER, 10)


def test_packages_as_they_were_logged_agree(store: Store) -> None:
    """A package that is kept and one that was deleted are those of the log."""
    assert store.record_faults() == []


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (
            "UPDATE packages SET deleted = 1 WHERE deleted IS NULL",
            [f"the package of lead {TWO} is marked as deleted, and no leaf of the log says so"],
        ),
        (
            "UPDATE packages SET deleted = NULL",
            [f"the package of lead {ONE} was deleted (the log's leaf 6); it is not marked so"],
        ),
        (
            "UPDATE packages SET deleted = 1 WHERE deleted IS NOT NULL",
            ["as deleted at 1970-01-01T00:00:00.001Z; by the log's leaf 6 it was at 2029-08-19T02:30:05.120Z"],
        ),
        ("DELETE FROM packages WHERE deleted IS NULL", ["of lead L20261123-000002 is gone from the records"]),
        (
            "UPDATE packages SET sums_sha256 = 'ab' WHERE deleted IS NULL",
            ["(the log's leaf 4) is ab of lead L20261123-000002 in the records"],
        ),
        (
            "UPDATE packages SET log_index = 5 WHERE deleted IS NULL",
            ["is gone from the records", "of lead L20261123-000002 is not the log's leaf 5"],
        ),
        (
            "UPDATE packages SET lead_id = 'L20261123-000009' WHERE deleted IS NULL",
            ["is lead L20261123-000009's in the records and listed under L20261123-000002 in the log"],
        ),
    ],
)
def test_a_rewritten_filing_or_deletion_is_found(store: Store, attack: str, said: list[str]) -> None:
    """A package that was taken away, replaced or handed to another lead, and a deletion made up or hidden."""
    store.rewrite(attack)
    told = store.record_faults()
    assert len(told) == len(said)
    for sentence, part in zip(told, said, strict=True):
        assert part in sentence
