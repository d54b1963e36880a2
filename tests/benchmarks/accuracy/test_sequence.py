"""Accuracy over time: events found, time to confirm, false leads, on a clip whose plume is known."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.accuracy.deciders import DECIDERS, FIVE_IN_A_ROW, SHIPPED, ConfirmedLead
from benchmarks.accuracy.result import SequenceFigures
from benchmarks.accuracy.sequence import LINGER_S, quiet_s, sequence_figures, told_event
from benchmarks.clips.corpus import Clip, Event
from tests.vision.films import PLUME, BrightBoxDetector, plume_film

FRAMED = (float(PLUME[0]), float(PLUME[1]), float(PLUME[2]), float(PLUME[3]))


def lead(confirmed_s: float, class_name: str = "smoke", xyxy: tuple[float, ...] = FRAMED) -> ConfirmedLead:
    """Return a lead confirmed at a time."""
    left, top, right, bottom = xyxy
    return ConfirmedLead(class_name, confirmed_s - 1, confirmed_s, 0.8, (left, top, right, bottom))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 8 s with a plume from 3 s on, which the detector gives 0.75."""
    return plume_film(tmp_path_factory.mktemp("films") / "plume.mp4")


def measure(film: Path, *events: Event) -> SequenceFigures:
    """Return the figures of the one clip under a truth."""
    return sequence_figures("clips", [Clip(film, "0" * 64, events)], BrightBoxDetector())


def test_an_event_is_found_by_every_decider(film: Path) -> None:
    """The plume at 3 s: the shipped rule takes 1.5 s, five in a row 2 s; nothing is false."""
    found = measure(film, Event(("smoke",), 3.0, 8.0, FRAMED))
    rows = {
        one.name: next(row for row in one.rows if row.threshold == found.shipped_threshold) for one in found.deciders
    }

    assert [one.name for one in DECIDERS] == list(rows)
    for name, took in ((SHIPPED.name, 1.5), (FIVE_IN_A_ROW.name, 2.0)):
        row = rows[name]
        assert (row.event_recall.hits, row.event_recall.count) == (1, 1)
        assert row.confirm_s is not None
        assert row.confirm_s.median == took
        assert (row.false_leads.count, row.clips_with_false_leads.hits) == (0, 0)
    (clip,) = found.clips.values()
    assert [(one.first_s, one.confirmed_s, one.event) for one in clip.leads] == [(3.0, 4.5, 0)]
    assert found.quiet_s == pytest.approx(3.0)
    assert found.seconds == pytest.approx(8.0)


def test_without_an_event_the_same_lead_is_false(film: Path) -> None:
    """One false lead in 8 s: 450 an hour, by the exact interval 11 to 2507."""
    found = measure(film)
    row = next(row for row in found.deciders[-1].rows if row.threshold == found.shipped_threshold)

    assert (row.event_recall.count, row.event_recall.value, row.confirm_s) == (0, None, None)
    assert row.false_leads.count == 1
    assert row.false_leads.per_hour == pytest.approx(450)
    assert (row.false_leads.low, row.false_leads.high) == (pytest.approx(11.39, abs=0.01), pytest.approx(2507, abs=1))
    assert row.clips_with_false_leads.hits == 1


def test_above_the_plume_nothing_is_reported(film: Path) -> None:
    """The event is missed where the threshold is higher than any box."""
    found = measure(film, Event(("smoke",), 0.0, 8.0))

    assert {row.threshold: row.event_recall.hits for row in found.deciders[-1].rows}[0.7] == 1
    assert max(row.threshold for row in found.deciders[-1].rows) < 0.75


def test_the_same_clip_gives_the_same_bytes(film: Path) -> None:
    """A result is a function of the clip."""
    first, second = (measure(film, Event(("smoke",), 3.0, 8.0)).model_dump_json() for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (lead(4.0), 0),
        (lead(2.9), None),
        (lead(10.0 + LINGER_S), 0),
        (lead(10.1 + LINGER_S), None),
        (lead(4.0, "fire"), None),
        (lead(32.0), 1),
        (lead(32.0, xyxy=(0, 0, 40, 40)), None),
        (lead(4.0, xyxy=(0, 0, 40, 40)), 0),
    ],
)
def test_which_event_a_lead_tells_of(told: ConfirmedLead, expected: int | None) -> None:
    """It must be of the event's class, be confirmed while it can be seen, and lie in its box where it has one."""
    events = (Event(("smoke",), 3.0, 10.0), Event(("fire", "smoke"), 30.0, 40.0, FRAMED))

    assert told_event(told, events) == expected


def test_of_two_events_the_later_one_is_told() -> None:
    """While the first lingers, a lead confirmed after the second began tells of that."""
    events = (Event(("smoke",), 0.0, 10.0), Event(("smoke",), 11.0, 20.0))

    assert told_event(lead(10.5), events) == 0
    assert told_event(lead(12.0), events) == 1


SPANS = st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 50)), max_size=5)


@given(SPANS, st.floats(1, 120))
@example([(0.0, 1.8294589409698112), (0.0, 35.0)], 39.472434477245706)
def test_quiet_time_is_what_no_event_covers(spans: list[tuple[float, float]], seconds: float) -> None:
    """Overlapping events are not counted twice, and nothing beyond the clip's end is."""
    events = [Event(("smoke",), start, start + length) for start, length in spans]
    ticks = [number * seconds / 2000 for number in range(2000)]
    free = sum(not any(e.start_s <= t < e.end_s + LINGER_S for e in events) for t in ticks) * seconds / 2000

    assert 0 <= quiet_s(events, seconds) <= seconds
    assert quiet_s(events, seconds) == pytest.approx(free, abs=seconds / 2000 * (2 * len(events) + 1))
