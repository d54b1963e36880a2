"""Whereabouts of a box: which of a camera's zones it is in, and whether a rule looks there."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from models.detections import Xyxy
from vision.config.zones import Zone, ZoneKind, ZoneTest
from vision.confirm.tracks import Sighting

PRECISION = (
    ZoneKind.OUTLET,
    ZoneKind.VENT,
    ZoneKind.NO_BBQ,
    ZoneKind.NO_BURN,
    ZoneKind.FIELD,
    ZoneKind.WORKS,
    ZoneKind.ROAD,
    ZoneKind.WATCH,
    ZoneKind.PREMISES,
    ZoneKind.MASK,
)
"""Kinds of zone in the order of precedence: a box in several is in the first, an outlet before its plant."""


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a rule looks.

    Attributes:
        zones: the camera's watch zones, in the order of the configuration.

        is_confined: whether a box must be in one of them; if not, they only name its place.

        test: how a box is in a zone.

        min_overlap: share of the box for `ZoneTest.OVERLAP`.

        ceded: names of zones in which other rules decide alone.

        minds_hours: whether a zone outside its hours is not looked at. Confined to zones, every rule does.
    """

    zones: Sequence[Zone] = ()
    is_confined: bool = False
    test: ZoneTest = ZoneTest.OVERLAP
    min_overlap: float = 0.3
    ceded: AbstractSet[str] = frozenset()
    minds_hours: bool = True

    def is_watched(self, zone: Zone | None, utc: datetime) -> bool:
        """Whether this rule reports what is in `zone` at an aware time; ``None``: in no zone."""
        if zone is None:
            return not self.is_confined
        if zone.name in self.ceded:
            return False
        return zone.hours.holds(utc) or not (self.minds_hours or self.is_confined)

    def zone(
        self, sighting: Sighting, resolution_wh: tuple[int, int], emitting: AbstractSet[str] = frozenset()
    ) -> Zone | None:
        """
        Return the first zone the box is in; for one in none, the outlet whose plume it is.

        Detectors box a plume where it is widest, far downwind of its outlet. Where exactly one outlet emits
        (`emitting`), a box higher than its lip counts as its plume; with two, or none, it belongs to no outlet.
        """
        found = next((z for z in self.zones if self._holds(z, sighting.xyxy, resolution_wh)), None)
        if found is not None or len(emitting) != 1:
            return found
        (only,) = emitting
        height = resolution_wh[1]
        return next((z for z in self.zones if z.name == only and z.is_below(sighting.xyxy, height)), None)

    def _holds(self, zone: Zone, box: Xyxy, resolution_wh: tuple[int, int]) -> bool:
        if zone.kind is ZoneKind.WATCH:
            return zone.contains(box, resolution_wh, self.test, self.min_overlap)
        return zone.claims(box, resolution_wh)
