"""The soak's report: outages held against the ledger, and the slope of memory."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks.soak_report import LedgerGap, Outage, hold_against, read_outages, slope_of, unexplained

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LIMIT_S = 5.0


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def gap(start: float, end: float, reason: str = "stream_lost", camera: str = "cam-001") -> LedgerGap:
    return LedgerGap(camera, at(start), at(end), reason)


def outage(start: float, end: float | None, camera: str = "cam-001") -> Outage:
    return Outage(camera, "down", at(start), None if end is None else at(end))


def line(seconds: float, what: str, camera: str = "cam-001", **fields: str) -> str:
    return json.dumps({"utc": at(seconds).isoformat(), "camera": camera, "what": what, **fields})


def test_a_log_without_faults_has_no_outages() -> None:
    """Nothing written is nothing expected."""
    assert read_outages([]) == []
    assert hold_against([], [], at(60), limit_s=LIMIT_S) == ([], 0)


def test_outages_are_read_with_their_ends() -> None:
    """Each fault goes with its own camera's mending; one that is not mended has no end."""
    log = [
        line(10, "fails", fault="down"),
        line(12, "fails", "cam-002", fault="silent"),
        line(15, "slow", "cam-003"),
        line(30, "mended"),
    ]
    assert read_outages(log) == [
        Outage("cam-001", "down", at(10), at(30)),
        Outage("cam-002", "silent", at(12), None),
    ]


def test_an_outage_is_found_where_gaps_cover_it() -> None:
    """Gaps that meet count as one; the recovery is from the outage's end to the first picture after it."""
    gaps = [gap(9, 20), gap(20, 36, "starting")]
    (finding,), brief = hold_against([outage(10, 30)], gaps, at(60), limit_s=LIMIT_S)
    assert (finding.found, finding.reasons, finding.recovery_s, brief) == (True, ("stream_lost", "starting"), 6.0, 0)
    assert finding.claimed_s == 0.0


def test_pictures_under_way_when_an_outage_begins_are_claimed_and_told() -> None:
    """A picture captured before the outage may be analysed during it: how much is claimed stands in the report."""
    (finding,), _ = hold_against([outage(10, 30)], [gap(13.5, 36)], at(60), limit_s=LIMIT_S)
    assert (finding.found, finding.claimed_s) == (True, 3.5)


@pytest.mark.parametrize(
    "gaps",
    [[], [gap(9, 25)], [gap(21, 36)], [gap(9, 20), gap(22, 36)], [gap(9, 36, camera="cam-002")]],
    ids=["none", "ends early", "begins late", "has a hole", "another camera's"],
)
def test_an_outage_that_the_ledger_does_not_cover_is_missed(gaps: list[LedgerGap]) -> None:
    """A ledger that claims any of an outage as watched is wrong."""
    (finding,), _ = hold_against([outage(10, 30)], gaps, at(60), limit_s=LIMIT_S)
    assert not finding.found


def test_brief_outages_need_no_gap() -> None:
    """A camera back within the allowed interval was watched; an outage at the end counts up to the end."""
    findings, brief = hold_against([outage(10, 15), outage(58, None)], [], at(60), limit_s=LIMIT_S)
    assert (findings, brief) == ([], 2)


def test_gaps_of_their_own_are_told_by_reason() -> None:
    """What no outage explains is shown, the time until a worker is back included in the outage."""
    gaps = [gap(9, 36), gap(300, 310, "not_analysed"), gap(400, 420, "not_analysed", "cam-002")]
    assert unexplained([outage(10, 30)], gaps, recovery_s=60) == {"not_analysed": 30.0}


def test_flat_memory_has_no_slope_and_growth_is_found() -> None:
    """A slope is found within its interval under noise; what came before the warm-up does not count."""
    draw = np.random.default_rng(3)
    seconds = np.arange(0, 1800, 5.0)
    noise = draw.normal(0, 2, len(seconds))
    rising = [(s, 500.0 if s < 300 else 900 + 20 * s / 3600 + n) for s, n in zip(seconds, noise, strict=True)]
    slope = slope_of(rising, after_s=300)
    assert slope.low_mb_per_h <= 20 <= slope.high_mb_per_h
    assert slope.mb_per_h == pytest.approx(20, abs=3)
    assert slope.whole_mb_per_h > 20
    assert (len(slope.minutes_mb), slope.minutes_mb[:5]) == (30, (500.0,) * 5)
    assert not slope.is_flat
    flat = slope_of([(s, 900.0) for s in seconds], after_s=300)
    assert (flat.mb_per_h, flat.low_mb_per_h, flat.high_mb_per_h) == (0.0, 0.0, 0.0)
    assert flat.is_flat
    with pytest.raises(ValueError, match="three samples"):
        slope_of(rising[:3], after_s=300)
