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

from streams.timing.delay import LeastDelay
from streams.timing.ticks import Peek, Ticks, nothing_follows


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
        (now, per), (then, per_then) = self.pts_s.as_integer_ratio(), earlier.pts_s.as_integer_ratio()
        return (now * per_then - then * per) / (per * per_then)  # as their difference is, without making a fraction


def utc_now() -> datetime:
    """Return the machine's wall clock as aware UTC: the worker's only reading of it."""
    return datetime.now(UTC)


ARRIVAL_UNCERTAINTY_S = 1.0
"""Assumed encoder and network delay of a camera whose own clock is unknown: 0.2-1 s is usual."""

SENDER_UNCERTAINTY_S = 0.1
"""Assumed error of a camera clock kept by NTP whose sender reports agree with arrival."""

FILE_UNCERTAINTY_S = 86_400.0
"""A file says little about when it was recorded: copying sets its times anew."""

SENDER_LAG_MAX_S = 5.0
"""A sender clock further behind arrival than any sane latency is wrong and is not used."""

SENDER_LEAD_MAX_S = 0.5
"""A sender clock further ahead of arrival is wrong and is not used."""

SENDER_STEP_S = 2.0
"""A sender clock that moves this far against PTS was set anew."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """
    A packet's times after the stream's clock has judged them.

    Attributes:
        time: the two clocks of its picture.

        pts: presentation time in ticks of its time base, repaired where the stream's was missing or wrong; no two
            pictures of an epoch have the same.

        dts: decoding time in the same ticks; strictly rising within an epoch.
    """

    time: CaptureTime
    pts: int
    dts: int


class StreamClock:
    """
    The clock of one stream: judges each packet's timestamps against its arrival and gives it its `CaptureTime`.

    Live streams: UTC comes from the sender's reports while they agree with arrival, else it is the arrival of the
    fastest packets (`LeastDelay`), so that UTC advances with PTS and network jitter does not show. Files: UTC is
    `begin`'s `file_start` plus PTS; at a jump it goes on, for a file is one recording.

    The `epoch` rises with each `begin` and `renew`, and where decoding times jump (`Ticks`) or stay behind arrival.

    Attributes:
        epoch: of the packets stamped now.

        jumps: epochs that began by a jump.

        glitches: packets whose timestamps were missing or wrong and were replaced.

        offset_s: arrival minus the sender's clock at the last packet that had both; ``None`` before. Latency plus the
            error of the camera's clock, for health.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.jumps = 0
        self.glitches = 0
        self.offset_s: float | None = None
        self._file_start: datetime | None = None
        self._arrival_uncertainty_s = ARRIVAL_UNCERTAINTY_S
        self._delay = LeastDelay()
        self._restart()

    def _restart(self) -> None:
        """Forget all that was learnt of the stream."""
        self._ticks: Ticks | None = None
        self._time_base: Fraction | None = None
        self._last_arrival: datetime | None = None
        self._forget()

    def _forget(self) -> None:
        """Forget what ties UTC to the times before."""
        self._delay.restart()
        self._sender_anchor: float | None = None
        self._shown: list[tuple[int, datetime]] = []
        self._is_new_epoch = True

    def begin(
        self, file_start: datetime | None = None, *, arrival_uncertainty_s: float = ARRIVAL_UNCERTAINTY_S
    ) -> None:
        """
        Start an epoch: the stream was opened.

        `file_start` is the UTC of PTS 0 and makes it a file's clock; `arrival_uncertainty_s` is the delay between
        capture and arrival to be assumed while the sender's clock is unknown.
        """
        self._file_start = file_start
        self._arrival_uncertainty_s = arrival_uncertainty_s
        self.epoch += not self._is_new_epoch
        self._restart()

    def renew(self) -> None:
        """Start an epoch in an open stream: its parameters changed, so that its pictures do not compare."""
        self.epoch += not self._is_new_epoch
        self._forget()

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
        peek: Peek = nothing_follows,
    ) -> Stamp:
        """
        Return the times of the next packet in decoding order.

        `arrival` is the wall clock read after the read returned. `sender_utc` is the sender's clock at `pts`, by its
        RTCP sender reports. `peek` is asked only where this packet's time is in doubt.
        """
        if self._last_arrival is not None and (arrival < self._last_arrival or time_base != self._time_base):
            self._jump()  # the machine's own clock was set back, or the stream changed its ticks
            self._restart()
        if self._ticks is None:
            self._ticks = Ticks(time_base, self._delay, is_file=self._file_start is not None)
        arrival_s = arrival.timestamp()
        judged = self._ticks.judge(pts, dts, arrival_s, duration=duration, is_keyframe=is_keyframe, peek=peek)
        if judged.jumped:
            self._continue_file(judged.pts * time_base, duration * time_base)
            self._jump()
        self.glitches += judged.replaced
        shown = self._free(judged.pts)
        self._time_base, self._last_arrival = time_base, arrival
        pts_s = shown * time_base
        if self._file_start is None and not self._delay.follow(float(pts_s), arrival_s):
            self._jump()
            self._delay.follow(float(pts_s), arrival_s)
        time = self._capture_time(shown, pts_s, arrival, None if judged.replaced else sender_utc)
        self._prune(judged.dts)
        self._is_new_epoch = False
        return Stamp(time, shown, judged.dts)

    def _jump(self) -> None:
        self.epoch += not self._is_new_epoch
        self.jumps += 1
        self._forget()

    def _continue_file(self, pts_s: Fraction, step_s: Fraction) -> None:
        """Let a file's UTC go on where its times have jumped: how long the recorder paused is not known."""
        if self._file_start is not None and self._shown:
            self._file_start = self._shown[-1][1] + timedelta(seconds=float(step_s - pts_s))

    def _capture_time(self, pts: int, pts_s: Fraction, arrival: datetime, sender_utc: datetime | None) -> CaptureTime:
        if self._file_start is not None:
            utc = min(self._file_start + timedelta(seconds=float(pts_s)), arrival)
            source, uncertainty_s = UtcSource.FILE, FILE_UNCERTAINTY_S
        elif sender_utc is not None and self._trusts(pts_s, arrival, sender_utc):
            lead_s = max(0.0, (sender_utc - arrival).total_seconds())
            utc, source, uncertainty_s = min(sender_utc, arrival), UtcSource.RTCP, SENDER_UNCERTAINTY_S + lead_s
        else:
            behind_s = max(0.0, self._delay.behind_s(float(pts_s), arrival.timestamp()))
            utc = arrival - timedelta(seconds=behind_s)
            source, uncertainty_s = UtcSource.ARRIVAL, max(self._arrival_uncertainty_s, behind_s)
        held = self._in_order(pts, utc)
        uncertainty_s += abs((held - utc).total_seconds())
        return CaptureTime(pts_s, held, source, uncertainty_s, self.epoch)

    def _trusts(self, pts_s: Fraction, arrival: datetime, sender_utc: datetime) -> bool:
        self.offset_s = (arrival - sender_utc).total_seconds()
        if not -SENDER_LEAD_MAX_S <= self.offset_s <= SENDER_LAG_MAX_S:
            return False
        anchor = sender_utc.timestamp() - float(pts_s)
        if self._sender_anchor is not None and abs(anchor - self._sender_anchor) > SENDER_STEP_S:
            self._jump()
            self._delay.follow(float(pts_s), arrival.timestamp())
        self._sender_anchor = anchor
        return True

    def _free(self, pts: int) -> int:
        """Return `pts`, or the next tick at which no other picture of the epoch is shown."""
        place = bisect_left(self._shown, pts, key=itemgetter(0))
        while place < len(self._shown) and self._shown[place][0] == pts:
            pts, place = pts + 1, place + 1
        return pts

    def _in_order(self, pts: int, utc: datetime) -> datetime:
        """Return `utc` held between its neighbours in presentation order, so that UTC never falls as PTS rises."""
        place = bisect_left(self._shown, pts, key=itemgetter(0))
        if place > 0:
            utc = max(utc, self._shown[place - 1][1])
        if place < len(self._shown):
            utc = min(utc, self._shown[place][1])
        self._shown.insert(place, (pts, utc))
        return utc

    def _prune(self, dts: int) -> None:
        """Keep the pictures shown after `dts` and the one before them: no later one comes earlier than that."""
        del self._shown[: max(0, bisect_left(self._shown, dts, key=itemgetter(0)) - 1)]
