"""Spots: where in each place steam leaves, fires burn and lamps stand, as an onlooker would expect it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.days.assumed import ASSUMED
from benchmarks.scenes.scene import Place


@dataclass(frozen=True, slots=True)
class Spot:
    """A source's middle and width as fractions of the picture."""

    at: tuple[float, float]
    width: float


@dataclass(frozen=True, slots=True)
class VentSpot:
    """
    An outlet for steam.

    Attributes:
        name: what it is.

        at: its middle as fractions of the picture; ``None`` for the lip of the stack.

        width: as a fraction of the picture's; ``None`` for the stack's own.

        chance: that the camera's site has it in use.

        runs_all_day: it is on day and night.
    """

    name: str
    at: tuple[float, float] | None
    width: float | None
    chance: float
    runs_all_day: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """
    One place.

    Attributes:
        has_stack: a stack dominates it.

        vehicles_an_hour: on its road in the busiest hour.

        oncoming_an_hour: cars that drive towards the camera then.

        is_dusty: the ground gives dust.

        vents: where steam may leave.

        burning: where something may burn.

        distant: where smoke may rise far away.

        heap: where loads are tipped.

        flag: the fixed edge's upper end, and how long and high a flag is.

        lamps: heads of street lamps, and the ground below them as a row.
    """

    has_stack: bool
    vehicles_an_hour: float
    oncoming_an_hour: float
    is_dusty: bool
    vents: tuple[VentSpot, ...]
    burning: tuple[Spot, ...]
    distant: tuple[Spot, ...]
    heap: Spot | None
    flag: Spot | None
    lamps: tuple[tuple[float, float, float], ...]


_STREET = ASSUMED["vehicles on a street"].count
_YARD = ASSUMED["vehicles in a yard"].count
_ONCOMING = ASSUMED["oncoming lamps"].count
_TOWERS = ASSUMED["cooling towers in use"].count

GROUNDS: Mapping[Place, Ground] = MappingProxyType(
    {
        Place.WORKS: Ground(
            has_stack=True, vehicles_an_hour=_STREET / 3, oncoming_an_hour=0, is_dusty=True,
            vents=(VentSpot("stack", None, None, 0.5), VentSpot("roof", (0.62, 0.63), 0.012, 0.6)),
            burning=(Spot((0.90, 0.86), 0.03),),
            distant=(), heap=None, flag=None,
            lamps=((0.15, 0.80, 0.93), (0.45, 0.80, 0.93), (0.78, 0.80, 0.93)),
        ),
        Place.POWER_PLANT: Ground(
            has_stack=True, vehicles_an_hour=_STREET / 3, oncoming_an_hour=0, is_dusty=True,
            vents=(
                VentSpot("stack", None, None, 0.3),
                *(
                    VentSpot(f"tower {n + 1}", (0.10 + 0.135 * n, 0.447 + 0.015 * n), 0.062, _TOWERS, runs_all_day=True)
                    for n in range(3)
                ),
            ),
            burning=(Spot((0.44, 0.79), 0.03),),
            distant=(), heap=None, flag=None,
            lamps=((0.25, 0.83, 0.95), (0.55, 0.83, 0.95), (0.85, 0.83, 0.95)),
        ),
        Place.STREET: Ground(
            has_stack=False, vehicles_an_hour=_STREET, oncoming_an_hour=0, is_dusty=False,
            vents=(VentSpot("kitchen", (0.31, 0.66), 0.012, 0.6),),
            burning=(Spot((0.70, 0.775), 0.03),),
            distant=(), heap=None, flag=Spot((0.56, 0.30), 0.075),
            lamps=((0.22, 0.42, 0.80), (0.54, 0.42, 0.80), (0.86, 0.42, 0.80)),
        ),
        Place.AVENUE: Ground(
            has_stack=False, vehicles_an_hour=_STREET, oncoming_an_hour=0, is_dusty=False,
            vents=(VentSpot("roof", (0.66, 0.52), 0.012, 0.6),),
            burning=(Spot((0.62, 0.73), 0.03),),
            distant=(), heap=None, flag=Spot((0.30, 0.34), 0.06),
            lamps=((0.40, 0.365, 0.78), (0.57, 0.365, 0.78), (0.74, 0.365, 0.78), (0.91, 0.365, 0.78)),
        ),
        Place.YARD: Ground(
            has_stack=False, vehicles_an_hour=_YARD, oncoming_an_hour=0, is_dusty=True,
            vents=(VentSpot("drain", (0.60, 0.86), 0.03, 0.4), VentSpot("boiler", (0.20, 0.30), 0.014, 0.6)),
            burning=(Spot((0.44, 0.705), 0.055), Spot((0.60, 0.86), 0.07)),
            distant=(), heap=Spot((0.34, 0.80), 0.07), flag=Spot((0.42, 0.42), 0.06),
            lamps=((0.30, 0.45, 0.72), (0.63, 0.45, 0.72)),
        ),
        Place.DEPOT: Ground(
            has_stack=False, vehicles_an_hour=_YARD, oncoming_an_hour=0, is_dusty=True,
            vents=(VentSpot("shed", (0.16, 0.25), 0.016, 0.6), VentSpot("drain", (0.30, 0.80), 0.03, 0.3)),
            burning=(Spot((0.80, 0.66), 0.05), Spot((0.30, 0.80), 0.08)),
            distant=(), heap=Spot((0.80, 0.66), 0.08), flag=Spot((0.20, 0.42), 0.05),
            lamps=((0.30, 0.33, 0.56), (0.62, 0.33, 0.56)),
        ),
        Place.HILLS: Ground(
            has_stack=False, vehicles_an_hour=0, oncoming_an_hour=_ONCOMING, is_dusty=False,
            vents=(VentSpot("farm", (0.27, 0.535), 0.006, 0.3),),
            burning=(),
            distant=(Spot((0.34, 0.53), 0.006), Spot((0.62, 0.50), 0.009), Spot((0.48, 0.545), 0.012)),
            heap=None, flag=None, lamps=(),
        ),
        Place.VALLEY: Ground(
            has_stack=False, vehicles_an_hour=0, oncoming_an_hour=_ONCOMING, is_dusty=False,
            vents=(VentSpot("farm", (0.42, 0.44), 0.006, 0.3),),
            burning=(),
            distant=(Spot((0.66, 0.45), 0.007), Spot((0.30, 0.43), 0.008), Spot((0.55, 0.50), 0.011)),
            heap=None, flag=None, lamps=(),
        ),
    }
)  # fmt: skip
"""Those of `benchmarks.scenes.families` where they fit, others beside them."""
