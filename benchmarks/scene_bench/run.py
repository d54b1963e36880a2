"""A scenes run: rendered, watched and read in one go, as a result."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.deciders import DECIDERS, shipped_threshold
from benchmarks.accuracy.looks import model_used, open_detector, registered, runtime_used
from benchmarks.accuracy.result import SequenceFigures
from benchmarks.accuracy.sequence import figures_of, lowest_floor, watch_clips
from benchmarks.capacity.result import Machine
from benchmarks.clips.corpus import Clip, scene_clips, spread
from benchmarks.compare import OTHER_DATA, clips_of
from benchmarks.errors import BenchmarkError
from benchmarks.progress import Track, by_frames, progress_on
from benchmarks.scene_bench.events import split_events
from benchmarks.scene_bench.opacity import folders, read_scenes, split_opacity
from benchmarks.scene_bench.result import Code, ScenesResult, SceneTimings, SplitEvents, SplitOpacity
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.film import ensure_rates, key_of
from benchmarks.scenes.scene import Scene
from models.detector import Detector


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What to measure.

    Attributes:
        folder: where clips are kept; what is there is reused.

        model: registry name or ONNX file; ``None`` for the default model.

        runtime: as in `models.runtime.choice.choose_runtime`.

        splits: which scenes.

        names: scenes or families; all where none is named. ``opacity`` is the family of plumes of known opacity.

        limit: at most so many scenes of each kind in each split, spread evenly; ``None`` for all.
    """

    folder: Path
    model: str | None = None
    runtime: str = "auto"
    splits: tuple[Split, ...] = tuple(Split)
    names: tuple[str, ...] = ()
    limit: int | None = None


OPACITY = "opacity"
"""The family of plumes of known opacity."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A split's scenes: those to watch, those to read, and the clips of the first once they are rendered."""

    split: Split
    watched: tuple[Scene, ...]
    read: tuple[Scene, ...]
    clips: list[Clip] = field(default_factory=list)


def run(asked: Asked, console: Console | None = None, *, baseline: ScenesResult | None = None) -> ScenesResult:
    """
    Render what is missing and measure; progress goes to `console`.

    What a `baseline` was not measured on is refused before anything is rendered.

    Raises `BenchmarkError`, `models.detector.ModelError` or `streams.errors.StreamError`.
    """
    model, machine = registered(asked.model), Machine.here()
    chosen = [_choose(split, asked) for split in asked.splits]
    if not any(one.watched or one.read for one in chosen):
        raise BenchmarkError(f"no scene and no family of these names: {', '.join(asked.names)}")
    if baseline is not None and not _fits(baseline, chosen):
        raise BenchmarkError(OTHER_DATA)
    detector = open_detector(model, asked.runtime, floor=lowest_floor())
    with progress_on(console or Console(stderr=True)) as track:
        clocks = [(time.perf_counter(), time.process_time())]
        for one in chosen:
            _render(one, asked.folder, track)
        clocks.append((time.perf_counter(), time.process_time()))
        sequences, events = _watch(chosen, detector, track)
        clocks.append((time.perf_counter(), time.process_time()))
        opacity = _read(chosen, asked.folder, track)
        clocks.append((time.perf_counter(), time.process_time()))
    took = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(clocks)]
    return ScenesResult(
        plumewatch=version("plumewatch"),
        code=Code.here(),
        machine=machine,
        model=model_used(model, detector),
        runtime=runtime_used(detector),
        sequences=sequences,
        events=events,
        opacity=opacity,
        timings=SceneTimings(
            rendering_s=took[0][0], rendering_cpu_s=took[0][1], events_s=took[1][0], opacity_s=took[2][0]
        ),
    )


def _choose(split: Split, asked: Asked) -> _Chosen:
    watched, read = family_scenes(split), read_scenes(split)
    if asked.names:
        watched = tuple(scene for scene in watched if {scene.name, scene.family} & set(asked.names))
        read = tuple(scene for scene in read if {scene.name, OPACITY} & set(asked.names))
    return _Chosen(split, tuple(spread(watched, asked.limit)), tuple(spread(read, asked.limit)))


def _fits(baseline: ScenesResult, chosen: Sequence[_Chosen]) -> bool:
    """Return whether the baseline was measured on these scenes, as far as it names what they were rendered from."""
    wanted = {
        (one.split.value, f"{scene.name}.mp4"): key_of(scene)
        for one in chosen
        for scene in one.watched
        if scene.fault is None
    }
    known = clips_of(baseline)
    return (
        known.keys() == wanted.keys()
        and all(clip.rendered_from in {None, wanted[key]} for key, clip in known.items())
        and {(one.name, case.scene) for one in baseline.opacity for case in one.cases}
        == {(one.split.value, scene.name) for one in chosen for scene in one.read}
    )


def _render(one: _Chosen, folder: Path, track: Track) -> None:
    with track(f"{one.split}: rendering") as advance:
        drawn = by_frames((*one.watched, *one.read), advance)
        one.clips.extend(scene_clips(folder, one.watched, drawn))
        ensure_rates(folders(folder), one.read, progress=drawn)


def _watch(
    chosen: Sequence[_Chosen], detector: Detector, track: Track
) -> tuple[list[SequenceFigures], list[SplitEvents]]:
    sequences, events = [], []
    thresholds = (shipped_threshold(),)
    for one in chosen:
        if not one.watched:
            continue
        with track(f"{one.split}: watching") as advance:
            step = lambda _, number, count, advance=advance: advance(number, count)  # noqa: E731 (binds its bar)
            seen = watch_clips(one.clips, detector, DECIDERS, thresholds, step)
        sound = [each for each, scene in zip(seen, one.watched, strict=True) if scene.fault is None]
        sequences.append(figures_of(one.split.value, sound, DECIDERS, thresholds))
        events.append(split_events(one.split.value, seen, {scene.name: scene for scene in one.watched}, DECIDERS))
    return sequences, events


def _read(chosen: Sequence[_Chosen], folder: Path, track: Track) -> list[SplitOpacity]:
    found = []
    for one in chosen:
        if one.read:
            with track(f"{one.split}: opacity") as advance:
                found.append(split_opacity(one.split.value, folder, one.read, advance))
    return found
