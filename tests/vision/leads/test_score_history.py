"""What is kept of a camera for its budget: over a restart, and over a change of weights."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.review import Verdict
from tests.vision.leads.test_budget import DAY, DAY_S, FITTED, MIDNIGHT, NOON, daily, history, said
from vision.leads.camera_history import HISTORY_DAYS, CameraHistory
from vision.leads.climb import Climb
from vision.leads.score_history import ScoreHistories, history_path, proving_days, read_histories, write_histories
from vision.leads.verdicts import Verdicts

RULES = frozenset({"smoke.visible"})


def climbing(*peaks: float) -> list[Climb]:
    """Return one track for each of what they reached, at once."""
    return [Climb((peak,), (4.0,)) for peak in peaks]


def values(most_a_day: float, before: list[float], after: list[float], days: int = HISTORY_DAYS) -> list[float]:
    """
    Return a camera's value after each of so many days with new weights.

    It has had two weeks with tracks that reached `before` every day; by the new weights they reach `after`.
    """
    former = CameraHistory()
    for day in range(-HISTORY_DAYS, 0):
        former.watch(MIDNIGHT + day * DAY, DAY_S, climbing(*before))
    kept = ScoreHistories("b2", former=former)
    found = [kept.reckoned(most_a_day).threshold(most_a_day, FITTED)]
    for day in range(days):
        kept.now.watch(MIDNIGHT + day * DAY, DAY_S, climbing(*after))
        found.append(kept.reckoned(most_a_day).threshold(most_a_day, FITTED))
    return found


def test_a_history_is_kept_on_disk(tmp_path: Path) -> None:
    """What is written is read; what is damaged says so; ids that are no file names are refused."""
    path = history_path(tmp_path / "budget", "gate-3")
    kept = ScoreHistories("a1", history(3, p60=2), history(1, p70=1))
    write_histories(path, kept)

    read, _ = read_histories(path, "a1")
    assert (read.classifier_version, read.now.as_document()) == ("a1", kept.now.as_document())
    assert read.former.as_document() == kept.former.as_document()
    assert read_histories(tmp_path / "none.json")[0].now.days == 0
    path.write_text(json.dumps(kept.now.as_document()))  # as it was written before there were verdicts
    assert read_histories(path)[0].now.as_document() == kept.now.as_document()
    for damaged in ('{"2026-11-27": 3}', '{"days": {}, "former": 3}', "[]"):
        path.write_text(damaged)
        with pytest.raises(ValueError, match="is not a camera's history"):
            read_histories(path)
    with pytest.raises(ValueError, match="no camera id"):
        history_path(tmp_path, "../x")


def test_verdicts_are_kept_on_disk_and_sorted_by_who_made_the_lead(tmp_path: Path) -> None:
    """What rules of the catalogue made is counted apart: the budget sets no value of theirs."""
    path = history_path(tmp_path, "gate-3")
    verdicts = Verdicts.of_reviews([said(Verdict.FALSE, 0), said(Verdict.FALSE, 1, rule="bypass.smoke")], RULES)
    kept = ScoreHistories()
    kept.now.watch(NOON, 60.0, [Climb((0.6,), (4.0,), NOON)])
    write_histories(path, kept, verdicts)
    histories, read = read_histories(path)

    assert read.sorted_by(RULES) == verdicts
    assert (len(verdicts.reviews), verdicts.rejected_elsewhere) == (1, 1)
    assert histories.now.forecast(0.5, verdicts).false_a_day == pytest.approx(1.0)


@pytest.mark.parametrize(("decides", "days"), [("a1", (3, 1)), ("b2", (0, 4)), ("", (0, 4))])
def test_a_history_by_other_weights_is_a_former_one(tmp_path: Path, decides: str, days: tuple[int, int]) -> None:
    """Also where a former one is still kept: both are by other weights then; what reviewers said is kept as it was."""
    path = history_path(tmp_path, "gate-3")
    now = CameraHistory()
    for day in range(1, 4):
        now.watch(MIDNIGHT + day * DAY, DAY_S)
    write_histories(path, ScoreHistories("a1", now, history(1, p70=1)), daily([0]))
    read, told = read_histories(path, decides)

    assert read.classifier_version == decides
    assert (read.now.days, read.former.days) == days
    assert told.sorted_by(RULES) == daily([0])


def test_a_day_with_two_weights_is_one_day_of_both() -> None:
    """Time, minutes and tracks of the day on which the weights changed are added up; what is too old is left out."""
    former, now = CameraHistory(), CameraHistory()
    former.watch(MIDNIGHT - HISTORY_DAYS * DAY, DAY_S, climbing(0.9))
    former.watch(NOON, 3600.0, climbing(0.7))
    now.watch(MIDNIGHT, 7200.0, climbing(0.6))
    both = ScoreHistories("b2", now, former).reckoned(1.0)

    assert both.days == pytest.approx(3 / 24)
    assert both.forecast(0.5).told == 2
    assert (both.watched(NOON), both.watched(MIDNIGHT), both.watched(NOON + DAY / 4)) == (True, True, False)
    assert CameraHistory().joined(CameraHistory()).days == 0


@pytest.mark.parametrize(("most_a_day", "days"), [(0.01, HISTORY_DAYS), (0.2, 5), (1.0, 1), (50.0, 1)])
def test_the_new_weights_decide_alone_once_they_can_prove_the_budget(most_a_day: float, days: float) -> None:
    """Of a fifth of a false lead a day after five days without one; never sooner than after a day."""
    assert proving_days(most_a_day) == days


@given(
    st.lists(st.lists(st.floats(0.01, 0.99), max_size=4), min_size=1, max_size=9),
    st.integers(0, 8),
    st.sampled_from([0.2, 0.5, 1.0, 3.0]),
)
def test_until_then_it_is_as_if_the_history_had_gone_on(days: list[list[float]], cut: int, most_a_day: float) -> None:
    """So no change of weights by itself loosens a camera or makes it stricter; afterwards only the new ones count."""
    whole, kept = CameraHistory(), ScoreHistories("b2")
    for number, peaks in enumerate(days):
        until = MIDNIGHT + number * DAY
        whole.watch(until, DAY_S, climbing(*peaks))
        (kept.former if number < cut else kept.now).watch(until, DAY_S, climbing(*peaks))
    is_proven = kept.now.days >= proving_days(most_a_day)
    expected = kept.now if is_proven else whole

    assert kept.reckoned(most_a_day).threshold(most_a_day, FITTED) == expected.threshold(most_a_day, FITTED)
    assert (kept.former.days == 0) == (is_proven or cut == 0)


def test_a_change_of_weights_loosens_no_busy_camera() -> None:
    """Three tracks a day that reach 0.6 as before: the value that they asked for stands on every day."""
    assert set(values(0.2, [0.6] * 3, [0.6] * 3)) == {0.61}


def test_a_quiet_camera_goes_on_telling_sooner() -> None:
    """It need not prove again what it has proven: no day goes by at the fitted value."""
    assert set(values(0.2, [], [])) == {FITTED.least}


def test_weights_that_know_a_cameras_look_alikes_free_it_within_days() -> None:
    """They would have held it back for two weeks, though nothing reaches the fitted value any more."""
    found = values(0.2, [0.6] * 3, [0.3] * 3)

    assert found[:5] == [0.61] * 5
    assert set(found[5:]) == {FITTED.least}


def test_weights_that_believe_a_cameras_look_alikes_make_it_strict_within_days() -> None:
    """One false lead a day at a budget of a half: after two days it counts whole, where it was a seventh."""
    assert values(0.5, [], [0.7] * 4, 3) == [0.35, 0.35, 0.71, 0.71]


def test_rejections_by_former_weights_count_over_their_two_weeks_afterwards() -> None:
    """A history that ends takes its minutes along: what was rejected in them becomes no lead of the new one's days."""
    kept = ScoreHistories("b2", former=history(7))
    for day in range(7, 9):
        kept.now.watch(MIDNIGHT + day * DAY, DAY_S)
    rejected = daily(range(7))

    assert kept.reckoned(0.2).forecast(0.5, rejected).false_a_day == pytest.approx(7 / 9)
    assert kept.reckoned(1.0).forecast(0.5, rejected).false_a_day == pytest.approx(7 / 14)
