"""Verdicts: what a lead was found to be, whatever has become of it since, on both databases."""

from datetime import timedelta

import pytest

from api.contract.review import Verdict
from api.contract.wire.state import LeadState
from api.fleet.reviews import reviews_since
from api.store.evidence.corrections import CorrectedField, correct_lead
from api.store.evidence.holds import RetentionClass, RetentionRule, due_packages
from api.store.lead_rows import lead_row
from api.store.transitions import OPERATOR_MOVES, move_lead
from api.store.verdicts import verdict_of
from tests.api.conftest import sample_lead
from tests.api.contract.sample import START
from tests.api.store.agreement.conftest import Store, lead_id, settings, store
from tests.api.store.older import back_to

__all__ = ["settings", "store"]

LATER_MOVES = {**OPERATOR_MOVES, LeadState.VERIFIED: frozenset({LeadState.ARCHIVED})}
"""A move table that lets what was found to be real be archived, as the closed loop will."""
RULE = RetentionRule(case_days=1000, rejected_days=90)
LOOP = "VERIFIED EVIDENCE_FIXED DISPATCHED ACCEPTED ON_SITE CONFIRMED CASE_FILED DECIDED RECTIFIED REVIEWED CLOSED"


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("", None),
        ("CANDIDATE PENDING_VERIFY", None),
        ("PENDING_VERIFY NEED_MORE PENDING_VERIFY", None),
        ("PENDING_VERIFY VERIFIED", Verdict.REAL),
        ("PENDING_VERIFY REJECTED_FALSE", Verdict.FALSE),
        ("PENDING_VERIFY REJECTED_FALSE ARCHIVED", Verdict.FALSE),
        (f"PENDING_VERIFY {LOOP} ARCHIVED", Verdict.REAL),
        ("PENDING_VERIFY VERIFIED WARN_ONLY RECTIFIED REVIEWED CLOSED", Verdict.REAL),
        (f"PENDING_VERIFY {LOOP} REOPENED PENDING_VERIFY", None),
        (f"PENDING_VERIFY {LOOP} REOPENED PENDING_VERIFY REJECTED_FALSE ARCHIVED", Verdict.FALSE),
    ],
)
def test_the_last_move_that_decides_is_the_verdict(path: str, verdict: Verdict | None) -> None:
    """Every path through the states of domain.md 6.2: other states change nothing, verifying anew begins anew."""
    assert verdict_of(path.split()) is verdict


@pytest.fixture
def decided(store: Store) -> Store:
    """Four leads: one found real and archived, one found false and archived, one found real, one undecided."""
    for number in (1, 2, 3, 4):
        store.file(number)
    store.review(1, LeadState.VERIFIED)
    store.review(2, LeadState.REJECTED_FALSE)
    store.review(3, LeadState.VERIFIED)
    for number in (1, 2):
        with store.database.writing() as session:
            move_lead(
                session, lead_id(number), LeadState.ARCHIVED, version=3, user="li", reason="归档", at=START,
                moves=LATER_MOVES,
            )  # fmt: skip
    return store


def test_an_archived_lead_counts_as_what_it_was_found_to_be(decided: Store) -> None:
    """Workers are told so: the one that was verified is real, the one that was rejected false."""
    with decided.database.reading() as session:
        told = reviews_since(session, START)[sample_lead().camera.id]
    assert {review.lead_id: review.verdict for review in told} == {
        lead_id(1): Verdict.REAL,
        lead_id(2): Verdict.FALSE,
        lead_id(3): Verdict.REAL,
    }


def test_an_archived_case_stays_as_long_as_a_case(decided: Store) -> None:
    """Of two archived leads the one that was rejected goes after its 90 days, the other one after those of a case."""
    with decided.database.reading() as session:
        soon = due_packages(session, RULE, START + timedelta(days=100), 10)
        late = due_packages(session, RULE, START + timedelta(days=1001), 10)
    assert [(due.lead_id, due.kind) for due in soon] == [(lead_id(2), RetentionClass.REJECTED)]
    assert {due.lead_id: due.kind for due in late} == {
        lead_id(1): RetentionClass.CASE,
        lead_id(2): RetentionClass.REJECTED,
        lead_id(3): RetentionClass.CASE,
        lead_id(4): RetentionClass.CASE,
    }


def test_a_verdict_that_no_record_tells_is_found(decided: Store) -> None:
    """A case that was written down as false would be deleted too soon."""
    assert decided.record_faults() == []
    decided.rewrite("UPDATE leads SET verdict = 'false' WHERE lead_id = :lead", lead=lead_id(1))
    assert decided.record_faults() == [f"lead {lead_id(1)} is listed as found false; by its records it is real"]


def test_an_older_release_s_leads_get_their_verdicts(decided: Store) -> None:
    """The records of a database that had no verdicts say what each lead was found to be."""
    decided.rewrite(*back_to("0010"))
    decided.database.migrate()
    with decided.database.reading() as session:
        assert [lead_row(session, lead_id(number)).verdict for number in (1, 2, 3, 4)] == ["real", "false", "real", ""]
    assert decided.record_faults() == []


def test_a_correction_leaves_the_verdict(decided: Store) -> None:
    """What is put right about an archived case makes it neither false nor undecided."""
    with decided.database.writing() as session:
        field = CorrectedField.TARGET_NAME
        correct_lead(session, lead_id(1), field, "某厂", version=4, user="li", reason="查明", at=START)
    with decided.database.reading() as session:
        assert lead_row(session, lead_id(1)).verdict == Verdict.REAL
