"""
Leniency: how risk colour and positive list of an owner change the conditions of a lead (domain.md 6.5).

They change the least confidence of boxes and the least duration, not measurements, and not the conditions for flames.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from api.contract.register.enterprise import Risk
from vision.config.camera import ZoneConfig
from vision.config.enterprises import register_of
from vision.config.worker import WorkerConfig

SHIFTS: Mapping[Risk, float] = MappingProxyType({Risk.RED: -0.05, Risk.GREEN: 0.05})
"""Added to the least confidence of boxes, by colour."""
_LENIENT_SHIFT, _LENIENT_PERSISTENCE = 0.05, 1.5


@dataclass(frozen=True, slots=True)
class Leniency:
    """
    The changes.

    Attributes:
        threshold: added to the least confidence or probability.

        persistence: times the least duration.
    """

    threshold: float = 0.0
    persistence: float = 1.0


USUAL = Leniency()
"""For owners without colour or of yellow colour, and without an owner."""

LeniencyAt = Callable[[datetime], Leniency]
"""Returns the leniency at an aware time."""


def leniency_of(zone: ZoneConfig, config: WorkerConfig) -> LeniencyAt:
    """Return the leniency for a zone's owner, by time: lists begin and end at the site's midnight."""
    enterprise = register_of(config.enterprises).get(zone.owner)
    if enterprise is None:
        return lambda _: USUAL
    listing, local = enterprise.positive_list, config.site.zone
    is_green = enterprise.risk is Risk.GREEN
    usual = Leniency(SHIFTS.get(enterprise.risk, 0.0), _LENIENT_PERSISTENCE if is_green else 1.0)
    listed = Leniency(_LENIENT_SHIFT, _LENIENT_PERSISTENCE)
    return lambda utc: listed if listing is not None and listing.holds(utc.astimezone(local).date()) else usual
