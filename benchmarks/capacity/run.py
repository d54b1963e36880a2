"""The run: clips, farm, site, one step after another until one breaks the budget, the baseline, the result."""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.capacity.baseline import Baseline, measure_baseline, versions_of
from benchmarks.capacity.budget import Budget, Due
from benchmarks.capacity.costs import decode_and_detect_ms
from benchmarks.capacity.result import CapacityResult, Costs, Machine, Scenario, this_version
from benchmarks.capacity.site import Site
from benchmarks.capacity.step import StepResult, measure_step
from benchmarks.errors import BenchmarkError
from benchmarks.rtsp_farm.clips import ClipSpec, ensure_clip
from benchmarks.rtsp_farm.farm import RtspFarm, spread
from models.registry import Registry
from models.runtime.choice import open_detector
from streams.camera import StreamSettings

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ultralytics:
    """
    What runs the baseline.

    Attributes:
        python: that has ultralytics.

        weights: what it runs, checkpoints or ONNX files; none: the file that the worker's model is.

        streams: how many it is given, one run after another, until the budget breaks.
    """

    python: Path
    weights: tuple[Path, ...] = ()
    streams: tuple[int, ...] = (1, 4, 8, 12, 16)
    seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is to be measured.

    Attributes:
        cameras: the steps, ascending; the run ends after the first that breaks the budget.

        seconds: measured in each, after `settle_s` in which nothing counts.

        settings: keys of the worker's configuration beyond its defaults, dotted.

        workers: processes that share the cameras and the processors.

        farm_cpus: processors that the farm may use; empty: any, as in life the cameras need none of them.
    """

    cameras: tuple[int, ...] = (8, 16, 32, 48, 64, 80, 100)
    seconds: float = 40.0
    settle_s: float = 5.0
    clips: tuple[ClipSpec, ...] = (ClipSpec(), ClipSpec(scene="works-clouds"))
    folder: Path = Path(".cache/farm")
    model: str = ""
    settings: dict[str, str | int | float | bool] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    workers: int = 1
    farm_cpus: tuple[int, ...] = ()
    ultralytics: Ultralytics | None = None
    to_the_end: bool = False


def run(asked: Asked, say: Say = print) -> CapacityResult:
    """Measure, telling `say` what goes on; raise `BenchmarkError`."""
    files = [_ready(asked.folder, spec, say) for spec in asked.clips]
    machine = Machine.here()
    settings = {**asked.settings, **({"detector.model": asked.model} if asked.model else {})}
    steps = _steps(asked, files, settings, say)
    baseline = list(_baseline(asked.ultralytics, asked, files, say)) if asked.ultralytics else []
    detector = open_detector(Registry.load().model(asked.model))
    decode_ms, detect_ms = decode_and_detect_ms(files[0], detector)
    first = asked.clips[0]
    return CapacityResult(
        plumewatch=this_version(),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine,
        scenario=Scenario(
            codec=first.codec.value,
            size_wh=first.size_wh,
            fps=first.fps,
            gop_s=first.gop_s,
            bit_rate=first.bit_rate,
            b_frames=first.b_frames,
            scenes=tuple(dict.fromkeys(spec.scene for spec in asked.clips)),
            kinds=tuple(dict.fromkeys(spec.kind for spec in asked.clips)),
            seconds=asked.seconds,
            settings=settings,
            pinned={"farm": asked.farm_cpus} if asked.farm_cpus else {},
            workers=asked.workers,
            rings_filled=asked.settle_s + asked.seconds >= _ring_s(settings),
        ),
        model=detector.card.name,
        model_version=detector.card.version,
        runtime=f"{detector.runtime.engine} {detector.runtime.version.partition('-')[0]}, {detector.runtime.precision}",
        budget=asked.budget,
        steps=tuple(steps),
        # Where everything is decoded, what a camera's thread does beside key frames is no reading.
        costs=None if settings.get("stream.watch") == "focus" else _costs(steps, decode_ms, detect_ms),
        baseline=tuple(baseline),
        baseline_versions=versions_of(asked.ultralytics.python) if asked.ultralytics else "",
    )


def _ring_s(settings: dict[str, str | int | float | bool]) -> float:
    return float(settings.get("stream.ring_s", StreamSettings().ring_s))


def _ready(folder: Path, spec: ClipSpec, say: Say) -> Path:
    if not (folder / f"{spec.name}.mp4").is_file():
        say(f"encoding {spec.name} (once)")
    return ensure_clip(folder, spec)


def _steps(
    asked: Asked, files: Sequence[Path], settings: dict[str, str | int | float | bool], say: Say
) -> list[StepResult]:
    steps: list[StepResult] = []
    interval_s = float(settings.get("stream.patrol_interval_s", StreamSettings().patrol_interval_s))
    kinds = [Due(spec.kind, max(spec.distance_s, interval_s), spec.fps) for spec in asked.clips]
    with tempfile.TemporaryDirectory(prefix="plumewatch-site-") as folder, Site(Path(folder)) as site:
        for count in sorted(asked.cameras):
            with _farm(files, count, asked.farm_cpus) as farm:
                step = measure_step(
                    site,
                    farm,
                    seconds=asked.seconds,
                    settle_s=asked.settle_s,
                    due=dict(zip(farm.names, itertools.cycle(kinds), strict=False)),
                    settings=settings,
                    budget=asked.budget,
                    workers=asked.workers,
                )
            if not step.analysed:
                raise BenchmarkError(f"nothing was analysed with {count} cameras")
            steps.append(step)
            say(step_text(step))
            if not (step.holds or asked.to_the_end):
                break
    return steps


def _baseline(ultralytics: Ultralytics, asked: Asked, files: Sequence[Path], say: Say) -> Iterator[Baseline]:
    model = Registry.load().model(asked.model or None)
    broken: set[str] = set()
    for weights, count in itertools.product(ultralytics.weights or (model.weights,), sorted(ultralytics.streams)):
        if weights.name in broken:
            continue
        with _farm(files, count, asked.farm_cpus) as farm:
            result = measure_baseline(
                farm,
                python=ultralytics.python,
                weights=weights,
                image_size=max(model.card.input_wh),
                seconds=ultralytics.seconds,
                budget=asked.budget,
                fps=asked.clips[0].fps,
            )
        say(baseline_text(result))
        yield result
        if not result.holds:
            broken.add(weights.name)


@contextmanager
def _farm(files: Sequence[Path], count: int, cpus: Sequence[int]) -> Iterator[RtspFarm]:
    with RtspFarm(spread(files, count), cpus=cpus) as farm:
        yield farm


def _costs(steps: Sequence[StepResult], decode_ms: float, detect_ms: float) -> Costs:
    """Return the costs; what a camera's thread does beside decoding is reading and keeping its packets."""
    largest = max((step for step in steps if step.holds), key=lambda step: step.cameras, default=steps[0])
    decoded_s = largest.analysed / largest.seconds / largest.cameras * decode_ms / 1000
    read_s = largest.threads.get("camera", 0.0) / largest.cameras - decoded_s
    return Costs(decode_ms=decode_ms, detect_ms=detect_ms, demux_ms=round(1000 * max(0.0, read_s), 2))


