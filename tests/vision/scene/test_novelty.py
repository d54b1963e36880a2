"""Novelty: what history does not explain."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.vision.moments import moment
from vision.scene.novelty import WARM_UP_S, Novelty

Cells = NDArray[np.float32]


def street(s: float) -> Cells:
    """Return a picture with noise, and one row of cells that traffic changes from one picture to the next."""
    random = np.random.default_rng(int(s * 10))
    cells = np.full((36, 64), 100, np.float32) + random.normal(0, 2, (36, 64)).astype(np.float32)
    cells[30] += random.choice([-60, 0, 0, 60], 64)
    return cells


def with_plume(s: float, levels: float = -40.0) -> Cells:
    """Return the street with a plume of 6 x 6 cells over it."""
    cells = street(s)
    cells[5:11, 20:26] += levels
    return cells


def watched(
    novelty: Novelty, view: Callable[[float], Cells], start: float, end: float, step: float = 2.0
) -> list[bool]:
    """Show a view from `start` to `end`; return at which pictures something was new."""
    seen = []
    for s in np.arange(start, end, step):
        novelty.observe(view(float(s)), moment(float(s)), is_steady=True)
        seen.append(novelty.is_new)
    return seen


def test_the_first_picture_is_nothing_new() -> None:
    """Without a history nothing is new, whatever the picture shows."""
    novelty = Novelty()
    novelty.observe(with_plume(0), moment(0), is_steady=True)
    assert (novelty.is_new, novelty.share) == (False, 0.0)


def test_a_busy_street_is_usual() -> None:
    """Noise and traffic over ten minutes are never new."""
    assert not any(watched(Novelty(), street, 0, 600))


@pytest.mark.parametrize("levels", [-40.0, 25.0])
def test_a_plume_is_new_at_its_second_picture(levels: float) -> None:
    """Dark or bright: one picture may be a bird, two are worth a closer look."""
    novelty = Novelty()
    watched(novelty, street, 0, 120)
    assert watched(novelty, lambda s: with_plume(s, levels), 120, 126) == [False, True, True]


def test_it_lasts_as_long_in_focus_as_on_patrol() -> None:
    """At two pictures a second the plume is new after as many seconds, not after as many pictures."""
    novelty = Novelty()
    watched(novelty, street, 0, 120)
    assert watched(novelty, with_plume, 120, 123, step=0.5) == [False] * 3 + [True] * 3


def test_what_stays_becomes_usual() -> None:
    """A parked lorry is new for a while and then belongs to the picture."""
    novelty = Novelty()
    watched(novelty, street, 0, 120)
    new = watched(novelty, with_plume, 120, 900)
    assert new[1]
    assert sum(new) * 2 < 240
    assert not new[-1]


def test_nothing_is_new_while_the_history_is_short() -> None:
    """A camera that has just started learns first."""
    novelty = Novelty()
    watched(novelty, street, 0, WARM_UP_S / 2)
    assert not any(watched(novelty, with_plume, WARM_UP_S / 2, WARM_UP_S))


def test_a_change_of_the_whole_picture_is_learnt_anew() -> None:
    """Switched to infra-red, everything is different and nothing is a sign."""
    novelty = Novelty()
    watched(novelty, street, 0, 120)
    novelty.observe(255 - street(120), moment(120), is_steady=False)
    assert not any(watched(novelty, lambda s: 255 - street(s), 122, 300))


def test_another_epoch_has_another_history() -> None:
    """Times of two epochs do not compare: the history begins again."""
    novelty = Novelty()
    watched(novelty, street, 0, 120)
    novelty.observe(with_plume(0), moment(0, epoch=1), is_steady=True)
    novelty.observe(with_plume(2), moment(2, epoch=1), is_steady=True)
    assert not novelty.is_new
