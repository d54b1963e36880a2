"""Flow: where wind and momentum carry what leaves an outlet, and how it spreads and fades on the way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.scene import Kind, SceneEvent


@dataclass(frozen=True, slots=True)
class Flow:
    """
    How a plume moves. Lengths in outlet widths, times in seconds.

    Attributes:
        wind: drift to the right a second.

        exit_speed: upward speed at the outlet.

        rise: upward speed that warmth keeps up.

        bend_s: time in which the wind takes over.

        spread: growth of the puffs' radius a length of path.

        life_s: age at which a puff is dropped.

        fade: optical depth falls as (radius at the outlet / radius) to this power.

        evaporation: path after which steam has gone; 0 for smoke.

        every_s: time between two puffs.
    """

    wind: float
    exit_speed: float = 2.4
    rise: float = 0.5
    bend_s: float = 1.6
    spread: float = 0.17
    life_s: float = 13.0
    fade: float = 0.6
    evaporation: float = 0.0
    every_s: float = 0.13

    def travel(self, age_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far right and how far up of the outlet a puff is at `age_s`."""
        lag = self.bend_s * (1 - np.exp(-age_s / self.bend_s))
        return self.wind * (age_s - lag), self.exit_speed * lag + self.rise * (age_s - lag)

    def path(self, age_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a puff's distance from the outlet: its way is nearly straight once the wind has it."""
        right, up = self.travel(age_s)
        return np.hypot(right, up)


def flow_of(event: SceneEvent, wind: float) -> Flow:
    """Return how the plume of an event of this kind moves."""
    if event.kind is Kind.STEAM:
        return Flow(
            wind=wind * 0.7, exit_speed=1.8, rise=0.9, spread=0.3, life_s=7.0, fade=0.25, evaporation=4.5, every_s=0.12
        )
    if event.kind is Kind.DUST:
        return Flow(wind=wind * 0.8, exit_speed=0.5, rise=0.14, spread=0.34, life_s=9.0, fade=0.8)
    if event.speed:
        return Flow(wind=wind * 0.6, exit_speed=1.3, rise=0.8, spread=0.32, life_s=6.0, fade=0.5, every_s=0.05)
    if event.at is not None:  # not from a stack: smouldering on the ground, without a jet
        return Flow(wind=wind * 0.6, exit_speed=1.2, rise=0.8, spread=0.24, life_s=9.0, fade=0.55)
    return Flow(wind=wind)
