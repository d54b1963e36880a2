"""Confirmation compared: rows remembered, trials with the worker's own rule, the table, and what may ship."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy_result import Rate, Share
from benchmarks.confirm.__main__ import main
from benchmarks.confirm.films import FIRST_DAY, VARIANTS, Film, Part, another_day, split_scenes, variant
from benchmarks.confirm.fit import Calibration
from benchmarks.confirm.rows import Pace, Rows, doing, rows_of
from benchmarks.confirm.run import choose_limits, fit, sample_rows, score
from benchmarks.confirm.table import BASELINE, BELIEF, Line, as_text, beats, line
from benchmarks.confirm.trial import FIVE_IN_A_ROW, K_OF_N_THAT_CHANGE, Shown, confirmed, outcome
from benchmarks.corpus import Clip, Event, sha256_of
from benchmarks.scenes.families import Split
from models.detections import Detections
from streams.frame import BgrImage
from tests.vision.films import PLUME, BrightBoxDetector, plume_film
from vision.belief import Belief, ClassWeights
from vision.confirm import Criteria
from vision.cues import CUES

FRAMED = (float(PLUME[0]), float(PLUME[1]), float(PLUME[2]), float(PLUME[3]))
EVENT = Event(("smoke",), 3.0, 8.0, FRAMED)


class _Blind(BrightBoxDetector):
    """Fails when it is asked: what is remembered needs no detector."""

    def detect(self, images: list[BgrImage]) -> list[Detections]:  # type: ignore[override]
        raise AssertionError(f"{len(images)} pictures were detected again")


class _Drifting(BrightBoxDetector):
    """Gives every box a pixel further to the left than the one before."""

    def __init__(self) -> None:
        super().__init__()
        self._moved = 0

    def detect(self, images: list[BgrImage]) -> list[Detections]:  # type: ignore[override]
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
    """Where rows are remembered."""
    return tmp_path_factory.mktemp("memory")


def test_rows_are_what_the_worker_sees_in_focus_and_on_patrol(plume: Clip, memory: Path) -> None:
    """Ten looks from 3 s on in focus, two of every 2 s on patrol; each row is the track that tells of the event."""
    rows = rows_of(plume, BrightBoxDetector(), memory)

    assert rows[Pace.FOCUS].time_s.tolist() == pytest.approx([3 + i / 2 for i in range(10)])
    assert rows[Pace.PATROL].time_s.tolist() == pytest.approx([4.0, 6.0])
    for pace in Pace:
        assert rows[pace].is_real(plume).all()
        assert not rows[pace].is_real(replace(plume, events=())).any()
        assert rows[pace].cues.shape == (len(rows[pace].track), len(CUES))


def test_rows_hold_where_the_track_was_then(plume: Clip, tmp_path: Path) -> None:
    """What is true of a row is asked for the box of its own picture, not for the one in which the track ended."""
    lefts = rows_of(plume, _Drifting(), tmp_path)[Pace.FOCUS].xyxy[:, 0]

    assert (np.diff(lefts) < 0).all()


def test_rows_are_remembered(plume: Clip, memory: Path) -> None:
    """The same film is neither decoded nor detected again, and gives the same rows."""
    first = rows_of(plume, BrightBoxDetector(), memory)[Pace.FOCUS]
    again = rows_of(plume, _Blind(), memory)[Pace.FOCUS]

    assert np.array_equal(first.cues, again.cues)


def test_rows_stay_valid_while_only_words_change() -> None:
    """What is said of code changes no row; what it does, does."""
    code = '"""Module."""\nA = 1\n"""Of A."""\ndef f():\n    """Return it."""\n    return A  # now\n'
    reworded = 'A = 1\n"""Another word."""\n\n\ndef f():\n    """Return what `A` is."""\n    return A\n'

    assert doing(code) == doing(reworded)
    assert doing(code) != doing(code.replace("A = 1", "A = 2"))
    assert doing('B = """kept"""') != doing('B = """other"""')


def test_trials_are_the_workers_rule(plume: Clip, memory: Path) -> None:
    """As in the worker k of n takes 1.5 s and five in a row 2 s; belief reports what its probabilities say."""
    rows = rows_of(plume, BrightBoxDetector(), memory)[Pace.FOCUS]
    doubt, sure = (Shown(plume, rows, np.full(len(rows.track), value)) for value in (0.4, 0.9))

    assert [lead.confirmed_s for lead in confirmed(doubt, K_OF_N_THAT_CHANGE)] == pytest.approx([4.5])
    assert [lead.confirmed_s for lead in confirmed(doubt, FIVE_IN_A_ROW)] == pytest.approx([5.0])
    assert confirmed(doubt, Criteria(probability=0.5)) == []
    assert [lead.confirmed_s for lead in confirmed(sure, Criteria(probability=0.5))] == pytest.approx([4.5])


def test_outcomes_tell_found_missed_and_false(plume: Clip, memory: Path) -> None:
    """The same lead is found where the event is, false where none is, and nothing where people may disagree."""
    rows = rows_of(plume, BrightBoxDetector(), memory)[Pace.FOCUS]
    quiet, unclear = replace(plume, events=()), replace(plume, is_unclear=True)
    elsewhere = replace(plume, events=(replace(EVENT, xyxy=(0.0, 0.0, 5.0, 5.0)),))

    found = outcome([Shown(clip, rows) for clip in (plume, quiet, unclear, elsewhere)], FIVE_IN_A_ROW)

    assert (found.events, found.delays_s) == (2, (pytest.approx(2.0),))
    assert (found.false_leads, found.missed) == (("plume", "plume"), ("plume",))


def test_the_threshold_is_the_middle_of_the_best(plume: Clip, memory: Path) -> None:
    """Between a false track believed to 0.4 and a real one believed to 0.8 the middle is chosen."""
    rows = rows_of(plume, BrightBoxDetector(), memory)[Pace.FOCUS]
    real = Shown(plume, rows, np.full(len(rows.track), 0.8))
    false = Shown(replace(plume, events=()), rows, np.full(len(rows.track), 0.4))
    threshold, support, sweep = choose_limits([real, false])

    assert (threshold, support) == (0.62, 0.28)
    assert (sweep[0.28][0.4].false_leads, sweep[0.28][0.82].missed) == (("plume",), ("plume",))


def test_weak_boxes_are_asked_for_no_more_than_finds_them(plume: Clip, memory: Path) -> None:
    """A plume whose boxes are 0.18 sure is found by the highest support that it reaches, and no support lets one in
    that is not believed.
    """
    rows = rows_of(plume, BrightBoxDetector(), memory)[Pace.FOCUS]
    weak = replace(rows, confidence=np.where(rows.confidence > 0, 0.18, 0.0))
    real = Shown(plume, weak, np.full(len(rows.track), 0.8))
    false = Shown(replace(plume, events=()), weak, np.full(len(rows.track), 0.4))
    threshold, support, sweep = choose_limits([real, false])

    assert (threshold, support) == (0.62, 0.16)
    assert (sweep[0.2][0.62].missed, sweep[0.16][0.62].false_leads) == (("plume",), ())


def test_of_pairs_alike_the_one_with_fewer_false_leads_is_chosen(plume: Clip, memory: Path) -> None:
    """One mistake more in fifty is no difference: forty events found at any rate, one at the price of a false lead."""
    rows = rows_of(plume, BrightBoxDetector(), memory)[Pace.FOCUS]

    def film(probability: float, *, is_quiet: bool = False) -> Shown:
        clip = replace(plume, events=()) if is_quiet else plume
        return Shown(clip, rows, np.full(len(rows.track), probability))

    missed = [replace(film(0.0), clip=plume) for _ in range(40)]
    threshold, _, sweep = choose_limits([*missed, film(0.52), film(0.52), film(0.52, is_quiet=True)])

    assert len(sweep[0.28][0.5].missed) + len(sweep[0.28][0.5].false_leads) == 41
    assert len(sweep[0.28][0.54].missed) + len(sweep[0.28][0.54].false_leads) == 42
    assert threshold > 0.5


def test_all_paces_of_a_group_are_left_out_together(plume: Clip, memory: Path) -> None:
    """Rows carry their film's group whatever the pace: the weights that judge a film saw none of it."""
    rows = rows_of(plume, BrightBoxDetector(), memory)
    films = [Film(plume, Part.DEVELOP, "clip", group) for group in (3, 8)]

    assert set(sample_rows(films, [rows, rows], [0, 1]).film.tolist()) == {3, 8}


