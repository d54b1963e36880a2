"""One run: rows, folds, ridge, threshold, weights, and the table, for one model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.confirm.films import Film, Part
from benchmarks.confirm.fit import (
    Calibration,
    Logistic,
    Sample,
    as_document,
    calibration,
    choose_ridge,
    fit_logistic,
    sample_of,
    unseen,
)
from benchmarks.confirm.rows import Pace, Rows, code_version, rows_of
from benchmarks.confirm.table import Line, beats, deciders, line
from benchmarks.confirm.trial import Outcome, Shown, outcome
from models.detector import Detector
from vision.belief import Belief
from vision.confirm import Criteria

FOLDS = 10
"""Of groups of films, dealt out in their order: clips of one source and scenes of one place come into several."""

THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(5, 48))
"""In steps of 0.05 the best pair lay between two, with a tenth fewer mistakes than either (decision 0067)."""

SUPPORTS = (0.12, 0.16, 0.2, 0.24, 0.28)
"""
Least mean confidences of the best boxes that are tried: from just above the confidence with which a track may begin
to what *k* of *n* asks for.
"""

FALSE_LEAD = 2
"""Missed events that a false lead weighs: somebody goes out for nothing, and believes the next one less."""

ALIKE = 0.03
"""Share by which counts of mistakes may differ and mean nothing: films share their places, and a few tip the scale."""

Step = Callable[[str], None]

Sweep = Mapping[float, Mapping[float, Outcome]]
"""Outcome by least support, then by threshold."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What was fitted for one model, on what, and how good it is where it had not looked."""

    document: dict[str, object]
    ridge: float
    threshold: float
    support: float
    unseen: Calibration
    held_out: Calibration | None
    lines: tuple[Line, ...]
    films: tuple[Film, ...]
    sweep: Sweep

    @property
    def may_ship(self) -> bool:
        """Whether the worker may decide by it: it beats the plain rule, and what it calls probable is so elsewhere."""
        told = self.unseen if self.held_out is None else self.held_out
        return beats(self.lines) and told.brier < told.brier_of_the_mean

    def record(self) -> dict[str, object]:
        """Return how it was fitted, as it is kept in `benchmarks/results`."""
        return {
            "format": "plumewatch.confirm/1",
            "belief": self.document,
            "ridge": self.ridge,
            "folds": FOLDS,
            "code": code_version(),
            "unseen": asdict(self.unseen),
            "may_ship": self.may_ship,
            "held_out": None if self.held_out is None else asdict(self.held_out),
            "films": {one.clip.path.name: [one.part.value, one.kind, one.clip.sha256] for one in self.films},
            "sweep": {
                str(support): {
                    str(threshold): {"missed": len(one.missed), "false": len(one.false_leads)}
                    for threshold, one in row.items()
                }
                for support, row in self.sweep.items()
            },
            "table": [_plain(one) for one in self.lines],
        }


def fit(films: Sequence[Film], detector: Detector, memory: Path, step: Step, *, magnifies: bool = True) -> Fit:
    """
    Fit on the films that may be fitted on, choose the threshold on them unseen, and score every film.

    `magnifies`: whether pictures in focus are looked at twice, so that the worker will do so too.
    """
    rows: list[Mapping[Pace, Rows]] = []
    for film in films:
        step(film.clip.path.name)
        rows.append(rows_of(film.clip, detector, memory, magnifies=magnifies))
    fitted_on = [number for number, film in enumerate(films) if film.is_fitted_on]
    sample = sample_rows(films, rows, fitted_on)
    ridge = choose_ridge(sample, FOLDS)
    final = fit_logistic(sample, ridge)
    told = unseen(sample, ridge, FOLDS)
    by_fold = [fit_logistic(sample.where(sample.film % FOLDS != fold), ridge) for fold in range(FOLDS)]
    judges = [by_fold[film.group % FOLDS] if film.is_fitted_on else final for film in films]
    shown = {pace: [_shown(*one, pace) for one in zip(films, rows, judges, strict=True)] for pace in Pace}
    threshold, support, sweep = choose_limits([shown[pace][n] for pace in Pace for n in fitted_on])
    held = [n for n, film in enumerate(films) if film.part is Part.HELD_OUT]
    held_out = None
    if held:
        scored = sample_rows(films, rows, held)
        held_out = calibration(final.probability(scored.cues, scored.is_fire), scored)
    lines = tuple(
        line(name, part, chosen, criteria)
        for part, chosen in _parts(films, shown).items()
        for name, criteria in deciders(threshold, support).items()
    )
    document = as_document(final, threshold, support, magnified=magnifies)
    return Fit(document, ridge, threshold, support, calibration(told, sample), held_out, lines, tuple(films), sweep)


