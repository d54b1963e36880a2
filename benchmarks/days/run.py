"""A days run: stretches shared out to processes of one thread each, and a file that grows as they end."""

import multiprocessing
import queue
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.queues import Queue
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from benchmarks.accuracy.deciders import candidate_threshold
from benchmarks.accuracy.looks import model_used, registered, runtime_used
from benchmarks.capacity.result import Machine
from benchmarks.days.result import DaysResult, Figures, Stretch, assumed_as_text, clock, code_sha256
from benchmarks.days.stretch import Part, watch_part
from benchmarks.days.wander import HOUR_S
from benchmarks.days.watch import Restart
from benchmarks.errors import BenchmarkError
from benchmarks.scene_bench.result import Code
from models.detector import Detector
from models.runtime.choice import open_detector
from vision.matrices import in_one_thread

_TELL_EVERY_S = 3.0
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What to measure.

    Attributes:
        cameras: their numbers, from 1 on.

        hours: from and to, of each camera's day.

        part_hours: how much of a day one process takes at a time; what has ended is kept whatever comes then.

        processes: of one thread each.

        model, runtime: as in `plumewatch bench`.

        limit_minutes: of each part at most; ``None`` for all of it.

        pictures: folder for pictures of mistakes.

        rest: leave out what the result holds already, instead of refusing it.

        spread: one hour of each camera instead (`spread_hour`): twenty-four cameras make a day of every hour.

        restart: whether the worker is started anew after the warm-up of each part.
    """

    cameras: tuple[int, ...]
    hours: tuple[int, int] = (0, 24)
    part_hours: int = 6
    processes: int = 1
    model: str | None = None
    runtime: str = "auto"
    limit_minutes: float | None = None
    pictures: Path | None = None
    rest: bool = False
    spread: bool = False
    restart: Restart = Restart.NONE


@dataclass(frozen=True, slots=True)
class _Far:
    """How far a part is."""

    part: Part
    time_s: float
    looked: int
    leads: int
    a_second: float


def spread_hour(camera: int) -> int:
    """
    Return the hour of a camera's day that is watched where one of each is.

    Seven is prime to the hours of a day, and to the places, which come in turn: cameras 1 to 24 have every hour once.
    """
    return 7 * camera % 24


def parts_of(asked: Asked) -> list[Part]:
    """Return what is asked for, hour by hour through all cameras: a run cut short has some of each."""
    if asked.spread:
        starts = [(camera, spread_hour(camera) * HOUR_S) for camera in asked.cameras]
        most_s = HOUR_S if asked.limit_minutes is None else min(HOUR_S, 60 * asked.limit_minutes)
        return [Part(camera, start_s, start_s + most_s, asked.restart) for camera, start_s in starts]
    begin, end = asked.hours
    parts = []
    for hour in range(begin, end, asked.part_hours):
        for camera in asked.cameras:
            start_s, end_s = hour * HOUR_S, min(hour + asked.part_hours, end) * HOUR_S
            if asked.limit_minutes is not None:
                end_s = min(end_s, start_s + 60 * asked.limit_minutes)
            parts.append(Part(camera, start_s, end_s, asked.restart))
    return parts


def run(asked: Asked, file: Path, console: Console | None = None) -> DaysResult:
    """
    Watch what is asked for, add each part to the result in `file` as it ends, and return the whole.

    Raises `BenchmarkError` where the file holds some of it already, or was made by another model or other code.
    """
    in_one_thread()
    empty = _empty(asked)
    result = DaysResult.read(file) if file.exists() and file.stat().st_size else empty
    expect_same(result, empty, file)
    parts = missing(parts_of(asked), result, file, rest=asked.rest)
    context = multiprocessing.get_context("spawn")
    told: Queue[_Far] = context.Queue()
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(),
        TextColumn("{task.fields[far]}"),
        TimeRemainingColumn(),
    )
    console = console or Console(stderr=True)
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        ProcessPoolExecutor(asked.processes, context, _begin, (told, asked.model, asked.runtime)) as pool,
    ):
        tasks: dict[Part, TaskID] = {}
        waiting: dict[Future[Stretch], Part] = {pool.submit(_watch, part, asked.pictures): part for part in parts}
        try:
            while waiting:
                done, _ = wait(waiting, _LOOK_EVERY_S, FIRST_COMPLETED)
                _show(progress, tasks, told)
                for future in done:
                    part = waiting.pop(future)
                    stretch = future.result()
                    result = result.adding(stretch)
                    result.write(file)
                    if part in tasks:
                        progress.remove_task(tasks.pop(part))
                    progress.console.print(_line(stretch), soft_wrap=True)
        except BaseException:  # whoever ends a run does not wait for parts that nobody will read
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise
    return result


def _empty(asked: Asked) -> DaysResult:
    model = registered(asked.model)
    detector = _detector(asked.model, asked.runtime)
    return DaysResult(
        plumewatch=version("plumewatch"),
        code_sha256=code_sha256(),
        code=Code.here(),
        model=model_used(model, detector),
        runtime=runtime_used(detector),
        machine=Machine.here(),
        assumed=assumed_as_text(),
        restart=asked.restart,
        stretches=(),
        figures=Figures.of([]),
    )


def expect_same(result: DaysResult, now: DaysResult, file: Path) -> None:
    """Raise `BenchmarkError` where what would be added was not watched as what is there."""
    if result.model != now.model or result.runtime != now.runtime:
        raise BenchmarkError(f"{file}: made by another model or run-time, {result.model.name} {result.model.version}")
    if result.restart != now.restart:
        raise BenchmarkError(f"{file}: made with restart {result.restart.value}; name another file")
    if result.code_sha256 != now.code_sha256:
        raise BenchmarkError(f"{file}: made by other code; name another file")


def missing(parts: Sequence[Part], result: DaysResult, file: Path, *, rest: bool) -> list[Part]:
    """Return what is not in the result; raise `BenchmarkError` where something is and `rest` is not asked for."""
    known = [
        part for part in parts if any(one.overlaps(part.camera, part.start_s, part.end_s) for one in result.stretches)
    ]
    if known and not rest:
        first = known[0]
        raise BenchmarkError(
            f"{file}: holds camera {first.camera} from {clock(first.start_s)} on already: --rest leaves it out"
        )
    return [part for part in parts if part not in known]


def _show(progress: Progress, tasks: dict[Part, TaskID], told: "Queue[_Far]") -> None:
    """Bring the bars up to what processes have told."""
    while True:
        try:
            far = told.get_nowait()
        except queue.Empty:
            return
        part = far.part
        text = f"{clock(far.time_s)} {far.a_second:5.1f} pictures/s {far.leads} leads"
        if part not in tasks:
            title = f"camera {part.camera} {clock(part.start_s)[:5]}-{clock(part.end_s)[:5]}"
            tasks[part] = progress.add_task(title, total=part.end_s - part.start_s, far=text)
        progress.update(tasks[part], completed=max(0.0, far.time_s - part.start_s), far=text)


def _line(stretch: Stretch) -> str:
    found = sum(event.confirmed_s is not None for event in stretch.events)
    return (
        f"camera {stretch.camera} ({stretch.place}) {clock(stretch.start_s)[:5]} to {clock(stretch.end_s)[:5]}: "
        f"{stretch.patrol + stretch.focus} pictures, {len(stretch.false_leads)} false leads, "
        f"{found} of {len(stretch.events)} events"
    )


_told: "Queue[_Far] | None" = None
_opened: Detector | None = None


def _begin(told: "Queue[_Far]", model: str | None, runtime: str) -> None:
    """Make this process ready: one thread, and the detector."""
    global _told, _opened
    cv2.setNumThreads(1)
    _told, _opened = told, _detector(model, runtime)


def _detector(model: str | None, runtime: str) -> Detector:
    return open_detector(registered(model), runtime, threshold=candidate_threshold(), threads=1)


def _watch(part: Part, pictures: Path | None) -> Stretch:
    """Watch a part in this process."""
    if _opened is None:
        raise RuntimeError("the process was not made ready")
    began = last = time.monotonic()

    def far(time_s: float, looked: int, leads: int) -> None:
        nonlocal last
        now = time.monotonic()
        if _told is not None and now - last >= _TELL_EVERY_S:
            last = now
            _told.put(_Far(part, time_s, looked, leads, looked / (now - began)))

    return watch_part(part, _opened, pictures, far)
