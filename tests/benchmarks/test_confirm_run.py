"""Confirmation compared: rows remembered, trials with the worker's own rule, folds, the threshold and the table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.deciders import PLAIN
from benchmarks.clips.corpus import Clip, Event, sha256_of
from benchmarks.confirm import run as run_module
from benchmarks.confirm.films import Film, Part, owner, rendered, split_scenes
from benchmarks.confirm.folds import belief_without
from benchmarks.confirm.rows import Pace, Rows, rows_of
from benchmarks.confirm.run import (
    Fit,
    choose_threshold,
    peaks,
    probabilities,
    reliability,
    run,
    sample_of,
    scaled,
)
from benchmarks.confirm.trial import LEAST_S, Shown, confirmed, outcome
from benchmarks.scenes.families import Split
from models.detections import Detections
from streams.frame import BgrImage
from tests.vision.films import PLUME, BrightBoxDetector, plume_film
from vision.confirm.classifier import ClassWeights, TrackClassifier
from vision.confirm.confirmation import Criteria
from vision.confirm.features import FEATURES

FRAMED = (float(PLUME[0]), float(PLUME[1]), float(PLUME[2]), float(PLUME[3]))
EVENT = Event(("smoke",), 3.0, 8.0, FRAMED)
SMOKE, BOTH = Event(("smoke",), 0.0, 8.0, None), Event(("smoke", "fire"), 0.0, 8.0, None)


class _Blind(BrightBoxDetector):
    """Fails when it is asked: what is remembered needs no detector."""

    def detect(self, images: Sequence[BgrImage]) -> list[Detections]:
        raise AssertionError(f"{len(images)} pictures were detected again")


class _Drifting(BrightBoxDetector):
    """Gives every box a pixel further to the left than the one before."""

    def __init__(self) -> None:
        super().__init__()
        self._moved = 0

    def detect(self, images: Sequence[BgrImage]) -> list[Detections]:
        self._moved += 1
        step = np.array([self._moved, 0, self._moved, 0], np.float32)
        return [replace(found, xyxy=found.xyxy - step) for found in super().detect(images)]


@pytest.fixture(scope="module")
def plume(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A clip of 8 s with a plume from 3 s on, which the detector gives 0.75."""
    path = plume_film(tmp_path_factory.mktemp("films") / "plume.mp4")
    return Clip(path, sha256_of(path), (EVENT,))


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where looks are remembered."""
    return tmp_path_factory.mktemp("memory")


def rows_like(*features: float, fire: tuple[bool, ...] = (False,), looks: int = 12, seconds: float = 8.0) -> Rows:
    """Return rows of one track a class, seen with the same features in each look, sure, moving and in one place."""
    n = looks * len(fire)
    values = np.zeros((n, len(FEATURES)))
    values[:, : len(features)] = features
    return Rows(
        track=np.tile(np.arange(len(fire)), looks),
        is_fire=np.tile(np.array(fire), looks),
        time_s=np.repeat(np.arange(looks) / 2, len(fire)),
        confidence=np.full(n, 0.75),
        change=np.full(n, 9.0),
        xyxy=np.tile(np.array(FRAMED), (n, 1)),
        features=values,
        seconds=seconds,
    )


def film(name: str, *events: Event, part: Part = Part.REAL, source: str = "") -> Film:
    return Film(Clip(Path(f"{name}.mp4"), name, events), part, source or name)


def shown(one: Film, probability: float, rows: Rows | None = None) -> Shown:
    rows = rows_like() if rows is None else rows
    return Shown(one, rows, np.full(len(rows), probability))


def test_rows_are_what_the_worker_sees_in_focus_and_on_patrol(plume: Clip, memory: Path) -> None:
    """Ten looks from 3 s on in focus, two of every 2 s on patrol; each row is the track that tells of the event."""
    focus, patrol = (rows_of(plume, BrightBoxDetector(), memory, pace) for pace in (Pace.FOCUS, Pace.PATROL))

    assert focus.time_s.tolist() == pytest.approx([3 + i / 2 for i in range(10)])
    assert patrol.time_s.tolist() == pytest.approx([4.0, 6.0])
    for rows in (focus, patrol):
        assert rows.seconds == pytest.approx(8.0)
        assert rows.is_real(plume).all()
        assert not rows.is_real(replace(plume, events=())).any()
        assert rows.features.shape == (len(rows), len(FEATURES))
        assert np.isfinite(rows.features).all()


def test_rows_hold_where_the_track_was_then(plume: Clip, tmp_path: Path) -> None:
    """What is true of a row is asked for the box of its own picture, not for the one in which the track ended."""
    lefts = rows_of(plume, _Drifting(), tmp_path).xyxy[:, 0]

    assert (np.diff(lefts) < 0).all()


def test_looks_are_remembered(plume: Clip, memory: Path) -> None:
    """The same film is neither decoded nor detected again, at either pace, and gives the same rows."""
    first = rows_of(plume, BrightBoxDetector(), memory)
    again = rows_of(plume, _Blind(), memory)
    rows_of(plume, _Blind(), memory, Pace.PATROL)

    assert np.array_equal(first.features, again.features)


def test_trials_are_the_workers_rule(plume: Clip, memory: Path) -> None:
    """As in the worker five in a row take 2 s; belief reports what its probabilities say, after its least time."""
    rows = rows_of(plume, BrightBoxDetector(), memory)
    doubt, sure = (shown(Film(plume, Part.REAL, ""), value, rows) for value in (0.4, 0.9))

    assert [lead.confirmed_s for lead in confirmed(doubt, PLAIN)] == pytest.approx([5.0])
    assert confirmed(doubt, Criteria(probability=0.5)) == []
    assert [lead.confirmed_s for lead in confirmed(sure, Criteria(probability=0.5))] == pytest.approx([4.5])


def test_outcomes_tell_found_missed_and_false(plume: Clip, memory: Path) -> None:
    """The same lead is found where the event is, false where none is, and nothing where people may disagree."""
    rows = rows_of(plume, BrightBoxDetector(), memory)
    quiet, unclear = replace(plume, events=()), replace(plume, is_unclear=True)
    elsewhere = replace(plume, events=(replace(EVENT, xyxy=(0.0, 0.0, 5.0, 5.0)),))
    clips = (plume, quiet, unclear, elsewhere)

    found = outcome([shown(Film(clip, Part.REAL, ""), 0.0, rows) for clip in clips], PLAIN)

    assert found.events == 2
    assert found.delays_s == pytest.approx((2.0,))
    assert (found.false_leads, found.missed) == (("plume", "plume"), ("plume",))


def test_false_leads_count_once_a_class_and_film() -> None:
    """Two tracks of false smoke are one false lead, smoke and fire are two, each film for itself."""
    smokes, mixed = rows_like(fire=(False, False)), rows_like(fire=(False, True))
    found = outcome([shown(film("steam"), 0.9, smokes), shown(film("lamp"), 0.9, mixed)], PLAIN)

    assert found.false_leads == ("steam", "lamp", "lamp")


def test_a_false_class_beside_a_real_one_counts() -> None:
    """Fire that is told where only smoke is, is false, and the smoke found."""
    found = outcome([shown(film("stack", SMOKE), 0.9, rows_like(fire=(False, True)))], PLAIN)

    assert (len(found.delays_s), found.false_leads, found.missed) == (1, ("stack",), ())


def test_events_of_short_clips_are_not_asked_for() -> None:
    """Of real film under 5 s no event counts; its false leads do, and scenes are as long as they were made."""
    short = rows_like(seconds=LEAST_S - 0.1)
    films = [
        film("short", SMOKE),
        film("scene", SMOKE, part=Part.DEVELOP),
        film("quiet"),
    ]
    found = outcome([shown(one, 0.0, short) for one in films], Criteria(probability=0.5))
    alarms = outcome([shown(one, 0.9, short) for one in films], Criteria(probability=0.5))

    assert (found.events, found.missed) == (1, ("scene",))
    assert (alarms.events, alarms.false_leads) == (1, ("quiet",))
    assert outcome([shown(films[0], 0.0, rows_like(seconds=LEAST_S))], Criteria(probability=0.5)).events == 1


def test_the_threshold_is_the_lowest_with_half_the_false_leads() -> None:
    """Of four false leads of the plain rule two may stay; on scenes it must hold too."""
    quiet = [shown(film(f"quiet-{told}"), told) for told in (0.3, 0.455, 0.605, 0.805)]
    real = shown(film("plume", SMOKE), 0.5)
    threshold, sweep = choose_threshold([*quiet, real])

    assert threshold == 0.46
    assert (sweep[0.45], sweep[0.46], sweep[0.51]) == ((0, 3, 0, 0), (0, 2, 0, 0), (1, 2, 0, 0))
    scene = shown(film("steam", part=Part.HELD_OUT), 0.705)
    assert choose_threshold([*quiet, real, scene])[0] == 0.71


def test_where_no_threshold_is_enough_the_highest_is_taken() -> None:
    """A false lead that is surer than all thresholds stays."""
    assert choose_threshold([shown(film("quiet"), 0.999)])[0] == 0.98


def test_peaks_are_the_highest_of_each_class_and_truth() -> None:
    """Real smoke and false fire of one film are two; what people disagree about and missed pictures are none."""
    rows = rows_like(fire=(False, True))
    told = np.where(rows.is_fire, 0.3, 0.6)
    told[0], told[2], rows.confidence[2] = 0.7, 0.95, 0.0
    one = Shown(film("stack", SMOKE), rows, told)
    unclear = replace(one, film=replace(one.film, clip=replace(one.film.clip, is_unclear=True)))
    guess, real = peaks([one, unclear])

    assert (guess.tolist(), real.tolist()) == ([0.7, 0.3], [True, False])


def test_reliability_of_probabilities() -> None:
    """Nine tenths told of what is real and a tenth of what is not are a Brier score of 0.01, in two bins."""
    good = reliability([shown(film("plume", SMOKE), 0.9), shown(film("quiet"), 0.1), shown(film("still"), 1.0)])

    assert good.brier == pytest.approx((0.01 + 0.01 + 1) / 3)
    assert good.brier_of_the_mean == pytest.approx(2 / 9)
    assert [(real, count) for _, real, count in good.bins] == [(0.0, 1), (0.5, 2)]


def test_scaled_weights_have_scaled_log_odds() -> None:
    """Twice as far and a half more, for any features."""
    row = np.array([0.3, -0.2, 0.5])
    weights = {"smoke": ClassWeights(0.1, np.array([1.0, 2.0, -1.0]))}
    one = scaled(weights, 2.0, 0.5)["smoke"]

    assert one.bias + row @ one.weights == pytest.approx(2 * (0.1 + row @ weights["smoke"].weights) + 0.5)
    assert probabilities(scaled(weights, 0.0, 0.0), rows_like(0.3)).tolist() == [0.5] * 12


def test_an_unclear_film_teaches_nothing() -> None:
    """People disagree about it: it is no sample; a clear one is one row a class."""
    one = film("stack", SMOKE)
    unclear = replace(one, clip=replace(one.clip, is_unclear=True))

    assert len(sample_of(unclear, rows_like(fire=(False, True))).weight) == 0
    assert sample_of(one, rows_like(fire=(False, True))).is_real.tolist() == [True, False]


def _corpus(monkeypatch: pytest.MonkeyPatch, changed: str = "") -> tuple[list[Film], Fit]:
    """Return a run on 24 real films of 12 sources and 8 scenes; one source may show the opposite of what is true."""
    rng = np.random.default_rng(4)
    found: list[Film] = []
    rows: dict[str, Rows] = {}
    for number in range(32):
        is_real, is_scene = number % 2 == 0, number >= 24
        events = (BOTH,) if is_real else ()
        source = f"scene-{number}" if is_scene else f"owner-{number // 2:02d}"
        one = film(f"film-{number:02d}", *events, part=Part.DEVELOP if is_scene else Part.REAL, source=source)
        features = rng.normal(0, 1, len(FEATURES)) + np.array([1.0 if is_real else -1.0, 0, 0])
        rows[one.clip.sha256] = rows_like(*(-features if source == changed else features), fire=(False, True))
        found.append(one)
    monkeypatch.setattr(run_module, "rows_of", lambda clip, *_: rows[clip.sha256])
    return found, run(found, BrightBoxDetector(), Path(), lambda _: None)


def _directions(weights: Mapping[str, ClassWeights]) -> list[float]:
    return [float(w) for one in weights.values() for w in one.weights / np.linalg.norm(one.weights)]


def test_a_clip_is_judged_by_weights_without_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whatever the films of a source show, the weights that judge them point where they did; those of other folds do not.

    Their scale may differ: the two numbers of the calibration are of all real film.
    """
    found, plain = _corpus(monkeypatch)
    _, changed = _corpus(monkeypatch, changed="owner-03")
    own = [plain.fold_of[one.clip.sha256] for one in found if one.source == "owner-03"]
    other = (own[0] + 1) % len(plain.folds)

    assert len(own) == 2
    assert len(set(own)) == 1
    assert _directions(plain.folds[own[0]]) == pytest.approx(_directions(changed.folds[own[0]]), abs=1e-5)
    assert _directions(plain.folds[other]) != pytest.approx(_directions(changed.folds[other]), abs=0.05)


