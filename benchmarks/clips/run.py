"""A clips run: real film, and rendered scenes beside it, watched in one go, as a result."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.looks import model_used, open_detector, registered, runtime_used
from benchmarks.clips.corpus import Clip, known_clips, scene_clips, spread
from benchmarks.clips.result import ClipsResult, FilmSet, Timings
from benchmarks.clips.watch import BeliefWithout, belief_without, detector_floor, watch
from benchmarks.compare import OTHER_DATA
from benchmarks.errors import BenchmarkError
from benchmarks.progress import Advance, by_frames, progress_on
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.film import key_of
from benchmarks.scenes.scene import Scene
from models.detector import Detector

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "clips"
"""Where real film lies beside the project."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What to measure.

    Attributes:
        folders: of clips whose truth is known.

        model: registry name or ONNX file; ``None`` for the default model.

        runtime: as in `models.runtime.choice.choose_runtime`.

        scenes: folder of the rendered scenes; ``None`` to leave them out.

        limit: at most so many clips, and scenes, spread evenly; ``None`` for all.
    """

    folders: tuple[Path, ...]
    model: str | None = None
    runtime: str = "auto"
    scenes: Path | None = None
    limit: int | None = None


def default_folders(beside: Path = BESIDE) -> tuple[Path, ...]:
    """Return the folders of real film beside the project; raise `BenchmarkError` where there are none."""
    found = tuple(folder for folder in (beside, beside / "real") if folder.is_dir())
    if not found:
        raise BenchmarkError(
            f"no real film at {beside}: name a folder of clips (docs/benchmarks.md says what it holds)"
        )
    return found


def run(
    asked: Asked,
    console: Console | None = None,
    *,
    baseline: ClipsResult | None = None,
    without: BeliefWithout = belief_without,
) -> ClipsResult:
    """
    Watch the clips and measure; progress goes to `console`.

    What a `baseline` was not measured on is refused before anything is watched.

    Raises `BenchmarkError`, `models.detector.ModelError` or `streams.errors.StreamError`.
    """
    model = registered(asked.model)
    by_hash = {clip.sha256: clip for folder in asked.folders for clip in known_clips(folder)}
    clips = spread(list(by_hash.values()), asked.limit)
    scenes = [] if asked.scenes is None else spread(_scenes(), asked.limit)
    if baseline is not None and not _fits(baseline, clips, scenes):
        raise BenchmarkError(OTHER_DATA)
    detector = open_detector(model, asked.runtime, floor=detector_floor())
    clocks = [time.perf_counter()]
    with progress_on(console or Console(stderr=True)) as track:
        with track("real film") as advance:
            film = watched(clips, detector, without, advance)
        clocks.append(time.perf_counter())
        rendered = None
        if asked.scenes is not None:
            with track("rendering scenes") as advance:
                rendered_clips = scene_clips(asked.scenes, scenes, by_frames(scenes, advance))
            with track("rendered scenes") as advance:
                rendered = watched(rendered_clips, detector, without, advance)
        clocks.append(time.perf_counter())
    return ClipsResult(
        plumewatch=version("plumewatch"),
        model=model_used(model, detector),
        runtime=runtime_used(detector),
        film=film,
        rendered=rendered,
        timings=Timings(film_s=clocks[1] - clocks[0], rendered_s=None if rendered is None else clocks[2] - clocks[1]),
    )


def watched(
    clips: Sequence[Clip], detector: Detector, without: BeliefWithout = belief_without, advance: Advance | None = None
) -> FilmSet:
    """Return the figures of some clips; raises as `benchmarks.clips.watch.watch` does."""
    seen = []
    for number, clip in enumerate(clips, start=1):
        seen.append(watch(clip, detector, without))
        if advance is not None:
            advance(number, len(clips))
    return FilmSet.of(seen)


def _scenes() -> list[Scene]:
    """Return the scenes of both splits that show no fault of the camera."""
    return [scene for split in Split for scene in family_scenes(split) if scene.fault is None]


def _fits(baseline: ClipsResult, clips: Sequence[Clip], scenes: Sequence[Scene]) -> bool:
    """Return whether the baseline was measured on these clips and, where both have scenes, on these."""
    if {one.identity for one in baseline.film.films} != {clip.sha256 for clip in clips}:
        return False
    if baseline.rendered is None or not scenes:
        return True
    return {one.identity for one in baseline.rendered.films} == {key_of(scene) for scene in scenes}
