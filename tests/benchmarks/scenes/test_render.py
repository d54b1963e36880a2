"""Rendered frames and their truth."""

from dataclasses import replace
from functools import cache
from itertools import cycle

import numpy as np
import pytest

from benchmarks.scenes import Colour, Kind, Lens, Place, Scene, SceneEvent, Stage, Weather
from benchmarks.scenes.light import decode, encode
from benchmarks.scenes.scene import Sighting

IDEAL = Lens(noise_levels=0, vignette=0)
SMOKE = SceneEvent(Kind.SMOKE, 1.0, 60.0, 0.7, Colour.BLACK)
SCENE = Scene("small", 3, Place.WORKS, Weather.OVERCAST, (SMOKE,), size_wh=(480, 270), fps=5, seconds=8)


@cache
def stage_of(scene: Scene) -> Stage:
    """Return the scene's stage, made once: frames do not depend on what was rendered before."""
    return Stage(scene)


def sighting(scene: Scene, time_s: float) -> Sighting:
    """Return the first event's sighting at `time_s`."""
    return stage_of(scene).frame(round(time_s * scene.fps)).truth.sightings[0]


def test_same_scene_same_frames() -> None:
    """Two stages of one scene give the same frames bit for bit, in whatever order they are asked for."""
    first, second = Stage(SCENE), Stage(SCENE)
    forward = [first.frame(index).image for index in (0, 12, 25)]
    backward = [second.frame(index).image for index in (25, 12, 0)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forward, backward, strict=True))


def test_seed_changes_the_scene() -> None:
    """Another seed gives another picture."""
    assert not np.array_equal(stage_of(SCENE).frame(0).image, stage_of(replace(SCENE, seed=4)).frame(0).image)


def test_clip_has_its_frames() -> None:
    """A scene yields as many frames as its length and rate say, at even times, in its size."""
    scene = replace(SCENE, seconds=1.0)
    frames = list(stage_of(scene).frames())
    assert [frame.truth.time_s for frame in frames] == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert {(270, 480, 3)} == {frame.image.shape for frame in frames}


@pytest.mark.parametrize(("weather", "place"), [*zip(Weather, cycle(Place), strict=False)])
def test_every_place_and_every_sky(weather: Weather, place: Place) -> None:
    """Every place and every sky render with something to see in them and nothing emitted."""
    frame = stage_of(replace(SCENE, place=place, weather=weather, events=(), vehicles=3)).frame(3)
    assert frame.image.std() > 8
    assert frame.opacity.max() == 0
    assert frame.truth.sightings == ()


def test_nothing_before_the_start() -> None:
    """Before its start an event is invisible and the picture is that of the empty scene."""
    frame = stage_of(SCENE).frame(4)
    assert not frame.truth.sightings[0].visible
    assert np.array_equal(frame.image, stage_of(replace(SCENE, events=())).frame(4).image)


def test_box_holds_what_is_seen() -> None:
    """The box is the tightest one around all pixels more than 5 % opaque."""
    frame = stage_of(SCENE).frame(25)
    rows, columns = np.nonzero(frame.opacity > 0.05)
    expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert expected == frame.truth.sightings[0].xyxy
    assert frame.truth.sightings[0].opacity_max == pytest.approx(frame.opacity.max())


@pytest.mark.parametrize(
    "events", [(SMOKE,), (SMOKE, SceneEvent(Kind.FIRE, 0.0, 9.0, 0.9, Colour.YELLOW, (0.5, 0.9), 0.06))]
)
def test_light_adds_up(events: tuple[SceneEvent, ...]) -> None:
    """An ideal camera records transmission times background plus path radiance, in linear light (domain.md 1.6)."""
    stage = stage_of(replace(SCENE, events=events, lens=IDEAL))
    light = stage.exposure(5.0)
    expected = light.transmission[..., None] * light.background + light.path
    frame = stage.frame(25)
    assert np.abs(frame.image.astype(int) - encode(np.ascontiguousarray(expected))).max() <= 1
    assert light.path.min() > -1e-4
    assert np.allclose(1 - light.transmission, frame.opacity)


@pytest.mark.parametrize(
    ("colour", "opacity"),
    [
        (Colour.BLACK, 0.2),
        (Colour.BLACK, 0.7),
        (Colour.BLACK, 1.0),
        (Colour.GREY, 0.4),
        (Colour.WHITE, 0.7),
        (Colour.YELLOW, 0.6),
    ],
)
def test_opacity_is_recovered(colour: Colour, opacity: float) -> None:
    """Two backgrounds seen through a plume, as 8-bit pictures, give back its opacity to 2 points, pixel by pixel."""
    stage = stage_of(replace(SCENE, events=(replace(SMOKE, colour=colour, opacity=opacity),), lens=IDEAL))
    bright, dark = (np.full((270, 480, 3), light, np.float32) for light in (0.55, 0.03))
    through = [decode(encode(stage.over(background, 5.0).seen)) for background in (bright, dark)]
    before = [decode(encode(background)) for background in (bright, dark)]
    recovered = 1 - (through[0] - through[1]).mean(-1) / (before[0] - before[1]).mean(-1)
    assert np.abs(recovered - (1 - stage.exposure(5.0).transmission)).max() < 0.02


@pytest.mark.parametrize("opacity", [0.1, 0.4, 0.7, 0.95])
def test_opacity_is_the_one_asked_for(opacity: float) -> None:
    """The reading just above the outlet is on average the event's opacity, within 5 points."""
    stage = stage_of(replace(SCENE, events=(replace(SMOKE, opacity=opacity),)))
    readings = [stage.frame(index).truth.sightings[0].opacity_reading for index in range(20, 100, 4)]
    assert opacity == pytest.approx(np.mean(readings), abs=0.05)


