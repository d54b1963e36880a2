"""
Coverage accounts: what a worker watched of one camera, hour by hour, and why not where it did not.

Nothing here reads a clock: times are UTC from `SteadyUtc`, which never goes back. A picture counts at its capture, as
far as that is known, since a lag of the analysis is no gap. An account reaches to its newest picture and not further.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.contract.coverage import (
    DETAIL_MOST,
    GAPS_MOST,
    HOUR,
    INTERVAL_BOUNDS_S,
    AccountHour,
    CoverageGap,
    interval_class,
)
from api.contract.fields import one_line
from api.contract.reasons import GapReason

UNEXPLAINED_S = 2.0
"""Seconds after the limit before overload is assumed: the stream may report a reason meanwhile."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The first failing stage of a camera: stream, packets, decoding or analysis."""

    reason: GapReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Counters:
    """A camera's counts since the watch began: pictures dropped by reason, reconnects."""

    dropped: Mapping[str, int] = field(default_factory=dict)
    reconnects: int = 0


@dataclass(slots=True)
class _Hour:
    """One hour of an account in progress."""

    hour: datetime
    start: datetime
    sequence: int = 0
    analysed: int = 0
    intervals: list[int] = field(default_factory=lambda: [0] * (len(INTERVAL_BOUNDS_S) + 1))
    longest_s: float = 0.0
    patrol_s: float = 0.0
    focus_s: float = 0.0
    dropped: dict[str, int] = field(default_factory=dict)
    reconnects: int = 0
    gaps: list[CoverageGap] = field(default_factory=list)


@dataclass(slots=True)
class _OpenGap:
    start: datetime
    trouble: Trouble


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour of a time."""
    return moment.replace(minute=0, second=0, microsecond=0)


class CameraAccount:
    """
    One camera's account since a worker took it. Not thread-safe; `vision.coverage.ledger` guards it.

    Args:
        camera_id: of the camera.
        worker: name of the node.
        account: 16 hex digits that name this account.
        at: when it begins.
        limit_s: longest interval between two analysed pictures that counts as watched. Too short: a camera with long
        GOPs is never watched; too long: a plume may come and go unseen in a time that counts as watched.
    """

    def __init__(self, camera_id: str, worker: str, account: str, at: datetime, limit_s: float) -> None:
        self.camera_id = camera_id
        self._worker = worker
        self._account = account
        self.limit_s = limit_s
        self._reach = at
        self._ticked = at
        self._newest: datetime | None = None
        self._open: _OpenGap | None = _OpenGap(at, Trouble(GapReason.STARTING))
        self._trouble: Trouble | None = None
        self._ended: GapReason | None = None
        self._counters = Counters()
        self._hours = {hour_of(at): _Hour(hour_of(at), at)}

    def analysed(self, at: datetime) -> None:
        """Add an analysed picture captured at `at`."""
        if self._open is not None and at < self._open.start:
            self._hour(self._open.start).analysed += 1  # so late that its time is already reported as a gap
            return
        at = max(at, self._reach) if self._open is None else at
        if self._newest is not None:
            interval_s = (at - self._newest).total_seconds()
            hour = self._hour(at)
            hour.intervals[interval_class(interval_s)] += 1
            hour.longest_s = max(hour.longest_s, interval_s)
            if self._open is None and interval_s > self.limit_s:
                self._open = _OpenGap(self._newest, self._trouble or Trouble(GapReason.NOT_ANALYSED))
        if self._open is not None:
            self._close_gap(at)
        self._newest = at
        self._advance(at)
        # A late picture ends a gap that already reaches beyond it: the time after the picture is a gap again, or it
        # would count as watched.
        self._reach = at
        self._hour(at).analysed += 1

    def tick(self, at: datetime, trouble: Trouble | None, counters: Counters, mode: str = "") -> None:
        """Add the camera's state at `at`, about once a second; `mode` is ``patrol``, ``focus`` or empty."""
        elapsed_s = self._count(at, counters, mode)
        if elapsed_s > self.limit_s and self._open is None:
            trouble = trouble or Trouble(GapReason.NOT_ANALYSED, f"the worker stood still for {elapsed_s:.0f} s")
        self._trouble = trouble
        if self._open is None:
            self._open_gap(at, trouble)
        elif trouble is not None and trouble.reason is not self._open.trouble.reason:
            if at > self._open.start:
                self._close_gap(at)
            self._open = _OpenGap(at, trouble)
        elif trouble is not None and not self._open.trouble.detail:
            self._open.trouble = trouble
        if self._open is not None:
            self._advance(at)

    def end(self, at: datetime, reason: GapReason) -> None:
        """Close the account at its newest picture, or at the end of its open gap."""
        if self._open is not None:
            self._advance(at)
        self._ended = reason

    def documents(self) -> list[AccountHour]:
        """Return a document for each hour, oldest first, and forget the hours that are over."""
        documents = []
        newest = hour_of(self._reach)
        for hour in sorted(self._hours):
            # An hour in which only counters moved has no account until its first picture.
            if hour > newest:
                continue
            kept = self._hours[hour]
            kept.sequence += 1
            documents.append(self._document(kept, is_last=hour == newest))
        self._hours = {hour: kept for hour, kept in self._hours.items() if hour >= newest}
        return documents

    def _count(self, at: datetime, counters: Counters, mode: str) -> float:
        """Add the counts since the last call to the hour of `at`; return the seconds since that call."""
        hour = self._hour(at)
        for reason, count in counters.dropped.items():
            if (more := count - self._counters.dropped.get(reason, 0)) > 0:
                hour.dropped[reason] = hour.dropped.get(reason, 0) + more
        hour.reconnects += max(0, counters.reconnects - self._counters.reconnects)
        self._counters = counters
        elapsed_s = max(0.0, (at - self._ticked).total_seconds())
        self._ticked = max(at, self._ticked)
        if mode == "patrol":
            hour.patrol_s += elapsed_s
        elif mode == "focus":
            hour.focus_s += elapsed_s
        return elapsed_s

    def _open_gap(self, at: datetime, trouble: Trouble | None) -> None:
        silent_s = (at - self._reach).total_seconds()
        if silent_s > self.limit_s and (trouble is not None or silent_s > self.limit_s + UNEXPLAINED_S):
            self._open = _OpenGap(self._reach, trouble or Trouble(GapReason.NOT_ANALYSED))

    def _close_gap(self, at: datetime) -> None:
        if self._open is None:
            return
        gap, self._open = self._open, None
        start = gap.start
        while start < at:
            hour = self._hour(start)
            end = min(at, hour.hour + HOUR)
            hour.gaps.append(_gap(start, end, gap.trouble))
            start = end

    def _advance(self, at: datetime) -> None:
        """Extend the account to `at`; an open gap is cut where an hour ends."""
        if self._open is not None:
            end = hour_of(self._open.start) + HOUR
            if at >= end:
                trouble = self._open.trouble
                self._close_gap(hour_of(at))
                self._open = _OpenGap(hour_of(at), trouble)
        hour = hour_of(self._reach)
        while (hour := hour + HOUR) <= at:
            self._hour(hour)
        self._reach = max(self._reach, at)

    def _hour(self, moment: datetime) -> _Hour:
        start = hour_of(moment)
        if start not in self._hours:
            self._hours[start] = _Hour(start, start)
        return self._hours[start]

    def _document(self, kept: _Hour, *, is_last: bool) -> AccountHour:
        gaps = kept.gaps
        if is_last and self._open is not None and self._reach > self._open.start:
            gaps = [*gaps, _gap(self._open.start, self._reach, self._open.trouble)]
        return AccountHour(
            camera_id=self.camera_id,
            hour=kept.hour,
            worker=self._worker,
            account=self._account,
            sequence=kept.sequence,
            start=kept.start,
            end=self._reach if is_last else kept.hour + HOUR,
            ended=self._ended if is_last else None,
            limit_s=self.limit_s,
            analysed=kept.analysed,
            intervals=list(kept.intervals),
            longest_s=round(kept.longest_s, 3),
            patrol_s=round(kept.patrol_s, 1),
            focus_s=round(kept.focus_s, 1),
            dropped=dict(kept.dropped),
            reconnects=kept.reconnects,
            gaps=_bounded(gaps),
        )


