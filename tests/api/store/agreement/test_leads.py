"""Leads held against the log: what is found when decisions, corrections or leads are rewritten."""

import hashlib
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.contract.trust.stamp import canonical_json
from api.contract.wire.state import LeadState
from api.store.evidence.corrections import CorrectedField, correct_lead
from api.store.leads import announce_lead
from api.store.transitions import move_lead
from tests.api.conftest import NODE, sample_lead
from tests.api.contract.sample import START
from tests.api.store.agreement.conftest import Store, lead_id
from tests.api.store.older import back_to

ONE, TWO = lead_id(1), lead_id(2)
DECIDED = "2026-11-23T02:30:05.120Z"
LATER = START + timedelta(days=3)
DECISION = f"transition 5 of lead {ONE} to VERIFIED by li"


@pytest.fixture
def store(store: Store) -> Store:
    """Two filed leads, the first one reviewed and corrected twice, the second one rejected."""
    store.file(1)
    store.file(2)
    store.review(1, LeadState.VERIFIED)
    for version, name in ((3, "某厂"), (4, "另一厂")):
        with store.database.writing() as session:
            field = CorrectedField.TARGET_NAME
            correct_lead(session, ONE, field, name, version=version, user="li", reason="查明", at=START)
    store.review(2, LeadState.REJECTED_FALSE)
    return store


def forge(store: Store, seq: int, **changes: object) -> None:
    """Rewrite a transition's record as its owner could best: canonical, with its own hash."""
    with store.database.reading() as session:
        record = session.scalar(text("SELECT record FROM transitions WHERE seq = :seq"), {"seq": seq})
    forged = canonical_json(json.loads(str(record)) | changes)
    store.rewrite(
        "UPDATE transitions SET record = :record, record_sha256 = :digest WHERE seq = :seq",
        record=forged.decode(),
        digest=hashlib.sha256(forged).hexdigest(),
        seq=seq,
    )


def test_leads_as_they_were_logged_agree(store: Store) -> None:
    """Announced, filed, decided and corrected leads are those of the log."""
    assert store.record_faults() == []


def test_a_forged_answer_of_a_reviewer_is_found(store: Store) -> None:
    """Four forged *yes* are told with lead, entry, leaf and what was changed."""
    forge(store, 5, review={"true": True, "clear": True, "complete": True, "accurate": True})
    (sentence,) = store.record_faults()
    assert sentence.startswith(f"{DECISION} is not the log's leaf ")
    assert sentence.endswith(": changed is review")


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("UPDATE transitions SET record = 'rot' WHERE seq = 5", f"{DECISION} is not the log's leaf "),
        ("UPDATE transitions SET lead_id = 'L20261123-000002' WHERE seq = 5", f"{DECISION} is listed under lead {TWO}"),
        ("DELETE FROM transitions WHERE seq = 5", f"{DECISION} (the log's leaf 6) is gone"),
        ("DELETE FROM transitions WHERE seq = 6", f"transition 6 of lead {TWO} to REJECTED_FALSE by li (the log's"),
        (
            "INSERT INTO transitions SELECT 7, lead_id, record, record_sha256 FROM transitions WHERE seq = 6",
            f"transition 7 of lead {TWO} is in no leaf of the log",
        ),
    ],
)
def test_a_lost_planted_or_moved_decision_is_found(store: Store, attack: str, said: str) -> None:
    """One sentence on the record that was touched, be it in the midst or the last; those after it still hold."""
    store.rewrite(attack)
    (sentence,) = store.record_faults()
    assert sentence.startswith(said)


def test_a_planted_beginning_is_found(store: Store) -> None:
    """A record before the first could pass for one from before the log, but that the first follows none."""
    store.rewrite("INSERT INTO transitions SELECT 0, lead_id, record, record_sha256 FROM transitions WHERE seq = 1")
    assert (
        f"transition 1 of lead {ONE} to CANDIDATE by {NODE} does not follow the one before it"
        in store.record_faults()[0]
    )


def test_a_lead_that_stands_otherwise_than_its_records_is_found(store: Store) -> None:
    """State and version are those of the newest record, and a lead is found by what it tells."""
    store.rewrite(
        """UPDATE leads SET document = replace(document, '"REJECTED_FALSE"', '"VERIFIED"') WHERE lead_id = :lead""",
        lead=TWO,
    )
    assert store.record_faults() == [
        f"lead {TWO} is VERIFIED in version 3; by its records it is REJECTED_FALSE in version 3",
        f"lead {TWO} is listed as REJECTED_FALSE, 3, V04_WASTE_BURN, which its document does not say",
    ]


