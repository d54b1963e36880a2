"""The false-alarm budget: a camera's own history sets the probability at which it tells."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.review import LeadReview, Verdict
from api.contract.wire.moment import rfc3339
from vision.leads.budget import STRICTEST, STRICTEST_CONFIDENCE, Range, Scale
from vision.leads.camera_history import HISTORY_DAYS, CameraHistory
from vision.leads.climb import Climb, Climber
from vision.leads.history_day import MOST_CLIMBS
from vision.leads.verdicts import Verdicts

MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC) - timedelta(seconds=1)
"""When the day of `NOON` has been watched."""
DAY = timedelta(days=1)
DAY_S = 86_400.0
FITTED = Range(0.35, 0.5)
BY_COUNT = Range(0.3, 0.3, Scale.CONFIDENCE)
NOON = datetime(2026, 11, 27, 4, 0, 0, 250_700, UTC)


def said(verdict: Verdict, minute: int, score: float | None = 0.5, rule: str = "smoke.visible") -> LeadReview:
    """Return what a reviewer said of the lead confirmed so many minutes after noon."""
    return LeadReview(
        lead_id=f"L20261127-{abs(minute):06d}",
        rule=rule,
        verdict=verdict,
        confirmed=datetime.fromisoformat(rfc3339(NOON + timedelta(minutes=minute))),
        score=score,
        delay_s=4.0,
    )


def history(days: int = 10, **tracks: int) -> CameraHistory:
    """Return so many days with so many tracks a day that reach ``p40``, ``p90``, ... per cent after 4 s."""
    kept = CameraHistory()
    for number in range(days):
        climbs = [Climb((int(name[1:]) / 100,), (4.0,)) for name, count in tracks.items() for _ in range(count)]
        kept.watch(MIDNIGHT + number * DAY, DAY_S, climbs)
    return kept


def daily(days: Sequence[int], verdict: Verdict = Verdict.FALSE) -> Verdicts:
    """Return what reviewers said of one lead at 0.8 at noon of each of those days, counted from that of `NOON`."""
    return Verdicts(tuple(said(verdict, 24 * 60 * day, score=0.8) for day in days))


def test_without_history_the_fitted_probability_stands() -> None:
    """Nothing is known of the camera yet."""
    assert CameraHistory().threshold(0.2, FITTED) == 0.5
    assert CameraHistory().forecast(0.5).recall is None


def test_a_quiet_camera_may_tell_sooner() -> None:
    """Ten days without a track allow the least probability at a budget of 0.2 a day, three days do not."""
    assert history(10).threshold(0.2, FITTED) == 0.35
    assert history(3).threshold(0.2, FITTED) == 0.5


def test_a_busy_camera_becomes_stricter() -> None:
    """Three tracks a day at 0.6 are 1.2 false leads a day: only above them is the budget kept."""
    busy = history(10, p60=3)

    assert busy.forecast(0.5).false_a_day == pytest.approx(1.2)
    assert busy.threshold(0.2, FITTED) == 0.61
    assert busy.threshold(2.0, FITTED) == 0.35


def test_one_false_lead_in_an_hour_is_one_a_day_so_far() -> None:
    """It would be twenty-four, and a camera that may tell two a day would fall silent over its first mistake."""
    kept = CameraHistory()
    kept.watch(NOON, 3600.0, [Climb((0.6,), (4.0,), NOON)])
    wrong = Verdicts((said(Verdict.FALSE, 0),))

    assert kept.forecast(0.5, wrong).false_a_day == pytest.approx(1.0)
    assert (kept.threshold(2.0, FITTED, wrong), kept.threshold(0.5, FITTED, wrong)) == (0.5, 0.61)


def test_where_no_probability_keeps_the_budget_it_is_the_strictest() -> None:
    """A hundred tracks a day that all are nearly sure leave a false one a day whatever is asked."""
    assert history(10, p99=100).threshold(0.2, FITTED) == STRICTEST


def test_the_forecast_tells_the_price() -> None:
    """Of two real tracks in three (weighed) half are told later; the delay is that of the crossing."""
    kept = CameraHistory()
    kept.watch(MIDNIGHT, DAY_S, [Climb((0.2, 0.5, 0.9), (0.0, 2.0, 6.0)), Climb((0.3,), (0.0,))])
    low, high = kept.forecast(0.3), kept.forecast(0.8)

    assert low.false_a_day == pytest.approx(0.5 + 0.7)
    assert high.false_a_day == pytest.approx(0.1)
    assert high.recall == pytest.approx(0.9 / 1.2)
    assert high.delay_s == pytest.approx(6.0)
    assert low.delay_s == pytest.approx(0.5 * 2 / 0.8)


@given(st.lists(st.lists(st.floats(0, 1), max_size=6), max_size=8), st.floats(0.01, 3))
def test_a_stricter_threshold_never_tells_more(climbs: list[list[float]], most: float) -> None:
    """Neither more leads nor sooner; and the threshold that is chosen keeps the budget, or is the strictest."""
    kept = CameraHistory()
    for values in climbs:
        climber = Climber()
        for number, value in enumerate(values):
            climber.observe(value, float(number))
        kept.watch(MIDNIGHT, DAY_S, [climber.climb])
    if not climbs:
        return
    counts = [
        sum(climb.crossing(t / 20) is not None for day in kept._days.values() for climb in day.climbs)
        for t in range(20)
    ]
    chosen = kept.threshold(most, Range(0.2, 0.5))

    assert counts == sorted(counts, reverse=True)
    assert chosen == STRICTEST or kept.forecast(chosen).false_a_day <= most
    assert chosen >= 0.2


def test_a_climb_keeps_what_is_higher_than_before() -> None:
    """Falls and steps below a hundredth are passed over."""
    climber = Climber()
    for second, probability in enumerate((0.2, 0.205, 0.1, 0.5, 0.4, 0.9)):
        climber.observe(probability, second)

    assert climber.climb == Climb((0.2, 0.5, 0.9), (0.0, 3.0, 5.0))
    assert climber.climb.crossing(0.3) == (0.5, 3.0)
    assert Climb((), ()).crossing(0.1) is None


def test_old_days_and_too_many_tracks_are_forgotten() -> None:
    """Two weeks are kept, and of a wild day its highest climbs."""
    kept = history(HISTORY_DAYS + 5)
    assert kept.days == pytest.approx(HISTORY_DAYS)
    kept.watch(MIDNIGHT + 60 * DAY, 60.0, [Climb((i / 1000,), (0.0,)) for i in range(MOST_CLIMBS + 50)])
    assert kept.forecast(0.0).told == MOST_CLIMBS
    assert kept.forecast(0.05).recall == pytest.approx(1.0)


def test_a_reviewer_knows_better_than_a_probability() -> None:
    """A rejected lead is false outright and a verified one real, however probable their tracks were."""
    kept = CameraHistory()
    kept.watch(MIDNIGHT, DAY_S, [Climb((0.9,), (4.0,), NOON), Climb((0.6,), (4.0,), NOON + timedelta(minutes=1))])
    rejected = Verdicts((said(Verdict.FALSE, 0), said(Verdict.REAL, 1)))

    assert kept.forecast(0.5).false_a_day == pytest.approx(0.1 + 0.4)
    told = kept.forecast(0.5, rejected)
    assert (told.told, told.false_a_day, told.recall) == (2, pytest.approx(1.0), pytest.approx(1.0))
    assert kept.threshold(0.2, FITTED, rejected) == 0.91


def test_a_lead_counts_once_whoever_tells_of_it() -> None:
    """The review of a track that is remembered is that track's; one of a track that goes on counts too."""
    kept = CameraHistory()
    kept.watch(MIDNIGHT, DAY_S, [Climb((0.6,), (4.0,), NOON)])
    twice = Verdicts((said(Verdict.FALSE, 0), said(Verdict.FALSE, 0)))

    assert kept.forecast(0.5, twice).told == 1
    assert kept.forecast(0.5, Verdicts((said(Verdict.FALSE, 9),))).false_a_day == pytest.approx(0.4 + 1)
    assert kept.forecast(0.5, Verdicts((said(Verdict.FALSE, 9, score=None),))).told == 1


