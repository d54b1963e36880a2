"""The farm's process: cameras, their broadcasts, the listening socket, orders from standard input."""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from benchmarks.rtsp_farm.broadcast import Broadcast, FarmClock, PackedClip, Punctuality
from benchmarks.rtsp_farm.camera import FarmCamera, Fault
from benchmarks.rtsp_farm.chaos import Chaos
from benchmarks.rtsp_farm.orders import Answer, FarmOrder, FarmStats, Order
from benchmarks.rtsp_farm.session import Session
from benchmarks.rtsp_farm.units import ClipError, read_clip

HOST = "127.0.0.1"


@dataclass(slots=True)
class FaultLog:
    """Writes down what was done to which camera, and when: the truth against which a worker's ledger is held."""

    path: Path | None
    count: int = 0

    def write(self, camera: str, what: str, **fields: float | str) -> None:
        """Append one line with the wall clock and the monotonic clock."""
        self.count += 1
        if self.path is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"utc": now, "monotonic_s": round(time.monotonic(), 4), "camera": camera, "what": what, **fields}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


@dataclass(slots=True)
class Farm:
    """All cameras of one process."""

    order: FarmOrder
    clock: FarmClock = field(default_factory=FarmClock)
    punctuality: Punctuality = field(default_factory=Punctuality)
    cameras: dict[str, FarmCamera] = field(default_factory=dict)
    _packed: dict[str, PackedClip] = field(default_factory=dict)
    _broadcasts: dict[tuple[str, float], Broadcast] = field(default_factory=dict)
    _log: FaultLog = field(default_factory=lambda: FaultLog(None))

    def build(self) -> None:
        """Read the files and make the cameras; cameras with the same file and phase share a broadcast."""
        self._log = FaultLog(Path(self.order.log) if self.order.log else None)
        for camera in self.order.cameras:
            key = (camera.file, camera.phase_s)
            if key not in self._broadcasts:
                self._broadcasts[key] = self._broadcast(camera.file, phase_s=camera.phase_s)
            self.cameras[camera.name] = FarmCamera(camera.name, self._broadcasts[key])

    def _broadcast(self, file: str, *, phase_s: float = 0.0, rate: float = 1.0, jump_s: float = 0.0) -> Broadcast:
        packed = self._packed.get(file)
        if packed is None:
            packed = self._packed[file] = PackedClip(read_clip(Path(file)))
        return Broadcast(
            packed,
            self.clock,
            self.punctuality,
            phase_s=phase_s,
            rate=rate,
            jump_s=jump_s,
            reports=self.order.reports,
        )

    async def serve(self, orders: asyncio.StreamReader, say: Callable[[Answer], None]) -> None:
        """Listen, and carry out orders until they end or one says `quit`."""
        server = await asyncio.get_running_loop().create_server(lambda: Session(self.cameras), HOST, self.order.port)
        async with server:
            say(Answer(port=server.sockets[0].getsockname()[1]))
            chaos = asyncio.create_task(self._chaos())
            async for line in orders:
                answer = self._carry_out(line)
                if answer is None:
                    break
                say(answer)
            chaos.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await chaos

    def _carry_out(self, line: bytes) -> Answer | None:
        try:
            order = Order.model_validate_json(line)
            if order.do == "quit":
                return None
            if order.do == "stats":
                return Answer(stats=self.stats())
            if order.camera not in self.cameras:
                return Answer(error=f"no camera {order.camera!r}")
            self._do(order, self.cameras[order.camera])
        except (ValidationError, ClipError, OSError) as error:
            return Answer(error=str(error))
        return Answer()

    def _do(self, order: Order, camera: FarmCamera) -> None:
        usual = next(each for each in self.order.cameras if each.name == camera.name)
        if order.do == "fail":
            self.fail(camera, order.fault or Fault.DOWN)
        elif order.do == "mend":
            self.mend(camera)
        else:
            self._log.write(camera.name, order.do, value=order.value, file=Path(order.file).name)
            if order.do == "slow":
                camera.switch(self._broadcast(usual.file, phase_s=usual.phase_s, rate=order.value))
            elif order.do == "change":
                camera.switch(self._broadcast(order.file))
            elif order.do == "jump":
                camera.switch(self._broadcast(usual.file, phase_s=usual.phase_s, jump_s=order.value))
            else:
                camera.switch(None)

    def fail(self, camera: FarmCamera, fault: Fault) -> None:
        """Let a camera's fault begin."""
        self._log.write(camera.name, "fails", fault=fault.value)
        camera.fail(fault)

    def mend(self, camera: FarmCamera) -> None:
        """End a camera's fault."""
        camera.mend()
        self._log.write(camera.name, "mended")

    async def _chaos(self) -> None:
        """Carry out the plan; each moment is kept against the farm's start, whatever the steps before took."""
        if self.order.chaos is None:
            return
        plan = Chaos(**self.order.chaos.model_dump()).plan(list(self.cameras))
        steps = [(outage.at_s, outage.camera, outage.fault) for outage in plan]
        ends = [(outage.at_s + outage.for_s, outage.camera, None) for outage in plan]
        for at_s, name, fault in sorted([*steps, *ends], key=lambda step: step[0]):
            await asyncio.sleep(max(0.0, self.clock.monotonic_s + at_s - time.monotonic()))
            if fault is None:
                self.mend(self.cameras[name])
            else:
                self.fail(self.cameras[name], fault)

    def stats(self) -> FarmStats:
        """Return what was done so far."""
        cameras = self.cameras.values()
        return FarmStats(
            seconds=time.monotonic() - self.clock.monotonic_s,
            cpu_s=time.process_time(),
            viewers=sum(camera.viewers for camera in cameras),
            accepted=sum(camera.accepted for camera in cameras),
            sent=sum(camera.sent for camera in cameras),
            octets=sum(camera.octets for camera in cameras),
            dropped=sum(camera.dropped for camera in cameras),
            queued=max((camera.queued for camera in cameras), default=0),
            late_p50_ms=self.punctuality.quantile(0.5),
            late_p99_ms=self.punctuality.quantile(0.99),
            late_max_ms=self.punctuality.quantile(1.0),
            faults=self._log.count,
        )


async def run() -> None:
    """Serve what the first line of standard input asks for, until its last."""
    reader = asyncio.StreamReader(limit=2**22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    def say(answer: Answer) -> None:
        sys.stdout.write(answer.model_dump_json() + "\n")
        sys.stdout.flush()

    try:
        order = FarmOrder.model_validate_json(await reader.readline())
        if order.cpus:
            os.sched_setaffinity(0, order.cpus)
        farm = Farm(order)
        farm.build()
    except (ValidationError, ClipError, OSError) as error:
        say(Answer(error=str(error)))
        return
    await farm.serve(reader, say)


if __name__ == "__main__":
    asyncio.run(run())