def _gap(start: datetime, end: datetime, trouble: Trouble) -> CoverageGap:
    return CoverageGap(start=start, end=end, reason=trouble.reason, detail=one_line(trouble.detail, DETAIL_MOST))


def _bounded(gaps: list[CoverageGap]) -> list[CoverageGap]:
    """Return the gaps; where there are too many, the last ones joined into one, watched time between them included."""
    if len(gaps) <= GAPS_MOST:
        return gaps
    rest = gaps[GAPS_MOST - 1 :]
    return [*gaps[: GAPS_MOST - 1], rest[0].model_copy(update={"end": rest[-1].end})]


class SteadyUtc:
    """
    UTC for an account: the wall clock of one moment, continued by the monotonic clock, never going back.

    A slewed wall clock is followed; `look` reports one that was set forward by more than `STEP_S`. After one was set
    back, time stands still until it has caught up, so that none is counted twice.
    """

    STEP_S = 2.0

    def __init__(self, utc: datetime, monotonic_s: float) -> None:
        self._utc, self._monotonic_s = utc, monotonic_s
        self._latest = utc

    def at(self, monotonic_s: float) -> datetime:
        """Return the UTC at a time of the monotonic clock."""
        carried = self._utc + timedelta(seconds=monotonic_s - self._monotonic_s)
        self._latest = max(self._latest, carried)
        return self._latest

    def look(self, utc: datetime, monotonic_s: float) -> float:
        """Follow the wall clock; return the seconds by which it was set forward, else 0."""
        step_s = (utc - self._utc).total_seconds() - (monotonic_s - self._monotonic_s)
        self._utc, self._monotonic_s = utc, monotonic_s
        return step_s if step_s > self.STEP_S else 0.0
