"""Chaos: which camera fails when, drawn from a seed, so that a soak can be run again and its truth is known."""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.rtsp_farm.camera import Fault


@dataclass(frozen=True, slots=True)
class Outage:
    """
    One camera's failure.

    Attributes:
        at_s: seconds after the farm's start.

        for_s: how long it lasts.
    """

    camera: str
    fault: Fault
    at_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Chaos:
    """
    How cameras fail.

    Attributes:
        share: of the cameras that are out at any time, about; at least one.

        shortest_s, longest_s: of an outage.

        rest_s: mean pause before the next camera takes a mended one's place.

        after_s, until_s: nothing fails outside of these.

        faults: kinds, each as likely as it is often in here.
    """

    seed: int = 1
    share: float = 0.1
    shortest_s: float = 5.0
    longest_s: float = 60.0
    rest_s: float = 5.0
    after_s: float = 30.0
    until_s: float = 1800.0
    faults: tuple[Fault, ...] = (Fault.DOWN, Fault.DOWN, Fault.SILENT, Fault.FROZEN)

    def plan(self, cameras: Sequence[str]) -> list[Outage]:
        """Return the outages in the order of their beginning; no camera is in two at once."""
        draw = random.Random(self.seed)
        out: list[Outage] = []
        busy: dict[str, float] = {}
        places = [
            (self.after_s + draw.uniform(0, self.rest_s), n) for n in range(max(1, round(self.share * len(cameras))))
        ]
        heapq.heapify(places)
        while places:
            at_s, place = heapq.heappop(places)
            for_s = draw.uniform(self.shortest_s, self.longest_s)
            if at_s + for_s > self.until_s:
                continue
            free = [camera for camera in cameras if busy.get(camera, 0.0) <= at_s]
            if free:
                camera = draw.choice(free)
                busy[camera] = at_s + for_s + self.rest_s
                out.append(Outage(camera, draw.choice(self.faults), round(at_s, 3), round(for_s, 3)))
            heapq.heappush(places, (at_s + for_s + draw.uniform(0, 2 * self.rest_s), place))
        return out
