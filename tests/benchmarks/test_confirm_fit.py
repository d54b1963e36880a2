"""The fit: weights, ridge and threshold on tracks whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.confirm.fit import (
    Sample,
    as_document,
    calibration,
    choose_ridge,
    fit_logistic,
    sample_of,
    unseen,
)
from vision.belief import Belief, BeliefError
from vision.cues import CUES

N = len(CUES)


def drawn(films: int = 40, rows: int = 12, seed: int = 1, slope: float = 2.0) -> Sample:
    """Return tracks that are real with log-odds of `slope` times the first cue; the other cues tell nothing."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(films):
        cues = rng.normal(0, 1, (rows, N))
        real = rng.random(rows) < 1 / (1 + np.exp(-np.clip(slope * cues[:, 0], -500, 500)))
        fire = np.arange(rows) % 3 == 0
        parts.append({"cues": cues, "is_fire": fire, "real": real, "track": np.arange(rows), "film": np.array(number)})
    return sample_of(parts)


def test_films_without_tracks_are_no_rows() -> None:
    """A film in which nothing was tracked adds nothing, and does not shift the numbers of the others."""
    none, two = np.zeros(0), np.zeros(2)
    empty = {"cues": np.zeros((0, N)), "is_fire": none, "real": none, "track": none, "film": np.array(0)}
    one = {"cues": np.ones((2, N)), "is_fire": two, "real": two + 1, "track": np.array([4, 4]), "film": np.array(1)}
    sample = sample_of([empty, one])

    assert sample.film.tolist() == [1, 1]
    assert sample.weight.tolist() == [0.5, 0.5]


def test_paces_of_one_film_are_never_on_both_sides_of_a_fold() -> None:
    """Nine parts of three films keep three numbers: weights that judge a film saw none of its paces."""
    one = {"cues": np.ones((2, N)), "is_fire": np.zeros(2), "real": np.ones(2), "track": np.array([4, 5])}
    sample = sample_of([{**one, "film": np.array(number // 3)} for number in range(9)])

    assert sample.film.tolist() == [0] * 6 + [1] * 6 + [2] * 6


def test_what_only_one_film_teaches_does_not_help_to_judge_it() -> None:
    """Its own paces would have told what it is; without them nothing does."""
    sample = drawn(films=20, slope=0.0)
    own = sample.film == 7
    cues = sample.cues.copy()
    cues[own, 3], cues[~own, 3] = 5.0, 0.0
    told = unseen(replace(sample, cues=cues, real=sample.real | own), 0.1, folds=20)

    assert told[own].mean() < 0.75


def test_a_cue_never_speaks_against_its_nature() -> None:
    """Where shaking cameras film the fires, unrest is no ground for a fire: its weight is zero, not positive."""
    sample = drawn(films=60)
    unrest, veil = CUES.index("unrest"), CUES.index("veil")
    cues = sample.cues.copy()
    cues[:, unrest] += 2 * sample.real
    cues[:, veil] -= sample.real
    fitted = fit_logistic(replace(sample, cues=cues), 1.0)

    assert fitted.weights[:, unrest].tolist() == [0.0, 0.0]
    assert (fitted.weights[:, veil] < -0.3).all()


def test_the_weights_of_what_tells_are_found() -> None:
    """Of seventeen cues the one that matters gets its weight, for smoke and for fire; the others next to none."""
    fitted = fit_logistic(drawn(films=400), 0.1)

    assert fitted.weights[:, 0] == pytest.approx(2.0, abs=0.25)
    assert np.abs(fitted.weights[:, 1:]).max() < 0.25
    assert np.abs(fitted.bias).max() < 0.2


def test_a_large_ridge_believes_nothing() -> None:
    """Weights that may not be large leave the share of the real ones."""
    sample = drawn()
    told = fit_logistic(sample, 1e6).probability(sample.cues, sample.is_fire)

    assert told == pytest.approx(sample.real.mean(), abs=0.01)


def test_classes_that_do_not_overlap_do_not_break_the_fit() -> None:
    """Where a cue separates all films the penalised weights stay finite."""
    sample = drawn(slope=1e5)
    fitted = fit_logistic(sample, 0.01)

    assert np.isfinite(fitted.weights).all()
    assert ((fitted.probability(sample.cues, sample.is_fire) > 0.5) == sample.real).all()


def test_unseen_probabilities_do_not_know_their_film() -> None:
    """Labels that are pure chance cannot be told for a film left out, however small the ridge."""
    sample = drawn(films=20, slope=0.0)
    seen = calibration(fit_logistic(sample, 1e-4).probability(sample.cues, sample.is_fire), sample)
    left_out = calibration(unseen(sample, 1e-4, 5), sample)

    assert seen.brier < left_out.brier_of_the_mean < left_out.brier


def test_the_ridge_that_is_chosen_suits_the_data() -> None:
    """Labels of pure chance ask for a large penalty, clear ones for a small one."""
    assert choose_ridge(drawn(films=20, slope=0.0), 5) > choose_ridge(drawn(films=60, slope=3.0), 5)


def test_calibration_of_probabilities_that_are_right() -> None:
    """Told by the true model many tracks have next to no calibration error; told the opposite, a large one."""
    sample = drawn(films=400)
    told = 1 / (1 + np.exp(-2 * sample.cues[:, 0]))

    assert calibration(told, sample).calibration_error < 0.03
    assert calibration(1 - told, sample).calibration_error > 0.4
    assert calibration(told, sample).brier < calibration(told, sample).brier_of_the_mean


def test_the_worker_reads_what_was_fitted() -> None:
    """The probabilities of the file are those of the fit, for both classes."""
    sample = drawn()
    fitted = fit_logistic(sample, 1.0)
    belief = Belief.from_document(as_document(fitted, 0.6, 0.16, magnified=True))

    told = fitted.probability(sample.cues, sample.is_fire)
    for row in range(30):
        name = "fire" if sample.is_fire[row] else "smoke"
        assert belief.probability(name, sample.cues[row]) == pytest.approx(told[row], abs=1e-6)
    assert belief.probability("dust", sample.cues[0]) is None
    assert (belief.threshold, belief.support, belief.is_magnified) == (0.6, 0.16, True)


def test_weights_for_other_cues_are_refused() -> None:
    """A file that knows a cue which this code does not would weigh the wrong numbers."""
    document = as_document(fit_logistic(drawn(), 1.0), 0.5, 0.2, magnified=True)

    with pytest.raises(BeliefError, match="fit it anew"):
        Belief.from_document({**document, "cues": [*CUES[:-1], "smell"]})


def test_the_same_sample_gives_the_same_weights() -> None:
    """The version is the hash of the weights: it does not change from fit to fit."""
    fitted = fit_logistic(drawn(), 1.0)

    assert as_document(fitted, 0.5, 0.2, magnified=True) == as_document(
        fit_logistic(drawn(), 1.0), 0.5, 0.2, magnified=True
    )
    assert (
        as_document(fitted, 0.5, 0.2, magnified=True)["version"]
        != as_document(fitted, 0.5, 0.16, magnified=True)["version"]
    )
