"""The fit: weights of tracks whose truth is known, balanced, and probabilities made true."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.confirm.fit import Sample, calibrated, fit, strongest
from vision.confirm.classifier import ClassifierError, TrackClassifier
from vision.confirm.features import FEATURES

N = len(FEATURES)


def drawn(tracks: int, *, seed: int = 1, slope: float = 2.0, on_film: bool = True) -> Sample:
    """Return tracks that are real with log-odds of `slope` times the first feature; the others tell nothing."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (tracks, N))
    real = rng.random(tracks) < sigmoid(slope * features[:, 0])
    return Sample(features, np.arange(tracks) % 2 == 0, real, np.full(tracks, on_film), np.ones(tracks))


def sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -500, 500))), np.float64)


def many(sample: Sample, times: int) -> Sample:
    return Sample.joined([sample] * times)


def where(sample: Sample, rows: NDArray[np.bool_]) -> Sample:
    return Sample(
        sample.features[rows], sample.is_fire[rows], sample.is_real[rows], sample.on_film[rows], sample.weight[rows]
    )


def plain(sample: Sample) -> NDArray[np.float64]:
    """Return bias and weights of both classes."""
    return np.array([[one.bias, *one.weights] for one in fit(sample).values()])


def test_the_weights_of_what_tells_are_found() -> None:
    """The feature that matters has the weight, for smoke and for fire; the others next to none."""
    weights = plain(drawn(4000))

    assert weights[:, 1] == pytest.approx(2.0, abs=0.25)
    assert np.abs(weights[:, 2:]).max() < 0.25


def test_tracks_that_separate_have_finite_weights() -> None:
    """Where a feature separates all tracks the penalty keeps the weights finite, and they tell all of them."""
    sample = drawn(400, slope=1e6)
    weights = fit(sample)
    told = [
        weights["fire" if fire else "smoke"].probability(row)
        for fire, row in zip(sample.is_fire, sample.features, strict=True)
    ]

    assert np.isfinite(plain(sample)).all()
    assert ((np.array(told) > 0.5) == sample.is_real).mean() > 0.97


def test_a_feature_that_never_differs_has_no_weight() -> None:
    """All flames alike: nothing is divided by zero, and nothing learned of them."""
    sample = drawn(200)
    sample.features[:, 1] = 0.25

    assert plain(sample)[:, 2] == pytest.approx(0, abs=1e-6)


def test_a_thousand_scenes_do_not_outvote_ten_clips() -> None:
    """Scenes that are told a hundred times over weigh as much as once: real film is as much of the whole as they."""
    clips, scenes = drawn(10, seed=9), drawn(10, seed=3, slope=-5.0, on_film=False)

    assert plain(Sample.joined([clips, many(scenes, 100)])) == pytest.approx(
        plain(Sample.joined([clips, scenes])), abs=1e-5
    )


def test_many_look_alikes_do_not_make_a_class_improbable() -> None:
    """What is not real may be there fifty times: a probability means the same where few look-alikes are known."""
    sample = drawn(60)
    false = where(sample, ~sample.is_real)

    assert plain(Sample.joined([sample, many(false, 49)])) == pytest.approx(plain(sample), abs=1e-5)


def test_a_class_without_negatives_is_refused() -> None:
    """Weights for fire cannot be learned where every fire is one; a sentence names the class."""
    sample = drawn(60)
    only_real = where(sample, ~sample.is_fire | sample.is_real)

    with pytest.raises(ValueError, match="fire: weights want tracks that are real and tracks that are not"):
        fit(only_real)


def test_a_film_counts_once_for_each_class_and_truth() -> None:
    """Of each track the strongest picture is taken; tracks of one class and truth weigh one, strong ones more."""
    features = np.zeros((6, N))
    features[:, 0] = [-3, -1, -2, -2, -3, -1]
    track = np.array([4, 4, 4, 5, 6, 6])
    fire, real = np.array([False] * 4 + [True] * 2), np.array([True] * 4 + [False] * 2)
    sample = strongest(track, fire, real, features, on_film=True)

    assert sample.features[:, 0].tolist() == [-1, -2, -1]
    assert (sample.is_fire.tolist(), sample.is_real.tolist()) == ([False, False, True], [True, True, False])
    assert sample.on_film.all()
    assert sample.weight[:2].sum() == pytest.approx(1.0)
    assert sample.weight[0] > sample.weight[1]
    assert sample.weight[2] == 1.0


def test_a_film_without_tracks_teaches_nothing() -> None:
    """It is no row, and can be joined to others."""
    none = np.zeros(0, np.bool_)
    empty = strongest(np.zeros(0, np.int64), none, none, np.zeros((0, N)), on_film=True)

    assert empty.features.shape == (0, N)
    assert len(Sample.joined([empty, drawn(8)]).weight) == 8


def test_overconfident_probabilities_come_near_the_truth() -> None:
    """Log-odds told three times as far as they are, and one off, are brought back."""
    rng = np.random.default_rng(5)
    log_odds = rng.normal(0, 1.5, 4000)
    true = sigmoid(log_odds)
    told = sigmoid(3 * log_odds + 1)
    slope, offset = calibrated(told, rng.random(4000) < true)
    mended = sigmoid(slope * np.log(told / (1 - told)) + offset)

    assert np.abs(told - true).mean() > 0.15
    assert np.abs(mended - true).mean() < 0.03


def test_probabilities_of_nought_and_one_can_be_calibrated() -> None:
    """They are clipped: their log-odds would be infinite."""
    slope, offset = calibrated(np.array([0.0, 0.0, 1.0, 1.0]), np.array([False, True, True, True]))

    assert np.isfinite([slope, offset]).all()


def test_weights_for_other_features_are_refused() -> None:
    """A file that knows a feature which this code does not would weigh the wrong numbers."""
    entry = {"version": "1", "threshold": 0.5, "classes": {}, "features": [*FEATURES[:-1], "smell"]}

    with pytest.raises(ClassifierError, match="fit it anew"):
        TrackClassifier.from_document(entry)
