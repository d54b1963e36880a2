"""
Assumed: how often things happen before an ordinary site camera in Beijing, and how long they last.

Nobody counted them: they are written down, with what they rest on, so that a reader may disagree with a line. They are
not to be changed to move a result; whoever has counted at a real site changes them with the count as the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Assumed:
    """
    One assumption.

    Attributes:
        count: expected, a camera-day where `unit` says nothing else.

        minutes: shortest and longest; (0, 0) for what has no duration.

        why: what it rests on.

        unit: of `count`.
    """

    count: float
    minutes: tuple[float, float]
    why: str
    unit: str = "a day"


ASSUMED: Mapping[str, Assumed] = MappingProxyType(
    {
        "planted events": Assumed(
            4, (1, 5), "far more than a site has: they are there for recall; short ones are the hard ones on patrol"
        ),
        "skies": Assumed(
            5, (150, 420), "a sky lasts hours; clear 40 %, broken cloud 25 %, overcast 25 %, low driving cloud 10 %"
        ),
        "showers": Assumed(
            1.5, (5, 40), "of a wet day; one day in four is wet in the rainy half of the year", "a wet day"
        ),
        "wet days": Assumed(
            0.25, (0, 0), "Beijing has about 70 days of rain a year, most of them in summer", "of days"
        ),
        "foggy mornings": Assumed(
            0.1,
            (90, 240),
            "radiation fog and heavy haze, October to March above all; comes and lifts in an hour",
            "of days",
        ),
        "windy days": Assumed(0.2, (0, 0), "fresh north-westerly winds after a cold front", "of days"),
        "gusts that shake the mast": Assumed(20, (0.1, 0.6), "of a windy day on a pole of six metres", "a windy day"),
        "steam shifts": Assumed(
            3, (40, 300), "a boiler or kitchen runs in the morning, at noon and in the evening; stops between", "a vent"
        ),
        "cooling towers in use": Assumed(0.7, (0, 0), "base load runs day and night", "of towers"),
        "vehicles on a street": Assumed(
            320, (0, 0), "both ways together in the busiest hour on the strip that the camera sees", "a busy hour"
        ),
        "vehicles in a yard": Assumed(18, (0, 0), "deliveries, in working hours", "a busy hour"),
        "oncoming lamps": Assumed(
            60, (0, 0), "cars that drive towards the camera, seen from dusk to dawn", "a busy hour"
        ),
        "lorries that raise dust": Assumed(
            4, (0, 0), "on unpaved or unwashed ground, in working hours, dry days only", "a working hour"
        ),
        "loads tipped in dust": Assumed(6, (0.3, 1.0), "in a yard, in working hours, dry days only"),
        "cameras with a flag": Assumed(0.25, (0, 0), "gates and building sites fly red ones", "of cameras"),
        "exposure steps": Assumed(12, (0, 0), "automatic exposure that waits and then steps by 5 to 15 %"),
        "cameras that switch to infra-red": Assumed(
            0.5, (0, 0), "the others stay in colour by street light", "of cameras"
        ),
        "drawn outlets": Assumed(0.5, (0, 0), "an operator drew the stack as a zone; the rest has none", "of stacks"),
    }
)
"""By name; `benchmarks.days.script` draws from it."""

BUSY: tuple[float, ...] = (
    0.05, 0.03, 0.02, 0.02, 0.04, 0.12, 0.40, 0.90, 1.00, 0.75, 0.60, 0.60,
    0.55, 0.60, 0.60, 0.65, 0.75, 0.95, 1.00, 0.75, 0.50, 0.35, 0.22, 0.11,
)  # fmt: skip
"""Traffic by the hour of the day against its busiest: two rush hours, a quiet noon, next to nothing at night."""

WORKING = (7.5, 18.0)
"""Hours in which things are tipped, delivered and dusty."""
