"""
Time in the worker: two clocks on every frame, and the only place where the wall clock is read.

Durations come from PTS (`CaptureTime.pts_s`, within one epoch); labels from UTC; time-outs from ``time.monotonic``.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from operator import itemgetter


class UtcSource(StrEnum):
    """Where a frame's UTC comes from, best first."""

    RTCP = "rtcp"
    ARRIVAL = "arrival"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """
    When a picture was taken, by two clocks.

    Attributes:
        pts_s: presentation time in seconds; compare only within one `epoch`.

        utc: aware UTC time, never after the packet's arrival.

        source: where `utc` comes from.

        uncertainty_s: half-width of the interval around `utc` that holds the true time.

        epoch: counts up whenever the stream starts again or its timestamps jump; times of two epochs do not compare.
    """

    pts_s: Fraction
    utc: datetime
    source: UtcSource
    uncertainty_s: float
    epoch: int

    def __post_init__(self) -> None:
        if self.utc.tzinfo is None:
            raise ValueError("CaptureTime.utc must be aware")

    def seconds_since(self, earlier: "CaptureTime") -> float:
        """Return the seconds from `earlier` to this; raise `ValueError` across epochs."""
        if earlier.epoch != self.epoch:
            raise ValueError(f"times of epochs {earlier.epoch} and {self.epoch} do not compare")
        return float(self.pts_s - earlier.pts_s)


def utc_now() -> datetime:
    """Return the machine's wall clock as aware UTC: the worker's only reading of it."""
    return datetime.now(UTC)


ARRIVAL_UNCERTAINTY_S = 1.0
"""Assumed encoder and network delay of a camera whose own clock is unknown: 0.2-1 s is usual."""

SENDER_UNCERTAINTY_S = 0.1
"""Assumed error of a camera clock kept by NTP whose sender reports agree with arrival."""

FILE_UNCERTAINTY_S = 86_400.0
"""A file says little about when it was recorded: copying sets its times anew."""

JUMP_S = 3.0
"""Timestamps that run this far ahead of arrival, or stay this far behind it, have jumped."""

REORDER_S = 1.0
"""Decoding times that fall back by less are repaired, by more are a jump."""

SENDER_LAG_MAX_S = 5.0
"""A sender clock further behind arrival than any sane latency is wrong and is not used."""

SENDER_LEAD_MAX_S = 0.5
"""A sender clock further ahead of arrival is wrong and is not used."""

SENDER_STEP_S = 2.0
"""A sender clock that moves this far against PTS was set anew."""

WINDOW_S = 30.0
"""The least delay is sought over the last one to two windows."""

SLEW = 0.001
"""Largest rate at which the arrival anchor follows a rising delay: ten times a bad crystal's 100 ppm."""

_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Stamp:
    """
    A packet's times after the stream's clock has judged them.

    Attributes:
        time: the two clocks of its picture.

        pts: presentation time in ticks of its time base, repaired where the stream's was missing or wrong.

        dts: decoding time in the same ticks; strictly rising within an epoch.
    """

    time: CaptureTime
    pts: int
    dts: int


