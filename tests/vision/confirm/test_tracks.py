"""Tracks: boxes joined over time, in seconds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.moments import CARD, boxes, moment
from vision.confirm.tracks import Tracker, TrackerSettings

A = (100.0, 100.0, 140.0, 140.0)
BESIDE_A = (170.0, 100.0, 210.0, 140.0)
FAR = (400.0, 100.0, 440.0, 140.0)


def tracker(**settings_: float) -> Tracker:
    """Return a tracker for smoke and fire that starts tracks at 0.25."""
    return Tracker(CARD.class_names, TrackerSettings(**settings_))


def test_no_boxes_make_no_tracks() -> None:
    """An empty picture starts nothing and ends nothing."""
    assert (tracker().observe(moment(0), boxes()).live, tracker().observe(moment(0), boxes()).ended) == ((), ())


def test_overlapping_boxes_are_one_track() -> None:
    """A box that overlaps the last one continues its track and keeps its number."""
    t = tracker()
    t.observe(moment(0), boxes(("smoke", 0.5, A)))
    (track,) = t.observe(moment(0.5), boxes(("smoke", 0.625, (110, 90, 150, 135)))).live

    assert (track.number, track.count, track.last.confidence) == (1, 2, 0.625)
    assert moment(0) == track.first.time


def test_a_flame_that_jumps_beside_itself_is_one_track() -> None:
    """At a few pictures a second a flame's box need not overlap its last one; nearness joins it."""
    t = tracker()
    t.observe(moment(0), boxes(("fire", 0.5, (100, 100, 110, 200))))
    (track,) = t.observe(moment(0.5), boxes(("fire", 0.5, (112, 90, 122, 190)))).live

    assert track.count == 2


def test_plume_that_grows_tenfold_is_one_track() -> None:
    """A small box inside a later large one is the same plume although they overlap by a hundredth of their union."""
    t = tracker()
    t.observe(moment(0), boxes(("smoke", 0.5, A)))
    (track,) = t.observe(moment(0.5), boxes(("smoke", 0.5, (0, 0, 500, 300)))).live

    assert (track.number, track.count) == (1, 2)


def test_parts_of_a_plume_do_not_become_tracks() -> None:
    """Boxes inside the box of a track, or where it was a moment ago, start no tracks of their own."""
    t = tracker()
    t.observe(moment(0), boxes(("smoke", 0.9, (0, 0, 300, 300)), ("smoke", 0.5, A)))
    t.observe(moment(0.5), boxes(("smoke", 0.6, (0, 0, 100, 100)), ("smoke", 0.5, (200, 200, 290, 290))))

    assert [track.number for track in t.tracks] == [1]


def test_things_apart_are_tracks_apart() -> None:
    """Two plumes far from each other, and smoke and fire in one place, have their own numbers."""
    update = tracker().observe(moment(0), boxes(("smoke", 0.9, A), ("smoke", 0.5, FAR), ("fire", 0.7, A)))

    assert [(track.number, track.class_name) for track in update.live] == [(1, "smoke"), (2, "smoke"), (3, "fire")]


def test_a_weak_box_continues_a_track_but_starts_none() -> None:
    """Below `start_confidence` a box is only worth something where a track already is."""
    t = tracker()
    assert t.observe(moment(0), boxes(("smoke", 0.2, A))).live == ()
    t.observe(moment(0.5), boxes(("smoke", 0.3, A)))
    (track,) = t.observe(moment(1), boxes(("smoke", 0.125, A))).live

    assert (track.count, track.last.confidence) == (2, 0.125)


def test_sure_boxes_choose_before_weak_ones() -> None:
    """A weak box that overlaps better does not push a sure box out of its track."""
    t = tracker()
    t.observe(moment(0), boxes(("smoke", 0.8, A)))
    (track,) = t.observe(moment(0.5), boxes(("smoke", 0.8, (120, 100, 160, 140)), ("smoke", 0.11, A))).live

    assert round(track.last.confidence, 3) == 0.8


def test_a_track_ends_after_the_gap_in_seconds_not_in_pictures() -> None:
    """Missing for longer than `max_gap_s` ends it, whether in two pictures or in a hundred."""
    for step in (0.05, 2.6):
        t = tracker(max_gap_s=5.0)
        t.observe(moment(0), boxes(("smoke", 0.8, A)))
        ended = []
        seconds = step
        while seconds <= 5.3:
            ended += t.observe(moment(seconds), boxes()).ended
            seconds += step
        assert [track.number for track in ended] == [1]


