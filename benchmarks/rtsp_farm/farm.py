"""`RtspFarm`: the farm seen from the program that started it."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.rtsp_farm.camera import Fault
from benchmarks.rtsp_farm.chaos import Chaos
from benchmarks.rtsp_farm.clips import ClipSpec, ensure_clip
from benchmarks.rtsp_farm.orders import Answer, CameraOrder, ChaosOrder, FarmOrder, FarmStats, Order
from benchmarks.rtsp_farm.server import HOST
from benchmarks.rtsp_farm.units import read_clip

PHASES = 25
"""Broadcasts a clip: key frames of a hundred cameras are spread over the group, four at a time."""

_STOPS_WITHIN_S = 10.0


class FarmError(RuntimeError):
    """The farm could not do what it was told; the message is its own."""


def spread(files: Sequence[Path], cameras: int, *, phases: int = PHASES) -> dict[str, CameraOrder]:
    """Return `cameras` cameras ``cam-001`` ..., files by turns, their key frames spread over each file's groups."""
    gops = [read_clip(file).gop_s for file in files]
    per_file = -(-cameras // len(files))
    used = min(phases, per_file)
    orders = {}
    for number in range(cameras):
        name = f"cam-{number + 1:03d}"
        turn, place = divmod(number, len(files))
        # Files are shifted against each other too, so that no two key frames of a small farm coincide.
        step = (turn % used + place / len(files)) / used
        orders[name] = CameraOrder(name=name, file=str(files[place]), phase_s=round(step * gops[place], 6))
    return orders


class RtspFarm:
    """
    Cameras on loopback in a process of their own.

        with RtspFarm.of(ClipSpec(), cameras=40, folder=Path(".cache/farm")) as farm:
            farm.url("cam-001")
            farm.fail("cam-001", Fault.DOWN)
            farm.stats().cpu_s

    Args:
        cameras: what each serves.

        log: file for the exact times of faults, one JSON document a line: ``utc``, ``monotonic_s``, ``camera``,
            ``what`` (``fails``, ``mended``, ``slow``, ``change``, ``jump``, ``usual``), ``fault``.

        chaos: faults at random from a seed.

        cpus: processors that the process may run on.
    """

    def __init__(
        self,
        cameras: Mapping[str, CameraOrder],
        *,
        port: int = 0,
        log: Path | None = None,
        chaos: Chaos | None = None,
        reports: bool = True,
        cpus: Sequence[int] = (),
    ) -> None:
        self._order = FarmOrder(
            cameras=tuple(cameras.values()),
            port=port,
            log="" if log is None else str(log.resolve()),
            reports=reports,
            chaos=None if chaos is None else _chaos_order(chaos),
            cpus=tuple(cpus),
        )
        self._process: subprocess.Popen[str] | None = None
        self.port = port

    @classmethod
    def of(
        cls, *specs: ClipSpec, cameras: int, folder: Path, log: Path | None = None, chaos: Chaos | None = None
    ) -> Self:
        """Return a farm whose cameras send the clips of `specs` by turns; what `folder` lacks is encoded now."""
        files = [ensure_clip(folder, spec) for spec in specs]
        return cls(spread(files, cameras), log=log, chaos=chaos)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it listens; raise `FarmError`."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.rtsp_farm.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        try:
            self.port = self._say(self._order.model_dump_json()).port
        except FarmError:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None or process.stdin is None or process.stdout is None:
            return
        process.stdin.close()
        try:
            process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    @property
    def pid(self) -> int:
        """The process's number; raises `FarmError` where it does not run."""
        if self._process is None:
            raise FarmError("the farm does not run")
        return self._process.pid

    @property
    def names(self) -> list[str]:
        """The cameras' names."""
        return [camera.name for camera in self._order.cameras]

    def url(self, camera: str) -> str:
        """Return a camera's address."""
        return f"rtsp://{HOST}:{self.port}/{camera}"

    def fail(self, camera: str, fault: Fault = Fault.DOWN) -> None:
        """Let a camera's fault begin."""
        self._tell(Order(do="fail", camera=camera, fault=fault))

    def mend(self, camera: str) -> None:
        """End a camera's fault."""
        self._tell(Order(do="mend", camera=camera))

    def slow(self, camera: str, rate: float) -> None:
        """Let a camera send `rate` (below 1) of its pictures a second; `usual` ends it."""
        self._tell(Order(do="slow", camera=camera, value=rate))

    def jump(self, camera: str, seconds: float) -> None:
        """Let a camera's own times be wrong by `seconds` from now on, its sender reports included."""
        self._tell(Order(do="jump", camera=camera, value=seconds))

    def change(self, camera: str, file: Path) -> None:
        """Let a camera send another file: another size, another group length, in the same session."""
        self._tell(Order(do="change", camera=camera, file=str(file.resolve())))

    def usual(self, camera: str) -> None:
        """End what `slow`, `jump` and `change` began."""
        self._tell(Order(do="usual", camera=camera))

    def stats(self) -> FarmStats:
        """Return what the farm has done."""
        stats = self._tell(Order(do="stats")).stats
        if stats is None:
            raise FarmError("the farm told no figures")
        return stats

    def _tell(self, order: Order) -> Answer:
        return self._say(order.model_dump_json())

    def _say(self, line: str) -> Answer:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise FarmError("the farm does not run")
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = Answer.model_validate_json(process.stdout.readline() or '{"error": "the farm ended"}')
        except BrokenPipeError:
            answer = Answer(error="the farm ended")
        if answer.error:
            raise FarmError(answer.error)
        return answer


def _chaos_order(chaos: Chaos) -> ChaosOrder:
    return ChaosOrder(**{name: getattr(chaos, name) for name in ChaosOrder.model_fields})
