"""
How fast the detector is on this machine: every run-time, batch 1 and 4, from BGR pictures to boxes.

    python -m benchmarks.speed [--json FILE]

The run-times take turns within every round, so that another program's burst hits all of them; figures are medians.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detector import Detector, ModelError
from models.network import STRIDE
from models.openvino_runtime import has_bf16
from models.registry import Registry
from models.tensors import Letterbox

PICTURE_WH = (1280, 720)
"""What a 16:9 camera's sub-stream gives; the network sees it as 640x384."""


@dataclass(frozen=True, slots=True)
class SpeedResult:
    """
    One run-time at one batch size.

    Attributes:
        load_s: from weights on disk, verified, to the end of the first batch.

        latency_ms: median duration of a batch, letterbox and NMS included.

        latency_p90_ms: 90 % of the batches took no longer.

        images_per_s: pictures a second at the median.
    """

    runtime: str
    version: str
    device: str
    precision: str
    batch: int
    load_s: float
    latency_ms: float
    latency_p90_ms: float
    images_per_s: float


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """The results and what they were measured on; `load_average` tells how busy the machine was before."""

    model: str
    weights_sha256: str
    input_wh: tuple[int, int]
    picture_wh: tuple[int, int]
    threads: int
    rounds: int
    processor: str
    load_average: float
    results: tuple[SpeedResult, ...]

    def as_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self), indent=1) + "\n"

    def table(self) -> str:
        """Return the report as lines for people."""
        head = f"{self.model} at {self.input_wh[0]}x{self.input_wh[1]}, {self.threads} threads, {self.processor}"
        lines = [
            f"{head}, load average {self.load_average:.1f}",
            f"{'run-time':<22}{'batch':>6}{'median ms':>11}{'p90 ms':>9}{'images/s':>10}{'load s':>8}",
        ]
        lines += [
            f"{each.runtime + ' ' + each.precision:<22}{each.batch:>6}{each.latency_ms:>11.1f}"
            f"{each.latency_p90_ms:>9.1f}{each.images_per_s:>10.1f}{each.load_s:>8.2f}"
            for each in self.results
        ]
        return "\n".join(lines)


def run(
    model: str | None = None,
    *,
    runtimes: Sequence[str] | None = None,
    batches: Sequence[int] = (1, 4),
    rounds: int = 20,
    threads: int | None = None,
) -> SpeedReport:
    """
    Return how fast `model` (or the default one) is; raise `ModelError`.

    `runtimes` are names for `models.runtimes.choose_runtime`, every one this CPU has by default; `rounds` batches are
    timed for each of them and each size.
    """
    if rounds < 1 or any(batch < 1 for batch in batches):
        raise ModelError("rounds and batch sizes must be positive")
    names = runtimes or ["onnxruntime", "openvino-f32", *(["openvino-bf16"] if has_bf16() else [])]
    threads = threads or len(os.sched_getaffinity(0))
    load_average = os.getloadavg()[0]
    registry = Registry.load()
    pictures = _pictures(max(batches))
    detectors: list[Detector] = []
    load_s: list[float] = []
    for name in names:
        start = time.perf_counter()
        detector = registry.detector(model, name, threads=threads)
        detector.detect(pictures[:1])
        detectors.append(detector)
        load_s.append(time.perf_counter() - start)
    results = []
    for batch in batches:
        taken_s = _take_turns(detectors, pictures[:batch], rounds)
        for detector, loaded, durations in zip(detectors, load_s, taken_s, strict=True):
            median = float(np.median(durations))
            results.append(
                SpeedResult(
                    runtime=detector.runtime.engine,
                    version=detector.runtime.version,
                    device=detector.runtime.device,
                    precision=detector.runtime.precision,
                    batch=batch,
                    load_s=round(loaded, 3),
                    latency_ms=round(median * 1000, 2),
                    latency_p90_ms=round(float(np.quantile(durations, 0.9)) * 1000, 2),
                    images_per_s=round(batch / median, 2),
                )
            )
    card = registry.model(model).card
    return SpeedReport(
        model=card.name,
        weights_sha256=card.weights_sha256,
        input_wh=Letterbox.fit(PICTURE_WH, max(card.input_wh), STRIDE).input_wh,
        picture_wh=PICTURE_WH,
        threads=threads,
        rounds=rounds,
        processor=_processor(),
        load_average=round(load_average, 2),
        results=tuple(results),
    )


def _take_turns(detectors: Sequence[Detector], pictures: Sequence[NDArray[np.uint8]], rounds: int) -> list[list[float]]:
    taken_s: list[list[float]] = [[] for _ in detectors]
    for detector in detectors:
        detector.detect(pictures)  # the first run of a batch size prepares its kernels
    for _ in range(rounds):
        for detector, durations in zip(detectors, taken_s, strict=True):
            start = time.perf_counter()
            detector.detect(pictures)
            durations.append(time.perf_counter() - start)
    return taken_s


def _pictures(count: int) -> list[NDArray[np.uint8]]:
    """Return smooth noise: what is in a picture changes nothing but the number of boxes that NMS sees."""
    random = np.random.default_rng(1)
    width, height = PICTURE_WH
    coarse = random.integers(0, 256, (count, height // 40, width // 40, 3), dtype=np.uint8)
    return list(coarse.repeat(40, axis=1).repeat(40, axis=2))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--model", help="registry name; the default model without this")
    parser.add_argument("--runtime", nargs="+", metavar="NAME", help="run-times to measure; all without this")
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 4], metavar="N", help="batch sizes")
    parser.add_argument("--rounds", type=int, default=20, help="batches timed for each figure")
    parser.add_argument("--threads", type=int, help="threads of a run-time; the cores of this process without this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there too")
    given = parser.parse_args(arguments)
    try:
        report = run(
            given.model, runtimes=given.runtime, batches=given.batch, rounds=given.rounds, threads=given.threads
        )
    except ModelError as error:
        parser.error(str(error))
    print(report.table())
    if given.json is not None:
        given.json.write_text(report.as_json(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
