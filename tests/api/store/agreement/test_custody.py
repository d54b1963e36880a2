"""Custody held against the log: what is found when entries, batches or both are rewritten."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from api.store.evidence.access import custody_root, log_accesses
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody
from api.store.tables import CustodyRow
from tests.api.contract.sample import LEAD_ID, START
from tests.api.store.agreement.conftest import Store


def look(store: Store, count: int, lead_id: str = LEAD_ID) -> None:
    """Record looks at a lead's evidence and log them."""
    with store.database.writing() as session:
        for number in range(count):
            at = START + timedelta(seconds=number)
            add_custody(session, CustodyEntry(lead_id, "clip.mp4", CustodyAction.PLAYED, "operator:li", "::1", at))
    with store.database.writing() as session:
        log_accesses(session, START + timedelta(hours=1))


def forge_batch(store: Store, first: int, last: int) -> None:
    """Give the batch's row the root of the entries as they are now."""
    with store.database.reading() as session:
        rows = session.scalars(select(CustodyRow).where(CustodyRow.seq.between(first, last)).order_by(CustodyRow.seq))
        root = custody_root(rows.all())
    store.rewrite("UPDATE access_batches SET root = :root WHERE last_seq = :last", root=root, last=last)


def test_custody_as_it_was_logged_agrees(store: Store) -> None:
    """Nothing is told of an empty store, of whole batches, nor of entries that wait for the next."""
    assert store.custody_faults() == []
    for count in (1, 4, 7):
        look(store, count)
    with store.database.writing() as session:
        add_custody(session, CustodyEntry(LEAD_ID, "", CustodyAction.VIEWED, "operator:li", "::1", START))
    assert store.custody_faults() == []


PLANT = (
    "INSERT INTO custody (seq, lead_id, file, action, who, address, at, result) "
    "SELECT 0, lead_id, file, action, who, address, at, result FROM custody WHERE seq = 1"
)


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("UPDATE custody SET who = 'operator:nobody' WHERE seq = 2", f"changed, among those of {LEAD_ID}"),
        ("UPDATE custody SET action = 'nothing' WHERE seq = 2", f"changed, among those of {LEAD_ID}"),
        ("DELETE FROM custody WHERE seq = 3", "1 of 4 gone (3)"),
        ("DELETE FROM custody WHERE seq <= 4", "4 of 4 gone"),
        (PLANT, "1 more than the 4 that were logged"),
    ],
)
def test_a_rewritten_entry_is_found(store: Store, attack: str, said: str) -> None:
    """A changed, lost or planted entry is told with its batch, what is wrong, and whose it may be; others are not."""
    look(store, 4)
    look(store, 2)
    store.rewrite(attack)
    assert store.custody_faults() == [f"custody entries 1 to 4 are not those of the log's leaf 0: {said}"]


def test_a_batch_rewritten_with_its_entries_is_found(store: Store) -> None:
    """The root that counts is the leaf's: a batch table that was made to fit the forged entries is told as forged."""
    look(store, 4)
    store.rewrite("UPDATE custody SET who = 'operator:nobody' WHERE seq = 2")
    forge_batch(store, 1, 4)
    assert store.custody_faults() == [
        "the batch of custody entries 1 to 4 is not the one of the log's leaf 0",
        f"custody entries 1 to 4 are not those of the log's leaf 0: changed, among those of {LEAD_ID}",
    ]


def test_a_tail_that_was_taken_away_is_found(store: Store) -> None:
    """The last entries with their batch leave a leaf behind, though they are logged anew after the forgery."""
    look(store, 3)
    look(store, 2, "L20261123-000009")
    store.rewrite("DELETE FROM custody WHERE seq > 3", "DELETE FROM access_batches WHERE last_seq = 5")
    assert store.custody_faults() == [
        "the batch of custody entries 4 to 5, the log's leaf 1, is gone",
        "custody entries 4 to 5 are not those of the log's leaf 1: 2 of 2 gone (4, 5)",
    ]


def test_a_planted_batch_is_found(store: Store) -> None:
    """A batch that names a leaf which is another batch's, or none, is told."""
    look(store, 3)
    store.rewrite("INSERT INTO access_batches SELECT 9, 4, log_index, root, at FROM access_batches")
    assert store.custody_faults() == ["the batch of custody entries 4 to 9 is not in the log's leaf 0"]
