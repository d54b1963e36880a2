"""Budgets: a watched camera's history is kept, and its probability follows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from api.contract.review import Verdict
from streams.camera import CameraId
from tests.vision.leads.test_budget import NOON, said
from tests.vision.moments import START, moment
from vision.config.camera import CameraConfig
from vision.config.sections import BudgetConfig
from vision.leads.budget import Range
from vision.leads.budget_store import RENEWED_S, BudgetStore
from vision.leads.climb import Climb
from vision.leads.score_history import history_path, read_histories

GATE = CameraId("gate-3")
FITTED = Range(0.35, 0.5, rules=frozenset({"smoke.visible"}))


class Analyser:
    """Stands for a camera's analyser: each call tells of the climbs it was given."""

    def __init__(self, *climbs: Climb, limits: Range | None = FITTED) -> None:
        self.budget_range = limits
        self.climbs = climbs
        self.adopted: list[float] = []

    def adopt(self, probability: float) -> None:
        self.adopted.append(probability)

    def take_climbs(self) -> Sequence[Climb]:
        climbs, self.climbs = self.climbs, ()
        return climbs


def camera(**keys: object) -> CameraConfig:
    """Return the camera at the gate."""
    return CameraConfig.model_validate({"id": GATE, "source": "rtsp://gate/1", **keys})


def watch(budgets: BudgetStore, analyser: Analyser, seconds: float, start: float = 0.0) -> None:
    """Look at the gate every two seconds."""
    for step in range(int(seconds / 2) + 1):
        budgets.note(GATE, analyser, moment(start + 2 * step))


def test_without_a_budget_nothing_is_changed(tmp_path: Path) -> None:
    """No history is kept, and nothing is told."""
    budgets, analyser = BudgetStore(tmp_path, BudgetConfig()), Analyser()
    budgets.begin(camera(), analyser)
    watch(budgets, analyser, 2 * RENEWED_S)
    budgets.end(GATE, analyser)

    assert (analyser.adopted, budgets.report(GATE), list(tmp_path.iterdir())) == ([], None, [])


def test_rules_that_set_their_own_value_have_no_budget(tmp_path: Path) -> None:
    """Where the configuration decides there is nothing to set."""
    budgets = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=1))
    budgets.begin(camera(), Analyser(limits=None))

    assert budgets.report(GATE) is None


def test_tracks_that_would_be_false_raise_the_probability_within_ten_minutes(tmp_path: Path) -> None:
    """Three doubtful tracks in ten minutes are too many for a day: the camera becomes stricter, and says the price."""
    doubtful = Climb((0.55, 0.8), (0.0, 3.0))
    budgets, analyser = (
        BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=0.2)),
        Analyser(doubtful, doubtful, doubtful),
    )
    budgets.begin(camera(), analyser)
    watch(budgets, analyser, RENEWED_S)

    assert analyser.adopted == [0.5, 0.81]
    told = budgets.report(GATE)
    assert told is not None
    assert (told.most_a_day, told.probability, told.fitted_probability) == (0.2, 0.81, 0.5)
    assert (told.expected_false_a_day, told.expected_recall, told.expected_delay_s) == (0.0, 0.0, None)


def test_the_history_outlives_the_worker(tmp_path: Path) -> None:
    """A new worker begins with the probability that the old one had come to."""
    doubtful = Climb((0.8,), (0.0,))
    first, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=0.1)), Analyser(doubtful)
    first.begin(camera(), analyser)
    watch(first, analyser, 60)
    first.end(GATE, analyser)
    again = Analyser()
    BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=0.1)).begin(camera(), again)

    assert again.adopted == [0.81]


def test_a_camera_has_its_own_budget(tmp_path: Path) -> None:
    """Its key goes before the common one; 0 switches it off for that camera."""
    budgets = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=0.2))
    budgets.begin(camera(false_leads_a_day=3), Analyser())
    told = budgets.report(GATE)
    assert told is not None
    assert told.most_a_day == 3
    budgets.begin(camera(false_leads_a_day=0), Analyser())
    assert budgets.report(GATE) is None


def test_gaps_were_not_watched(tmp_path: Path) -> None:
    """An hour without a picture adds nothing to the time that the history rests on."""
    budgets, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=1)), Analyser()
    budgets.begin(camera(), analyser)
    watch(budgets, analyser, 60)
    watch(budgets, analyser, 60, start=3600)
    budgets.end(GATE, analyser)

    assert read_histories(history_path(tmp_path, GATE))[0].now.days == 120 / 86_400


