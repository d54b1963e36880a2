"""The packet ring: the last seconds of one camera's encoded packets, from which evidence is cut."""

import itertools
import math
import statistics
import threading
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from streams.frame import Packet
from streams.timing.clock import CaptureTime

GAP_S = 1.0
"""Silence between two packets that counts as a gap ..."""

GAP_INTERVALS = 4
"""... if it is also this many times the usual interval: slow cameras send a picture every few seconds."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence within one epoch: nothing arrived between the packets captured at `after` and `before`."""

    after: CaptureTime
    before: CaptureTime

    @property
    def seconds(self) -> float:
        """Length of the silence."""
        return self.before.seconds_since(self.after)


@dataclass(frozen=True, slots=True)
class RingCut:
    """
    Packets of one epoch in decoding order, the first a key frame; empty where the ring holds nothing of the span.

    Attributes:
        packets: all with the same `StreamInfo`, ready to be remuxed.

        gaps: silences between them, never filled.

        covers_start: the first picture is at or before the start that was asked for.

        covers_end: the ring already held a picture at or after the end that was asked for.
    """

    packets: tuple[Packet, ...] = ()
    gaps: tuple[Gap, ...] = ()
    covers_start: bool = False
    covers_end: bool = False


@dataclass(slots=True)
class _Gop:
    """A key frame and what depends on it; `seconds` long once the next one has come."""

    packets: list[Packet] = field(default_factory=list)
    size: int = 0
    seconds: Fraction = Fraction(0)

    @property
    def epoch(self) -> int:
        return self.packets[0].time.epoch

    def seconds_to(self, packet: Packet) -> Fraction:
        """Seconds from this group's start to `packet`, or to its own last packet if that is of another epoch."""
        last = packet if packet.time.epoch == self.epoch else self.packets[-1]
        return (last.dts - self.packets[0].dts) * last.stream.time_base


class PacketRing:
    """
    The newest packets of one camera, bounded in seconds and in bytes; safe to use from several threads.

    Whole groups of pictures leave at the old end, so that what remains can be decoded from its first packet. Only age
    and `max_bytes` remove packets. A single group larger than `max_bytes` empties the ring (`overflows` counts it), and
    packets before a key frame are not kept: they cannot be decoded.
    """

    def __init__(self, span_s: float, max_bytes: int) -> None:
        self._span_s = span_s
        self._max_bytes = max_bytes
        self._gops: deque[_Gop] = deque()
        self._byte_size = 0
        self._closed_s = Fraction(0)
        self._full_at: float = 0
        self._lock = threading.Lock()
        self.overflows = 0

    def append(self, packet: Packet) -> None:
        """Add the next packet in decoding order; the oldest make room."""
        with self._lock:
            if packet.is_keyframe:
                self._close_gop(packet)
                self._gops.append(_Gop())
            elif not self._gops or self._gops[-1].epoch != packet.time.epoch:
                return
            gop = self._gops[-1]
            gop.packets.append(packet)
            size = len(packet.data)
            gop.size += size
            self._byte_size += size
            # An integer comparison a packet: seconds are counted in fractions, which cost more than all the rest.
            if packet.dts >= self._full_at or packet.is_keyframe or self._byte_size > self._max_bytes:
                self._evict()

    def _close_gop(self, following: Packet) -> None:
        if self._gops:
            gop = self._gops[-1]
            gop.seconds = gop.seconds_to(following)
            self._closed_s += gop.seconds

    def _evict(self) -> None:
        while len(self._gops) > 1:
            remaining_s = self._closed_s - self._gops[0].seconds + self._open_s()
            if self._byte_size <= self._max_bytes and remaining_s < self._span_s:
                break
            oldest = self._gops.popleft()
            self._byte_size -= oldest.size
            self._closed_s -= oldest.seconds
        if self._byte_size > self._max_bytes:
            self._gops.clear()
            self._byte_size = 0
            self.overflows += 1
        self._full_at = self._next_full()

    def _next_full(self) -> float:
        """Return the decoding time, in ticks of the open group, from which the oldest group can be spared."""
        if len(self._gops) < 2:
            return math.inf
        first = self._gops[-1].packets[0]
        open_s = Fraction(self._span_s) - (self._closed_s - self._gops[0].seconds)
        return first.dts + math.floor(open_s / first.stream.time_base)

    def _open_s(self) -> Fraction:
        return self._gops[-1].seconds_to(self._gops[-1].packets[-1]) if self._gops else Fraction(0)

    @property
    def byte_size(self) -> int:
        """Encoded bytes held."""
        with self._lock:
            return self._byte_size

    @property
    def span_s(self) -> float:
        """Seconds held, over all epochs, without the silence between them."""
        with self._lock:
            return float(self._closed_s + self._open_s())

    @property
    def newest(self) -> CaptureTime | None:
        """Time of the packet received last; ``None`` while the ring is empty."""
        with self._lock:
            return self._gops[-1].packets[-1].time if self._gops else None

    def latest_gop(self) -> tuple[Packet, ...]:
        """Return the packets since the newest key frame: where a live tile or a decoder may start."""
        with self._lock:
            return tuple(self._gops[-1].packets) if self._gops else ()

    def since(self, epoch: int, start_s: Fraction) -> tuple[Packet, ...]:
        """Return the newest packets of `epoch` from the last key frame at or before `start_s`, or the oldest held."""
        with self._lock:
            gops: list[_Gop] = []
            for gop in reversed(self._gops):
                if gop.epoch != epoch:
                    break
                gops.append(gop)
                if gop.packets[0].time.pts_s <= start_s:
                    break
            return tuple(packet for gop in reversed(gops) for packet in gop.packets)

    def cut(self, epoch: int, start_s: float | Fraction, end_s: float | Fraction) -> RingCut:
        """
        Return the packets that show `start_s` to `end_s` (`CaptureTime.pts_s` of `epoch`).

        They begin with the newest key frame at or before `start_s`, or the oldest one held, and end with the last
        packet in decoding order that is presented at or before `end_s`.
        """
        with self._lock:
            gops = [gop for gop in self._gops if gop.epoch == epoch]
            first = 0
            for index, gop in enumerate(gops):
                if gop.packets[0].time.pts_s <= start_s:
                    first = index
            packets = [packet for gop in gops[first:] for packet in gop.packets]
        within = [index for index, packet in enumerate(packets) if packet.time.pts_s <= end_s]
        if not within:
            return RingCut()
        kept = tuple(packets[: within[-1] + 1])
        return RingCut(
            packets=kept,
            gaps=_gaps(kept),
            covers_start=kept[0].time.pts_s <= start_s,
            covers_end=any(packet.time.pts_s >= end_s for packet in packets),
        )


def _gaps(packets: tuple[Packet, ...]) -> tuple[Gap, ...]:
    steps = [
        float((later.dts - earlier.dts) * later.stream.time_base) for earlier, later in itertools.pairwise(packets)
    ]
    if not steps:
        return ()
    limit_s = max(GAP_S, GAP_INTERVALS * statistics.median(steps))
    shown = sorted(packet.time.pts_s for packet in packets)
    times = {packet.time.pts_s: packet.time for packet in packets}
    return tuple(
        Gap(times[earlier], times[later]) for earlier, later in itertools.pairwise(shown) if later - earlier > limit_s
    )
