"""Admissibility: what keeps a record from being a candidate for evidence."""

from datetime import date

import httpx

from api.contract.evidence.article41 import Article41File, Lack, Publication, Review, Sign, Standard
from api.contract.evidence.manifest import Manifest
from api.contract.wire.handling import ReviewAnswers
from api.contract.wire.lead import LeadDocument
from api.evidence.admissibility import Doubt, judge
from tests.api.conftest import sample_lead
from tests.api.contract.sample import LEAD_ID, sample_manifest
from tests.api.routes.test_leads import MakePosting

WHOLE = Article41File(
    legal_review=Review(by="法制科", on=date(2026, 1, 5), document="法制〔2026〕1号"),
    technical_review=Review(by="信息科", on=date(2026, 1, 6), document="技审〔2026〕3号"),
    standard=Standard(name="HJ 1287", calibrated=date(2026, 3, 1), calibration_valid_until=date(2026, 11, 23)),
    sign=Sign(fitted=date(2026, 1, 10)),
    publication=Publication(on=date(2026, 1, 12), where="官网"),
)
YES = ReviewAnswers(true=True, clear=True, complete=True, accurate=True)


def car() -> LeadDocument:
    """A lead of a smoking vehicle."""
    return sample_lead().model_copy(update={"violation_code": "V10_BLACK_CAR"})


def record(**facts: object) -> Manifest:
    """A record without gaps."""
    return sample_manifest().model_copy(update={"gaps": [], **facts})


def test_a_reviewed_record_of_a_reviewed_camera_is_a_candidate() -> None:
    """A vehicle's smoke, the camera's file valid on that very day, four times yes, stamped: nothing is against it."""
    judged = judge(car(), WHOLE, record(), YES, is_stamped=True)
    assert (judged.admissibility, judged.obstacles) == ("evidence_candidate", [])


def test_what_the_camera_s_file_lacks_comes_first() -> None:
    """Whatever article 41 wants and is not there is named, before what the record leaves open."""
    judged = judge(car(), None, record(), None, is_stamped=True)
    assert judged.admissibility == "lead_only"
    assert judged.obstacles[0] is Lack.NO_LEGAL_REVIEW
    assert judged.obstacles[-1] is Doubt.NOT_REVIEWED
    expired = WHOLE.model_copy(update={"publication": None})
    assert judge(car(), expired, record(), YES, is_stamped=True).obstacles == [Lack.NOT_PUBLISHED]


def test_the_record_itself_is_held_to_its_review_clock_and_gaps() -> None:
    """No review, or a no in it; a clock that may be minutes off; a clip with gaps; no stamp: each is named."""
    base = record()
    assert judge(car(), WHOLE, base, None, is_stamped=True).obstacles == [Doubt.NOT_REVIEWED]
    doubts = YES.model_copy(update={"clear": False, "accurate": False})
    assert judge(car(), WHOLE, base, doubts, is_stamped=True).obstacles == [Doubt.NOT_CLEAR, Doubt.NOT_ACCURATE]
    of_file = base.model_copy(update={"time": base.time.model_copy(update={"uncertainty_s": 2.5})})
    assert judge(car(), WHOLE, of_file, YES, is_stamped=True).obstacles == [Doubt.CLOCK]
    holed = sample_manifest()
    assert judge(car(), WHOLE, holed, YES, is_stamped=False).obstacles == [Doubt.GAPS, Doubt.NO_TIME_STAMP]


def test_stack_smoke_is_fixed_on_site() -> None:
    """However good the record, an act that no camera may fix is a lead."""
    assert judge(sample_lead(), WHOLE, record(), YES, is_stamped=True).obstacles == [Lack.NOT_PROVIDED_FOR]


def test_the_api_judges_a_filed_lead(enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting) -> None:
    """It takes the camera's newest file and the newest review."""
    assert make_posting().send(enrolled).status_code == 201
    path = f"/v1/evidence/{LEAD_ID}/admissibility"
    judged = operator.get(path).json()
    assert judged["admissibility"] == "lead_only"
    assert {"not_provided_for", "no_legal_review", "not_reviewed", "gaps"} <= set(judged["obstacles"])
    decision = {"to": "VERIFIED", "reason": "属实", "review": YES.model_dump() | {"complete": False}}
    moved = operator.post(f"/v1/leads/{LEAD_ID}/transitions", json=decision, headers={"If-Match": '"1"'})
    assert moved.status_code == 200
    judged = operator.get(path).json()
    assert "not_complete" in judged["obstacles"]
    assert "not_reviewed" not in judged["obstacles"]
    assert operator.get("/v1/evidence/L20260101-000001/admissibility").status_code == 404
