"""Which jumps of times and clocks start an epoch."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.timing.clock import StreamClock
from tests.streams.timing.ticking import FRAME, TICKS, at, steady


def test_a_sender_clock_set_anew_starts_an_epoch() -> None:
    """When NTP sets the camera's clock, UTC may go back: that is another epoch."""
    clock = StreamClock()
    clock.stamp(0, 0, TICKS, at(0.2), sender_utc=at(0.0))
    stamp = clock.stamp(FRAME, FRAME, TICKS, at(0.24), sender_utc=at(-3.96))
    assert (stamp.time.epoch, clock.jumps) == (1, 1)
    assert stamp.time.utc == at(-3.96)


def test_pts_that_fall_back_at_a_key_frame_start_an_epoch() -> None:
    """An encoder that restarts begins with a key frame and a low PTS: the times before and after do not compare."""
    clock = StreamClock()
    steady(clock, 50, first=900_000)
    stamp = clock.stamp(0, 0, TICKS, at(2.1), is_keyframe=True)
    assert (stamp.time.epoch, stamp.pts, clock.jumps) == (1, 0, 1)


def test_pts_that_run_hours_ahead_start_an_epoch_when_confirmed() -> None:
    """A jump of hours away from a key frame (mediamtx#6255) is believed with its second packet."""
    clock = StreamClock()
    last = steady(clock, 50)[-1]
    jump = 9_800 * 90_000
    first = clock.stamp(jump, jump, TICKS, at(2.1))
    second = clock.stamp(jump + FRAME, jump + FRAME, TICKS, at(2.14))
    assert first.time.epoch == 0
    assert 0 < first.time.seconds_since(last.time) < 0.1
    assert (second.time.epoch, second.pts) == (1, jump + FRAME)


def test_a_single_wild_stamp_is_a_glitch() -> None:
    """One frame stamped hours off among good ones is paced by its arrival and starts no epoch."""
    clock = StreamClock()
    stamps = steady(clock, 50)
    wild = 37_600 * 90_000
    stamps.append(clock.stamp(wild, wild, TICKS, at(50 * 0.04 + 0.1)))
    stamps += steady(clock, 50, first=51 * FRAME, start_s=51 * 0.04)
    assert (clock.epoch, clock.glitches) == (0, 1)
    steps = [later.time.seconds_since(earlier.time) for earlier, later in pairwise(stamps)]
    assert all(abs(step - 0.04) < 0.001 for step in steps)


def test_a_network_stall_is_not_a_jump() -> None:
    """Eight seconds of silence followed by everything at once keep the epoch and the spacing of UTC."""
    clock = StreamClock()
    before = steady(clock, 50)[-1]
    after = [clock.stamp(i * FRAME, i * FRAME, TICKS, at(max(i * 0.04, 10.0) + 0.1)) for i in range(50, 300)]
    assert clock.epoch == 0
    assert (after[-1].time.utc - before.time.utc).total_seconds() == pytest.approx(250 * 0.04, abs=0.01)


def test_pts_that_stand_still_start_an_epoch() -> None:
    """A camera whose timestamps stopped for a minute while time went on is re-anchored within two windows."""
    clock = StreamClock()
    steady(clock, 50)
    late = steady(clock, 1800, first=50 * FRAME, start_s=62.0)
    assert clock.epoch == 1
    assert abs((late[-1].time.utc - at(62.0 + 1799 * 0.04 + 0.1)).total_seconds()) < 0.05


def test_a_machine_clock_set_back_starts_an_epoch() -> None:
    """When the machine's own clock steps back, UTC follows it in a new epoch rather than stay after arrival."""
    clock = StreamClock()
    steady(clock, 10)
    stamp = clock.stamp(10 * FRAME, 10 * FRAME, TICKS, at(-60.0))
    assert (stamp.time.epoch, stamp.time.utc) == (1, at(-60.0))


def test_each_opening_starts_an_epoch_and_the_first_is_zero() -> None:
    """Reconnecting makes times incomparable; comparing them anyway is refused."""
    clock = StreamClock()
    clock.begin()
    before = steady(clock, 5)[-1]
    clock.begin()
    after = steady(clock, 5, start_s=10.0)[-1]
    assert (before.time.epoch, after.time.epoch) == (0, 1)
    with pytest.raises(ValueError, match="do not compare"):
        after.time.seconds_since(before.time)


def test_changed_parameters_start_an_epoch() -> None:
    """A stream that changes its size keeps its clock in a new epoch; renewing before the first packet is nothing."""
    clock = StreamClock()
    clock.renew()
    steady(clock, 5)
    clock.renew()
    assert steady(clock, 1, first=5 * FRAME, start_s=0.2)[0].time.epoch == 1


