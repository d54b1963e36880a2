"""Belief: features weighed into a probability, for detectors that were fitted."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detections import Detections
from models.registry import Registry
from tests.vision.moments import CARD, boxes, flickering, frame, grainy, moment, still_image
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.confirm.classifier import WEIGHTS, ClassifierError, ClassWeights, TrackClassifier
from vision.confirm.features import FEATURES
from vision.leads.budget import Range, Scale
from vision.leads.lead import CloseReason, WorkerLeadState

N = len(FEATURES)
PLUME = (100, 60, 160, 120)


def belief(bias: float = 0.0, **weights: float) -> TrackClassifier:
    """Return a belief that weighs these features, for smoke alone."""
    return TrackClassifier(
        "test", 0.6, {"smoke": ClassWeights(bias, np.array([weights.get(name, 0.0) for name in FEATURES]))}
    )


def run(given: TrackClassifier | None, confidence: float = 0.25, **rule: object) -> list[tuple[str, float | None]]:
    """Return state and probability of the leads on a flickering plume whose boxes are weak."""
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4"}], "rules": {"smoke": rule}})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD, given)
    changes = []
    for i in range(12):
        changes += analyser.observe(frame(flickering(i / 2, PLUME), moment(i / 2)), boxes(("smoke", confidence, PLUME)))
    return [(change.lead.state.value, change.lead.probability) for change in changes]


@given(st.lists(st.floats(-1e6, 1e6), min_size=N, max_size=N), st.floats(-1e6, 1e6))
def test_a_probability_is_between_none_and_all(features: list[float], bias: float) -> None:
    """Whatever the features are, it is a number in (0, 1)."""
    assert 0 < belief(bias, strength=1.0, drift=-3.0).classes["smoke"].probability(np.array(features)) < 1


def test_no_evidence_is_the_bias_alone() -> None:
    """Log-odds of zero are a half."""
    assert belief().probability("smoke", np.zeros(N)) == 0.5
    assert belief().probability("fire", np.zeros(N)) is None


def test_a_detector_that_was_not_fitted_has_none(tmp_path: Path) -> None:
    """Weights of another hash, or no file at all: k of n decides."""
    assert TrackClassifier.of("0" * 64) is None
    assert TrackClassifier.of("0" * 64, tmp_path / "absent.json") is None


def test_what_was_fitted_on_one_form_judges_another_only_where_it_says_so(tmp_path: Path) -> None:
    """An entry may name weights and fit that it is carried from; what it does not name is not taken."""
    entry = {"features": list(FEATURES), "version": "new", "threshold": 0.7, "classes": {}}
    carried = {"model": "m", "carried_from": "onnx", "version": "new"}
    path = tmp_path / "classifier.json"

    def found(entries: dict[str, object]) -> TrackClassifier | None:
        path.write_text(json.dumps({"models": entries}))
        return TrackClassifier.of("int8", path)

    assert found({"onnx": entry}) is None
    belief = found({"onnx": entry, "int8": carried})
    assert belief is not None
    assert (belief.version, belief.threshold) == ("new", 0.7)
    for wrong in ({"onnx": entry | {"version": "newer"}}, {}, {"onnx": carried}):
        with pytest.raises(
            ClassifierError, match="classifier for weights int8 is carried from the fit new for weights onnx"
        ):
            found({**wrong, "int8": carried})


@pytest.mark.parametrize("features", [["smell"], FEATURES[:2], [*FEATURES, "smell"], FEATURES[::-1]])
def test_a_file_for_other_features_is_refused(tmp_path: Path, features: Sequence[str]) -> None:
    """It was fitted for other code, be it fewer, more or in another order, and the message says what to do."""
    path = tmp_path / "classifier.json"
    entry = {"features": list(features), "version": "1", "threshold": 0.5, "classes": {}}
    path.write_text(json.dumps({"models": {"a": entry}}))

    with pytest.raises(ClassifierError, match="fit it anew"):
        TrackClassifier.of("a", path)


def test_belief_confirms_weak_boxes_that_k_of_n_never_sees() -> None:
    """Boxes of 0.25, under the threshold of 0.3, become a lead where so many are believed; not 0.2."""
    assert run(None) == []
    assert "confirmed" not in dict(run(belief(bias=13.7, strength=10.0), 0.2))
    states = run(belief(bias=13.7, strength=10.0))

    assert [state for state, _ in states] == ["candidate", "confirmed"]
    assert states[-1][1] is not None
    assert states[-1][1] >= 0.6


def test_belief_keeps_sure_boxes_from_being_reported() -> None:
    """Boxes of 0.9 that are not believed are no lead, and are one where the rule asks for k of n."""
    doubt = belief(bias=-3.0)

    assert run(doubt, 0.9) == []
    assert [state for state, _ in run(doubt, 0.9, confirm="k_of_n")] == ["candidate", "confirmed"]


def test_the_configured_probability_goes_before_the_fitted_one() -> None:
    """A site that wants less sets less: even odds are enough at 0.4 and not at 0.6."""
    assert [state for state, _ in run(belief())] == ["candidate"]
    assert [state for state, _ in run(belief(), probability=0.4)] == ["candidate", WorkerLeadState.CONFIRMED.value]


def climbing(
    given: TrackClassifier | None, threshold: float | None = None, confidence: float = 0.5, **rule: object
) -> CameraAnalyser:
    """Return the analyser that has watched boxes for six seconds, at a budget's value, and has been ended."""
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4"}], "rules": {"smoke": rule}})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD, given)
    if threshold is not None:
        analyser.adopt(threshold)
    for i in range(4):
        analyser.observe(frame(grainy(still_image(), i / 2), moment(i / 2)), Detections.empty())
    for i in range(4, 16):
        analyser.observe(frame(flickering(i / 2, PLUME), moment(i / 2)), boxes(("smoke", confidence, PLUME)))
    analyser.end(CloseReason.SHUTDOWN)
    return analyser


