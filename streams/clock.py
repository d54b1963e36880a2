"""
Time in the worker: two clocks on every frame, and the only place where the wall clock is read.

Durations come from PTS (`CaptureTime.pts_s`, within one epoch); labels from UTC; time-outs from ``time.monotonic``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction


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
