"""The opacity benchmark's cases and how they are counted."""

import math

import pytest

from benchmarks.opacity import Case, score
from benchmarks.opacity_cases import (
    CLEAN_S,
    FPS,
    SECONDS,
    clip_scenes,
    invalid_scenes,
    narrow_scenes,
    outlet_of,
    zone_of,
)
from vision.zones import Outlet

READ = Case("a", "black", 2_000_000, 0.5, 0.53, 0.02, 0.4, "black", "")
WORSE = Case("b", "white", 2_000_000, 0.5, 0.4, 0.02, None, "white", "")
REFUSED = Case("c", "white", 2_000_000, 0.5, None, None, None, "", "no_contrast")


def test_nothing_read_has_no_error() -> None:
    """No case: neither mean nor worst error."""
    counted = score([])
    assert (counted.cases, counted.numbers, counted.refused) == (0, 0, {})
    assert math.isnan(counted.mean_error)


def test_refusals_are_counted_by_reason_and_bear_no_error() -> None:
    """Mean and worst are of readings with a number; one of the two lies within twice its uncertainty."""
    counted = score([READ, WORSE, REFUSED])
    assert (counted.cases, counted.numbers, counted.refused) == (3, 2, {"no_contrast": 1})
    assert counted.mean_error == pytest.approx(0.065)
    assert counted.worst_error == pytest.approx(0.1)
    assert counted.within_2_sd == 0.5


def test_every_scene_begins_clean_and_lasts_two_readings() -> None:
    """Except the one that shows a plume from the beginning, whose background nobody has seen."""
    scenes = [*clip_scenes(), *narrow_scenes(), *invalid_scenes()]
    assert len({scene.name for scene in scenes}) == len(scenes)
    assert {(scene.fps, scene.seconds) for scene in scenes} == {(FPS, SECONDS)}
    early = [scene.name for scene in scenes if scene.events[0].start_s < CLEAN_S]
    assert early == ["invalid-from-the-beginning"]


def test_an_outlet_is_drawn_where_it_is() -> None:
    """The zone that an operator would draw gives the outlet back."""
    for scene in (*clip_scenes()[:12], *invalid_scenes()):
        wanted = outlet_of(scene)
        drawn = Outlet.of(zone_of(scene).polygon, scene.size_wh)
        assert (drawn.x, drawn.y, drawn.width_px) == pytest.approx((wanted.x, wanted.y, wanted.width_px))