class StreamClock:
    """
    The clock of one stream: judges each packet's timestamps against its arrival and gives it its `CaptureTime`.

    Live streams: UTC comes from the sender's reports while they agree with arrival, else it is the arrival of the
    fastest packets (a sliding least delay), so that UTC advances with PTS and network jitter does not show. Files:
    UTC is `begin`'s `file_start` plus PTS.

    The `epoch` rises with each `begin` and `renew`, and where decoding times fall back, run ahead of arrival, or stay
    behind it. A jump away from a key frame is believed when the next packet confirms it; until then it is a glitch
    (recorders stamp single frames hours off: mediamtx#6255) and the packet is paced by its arrival.

    Attributes:
        epoch: of the packets stamped now.

        jumps: epochs that began by a jump.

        glitches: packets whose timestamps were missing or wrong and were replaced.

        offset_s: arrival minus the sender's clock at the last packet that had both; ``None`` before. Latency plus the
            error of the camera's clock, for health.
    """

    def __init__(self) -> None:
        self.epoch = -1
        self.jumps = 0
        self.glitches = 0
        self.offset_s: float | None = None
        self._file_start: datetime | None = None
        self._arrival_uncertainty_s = ARRIVAL_UNCERTAINTY_S
        self._reset()

    def _reset(self) -> None:
        self.epoch += 1
        self._time_base: Fraction | None = None
        self._last_dts = 0
        self._last_arrival: datetime | None = None
        self._outlier: tuple[float, datetime] | None = None
        self._anchor: float | None = None
        self._window_start = 0.0
        self._least = (float("inf"), float("inf"))
        self._sender_anchor: float | None = None
        self._recent: list[tuple[int, datetime]] = []

    def begin(
        self, file_start: datetime | None = None, *, arrival_uncertainty_s: float = ARRIVAL_UNCERTAINTY_S
    ) -> None:
        """
        Start an epoch: the stream was opened.

        `file_start` is the UTC of PTS 0 and makes it a file's clock; `arrival_uncertainty_s` is the delay between
        capture and arrival to be assumed while the sender's clock is unknown.
        """
        if self._last_arrival is not None:
            self._reset()
        self._file_start = file_start
        self._arrival_uncertainty_s = arrival_uncertainty_s

    def renew(self) -> None:
        """Start an epoch in an open stream: its parameters changed, so that its pictures do not compare."""
        if self._last_arrival is not None:
            self._reset()

    def stamp(
        self,
        pts: int | None,
        dts: int | None,
        time_base: Fraction,
        arrival: datetime,
        *,
        duration: int = 0,
        is_keyframe: bool = False,
        sender_utc: datetime | None = None,
    ) -> Stamp:
        """
        Return the times of the next packet in decoding order.

        `arrival` is the wall clock read after the read returned. `sender_utc` is the sender's clock at `pts`, by its
        RTCP sender reports.
        """
        if self._last_arrival is not None and (arrival < self._last_arrival or time_base != self._time_base):
            self._jump()  # the machine's own clock was set back, or the stream changed its ticks
        raw = dts if dts is not None else pts
        glitches = self.glitches
        if self._last_arrival is None:
            dts_now = raw if raw is not None else 0
        else:
            elapsed_s = (arrival - self._last_arrival).total_seconds()
            dts_now = self._next_dts(raw, time_base, arrival, elapsed_s, duration, is_keyframe=is_keyframe)
        replaced = self.glitches > glitches
        lead = pts - dts if pts is not None and dts is not None else 0
        pts_now = max(dts_now + lead if replaced or pts is None else pts, dts_now)
        self._follow_delay(pts_now * time_base, arrival)
        self._time_base, self._last_dts, self._last_arrival = time_base, dts_now, arrival
        time = self._capture_time(pts_now, pts_now * time_base, arrival, None if replaced else sender_utc)
        return Stamp(time, pts_now, dts_now)

    def _jump(self) -> None:
        self.jumps += 1
        self._reset()

    def _next_dts(
        self,
        raw: int | None,
        time_base: Fraction,
        arrival: datetime,
        elapsed_s: float,
        duration: int,
        *,
        is_keyframe: bool,
    ) -> int:
        """Return the packet's decoding time in ticks; starts an epoch where the raw one has jumped."""
        if raw is not None:
            step_s = float((raw - self._last_dts) * time_base)
            if not self._is_jump(float(raw * time_base), step_s, arrival):
                self._outlier = None
                return max(raw, self._last_dts + 1)
            if is_keyframe or self._confirms(float(raw * time_base), arrival):
                self._jump()
                return raw
            self._outlier = (float(raw * time_base), arrival)
        self.glitches += 1
        paced = duration if self._file_start is not None else round(elapsed_s / time_base)
        return self._last_dts + max(paced, 1)

    def _is_jump(self, raw_s: float, step_s: float, arrival: datetime) -> bool:
        if step_s <= -REORDER_S:
            return True
        if self._file_start is not None or self._anchor is None:
            return False
        return raw_s + self._anchor - arrival.timestamp() > JUMP_S

    def _confirms(self, raw_s: float, arrival: datetime) -> bool:
        if self._outlier is None:
            return False
        outlier_s, outlier_arrival = self._outlier
        elapsed_s = (arrival - outlier_arrival).total_seconds()
        return -REORDER_S < raw_s - outlier_s < elapsed_s + JUMP_S

    def _follow_delay(self, pts_s: Fraction, arrival: datetime) -> None:
        """Let the anchor follow the least delay; start an epoch where it has stayed behind for more than a window."""
        if self._file_start is not None:
            return
        now_s = arrival.timestamp()
        delay_s = now_s - float(pts_s)
        if self._anchor is not None:
            older, newer = self._least
            if now_s - self._window_start > WINDOW_S:
                older, newer, self._window_start = newer, delay_s, now_s
            self._least = (older, min(newer, delay_s))
            rise_s = min(self._least) - self._anchor
            if rise_s <= JUMP_S:
                elapsed_s = 0.0 if self._last_arrival is None else (arrival - self._last_arrival).total_seconds()
                self._anchor += min(rise_s, SLEW * elapsed_s)
                return
            self._jump()
        self._anchor, self._window_start, self._least = delay_s, now_s, (delay_s, delay_s)

    def _capture_time(self, pts: int, pts_s: Fraction, arrival: datetime, sender_utc: datetime | None) -> CaptureTime:
        if self._file_start is not None:
            utc = min(self._file_start + timedelta(seconds=float(pts_s)), arrival)
            source, uncertainty_s = UtcSource.FILE, FILE_UNCERTAINTY_S
        elif sender_utc is not None and self._trusts(pts_s, arrival, sender_utc):
            lead_s = max(0.0, (sender_utc - arrival).total_seconds())
            utc, source, uncertainty_s = min(sender_utc, arrival), UtcSource.RTCP, SENDER_UNCERTAINTY_S + lead_s
        else:
            behind_s = 0.0 if self._anchor is None else arrival.timestamp() - self._anchor - float(pts_s)
            utc = arrival - timedelta(seconds=max(0.0, behind_s))
            source, uncertainty_s = UtcSource.ARRIVAL, self._arrival_uncertainty_s
        held = self._in_order(pts, utc)
        uncertainty_s += abs((held - utc).total_seconds())
        return CaptureTime(pts_s, held, source, uncertainty_s, self.epoch)

    def _trusts(self, pts_s: Fraction, arrival: datetime, sender_utc: datetime) -> bool:
        self.offset_s = (arrival - sender_utc).total_seconds()
        if not -SENDER_LEAD_MAX_S <= self.offset_s <= SENDER_LAG_MAX_S:
            return False
        anchor = sender_utc.timestamp() - float(pts_s)
        if self._sender_anchor is not None and abs(anchor - self._sender_anchor) > SENDER_STEP_S:
            before = self._time_base, self._last_dts, self._last_arrival
            self._jump()
            self._time_base, self._last_dts, self._last_arrival = before
        self._sender_anchor = anchor
        return True

    def _in_order(self, pts: int, utc: datetime) -> datetime:
        """Return `utc` held between its neighbours in presentation order, so that UTC never falls as PTS rises."""
        place = bisect_left(self._recent, pts, key=itemgetter(0))
        if place > 0:
            utc = max(utc, self._recent[place - 1][1])
        if place < len(self._recent):
            utc = min(utc, self._recent[place][1])
        self._recent.insert(place, (pts, utc))
        del self._recent[:-_REMEMBERED]
        return utc