@pytest.mark.parametrize("watched_s", [2.0, 600.0, DAY_S])
def test_rejections_before_the_watch_did_not_come_in_it(watched_s: float) -> None:
    """A worker that takes a camera over knows two weeks of them: one a day are one a day, not all in its first."""
    fresh = CameraHistory()
    fresh.watch(MIDNIGHT, watched_s)
    before = daily(range(-13, 0))

    assert fresh.forecast(0.5, before).false_a_day == pytest.approx(13 / 14)
    assert (fresh.forecast(0.5, before).told, fresh.unwatched(before)) == (0, 13)
    assert fresh.threshold(1.0, FITTED, before) == FITTED.fitted
    assert fresh.threshold(1.0, BY_COUNT, before) == BY_COUNT.fitted
    assert fresh.threshold(0.5, FITTED, before) == 0.81


def test_a_camera_that_kept_its_budget_is_no_stricter_at_another_worker() -> None:
    """Nor is it by leads that were found real, by leads of no score, and by what is older than the two weeks."""
    fresh = CameraHistory()
    fresh.watch(MIDNIGHT, 600.0)
    kept = daily(range(-10, -3))
    other = Verdicts((*daily(range(-3, 0), Verdict.REAL).reviews, said(Verdict.FALSE, -9, score=None)))
    old = daily(range(-20, -13))

    assert fresh.threshold(0.5, FITTED, Verdicts((*kept.reviews, *other.reviews, *old.reviews))) == FITTED.fitted
    assert (fresh.unwatched(other), fresh.unwatched(old), CameraHistory().unwatched(kept)) == (4, 0, 7)


