"""The same work given to ultralytics' own loop, in a Python of its own, on the same farm."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import numpy as np

from benchmarks.capacity.budget import Budget
from benchmarks.capacity.usage import unread_bytes, usage_of
from benchmarks.errors import BenchmarkError
from benchmarks.rtsp_farm.farm import RtspFarm

LOOP = Path(__file__).with_name("ultralytics_loop.py")
STARTS_WITHIN_S = 60.0
_LONGER_S = 10.0
"""The loop is given more time than is measured, and ended when it has been."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """
    What came of a number of streams in ultralytics' loop.

    Attributes:
        weights: name of the file that it ran.

        fps: pictures analysed a second, all streams together.

        interval_s: median, 99 % and longest gap between a stream's analysed pictures.

        analysed_share: of the pictures that the cameras sent; the rest is lost without a count.

        backlog_s: seconds of video that waited unread for the slowest reader at the end: its boxes come later by that.

        farm_dropped: pictures that the farm withheld because a stream was not read.
    """

    weights: str
    streams: int
    seconds: float
    fps: float
    interval_s: tuple[float, float, float]
    analysed_share: float
    backlog_s: float
    cores: float
    memory_mb: float
    farm_dropped: int
    faults: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether intervals and delay hold the budget; memory and uncounted losses are not held against it."""
        return not self.faults


def measure_baseline(
    farm: RtspFarm, *, python: Path, weights: Path, image_size: int, seconds: float, budget: Budget, fps: float
) -> Baseline:
    """Run the loop over all cameras of a farm that send `fps` pictures a second; raise `BenchmarkError`."""
    with tempfile.TemporaryDirectory(prefix="plumewatch-baseline-") as folder:
        place = Path(folder)
        (place / "list.streams").write_text("".join(f"{farm.url(name)}\n" for name in farm.names), encoding="utf-8")
        record = place / "record.txt"
        with (place / "log.txt").open("wb") as log:
            process = _start(python, weights, image_size, seconds + _LONGER_S, place, log)
            try:
                return replace(_watch(farm, process, record, seconds, budget, fps), weights=weights.name)
            except BenchmarkError as error:
                tail = (place / "log.txt").read_text(encoding="utf-8", errors="replace")[-600:]
                raise BenchmarkError(f"{error}; its output ends with:\n{tail}") from None
            finally:
                process.kill()
                process.wait()


def _start(
    python: Path, weights: Path, image_size: int, seconds: float, place: Path, log: IO[bytes]
) -> "subprocess.Popen[bytes]":
    arguments = [str(weights), str(place / "list.streams"), str(image_size), str(seconds), str(place / "record.txt")]
    environment = {**os.environ, "YOLO_CONFIG_DIR": str(place)}
    return subprocess.Popen(
        [str(python), str(LOOP), *arguments],
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
        cwd=place,
        env=environment,
    )


def _watch(
    farm: RtspFarm, process: "subprocess.Popen[bytes]", record: Path, seconds: float, budget: Budget, fps: float
) -> Baseline:
    deadline = time.monotonic() + STARTS_WITHIN_S + 2.0 * len(farm.names)
    while not (record.exists() and record.stat().st_size):
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchmarkError("ultralytics' loop did not start")
        time.sleep(0.1)
    before, farm_before, began = usage_of(process.pid), farm.stats(), time.monotonic()
    time.sleep(seconds)
    unread = max(unread_bytes(farm.port).values(), default=0)
    after, farm_after, ended = usage_of(process.pid), farm.stats(), time.monotonic()
    rows = [line.split() for line in record.read_text(encoding="ascii").splitlines() if " " in line]
    moments = [[float(at) for index, at in rows if int(index) == n] for n in range(len(farm.names))]
    inside = [[at for at in own if began <= at <= ended] for own in moments]
    bytes_a_second = (farm_after.octets - farm_before.octets) / (ended - began) / len(farm.names)
    gaps = [gap for own in inside for gap in np.diff(own).tolist()] or [ended - began]
    analysed = sum(len(own) for own in inside)
    result = Baseline(
        weights="",
        streams=len(inside),
        seconds=round(ended - began, 1),
        fps=round(analysed / (ended - began), 2),
        interval_s=_quantiles(gaps),
        analysed_share=round(analysed / (fps * (ended - began) * len(inside)), 4),
        backlog_s=round((unread + farm_after.queued) / max(bytes_a_second, 1.0), 2),
        cores=round((after.cpu_s - before.cpu_s) / (ended - began), 3),
        memory_mb=round(after.rss_mb, 1),
        farm_dropped=farm_after.dropped - farm_before.dropped,
    )
    return replace(result, faults=tuple(_faults(result, budget)))


def _quantiles(gaps_s: Sequence[float]) -> tuple[float, float, float]:
    middle, hundredth, longest = np.quantile(np.array(gaps_s), (0.5, 0.99, 1.0))
    return round(float(middle), 3), round(float(hundredth), 3), round(float(longest), 3)


def _faults(result: Baseline, budget: Budget) -> Iterator[str]:
    middle, hundredth, _ = result.interval_s
    if middle > budget.median_s:
        yield f"median interval {middle:.2f} s > {budget.median_s:g} s"
    if hundredth > budget.p99_s:
        yield f"99 % interval {hundredth:.2f} s > {budget.p99_s:g} s"
    if result.backlog_s > budget.latency_p99_s:
        yield f"a reader is {result.backlog_s:.1f} s behind its camera > {budget.latency_p99_s:g} s"
    if result.farm_dropped:
        yield f"does not keep up: cameras could not deliver {result.farm_dropped} pictures"


def versions_of(python: Path) -> str:
    """Return the versions of ultralytics, torch and OpenCV of that Python, whatever a first import says before them."""
    code = "import ultralytics, torch, cv2; print(ultralytics.__version__, torch.__version__, cv2.__version__)"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise BenchmarkError(f"{python} has no ultralytics")
    ultralytics, torch, opencv = done.stdout.splitlines()[-1].split()
    return f"ultralytics {ultralytics}, torch {torch}, OpenCV {opencv}"
