"""One run: rows of all films, folds by source, the threshold, weights, and the table, for one model."""

import hashlib
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.deciders import FIVE_IN_A_ROW, PLAIN
from benchmarks.accuracy.figures import Share
from benchmarks.confirm.films import Film, Part
from benchmarks.confirm.fit import Sample, calibrated, fit, strongest
from benchmarks.confirm.rows import Pace, Rows, rows_of
from benchmarks.confirm.trial import Outcome, Shown, outcome
from models.detector import Detector
from vision.confirm.classifier import ClassWeights
from vision.confirm.confirmation import Criteria
from vision.confirm.features import FEATURES

FOLDS = 10
"""Of sources, dealt out in the order of their names."""

THRESHOLDS = tuple(round(0.01 * step, 2) for step in range(20, 99))

MOST_FALSE = 0.5
"""False leads on real film for each of the plain rule's: the threshold is the lowest that keeps this."""

BINS = 10
"""Of the reliability of probabilities: equal widths."""

Step = Callable[[str], None]
Weights = Mapping[str, ClassWeights]


@dataclass(frozen=True, slots=True)
class Line:
    """What one way to confirm makes of one part of the films at one pace."""

    decider: str
    part: str
    pace: Pace
    found: Outcome

    @property
    def text(self) -> str:
        """A row of the table in Markdown."""
        found = self.found
        share = Share.of(len(found.delays_s), found.events)
        median = f"{statistics.median(found.delays_s):.1f}" if found.delays_s else ""
        recall = f"{share.hits} of {share.count} ({share.low:.2f} to {share.high:.2f})"
        return f"| {self.part} | {self.pace.value} | {self.decider} | {recall} | {len(found.false_leads)} | {median} |"


HEADER = "| films | pace | rule | events found (95 %) | false leads | median s |\n|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Reliability:
    """How good probabilities are on real film out of fold, a film's tracks at their strongest: Brier score and bins."""

    brier: float
    brier_of_the_mean: float
    bins: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """What was fitted for one model, on what, and how good it is on films whose source it had not seen."""

    weights: Weights
    threshold: float
    folds: tuple[Weights, ...]
    fold_of: Mapping[str, int]
    reliability: Reliability
    sweep: Mapping[float, tuple[int, int, int, int]]
    lines: tuple[Line, ...]

    @property
    def document(self) -> dict[str, object]:
        """The weights as an entry of `vision/confirm/classifier.json`."""
        classes = as_classes(self.weights)
        text = json.dumps([classes, self.threshold, FEATURES], sort_keys=True)
        version = hashlib.sha256(text.encode()).hexdigest()[:12]
        return {"version": version, "features": list(FEATURES), "threshold": self.threshold, "classes": classes}

    def record(self) -> dict[str, object]:
        """Return how it was fitted, as it is kept in `benchmarks/results`."""
        return {
            "format": "plumewatch.confirm/2",
            "belief": self.document,
            "reliability": {
                "brier": round(self.reliability.brier, 4),
                "brier_of_the_mean": round(self.reliability.brier_of_the_mean, 4),
                "bins": [[round(told, 3), round(real, 3), count] for told, real, count in self.reliability.bins],
            },
            "sweep": {str(threshold): list(counts) for threshold, counts in self.sweep.items()},
            "table": [HEADER, *(line.text for line in self.lines)],
            "missed": {f"{one.part}, {one.pace}, {one.decider}": list(one.found.missed) for one in self.lines},
            "false": {f"{one.part}, {one.pace}, {one.decider}": list(one.found.false_leads) for one in self.lines},
            "fold_of": dict(self.fold_of),
            "folds": [as_classes(fold) for fold in self.folds],
        }


def as_classes(weights: Weights) -> dict[str, dict[str, object]]:
    """Return weights as plain numbers."""
    return {name: {"bias": one.bias, "weights": [float(w) for w in one.weights]} for name, one in weights.items()}