def test_a_rejection_in_the_watch_counts_as_before() -> None:
    """Over two watched weeks fourteen rejections are one a day: the budget that allows less is not kept."""
    busy, judged = history(14), daily(range(14))

    assert busy.forecast(0.5, judged).false_a_day == pytest.approx(1.0)
    assert (busy.threshold(0.5, FITTED, judged), busy.threshold(1.1, FITTED, judged)) == (0.81, 0.35)


def test_a_rate_is_the_same_however_much_of_the_time_was_watched() -> None:
    """Two workers that have a camera on every other day know all reviews, and each finds the rate that there is."""
    even, odd, judged = CameraHistory(), CameraHistory(), daily(range(14))
    for day in range(14):
        (odd if day % 2 else even).watch(MIDNIGHT + day * DAY, DAY_S)

    assert even.forecast(0.5, judged).false_a_day == pytest.approx(1.0)
    assert odd.forecast(0.5, judged).false_a_day == pytest.approx(1.0)


def test_gaps_of_a_day_are_not_watched() -> None:
    """What came while a camera was off was told by another, to the minute, over a restart as well."""
    kept = CameraHistory()
    kept.watch(NOON, 3600.0)
    kept.watch(NOON + timedelta(hours=2), 1800.0)
    minutes = (-61, -60, 0, 1, 89, 90, 120, 121)

    for each in (kept, CameraHistory.from_document(kept.as_document())):
        watched = [minute for minute in minutes if each.watched(NOON + timedelta(minutes=minute))]
        assert watched == [-60, 0, 90, 120]
        judged = Verdicts(tuple(said(Verdict.FALSE, minute) for minute in minutes))
        assert (each.forecast(0.4, judged).told, each.unwatched(judged)) == (4, 4)


