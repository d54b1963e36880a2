"""What a soak showed: is memory flat, is every outage in the ledger, is any lead lost. Pure functions over records."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

SLACK_S = 1.0
"""By how much the farm's clock readings and the worker's may differ around one event."""

UNDER_WAY_S = 10.0
"""How much of an outage's beginning may be claimed as watched: pictures that were under way when it began. A sender's
clock is not believed when it lies further back than 5 s (`streams.timing.clock`), a picture waits 5 s for its analysis
at most. What is claimed is reported; on a machine that keeps up it is nothing."""

BLOCK_S = 60.0

FLAT_SHARE = 0.01
"""Share of its size by which memory may grow in an hour and still count as flat."""

_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Outage:
    """One failure as the generator wrote it down; `end` None: it lasted to the soak's end."""

    camera: str
    fault: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class LedgerGap:
    """One gap of a camera as the API tells it."""

    camera: str
    start: datetime
    end: datetime
    reason: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Finding:
    """
    An outage held against the ledger.

    Attributes:
        claimed_s: seconds at its beginning that the ledger has as watched, from pictures that were under way.

        recovery_s: from its end to the first picture analysed after it.
    """

    camera: str
    fault: str
    start: str
    seconds: float
    found: bool
    reasons: tuple[str, ...]
    claimed_s: float | None
    recovery_s: float | None


@dataclass(frozen=True, slots=True)
class Slope:
    """
    Growth of memory: Theil-Sen slope, and the 95 % interval of a bootstrap over blocks of a minute.

    Attributes:
        mb_per_h: over the settled part, with `low_mb_per_h` and `high_mb_per_h`; `start_mb` is the mean of its first
            minute, `end_mb` of its last, `samples` what it is made of.

        whole_mb_per_h: over the whole run, warm-up included.

        minutes_mb: mean of each minute, from the run's beginning.
    """

    mb_per_h: float
    low_mb_per_h: float
    high_mb_per_h: float
    start_mb: float
    end_mb: float
    samples: int
    whole_mb_per_h: float
    minutes_mb: tuple[float, ...]

    @property
    def is_flat(self) -> bool:
        """Whether no growth beyond `FLAT_SHARE` an hour is shown: the interval reaches down to it."""
        return self.low_mb_per_h <= FLAT_SHARE * self.start_mb