def run(films: Sequence[Film], detector: Detector, memory: Path, step: Step) -> Fit:
    """Fit on all films, choose the threshold on films judged without their source, and score those."""
    rows: dict[Pace, list[Rows]] = {pace: [] for pace in Pace}
    for film in films:
        step(film.clip.path.name)
        for pace in Pace:
            rows[pace].append(rows_of(film.clip, detector, memory, pace))
    sources = sorted({film.source for film in films})
    fold_of_source = {source: number % FOLDS for number, source in enumerate(sources)}
    samples = [sample_of(film, own) for film, own in zip(films, rows[Pace.FOCUS], strict=True)]
    folds = tuple(
        fit(Sample.joined([s for s, film in zip(samples, films, strict=True) if fold_of_source[film.source] != fold]))
        for fold in range(FOLDS)
    )
    fold_of_film = [fold_of_source[film.source] for film in films]
    unseen = [
        Shown(film, own, probabilities(folds[n], own))
        for film, own, n in zip(films, rows[Pace.FOCUS], fold_of_film, strict=True)
    ]
    slope, offset = calibrated(*peaks([one for one in unseen if one.film.is_real]))
    folds = tuple(scaled(fold, slope, offset) for fold in folds)
    shown = {
        pace: [
            Shown(film, own, probabilities(folds[n], own))
            for film, own, n in zip(films, rows[pace], fold_of_film, strict=True)
        ]
        for pace in Pace
    }
    threshold, sweep = choose_threshold(shown[Pace.FOCUS])
    return Fit(
        weights=scaled(fit(Sample.joined(samples)), slope, offset),
        threshold=threshold,
        folds=folds,
        fold_of={film.clip.sha256: fold_of_source[film.source] for film in films if film.is_real},
        reliability=reliability([one for one in shown[Pace.FOCUS] if one.film.is_real]),
        sweep=sweep,
        lines=tuple(lines(shown, threshold)),
    )


def sample_of(film: Film, rows: Rows) -> Sample:
    """Return what is learned from a film; nothing where people disagree about it."""
    seen = (rows.confidence > 0) & (not film.clip.is_unclear)
    real = rows.is_real(film.clip)
    return strongest(rows.track[seen], rows.is_fire[seen], real[seen], rows.features[seen], on_film=film.is_real)


def probabilities(weights: Weights, rows: Rows) -> NDArray[np.float64]:
    """Return the probability of each row, float64 ``(n,)``."""
    names = ["fire" if is_fire else "smoke" for is_fire in rows.is_fire]
    return np.array(
        [weights[name].probability(row) for name, row in zip(names, rows.features, strict=True)], np.float64
    )


def choose_threshold(films: Sequence[Shown]) -> tuple[float, Mapping[float, tuple[int, int, int, int]]]:
    """
    Return the lowest threshold whose false leads are `MOST_FALSE` times those of the plain rule at most, on real film
    and on scenes; and for each tried one what is missed and false on real film, and missed and false on scenes.
    """
    parts = [[one for one in films if one.film.is_real is is_real] for is_real in (True, False)]
    allowed = [MOST_FALSE * len(outcome(part, PLAIN).false_leads) for part in parts]
    sweep: dict[float, tuple[int, int, int, int]] = {}
    for threshold in THRESHOLDS:
        real, drawn = (outcome(part, Criteria(probability=threshold)) for part in parts)
        sweep[threshold] = len(real.missed), len(real.false_leads), len(drawn.missed), len(drawn.false_leads)
    kept = [each for each, (_, real, _, drawn) in sweep.items() if real <= allowed[0] and drawn <= allowed[1]]
    return min(kept, default=THRESHOLDS[-1]), sweep


def lines(shown: Mapping[Pace, Sequence[Shown]], threshold: float) -> list[Line]:
    """Return the table: real film first, each part of the films at each pace."""
    deciders = {FIVE_IN_A_ROW.name: PLAIN, "belief": Criteria(probability=threshold)}
    table = []
    for pace, films in shown.items():
        for part in Part:
            chosen = [one for one in films if one.film.part is part]
            if chosen:
                table += [Line(name, part.value, pace, outcome(chosen, rule)) for name, rule in deciders.items()]
    return table


def scaled(weights: Weights, slope: float, offset: float) -> Weights:
    """Return weights whose log-odds are `slope` times as far, and `offset` off."""
    return {
        name: ClassWeights(round(slope * one.bias + offset, 8), np.round(slope * one.weights, 8))
        for name, one in weights.items()
    }


def peaks(films: Sequence[Shown]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the highest probability that each film shows of each class and truth, and whether it is real."""
    told: list[float] = []
    real: list[bool] = []
    for one in films:
        if one.film.clip.is_unclear:
            continue
        truth, seen = one.rows.is_real(one.film.clip), one.rows.confidence > 0
        for is_fire in (False, True):
            for is_real in (False, True):
                chosen = seen & (one.rows.is_fire == is_fire) & (truth == is_real)
                if chosen.any():
                    told.append(float(one.probability[chosen].max()))
                    real.append(is_real)
    return np.array(told, np.float64), np.array(real, np.bool_)


def reliability(films: Sequence[Shown]) -> Reliability:
    """Return how good the probabilities of films judged without their source are."""
    guess, real = peaks(films)
    is_real = real.astype(np.float64)
    which = np.minimum((guess * BINS).astype(int), BINS - 1)
    bins = tuple(
        (float(guess[which == one].mean()), float(is_real[which == one].mean()), int((which == one).sum()))
        for one in range(BINS)
        if (which == one).any()
    )
    mean = float(is_real.mean())
    return Reliability(float(((guess - is_real) ** 2).mean()), mean * (1 - mean), bins)
