"""
Leniency: what risk colour and positive list of an owner change about when a lead is made (domain.md 6.5).

Boxes must be a little surer, or less sure, and what is seen must last longer. What is measured stays as it is. Flames
are told alike whoever they burn at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from api.contract.register.enterprise import Risk
from vision.config.sections import ZoneConfig
from vision.config.worker import WorkerConfig

SHIFTS: Mapping[Risk, float] = MappingProxyType({Risk.RED: -0.05, Risk.GREEN: 0.05})
"""Added to the least confidence of boxes, by colour."""
_LENIENT_SHIFT, _LENIENT_PERSISTENCE = 0.05, 1.5


@dataclass(frozen=True, slots=True)
class Leniency:
    """
    What is changed.

    Attributes:
        threshold: added to the least confidence.

        persistence: times the least duration.
    """

    threshold: float = 0.0
    persistence: float = 1.0


USUAL = Leniency()
"""Of an owner without colour, of yellow colour, and of nobody."""

LeniencyAt = Callable[[datetime], Leniency]
"""What holds at an aware time."""


def leniency_of(zone: ZoneConfig, config: WorkerConfig) -> LeniencyAt:
    """Return what holds for a zone's owner, by time: lists begin and end at midnight of the site."""
    enterprise = next((e for e in config.enterprises if zone.owner and zone.owner in {e.uscc, e.name}), None)
    if enterprise is None:
        return lambda _: USUAL
    listing, local = enterprise.positive_list, config.site.zone
    is_green = enterprise.risk is Risk.GREEN
    usual = Leniency(SHIFTS.get(enterprise.risk, 0.0), _LENIENT_PERSISTENCE if is_green else 1.0)
    listed = Leniency(_LENIENT_SHIFT, _LENIENT_PERSISTENCE)
    return lambda utc: listed if listing is not None and listing.holds(utc.astimezone(local).date()) else usual