def test_on_a_slow_patrol_a_thing_stays_one_track() -> None:
    """Where pictures come every 8 s a box may be missed in one of them, not in two, before its track ends."""
    t = tracker(max_gap_s=5.0)
    for s in (0, 8, 16):
        t.observe(moment(s), boxes(("smoke", 0.8, FAR)))
    for s in (24, 32, 48):
        (track,) = t.observe(moment(s), boxes(("smoke", 0.8, FAR))).live
    assert (track.number, track.count) == (3, 4)
    assert t.observe(moment(56), boxes()).ended == ()
    assert t.observe(moment(64), boxes()).ended == ()
    assert [track.number for track in t.observe(moment(72), boxes()).ended] == [3]


def test_back_at_the_usual_rate_the_usual_gap_ends_a_track() -> None:
    """After a few pictures in focus the gap is counted in seconds again."""
    t = tracker(max_gap_s=5.0)
    for s in (0.0, 8.0, 16.0, 24.0, 24.5, 25.0, 25.5):
        t.observe(moment(s), boxes(("smoke", 0.8, A)))
    assert t.observe(moment(30.4), boxes()).ended == ()
    assert [track.number for track in t.observe(moment(30.6), boxes()).ended] != []


def test_a_held_track_waits_for_its_box() -> None:
    """While a lead holds it, a track does not end by absence, and the box that comes back is its own."""
    t = tracker(max_gap_s=5.0)
    t.observe(moment(0), boxes(("smoke", 0.8, A)))
    assert t.observe(moment(40), boxes(), held=frozenset({1})).ended == ()
    (track,) = t.observe(moment(50), boxes(("smoke", 0.8, A)), held=frozenset({1})).live

    assert (track.number, track.count) == (1, 2)


def test_an_ended_track_gives_its_number_to_nobody() -> None:
    """Numbers are never used twice in an epoch, so a lead's key stays its own."""
    t = tracker()
    t.observe(moment(0), boxes(("smoke", 0.8, A)))
    t.end(1)
    assert [track.number for track in t.observe(moment(0.5), boxes(("smoke", 0.8, A))).live] == [2]
    t.end_all()
    assert [track.number for track in t.observe(moment(1), boxes(("smoke", 0.8, A))).live] == [3]


def test_a_detector_gone_wild_fills_no_memory() -> None:
    """Tracks are bounded; the surest boxes have them and the rest are counted."""
    t = Tracker(CARD.class_names, TrackerSettings(max_tracks=3))
    rows = [("smoke", 0.9 - i / 20, (i * 100.0, 0.0, i * 100.0 + 20, 20.0)) for i in range(8)]
    update = t.observe(moment(0), boxes(*rows))

    assert pytest.approx([track.last.confidence for track in update.live]) == [0.9, 0.85, 0.8]
    assert t.refused == 5


Row = tuple[str, float, tuple[float, float, float, float]]
EDGE = st.floats(0, 600, width=32)
SIDE = st.tuples(EDGE, EDGE).map(sorted)
ROW = st.builds(
    lambda name, confidence, x, y: (name, confidence, (x[0], y[0], x[1], y[1])),
    st.sampled_from(CARD.class_names),
    st.floats(0.125, 1, width=32),
    SIDE,
    SIDE,
)
PICTURES = st.lists(st.tuples(st.integers(1, 4000), st.lists(ROW, max_size=5)), max_size=25)


def run(pictures: list[tuple[int, list[Row]]], start_ms: int) -> list[object]:
    """Return number, class, last box and count of every track after every picture."""
    t, now_ms = tracker(), start_ms
    story: list[object] = []
    for step_ms, rows in pictures:
        now_ms += step_ms
        update = t.observe(moment(now_ms / 1000), boxes(*rows))
        story.append([(track.number, track.class_name, track.last.xyxy, track.count) for track in update.live])
        assert len({track.number for track in update.live}) == len(update.live)
        for track in update.live:
            assert len(track.sightings) <= 256
            assert now_ms / 1000 - float(track.last.time.pts_s) <= max(5.0, 2.5 * 4.0) + 1e-6
        seen = [track.last.xyxy for track in update.live if track.last.time == moment(now_ms / 1000)]
        assert len(seen) <= len(rows)
    return story


@settings(max_examples=60, deadline=None)
@given(PICTURES, st.integers(0, 10**9))
def test_tracks_depend_on_intervals_alone(pictures: list[tuple[int, list[Row]]], offset_ms: int) -> None:
    """The same pictures at another absolute time give the same tracks; a box is in one track at most."""
    assert run(pictures, 0) == run(pictures, offset_ms)
