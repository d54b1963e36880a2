"""When a lead is confirmed, goes on, closes or is dropped."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.analysis.made_analysers import (
    LEFT_HALF,
    NOTHING,
    PLUME,
    RIGHT_HALF,
    analyser,
    every_half_second,
    story,
    watch,
)
from tests.vision.moments import boxes, flickering, frame, moment
from vision.leads.lead import CloseReason, WorkerLeadState


def test_smoke_is_confirmed_after_four_pictures() -> None:
    """A plume that is seen in each picture at 2 fps becomes a candidate at once and a lead 1.5 s later."""
    a = analyser()
    watch(a, every_half_second(0, 2), NOTHING, still=True)
    changes = watch(a, every_half_second(2, 7))

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "confirmed")]
    lead = changes[1].lead
    assert (lead.key, lead.violation_code, lead.observations) == ("cam/0/smoke.visible/1", "V01_STACK_SMOKE", 4)
    assert (moment(2), moment(3.5), moment(3.5)) == (lead.first, lead.confirmed, lead.last)
    assert pytest.approx(60 * 60 / (320 * 180)) == lead.peak.measures["area_fraction"]
    assert lead.rule_params["threshold"] == 0.3


def test_the_lead_closes_a_minute_after_the_smoke() -> None:
    """60 s without a box end the lead; its last sighting is when the smoke was last seen, its peak the surest box."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, [5.0], boxes(("smoke", 0.9, PLUME)))
    changes = watch(a, every_half_second(5.5, 80), NOTHING)

    assert story(changes) == [("smoke.visible", "closed")]
    lead = changes[0].lead
    assert (CloseReason.GONE, moment(5)) == (lead.reason, lead.last)
    assert pytest.approx(lead.peak.confidence) == 0.9


def test_smoke_that_comes_back_within_the_minute_is_the_same_lead() -> None:
    """A lead waits for its plume: forty seconds behind a lorry do not make two leads of it."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, every_half_second(5, 45), NOTHING)

    assert watch(a, every_half_second(45, 60)) == []


def test_smoke_that_comes_back_within_half_an_hour_is_the_same_lead_going_on() -> None:
    """The closed lead is confirmed again and grows: from its first picture, with all that was seen of it."""
    a = analyser()
    first = watch(a, every_half_second(0, 5))
    watch(a, every_half_second(5, 80), NOTHING)
    second = watch(a, every_half_second(80, 85))
    closed = a.end(CloseReason.SHUTDOWN)

    assert story(second) == [("smoke.visible", state) for state in ("candidate", "dropped", "confirmed")]
    assert (second[1].lead.reason, second[2].previous) == (CloseReason.MERGED, WorkerLeadState.CLOSED)
    assert first[1].lead.key == second[2].lead.key == closed[0].lead.key
    assert (closed[0].lead.first, closed[0].lead.last, closed[0].lead.observations) == (moment(0), moment(84.5), 20)


def test_smoke_that_comes_back_after_half_an_hour_is_a_new_lead() -> None:
    """What is half an hour apart is told apart."""
    a = analyser()
    first = watch(a, every_half_second(0, 5))
    watch(a, range(5, 1820, 5), NOTHING)
    second = watch(a, every_half_second(1820, 1825))

    assert [change.lead.state.value for change in second] == ["candidate", "confirmed"]
    assert first[0].lead.key != second[0].lead.key


def test_a_candidate_that_goes_away_is_dropped() -> None:
    """Two boxes and nothing more: a candidate, dropped when its track ends."""
    a = analyser()
    changes = watch(a, [0, 0.5]) + watch(a, every_half_second(1, 10), NOTHING)

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "dropped")]
    assert CloseReason.GONE is changes[1].lead.reason


def test_a_sign_is_never_reported() -> None:
    """A sure box over pixels that never change is dropped as static after a minute, once."""
    changes = watch(analyser(), every_half_second(0, 200), still=True)

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "dropped")]
    assert CloseReason.STATIC is changes[1].lead.reason


def test_a_stack_taken_for_smoke_does_not_hide_its_smoke() -> None:
    """Where a box was dropped as static and later the pixels begin to change, a new lead is made."""
    a = analyser()
    watch(a, every_half_second(0, 100), still=True)
    changes = watch(a, every_half_second(100, 106))

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "confirmed")]
    assert changes[0].lead.key == "cam/0/smoke.visible/2"


def test_a_new_epoch_ends_leads_and_begins_anew() -> None:
    """
    When the stream was lost, open leads are closed for that reason; keys name the epoch.

    What is confirmed after it of the same target is no second lead, and it is told that it was not.
    """
    a = analyser()
    watch(a, every_half_second(0, 5))
    changes = watch(a, every_half_second(0, 5), epoch=1)

    states = [("smoke.visible", state) for state in ("closed", "candidate", "dropped")]
    assert states == story(changes)
    assert [change.lead.reason for change in changes] == [CloseReason.STREAM_LOST, None, CloseReason.MERGED]
    assert changes[1].lead.key == "cam/1/smoke.visible/1"
    assert [(held.key, held.into) for held in a.merger.held_back] == [
        ("cam/1/smoke.visible/1", "cam/0/smoke.visible/1")
    ]


def test_end_closes_what_is_open() -> None:
    """At shutdown confirmed leads are closed and candidates dropped; a second end has nothing left to say."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, [5.0], boxes(("smoke", 0.6, PLUME), ("fire", 0.5, (250, 100, 300, 160))))

    assert story(a.end(CloseReason.SHUTDOWN)) == [("fire.visible", "dropped"), ("smoke.visible", "closed")]
    assert a.end(CloseReason.SHUTDOWN) == []


def test_two_plumes_are_one_lead_unless_zones_tell_them_apart() -> None:
    """Nobody knows whose they are without zones: one lead of the view; in two zones they are two."""
    both = boxes(("smoke", 0.6, PLUME), ("smoke", 0.7, (250, 60, 310, 120)))
    zones = [{"name": "left", "polygon": LEFT_HALF}, {"name": "right", "polygon": RIGHT_HALF}]
    for drawn, leads in (([], 1), (zones, 2)):
        a = analyser(drawn, smoke={"min_change": 0})
        changes = watch(a, every_half_second(0, 5), both)
        assert len({change.lead.key for change in changes if change.lead.state is WorkerLeadState.CONFIRMED}) == leads


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.2, 0.25, 0.31, 0.6]), max_size=40), st.integers(1, 10**6))
def test_same_pictures_same_leads_at_any_time(confidences: list[float], offset_s: int) -> None:
    """Running again, or at another absolute time, gives the same moves of the same leads; every move is legal."""

    def run(start: float) -> list[tuple[str, str, float]]:
        a, moves = analyser(), []
        for i, confidence in enumerate(confidences):
            detections = boxes(("smoke", confidence, PLUME)) if confidence else NOTHING
            changes = a.observe(frame(flickering(i / 2, PLUME), moment(start + i / 2)), detections)
            moves += [(c.lead.key, c.lead.state.value, float(c.lead.first.pts_s) - start) for c in changes]
        return moves + [(c.lead.key, c.lead.state.value, 0.0) for c in a.end(CloseReason.SHUTDOWN)]

    assert run(0) == run(0) == run(offset_s)
