import threading
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.camera import camera_id
from streams.frame import Packet, StreamInfo
from streams.ring import PacketRing
from streams.timing.clock import CaptureTime, UtcSource

STREAM = StreamInfo("h264", 320, 240, b"", Fraction(1, 1000))
START = datetime(2026, 11, 23, tzinfo=UTC)


def packet(ms: int, *, key: bool = False, size: int = 100, epoch: int = 0, shown_ms: int | None = None) -> Packet:
    """Return a packet decoded at `ms` and shown at `shown_ms`."""
    pts = ms if shown_ms is None else shown_ms
    time = CaptureTime(Fraction(pts, 1000), START + timedelta(milliseconds=pts), UtcSource.ARRIVAL, 1.0, epoch)
    return Packet(camera_id("cam"), STREAM, bytes(size), pts, ms, 40, key, time)


def filled(seconds: int, *, gop: int = 25, span_s: float = 1000, max_bytes: int = 10**9, epoch: int = 0) -> PacketRing:
    """Return a ring after `seconds` of 25 fps."""
    ring = PacketRing(span_s, max_bytes)
    for i in range(seconds * 25):
        ring.append(packet(i * 40, key=i % gop == 0, epoch=epoch))
    return ring


def test_an_empty_ring_cuts_nothing() -> None:
    """Nothing received gives an empty cut that covers nothing."""
    ring = PacketRing(10, 1000)
    cut = ring.cut(0, 0, 10)
    assert (cut.packets, cut.gaps, cut.covers_start, cut.covers_end) == ((), (), False, False)
    assert (ring.byte_size, ring.span_s, ring.newest, ring.latest_gop()) == (0, 0.0, None, ())


def test_packets_since_a_moment_begin_with_its_key_frame() -> None:
    """Whoever catches up gets the group that holds the moment and all after it, of that epoch alone."""
    ring = filled(10)
    for i in range(30):
        ring.append(packet(i * 40, key=i % 25 == 0, epoch=1))
    assert [p.dts for p in ring.since(0, Fraction(8))] == []
    assert [p.dts for p in ring.since(1, Fraction(0))] == [i * 40 for i in range(30)]
    assert [p.dts for p in ring.since(1, Fraction(11, 10))] == [i * 40 for i in range(25, 30)]
    assert len(ring.since(1, Fraction(-5))) == 30


def test_a_cut_begins_with_the_key_frame_before_its_start() -> None:
    """A cut from 2.5 s begins at the key frame of 2 s and ends with the last picture of its end."""
    cut = filled(10).cut(0, 2.5, 5.0)
    assert (cut.packets[0].pts, cut.packets[0].is_keyframe, cut.packets[-1].pts) == (2000, True, 5000)
    assert (cut.covers_start, cut.covers_end, cut.gaps) == (True, True, ())


def test_a_cut_says_what_it_does_not_cover() -> None:
    """Asking for more than the ring holds gives what is there and says which end is missing."""
    ring = filled(10, span_s=4)
    early = ring.cut(0, 0.0, 7.0)
    late = ring.cut(0, 7.0, 30.0)
    assert (early.covers_start, early.covers_end, early.packets[0].is_keyframe) == (False, True, True)
    assert (late.covers_start, late.covers_end, late.packets[-1].pts) == (True, False, 9960)


def test_another_epoch_is_never_mixed_in() -> None:
    """Packets of a new epoch do not enter a cut of the old one, though their PTS fit."""
    ring = filled(4)
    ring.append(packet(1000, key=True, epoch=1))
    assert {each.time.epoch for each in ring.cut(0, 0, 10).packets} == {0}
    assert [each.time.epoch for each in ring.cut(1, 0, 10).packets] == [1]


