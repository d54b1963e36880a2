"""
How fast the detector is on this machine: every run-time, batch and picture size, from BGR arrays to boxes, and
ultralytics' own ``predict`` from the same arrays in the same run.

    plumewatch bench speed [--ultralytics CHECKPOINT.pt] [--json FILE]

All take turns within every round, so that another program's burst hits all of them; figures are medians. A turn is a
batch that is not timed and one that is: PyTorch's threads go on waiting for work after its last picture, which cost
whoever came next a tenth. The processor time for a picture depends far less on what else the machine does (a quarter
more at a load average of 15 on two cores).
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.looks import registered
from benchmarks.errors import BenchmarkError
from models.detector import Runtime
from models.registry import RegisteredModel
from models.runtime.choice import open_detector, runtimes_of
from models.runtime.processor import flags, processor

PICTURES_WH = ((1920, 1080), (640, 360))
"""What a camera gives, and what arrives where the decoder already scaled it for the model."""

ULTRALYTICS = "ultralytics"

_FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")
"""What makes networks fast, as the kernel calls it; x86 and ARM."""

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured on; the load averages, before and after, tell how busy it was with anything."""

    processor: str
    cores: int
    flags: tuple[str, ...]
    load_before: float
    load_after: float


@dataclass(frozen=True, slots=True)
class SpeedResult:
    """
    One run-time at one batch and picture size.

    Attributes:
        runtime: what was asked for, or ``ultralytics``.

        weights_sha256: of the file that ran: a model may come in two forms.

        load_s: from weights on disk, verified, to the end of the first single picture.

        median_ms, p99_ms: duration of a batch, scaling and NMS included.

        images_per_s: pictures a second at the median.

        cpu_ms: processor time for one picture, all threads together, at the median.

        threads: what computed it, as the engine was told and, of ultralytics, as torch says after the run.

        ratio: times as many pictures a second as ultralytics on the same pictures in this run, where it ran too, on
            the same kind of device (it runs on the CPU).
    """

    runtime: str
    weights_sha256: str
    engine: str
    version: str
    device: str
    precision: str
    picture_wh: tuple[int, int]
    batch: int
    load_s: float
    median_ms: float
    p99_ms: float
    images_per_s: float
    cpu_ms: float
    threads: int
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What ultralytics ran."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """The results and what they were measured with; `ultralytics` is the checkpoint it ran, where it was measured."""

    model: str
    weights_sha256: str
    long_side_px: int
    threads: int
    rounds: int
    machine: Machine
    ultralytics: Checkpoint | None
    results: tuple[SpeedResult, ...]

    def as_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self), indent=1) + "\n"

    def table(self) -> str:
        """Return the report as lines for people."""
        machine = self.machine
        on = f"{machine.processor}, {machine.cores} cores ({' '.join(machine.flags) or 'no known vector units'})"
        figures = (
            f"{'median ms':>11}{'p99 ms':>9}{'images/s':>10}{'cpu ms':>8}{'load s':>8}{'threads':>9}{'ratio':>7}  on"
        )
        lines = [
            f"{self.model} at {self.long_side_px} px, {self.threads} threads, {on}",
            f"load average {machine.load_before:.1f} before, {machine.load_after:.1f} after",
            *([] if self.ultralytics is None else [f"ultralytics with {self.ultralytics.name}"]),
            f"{'run-time':<22}{'picture':>11}{'batch':>6}{figures}",
        ]
        lines += [
            f"{each.runtime + ' ' + each.precision:<22}{'{}x{}'.format(*each.picture_wh):>11}{each.batch:>6}"
            f"{each.median_ms:>11.1f}{each.p99_ms:>9.1f}{each.images_per_s:>10.1f}{each.cpu_ms:>8.1f}"
            f"{each.load_s:>8.2f}{each.threads:>9}{'' if each.ratio is None else f'{each.ratio:.1f}':>7}"
            f"  {each.device}"
            for each in self.results
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What to measure.

    Attributes:
        model: registry name or file; None for the default model.

        runtimes: names for `models.runtime.choice.choose_runtime`; empty for every one of this machine's CPU that
            can run a file of the model, INT8 beside the others.

        batches: pictures a call.

        pictures_wh: sizes of the pictures.

        size: longer side of the network's input, the registered one where None.

        rounds: batches timed for each figure.

        threads: of a run-time; the cores of this process where None.

        checkpoint: ultralytics checkpoint to run beside; needs the extra ``train``.
    """

    model: str | None = None
    runtimes: tuple[str, ...] = ()
    batches: tuple[int, ...] = (1, 4)
    pictures_wh: tuple[tuple[int, int], ...] = PICTURES_WH
    size: int | None = None
    rounds: int = 20
    threads: int | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True, slots=True)
class _Subject:
    """Something that finds boxes in pictures, and what it took to load."""

    name: str
    weights_sha256: str
    runtime: Runtime
    load_s: float
    detect: Callable[[Sequence[Image]], object]
    threads_in_use: Callable[[], int]