@dataclass(frozen=True, slots=True)
class SoakReport:
    """
    The whole result.

    Attributes:
        expected: outages long enough that a gap must be in the ledger.

        missed: those of them of which no gap tells.

        brief: outages shorter than that; a camera that is back within the allowed interval was watched.

        interval_median_s, interval_p99_s: of the worst camera, its outages included.

        other_gaps: seconds of gaps that no outage explains, by reason.

        unaccounted_s: seconds of duty that are neither watched nor in a gap.

        machine_cores: busy in all: farm, API and bus, and whatever else ran beside the soak.

        leads: announced; `filed` with a verified package; `on_disk` still in the worker's folders; `lost` the rest.
    """

    cameras: int
    minutes: float
    seed: int
    model: str
    processors: int
    expected: int
    missed: list[Finding]
    brief: int
    findings: list[Finding]
    other_gaps: dict[str, float]
    unaccounted_s: float
    share_watched: float
    interval_median_s: float | None
    interval_p99_s: float | None
    worker_memory: Slope
    api_memory: Slope
    worker_cores: float
    machine_cores: float
    leads: int
    filed: int
    on_disk: int
    lost: int
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True where no outage is missing, no time unaccounted for, no lead lost, and memory is flat."""
        return not self.missed and self.unaccounted_s < 1.0 and self.lost == 0 and self.worker_memory.is_flat

    def as_json(self) -> str:
        """Return the report as a document."""
        return json.dumps({**asdict(self), "passed": self.passed}, indent=1) + "\n"

    def as_text(self) -> str:
        """Return the report for people."""
        recoveries = [finding.recovery_s for finding in self.findings if finding.recovery_s is not None]
        worst = max(recoveries, default=0.0)
        claimed = [finding.claimed_s for finding in self.findings if finding.claimed_s is not None]
        memory = self.worker_memory
        others = ", ".join(f"{reason} {seconds:.0f} s" for reason, seconds in self.other_gaps.items()) or "none"
        return "\n".join(
            [
                f"{self.cameras} cameras for {self.minutes:g} min, seed {self.seed}: "
                + ("passed" if self.passed else "FAILED"),
                f"outages: {self.expected} must be in the ledger, {len(self.missed)} are not; {self.brief} were brief",
                (
                    f"watched {100 * self.share_watched:.2f} %, worst interval: median {self.interval_median_s} s, "
                    f"p99 {self.interval_p99_s} s with its outages; unaccounted for {self.unaccounted_s:.3f} s"
                ),
                f"gaps no outage explains: {others}",
                f"of outages claimed as watched: {sum(claimed):.1f} s, {max(claimed, default=0.0):.1f} s at most",
                f"slowest recovery after an outage: {worst:.1f} s",
                (
                    f"worker: {self.worker_cores:.2f} of {self.machine_cores:.2f} busy cores, "
                    f"{memory.start_mb:.0f} to {memory.end_mb:.0f} MB, "
                    + ("flat" if memory.is_flat else "GROWS")
                    + f": slope {memory.mb_per_h:+.1f} MB/h "
                    f"(95 %: {memory.low_mb_per_h:+.1f} to {memory.high_mb_per_h:+.1f}) "
                    f"once settled, {memory.whole_mb_per_h:+.1f} from the beginning"
                ),
                f"api: {self.api_memory.end_mb:.0f} MB, slope {self.api_memory.mb_per_h:+.1f} MB/h",
                f"leads: {self.leads} announced, {self.filed} filed, {self.on_disk} on disk, {self.lost} lost",
            ]
        )


def read_outages(lines: Iterable[str]) -> list[Outage]:
    """Return the outages of a farm's log, in the order of their beginning."""
    open_ones: dict[str, tuple[str, datetime]] = {}
    outages = []
    for line in lines:
        entry = json.loads(line)
        moment = datetime.fromisoformat(entry["utc"])
        if entry["what"] == "fails":
            open_ones[entry["camera"]] = (entry["fault"], moment)
        elif entry["what"] == "mended" and entry["camera"] in open_ones:
            fault, start = open_ones.pop(entry["camera"])
            outages.append(Outage(entry["camera"], fault, start, moment))
    outages += [Outage(camera, fault, start, None) for camera, (fault, start) in open_ones.items()]
    return sorted(outages, key=lambda outage: outage.start)


def hold_against(
    outages: Sequence[Outage], gaps: Sequence[LedgerGap], end: datetime, *, limit_s: float
) -> tuple[list[Finding], int]:
    """
    Return the finding of each outage that must be in the ledger, and how many were too brief for it.

    An outage must be there if it lasts longer than `limit_s`: then no two pictures around it lie within the limit. It
    is found where gaps that meet cover it to its end, but for `SLACK_S`, and from its beginning, but for `UNDER_WAY_S`.
    """
    findings, brief = [], 0
    by_camera: dict[str, list[LedgerGap]] = {}
    for gap in gaps:
        by_camera.setdefault(gap.camera, []).append(gap)
    for outage in outages:
        over = min(outage.end or end, end)
        if (over - outage.start).total_seconds() <= limit_s + SLACK_S:
            brief += 1
            continue
        near = [gap for gap in _joined(by_camera.get(outage.camera, [])) if gap[0] <= over and gap[1] >= outage.start]
        slack = timedelta(seconds=SLACK_S)
        under_way = timedelta(seconds=UNDER_WAY_S)
        covering = [gap for gap in near if gap[0] <= min(outage.start + under_way, over) and gap[1] >= over - slack]
        findings.append(
            Finding(
                camera=outage.camera,
                fault=outage.fault,
                start=outage.start.isoformat(timespec="milliseconds"),
                seconds=round((over - outage.start).total_seconds(), 1),
                found=bool(covering),
                reasons=tuple(dict.fromkeys(reason for gap in near for reason in gap[2])),
                claimed_s=(round(max(0.0, (covering[0][0] - outage.start).total_seconds()), 1) if covering else None),
                recovery_s=(
                    round((covering[0][1] - outage.end).total_seconds(), 1) if covering and outage.end else None
                ),
            )
        )
    return findings, brief


