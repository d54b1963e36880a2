"""The opacity benchmark's cases and how they are counted."""

import pytest

from benchmarks.opacity import Case, grouped, score
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
from vision.config.zones import Outlet

READ = Case("opacity-a", "black", "houses", 2_000_000, 0.5, 0.53, 0.02, 0.4, "black", "")
WORSE = Case("held-b", "white", "houses", 2_000_000, 0.5, 0.4, 0.02, None, "white", "")
REFUSED = Case("held-c", "white", "sky", 2_000_000, 0.5, None, None, None, "", "no_contrast")


def test_nothing_read_has_no_error() -> None:
    """No case: neither mean nor worst error."""
    counted = score([])
    assert (counted.cases, counted.numbers, counted.refused) == (0, 0, {})
    assert (counted.mean_error, counted.worst_error, counted.within_2_sd) == (None, None, None)


def test_refusals_are_counted_by_reason_and_bear_no_error() -> None:
    """Mean and worst are of readings with a number; one of the two lies within twice its uncertainty."""
    counted = score([READ, WORSE, REFUSED])
    assert (counted.cases, counted.numbers, counted.refused) == (3, 2, {"no_contrast": 1})
    assert counted.mean_error == pytest.approx(0.065)
    assert counted.worst_error == pytest.approx(0.1)
    assert counted.within_2_sd == 0.5


def test_scenes_to_fit_on_and_scenes_to_score_are_never_counted_together() -> None:
    """Each set has its own figures, by background, colour and bit rate."""
    groups = grouped([READ, WORSE, REFUSED])
    assert groups["develop: houses, black"] == groups["develop: 2 Mbit/s"] == score([READ])
    assert groups["held-out: houses, white"] == score([WORSE])
    assert groups["held-out: sky, white"].refused == {"no_contrast": 1}
    assert groups["held-out: 2 Mbit/s"] == score([WORSE, REFUSED])


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
