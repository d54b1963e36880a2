"""Scenes for the opacity benchmark: plumes of known opacity, and conditions under which nothing may be read."""

from dataclasses import replace

from benchmarks.scene_bench.zones import outlet_zone
from benchmarks.scenes.backdrop.place import backdrop
from benchmarks.scenes.catalogue import opacity_scenes
from benchmarks.scenes.families import Split
from benchmarks.scenes.scene import Colour, Kind, Lens, Place, Scene, SceneEvent, Weather
from vision.config.camera import ZoneConfig
from vision.config.zones import Outlet
from vision.plume.ringelmann import READING_S

CLEAN_S = 10.0
"""Seconds before anything leaves the outlet: what a background is learnt from."""

SECONDS = 2 * READING_S + 0.5
"""Length of a clip: two readings, and the picture that ends the second."""

FPS = 2.0
"""Pictures a second of a clip; each is analysed, as in focus."""

NARROW = "narrow"
_WALL = (0.5, 0.70)
_WIDTH = 0.03


def clip_scenes(split: Split = Split.DEVELOP, fps: float = FPS) -> tuple[Scene, ...]:
    """Return the catalogue's opacity scenes, with the clean seconds and the length that a watch needs."""
    return tuple(
        replace(scene, fps=fps, events=tuple(replace(event, start_s=CLEAN_S) for event in scene.events))
        for scene in opacity_scenes(SECONDS, split)
    )


def narrow_scenes() -> tuple[Scene, ...]:
    """Return plumes before houses from outlets of 15 pixels at 1280: what distance takes from a reading."""
    wanted = [
        scene
        for scene in clip_scenes()
        if scene.name.endswith("houses") and any(text in scene.name for text in ("040", "080"))
    ]
    return tuple(
        replace(scene, name=f"{NARROW}-{scene.name}", events=(replace(scene.events[0], width=0.012),))
        for scene in wanted
    )


def invalid_scenes() -> tuple[Scene, ...]:
    """Return scenes in which a number would be a guess, each named after what is wrong."""
    plume = SceneEvent(Kind.SMOKE, CLEAN_S, SECONDS, 0.6, Colour.WHITE, _WALL, _WIDTH)
    stack = replace(plume, at=None, width=None)

    def scene(name: str, place: Place, weather: Weather, event: SceneEvent, lens: Lens | None = None) -> Scene:
        return Scene(f"invalid-{name}", 900, place, weather, (event,), fps=FPS, seconds=SECONDS, lens=lens or Lens())

    return (
        scene("fog", Place.STREET, Weather.FOG, plume),
        scene("rain", Place.STREET, Weather.RAIN, plume),
        scene("even-sky", Place.WORKS, Weather.OVERCAST, stack),
        scene("clouds", Place.WORKS, Weather.CLOUDY, stack),
        scene("shake", Place.STREET, Weather.CLEAR, plume, Lens(shake_px=6.0)),
        scene("far", Place.STREET, Weather.CLEAR, replace(plume, width=0.006)),
        scene("from-the-beginning", Place.STREET, Weather.CLEAR, replace(plume, start_s=-20.0)),
        scene("steam", Place.WORKS, Weather.CLEAR, replace(stack, kind=Kind.STEAM, opacity=0.9, end_s=1e6)),
        scene("glare", Place.STREET, Weather.CLEAR, plume, Lens(exposure_drift=2.5)),
        scene("dusk", Place.STREET, Weather.DUSK, plume),
    )


def zone_of(scene: Scene) -> ZoneConfig:
    """Return the outlet of the scene's first event as an operator would draw it."""
    return outlet_zone(outlet_of(scene), scene.size_wh)


def background_of(scene: Scene) -> str:
    """Return what the scene's plume stands before: ``sky`` above a stack, ``houses`` otherwise."""
    return "sky" if scene.events[0].at is None else "houses"


def outlet_of(scene: Scene) -> Outlet:
    """Return where the scene's first event leaves."""
    event, place = scene.events[0], backdrop(scene)
    width, height = scene.size_wh
    at = event.at or place.lip
    return Outlet(at[0] * width, at[1] * height, (event.width or place.lip_width) * width)
