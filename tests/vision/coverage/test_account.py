"""Coverage accounts: what counts as watched, and that no time is left without a reason."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.coverage import HOUR, AccountHour, interval_quantile
from api.contract.reasons import GapReason
from vision.coverage.account import CameraAccount, Counters, SteadyUtc, Trouble

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LOST = Trouble(GapReason.STREAM_LOST, "connection refused")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def account(limit_s: float = 5.0) -> CameraAccount:
    return CameraAccount("gate", "worker-01", "0" * 16, START, limit_s)


def gaps(document: AccountHour) -> list[tuple[float, float, GapReason]]:
    """Return a document's gaps in seconds from the start of the test."""
    return [((g.start - START).total_seconds(), (g.end - START).total_seconds(), g.reason) for g in document.gaps]


def watch(camera: CameraAccount, start_s: float, end_s: float, step_s: float = 2.0) -> None:
    """Let a camera's pictures be analysed and look at it every second."""
    moment = start_s
    while moment <= end_s:
        camera.analysed(at(moment))
        moment += step_s
    for second in range(int(start_s), int(end_s) + 1):
        camera.tick(at(second), None, Counters())


def test_an_account_without_a_picture_is_one_gap() -> None:
    """Before the first picture the camera counts as starting, up to the last look."""
    camera = account()
    camera.tick(at(3), None, Counters())
    (document,) = camera.documents()
    assert gaps(document) == [(0, 3, GapReason.STARTING)]
    assert (document.start, document.end, document.ended, document.analysed) == (START, at(3), None, 0)


def test_pictures_within_the_limit_leave_no_gap() -> None:
    """From the first picture on all is watched, and the account reaches no further than the newest picture."""
    camera = account()
    watch(camera, 2, 30)
    camera.tick(at(33), None, Counters())
    (document,) = camera.documents()
    assert gaps(document) == [(0, 2, GapReason.STARTING)]
    assert document.end == at(30)
    assert document.analysed == 15
    assert interval_quantile(document.intervals, 0.5, document.longest_s) == 2.0


def test_a_lost_stream_is_a_gap_from_the_last_picture_to_the_next() -> None:
    """Not from when the loss was noticed: nothing was seen since the last picture."""
    camera = account()
    watch(camera, 0, 10)
    for second in range(13, 40):
        camera.tick(at(second), LOST, Counters(reconnects=second - 13))
    camera.analysed(at(40))
    (document,) = camera.documents()
    assert gaps(document) == [(10, 40, GapReason.STREAM_LOST)]
    assert document.gaps[0].detail == "connection refused"
    assert document.reconnects == 26
    assert document.longest_s == 30


def test_a_loss_shorter_than_the_limit_is_no_gap_but_a_reconnect() -> None:
    """A camera that is back within the allowed interval was watched."""
    camera = account()
    watch(camera, 0, 10)
    camera.tick(at(12), LOST, Counters(reconnects=1))
    camera.analysed(at(14))
    (document,) = camera.documents()
    assert gaps(document) == []
    assert document.reconnects == 1


def test_a_picture_analysed_late_ends_a_gap_at_its_capture() -> None:
    """What lies between its capture and now was not watched; it is a gap again as soon as that is known."""
    camera = account()
    watch(camera, 0, 10)
    for second in range(16, 50):
        camera.tick(at(second), Trouble(GapReason.NOT_ANALYSED), Counters())
    camera.analysed(at(20))
    (document,) = camera.documents()
    assert (gaps(document), document.end) == ([(10, 20, GapReason.NOT_ANALYSED)], at(20))
    camera.tick(at(50), Trouble(GapReason.NOT_ANALYSED), Counters())
    camera.analysed(at(51))
    assert gaps(camera.documents()[0]) == [(10, 20, GapReason.NOT_ANALYSED), (20, 51, GapReason.NOT_ANALYSED)]


def test_a_gap_is_cut_where_its_reason_changes() -> None:
    """A stream that is lost, then back but does not decode, leaves two gaps that meet."""
    camera = account()
    watch(camera, 0, 10)
    camera.tick(at(16), LOST, Counters())
    camera.tick(at(20), Trouble(GapReason.NOT_DECODED), Counters())
    camera.analysed(at(25))
    (document,) = camera.documents()
    assert gaps(document) == [(10, 20, GapReason.STREAM_LOST), (20, 25, GapReason.NOT_DECODED)]


def test_a_gap_nobody_explains_is_overload() -> None:
    """Pictures that come too late without any fault of the stream were not analysed in time."""
    camera = account()
    watch(camera, 0, 10)
    for second in range(11, 17):
        camera.tick(at(second), None, Counters(dropped={"replaced": 3}))
    assert gaps(camera.documents()[0]) == []
    for second in (17, 18):
        camera.tick(at(second), None, Counters(dropped={"replaced": 4}))
    (document,) = camera.documents()
    assert gaps(document) == [(10, 18, GapReason.NOT_ANALYSED)]
    assert document.dropped == {"replaced": 4}


def test_a_late_picture_that_no_look_noticed_is_a_gap_too() -> None:
    """Two pictures further apart than the limit leave a gap even if no look fell between them."""
    camera = account()
    watch(camera, 0, 10)
    camera.analysed(at(16))
    (document,) = camera.documents()
    assert gaps(document) == [(10, 16, GapReason.NOT_ANALYSED)]


def test_a_worker_that_stood_still_says_so() -> None:
    """When the looks themselves stay away the gap names the worker."""
    camera = account()
    watch(camera, 0, 10)
    camera.tick(at(70), None, Counters())
    (document,) = camera.documents()
    assert gaps(document) == [(10, 70, GapReason.NOT_ANALYSED)]
    assert document.gaps[0].detail == "the worker stood still for 60 s"


