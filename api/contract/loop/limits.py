"""
Time limits of the states by priority (domain.md 6.2), and when a lead that entered a state is due.

At half of its time who must act is reminded, at its end the dispatcher is told, at one and a half the head of unit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from api.contract.wire.state import LeadState, Priority

LEVELS = (50, 100, 150)
"""Shares of a limit, in per cent, at which somebody is told."""
SITE_ZONE = ZoneInfo("Asia/Shanghai")
"""Working days are those of Beijing."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit: a plain span, or whole working days after which the same time of day is due."""

    span: timedelta = timedelta()
    working_days: int = 0


def _minutes(count: float) -> Limit:
    return Limit(timedelta(minutes=count))


def _hours(count: float) -> Limit:
    return Limit(timedelta(hours=count))


def _days(count: float) -> Limit:
    return Limit(timedelta(days=count))


def _working(count: int) -> Limit:
    return Limit(working_days=count)


def _all(limit: Limit) -> tuple[Limit, Limit, Limit]:
    return limit, limit, limit


_S = LeadState
LIMITS: Mapping[LeadState, tuple[Limit, Limit, Limit]] = MappingProxyType(
    {
        _S.CANDIDATE: _all(Limit(timedelta(seconds=60))),
        _S.PENDING_VERIFY: (_minutes(15), _hours(2), _hours(24)),
        _S.NEED_MORE: (_hours(1), _hours(4), _hours(24)),
        _S.VERIFIED: _all(_minutes(10)),
        _S.WARN_ONLY: _all(_hours(24)),
        _S.EVIDENCE_FIXED: (_minutes(30), _hours(2), _hours(8)),
        _S.DISPATCHED: (_hours(1), _hours(4), _working(1)),
        _S.RETURNED: _all(_hours(4)),
        _S.ACCEPTED: (_minutes(30), _hours(4), _working(3)),
        _S.NON_SITE_CHECK: _all(_working(3)),
        _S.ON_SITE: (_hours(1), _hours(24), _days(10)),
        _S.NOT_CONFIRMED: _all(_hours(24)),
        _S.CONFIRMED: _all(_days(15)),
        _S.TRANSFERRED: _all(_hours(24)),
        _S.CASE_FILED: _all(_days(90)),
        _S.RECTIFIED: _all(_days(7)),
        _S.REVIEWED: _all(_days(3)),
        _S.CLOSED: _all(_days(30)),
    }
)
"""For P1, P2 and P3. States without a row wait without a limit."""

BY_CODE: Mapping[tuple[LeadState, str], Limit] = MappingProxyType({(_S.WARN_ONLY, "V07_BARE_SOIL"): _hours(48)})
"""Exceptions by violation code: bare soil has two days to be covered."""

EXTENSIONS: Mapping[LeadState, timedelta] = MappingProxyType(
    {_S.CONFIRMED: timedelta(days=15), _S.CASE_FILED: timedelta(days=30)}
)
"""By how much the law lets the head of unit extend a limit, once."""

SILENT = frozenset({_S.CANDIDATE, _S.RECTIFIED, _S.CLOSED})
"""States whose limit is watched by the system itself: nobody is reminded of them before they are over."""

TIMER_NAMES: Mapping[LeadState, str] = MappingProxyType(
    {
        _S.CANDIDATE: "package_by",
        _S.PENDING_VERIFY: "verify_by",
        _S.NEED_MORE: "supplement_by",
        _S.VERIFIED: "fix_by",
        _S.WARN_ONLY: "correct_by",
        _S.EVIDENCE_FIXED: "dispatch_by",
        _S.DISPATCHED: "accept_by",
        _S.RETURNED: "dispatch_by",
        _S.ACCEPTED: "begin_by",
        _S.NON_SITE_CHECK: "answer_by",
        _S.ON_SITE: "finish_by",
        _S.NOT_CONFIRMED: "close_by",
        _S.CONFIRMED: "file_by",
        _S.TRANSFERRED: "receipt_by",
        _S.RECTIFY_NO_PENALTY: "correct_by",
        _S.CASE_FILED: "decide_by",
        _S.DECIDED: "correct_by",
        _S.RECTIFIED: "watched_until",
        _S.REVIEWED: "evaluate_by",
        _S.CLOSED: "archived_at",
    }
)
"""Under which name of the lead's ``timers`` a state's end stands."""


def due_at(
    state: LeadState,
    priority: Priority,
    code: str,
    entered: datetime,
    is_working: Callable[[date], bool],
) -> datetime | None:
    """
    Return when a lead that entered a state is due; ``None`` for a state without a limit.

    Args:
        state: the state it entered.

        priority: the lead's.

        code: its violation code.

        entered: when it entered the state; aware.

        is_working: whether a day is a working day in Beijing.
    """
    limit = BY_CODE.get((state, code))
    if limit is None:
        row = LIMITS.get(state)
        if row is None:
            return None
        limit = row[list(Priority).index(priority)]
    if not limit.working_days:
        return entered + limit.span
    local = entered.astimezone(SITE_ZONE)
    day, left = local.date(), limit.working_days
    while left:
        day += timedelta(days=1)
        left -= is_working(day)
    return datetime.combine(day, local.timetz()).astimezone(UTC)


def level_at(entered: datetime, due: datetime, now: datetime) -> int:
    """Return the highest of `LEVELS` that is reached, 0 before the first."""
    return max((level for level in LEVELS if now >= moment_of(level, entered, due)), default=0)


def moment_of(level: int, entered: datetime, due: datetime) -> datetime:
    """Return when a share of the time from `entered` to `due` is over, in per cent."""
    return entered + (due - entered) * level / 100