@given(st.sets(st.integers(0, 13), min_size=1), st.sets(st.integers(0, 13)))
def test_who_watched_part_of_two_weeks_is_no_stricter_than_who_watched_all(mine: set[int], rejected: set[int]) -> None:
    """Beyond what its own days say; and never laxer than these."""
    part, whole, judged = CameraHistory(), history(14), daily(sorted(rejected))
    for day in sorted({*mine, 13}):
        part.watch(MIDNIGHT + day * DAY, DAY_S)
    own = daily(sorted(rejected & {*mine, 13}))

    expected = part.forecast(0.5, judged).false_a_day
    assert part.forecast(0.5, own).false_a_day <= expected
    assert expected <= max(part.forecast(0.5, own).false_a_day, whole.forecast(0.5, judged).false_a_day) + 1e-9


@given(st.lists(st.tuples(st.integers(0, 2 * 24 * 60 - 1), st.integers(0, 600)), max_size=8), st.integers(0, 2879))
def test_a_minute_is_watched_where_any_of_it_was(spans: list[tuple[int, int]], asked: int) -> None:
    """Whatever the order and overlap of what was watched; what began the day before is of the day in which it ended."""
    kept, begin = CameraHistory(), datetime(2026, 11, 27, tzinfo=UTC)
    expected = set()
    for until, length in spans:
        kept.watch(begin + timedelta(minutes=until), 60.0 * length)
        expected |= set(range(max(until - length, until // 1440 * 1440), until + 1))

    assert kept.watched(begin + timedelta(minutes=asked)) == (asked in expected)
    assert CameraHistory.from_document(kept.as_document()).as_document() == kept.as_document()


def test_days_kept_before_minutes_were_count_as_watched_throughout() -> None:
    """A worker that is brought up to date stays as strict as its days were, and is no stricter by other days."""
    document = history(2).as_document()
    for day in document.values():
        assert isinstance(day, dict)
        del day["minutes"]
    old = CameraHistory.from_document(document)

    assert old.forecast(0.5, daily(range(-8, 2))).false_a_day == pytest.approx(1.0)
    assert isinstance(document["2026-11-27"], dict)
    for damaged in ("x", "-1", "1" + "0" * 360):
        document["2026-11-27"]["minutes"] = damaged
        with pytest.raises(ValueError, match=r"invalid literal|a day has 1440 minutes"):
            CameraHistory.from_document(document)


def test_the_share_of_leads_that_are_real_is_by_all_that_were_judged() -> None:
    """A share needs no time: what was found out before the watch says as much of the leads that nobody has judged."""
    kept = CameraHistory()
    kept.watch(MIDNIGHT, DAY_S, [Climb((0.4,), (4.0,), NOON + timedelta(hours=1))])

    assert kept.forecast(0.3, daily(range(-8, 0)), Scale.CONFIDENCE).false_a_day == pytest.approx(1 - 1 / 10)


def test_without_a_calibrated_probability_the_reviewers_share_decides() -> None:
    """Before anybody judged, half of the leads are taken as false; verdicts on this camera replace the guess."""
    kept = CameraHistory()
    climbs = [Climb((0.4,), (4.0,), NOON + timedelta(minutes=minute)) for minute in range(6)]
    kept.watch(MIDNIGHT, DAY_S, climbs)
    real = Verdicts(tuple(said(Verdict.REAL, minute) for minute in range(4)))

    assert kept.forecast(0.3, scale=Scale.CONFIDENCE).false_a_day == pytest.approx(3.0)
    assert kept.forecast(0.3, real, Scale.CONFIDENCE).false_a_day == pytest.approx(2 * (1 - 5 / 6))
    assert kept.threshold(0.4, BY_COUNT, real) == 0.3
    assert kept.threshold(0.2, BY_COUNT) == 0.41


def test_a_confidence_is_never_asked_for_that_nothing_reaches() -> None:
    """Where no threshold keeps the budget the camera still tells of dark smoke in full view."""
    wild = history(1, p95=50)

    assert wild.threshold(0.2, BY_COUNT) == STRICTEST_CONFIDENCE
