"""Operators held against the log: who was shut out stays so."""

from datetime import timedelta

import pytest

from api.store.people import Role, add_operator, disable_operator, enable_operator
from tests.api.contract.sample import START
from tests.api.store.agreement.conftest import Store


@pytest.fixture
def store(store: Store) -> Store:
    """One who was never shut out, one who is, and one who was and was let in again."""
    with store.database.writing() as session:
        for name, role in (("chen", Role.ADMIN), ("li", Role.OPERATOR), ("wang", Role.OPERATOR)):
            add_operator(session, name, role, "one-time", START)
        for name in ("li", "wang"):
            disable_operator(session, name, START)
        enable_operator(session, "wang", "another", START + timedelta(days=1))
    return store


def test_operators_as_they_were_logged_agree(store: Store) -> None:
    """Added, disabled and enabled ones are those of the log."""
    assert store.record_faults() == []


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (
            "UPDATE operators SET disabled = NULL WHERE username = 'li'",
            "operator li may log in; by the log's leaf 0 he was disabled at 2026-11-23T02:30:05.120Z",
        ),
        (
            "UPDATE operators SET disabled = 1 WHERE username = 'wang'",
            (
                "operator wang is disabled since 1970-01-01T00:00:00.001Z; "
                "by the log's leaf 2 he was enabled at 2026-11-24T02:30:05.120Z"
            ),
        ),
        (
            "UPDATE operators SET disabled = 1 WHERE username = 'chen'",
            "operator chen is disabled since 1970-01-01T00:00:00.001Z, and no leaf of the log says so",
        ),
        (
            "UPDATE operators SET role = 'admin' WHERE username = 'wang'",
            "operator wang has the role admin; by the log's leaf 2 it was operator",
        ),
        ("DELETE FROM operators WHERE username = 'li'", "operator li of the log's leaf 0 is gone"),
        (
            "UPDATE log_leaves SET subject = 'operator:chen' WHERE \"index\" = 0",
            (
                "the log's leaf 0 is listed as operator of operator:chen at 2026-11-23T02:30:05.120Z, "
                "which its bytes do not say"
            ),
        ),
    ],
)
def test_a_rewritten_operator_is_found(store: Store, attack: str, said: str) -> None:
    """One sentence names operator, leaf, and how he stood."""
    store.rewrite(attack)
    assert store.record_faults() == [said]
