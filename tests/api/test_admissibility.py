"""Admissibility: what keeps a record from being a candidate for evidence."""

from datetime import timedelta

import httpx
import pytest

from api.admissibility import Admissibility, Obstacle, judge
from api.contract.manifest import Article41, Manifest
from api.contract.schema import LeadDocument, ReviewAnswers
from tests.api.conftest import sample_lead
from tests.api.contract.sample import LEAD_ID, START, sample_manifest
from tests.api.routes.test_leads import MakePosting

WHOLE = Article41(
    legal_review="法制〔2026〕1号", technical_review="技审〔2026〕3号", published="官网", valid_until="2026-11-23"
)
YES = ReviewAnswers(true=True, clear=True, complete=True, accurate=True)


def car() -> LeadDocument:
    """A lead of a smoking vehicle."""
    return sample_lead().model_copy(update={"violation_code": "V10_BLACK_CAR"})


def record(file: Article41 = WHOLE, **facts: object) -> Manifest:
    """A record without gaps from a camera with a file."""
    manifest = sample_manifest()
    camera = manifest.camera.model_copy(update={"art41": file})
    return manifest.model_copy(update={"camera": camera, "gaps": [], **facts})


def test_a_reviewed_record_of_a_reviewed_camera_is_a_candidate() -> None:
    """A vehicle's smoke, the camera's file valid on that very day, four times yes, stamped: nothing is against it."""
    judged = judge(car(), record(), YES, is_stamped=True)
    assert (judged.admissibility, judged.obstacles) == (Admissibility.EVIDENCE_CANDIDATE, [])


@pytest.mark.parametrize(
    ("file", "obstacle"),
    [
        (WHOLE.model_copy(update={"legal_review": None}), Obstacle.NO_LEGAL_REVIEW),
        (WHOLE.model_copy(update={"technical_review": ""}), Obstacle.NO_TECHNICAL_REVIEW),
        (WHOLE.model_copy(update={"published": None}), Obstacle.NOT_PUBLISHED),
        (WHOLE.model_copy(update={"valid_until": None}), Obstacle.NO_VALIDITY),
        (WHOLE.model_copy(update={"valid_until": "forever"}), Obstacle.NO_VALIDITY),
        (WHOLE.model_copy(update={"valid_until": "2026-11-22"}), Obstacle.EXPIRED),
    ],
)
def test_a_camera_without_a_whole_file_gives_leads(file: Article41, obstacle: Obstacle) -> None:
    """Each missing or expired part of the camera's file is named, alone."""
    judged = judge(car(), record(file), YES, is_stamped=True)
    assert (judged.admissibility, judged.obstacles) == (Admissibility.LEAD_ONLY, [obstacle])


def test_the_day_is_the_site_s_own() -> None:
    """At 01:00 in Beijing the UTC day before is over: a file that ended with it has expired."""
    late = car()
    end = START.replace(hour=17)
    event = late.event.model_copy(update={"start": end, "confirmed": end, "end": end + timedelta(seconds=1)})
    judged = judge(late.model_copy(update={"event": event}), record(), YES, is_stamped=True)
    assert judged.obstacles == [Obstacle.EXPIRED]


def test_the_record_itself_is_held_to_its_review_clock_and_gaps() -> None:
    """No review, or a no in it; a clock that may be minutes off; a clip with gaps; no stamp: each is named."""
    base = record()
    assert judge(car(), base, None, is_stamped=True).obstacles == [Obstacle.NOT_REVIEWED]
    doubts = YES.model_copy(update={"clear": False, "accurate": False})
    assert judge(car(), base, doubts, is_stamped=True).obstacles == [Obstacle.NOT_CLEAR, Obstacle.NOT_ACCURATE]
    of_file = base.model_copy(update={"time": base.time.model_copy(update={"uncertainty_s": 2.5})})
    assert judge(car(), of_file, YES, is_stamped=True).obstacles == [Obstacle.CLOCK]
    holed = sample_manifest().model_copy(update={"camera": base.camera})
    assert judge(car(), holed, YES, is_stamped=False).obstacles == [Obstacle.GAPS, Obstacle.NO_TIME_STAMP]


def test_stack_smoke_is_fixed_on_site() -> None:
    """However good the record, an act that is no vehicle's is a lead."""
    assert judge(sample_lead(), record(), YES, is_stamped=True).obstacles == [Obstacle.ON_SITE]


def test_the_api_judges_a_filed_lead(enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting) -> None:
    """It takes the camera's file from the package and the newest review from the records."""
    assert make_posting().send(enrolled).status_code == 201
    path = f"/v1/evidence/{LEAD_ID}/admissibility"
    judged = operator.get(path).json()
    assert judged["admissibility"] == "lead_only"
    assert {"on_site", "no_legal_review", "not_reviewed", "gaps"} <= set(judged["obstacles"])
    decision = {"to": "VERIFIED", "reason": "属实", "review": YES.model_dump() | {"complete": False}}
    moved = operator.post(f"/v1/leads/{LEAD_ID}/transitions", json=decision, headers={"If-Match": '"1"'})
    assert moved.status_code == 200
    judged = operator.get(path).json()
    assert "not_complete" in judged["obstacles"]
    assert "not_reviewed" not in judged["obstacles"]
    assert operator.get("/v1/evidence/L20260101-000001/admissibility").status_code == 404
