"""Capture time from the sender's clock, the arrival or a file's start."""

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.timing.clock import ARRIVAL_UNCERTAINTY_S, CaptureTime, Stamp, StreamClock, UtcSource
from tests.streams.timing.ticking import FRAME, TICKS, at, steady


def test_utc_advances_with_pts_while_arrivals_jitter() -> None:
    """Network jitter after the fastest packet does not show in UTC: pictures stay 40 ms apart."""
    clock = StreamClock()
    jitter = [0.0, 0.03, 0.2, 0.01, 0.09, 0.0, 0.15]
    arrivals = accumulate((i * 0.04 + jitter[i % len(jitter)] for i in range(70)), max)
    stamps = [clock.stamp(i * FRAME, i * FRAME, TICKS, at(arrival)) for i, arrival in enumerate(arrivals)]
    steps = [later.time.utc - earlier.time.utc for earlier, later in pairwise(stamps)]
    assert all(abs(step.total_seconds() - 0.04) < 0.0005 for step in steps)
    assert {stamp.time.source for stamp in stamps} == {UtcSource.ARRIVAL}
    assert stamps[0].time.uncertainty_s == ARRIVAL_UNCERTAINTY_S


def test_the_burst_after_opening_is_not_taken_for_capture_time() -> None:
    """Packets buffered while the stream was opened come at once; UTC settles on the fastest, never after arrival."""
    clock = StreamClock()
    burst = [clock.stamp(i * FRAME, i * FRAME, TICKS, at(2.0)) for i in range(50)]
    live = steady(clock, 50, first=50 * FRAME, start_s=2.0)
    assert burst[0].time.utc <= at(2.0)
    assert abs((live[-1].time.utc - at(2.0 + 49 * 0.04 + 0.04)).total_seconds()) < 0.05
    assert clock.epoch == 0


def test_a_trusted_sender_clock_gives_utc() -> None:
    """Sender reports that agree with arrival give UTC to the tenth of a second and the latency as offset."""
    clock = StreamClock()
    stamp = clock.stamp(0, 0, TICKS, at(0.2), sender_utc=at(0.0))
    assert stamp.time.source is UtcSource.RTCP
    assert stamp.time.utc == at(0.0)
    assert stamp.time.uncertainty_s == pytest.approx(0.1)
    assert clock.offset_s == pytest.approx(0.2)


@pytest.mark.parametrize("error_s", [-3600.0, -8 * 3600.0, 30.0, 86_400.0 * 365, -1.0, 6.0])
def test_a_wrong_sender_clock_is_shown_but_not_used(error_s: float) -> None:
    """A camera clock an hour off, or in another time zone, leaves UTC to arrival and tells its offset."""
    clock = StreamClock()
    stamp = clock.stamp(0, 0, TICKS, at(0.0), sender_utc=at(-error_s))
    assert stamp.time.source is UtcSource.ARRIVAL
    assert stamp.time.utc == at(0.0)
    assert clock.offset_s == pytest.approx(error_s)


def test_a_sender_clock_slightly_ahead_is_held_at_arrival() -> None:
    """UTC is never after arrival; what was cut off is added to the uncertainty."""
    stamp = StreamClock().stamp(0, 0, TICKS, at(0.0), sender_utc=at(0.3))
    assert stamp.time.utc == at(0.0)
    assert stamp.time.uncertainty_s == pytest.approx(0.4)


def test_packets_without_times_are_paced_by_their_arrival() -> None:
    """A stream that sends no timestamps gets them from when its packets come."""
    clock = StreamClock()
    stamps = [clock.stamp(None, None, TICKS, at(i * 0.5)) for i in range(10)]
    assert stamps[-1].time.seconds_since(stamps[0].time) == pytest.approx(4.5, abs=0.001)
    assert clock.epoch == 0


def test_slow_ways_are_less_certain() -> None:
    """A stream that comes segments late is labelled by arrival with that delay as its uncertainty."""
    clock = StreamClock()
    clock.begin(arrival_uncertainty_s=30.0)
    assert steady(clock, 1)[0].time.uncertainty_s == 30.0


