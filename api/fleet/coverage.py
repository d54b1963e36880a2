"""
Coverage: which time of a camera was watched, from the accounts of all its workers. Pure functions.

Of several accounts the union counts: what one worker watched was watched. A time of duty that none watched is
explained, piece by piece: by the gaps of the accounts that speak of it, else by how the account before it ended, else
as lost, unreported or unclaimed (decision 0014). There is no time of duty without one or the other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from api.contract.coverage import HOUR, INTERVAL_BOUNDS_S, AccountHour, interval_quantile
from api.contract.reasons import GapReason
from api.store.coverage import Known

SETTLE = timedelta(seconds=60)
"""Accounts of younger time may be missing; it counts only once they have arrived."""

Span = tuple[datetime, datetime]

_PRECEDENCE = tuple(GapReason)
"""Where several accounts explain the same time, the later stage of this list wins."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of duty that was not watched; ``worker`` is the author of the account that explains it, or empty."""

    start: datetime
    end: datetime
    reason: GapReason
    detail: str = ""
    worker: str = ""

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.start).total_seconds()


@dataclass(slots=True)
class Watched:
    """What was watched of one camera in some time; seconds of duty that are not watched are all in ``gaps``."""

    start: datetime
    end: datetime
    required_s: float = 0.0
    watched_s: float = 0.0
    doubled_s: float = 0.0
    analysed: int = 0
    intervals: list[int] = field(default_factory=lambda: [0] * (len(INTERVAL_BOUNDS_S) + 1))
    longest_s: float = 0.0
    limit_s: float = 0.0
    patrol_s: float = 0.0
    focus_s: float = 0.0
    dropped: Counter[str] = field(default_factory=Counter)
    reconnects: int = 0
    workers: set[str] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """Share of the time of duty that was watched; ``None`` without duty."""
        return self.watched_s / self.required_s if self.required_s > 0 else None

    def quantile(self, share: float) -> float | None:
        """Return the interval between pictures that ``share`` of them do not exceed."""
        return interval_quantile(self.intervals, share, self.longest_s)

    def add(self, other: "Watched") -> None:
        """Take in another time of the same camera."""
        self.required_s += other.required_s
        self.watched_s += other.watched_s
        self.doubled_s += other.doubled_s
        self._add_counts(other)
        self.workers |= other.workers
        self.gaps = _joined([*self.gaps, *other.gaps])

    def add_account(self, hour: AccountHour) -> None:
        """Take in the counts of an account."""
        self._add_counts(hour)
        self.workers.add(hour.worker)

    def _add_counts(self, other: "Watched | AccountHour") -> None:
        self.analysed += other.analysed
        self.intervals = [a + b for a, b in zip(self.intervals, other.intervals, strict=True)]
        self.longest_s = max(self.longest_s, other.longest_s)
        self.limit_s = max(self.limit_s, other.limit_s)
        self.patrol_s += other.patrol_s
        self.focus_s += other.focus_s
        self.dropped.update(other.dropped)
        self.reconnects += other.reconnects


