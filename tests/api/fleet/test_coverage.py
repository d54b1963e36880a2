"""Coverage: what several workers say of one camera becomes one truth without a hole."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.coverage import HOUR, AccountHour, AccountLoss, CoverageGap
from api.contract.reasons import GapReason
from api.fleet.coverage import Gap, in_one, watched_by_hour
from api.store.coverage import Known

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LATER = START + 10 * HOUR


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def account(
    start: float, end: float, *gaps: tuple[float, float, GapReason], worker: str = "w1", ended: GapReason | None = None
) -> AccountHour:
    """An account of a part of the hour that `start` lies in; minutes."""
    hour = START + timedelta(hours=start // 60)
    return AccountHour(
        camera_id="gate",
        hour=hour,
        worker=worker,
        account=f"{hash((start, worker)) & 0xFFFFFFFFFFFFFFFF:016x}",
        sequence=1,
        start=at(start),
        end=at(end),
        ended=ended,
        limit_s=5.0,
        gaps=[CoverageGap(start=at(a), end=at(b), reason=reason) for a, b, reason in gaps],
    )


def gaps(known: Known, hours: int = 1, now: datetime = LATER) -> list[tuple[float, float, GapReason, str]]:
    """Return the gaps of the first hours in minutes."""
    whole = in_one(watched_by_hour(known, START, START + hours * HOUR, now))
    assert whole.required_s == pytest.approx(whole.watched_s + sum(gap.seconds for gap in whole.gaps))
    return [
        ((gap.start - START).total_seconds() / 60, (gap.end - START).total_seconds() / 60, gap.reason, gap.worker)
        for gap in whole.gaps
    ]


def test_a_camera_nobody_speaks_of_is_unclaimed() -> None:
    """On duty and in no account: unclaimed, the whole of it; without duty there is nothing to watch."""
    assert gaps(Known(duties=((START, None),))) == [(0, 60, GapReason.UNCLAIMED, "")]
    (hour,) = watched_by_hour(Known(), START, START + HOUR, LATER)
    assert (hour.required_s, hour.share, hour.gaps) == (0.0, None, [])
    assert gaps(Known(duties=((at(10), at(20)),))) == [(10, 20, GapReason.UNCLAIMED, "")]


def test_an_account_that_covers_the_duty_leaves_no_gap() -> None:
    """All is watched, and only what was watched on duty counts."""
    (hour,) = watched_by_hour(Known(((at(5), at(50)),), (account(0, 60),)), START, START + HOUR, LATER)
    assert (hour.required_s, hour.watched_s, hour.share, hour.gaps) == (2700.0, 2700.0, 1.0, [])


def test_gaps_keep_their_reasons() -> None:
    """What the worker says of a time that it did not watch is what is shown."""
    lost = (10, 20, GapReason.STREAM_LOST)
    assert gaps(Known(((START, None),), (account(0, 60, lost),))) == [(*lost, "w1")]


def test_what_another_worker_watched_was_watched() -> None:
    """A hand-over: the gap of one account counts only where no other account watched; time watched twice is shown."""
    first = account(0, 25, (10, 20, GapReason.STREAM_LOST), ended=GapReason.HANDED_OVER)
    second = account(15, 60, (15, 17, GapReason.STARTING), worker="w2")
    known = Known(((START, None),), (first, second))
    assert gaps(known) == [(10, 17, GapReason.STREAM_LOST, "w1")]
    (hour,) = watched_by_hour(known, START, START + HOUR, LATER)
    assert hour.doubled_s == 300
    assert hour.workers == {"w1", "w2"}


def test_the_time_between_two_accounts_has_the_reason_why_the_first_ended() -> None:
    """A killed worker's camera taken over by another: died until the other takes it, then starting."""
    died = account(0, 20, ended=GapReason.WORKER_DIED)
    taken = account(20.2, 60, (20.2, 20.5, GapReason.STARTING), worker="w2")
    assert gaps(Known(((START, None),), (died, taken))) == [
        (20, 20.2, GapReason.WORKER_DIED, "w1"),
        (20.2, 20.5, GapReason.STARTING, "w2"),
    ]


