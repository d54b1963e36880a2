import pytest

from benchmarks.capacity.budget import Due, intervals, missed, slope, unexplained
from benchmarks.capacity.record import Entry, Outcome, Window, by_camera

WINDOW = Window(100.0, 110.0)


def _entry(known_s: float, camera: str = "a", *, delay_s: float = 0.1, outcome: Outcome = Outcome.ANALYSED) -> Entry:
    return Entry(camera, outcome, True, known_s, 1000.0 + known_s - delay_s, delay_s)  # noqa: FBT003


def test_a_silent_camera_is_one_gap_of_the_whole_window() -> None:
    """Without a picture the gap is the window, and the camera is named."""
    found = intervals({"a": []}, WINDOW)
    assert (found.gaps_s, found.silent) == ((10.0,), ("a",))


def test_no_camera_has_no_interval() -> None:
    """Of nothing every quantile is infinite: it holds no budget."""
    assert float("inf") == intervals({}, WINDOW).quantile(0.5)


def test_gaps_are_those_of_capture_within_the_window() -> None:
    """What was known before or after the window does not count; a late analysis does not stretch a gap."""
    entries = [_entry(99.0), _entry(101.0), _entry(103.5, delay_s=0.6), _entry(105.0), _entry(109.0), _entry(111.0)]
    found = intervals({"a": entries}, WINDOW)
    assert pytest.approx(found.gaps_s) == [2.0, 2.0, 4.0]
    assert found.silent == ()


def test_a_camera_that_falls_silent_has_an_open_gap() -> None:
    """From its last picture to the window's end, where that is longer than its other gaps."""
    found = intervals({"a": [_entry(101.0), _entry(103.0)]}, WINDOW)
    assert pytest.approx(found.gaps_s) == [2.0, 7.0]


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ([], 0),
        ([101, 103, 105], 0),
        ([101, 105], 1),
        ([101, 103.4, 105.1], 0),
        ([101, 107.6], 2),
        ([101, 101.5, 102], 0),
    ],
)
def test_pictures_missed_are_those_due_between_two(moments: list[float], expected: int) -> None:
    """One is due every step; jitter of a quarter is allowed for, and pictures in between miss nothing."""
    assert expected == missed([_entry(moment) for moment in moments], WINDOW, 2.0)


def test_what_was_lost_before_the_window_is_not_missed_in_it() -> None:
    """A machine that is behind analyses within the window what it lost pictures of before, and counted then."""
    late = [_entry(101.0, delay_s=8.0), _entry(102.0, delay_s=5.0), _entry(104.0, delay_s=3.0)]
    assert missed(late, WINDOW, 1.0) == 0
    assert missed([*late, _entry(109.0, delay_s=4.0)], WINDOW, 1.0) == 3


@pytest.mark.parametrize(
    ("lost", "counted", "expected"),
    [
        (0, {}, 0),
        (3, {}, 3),
        (3, {"replaced": 1, "passed_over": 2}, 0),
        (3, {"undelivered": 51}, 1),
        (1, {"replaced": 4}, 0),
    ],
)
def test_lost_pictures_are_explained_by_the_workers_counts(lost: int, counted: dict[str, int], expected: int) -> None:
    """Each count explains one picture that was due; of what a camera did not send one in fifty was, every 2 s."""
    assert expected == unexplained(lost, counted, Due("H.264", 2.0, 25.0))


def test_only_analysed_pictures_count_by_camera() -> None:
    """Stale and failed ones are not looks; a camera without any is there with none; order is that of capture."""
    stale = _entry(101.0, outcome=Outcome.STALE)
    late, early = _entry(104.0), _entry(102.0)
    assert {"a": [early, late], "b": []} == by_camera([stale, late, early], ["a", "b"])


def test_a_slope_needs_two_numbers_of_cameras() -> None:
    """Memory of 340 MB and 25 MB a camera is found as 25; one number of cameras says nothing."""
    assert slope([]) is None
    assert slope([(8, 540.0), (8, 560.0)]) is None
    assert pytest.approx(slope([(8, 540.0), (16, 740.0), (32, 1140.0)])) == 25.0
