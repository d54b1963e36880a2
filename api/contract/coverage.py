"""
Wire types of the coverage ledger: a worker's account of one camera in one hour, and the reasons for gaps.

*Watched* means: pictures were analysed, none later than ``limit_s`` after the one before it. Where two analysed
pictures lie further apart, the whole time between them is a gap. An *account* is one run of one worker watching one
camera without a break; an `AccountHour` is its part for one hour. It is cumulative: a later one (higher
``sequence``) replaces an earlier one, so that it may be sent any number of times and in any order.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate

from pydantic import Field

from api.contract.fields import Count, Line, Name, Seconds, Word
from api.contract.reasons import GapReason
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CameraIdText
from api.contract.wire.moment import UtcTime

HOUR = timedelta(hours=1)

INTERVAL_BOUNDS_S = (
    *(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.1, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 4.5, 5.0),
    *(6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0),
)
"""Upper bounds of the classes in which intervals are counted; one more class holds what is longer."""

BATCH_MOST = 500
GAPS_MOST = 1000
DETAIL_MOST = 200


class CoverageGap(Wire):
    """A time in which a camera was not watched, within one hour of one account."""

    start: UtcTime
    end: UtcTime
    reason: GapReason
    detail: Line = Field("", max_length=DETAIL_MOST, description="the error, credentials removed")


class AccountHour(Wire):
    """
    One hour of one account, as the worker posts it.

    The account speaks of ``start`` to ``end``; what lies there and in no gap was watched.
    """

    camera_id: CameraIdText
    hour: UtcTime = Field(description="start of the hour")
    worker: Name = Field(min_length=1, description="name of the node")
    account: str = Field(
        max_length=16, pattern=r"^[0-9a-f]{16}$", description="names one run of one worker over one camera"
    )
    sequence: Count = Field(ge=1, description="a higher one replaces a lower one of the same camera, hour and account")
    start: UtcTime
    end: UtcTime
    ended: GapReason | None = Field(None, description="why the account ends at `end`; null while it goes on")
    limit_s: Seconds = Field(gt=0, description="longest interval between two pictures that still counts as watched")
    analysed: Count = 0
    intervals: list[Count] = Field(
        default_factory=lambda: [0] * (len(INTERVAL_BOUNDS_S) + 1),
        min_length=len(INTERVAL_BOUNDS_S) + 1,
        max_length=len(INTERVAL_BOUNDS_S) + 1,
        description="intervals between analysed pictures, counted by `INTERVAL_BOUNDS_S`",
    )
    longest_s: Seconds = Field(0.0, description="longest of these intervals")
    patrol_s: Seconds = 0.0
    focus_s: Seconds = 0.0
    dropped: dict[Word, Count] = Field(
        default_factory=dict, max_length=16, description="pictures not analysed, by reason"
    )
    reconnects: Count = 0
    gaps: list[CoverageGap] = Field(default_factory=list, max_length=GAPS_MOST)


class AccountLoss(Wire):
    """Hours of a camera whose account a worker had to throw away unsent."""

    camera_id: CameraIdText
    worker: Name = Field(min_length=1)
    start: UtcTime
    end: UtcTime


class CoverageReport(Wire):
    """What a worker posts at once."""

    hours: list[AccountHour] = Field(default_factory=list, max_length=BATCH_MOST)
    losses: list[AccountLoss] = Field(default_factory=list, max_length=BATCH_MOST)


class CoverageReceipt(Wire):
    """What became of a report: how many hours were new or newer than what was known, and how many were not."""

    taken: Count
    repeated: Count


def interval_class(interval_s: float) -> int:
    """Return the class of `INTERVAL_BOUNDS_S` that an interval is counted in."""
    return bisect_left(INTERVAL_BOUNDS_S, interval_s)


def interval_quantile(counts: Sequence[int], share: float, longest_s: float) -> float | None:
    """
    Return the interval that ``share`` of all counted ones do not exceed; ``None`` where none is counted.

    It is the upper bound of its class, so at most one class too long and never too short.
    """
    total = sum(counts)
    if total == 0:
        return None
    wanted = share * total
    index = next(i for i, reached in enumerate(accumulate(counts)) if reached >= wanted and reached > 0)
    return longest_s if index >= len(INTERVAL_BOUNDS_S) else min(INTERVAL_BOUNDS_S[index], longest_s)