def hour_of(moment: datetime) -> datetime:
    """Return the start of a moment's hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def watched_by_hour(known: Known, start: datetime, end: datetime, now: datetime) -> list[Watched]:
    """
    Return what was watched of one camera in each hour from ``start`` (a full hour) to ``end``.

    Future time, and time too young to be reported, is in no duty.
    """
    told = max((hour.end for hour in known.hours), default=start)
    settled = min(end, max(now - SETTLE, min(told, now)))
    hours = [Watched(at, min(at + HOUR, end)) for at in _hours(start, end)]
    by_hour: dict[datetime, list[AccountHour]] = defaultdict(list)
    for account in known.hours:
        by_hour[account.hour].append(account)
    for entry in hours:
        accounts = by_hour[entry.start]
        for account in accounts:
            entry.add_account(account)
        required = _duty(known, entry.start, min(entry.end, settled))
        watched, doubled = _union([span for account in accounts for span in _spans(account)])
        entry.required_s = _length(required)
        seen = _both(required, watched)
        entry.watched_s = _length(seen)
        entry.doubled_s = _length(_both(required, doubled))
        entry.gaps = _explained(_without(required, seen), accounts, known)
    return hours


def in_one(hours: Sequence[Watched]) -> Watched:
    """Return several hours of a camera as one."""
    whole = Watched(hours[0].start, hours[-1].end)
    for entry in hours:
        whole.add(entry)
    return whole


def _hours(start: datetime, end: datetime) -> Iterable[datetime]:
    while start < end:
        yield start
        start += HOUR


def _duty(known: Known, start: datetime, end: datetime) -> list[Span]:
    spans = [(max(begin, start), min(over or end, end)) for begin, over in known.duties]
    return _union([span for span in spans if span[0] < span[1]])[0]


def _spans(account: AccountHour) -> list[Span]:
    """Return the spans that an account counts as watched."""
    return _without([(account.start, account.end)], [(gap.start, gap.end) for gap in account.gaps])


def _union(spans: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """Return the times that any span covers, and those that two or more do; both in order, without overlap."""
    edges = sorted([(start, 1) for start, end in spans if start < end] + [(e, -1) for s, e in spans if s < e])
    levels: tuple[list[Span], list[Span]] = ([], [])
    begun = [datetime.min, datetime.min]  # noqa: DTZ901  (only ever replaced)
    depth = 0
    for moment, step in edges:
        before, depth = depth, depth + step
        for level in (0, 1):
            if before == level and depth == level + 1:
                begun[level] = moment
            elif before == level + 1 and depth == level:
                levels[level].append((begun[level], moment))
    return tuple([_touching(level) for level in levels])  # type: ignore[return-value]


def _touching(spans: Sequence[Span]) -> list[Span]:
    """Return spans in order with those that touch made one."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and joined[-1][1] >= start:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined


def _both(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """Return the intersection of two lists of spans."""
    found, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return found


def _without(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """Return ``spans`` without the holes."""
    left: list[Span] = []
    holes = _union(holes)[0]
    for begin, end in spans:
        start = begin
        for hole_start, hole_end in holes:
            if hole_end <= start or hole_start >= end:
                continue
            if start < hole_start:
                left.append((start, hole_start))
            start = max(start, hole_end)
        if start < end:
            left.append((start, end))
    return left


def _length(spans: Iterable[Span]) -> float:
    return sum((end - start).total_seconds() for start, end in spans)


def _explained(unwatched: Sequence[Span], accounts: Sequence[AccountHour], known: Known) -> list[Gap]:
    """Return gaps that fill ``unwatched`` exactly, cut wherever the explanation changes."""
    if not unwatched:
        return []
    told = [
        Gap(gap.start, gap.end, gap.reason, gap.detail, account.worker) for account in accounts for gap in account.gaps
    ]
    edges = {moment for gap in told for moment in (gap.start, gap.end)}
    edges |= {moment for account in known.hours for moment in (account.start, account.end)}
    edges |= {moment for loss in known.losses for moment in (loss.start, loss.end)}
    gaps = []
    for start, end in unwatched:
        cuts = [start, *sorted(edge for edge in edges if start < edge < end), end]
        for piece in pairwise(cuts):
            covering = [gap for gap in told if gap.start <= piece[0] and piece[1] <= gap.end]
            if covering:
                best = max(covering, key=lambda gap: _PRECEDENCE.index(gap.reason))
                gaps.append(Gap(*piece, best.reason, best.detail, best.worker))
            else:
                gaps.append(_unsaid(piece, known))
    return _joined(gaps)


def _unsaid(piece: Span, known: Known) -> Gap:
    """Explain a time without any account."""
    before = [account for account in known.hours if account.end <= piece[0]]
    last = max(before, key=lambda account: (account.end, account.hour), default=None)
    for loss in known.losses:
        if loss.start <= piece[0] and piece[1] <= loss.end:
            return Gap(*piece, GapReason.LEDGER_LOST, "", loss.worker)
    if last is None:
        return Gap(*piece, GapReason.UNCLAIMED)
    return Gap(*piece, last.ended or GapReason.UNREPORTED, "", last.worker)


def _joined(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps in order, with those made one that meet and have the same reason, detail and worker."""
    joined: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: gap.start):
        last = joined[-1] if joined else None
        same = last is not None and (last.end, last.reason, last.worker) == (gap.start, gap.reason, gap.worker)
        if last is not None and same and (last.detail == gap.detail or not gap.detail):
            joined[-1] = Gap(last.start, gap.end, last.reason, last.detail, last.worker)
        else:
            joined.append(gap)
    return joined
