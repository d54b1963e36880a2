"""The result of a capacity run as a document: what was asked, on what machine, every step, what limits it."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Self

import numpy as np

from benchmarks.accuracy.figures import Part
from benchmarks.accuracy.result import read_as
from benchmarks.capacity.baseline import Baseline
from benchmarks.capacity.budget import Budget, slope
from benchmarks.capacity.step import StepResult
from models.runtime.processor import processor

SCHEMA = "plumewatch.capacity/1"

FULL_SHARE = 0.9
"""From this share of the machine's cores on a step says nothing of what a camera costs: pictures wait instead."""

BUSY_OTHERS_CORES = 0.1
"""Other programs on the machine that use more than this make a step a lower bound."""


class Machine(Part):
    """What it was measured on."""

    processor: str
    cores: int
    memory_gb: float
    kernel: str
    load_average: float

    @classmethod
    def here(cls) -> Self:
        """Return this machine."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
        return cls(
            processor=processor(),
            cores=len(os.sched_getaffinity(0)),
            memory_gb=round(memory, 1),
            kernel=platform.release(),
            load_average=round(os.getloadavg()[0], 2),
        )


class Scenario(Part):
    """
    What the cameras sent and how they were watched; `settings` are the worker's beyond its defaults.

    `kinds` are all kinds of cameras, which take turns; codec, size, group and rate are those of the first.

    `workers` are the processes that shared them.

    `rings_filled`: the steps were long enough to fill every camera's ring, so that memory is all there.
    """

    codec: str
    size_wh: tuple[int, int]
    fps: int
    gop_s: float
    bit_rate: int
    b_frames: int
    scenes: tuple[str, ...]
    seconds: float
    settings: dict[str, str | int | float | bool]
    pinned: dict[str, tuple[int, ...]]
    workers: int = 1
    rings_filled: bool = True
    kinds: tuple[str, ...] = ()


class Costs(Part):
    """
    What one picture costs a thread that has the processor to itself, in milliseconds of processor time.

    Attributes:
        decode_ms: of a key frame, scaled to the network's size and converted.

        detect_ms: of a picture in a batch of four, all threads of the engine together.

        demux_ms: of a second of a camera's stream, read over loopback and put into the ring; from the largest step.
    """

    decode_ms: float
    detect_ms: float
    demux_ms: float


class CapacityResult(Part):
    """Everything that a run found."""

    schema_name: str = SCHEMA
    plumewatch: str
    made: str
    machine: Machine
    scenario: Scenario
    model: str
    model_version: str
    runtime: str
    budget: Budget
    steps: tuple[StepResult, ...]
    costs: Costs | None = None
    baseline: tuple[Baseline, ...] = ()
    baseline_versions: str = ""

    @property
    def carried(self) -> int:
        """The largest number of cameras that held the budget, memory included; 0 where none did."""
        memory = self.mb_per_camera
        if memory is not None and memory > self.budget.mb_per_camera:
            return 0
        return max((step.cameras for step in self.steps if step.holds), default=0)

    @property
    def mb_per_camera(self) -> float | None:
        """By how much the worker's memory grows a camera, over the steps that held; ``None`` below two."""
        return slope([(step.cameras, step.worker_mb) for step in self.steps if step.holds])

    @property
    def cores_per_camera(self) -> float | None:
        """By how much the worker's processor time grows a camera, over the `easy` steps; ``None`` below two."""
        return slope([(step.cameras, step.cores["worker"]) for step in self.easy])

    @property
    def easy(self) -> list[StepResult]:
        """The steps that held and left the machine's cores some time."""
        most = FULL_SHARE * self.machine.cores
        return [step for step in self.steps if step.holds and sum(step.cores.values()) < most]

    @property
    def room_for(self) -> float | None:
        """
        At how many cameras the machine's cores would be full: a straight line through the `easy` steps.

        All that runs for the cameras counts, the farm included; other programs do not.
        """
        points = [(step.cameras, _ours(step)) for step in self.easy]
        each = slope(points)
        if each is None or each <= 0:
            return None
        counts, used = np.array(points, float).T
        start = float(np.mean(used) - each * np.mean(counts))
        return (self.machine.cores - start) / each

    @property
    def baseline_carried(self) -> int:
        """The most streams that ultralytics' loop carried within the same budget; 0 where none."""
        return max((each.streams for each in self.baseline if each.holds), default=0)

    @property
    def baseline_every_picture(self) -> float:
        """How many cameras' every picture that loop could analyse: its best rate over one camera's rate."""
        return max((each.fps for each in self.baseline), default=0.0) / self.scenario.fps

    @property
    def baseline_carried_text(self) -> str:
        """The number of `baseline_carried`, with ``or more`` where it was given no more."""
        most = max((each.streams for each in self.baseline), default=0)
        return f"{self.baseline_carried}" + (" or more" if self.baseline and self.baseline_carried == most else "")

    @property
    def ratio_as_meant(self) -> float:
        """Cameras carried, over those whose every picture that loop looks at: each used as it is meant to be."""
        every = self.baseline_every_picture
        return self.carried / every if every else 0.0

    @property
    def ratio_same_budget(self) -> float:
        """Cameras carried, over those that the loop carried within the same budget."""
        return self.carried / self.baseline_carried if self.baseline_carried else float(self.carried)

    @property
    def quiet(self) -> bool:
        """Whether nothing else ran beside it."""
        return all(step.cores.get("others", 0.0) < BUSY_OTHERS_CORES for step in self.steps)

    def as_json(self) -> str:
        """Return the document as JSON text."""
        return self.model_dump_json(indent=1) + "\n"


def _ours(step: StepResult) -> float:
    return sum(used for name, used in step.cores.items() if name not in {"others", "stolen"})


def read_capacity(path: Path) -> CapacityResult:
    """Return the result in a file; raise `BenchmarkError`."""
    return read_as(CapacityResult, path, "capacity")


def this_version() -> str:
    """Return the version of Plumewatch."""
    return version("plumewatch")