def test_a_damaged_history_is_begun_anew(tmp_path: Path) -> None:
    """A camera is watched whatever its file holds."""
    history_path(tmp_path, GATE).write_text("[1")
    budgets, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=1)), Analyser()
    budgets.begin(camera(), analyser)

    assert analyser.adopted == [0.5]


def test_a_rejection_reaches_the_budget_once_and_outlives_the_worker(tmp_path: Path) -> None:
    """The same list read again changes nothing; a new worker begins with what the old one had been told."""
    track = Climb((0.55,), (2.0,), NOON)
    first, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=3)), Analyser(track)
    first.begin(camera(), analyser)
    watch(first, analyser, 3600, start=(NOON - START).total_seconds() - 60)
    reviews = [said(Verdict.FALSE, 0), said(Verdict.FALSE, 3, rule="bypass.smoke")]
    for _ in range(3):
        first.review(GATE, analyser, reviews)
    told = first.report(GATE)

    assert told is not None
    assert (told.rejected, told.verified, told.rejected_elsewhere) == (1, 0, 1)
    assert told.expected_false_a_day == 1.0
    assert analyser.adopted[-1] == 0.5
    first.end(GATE, analyser)
    second, again = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=0.5)), Analyser()
    second.begin(camera(), again)
    after = second.report(GATE)
    assert after is not None
    assert (after.rejected, after.rejected_elsewhere, again.adopted) == (1, 1, [0.56])
    assert [(day.tracks, day.rejected) for day in after.history] == [(0, 1)]
    assert (told.unwatched, after.unwatched) == (0, 0)


def test_a_worker_that_takes_a_camera_over_knows_that_rejections_took_two_weeks(tmp_path: Path) -> None:
    """It hears of them within seconds, shows them, and says that they came before it watched."""
    budgets, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=2)), Analyser()
    reviews = [said(Verdict.FALSE, minute, score=0.8) for minute in range(0, -7 * 24 * 60, -24 * 60)]
    start = (NOON - START).total_seconds() + 3600
    budgets.begin(camera(), analyser)
    watch(budgets, analyser, 2, start)
    budgets.review(GATE, analyser, reviews)
    watch(budgets, analyser, 2 * RENEWED_S, start + 4)
    told = budgets.report(GATE)

    assert set(analyser.adopted) == {FITTED.fitted}
    assert told is not None
    assert (told.rejected, told.unwatched, told.expected_false_a_day) == (7, 7, 0.5)

    budgets.review(GATE, analyser, [*reviews, said(Verdict.FALSE, 61, score=0.8)])
    told = budgets.report(GATE)
    assert told is not None
    assert (told.rejected, told.unwatched, told.expected_false_a_day) == (8, 7, 1.0)


def test_a_decision_taken_back_is_taken_back(tmp_path: Path) -> None:
    """The list is the whole truth: what is no longer in it counts no more."""
    budgets, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=30)), Analyser()
    budgets.begin(camera(), analyser)
    budgets.review(GATE, analyser, [said(Verdict.FALSE, 0)])
    budgets.review(GATE, analyser, [])
    told = budgets.report(GATE)

    assert told is not None
    assert told.rejected == 0


def test_other_weights_begin_with_the_value_that_the_former_had_come_to(tmp_path: Path) -> None:
    """A worker brought up to date is as strict as before; what its tracks reach is kept apart until it counts alone."""
    first, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=0.1)), Analyser(Climb((0.8,), (0.0,)))
    first.begin(camera(), analyser)
    watch(first, analyser, 60)
    first.end(GATE, analyser)
    second, other = (
        BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=0.1)),
        Analyser(limits=replace(FITTED, classifier_version="b2")),
    )
    second.begin(camera(), other)
    watch(second, other, 60, start=120)
    told = second.report(GATE)
    second.end(GATE, other)
    kept, _ = read_histories(history_path(tmp_path, GATE), "b2")

    assert other.adopted == [0.81]
    assert told is not None
    assert told.days == round(120 / 86_400, 3)
    assert (kept.now.days, kept.former.days) == (60 / 86_400, 60 / 86_400)


def test_what_the_last_tracks_reached_is_kept(tmp_path: Path) -> None:
    """Tracks that end with the camera's watch are in its history."""
    budgets, analyser = BudgetStore(tmp_path, BudgetConfig(false_leads_a_day=1)), Analyser()
    budgets.begin(camera(), analyser)
    watch(budgets, analyser, 60)
    analyser.climbs = (Climb((0.8,), (0.0,)),)
    budgets.end(GATE, analyser)

    assert read_histories(history_path(tmp_path, GATE))[0].now.forecast(0.5).told == 1