def test_no_opacity_no_plume() -> None:
    """A plume of 0 % leaves the picture as it is."""
    clear = stage_of(replace(SCENE, events=(replace(SMOKE, opacity=0.0),))).frame(25)
    assert clear.opacity.max() == 0
    assert not clear.truth.sightings[0].visible
    assert np.array_equal(clear.image, stage_of(replace(SCENE, events=())).frame(25).image)


@pytest.mark.parametrize(("wind", "side"), [(3.0, 1), (-3.0, -1)])
def test_plume_goes_with_the_wind(wind: float, side: int) -> None:
    """The plume leaves the stack's lip downwind and spreads as it goes."""
    scene = replace(SCENE, wind=wind)
    early, late = sighting(scene, 2.5).xyxy, sighting(scene, 7.0).xyxy
    outlet = stage_of(scene)._axes[0][0][0]
    assert side * ((late[0] + late[2]) / 2 - outlet) > side * ((early[0] + early[2]) / 2 - outlet) > 0
    assert late[2] - late[0] > early[2] - early[0]


def test_smoke_drifts_off_after_the_end() -> None:
    """When the source stops, smoke stays in the air for a while but there is nothing left to read at the outlet."""
    after = sighting(replace(SCENE, events=(replace(SMOKE, end_s=4.0),)), 6.0)
    assert after.visible
    assert after.opacity_reading < 0.05


def test_steam_evaporates() -> None:
    """Steam is gone within some outlet widths where smoke of the same opacity still goes on."""
    steam = replace(SMOKE, kind=Kind.STEAM, colour=Colour.WHITE)
    scene = replace(SCENE, seconds=12)
    reach = [
        np.ptp(np.array(sighting(replace(scene, events=(event,)), 11.0).xyxy).reshape(2, 2), axis=0).max()
        for event in (steam, SMOKE)
    ]
    assert reach[0] < 0.5 * reach[1]


@pytest.mark.parametrize(("colour", "brighter"), [(Colour.BLACK, False), (Colour.WHITE, True)])
def test_colours_look_their_names(colour: Colour, *, brighter: bool) -> None:
    """Before a mid-grey background black smoke darkens and white smoke brightens."""
    stage = stage_of(replace(SCENE, weather=Weather.CLEAR, events=(replace(SMOKE, colour=colour),)))
    light = stage.over(np.full((270, 480, 3), 0.25, np.float32), 5.0)
    dense = light.transmission < 0.5
    assert brighter == bool(light.seen[dense].mean() > 0.25)


def test_yellow_is_yellow() -> None:
    """A yellow plume has less blue than red in what it adds."""
    light = stage_of(replace(SCENE, events=(replace(SMOKE, colour=Colour.YELLOW),))).exposure(5.0)
    dense = light.transmission < 0.5
    assert light.path[dense][:, 0].mean() < 0.6 * light.path[dense][:, 2].mean()


def test_flames_are_bright_and_flicker() -> None:
    """Flames saturate red somewhere, change from frame to frame, and are gone after the end."""
    fire = SceneEvent(Kind.FIRE, 0.0, 5.0, 0.9, Colour.YELLOW, (0.5, 0.8), 0.12)
    stage = stage_of(replace(SCENE, place=Place.YARD, events=(fire,), lens=IDEAL))
    frames = [stage.frame(index) for index in (20, 21, 35)]
    left, top, right, bottom = (int(v) for v in frames[0].truth.sightings[0].xyxy)
    assert frames[0].image[top:bottom, left:right, 2].max() == 255
    assert np.abs(frames[0].opacity - frames[1].opacity).max() > 0.2
    assert not frames[2].truth.sightings[0].visible


def test_vehicles_move() -> None:
    """On a street the pictures of two moments differ on the road, and not where the houses stand."""
    stage = stage_of(replace(SCENE, place=Place.STREET, events=(), vehicles=6, lens=IDEAL))
    change = np.abs(stage.frame(0).image.astype(int) - stage.frame(5).image).max(-1)
    assert (change[215:255] > 30).mean() > 0.01
    assert change[185:195].max() == 0


def test_shake_moves_picture_and_truth_together() -> None:
    """A shaken picture shows the plume where the opacity of the same frame says, wherever it wandered."""
    shaken = stage_of(replace(SCENE, lens=Lens(noise_levels=0, vignette=0, shake_px=4.0)))
    still = stage_of(replace(SCENE, lens=IDEAL))
    index = max(range(15, 40), key=lambda number: abs(shaken.offset_px(number / 5)[0]))
    dx, dy = (round(v) for v in shaken.offset_px(index / 5))
    moved, fixed = shaken.frame(index), still.frame(index)
    assert abs(dx) >= 2
    inside = (slice(20, 200), slice(40, 440))
    rolled = np.roll(fixed.opacity, (dy, dx), (0, 1))
    rows, columns = np.nonzero(moved.opacity > 0.05)
    held = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert np.allclose(held, moved.truth.sightings[0].xyxy, atol=1.5)
    assert np.abs(moved.opacity - rolled)[inside].mean() < 0.2 * np.abs(fixed.opacity - rolled)[inside].mean()
    picture = np.roll(fixed.image, (dy, dx), (0, 1)).astype(int)
    assert (
        np.abs(moved.image - picture)[inside].mean()
        < 0.7 * np.abs(moved.image - fixed.image.astype(int))[inside].mean()
    )


def test_exposure_drifts() -> None:
    """With drift the whole picture brightens and darkens by the asked share."""
    stage = stage_of(replace(SCENE, events=(), lens=Lens(noise_levels=0, vignette=0, exposure_drift=0.2)))
    bright, dark = (decode(stage.frame(index).image)[200:].mean() for index in (25, 75))
    assert pytest.approx(bright / dark, abs=0.05) == 1.5