def test_times_at_another_speed_are_followed_and_told() -> None:
    """Eight pictures a second stamped as 25: an epoch a minute, and the label never claims more than is known."""
    clock = StreamClock()
    late = [clock.stamp(i * FRAME, i * FRAME, TICKS, at(i * 0.125)) for i in range(8 * 240)]
    assert 3 <= clock.jumps <= 5
    for number, stamp in enumerate(late):
        assert stamp.time.utc + timedelta(seconds=stamp.time.uncertainty_s) >= at(number * 0.125)


def test_a_file_s_utc_is_its_start_plus_pts() -> None:
    """Files are labelled from their start, whatever the speed at which they are read."""
    clock = StreamClock()
    clock.begin(at(-3600.0))
    stamps = [clock.stamp(i * FRAME, i * FRAME, TICKS, at(i * 0.001), duration=FRAME) for i in range(100)]
    assert stamps[-1].time.utc == at(-3600.0 + 99 * 0.04)
    assert {stamp.time.source for stamp in stamps} == {UtcSource.FILE}


def test_b_frames_keep_utc_in_presentation_order() -> None:
    """Pictures that are decoded before they are shown get UTC by when they are shown."""
    clock = StreamClock()
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    stamps = [clock.stamp(shown * FRAME, (i - 2) * FRAME, TICKS, at(i * 0.04 + 0.1)) for i, shown in enumerate(order)]
    shown = sorted(stamps, key=lambda stamp: stamp.pts)
    assert [stamp.time.utc for stamp in shown] == sorted(stamp.time.utc for stamp in stamps)
    assert [stamp.pts for stamp in stamps] == [number * FRAME for number in order]


def test_naive_times_are_refused() -> None:
    """A capture time without a zone cannot be made."""
    with pytest.raises(ValueError, match="aware"):
        CaptureTime(Fraction(0), datetime(2026, 1, 1), UtcSource.FILE, 0.0, 0)  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize("frozen", [0, 12_345])
def test_times_that_never_move_are_no_times(frozen: int) -> None:
    """A stream that stamps every picture alike is paced by arrival: durations are right and UTC stays near arrival."""
    clock = StreamClock()
    stamps = [clock.stamp(frozen, frozen, TICKS, at(i * 0.125)) for i in range(1000)]
    assert clock.epoch == 0
    assert stamps[-1].time.seconds_since(stamps[0].time) == pytest.approx(999 * 0.125, abs=0.01)
    assert abs((stamps[-1].time.utc - at(999 * 0.125)).total_seconds()) < 0.01


def test_a_few_missing_times_take_the_usual_step() -> None:
    """Packets without times among timed ones are spaced as their neighbours, though a burst brings them at once."""
    clock = StreamClock()
    steady(clock, 50)
    lost = [clock.stamp(None, None, TICKS, at(5.0)) for _ in range(3)]
    assert [stamp.dts for stamp in lost] == [50 * FRAME, 51 * FRAME, 52 * FRAME]
    assert steady(clock, 50, first=53 * FRAME, start_s=5.0)[-1].dts == 102 * FRAME
    assert (clock.epoch, clock.glitches) == (0, 3)


@pytest.mark.parametrize("lead", [-3 * FRAME, 3600 * 90_000, -(3600 * 90_000)])
def test_a_presentation_time_that_cannot_be_is_the_decoding_time(lead: int) -> None:
    """A PTS before its DTS, or hours after it, does not move the picture's time."""
    clock = StreamClock()
    steady(clock, 10)
    stamp = clock.stamp(10 * FRAME + lead, 10 * FRAME, TICKS, at(0.5))
    assert (stamp.pts, stamp.time.epoch) == (10 * FRAME, 0)