def test_a_whole_run_on_two_films(plume: Clip, memory: Path, tmp_path: Path) -> None:
    """What is fitted is a belief the worker can read, a record in JSON, and a table with a line a rule and part."""
    path = plume_film(tmp_path / "quiet.mp4")
    quiet = Clip(path, sha256_of(path), ())
    films = [Film(plume, Part.CLIPS, "clip"), Film(quiet, Part.HELD_OUT, "steam")]
    fitted = fit(films, BrightBoxDetector(), memory, lambda _: None)

    read = Belief.from_document(fitted.document)
    assert (read.threshold, read.support) == (fitted.threshold, fitted.support)
    record = json.loads(json.dumps(fitted.record()))
    assert record["films"] == {
        "plume.mp4": ["clips", "clip", plume.sha256],
        "quiet.mp4": ["held-out", "steam", quiet.sha256],
    }
    assert {one.part for one in fitted.lines} == {"all", "clips", "held-out", "all, joined late", "all, on patrol"}
    assert as_text(fitted.lines).count("\n") == 1 + len(fitted.lines)
    assert fit(films, BrightBoxDetector(), memory, lambda _: None).document == fitted.document


def test_what_ships_is_scored_without_being_fitted(plume: Clip, memory: Path) -> None:
    """A belief that is sure of everything finds the plume at both rates, one that is sure of nothing finds none."""
    films = [Film(plume, Part.HELD_OUT, "stack-smoke")]

    def found(bias: float) -> dict[str, int]:
        weights = {"smoke": ClassWeights(bias, np.zeros(len(CUES)))}
        told = score(films, BrightBoxDetector(), memory, Belief("test", 0.6, weights, 0.28, is_magnified=True), str)
        return {one.part: one.recall.hits for one in told if one.decider == BELIEF}

    assert found(4.0)["focus"] == 1
    assert set(found(-4.0).values()) == {0}


