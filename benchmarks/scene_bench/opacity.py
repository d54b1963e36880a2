"""Scene opacity: plumes of known opacity, read as the product reads them, against the truth."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import score
from benchmarks.accuracy.figures import Estimate, Share
from benchmarks.opacity import ANALYSIS_FPS, BIT_RATES, measure
from benchmarks.opacity_cases import clip_scenes
from benchmarks.scene_bench.result import OpacityCase, OpacityFigures, SplitOpacity
from benchmarks.scenes import film
from benchmarks.scenes.families import Split
from benchmarks.scenes.scene import Scene

RESAMPLES, SEED = 300, 7

Step = Callable[[int, int], None]
"""Called with readings done and readings in all."""


def read_scenes(split: Split) -> tuple[Scene, ...]:
    """Return the plumes of known opacity of a split, every picture of which is analysed."""
    return clip_scenes(split, ANALYSIS_FPS)


def folders(folder: Path) -> dict[int, Path]:
    """
    Return the folder of each of the cameras' bit rates, by what a clip of so few pictures gets of it.

    A clip at the camera's own rate would show each picture better than the camera does.
    """
    return {film.rate_at(bit_rate, ANALYSIS_FPS): folder / f"{bit_rate}" for bit_rate in BIT_RATES}


def split_opacity(name: str, folder: Path, scenes: Sequence[Scene], step: Step | None = None) -> SplitOpacity:
    """Return what is read of each scene at each bit rate; clips lie in `folder` by rate, rendered where missing."""
    cases: list[OpacityCase] = []
    for scene in scenes:
        clips = film.ensure_rates(folders(folder), [scene])[scene.name]
        for bit_rate, clip in zip(BIT_RATES, clips.values(), strict=True):
            cases.append(_case(scene, clip, bit_rate))
            if step is not None:
                step(len(cases), len(scenes) * len(BIT_RATES))
    return grouped(name, sum(scene.seconds for scene in scenes) * len(BIT_RATES), cases)


def grouped(name: str, seconds: float, cases: Sequence[OpacityCase]) -> SplitOpacity:
    """Return the figures of all cases and of each colour, background and bit rate; `seconds` is their material."""
    groups = {"all": list(cases)}
    for key in ("colour", "before"):
        for value in sorted({str(getattr(case, key)) for case in cases}):
            groups[value] = [case for case in cases if getattr(case, key) == value]
    for bit_rate in BIT_RATES:
        groups[f"{bit_rate / 1e6:g} Mbit/s"] = [case for case in cases if case.bit_rate == bit_rate]
    return SplitOpacity(
        name=name,
        seconds=seconds,
        groups={group: opacity_figures(members) for group, members in groups.items()},
        cases=list(cases),
    )


def opacity_figures(cases: Sequence[OpacityCase]) -> OpacityFigures:
    """Return what the cases amount to; a scene at two bit rates is drawn anew as one."""
    read = [(case.scene, abs(case.opacity - case.true), case.sd or 0.0) for case in cases if case.opacity is not None]
    scenes = sorted({name for name, _, _ in read})
    rows = np.array([scenes.index(name) for name, _, _ in read], np.intp)
    errors = np.array([error for _, error, _ in read], np.float64)

    def mean(drawn: NDArray[np.float64]) -> float:
        weights = drawn[rows]
        return float((weights * errors).sum() / weights.sum()) if weights.sum() else math.nan

    value = float(errors.mean()) if len(errors) else math.nan
    interval = score.bootstrap(mean, len(scenes), resamples=RESAMPLES, seed=SEED) if scenes else (0.0, 1.0)
    return OpacityFigures(
        cases=len(cases),
        numbers=len(read),
        mean_error=Estimate.of(value, interval),
        worst_error=float(errors.max()) if len(errors) else None,
        within_2_sd=Share.of(sum(error <= 2 * sd for _, error, sd in read), len(read)),
        refused=dict(sorted(Counter(case.refusal for case in cases if case.refusal).items())),
    )


def _case(scene: Scene, clip: Path, bit_rate: int) -> OpacityCase:
    case = measure(scene, clip, bit_rate)
    return OpacityCase(
        scene=scene.name,
        colour=case.colour,
        before=case.before,
        bit_rate=bit_rate,
        true=case.true,
        opacity=case.opacity,
        sd=case.sd,
        least=case.least,
        refusal=case.refusal or None,
    )