def test_a_worker_that_is_no_longer_heard_of_is_unreported() -> None:
    """An account that goes on and says no more: unreported, over the ends of hours, until somebody tells."""
    assert gaps(Known(((START, None),), (account(0, 20),)), 2) == [(20, 120, GapReason.UNREPORTED, "w1")]


def test_time_too_young_to_have_been_told_does_not_count() -> None:
    """The last minute counts once it has been told, so that a camera that is watched well shows 100 %."""
    now = at(30)
    (hour,) = watched_by_hour(Known(((START, None),), (account(0, 29.5),)), START, START + HOUR, now)
    assert (hour.required_s, hour.share) == (29.5 * 60, 1.0)
    assert gaps(Known(((START, None),), (account(0, 20),)), now=now) == [(20, 29, GapReason.UNREPORTED, "w1")]


def test_a_lost_account_says_so() -> None:
    """Time whose account the worker had to throw away is not unclaimed."""
    loss = AccountLoss(camera_id="gate", worker="w1", start=at(0), end=at(40))
    assert gaps(Known(((START, None),), (account(40, 60),), (loss,))) == [(0, 40, GapReason.LEDGER_LOST, "w1")]


def test_the_account_before_the_time_asked_for_explains_its_start() -> None:
    """A worker stopped yesterday: today's hours say so."""
    known = Known(((START - 24 * HOUR, None),), (account(-120, -70, ended=GapReason.WORKER_STOPPED),))
    assert gaps(known) == [(0, 60, GapReason.WORKER_STOPPED, "w1")]


_accounts = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.integers(1, 60),
        st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=4),
        st.sampled_from(["w1", "w2", "w3"]),
        st.sampled_from([None, GapReason.WORKER_DIED, GapReason.HANDED_OVER]),
    ),
    max_size=6,
)


@given(_accounts, st.integers(0, 59), st.integers(1, 60), st.integers(0, 70))
def test_every_minute_of_duty_is_watched_or_explained_once(
    rows: list[tuple[int, int, list[tuple[int, int]], str, GapReason | None]], begin: int, length: int, now: int
) -> None:
    """Whatever workers say: watched and gaps fill the duty exactly, by a count minute by minute."""
    accounts = []
    for start, span, holes, worker, ended in rows:
        end = min(60, start + span)
        inside = [
            (max(start, a), min(end, a + n), GapReason.STREAM_LOST) for a, n in holes if max(start, a) < min(end, a + n)
        ]
        accounts.append(account(start, end, *inside, worker=worker, ended=ended))
    known = Known(((at(begin), at(begin + length)),), tuple(accounts))
    (hour,) = watched_by_hour(known, START, START + HOUR, at(now))
    told = max((a.end for a in accounts), default=START)
    settled = max(at(now - 1), min(told, at(now)))

    def is_watched(minute: int) -> bool:
        return any(
            a.start <= at(minute) < a.end and not any(g.start <= at(minute) < g.end for g in a.gaps) for a in accounts
        )

    duty = [m for m in range(60) if at(begin) <= at(m) < at(begin + length) and at(m) < settled]
    assert hour.required_s == 60 * len(duty)
    assert hour.watched_s == 60 * sum(is_watched(minute) for minute in duty)
    in_gaps = [m for m in range(60) for gap in hour.gaps if gap.start <= at(m) < gap.end]
    assert in_gaps == [minute for minute in duty if not is_watched(minute)]


def test_gaps_that_meet_over_the_end_of_an_hour_are_one() -> None:
    """A gap of three hours is told as one, not as three."""
    lost = GapReason.STREAM_LOST
    hours = (
        account(0, 60, (30, 60, lost)),
        account(60, 120, (60, 120, lost)),
        account(120, 180, (120, 150, lost)),
    )
    whole = in_one(watched_by_hour(Known(((START, None),), hours), START, START + 3 * HOUR, LATER))
    assert whole.gaps == [Gap(at(30), at(150), lost, "", "w1")]