def test_another_day_shows_held_out_places_in_another_light() -> None:
    """Its scenes have seeds of their own, which none has that is fitted on."""
    places = split_scenes(Split.HELD_OUT)
    known = {variant(scene, number).seed for split in Split for scene in split_scenes(split) for number in VARIANTS}
    days = [variant(scene, day) for day in (FIRST_DAY, FIRST_DAY + 1) for scene in places]

    assert len({scene.name for scene in days}) == len({scene.seed for scene in days}) == 2 * len(places)
    assert not known & {scene.seed for scene in days}


def test_days_that_are_fitted_on_are_no_other_days(tmp_path: Path) -> None:
    """Days 0 to 2 are those of the films to develop on."""
    with pytest.raises(ValueError, match="fitted on"):
        another_day(tmp_path, FIRST_DAY - 1)


def _line(decider: str, found: int, false: int, part: str = "all") -> Line:
    return Line(decider, part, Share.of(found, 20), Rate.of(false, 0.5), None, None, None, (), ())


@pytest.mark.parametrize(
    ("found", "false", "ships"), [(19, 1, True), (18, 1, False), (19, 2, False), (20, 0, True), (17, 0, False)]
)
def test_belief_ships_only_where_it_is_better_in_both(found: int, false: int, *, ships: bool) -> None:
    """Five in a row finds 18 with 2 false leads: more events and fewer false leads are asked for, equal is no win."""
    assert beats([_line(BASELINE, 18, 2), _line(BELIEF, found, false)]) is ships


def test_belief_ships_only_where_it_is_no_worse_on_what_it_never_saw() -> None:
    """Better over all films, but an event fewer on those that were only scored, is learnt by heart."""
    whole = [_line(BASELINE, 16, 2), _line(BELIEF, 19, 1)]
    plain = _line(BASELINE, 6, 1, "held-out")

    assert beats([*whole, plain, _line(BELIEF, 6, 1, "held-out")])
    assert not beats([*whole, plain, _line(BELIEF, 5, 0, "held-out")])


def test_belief_ships_only_where_its_probabilities_hold_elsewhere(plume: Clip, memory: Path, tmp_path: Path) -> None:
    """However many events it finds, probabilities worse than the mean share on films only scored are none."""
    path = plume_film(tmp_path / "quiet.mp4")
    films = [Film(plume, Part.CLIPS, "clip"), Film(Clip(path, sha256_of(path), ()), Part.HELD_OUT, "steam")]
    fitted = fit(films, BrightBoxDetector(), memory, lambda _: None)
    better = (_line(BASELINE, 1, 2), _line(BELIEF, 2, 0))
    good, bad = Calibration(0.1, 0.05, 0.3, 0.2, 9.0), Calibration(0.3, 0.3, 0.9, 0.2, 9.0)

    assert replace(fitted, lines=better, held_out=good).may_ship
    assert not replace(fitted, lines=better, held_out=bad).may_ship
    assert not replace(fitted, lines=better, held_out=None, unseen=bad).may_ship


def test_a_day_without_false_leads_is_told_with_its_interval(plume: Clip, memory: Path) -> None:
    """Three quiet seconds allow a hundred thousand false leads a day: the table says so."""
    rows = rows_of(plume, BrightBoxDetector(), memory)[Pace.FOCUS]
    one = line(BASELINE, "all", [Shown(plume, rows)], FIVE_IN_A_ROW)

    assert one.false_a_day is not None
    assert one.false_a_day[:2] == (0.0, 0.0)
    assert one.false_a_day[2] > 100_000


def test_rows_of_no_tracks_are_kept(tmp_path: Path) -> None:
    """A film in which nothing was found is remembered as that."""
    empty = np.zeros(0)
    rows = Rows(
        track=empty.astype(np.int64),
        is_fire=empty.astype(np.bool_),
        time_s=empty,
        confidence=empty,
        change=empty,
        is_steady=empty.astype(np.bool_),
        is_deferred=empty.astype(np.bool_),
        has_news=empty.astype(np.bool_),
        xyxy=empty.reshape(0, 4),
        cues=empty.reshape(0, len(CUES)),
        span_s=np.array((0.0, 8.0)),
    )
    rows.write(tmp_path / "rows.npz")

    assert Rows.read(tmp_path / "rows.npz").span_s.tolist() == [0.0, 8.0]


def test_a_day_that_is_fitted_on_is_not_scored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence says which days are, before anything is rendered."""
    monkeypatch.setattr("sys.argv", ["benchmarks.confirm", "score", "--day", "2"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--day must be 3 or later" in capsys.readouterr().err