def run(asked: Asked) -> SpeedReport:
    """Return how fast it is; raise `BenchmarkError` or `models.detector.ModelError`."""
    if asked.rounds < 1 or any(batch < 1 for batch in asked.batches):
        raise BenchmarkError("rounds and batch sizes must be positive")
    model = registered(asked.model, size=asked.size)
    names = asked.runtimes or runtimes_of(model)
    threads = asked.threads or len(os.sched_getaffinity(0))
    load_before = os.getloadavg()[0]
    subjects = [_ours(model, name, threads) for name in names]
    reference = None
    if asked.checkpoint is not None:
        theirs, reference = _theirs(asked.checkpoint, model, threads)
        subjects.append(theirs)
    results: list[SpeedResult] = []
    for picture_wh in asked.pictures_wh:
        for batch in asked.batches:
            results += _in_turns(subjects, picture_wh, batch, asked.rounds)
    known = flags()
    return SpeedReport(
        model=model.card.name,
        weights_sha256=model.card.weights_sha256,
        long_side_px=max(model.card.input_wh),
        threads=threads,
        rounds=asked.rounds,
        machine=Machine(
            processor=processor(),
            cores=os.cpu_count() or 1,
            flags=tuple(flag for flag in _FLAGS if flag in known),
            load_before=round(load_before, 2),
            load_after=round(os.getloadavg()[0], 2),
        ),
        ultralytics=reference,
        results=tuple(results),
    )


def _ours(model: RegisteredModel, runtime: str, threads: int) -> _Subject:
    start = time.perf_counter()
    detector = open_detector(model, runtime, threads=threads)
    detector.detect(_pictures(PICTURES_WH[0], 1))
    sha256 = detector.card.weights_sha256
    return _Subject(runtime, sha256, detector.runtime, time.perf_counter() - start, detector.detect, lambda: threads)


def _theirs(checkpoint: Path, model: RegisteredModel, threads: int) -> tuple[_Subject, Checkpoint]:
    """Return ultralytics with a checkpoint: ``predict`` on the list of pictures, as its users call it."""
    from models.yolo import predictor  # noqa: PLC0415 - needs the extra train

    card = model.card
    start = time.perf_counter()
    theirs = predictor(
        checkpoint, threshold=card.threshold, nms_iou=model.nms_iou, long_side=max(card.input_wh), threads=threads
    )
    theirs.detect(_pictures(PICTURES_WH[0], 1))
    runtime = Runtime("ultralytics", theirs.version, "CPU", "f32")
    took_s = time.perf_counter() - start
    subject = _Subject(ULTRALYTICS, theirs.sha256, runtime, took_s, theirs.detect, theirs.threads_in_use)
    return subject, Checkpoint(checkpoint.name, theirs.sha256)


def _in_turns(subjects: Sequence[_Subject], picture_wh: tuple[int, int], batch: int, rounds: int) -> list[SpeedResult]:
    pictures = _pictures(picture_wh, batch)
    wall_s: list[list[float]] = [[] for _ in subjects]
    cpu_s: list[list[float]] = [[] for _ in subjects]
    for subject in subjects:
        subject.detect(pictures)  # the first run of a size prepares its kernels
    for _ in range(rounds):
        for subject, walls, cpus in zip(subjects, wall_s, cpu_s, strict=True):
            subject.detect(pictures)  # whoever ran before left its threads waiting and the caches full of its own
            wall, cpu = time.perf_counter(), time.process_time()
            subject.detect(pictures)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
    medians = [float(np.median(walls)) for walls in wall_s]
    reference = next(
        ((subject, median) for subject, median in zip(subjects, medians, strict=True) if subject.name == ULTRALYTICS),
        None,
    )
    return [
        SpeedResult(
            runtime=subject.name,
            weights_sha256=subject.weights_sha256,
            engine=subject.runtime.engine,
            version=subject.runtime.version,
            device=subject.runtime.device,
            precision=subject.runtime.precision,
            picture_wh=picture_wh,
            batch=batch,
            load_s=round(subject.load_s, 3),
            median_ms=round(median * 1000, 2),
            p99_ms=round(float(np.quantile(walls, 0.99)) * 1000, 2),
            images_per_s=round(batch / median, 2),
            cpu_ms=round(float(np.median(cpus)) * 1000 / batch, 2),
            threads=subject.threads_in_use(),
            ratio=round(reference[1] / median, 2) if reference and _is_alike(subject, reference[0]) else None,
        )
        for subject, median, walls, cpus in zip(subjects, medians, wall_s, cpu_s, strict=True)
    ]


def _is_alike(subject: _Subject, reference: _Subject) -> bool:
    """Return whether both ran on the same kind of device: ``CPU AMD EPYC`` and ``CPU`` are one kind."""
    return subject.runtime.device.split()[0] == reference.runtime.device.split()[0]


def _pictures(picture_wh: tuple[int, int], count: int) -> list[Image]:
    """Return pictures of coarse noise: what is in them changes nothing but the number of boxes that NMS sees."""
    random = np.random.default_rng(1)
    width, height = picture_wh
    coarse: NDArray[Any] = random.integers(0, 256, (count, -(-height // 40), -(-width // 40), 3), dtype=np.uint8)
    fine = coarse.repeat(40, axis=1).repeat(40, axis=2)
    return [np.ascontiguousarray(each[:height, :width]) for each in fine]
