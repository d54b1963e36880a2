"""Confirmation: k of the last n pictures, for long enough, with pixels that change."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.moments import moment
from vision.confirm.confirmation import Confirmation, Criteria, Observation
from vision.leads.lead import CloseReason, WorkerLeadState

CRITERIA = Criteria(
    threshold=0.4, hysteresis=0.75, k=3, n=5, window_s=10, min_duration_s=1.0, min_change=1.5, static_after_s=20
)


def watch(
    confidences: list[float], *, fps: float = 2.0, change: float = 9.0, criteria: Criteria = CRITERIA
) -> list[WorkerLeadState | None]:
    """Return the state after each picture of a track that changes all the time."""
    confirmation = Confirmation(criteria)
    return [confirmation.observe(Observation(moment(i / fps), c, change)) for i, c in enumerate(confidences)]


@pytest.mark.parametrize(
    ("confidences", "confirmed_at"),
    [
        ([], None),
        ([0.9, 0.9], None),
        ([0.9, 0.9, 0.9], 2),
        ([0.9, 0, 0, 0.9, 0.9], 4),
        ([0.9, 0, 0, 0, 0.9, 0.9], None),
        ([0.31, 0.31, 0.31, 0.31], None),
        ([0.31, 0.31, 0.61], 2),
        ([0.31, 0.31, 0.5], None),
        ([0.29, 0.29, 0.9, 0.29, 0.29], None),
    ],
)
def test_k_of_the_last_n_pictures_confirm(confidences: list[float], confirmed_at: int | None) -> None:
    """Three of the last five pictures from 0.3, their mean from 0.4: the first picture where that holds confirms."""
    states = watch(confidences)

    assert confirmed_at == (states.index(WorkerLeadState.CONFIRMED) if WorkerLeadState.CONFIRMED in states else None)


def test_candidate_before_confirmed() -> None:
    """A box that reaches the threshold is a candidate; one that only counts is not."""
    assert watch([0.31, 0.4]) == [None, WorkerLeadState.CANDIDATE]


def test_a_flash_at_a_high_rate_is_too_short() -> None:
    """At 25 pictures a second three boxes last 80 ms: nothing is confirmed before `min_duration_s`."""
    states = watch([0.9] * 40, fps=25)

    assert states.index(WorkerLeadState.CONFIRMED) == 25


def test_pictures_too_far_apart_never_confirm() -> None:
    """Boxes older than `window_s` do not count, however few pictures there were since."""
    assert WorkerLeadState.CONFIRMED not in watch([0.9] * 10, fps=0.1)


def test_what_never_changes_is_dropped_as_static() -> None:
    """A sure box over pixels that stay as they are waits, and is dropped after `static_after_s`."""
    confirmation = Confirmation(CRITERIA)
    states = [confirmation.observe(Observation(moment(i / 2), 0.95, 1.0)) for i in range(60)]

    assert WorkerLeadState.CONFIRMED not in states
    assert states.index(WorkerLeadState.DROPPED) == 40
    assert CloseReason.STATIC is confirmation.reason


def test_what_changes_late_is_confirmed_late() -> None:
    """A slow distant plume waits until its pixels have changed enough."""
    confirmation = Confirmation(CRITERIA)
    states = [confirmation.observe(Observation(moment(i / 2), 0.6, 0.1 * i)) for i in range(20)]

    assert states.index(WorkerLeadState.CONFIRMED) == 15


def test_a_lead_lasts_while_boxes_reach_the_lower_limit_and_closes_a_minute_later() -> None:
    """After confirmation 0.7 of the threshold holds it; 60 s without such a box close it (domain.md 7.3)."""
    confirmation = Confirmation(CRITERIA)
    for i in range(10):
        confirmation.observe(Observation(moment(i), 0.9, 9.0))
    for i in range(10, 200):
        assert WorkerLeadState.CONFIRMED is confirmation.observe(Observation(moment(i), 0.28, 0.0))
    states = [confirmation.observe(Observation(moment(i), 0.27, 0.0)) for i in range(200, 270)]

    assert states.index(WorkerLeadState.CLOSED) == 59
    assert CloseReason.GONE is confirmation.reason


def test_first_is_the_beginning_of_the_present_run() -> None:
    """An old flicker that came to nothing does not make the event longer."""
    confirmation = Confirmation(CRITERIA)
    for i, confidence in enumerate([0.9, 0, 0, 0, 0, 0, 0.9, 0.9, 0.9]):
        confirmation.observe(Observation(moment(i / 2), confidence, 9.0))

    assert moment(3) == confirmation.first


@pytest.mark.parametrize(
    ("confidences", "state"),
    [([], None), ([0.31], None), ([0.9], WorkerLeadState.DROPPED), ([0.9] * 4, WorkerLeadState.CLOSED)],
)
def test_the_end_of_the_stream_ends_it(confidences: list[float], state: WorkerLeadState | None) -> None:
    """A candidate is dropped and a confirmed track closed, for the reason given; nothing else is made up."""
    confirmation = Confirmation(CRITERIA)
    for i, confidence in enumerate(confidences):
        confirmation.observe(Observation(moment(i / 2), confidence, 9.0))

    assert state is confirmation.end(CloseReason.STREAM_LOST)
    assert (CloseReason.STREAM_LOST if state else None) is confirmation.reason


def test_pictures_out_of_order_are_refused() -> None:
    """Time runs forward; a picture at or before the last one is a mistake of the caller."""
    confirmation = Confirmation(CRITERIA)
    confirmation.observe(Observation(moment(1), 0.9, 9.0))

    with pytest.raises(ValueError, match="in order"):
        confirmation.observe(Observation(moment(1), 0.9, 9.0))


CONFIDENCES = st.sampled_from([0.0, 0.2, 0.31, 0.4, 0.5, 0.9])
OBSERVATIONS = st.lists(st.tuples(st.integers(20, 3000), CONFIDENCES, st.sampled_from([0.0, 2.0])), max_size=60)


def run(observations: list[tuple[int, float, float]], start_ms: int) -> list[WorkerLeadState | None]:
    """Return the state after each of (milliseconds since the last picture, confidence, change)."""
    confirmation, now_ms, states = Confirmation(CRITERIA), start_ms, []
    for step_ms, confidence, change in observations:
        now_ms += step_ms
        states.append(confirmation.observe(Observation(moment(now_ms / 1000), confidence, change)))
    return states


@settings(max_examples=200, deadline=None)
@given(OBSERVATIONS)
def test_never_confirmed_by_fewer_than_k_boxes_that_count(observations: list[tuple[int, float, float]]) -> None:
    """Whatever comes, at confirmation k of the last n pictures counted, the newest among them, and it lasted."""
    states = run(observations, 0)
    if WorkerLeadState.CONFIRMED not in states:
        return
    at = states.index(WorkerLeadState.CONFIRMED)
    times = [sum(o[0] for o in observations[: i + 1]) / 1000 for i in range(len(observations))]
    window = [o for o, t in zip(observations[: at + 1], times, strict=False) if times[at] - t <= CRITERIA.window_s]
    counting = sorted((o[1] for o in window[-CRITERIA.n :] if o[1] >= 0.3), reverse=True)

    assert len(counting) >= CRITERIA.k
    assert sum(counting[: CRITERIA.k]) / CRITERIA.k >= CRITERIA.threshold - 1e-9
    assert observations[at][1] >= 0.3
    assert observations[at][2] >= CRITERIA.min_change
    assert times[at] - times[0] >= CRITERIA.min_duration_s


@settings(max_examples=100, deadline=None)
@given(OBSERVATIONS, st.integers(1, 10**9))
def test_verdict_does_not_depend_on_the_absolute_time(
    observations: list[tuple[int, float, float]], offset_ms: int
) -> None:
    """The same pictures an hour or ten days later give the same states."""
    assert run(observations, 0) == run(observations, offset_ms)


BELIEF = Criteria(
    probability=0.6, threshold=0.25, k=2, release=0.5, min_duration_s=1.0, static_after_s=20, close_after_s=10
)


def believe(
    probabilities: list[float], *, change: float = 9.0, seen: list[bool] | None = None, fps: float = 2.0
) -> tuple[Confirmation, list[WorkerLeadState | None]]:
    """Return a confirmation by belief and its state after each picture; boxes are weak ones of 0.2."""
    confirmation, states = Confirmation(BELIEF), []
    for i, probability in enumerate(probabilities):
        confidence = 0.2 if seen is None or seen[i] else 0.0
        observation = Observation(moment(i / fps), confidence, change, probability=probability)
        states.append(confirmation.observe(observation))
    return confirmation, states


@pytest.mark.parametrize(
    ("probabilities", "confirmed_at"),
    [
        ([], None),
        ([0.9, 0.9], None),
        ([0.9, 0.9, 0.9], 2),
        ([0.1, 0.2, 0.4, 0.59], None),
        ([0.1, 0.2, 0.4, 0.6], 3),
    ],
)
def test_belief_confirms_what_is_probable_enough(probabilities: list[float], confirmed_at: int | None) -> None:
    """Weak boxes that are believed are confirmed with the first picture at the probability, not before a second."""
    _, states = believe(probabilities)

    assert confirmed_at == (states.index(WorkerLeadState.CONFIRMED) if WorkerLeadState.CONFIRMED in states else None)


def test_belief_makes_a_candidate_at_half_the_probability() -> None:
    """The release makes candidates and holds what is confirmed."""
    _, states = believe([0.2, 0.3, 0.1])

    assert states == [None, WorkerLeadState.CANDIDATE, WorkerLeadState.CANDIDATE]


def test_belief_reports_no_sign() -> None:
    """However sure the weights are, pixels that never change are no smoke."""
    confirmation, states = believe([0.99] * 50, change=1.0)

    assert states[-1] is WorkerLeadState.DROPPED
    assert confirmation.reason is CloseReason.STATIC


def test_belief_closes_when_no_box_holds_it() -> None:
    """A lead needs boxes that are believed: without them, or with a probability below the release, it ends in time."""
    for probabilities, seen in (
        ([0.9] * 60, [True] * 5 + [False] * 55),
        ([0.9] * 5 + [0.29] * 55, [True] * 60),
    ):
        confirmation, states = believe(probabilities, seen=seen)
        assert states.index(WorkerLeadState.CLOSED) == 4 + 20
        assert confirmation.reason is CloseReason.GONE


def test_the_probability_of_a_lead_is_that_of_its_last_hold() -> None:
    """What is no longer seen is no less probable for it; by k of n there is none."""
    confirmation, _ = believe([0.9] * 4 + [0.7, 0.1], seen=[True] * 5 + [False])

    assert confirmation.probability == 0.7
    assert Confirmation(CRITERIA).probability is None


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.05, 0.95))
def test_what_a_track_has_reached_is_the_threshold_that_it_would_pass(boxes: list[float], threshold: float) -> None:
    """At any threshold the last pictures are enough exactly where they have reached it."""
    usual, other = Confirmation(CRITERIA), Confirmation(replace(CRITERIA, threshold=threshold))
    for number, confidence in enumerate(boxes):
        seen = Observation(moment(number / 2), confidence, 0.0)
        usual.observe(seen)
        other.observe(seen)
        if abs(usual.reached - threshold) > 1e-9:
            assert (other.support >= threshold) == (usual.reached >= threshold)
