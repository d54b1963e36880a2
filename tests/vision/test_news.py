"""News: what one picture shows that the place usually does not."""

import numpy as np
import pytest

from vision.news import NOISE_LEVELS, TIMES, News

WH = (640, 360)
BOX = (100.0, 100.0, 200.0, 200.0)


def news(change: float, wont: float = 0.0) -> News:
    """Return a picture that differs everywhere by so many levels, where it is wont to by as many."""
    return News(np.full((180, 320), change, np.float32), np.full((180, 320), wont, np.float32))


def test_noise_is_no_news() -> None:
    """What differs by twice the noise at most, as usual pictures do."""
    assert news(2 * NOISE_LEVELS).share_in(BOX, WH) == 0
    assert news(2 * NOISE_LEVELS + 0.1).share_in(BOX, WH) == 1


def test_half_a_box_may_be_new() -> None:
    """The share of its cells counts; a box outside of the picture has none."""
    seen = news(0.0)
    seen.change[:, :75] = 10.0

    assert seen.share_in(BOX, WH) == pytest.approx(0.5, abs=0.02)
    assert seen.share_in((700.0, 0.0, 800.0, 50.0), WH) == 0
    assert seen.where.mean() == pytest.approx(75 / 320)


@pytest.mark.parametrize("confidence", [0.0, 0.25, 0.75, 1.0])
def test_the_less_sure_the_more_must_differ(confidence: float) -> None:
    """Where six levels are wont; what is no more than noise is never news."""
    limit = max(2 * NOISE_LEVELS, TIMES * (1 - confidence) * 6.0)

    assert news(limit - 0.1, wont=6.0).unwonted_in(BOX, WH, confidence) == 0
    assert news(limit + 0.1, wont=6.0).unwonted_in(BOX, WH, confidence) == 1


def test_without_habits_both_shares_are_one() -> None:
    """A watch that has just begun asks for no more than a change."""
    assert news(5.0).unwonted_in(BOX, WH, 0.1) == news(5.0).share_in(BOX, WH) == 1