def test_a_whole_run_is_a_belief_and_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker can read what is fitted, the record is JSON with a table, and the same films give the same weights."""
    found, fitted = _corpus(monkeypatch)
    read = TrackClassifier.from_document(fitted.document)
    record = json.loads(json.dumps(fitted.record()))

    assert (read.threshold, read.version) == (fitted.threshold, fitted.document["version"])
    assert read.probability("dust", np.zeros(len(FEATURES))) is None
    assert set(record["fold_of"]) == {one.clip.sha256 for one in found if one.is_real}
    assert len(record["folds"]) == len(fitted.folds)
    assert len(record["table"]) == 1 + len(fitted.lines) == 9
    assert fitted.reliability.brier < fitted.reliability.brier_of_the_mean
    assert _corpus(monkeypatch)[1].document == fitted.document


def test_the_fold_of_a_clip_is_read_from_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip that was fitted on has its fold's weights and the shipped threshold; any other has none of its own."""
    found, fitted = _corpus(monkeypatch)
    shipped = TrackClassifier.from_document(fitted.document)
    monkeypatch.setattr(TrackClassifier, "of", lambda sha256: shipped if sha256 == "weights" else None)
    (tmp_path / "confirm-fake.json").write_text(json.dumps(fitted.record()), encoding="utf-8")
    clip = found[5].clip.sha256
    belief = belief_without(clip, "weights", tmp_path)

    assert belief is not None
    assert belief.threshold == fitted.threshold
    own = fitted.folds[fitted.fold_of[clip]]
    assert all(belief.classes[name].weights.tolist() == own[name].weights.tolist() for name in own)
    assert belief_without("unknown", "weights", tmp_path) is None
    assert belief_without(clip, "others", tmp_path) is None
    other = {**fitted.record(), "belief": {**fitted.document, "version": "earlier"}}
    (tmp_path / "confirm-fake.json").write_text(json.dumps(other), encoding="utf-8")
    assert belief_without(clip, "weights", tmp_path) is None


def test_clips_of_one_owner_are_one_source(plume: Clip) -> None:
    """Who published a clip stands before the slash; one of nobody is a source of its own."""
    assert owner(replace(plume, source="someone/film 1")) == owner(replace(plume, source="someone/film 2")) == "someone"
    assert owner(plume) == plume.sha256


def test_scenes_are_sources_of_their_own(tmp_path: Path) -> None:
    """Rendered at the analysis rate, each by its name; those of failing cameras are left to health."""
    scenes = [scene for scene in split_scenes(Split.DEVELOP) if scene.name == "steam-1"]
    scenes = [replace(scene, size_wh=(320, 180), seconds=4.0) for scene in scenes]
    [one] = rendered(tmp_path, Part.DEVELOP, scenes)

    assert (one.source, one.part, one.is_real) == ("steam-1", Part.DEVELOP, False)
    assert one.clip.path.is_file()
    assert {scene.fps for split in Split for scene in split_scenes(split)} == {2.0}
    assert not any(scene.family == "fault" for split in Split for scene in split_scenes(split))
