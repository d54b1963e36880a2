"""What a worker measures of its own load, and the capacity that it follows from."""

from dataclasses import dataclass

from vision.cluster.load import CAMERAS_PER_CORE, WINDOW_S, Load, Tally


@dataclass
class Hand:
    """A clock that only moves when told."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_nothing_measured_is_no_pressure() -> None:
    """Without a camera, and with too few frames to tell, there is no pressure."""
    load = Load(2, 0, 0, Hand())
    assert load.pressure == 0
    load.note({}, 0)
    load.note({"a": Tally(0, 0)}, 1)
    load.note({"a": Tally(1, 9)}, 1)
    assert load.pressure == 0
    assert load.capacity == 2 * CAMERAS_PER_CORE


def test_pressure_is_the_share_of_frames_that_were_lost() -> None:
    """It counts the frames of the last 20 s; what was before, and a camera that began anew, do not count."""
    clock = Hand()
    load = Load(1, 0, 0, clock)
    load.note({"a": Tally(1000, 5000), "b": Tally(10, 0)}, 2)
    clock.now = 1
    load.note({"a": Tally(1030, 5010), "b": Tally(0, 0)}, 2)
    assert load.pressure == 0.25
    clock.now = 2 + WINDOW_S
    load.note({"a": Tally(1060, 5010)}, 1)
    assert load.pressure == 0


def test_one_that_does_not_keep_up_takes_no_more() -> None:
    """Under pressure the capacity is what is held; a number set by a person stands."""
    clock = Hand()
    for most, capacity in ((0, 5), (7, 6)):
        load = Load(1, 1, most, clock)
        load.note({"a": Tally(0, 0)}, 5)
        load.note({"a": Tally(50, 50)}, 5)
        assert load.pressure == 0.5
        assert load.capacity == capacity


def test_one_that_keeps_up_takes_more_than_the_usual() -> None:
    """With all that is usual held and a window gone by easily, there is room for a few more."""
    clock = Hand()
    load = Load(1, 2, 0, clock)
    usual = CAMERAS_PER_CORE - 2
    load.note({}, usual)
    assert load.capacity == usual
    clock.now = WINDOW_S + 1
    load.note({"a": Tally(0, 0)}, usual)
    assert load.capacity == usual + 4
    load.note({"a": Tally(100, 0)}, usual + 4)
    assert load.capacity == usual + 4
