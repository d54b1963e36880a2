"""The register held against the log: what is changed behind the API's back is told."""

import pytest

from api.contract.register.enterprise import Enterprise
from api.contract.wire.moment import rfc3339
from api.store.register.changes import delete_entry, put_entry
from tests.api.contract.sample import START
from tests.api.store.agreement.conftest import Store, settings, store
from tests.api.store.register.samples import OTHER, USCC, enterprise

__all__ = ["settings", "store"]

AT = rfc3339(START)
BY = {"who": "operator:li", "reason": "核对"}


@pytest.fixture
def entered(store: Store) -> Store:
    """One enterprise of two versions, and one that was removed."""
    with store.database.writing() as session:
        put_entry(session, enterprise(), None, at=START, **BY)
        put_entry(session, enterprise(name="新名"), None, at=START, **BY)
        put_entry(session, enterprise(OTHER), None, at=START, **BY)
        delete_entry(session, Enterprise, OTHER, None, at=START, **BY)
    assert store.record_faults() == []
    return store


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE register_changes SET reason = 'none' WHERE version = 2 AND key = :key",
            [f"the change of enterprise {USCC} at {AT} is not the log's leaf 1: changed is reason"],
        ),
        (
            "UPDATE register_changes SET document = replace(document, '\"', '') WHERE version = 1 AND key = :key",
            [f"the change of enterprise {USCC} at {AT} is not what it was made as: its bytes have another hash"],
        ),
        (
            "UPDATE register_entries SET document = replace(document, '新', '旧') WHERE key = :key",
            [f"enterprise {USCC} stands otherwise in the register than its change 2 made it"],
        ),
        (
            "DELETE FROM register_entries WHERE key = :key",
            [f"enterprise {USCC} is gone from the register; by its change 2 it stands there"],
        ),
        (
            "UPDATE register_entries SET key = 'X' WHERE key = :key",
            [
                f"enterprise {USCC} is gone from the register; by its change 2 it stands there",
                "enterprise X stands in the register, and no change made it",
            ],
        ),
    ],
)
def test_what_was_changed_is_told(entered: Store, statement: str, told: list[str]) -> None:
    """A record that is not its leaf, a document that has not its hash, and an entry that no change made."""
    entered.rewrite(statement, key=USCC)
    assert entered.record_faults() == told


def test_a_change_that_is_gone_is_told(entered: Store) -> None:
    """And an entry that was removed does not come back with it."""
    entered.rewrite("DELETE FROM register_changes WHERE version = 2 AND key = :key", key=OTHER)
    [gone, other] = entered.record_faults()
    assert gone.endswith("(the log's leaf 3) is gone")
    assert other == f"enterprise {OTHER} is gone from the register; by its change 1 it stands there"