def test_no_two_pictures_share_a_time() -> None:
    """Pictures that a recorder stamped with one PTS are a tick apart, so that each can be found by its time."""
    clock = StreamClock()
    shown = [(0, 0), (3 * FRAME, FRAME), (3 * FRAME, 2 * FRAME), (3 * FRAME, 3 * FRAME)]
    stamps = [clock.stamp(pts, dts, TICKS, at(i * 0.04)) for i, (pts, dts) in enumerate(shown)]
    assert [stamp.pts for stamp in stamps] == [0, 3 * FRAME, 3 * FRAME + 1, 3 * FRAME + 2]


def test_a_late_packet_says_how_late_it_may_be() -> None:
    """What came 8 s after the fastest may have been taken then: its label's uncertainty reaches its arrival."""
    clock = StreamClock()
    steady(clock, 50)
    late = clock.stamp(50 * FRAME, 50 * FRAME, TICKS, at(50 * 0.04 + 8.1))
    assert late.time.utc + timedelta(seconds=late.time.uncertainty_s) >= at(50 * 0.04 + 8.1)


ticks = st.one_of(
    st.just(FRAME),
    st.just(0),
    st.integers(-10_000_000, 10_000_000),
    st.sampled_from([1 << 32, 1 << 33, -(1 << 33), 3600 * 90_000, -37_600 * 90_000]),
    st.none(),
)

leads = st.one_of(st.just(0), st.integers(-3, 16).map(lambda pictures: pictures * FRAME), st.integers(-(10**9), 10**9))

packet_steps = st.lists(
    st.tuples(
        ticks,
        st.one_of(leads, st.none()),
        st.floats(0, 12, allow_nan=False),
        st.booleans(),
        st.one_of(st.none(), st.floats(-10, 10, allow_nan=False)),
        st.booleans(),
    ),
    min_size=1,
    max_size=80,
)


@given(packet_steps, st.booleans())
def test_whatever_a_stream_sends_its_times_keep_their_promises(
    steps: list[tuple[int | None, int | None, float, bool, float | None, bool]], is_file: bool
) -> None:
    """
    UTC is never after arrival; within an epoch DTS rises strictly, no two PTS are equal, UTC never falls as PTS rises.

    The steps hold gaps, repeats, jumps by hours, wraps, missing and impossible PTS; the next packet is known or not.
    """
    clock = StreamClock()
    clock.begin(at(-1000.0) if is_file else None)
    raws: list[int | None] = []
    raw = 0
    for step, *_ in steps:
        raw += step or 0
        raws.append(None if step is None else raw)
    arrival_s = 0.0
    stamps: list[Stamp] = []
    for number, (_, lead, elapsed_s, is_keyframe, offset_s, peeks) in enumerate(steps):
        arrival_s += elapsed_s
        arrival = at(arrival_s)
        dts = raws[number]
        following = raws[number + 1] if peeks and number + 1 < len(raws) else None
        stamp = clock.stamp(
            None if dts is None or lead is None else dts + lead,
            dts,
            TICKS,
            arrival,
            duration=FRAME if peeks else 0,
            is_keyframe=is_keyframe,
            sender_utc=None if offset_s is None else arrival - timedelta(seconds=offset_s),
            peek=lambda following=following: following,
        )
        assert stamp.time.utc <= arrival
        assert stamp.pts >= stamp.dts
        assert stamp.time.pts_s == stamp.pts * TICKS
        assert stamp.time.uncertainty_s >= 0
        assert stamp.time.epoch == clock.epoch
        stamps.append(stamp)
    assert [stamp.time.epoch for stamp in stamps] == sorted(stamp.time.epoch for stamp in stamps)
    for epoch in {stamp.time.epoch for stamp in stamps}:
        within = [stamp for stamp in stamps if stamp.time.epoch == epoch]
        assert all(earlier.dts < later.dts for earlier, later in pairwise(within))
        shown = sorted(within, key=lambda stamp: stamp.pts)
        assert all(earlier.pts < later.pts for earlier, later in pairwise(shown))
        assert all(earlier.time.utc <= later.time.utc for earlier, later in pairwise(shown))
