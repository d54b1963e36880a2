"""Habit: what a place is wont to do."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.frame import BgrImage
from tests.vision.moments import moment
from vision.habit import MOST_LEVELS, Habit
from vision.magnifier import Magnifier

SHAPE = (36, 64)
STACK = (slice(8, 22), slice(18, 34))
LIP = (15, 26)
GROUND = (30, 5)


def differing(levels: float) -> NDArray[np.float32]:
    """Return by how much each cell of a picture differs when the sky behind a stack's lip does."""
    change = np.zeros(SHAPE, np.float32)
    change[STACK] = levels
    return change


def after(minutes: float, levels: float, *, every: int = 3) -> Habit:
    """Return the habit of a place where a cloud stands in each `every`-th of the pictures, one in five seconds."""
    habit = Habit()
    for number in range(round(minutes * 12)):
        habit.observe(differing(levels if number % every == 0 else 0.0), moment(number * 5.0))
    return habit


def test_nothing_is_wont_before_a_place_is_known() -> None:
    """Nor for pictures of another size."""
    assert not Habit().levels(SHAPE).any()
    assert not after(30, 9.0).levels((18, 32)).any()


def test_what_comes_and_goes_for_half_an_hour_becomes_usual() -> None:
    """Nine levels in a third of the time are three in the mean, and none where nothing ever differs."""
    levels = after(45, 9.0).levels(SHAPE)

    assert levels[LIP] == pytest.approx(3.0, rel=0.15)
    assert levels[GROUND] == 0


def test_what_lasts_as_long_as_an_event_hardly_counts() -> None:
    """Twenty seconds of thick smoke in a quiet place."""
    habit = Habit()
    for number in range(40):
        habit.observe(differing(80.0), moment(number / 2))

    assert habit.levels(SHAPE)[LIP] < 0.5


def test_thick_smoke_that_never_ends_counts_in_part() -> None:
    """However often it comes, what is wont stays below what thick smoke changes."""
    assert after(240, 80.0, every=1).levels(SHAPE)[LIP] == pytest.approx(MOST_LEVELS, abs=0.1)


def test_a_gap_is_no_habit() -> None:
    """A picture after an hour without any stands for ten seconds, not for the hour."""
    habit = Habit()
    habit.observe(differing(0.0), moment(0.0))
    habit.observe(differing(12.0), moment(3600.0))

    assert habit.levels(SHAPE)[LIP] < 0.25


def test_what_was_known_is_gone_after_a_turn() -> None:
    """Another place has other habits."""
    habit = after(45, 9.0)
    habit.forget()

    assert not habit.levels(SHAPE).any()


def place(change: float = 0.0) -> BgrImage:
    """Return a picture of stripes, one piece of which is darker by so many levels."""
    image = np.full((180, 320, 3), 120, np.float32)
    image[:, ::16] = 160
    image[80:130, 110:160] -= change
    return image.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("levels", "confidence", "is_news"), [(12.0, 0.3, False), (12.0, 0.8, True), (40.0, 0.3, True)]
)
def test_a_cloud_that_comes_each_minute_is_no_news_and_smoke_there_is(
    levels: float, confidence: float, *, is_news: bool
) -> None:
    """Forty minutes of patrol: as much as always is news only where the detector is sure, more is so anyway."""
    magnifier = Magnifier()
    for number in range(480):
        image, time = place(12.0 if number % 12 < 4 else 0.0), moment(number * 5.0)
        magnifier.look(image, time)
        magnifier.learn(image, time)
    news = magnifier.news(place(levels), moment(2400.0))

    assert news is not None
    box = (110.0, 80.0, 160.0, 130.0)
    assert news.share_in(box, (320, 180)) > 0.9
    assert (news.unwonted_in(box, (320, 180), confidence) > 0.5) == is_news


def test_what_a_place_is_wont_to_do_is_not_made_stronger() -> None:
    """So it is not boxed again and again, and a cloudy day costs no second detection a picture."""
    shown = {}
    for is_wont in (True, False):
        magnifier = Magnifier()
        for number in range(480):
            image, time = place(12.0 if is_wont and number % 12 < 6 else 0.0), moment(number * 5.0)
            magnifier.look(image, time)
            magnifier.learn(image, time)
        shown[is_wont] = magnifier.look(place(5.0), moment(2400.0))

    assert shown[True] is None
    assert shown[False] is not None
