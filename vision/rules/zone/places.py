"""Places of smoke: where in a picture a family of the catalogue looks for it."""

from collections.abc import Sequence

from vision.config.zones import Zone
from vision.rules.rule import TrackView
from vision.rules.zone.boxes import Place

MOST_SHIFT = 0.75
"""Most shift of the base of smoke on the ground, in its own sizes: vehicles, dust and fog move further."""


def at(zone: Zone) -> Place:
    """Return the place that the zone claims: an outlet's mouth, a vent, or the ground under a base."""
    return lambda seen, wh: seen.sighting is not None and zone.claims(seen.sighting.xyxy, wh)


def fixed_in(zone: Zone) -> Place:
    """Return the place of smoke with a fixed base on the zone's ground (domain.md 7.2: V03, V04, V05)."""
    inside = at(zone)
    return lambda seen, wh: inside(seen, wh) and not _has_wandered(seen)


class OffOutlets:
    """The place of smoke from a plant's ground that never was at one of its outlets (V01B)."""

    def __init__(self, premises: Zone, outlets: Sequence[Zone]) -> None:
        self._inside = at(premises)
        self._outlets = tuple(outlets)
        self._from_outlets: set[tuple[int, int]] = set()

    def __call__(self, seen: TrackView, resolution_wh: tuple[int, int]) -> bool:
        """Whether a track's newest box is there; a plume that drifts away still belongs to its outlet."""
        if seen.sighting is None:
            return False
        track = (seen.sighting.time.epoch, seen.track.number)
        if any(outlet.claims(seen.sighting.xyxy, resolution_wh) for outlet in self._outlets):
            self._from_outlets.add(track)
        return track not in self._from_outlets and self._inside(seen, resolution_wh)


def _has_wandered(seen: TrackView) -> bool:
    if seen.sighting is None:
        return True
    first, now = seen.track.first.xyxy, seen.sighting.xyxy
    width = max(first[2] - first[0], now[2] - now[0])
    height = max(first[3] - first[1], now[3] - now[1])
    aside = abs((first[0] + first[2]) / 2 - (now[0] + now[2]) / 2)
    return aside > MOST_SHIFT * width or abs(first[3] - now[3]) > MOST_SHIFT * height
