"""Broadcasts: a clip on an endless timeline, stamped once for each picture and sent to everybody who watches."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from benchmarks.rtsp_farm.rtp import Payload, sender_report
from benchmarks.rtsp_farm.units import CLOCK_HZ, CodedClip

REPORT_EVERY_S = 5.0
"""Between two sender reports, as GStreamer's server and most cameras have it."""

_ssrcs = itertools.count(0x50570001)


class Viewer(Protocol):
    """Who a broadcast sends to."""

    def send(self, blob: bytearray, *, is_keyframe: bool) -> None:
        """Take one picture's packets, or pass them over."""
        ...

    def report(self, blob: bytes) -> None:
        """Take a sender report."""
        ...


@dataclass(slots=True)
class FarmClock:
    """
    The one clock of a farm: RTP timestamps of all broadcasts count from its start, so a camera that moves from one
    broadcast to another goes on in time.
    """

    monotonic_s: float = field(default_factory=time.monotonic)
    utc_s: float = field(default_factory=time.time)
    first_timestamp: int = 0x1000_0000

    def timestamp(self, ticks: int) -> int:
        """Return the RTP timestamp of a moment, given in ticks since the farm's start."""
        return self.first_timestamp + ticks

    def ticks(self, monotonic_s: float) -> int:
        """Return ticks since the farm's start."""
        return round((monotonic_s - self.monotonic_s) * CLOCK_HZ)

    def utc(self, monotonic_s: float) -> float:
        """Return seconds since 1970 of a monotonic moment."""
        return self.utc_s + monotonic_s - self.monotonic_s


@dataclass(slots=True)
class Punctuality:
    """How late pictures left the farm, in whole milliseconds: a farm that is late measures itself."""

    late_ms: Counter[int] = field(default_factory=Counter)

    def note(self, late_s: float) -> None:
        """Count one picture."""
        self.late_ms[int(late_s * 1000)] += 1

    def quantile(self, share: float) -> float:
        """Return the milliseconds that `share` of the pictures did not exceed; 0 before the first."""
        wanted = share * sum(self.late_ms.values())
        seen = 0
        for late_ms in sorted(self.late_ms):
            seen += self.late_ms[late_ms]
            if seen >= wanted:
                return float(late_ms + 1)
        return 0.0


class PackedClip:
    """A clip with all its access units laid out for the wire; shared by its broadcasts."""

    def __init__(self, clip: CodedClip) -> None:
        self.clip = clip
        self.ssrc = next(_ssrcs)
        self.payloads: Sequence[Payload] = [Payload(clip.codec, unit, self.ssrc) for unit in clip.units]


class Broadcast:
    """
    One clip, begun at `phase_s` and repeated for ever; idle while nobody watches.

    Args:
        rate: below 1 everything happens more slowly, as of a camera that cannot keep its frame rate.

        jump_s: seconds by which timestamps are wrong against the farm's clock, its sender reports included.
    """

    def __init__(
        self,
        packed: PackedClip,
        clock: FarmClock,
        punctuality: Punctuality,
        *,
        phase_s: float = 0.0,
        rate: float = 1.0,
        jump_s: float = 0.0,
        reports: bool = True,
    ) -> None:
        self.packed = packed
        self._clock = clock
        self._punctuality = punctuality
        self._phase = round(phase_s * CLOCK_HZ)
        self._slower, self._faster = Fraction(rate).limit_denominator(1000).as_integer_ratio()[::-1]
        self._jump = round(jump_s * CLOCK_HZ)
        self._reports = reports
        self._viewers: set[Viewer] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._round = 0
        self._place = 0
        self._sequence = 0
        self._packets = 0
        self._octets = 0
        self._reported_s = float("-inf")

    def join(self, viewer: Viewer) -> None:
        """Send to `viewer` from now on."""
        self._viewers.add(viewer)
        if self._timer is None:
            self._resume()

    def leave(self, viewer: Viewer) -> None:
        """Send to `viewer` no longer."""
        self._viewers.discard(viewer)
        if not self._viewers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def report_to(self, viewer: Viewer) -> None:
        """Tell one viewer the clock at once, before its first picture."""
        if self._reports:
            viewer.report(self._report(time.monotonic()))

    def _resume(self) -> None:
        """Go on where the timeline is now."""
        clip = self.packed.clip
        passed = (self._clock.ticks(time.monotonic()) - self._phase) * self._faster // self._slower
        self._round, within = divmod(passed, clip.period)
        self._place = next((i for i, unit in enumerate(clip.units) if unit.dts >= within), 0)
        if clip.units[self._place].dts < within:  # past the last picture: the next round's first
            self._round += 1
        self._timer = asyncio.get_running_loop().call_at(self._due_s(), self._tick)

    def _ticks(self, ticks: int) -> int:
        """Return ticks of the clip's present round as ticks since the farm's start."""
        return self._phase + (self._round * self.packed.clip.period + ticks) * self._slower // self._faster

    def _due_s(self) -> float:
        clip = self.packed.clip
        ticks = self._ticks(clip.units[self._place].dts + clip.late)
        return self._clock.monotonic_s + ticks / CLOCK_HZ

    def _tick(self) -> None:
        now = time.monotonic()
        due = self._due_s()
        while due <= now + 0.0005:
            self._punctuality.note(max(0.0, now - due))
            self._send()
            due = self._due_s()
        if self._reports and now - self._reported_s >= REPORT_EVERY_S:
            self._reported_s = now
            report = self._report(now)
            for viewer in self._viewers:
                viewer.report(report)
        if self._viewers:
            self._timer = asyncio.get_running_loop().call_at(due, self._tick)
        else:
            self._timer = None

    def _send(self) -> None:
        unit, payload = self.packed.clip.units[self._place], self.packed.payloads[self._place]
        timestamp = self._clock.timestamp(self._ticks(unit.pts)) + self._jump
        blob = payload.stamped(self._sequence, timestamp)
        for viewer in tuple(self._viewers):
            viewer.send(blob, is_keyframe=payload.is_keyframe)
        self._sequence = self._sequence + payload.packets & 0xFFFF
        self._packets += payload.packets
        self._octets += payload.octets
        self._place += 1
        if self._place == len(self.packed.payloads):
            self._place, self._round = 0, self._round + 1

    def _report(self, now: float) -> bytes:
        timestamp = self._clock.timestamp(self._clock.ticks(now)) + self._jump
        return sender_report(self.packed.ssrc, self._clock.utc(now), timestamp, self._packets, self._octets)
