"""One step: so many cameras watched for so long, and what came of it."""

import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from api.contract.wire.camera_health import CameraHealth, CameraState
from benchmarks.capacity.budget import UNDELIVERED, Budget, Due, intervals, missed, unexplained
from benchmarks.capacity.record import Entry, Outcome, Window, by_camera
from benchmarks.capacity.site import MeasuredWorkers, Site
from benchmarks.capacity.usage import ProcessUsage, cores_by_group, machine_usage, usage_of
from benchmarks.rtsp_farm.farm import RtspFarm
from benchmarks.rtsp_farm.orders import FarmStats

PLAYING_WITHIN_S = 60.0
"""Longest wait for all cameras to be analysed once; a step that takes longer is measured as it is."""

REPORTED_WITHIN_S = 1.5
"""A worker reports once a second: what it lost until the end is known then, and to be sure somewhat later."""

HOLES_WITHIN_S = 20.0
"""What a camera did not deliver is a hole in its stream, which a worker that is behind reads later."""


@dataclass(frozen=True, slots=True)
class KindResult:
    """Cameras of one kind within a step: how many, their intervals' median and 99 %, pictures due and lost."""

    cameras: int
    median_s: float
    p99_s: float
    missed: int


@dataclass(frozen=True, slots=True)
class StepResult:
    """
    What a number of cameras came to. Cores are processor seconds a second.

    Attributes:
        start_s: until every camera had been analysed once.

        interval_s: median, 90 %, 99 % and longest gap between analysed pictures, all cameras together.

        latency_s: the same of the time from capture until the boxes were known.

        analysed: pictures in all; `by_mode` counts the cameras at the end.

        missed: pictures that were due by the expected interval and were not analysed.

        explained: pictures that the worker says were lost, by reason; ``undelivered`` are all that a camera did not
            send, the others were due.

        unexplained: how many more were missed of a camera than the worker says, and pictures that cameras could not
            deliver and the worker did not find missing.

        cores: by process; ``others`` is what else the machine did, ``stolen`` what its host took.

        threads: of the workers, by group of threads.

        farm_late_ms: 99 % of pictures left the farm no later than this; far more means it measured itself.

        kinds: the same by kind of camera, where there are several.
    """

    cameras: int
    seconds: float
    start_s: float
    interval_s: tuple[float, float, float, float]
    latency_s: tuple[float, float, float, float]
    analysed: int
    by_mode: Mapping[str, int]
    silent: int
    playing: int
    missed: int
    explained: Mapping[str, int]
    unexplained: int
    cores: Mapping[str, float]
    threads: Mapping[str, float]
    worker_mb: float
    worker_pss_mb: float
    farm_mbit_s: float
    farm_late_ms: float
    farm_dropped: int
    faults: tuple[str, ...] = field(default=())
    kinds: Mapping[str, KindResult] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the budget was held."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class _Moment:
    """All counters at one moment."""

    monotonic_s: float
    worker: ProcessUsage
    site_cpu_s: Mapping[str, float]
    busy_s: float
    stolen_s: float
    farm: FarmStats
    health: Mapping[str, CameraHealth]


def measure_step(
    site: Site,
    farm: RtspFarm,
    *,
    seconds: float,
    settle_s: float,
    due: Mapping[str, Due],
    settings: Mapping[str, object],
    budget: Budget,
    workers: int = 1,
) -> StepResult:
    """
    Watch all cameras of a farm with new workers and return what came of it.

    `settle_s` passes after all cameras play before anything counts; `due` says what is due of each.
    """
    names = farm.names
    with tempfile.TemporaryDirectory(prefix="plumewatch-capacity-") as folder:
        sources = {name: farm.url(name) for name in names}
        began = time.monotonic()
        watching = MeasuredWorkers(site, Path(folder), sources, settings, workers)
        try:
            start_s = _wait_until_analysed(watching, names, began)
            time.sleep(settle_s)
            before = _moment(site, watching, farm)
            time.sleep(seconds)
            after = _moment(site, watching, farm)
            time.sleep(REPORTED_WITHIN_S)
            after = replace(after, health=_health_with_holes(site, names, after.farm.dropped))
            entries, thread_names = watching.entries(), watching.thread_names()
        finally:
            watching.stop()
    return _result(due, start_s, before, after, entries, thread_names, budget)


def _wait_until_analysed(workers: MeasuredWorkers, names: Sequence[str], began: float) -> float:
    while time.monotonic() - began < PLAYING_WITHIN_S:
        if len({entry.camera for entry in workers.entries()}) == len(names):
            break
        time.sleep(0.25)
    return time.monotonic() - began


def _health_with_holes(site: Site, names: Sequence[str], withheld: int) -> Mapping[str, CameraHealth]:
    """Return what the worker says of its cameras, once it has found what the farm withheld from it."""
    deadline = time.monotonic() + HOLES_WITHIN_S
    while True:
        health = site.health(list(names))
        found = sum(camera.dropped.get(UNDELIVERED, 0) for camera in health.values())
        if found >= withheld or time.monotonic() > deadline:
            return health
        time.sleep(REPORTED_WITHIN_S)


def _moment(site: Site, workers: MeasuredWorkers, farm: RtspFarm) -> _Moment:
    machine = machine_usage()
    return _Moment(
        time.monotonic(),
        workers.usage(),
        {name: sum(usage_of(pid).cpu_s for pid in pids) for name, pids in site.pids.items()},
        machine.busy_s,
        machine.stolen_s,
        farm.stats(),
        site.health(farm.names),
    )


