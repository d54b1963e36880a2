"""What people said of leads, on the bus for the workers."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import redis

from api.contract import bus as keys
from api.contract.review import REVIEW_LIST, LeadReview, Verdict
from api.fleet.reviews import review_of
from tests.api.conftest import Posting, RunningApi, sample_lead
from tests.api.contract.sample import LEAD_ID, START

MakePosting = Callable[..., Posting]
CAMERA = sample_lead().camera.id


def reconcile(api: RunningApi, now: datetime = START + timedelta(days=1)) -> None:
    """Let the board compare bus and database as at a time."""
    board = api.state.reviews
    board.now = lambda: now
    asyncio.run_coroutine_threadsafe(board.reconcile(), api.loop).result(10)


def on_the_bus(bus: redis.Redis) -> list[LeadReview]:
    """Return the reviews of the sample's camera."""
    text = bus.hget(keys.REVIEWS, CAMERA)
    assert text is None or isinstance(text, bytes)
    return [] if text is None else REVIEW_LIST.validate_json(text)


def decide(operator: httpx.Client, lead_id: str, to: str, version: int = 1) -> None:
    """Move a lead as a reviewer does."""
    answer = operator.post(
        f"/v1/leads/{lead_id}/transitions", json={"to": to, "reason": "水汽"}, headers={"If-Match": f'"{version}"'}
    )
    assert answer.status_code == 200, answer.text


def test_without_reviews_the_bus_says_that_there_are_none(api: RunningApi, bus: redis.Redis) -> None:
    """The marker stands alone: a worker can tell an empty list from a lost one."""
    reconcile(api)
    assert set(bus.hgetall(keys.REVIEWS)) == {keys.REVIEWS_MARKER.encode()}


def test_a_rejected_lead_is_told_and_a_verified_one(
    api: RunningApi, operator: httpx.Client, enrolled: httpx.Client, make_posting: MakePosting, bus: redis.Redis
) -> None:
    """Only what a person decided is told; what is archived after its rejection stays a false alarm."""
    other = LEAD_ID[:-1] + "9"
    for lead_id in (LEAD_ID, other):
        assert make_posting(lead_id).send(enrolled).status_code == 201
    reconcile(api)
    assert on_the_bus(bus) == []
    decide(operator, LEAD_ID, "REJECTED_FALSE")
    reconcile(api)
    (review,) = on_the_bus(bus)
    assert (review.lead_id, review.verdict, review.rule) == (LEAD_ID, Verdict.FALSE, sample_lead().rule.id)
    assert (review.confirmed, review.delay_s) == (START + timedelta(seconds=3), 3.0)
    decide(operator, LEAD_ID, "ARCHIVED", 2)
    decide(operator, other, "VERIFIED")
    reconcile(api)
    assert {r.lead_id: r.verdict for r in on_the_bus(bus)} == {LEAD_ID: Verdict.FALSE, other: Verdict.REAL}


def test_an_emptied_bus_is_told_again_and_an_unchanged_one_left_alone(
    api: RunningApi, operator: httpx.Client, enrolled: httpx.Client, make_posting: MakePosting, bus: redis.Redis
) -> None:
    """What a restarted bus has lost is written again; where nothing differs nothing is written."""
    assert make_posting().send(enrolled).status_code == 201
    decide(operator, LEAD_ID, "REJECTED_FALSE")
    reconcile(api)
    bus.hset(keys.REVIEWS, CAMERA, b"[]")
    reconcile(api)
    assert on_the_bus(bus) == []
    bus.flushall()
    reconcile(api)
    assert [review.lead_id for review in on_the_bus(bus)] == [LEAD_ID]


def test_reviews_go_out_of_age(
    api: RunningApi, operator: httpx.Client, enrolled: httpx.Client, make_posting: MakePosting, bus: redis.Redis
) -> None:
    """A lead older than a camera's history is told no more."""
    assert make_posting().send(enrolled).status_code == 201
    decide(operator, LEAD_ID, "REJECTED_FALSE")
    reconcile(api, START + timedelta(days=keys.REVIEW_DAYS - 1))
    assert len(on_the_bus(bus)) == 1
    reconcile(api, START + timedelta(days=keys.REVIEW_DAYS + 1))
    assert on_the_bus(bus) == []


def test_the_score_is_what_the_lead_was_opened_at() -> None:
    """The calibrated probability where there is one, else the mean confidence of its k boxes, else nothing."""
    lead = sample_lead()

    def score(**measure: object) -> float | None:
        measured = lead.model_copy(update={"measure": lead.measure.model_copy(update=measure)})
        return review_of(measured, Verdict.FALSE).score

    assert score() is None
    assert score(values={"support": 0.62}) == 0.62
    assert score(values={"support": 0.62}, probability=0.93) == 0.93
