"""Accesses in the log: batches and proofs."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.contract.trust.merkle import inclusion_holds, leaf_hash
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.access import access_proof, log_accesses, logged_until, waiting_since
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody
from api.store.evidence.tlog import LeafKind, log_leaves
from api.store.faults import UnknownRecord
from tests.api.contract.sample import LEAD_ID, START
from tests.api.store.test_database import settings

__all__ = ["settings"]


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An empty store of each kind."""
    with open_database(settings) as database:
        yield database


def look(database: Database, count: int, *, lead_id: str = LEAD_ID) -> None:
    """Record looks at a lead's evidence."""
    with database.writing() as session:
        for number in range(count):
            at = START + timedelta(seconds=number)
            add_custody(session, CustodyEntry(lead_id, "clip.mp4", CustodyAction.PLAYED, "operator:li", "::1", at))


def log_them(database: Database) -> int | None:
    """Log what is waiting."""
    with database.writing() as session:
        return log_accesses(session, START + timedelta(hours=1))


def test_nothing_to_log_makes_no_leaf(database: Database) -> None:
    """Without a look there is no leaf, and none waits."""
    assert log_them(database) is None
    with database.reading() as session:
        assert (waiting_since(session), logged_until(session)) == (None, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_each_entry_is_proven(database: Database, count: int) -> None:
    """Every entry of a batch hashes to the root that stands in the batch's leaf of the log; a second batch goes on."""
    look(database, count)
    with database.reading() as session:
        assert waiting_since(session) == START
    assert log_them(database) == 0
    look(database, 2)
    assert log_them(database) == 1
    assert log_them(database) is None
    with database.reading() as session:
        leaves = log_leaves(session, 0, 10)
        assert [leaf.kind for leaf in leaves] == [LeafKind.ACCESS] * 2
        for seq in range(1, count + 3):
            proof = access_proof(session, LEAD_ID, seq)
            root = bytes.fromhex(proof.root)
            assert inclusion_holds(leaf_hash(proof.leaf), proof.index, proof.size, proof.path, root)
            assert f'"root":"{proof.root}"'.encode() in leaves[proof.log_index].data


def test_an_entry_that_is_not_logged_or_of_another_lead_has_no_proof(database: Database) -> None:
    """No proof before the batch, for no entry, and not under another lead's name."""
    look(database, 1)
    with database.reading() as session:
        for lead_id, seq in ((LEAD_ID, 1), (LEAD_ID, 2), ("L20261123-000009", 1)):
            with pytest.raises(UnknownRecord):
                access_proof(session, lead_id, seq)
