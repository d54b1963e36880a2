"""Families of scenes: what is in them, and that no scene to be scored is one to be fitted on."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.scenes import (
    CameraFault,
    Cloth,
    Colour,
    FogBank,
    Kind,
    Lens,
    LookAlike,
    Place,
    Scene,
    SceneEvent,
    Stage,
    Weather,
    opacity_scenes,
    scenes,
)
from benchmarks.scenes.families import Split, family_scenes
from vision.scene.health import PictureFault

IDEAL = Lens(noise_levels=0, vignette=0)
SMALL = Scene("small", 3, Place.STREET, Weather.OVERCAST, size_wh=(480, 270), fps=5, seconds=20, lens=IDEAL)


@cache
def stage_of(scene: Scene) -> Stage:
    """Return the scene's stage, made once."""
    return Stage(scene)


def image_at(scene: Scene, time_s: float) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the picture at `time_s` as signed numbers."""
    return stage_of(scene).frame(round(time_s * scene.fps)).image.astype(np.int64)


def test_nothing_to_fit_on_is_scored() -> None:
    """The two splits share no seed, place or name, and no name with the catalogue."""
    splits = [family_scenes(split) for split in Split]
    everything = [*splits[0], *splits[1], *scenes(), *opacity_scenes()]

    assert len({scene.name for scene in everything}) == len(everything)
    assert {scene.seed for scene in splits[0]}.isdisjoint(scene.seed for scene in splits[1])
    assert {scene.place for scene in splits[0]}.isdisjoint(scene.place for scene in splits[1])
    assert all(len({scene.seed for scene in split}) == len(split) for split in splits)


@pytest.mark.parametrize("split", list(Split))
def test_a_split_holds_every_family(split: Split) -> None:
    """Each split has smoke of every colour, every look-alike and every fault; quiet scenes say what they are."""
    found = family_scenes(split)
    smoke = {event.colour for scene in found for event in scene.events if event.kind is Kind.SMOKE}

    assert set(Colour) == smoke
    assert {scene.look_alike for scene in found if scene.fault is None and scene.is_quiet} == set(LookAlike)
    assert {scene.fault.kind for scene in found if scene.fault} == set(PictureFault)
    assert all(scene.look_alike is None for scene in found if not scene.is_quiet)


@pytest.mark.parametrize("scene", [scene for scene in family_scenes(Split.DEVELOP) if scene.name.endswith("-2")])
def test_every_family_renders(scene: Scene) -> None:
    """A scene of each family shows what emits, and something else to see."""
    frame = Stage(replace(scene, size_wh=(320, 180))).frame(scene.frames // 2)

    assert frame.image.std() > 4 or scene.fault is not None
    assert [sighting.visible for sighting in frame.truth.sightings] == [True] * len(scene.events)


@pytest.mark.parametrize("speed", [0.1, -0.1])
def test_exhaust_trails_the_lorry(speed: float) -> None:
    """Smoke of a lorry follows it through the picture, and is as opaque at the exhaust as was asked for."""
    event = SceneEvent(Kind.SMOKE, 1.0, 17.0, 0.8, Colour.BLACK, speed=speed)
    stage = stage_of(replace(SMALL, events=(event,)))
    early, late = (stage.frame(round(5 * time_s)).truth.sightings[0] for time_s in (5.0, 9.0))
    leading = 2 if speed > 0 else 0

    assert not stage.frame(0).truth.sightings[0].visible
    assert speed * (late.xyxy[leading] - early.xyxy[leading]) == pytest.approx(abs(speed) * 4 * 0.1 * 480, rel=0.15)
    readings = [stage.frame(index).truth.sightings[0].opacity_reading for index in range(20, 50, 2)]
    assert float(np.mean(readings)) == pytest.approx(0.8, abs=0.07)


def test_fog_rolls_in() -> None:
    """Contrast goes as the fog comes, and nothing before."""
    scene = replace(SMALL, fog=FogBank(4.0, 10.0, 0.9))
    clear, half, full = (image_at(scene, time_s).std() for time_s in (3.0, 7.0, 12.0))

    assert clear == pytest.approx(image_at(SMALL, 3.0).std())
    assert full < half < 0.9 * clear
    assert full < 0.6 * clear


def test_lightning_is_short() -> None:
    """A flash brightens the whole picture for a moment."""
    scene = replace(SMALL, weather=Weather.NIGHT, flashes_s=(4.0,))
    before, struck, after = (image_at(scene, time_s).mean() for time_s in (3.8, 4.0, 5.4))

    assert struck > 1.5 * before
    assert after == pytest.approx(before, rel=0.1)


def test_cloth_waves_where_it_hangs() -> None:
    """A red cloth moves and stays red; the rest of the picture is as without it."""
    scene = replace(SMALL, cloths=(Cloth((0.5, 0.3), (0.12, 0.14)),))
    first, later, bare = image_at(scene, 1.0), image_at(scene, 1.4), image_at(SMALL, 1.0)
    cloth = np.abs(first - bare).max(-1) > 40

    assert 400 < cloth.sum() < 4000
    assert (first[cloth][:, 2] > 2 * first[cloth][:, 0]).mean() > 0.8
    assert (np.abs(first - later)[cloth].max(-1) > 30).mean() > 0.02


def test_oncoming_lamps_grow() -> None:
    """Vehicles that come nearer at night shine brighter and larger than the dark around them."""
    scene = replace(SMALL, place=Place.HILLS, weather=Weather.NIGHT, oncoming=4)
    glare = [(image_at(scene, time_s).min(-1) > 150).sum() for time_s in np.arange(0, 12, 1.0)]

    assert max(glare) > 4 * max(min(glare), 1)
    assert (image_at(replace(scene, oncoming=0), 3.0).min(-1) > 150).sum() == 0


def test_infrared_has_no_colour() -> None:
    """From the switch on, pictures are grey and of another brightness."""
    scene = replace(SMALL, lens=replace(IDEAL, infrared_s=4.0))
    before, after = image_at(scene, 3.8), image_at(scene, 4.0)

    assert np.ptp(before, axis=-1).max() > 20
    assert np.ptp(after, axis=-1).max() == 0
    assert after.mean() > before.mean() + 10


@pytest.mark.parametrize("kind", list(PictureFault))
def test_faults_come_and_go(kind: PictureFault) -> None:
    """Before its fault and after it the camera shows its place; during it the fault."""
    scene = replace(SMALL, vehicles=4, lens=Lens(noise_levels=1.5), fault=CameraFault(kind, 4.0, 14.0))
    start, during, later, after = (image_at(scene, time_s) for time_s in (2.0, 10.0, 10.4, 16.0))
    edges = [float(np.abs(np.diff(image.mean(-1), axis=1)).mean()) for image in (start, during)]

    assert np.abs(after - start).mean() < 8
    match kind:
        case PictureFault.BLACK:
            assert np.percentile(during, 99) < 12
        case PictureFault.GLARE:
            assert (during.min(-1) > 250).mean() > 0.6
        case PictureFault.FROZEN:
            assert np.array_equal(during, later)
            assert not np.array_equal(during, start)
        case PictureFault.COVERED | PictureFault.BLURRED:
            assert edges[1] < 0.5 * edges[0]
        case PictureFault.MOVED:
            assert np.abs(during - start).mean() > 10
            assert edges[1] > 0.7 * edges[0]


def test_a_moved_camera_has_no_events() -> None:
    """Boxes would be wrong after the move: such a scene is refused."""
    smoke = (SceneEvent(Kind.SMOKE, 1.0, 9.0, 0.8),)
    with pytest.raises(ValueError, match="moved camera can have no events"):
        replace(SMALL, events=smoke, fault=CameraFault(PictureFault.MOVED, 4.0))