def test_a_key_frame_stamped_hours_off_is_a_glitch() -> None:
    """With the next packet known, a single wild key frame is paced like any other: no epoch begins."""
    clock = StreamClock()
    last = steady(clock, 50)[-1]
    wild = clock.stamp(9_800 * 90_000, 9_800 * 90_000, TICKS, at(2.1), is_keyframe=True, peek=lambda: 51 * FRAME)
    assert (clock.epoch, clock.glitches) == (0, 1)
    assert wild.time.seconds_since(last.time) == pytest.approx(0.04)
    assert steady(clock, 10, first=51 * FRAME, start_s=2.04)[0].dts == 51 * FRAME


def test_a_jump_away_from_a_key_frame_begins_its_epoch_where_it_happens() -> None:
    """With the next packet known to go on from it, the very packet that jumped begins the epoch."""
    clock = StreamClock()
    steady(clock, 50, first=972_000_000)
    stamp = clock.stamp(7, 7, TICKS, at(2.1), peek=lambda: 7 + FRAME)
    assert (stamp.time.epoch, stamp.pts, clock.jumps, clock.glitches) == (1, 7, 1, 0)


@pytest.mark.parametrize("bits", [32, 33])
def test_counters_that_start_again_go_on(bits: int) -> None:
    """A 32-bit (FLV, RTP) or 33-bit (MPEG-TS) counter that wraps, B-frames and all, keeps the epoch and its steps."""
    clock = StreamClock()
    first = (1 << bits) - 25 * FRAME
    stamps = [
        clock.stamp(
            (first + (i + 2) * FRAME) % (1 << bits), (first + i * FRAME) % (1 << bits), TICKS, at(i * 0.04 + 0.1)
        )
        for i in range(50)
    ]
    assert (clock.epoch, clock.glitches) == (0, 0)
    assert [stamp.dts for stamp in stamps] == [first + i * FRAME for i in range(50)]
    assert {stamp.pts - stamp.dts for stamp in stamps} == {2 * FRAME}


@pytest.mark.parametrize("jump_s", [-10_000, 10_000])
def test_a_file_s_utc_goes_on_over_a_jump(jump_s: int) -> None:
    """A recorder's file whose times leap by hours is one recording: a new epoch, and UTC one step on."""
    clock = StreamClock()
    clock.begin(at(-100_000.0))
    times = [i * FRAME + 10_000 * 90_000 + (jump_s * 90_000 if i >= 25 else 0) for i in range(50)]
    stamps = [
        clock.stamp(pts, pts, TICKS, at(0.0), duration=FRAME, peek=lambda following=pts + FRAME: following)
        for pts in times
    ]
    assert [stamp.time.epoch for stamp in stamps] == [0] * 25 + [1] * 25
    steps = {round((later.time.utc - earlier.time.utc).total_seconds(), 6) for earlier, later in pairwise(stamps)}
    assert steps == {0.04}


def test_a_pause_in_a_file_is_a_gap() -> None:
    """Half a minute without pictures is a silence of one recording, and pictures minutes apart are not a jump."""
    clock = StreamClock()
    clock.begin(at(-100_000.0))
    for number in (0, 1, 2, 30 * 25, 30 * 25 + 1):
        clock.stamp(number * FRAME, number * FRAME, TICKS, at(0.0), duration=FRAME)
    slow = StreamClock()
    slow.begin(at(-100_000.0))
    for number in range(5):
        slow.stamp(number * 300 * 90_000, number * 300 * 90_000, TICKS, at(0.0), is_keyframe=True)
    assert (clock.epoch, slow.epoch) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from(["good", "gap", "repeat", "none", "wild"]), st.floats(0, 0.3)), max_size=200))
def test_single_faults_raise_no_epoch(packets: list[tuple[str, float]]) -> None:
    """Whatever single packets are missing, repeated or stamped hours off, a stream that goes on keeps its epoch."""
    clock = StreamClock()
    raws: list[int | None] = [0]
    arrivals = [0.1]
    now_s = 0.0
    for kind, jitter_s in packets:
        for each in ("good", "good", kind) if kind == "wild" else (kind,):
            now_s += 0.04 if each != "gap" else 2.5
            good = round(now_s * 90_000)
            raws.append({"none": None, "repeat": raws[-1], "wild": good + 37_600 * 90_000}.get(each, good))
            arrivals.append(max(arrivals[-1], now_s + jitter_s))
    for number, (raw, arrival_s) in enumerate(zip(raws, arrivals, strict=True)):
        rest = iter(raws[number + 1 :])
        clock.stamp(raw, raw, TICKS, at(arrival_s), peek=lambda rest=rest: next(rest, None))
    assert clock.epoch == 0