def test_hours_join_without_a_hole() -> None:
    """An open gap and a watched time that cross the hour end and begin at it."""
    camera = account()
    watch(camera, 0, 3590)
    for second in range(3596, 3610):
        camera.tick(at(second), LOST, Counters())
    camera.analysed(at(3610))
    watch(camera, 3612, 3620)
    first, second_hour = camera.documents()
    assert (first.end, second_hour.start, second_hour.end) == (START + HOUR, START + HOUR, at(3620))
    assert gaps(first) == [(3590, 3600, GapReason.STREAM_LOST)]
    assert gaps(second_hour) == [(3600, 3610, GapReason.STREAM_LOST)]
    assert [document.hour for document in camera.documents()] == [START + HOUR]


def test_documents_are_cumulative_with_rising_sequence() -> None:
    """A later document of the same hour holds all of the earlier one."""
    camera = account()
    watch(camera, 0, 10)
    before = camera.documents()[0]
    watch(camera, 12, 20)
    after = camera.documents()[0]
    assert after.sequence > before.sequence
    assert after.analysed > before.analysed
    assert after.start == before.start


def test_the_end_of_an_account_is_its_newest_picture() -> None:
    """A worker that stops claims nothing after the last picture it analysed, and says why it ends."""
    camera = account()
    watch(camera, 0, 10)
    camera.end(at(13), GapReason.WORKER_STOPPED)
    (document,) = camera.documents()
    assert (document.end, document.ended) == (at(10), GapReason.WORKER_STOPPED)


@given(
    st.lists(
        st.tuples(
            st.floats(0.2, 400),
            st.sampled_from(["picture", "quiet", *[reason.value for reason in list(GapReason)[:8]]]),
        ),
        max_size=60,
    ),
)
def test_every_moment_is_watched_or_in_a_gap(steps: list[tuple[float, str]]) -> None:
    """Whatever happens, the gaps are exactly what lies between pictures further apart than the limit."""
    camera = CameraAccount("gate", "worker-01", "0" * 16, at(1800), 5.0)
    moment = 1800.0
    pictures: list[datetime] = []
    for pause, what in steps:
        moment += pause
        if what == "picture":
            camera.analysed(at(moment))
            pictures.append(at(moment))
        else:
            camera.tick(at(moment), None if what == "quiet" else Trouble(GapReason(what)), Counters())
    documents = camera.documents()
    assert documents[0].start == at(1800)
    assert all(earlier.end == later.start == later.hour for earlier, later in itertools.pairwise(documents))
    pieces = [gap for document in documents for gap in document.gaps]
    assert all(
        document.hour <= g.start < g.end <= document.hour + HOUR for document in documents for g in document.gaps
    )
    assert all(earlier.end <= later.start for earlier, later in itertools.pairwise(pieces))
    near = [(a, b) for a, b in itertools.pairwise(pictures) if (b - a).total_seconds() <= 5.0]
    watched_s = sum((b - a).total_seconds() for a, b in near)
    gaps_s = sum((gap.end - gap.start).total_seconds() for gap in pieces)
    assert gaps_s + watched_s == pytest.approx((documents[-1].end - at(1800)).total_seconds(), abs=0.001)
    assert not any(gap.start < b and a < gap.end for gap in pieces for a, b in near)


@given(
    st.lists(
        st.tuples(
            st.floats(0.2, 60),
            st.sampled_from(["picture", "quiet", "stream_lost", "not_analysed"]),
            st.floats(0, 30),
        ),
        max_size=60,
    ),
)
def test_no_time_is_claimed_that_pictures_do_not_cover(steps: list[tuple[float, str, float]]) -> None:
    """However late pictures are analysed: what is in no gap lies between two captures within the limit."""
    camera = CameraAccount("gate", "worker-01", "0" * 16, at(1800), 5.0)
    moment, newest = 1800.0, 1800.0
    captures: list[datetime] = []
    documents: dict[datetime, AccountHour] = {}
    for pause, what, lag_s in steps:
        moment += pause
        if what == "picture":
            newest = max(newest, moment - lag_s)  # of pictures that are not in order the later counts
            captures.append(at(newest))
            camera.analysed(at(moment - lag_s))
        else:
            camera.tick(at(moment), None if what == "quiet" else Trouble(GapReason(what)), Counters())
        documents |= {document.hour: document for document in camera.documents()}
    near = [(a, b) for a, b in itertools.pairwise(captures) if (b - a).total_seconds() <= 5.0]
    for document in documents.values():
        edges = [document.start, *(edge for gap in document.gaps for edge in (gap.start, gap.end)), document.end]
        claimed = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
        for start, end in claimed:
            covered = sum(max(0.0, (min(b, end) - max(a, start)).total_seconds()) for a, b in near)
            assert covered == pytest.approx((end - start).total_seconds(), abs=0.001)


def test_steady_utc_never_falls_back() -> None:
    """A clock set back stands still until it has caught up; one set forward is reported once."""
    clock = SteadyUtc(START, 100.0)
    assert clock.at(110.0) == at(10)
    assert clock.look(at(7), 111.0) == 0.0
    assert clock.at(111.0) == at(10)
    assert clock.at(115.0) == at(11)
    assert clock.look(at(3600), 116.0) == pytest.approx(3588, abs=1)
    assert clock.look(at(3601), 117.0) == 0.0
    assert clock.at(117.0) == at(3601)


def test_a_quantile_is_never_flattering() -> None:
    """It is at least the true value, at most one class above; without intervals there is none."""
    camera = account()
    assert interval_quantile(camera.documents()[0].intervals, 0.5, 0.0) is None
    watch(camera, 0, 20, step_s=2.3)
    document = camera.documents()[0]
    assert interval_quantile(document.intervals, 0.5, document.longest_s) == pytest.approx(2.3)
