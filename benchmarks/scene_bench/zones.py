"""Zones of rendered scenes, as an operator would draw them on a live picture: on what stands there."""

from benchmarks.scenes.backdrop.place import backdrop
from benchmarks.scenes.scene import Place, Scene
from vision.config.camera import ZoneConfig
from vision.config.zones import Outlet, ZoneKind

_WITH_STACK = frozenset({Place.WORKS, Place.POWER_PLANT})
_DEEP = 0.1
"""Height of a drawn outlet below its lip, as a fraction of the picture's."""


def outlet_zone(outlet: Outlet, size_wh: tuple[int, int], name: str = "outlet") -> ZoneConfig:
    """Return an outlet of a picture of that size as a zone."""
    width, height = size_wh
    left, right = (outlet.x - outlet.width_px / 2) / width, (outlet.x + outlet.width_px / 2) / width
    top = outlet.y / height
    low = min(1.0, top + _DEEP)
    return ZoneConfig(name=name, kind=ZoneKind.OUTLET, polygon=((left, top), (right, top), (right, low), (left, low)))


def zones_of(scene: Scene) -> tuple[ZoneConfig, ...]:
    """Return the outlet of the stack that dominates the scene's place; none where the place has no stack."""
    if scene.place not in _WITH_STACK:
        return ()
    place = backdrop(scene)
    width, height = scene.size_wh
    lip = Outlet(place.lip[0] * width, place.lip[1] * height, place.lip_width * width)
    return (outlet_zone(lip, scene.size_wh, "stack"),)