def test_an_undone_correction_is_found(store: Store) -> None:
    """A lead tells the newest value that it was corrected to; one that was put back in the database is told."""
    store.rewrite("UPDATE leads SET document = replace(document, '另一厂', '某厂') WHERE lead_id = :lead", lead=ONE)
    assert store.record_faults() == [f"lead {ONE} has target.name '某厂'; it was corrected to '另一厂'"]


def test_a_hidden_correction_is_found(store: Store) -> None:
    """Corrections are read from the log by kind and subject, which are not hashed: a leaf put elsewhere is told."""
    store.rewrite(
        "UPDATE log_leaves SET kind = 'key', subject = 'node\\:x' WHERE kind = 'correction' AND \"index\" = 7"
    )
    (sentence,) = store.record_faults()
    assert sentence.startswith("the log's leaf 7 is listed as key of node:x at ")


def test_a_lost_and_a_planted_lead_are_found(store: Store) -> None:
    """A lead whose row is gone, and one that the log never told of."""
    store.rewrite("UPDATE leads SET lead_id = :new WHERE lead_id = :old", new=lead_id(3), old=TWO)
    assert store.record_faults() == [
        f"lead {lead_id(3)} is in no leaf of the log",
        f"lead {TWO} is in the log and no longer in the store",
    ]


def test_transitions_from_before_the_log_are_held_by_their_chain(store: Store) -> None:
    """A record without a leaf is not told while the chain holds it, and is told when it is rewritten."""
    store.rewrite(
        'DELETE FROM log_leaves WHERE "index" < 3', "UPDATE packages SET log_index = NULL WHERE log_index < 3"
    )
    assert store.record_faults() == []
    forge(store, 1, reason="forged")
    (sentence,) = store.record_faults()
    assert sentence.startswith(f"transition 2 of lead {ONE} to PENDING_VERIFY by {NODE} does not follow the one")


@pytest.mark.parametrize("first", [9, 10])
def test_a_lead_from_before_the_log_that_was_corrected_agrees(store: Store, first: int) -> None:
    """A correction may come before the first transition's leaf: records from before the log take nothing of it back."""
    store.rewrite(
        """DELETE FROM log_leaves WHERE kind IN ('transition', 'package') AND "index" < :first""",
        "UPDATE packages SET log_index = NULL",
        first=first,
    )
    assert store.record_faults() == []


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (
            "UPDATE leads SET changed = 1 WHERE lead_id = :lead",
            f"lead {TWO} is listed as decided at 1970-01-01T00:00:00.001Z; by its records it was at {DECIDED}",
        ),
        (
            "UPDATE packages SET received = 1 WHERE lead_id = :lead",
            (
                f"the package of lead {TWO} is listed as filed at 1970-01-01T00:00:00.001Z; "
                "by its records it was at 2026-11-23T02:32:05.120Z"
            ),
        ),
    ],
)
def test_days_that_are_counted_from_another_time_are_found(store: Store, attack: str, said: str) -> None:
    """A package that was made older than it is would be deleted too soon."""
    store.rewrite(attack, lead=TWO)
    assert store.record_faults() == [said]


def test_a_lead_that_nobody_decided_on_counts_from_its_coming(store: Store) -> None:
    """One that was announced, and one that is filed without: there is no decision, and none is missed."""
    store.file(3)
    with store.database.writing() as session:
        announce_lead(session, sample_lead(lead_id(4)), None, LATER)
    assert store.record_faults() == []
    store.review(3, LeadState.NEED_MORE)
    with store.database.writing() as session:
        back = LeadState.PENDING_VERIFY
        move_lead(session, lead_id(3), back, version=3, user="li", reason="已补", at=LATER, attach_sha256="ab" * 32)
    assert store.record_faults() == []


def test_a_lead_decided_before_there_was_retention_is_brought_up_to_date(store: Store) -> None:
    """An older release took its coming for its decision; the records know when that was."""
    store.rewrite("UPDATE leads SET changed = received")
    assert [sentence.split(";")[0] for sentence in store.record_faults()] == [
        f"lead {ONE} is listed as decided at 2026-11-23T02:31:05.120Z",
        f"lead {TWO} is listed as decided at 2026-11-23T02:32:05.120Z",
    ]
    store.rewrite(*back_to("0009"))
    store.database.migrate()
    assert store.record_faults() == []