def unexplained(outages: Sequence[Outage], gaps: Sequence[LedgerGap], *, recovery_s: float) -> dict[str, float]:
    """Return seconds by reason of the gaps that touch no outage, up to `recovery_s` after its end."""
    found: Counter[str] = Counter()
    for gap in gaps:
        spans = [
            (outage.start, (outage.end or gap.end) + timedelta(seconds=recovery_s))
            for outage in outages
            if outage.camera == gap.camera
        ]
        if not any(start <= gap.end and gap.start <= end for start, end in spans):
            found[gap.reason] += round(gap.seconds)
    return {reason: float(seconds) for reason, seconds in found.most_common()}


def slope_of(samples: Sequence[tuple[float, float]], *, after_s: float, seed: int = 1) -> Slope:
    """Return the growth of memory, given (seconds, MB), from `after_s` on: before that buffers fill."""
    whole = np.array(samples, np.float64).reshape(-1, 2)
    kept = whole[whole[:, 0] >= after_s]
    if len(kept) < 3:
        raise ValueError(f"a slope needs three samples after {after_s:g} s, got {len(kept)}")
    draw = np.random.default_rng(seed)
    centres, minutes = _by_minute(kept), _by_minute(whole)
    slopes = []
    for _ in range(_RESAMPLES if len(centres) > 2 else 0):
        chosen = centres[draw.integers(0, len(centres), len(centres))]
        if len(np.unique(chosen[:, 0])) > 1:
            slopes.append(_theil_sen(chosen))
    slope = _theil_sen(centres if len(centres) > 2 else kept)
    low, high = np.percentile(slopes, [2.5, 97.5]) if slopes else (slope, slope)
    return Slope(
        mb_per_h=round(slope, 2),
        low_mb_per_h=round(float(low), 2),
        high_mb_per_h=round(float(high), 2),
        start_mb=round(float(centres[0][1]), 1),
        end_mb=round(float(centres[-1][1]), 1),
        samples=len(kept),
        whole_mb_per_h=round(_theil_sen(minutes if len(minutes) > 1 else whole), 2),
        minutes_mb=tuple(round(float(mb), 1) for _, mb in minutes),
    )


def _by_minute(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of rows (seconds, MB) by minute."""
    minutes = samples[:, 0] // BLOCK_S
    return np.array([samples[minutes == minute].mean(axis=0) for minute in np.unique(minutes)])


def _theil_sen(points: NDArray[np.float64]) -> float:
    """Return the median slope between pairs of points, per hour."""
    first, second = np.triu_indices(len(points), 1)
    apart = points[second] - points[first]
    apart = apart[apart[:, 0] != 0]
    return float(np.median(apart[:, 1] / apart[:, 0]) * 3600)


def _joined(gaps: Iterable[LedgerGap]) -> list[tuple[datetime, datetime, tuple[str, ...]]]:
    """Return gaps that touch as one, with their reasons in order."""
    joined: list[tuple[datetime, datetime, tuple[str, ...]]] = []
    for gap in sorted(gaps, key=lambda gap: gap.start):
        if joined and gap.start <= joined[-1][1]:
            start, end, reasons = joined[-1]
            joined[-1] = (start, max(end, gap.end), (*reasons, gap.reason))
        else:
            joined.append((gap.start, gap.end, (gap.reason,)))
    return joined


def gaps_of(answers: Mapping[str, Mapping[str, object]]) -> list[LedgerGap]:
    """Return the gaps of each camera's coverage as the API answered it."""
    return [
        LedgerGap(camera, datetime.fromisoformat(g["start"]), datetime.fromisoformat(g["end"]), g["reason"])
        for camera, answer in answers.items()
        for hour in answer["hours"]  # type: ignore[attr-defined]
        for g in hour["gaps"]
    ]