def test_gaps_are_reported_and_not_filled() -> None:
    """Three lost seconds appear as one gap between the pictures around them."""
    ring = PacketRing(100, 10**6)
    for i in [*range(50), *range(125, 175)]:
        ring.append(packet(i * 40, key=i % 25 == 0))
    cut = ring.cut(0, 0, 7)
    assert [(gap.after.pts_s, gap.before.pts_s) for gap in cut.gaps] == [(Fraction(49, 25), Fraction(5))]
    assert cut.gaps[0].seconds == pytest.approx(3.04)
    assert len(cut.packets) == 100


def test_a_slow_camera_has_no_gaps() -> None:
    """A camera that sends a picture every two seconds is slow, not silent."""
    ring = PacketRing(100, 10**6)
    for i in range(20):
        ring.append(packet(i * 2000, key=True))
    assert ring.cut(0, 0, 40).gaps == ()


def test_b_frames_are_no_gaps_and_reach_to_the_end() -> None:
    """A cut ends after every picture shown within it, in decoding order."""
    ring = PacketRing(100, 10**6)
    for i, shown in enumerate([0, 3, 1, 2, 6, 4, 5]):
        ring.append(packet(i * 40, key=i == 0, shown_ms=shown * 40))
    cut = ring.cut(0, 0, 0.16)
    assert [each.pts // 40 for each in cut.packets] == [0, 3, 1, 2, 6, 4]
    assert cut.gaps == ()


def test_packets_before_a_key_frame_are_not_kept() -> None:
    """What cannot be decoded is not evidence."""
    ring = PacketRing(10, 10**6)
    ring.append(packet(0))
    ring.append(packet(40, key=True))
    ring.append(packet(80, epoch=1))
    assert [each.pts for each in ring.latest_gop()] == [40]


def test_a_group_larger_than_the_ring_empties_it() -> None:
    """A camera that never sends a key frame cannot fill the memory."""
    ring = PacketRing(1000, 1000)
    ring.append(packet(0, key=True))
    for i in range(1, 30):
        ring.append(packet(i * 40))
    assert (ring.byte_size, ring.overflows, ring.latest_gop()) == (0, 1, ())


def test_cutting_and_appending_at_once_is_safe() -> None:
    """A cut taken while packets arrive is in order and begins with a key frame."""
    ring = PacketRing(2, 10**6)

    def receive() -> None:
        for i in range(5000):
            ring.append(packet(i * 40, key=i % 10 == 0))

    thread = threading.Thread(target=receive)
    thread.start()
    while thread.is_alive():
        packets = ring.cut(0, 0, 1e9).packets
        assert not packets or packets[0].is_keyframe
        assert all(earlier.dts < later.dts for earlier, later in pairwise(packets))
    thread.join()


received = st.lists(
    st.tuples(st.integers(1, 3000), st.booleans(), st.integers(1, 400), st.booleans()), min_size=1, max_size=120
)


@given(received, st.floats(0.1, 20), st.integers(400, 5000))
def test_whatever_arrives_the_ring_stays_within_its_bounds(
    steps: list[tuple[int, bool, int, bool]], span_s: float, max_bytes: int
) -> None:
    """Bytes never exceed their bound, seconds exceed theirs by one group at most, and all that is held decodes."""
    ring = PacketRing(span_s, max_bytes)
    ms, epoch, longest = 0, 0, 0.0
    group_start: int | None = None
    for step, key, size, new_epoch in steps:
        ms += step
        if new_epoch:
            epoch, group_start = epoch + 1, None
        if key:
            group_start = ms
        ring.append(packet(ms, key=key, size=size, epoch=epoch))
        longest = max(longest, 0.0 if group_start is None else (ms - group_start) / 1000, step / 1000)
        assert ring.byte_size <= max_bytes
        assert ring.span_s <= span_s + 2 * longest + 0.001
        held = [each for e in range(epoch + 1) for each in ring.cut(e, -1e9, 1e9).packets]
        assert ring.byte_size == sum(len(each.data) for each in held)
        for e in {each.time.epoch for each in held}:
            assert next(each for each in held if each.time.epoch == e).is_keyframe