def _result(
    due: Mapping[str, Due],
    start_s: float,
    before: _Moment,
    after: _Moment,
    entries: Sequence[Entry],
    thread_names: Mapping[int, str],
    budget: Budget,
) -> StepResult:
    window = Window(before.monotonic_s, after.monotonic_s)
    cameras = by_camera(entries, list(due))
    inside = [entry for entry in entries if window.start_s <= entry.known_s <= window.end_s]
    delays = [entry.delay_s for entry in inside if entry.outcome is Outcome.ANALYSED]
    gaps = intervals(cameras, window)
    counted = {name: _counted(before.health.get(name), after.health.get(name)) for name in due}
    lost = {name: missed(cameras[name], window, each.step_s) for name, each in due.items()}
    silently = sum(unexplained(lost[name], counted[name], each) for name, each in due.items())
    found = sum(health.dropped.get(UNDELIVERED, 0) for health in after.health.values())
    farm_dropped = after.farm.dropped - before.farm.dropped
    result = StepResult(
        cameras=len(due),
        seconds=round(window.seconds, 2),
        start_s=round(start_s, 1),
        interval_s=_quantiles(gaps.gaps_s),
        latency_s=_quantiles(delays),
        analysed=len(delays),
        by_mode=dict(Counter(_mode(health) for health in after.health.values())),
        silent=len(gaps.silent),
        playing=sum(health.state is CameraState.PLAYING for health in after.health.values()),
        missed=sum(lost.values()),
        explained=dict(sum((Counter(each) for each in counted.values()), Counter())),
        # The farm's count since its start: what it withheld before the window may be found within it.
        unexplained=silently + max(0, after.farm.dropped - found),
        cores=_cores(before, after, window.seconds),
        threads=cores_by_group(before.worker, after.worker, thread_names, window.seconds),
        worker_mb=round(after.worker.rss_mb, 1),
        worker_pss_mb=round(after.worker.pss_mb, 1),
        farm_mbit_s=round((after.farm.octets - before.farm.octets) * 8e-6 / window.seconds, 1),
        farm_late_ms=after.farm.late_p99_ms,
        farm_dropped=farm_dropped,
        kinds=_kinds(due, cameras, window, lost),
    )
    return _judged(result, budget)


def _counted(early: CameraHealth | None, late: CameraHealth | None) -> dict[str, int]:
    """Return the lost pictures of a camera that the worker itself counted between two reports, by reason."""
    if late is None:
        return {}
    counts = Counter(late.dropped) + Counter(reconnected=late.reconnects)
    counts.subtract({} if early is None else {**early.dropped, "reconnected": early.reconnects})
    return dict(+counts)


def _kinds(
    due: Mapping[str, Due], cameras: Mapping[str, Sequence[Entry]], window: Window, lost: Mapping[str, int]
) -> dict[str, KindResult]:
    kinds = {each.kind: [name for name in due if due[name].kind == each.kind] for each in due.values()}
    if len(kinds) < 2:
        return {}
    results = {}
    for kind, names in kinds.items():
        median_s, _, p99_s, _ = _quantiles(intervals({name: cameras[name] for name in names}, window).gaps_s)
        results[kind] = KindResult(len(names), median_s, p99_s, sum(lost[name] for name in names))
    return results


def _cores(before: _Moment, after: _Moment, seconds: float) -> dict[str, float]:
    used = {"worker": after.worker.cpu_s - before.worker.cpu_s}
    used |= {name: after.site_cpu_s[name] - before.site_cpu_s[name] for name in after.site_cpu_s}
    used["farm"] = after.farm.cpu_s - before.farm.cpu_s
    used["others"] = max(0.0, after.busy_s - before.busy_s - sum(used.values()))
    used["stolen"] = after.stolen_s - before.stolen_s
    return {name: round(cpu_s / seconds, 3) for name, cpu_s in used.items()}


def _quantiles(values: Sequence[float]) -> tuple[float, float, float, float]:
    if not values:
        return (float("inf"),) * 4
    middle, tenth, hundredth, longest = np.quantile(np.array(values), (0.5, 0.9, 0.99, 1.0))
    return round(float(middle), 3), round(float(tenth), 3), round(float(hundredth), 3), round(float(longest), 3)


def _judged(result: StepResult, budget: Budget) -> StepResult:
    """Return the result with what breaks the budget; memory is judged over all steps."""
    faults = []
    if result.silent:
        faults.append(f"{result.silent} cameras were never analysed")
    if result.interval_s[0] > budget.median_s:
        faults.append(f"median interval {result.interval_s[0]:.2f} s > {budget.median_s:g} s")
    if result.interval_s[2] > budget.p99_s:
        faults.append(f"99 % interval {result.interval_s[2]:.2f} s > {budget.p99_s:g} s")
    if result.latency_s[2] > budget.latency_p99_s:
        faults.append(f"99 % latency {result.latency_s[2]:.2f} s > {budget.latency_p99_s:g} s")
    if result.unexplained:
        faults.append(f"{result.unexplained} pictures lost without explanation")
    return replace(result, faults=tuple(faults))


def _mode(health: CameraHealth) -> str:
    """Return how a camera is watched and why, e.g. ``focus: sign``."""
    return f"{health.watch_mode}: {health.watch_reason}" if health.watch_mode else "unknown"
