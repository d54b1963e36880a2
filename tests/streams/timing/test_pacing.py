"""The pace of streams that have none of their own, played on a clock of the test's own."""

import itertools

import pytest

from streams.timing.pacing import CATCH_UP_S, HURRY, BurstPace, FilePace


def played(segments: int, segment_s: float, *, late_s: float = 0.0, step_s: float = 0.5) -> list[tuple[float, float]]:
    """
    Return (media second, second of release) of a stream whose segment n is there at the end of segment n.

    From its third segment on the server is `late_s` late.
    """
    pace, now, released = BurstPace(), 0.0, []
    for segment in range(segments):
        there = segment * segment_s + (late_s if segment == 2 else 0.0)
        for piece in range(round(segment_s / step_s)):
            began = now
            now = max(now, there)
            media_s = segment * segment_s + piece * step_s
            now += pace.pause_s(media_s, now, waited_s=now - began)
            released.append((media_s, now))
    return released


def test_a_burst_is_spread_over_its_own_duration() -> None:
    """Ten seconds that arrive at once leave over about ten seconds, and never more than a picture at a time."""
    times = [at for _, at in played(4, 10.0)]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert max(gaps) < 2.0
    assert min(gaps) > 0.2
    assert times[19] - times[0] >= 9.5 / HURRY - 1e-9


def test_the_delay_does_not_grow() -> None:
    """A segment begins to leave when it is there: the delay behind it stays what it was at the first packet."""
    assert max(at - media for media, at in played(20, 10.0)) < 1e-6


def test_pauses_that_end_late_do_not_add_up() -> None:
    """On a machine that wakes up 20 ms late after each pause, ten seconds still leave in less than ten."""
    pace, now = BurstPace(), 50.0
    for number in range(250):
        pause_s = pace.pause_s(number / 25, now, waited_s=0.0)
        now += pause_s + 0.02 if pause_s else 0.0
    assert 9.4 < now - 50.0 < 9.7


def test_a_server_that_comes_back_is_caught_up_with() -> None:
    """After an outage longer than what may be owed, the backlog leaves at once and the rest is paced again."""
    outage = CATCH_UP_S + 5.0
    times = played(12, 5.0, late_s=outage)
    behind = [at - media for media, at in times]
    assert max(behind) >= outage
    assert behind[-1] < 1.0
    last = [at for _, at in times[-10:]]
    assert last[-1] - last[0] > 4.0


def test_timestamps_that_jump_make_no_pause() -> None:
    """Neither a leap ahead nor one back holds the stream up, and the pace goes on from there."""
    pace = BurstPace()
    assert pace.pause_s(0.0, 100.0, waited_s=0.0) == 0.0
    assert pace.pause_s(5000.0, 100.1, waited_s=0.0) == 0.0
    assert pace.pause_s(1.0, 100.2, waited_s=0.0) == 0.0
    assert 0.3 < pace.pause_s(1.5, 100.2, waited_s=0.0) <= 0.5


def paced(times: list[float | None]) -> list[float]:
    """Return when a file's packets leave, none of them late, from the first on."""
    pace, now, left = FilePace(), 100.0, []
    for media_s in times:
        now += pace.pause_s(media_s, 0.04, now)
        left.append(round(now - 100.0, 3))
    return left


def test_a_file_is_read_at_its_own_speed() -> None:
    """Packets leave as far apart as their times, a silence in the recording included."""
    assert paced([7.0, 7.04, 7.08, 17.08]) == [0.0, 0.04, 0.08, 10.08]


@pytest.mark.parametrize("leap_s", [-10_000.0, 10_000.0])
def test_a_leap_in_a_file_is_not_waited_for(leap_s: float) -> None:
    """Times that jump by hours go on one picture later, at their own speed from there."""
    assert paced([20_000.0, 20_000.04, 20_000.0 + leap_s, 20_000.04 + leap_s]) == [0.0, 0.04, 0.08, 0.12]


def test_a_file_without_times_is_paced_by_its_pictures_length() -> None:
    """A bare bitstream leaves at its declared rate, not all at once."""
    assert paced([None, None, None]) == [0.0, 0.04, 0.08]


def test_a_late_file_catches_up() -> None:
    """A packet that is overdue leaves at once."""
    pace = FilePace()
    pace.pause_s(0.0, 0.04, 100.0)
    assert pace.pause_s(0.04, 0.04, 101.0) == 0.0