def step_text(step: StepResult) -> str:
    """Return a step as one line for people."""
    median_s, _, p99_s, _ = step.interval_s
    cores = step.cores
    verdict = "holds" if step.holds else "; ".join(step.faults)
    kinds = "".join(
        f"\n     {each.cameras:>4} {kind}: interval {each.median_s:.2f} s, 99 % {each.p99_s:.2f} s; lost {each.missed}"
        for kind, each in step.kinds.items()
    )
    return (
        f"{step.cameras:>4} cameras: interval {median_s:.2f} s, 99 % {p99_s:.2f} s; latency {step.latency_s[0]:.2f} s, "
        f"99 % {step.latency_s[2]:.2f} s; lost {step.missed} ({step.unexplained} unexplained); "
        f"worker {cores['worker']:.2f} cores {step.worker_mb:.0f} MB, farm {cores['farm']:.2f}, API and bus "
        f"{cores['api'] + cores['bus']:.2f}, others {cores['others']:.2f}: {verdict}{kinds}"
    )


def baseline_text(result: Baseline) -> str:
    """Return a baseline's run as one line for people."""
    verdict = "holds" if result.holds else "; ".join(result.faults)
    return (
        f"ultralytics, {result.weights}, {result.streams} streams: {result.fps:.1f} pictures/s, "
        f"interval {result.interval_s[0]:.2f} s, 99 % {result.interval_s[1]:.2f} s; "
        f"{result.analysed_share:.0%} of the pictures sent; "
        f"{result.cores:.2f} cores, {result.memory_mb:.0f} MB: {verdict}"
    )


def summary(result: CapacityResult) -> str:
    """Return what the run came to, in a few lines."""
    by = "" if result.scenario.workers == 1 else f" by {result.scenario.workers} workers"
    lines = [f"carried within the budget: {result.carried} cameras{by}"]
    if result.mb_per_camera is not None:
        rings = "" if result.scenario.rings_filled else " so far: rings were not full yet"
        lines.append(f"memory: {result.mb_per_camera:.1f} MB a camera{rings}")
    if result.cores_per_camera is not None and result.room_for is not None:
        room = f"the cores are full at about {result.room_for:.0f} cameras"
        lines.append(f"processor: {1000 * result.cores_per_camera:.1f} ms a second a camera; {room}")
    if result.costs is not None:
        costs = result.costs
        lines.append(
            f"a key frame: {costs.decode_ms:.1f} ms to decode, {costs.detect_ms:.1f} ms to look at; "
            f"a second of a camera's stream: {costs.demux_ms:.1f} ms to read"
        )
    if result.baseline:
        lines.append(
            f"{result.baseline_versions}: looks at every picture of {result.baseline_every_picture:.2f} cameras, ratio "
            f"{result.ratio_as_meant:.0f}; in the same budget it carries {result.baseline_carried_text}, ratio "
            f"{result.ratio_same_budget:.1f}"
        )
    if not result.quiet:
        lines.append("other programs ran on the machine meanwhile: all figures are lower bounds")
    return "\n".join(lines)