def score(films: Sequence[Film], detector: Detector, memory: Path, belief: Belief, step: Step) -> tuple[Line, ...]:
    """Return what a belief that was fitted before, and the plain rules, make of films at every pace."""
    rows: list[Mapping[Pace, Rows]] = []
    for film in films:
        step(film.clip.path.name)
        rows.append(rows_of(film.clip, detector, memory, magnifies=belief.is_magnified))
    lines = []
    for pace in Pace:
        shown = [
            Shown(film.clip, own[pace], _believed(own[pace], belief)) for film, own in zip(films, rows, strict=True)
        ]
        lines += [line(name, pace.value, shown, by) for name, by in deciders(belief.threshold, belief.support).items()]
    return tuple(lines)


def _believed(rows: Rows, belief: Belief) -> NDArray[np.float64]:
    classes = ("fire" if is_fire else "smoke" for is_fire in rows.is_fire)
    told = (belief.probability(name, cues) for name, cues in zip(classes, rows.cues, strict=True))
    return np.array([0.0 if one is None else one for one in told], np.float64)


def _parts(films: Sequence[Film], shown: Mapping[Pace, Sequence[Shown]]) -> Mapping[str, Sequence[Shown]]:
    """Return the films to score together: all in focus, each part of them, all joined late, and all on patrol."""
    focus = shown[Pace.FOCUS]
    parts: dict[str, Sequence[Shown]] = {"all": focus}
    for part in Part:
        of_part = [one for one, film in zip(focus, films, strict=True) if film.part is part]
        if of_part:
            parts[part.value] = of_part
    return {**parts, "all, joined late": shown[Pace.LATE], "all, on patrol": shown[Pace.PATROL]}


def choose_limits(films: Sequence[Shown]) -> tuple[float, float, Sweep]:
    """
    Return the probability and the support that open a lead, and what each pair tried made of films that the weights
    had not seen.

    Of the pairs with the fewest mistakes, a false lead weighing `FALSE_LEAD` of them, it is the one with the fewest
    false leads; pairs whose mistakes are `ALIKE` count as equal. Where several remain it is one with the highest
    support, and the middle one of those.
    """
    sweep = {
        support: {
            threshold: outcome(films, Criteria(probability=threshold, support=support)) for threshold in THRESHOLDS
        }
        for support in SUPPORTS
    }
    mistakes = {
        (support, threshold): len(one.missed) + FALSE_LEAD * len(one.false_leads)
        for support, row in sweep.items()
        for threshold, one in row.items()
    }
    good = [pair for pair in mistakes if mistakes[pair] <= (1 + ALIKE) * min(mistakes.values())]
    false = {(support, threshold): len(sweep[support][threshold].false_leads) for support, threshold in good}
    best = [pair for pair in good if false[pair] == min(false.values())]
    support = max(support for support, _ in best)
    thresholds = [threshold for own, threshold in best if own == support]
    return thresholds[len(thresholds) // 2], support, sweep


def _shown(film: Film, rows: Mapping[Pace, Rows], judge: Logistic, pace: Pace) -> Shown:
    own = rows[pace]
    return Shown(film.clip, own, judge.probability(own.cues, own.is_fire))


def sample_rows(films: Sequence[Film], rows: Sequence[Mapping[Pace, Rows]], chosen: Sequence[int]) -> Sample:
    """Return the rows that say what a track is, of the chosen films at every pace."""
    parts = []
    for number in chosen:
        for one in rows[number].values():
            judged = one.is_judged
            parts.append(
                {
                    "cues": one.cues[judged],
                    "is_fire": one.is_fire[judged],
                    "real": one.is_real(films[number].clip)[judged],
                    "track": one.track[judged],
                    "film": np.array(films[number].group),
                }
            )
    return sample_of(parts)


def _plain(one: Line) -> dict[str, object]:
    return {**asdict(one), "recall": one.recall.model_dump(), "false_leads": one.false_leads.model_dump()}