def test_without_a_belief_a_budget_sets_the_confidence_that_k_of_n_ask_for() -> None:
    """What a track would have been confirmed at is its climb, whether it was or not; never less than is configured."""
    lenient, strict = climbing(None), climbing(None, 0.6)
    limits = lenient.budget_range

    assert limits is not None
    assert (limits.least, limits.fitted, limits.scale) == (0.3, 0.3, Scale.CONFIDENCE)
    assert limits.rules == {"smoke.visible", "fire.visible"}
    (told,), (untold,) = lenient.take_climbs(), strict.take_climbs()
    assert (told.peak, told.delays_s) == (untold.peak, untold.delays_s) == (0.5, (1.5,))
    assert (told.confirmed is None, untold.confirmed is None) == (False, True)


def test_what_stays_below_the_configured_threshold_is_no_history() -> None:
    """Nobody knows what is real down there: it would be taken for smoke that was missed."""
    assert climbing(None, confidence=0.27).take_climbs() == []


def test_a_budget_leaves_alone_what_the_configuration_settles() -> None:
    """Where a belief was fitted, a rule of its own probability or of k of n is nobody's but the configuration's."""
    alone = climbing(belief(), probability=0.4)

    assert alone.budget_range is None
    assert climbing(belief(), confirm="k_of_n").budget_range is None
    assert climbing(belief()).budget_range == Range(
        0.7 * 0.6, 0.6, Scale.PROBABILITY, frozenset({"smoke.visible"}), belief().version
    )


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="nothing is fitted yet")
def test_every_shipped_belief_fits_the_code_and_a_shipped_model() -> None:
    """Each entry is for weights that are registered, retired ones included, and weighs both classes."""
    entries = json.loads(WEIGHTS.read_text(encoding="utf-8"))["models"]
    registry = Registry.load()

    assert entries
    for sha256, entry in entries.items():
        assert entry["model"] == registry.of_weights(sha256).card.name
        shipped = TrackClassifier.of(sha256)
        assert shipped is not None
        assert set(shipped.classes) == {"smoke", "fire"}
        assert 0 < shipped.threshold < 1
