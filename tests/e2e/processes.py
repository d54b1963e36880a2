"""API and worker as processes of their own, so that a test can take one of them away."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis

from api.contract import bus
from api.contract.wire.camera_health import CameraHealth
from api.people.accounts import create_worker_key
from api.settings import Settings
from plumewatch.embedded import EmbeddedValkey
from tests.e2e.waiting import wait_for


def free_port() -> int:
    """Return a port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Parts:
    """
    A bus that runs all the time, and an API and a worker, configured by `config` (TOML), that come and go.

    Those that are started get `bus_url`, the bus's own unless a test puts another there.
    """

    folder: Path
    sources: Sequence[str]
    config: str = ""
    port: int = field(default_factory=free_port)
    api: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.bus = EmbeddedValkey(self.folder / "bus").start()
        self.bus_url = self.bus.url
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_data, self.worker_data = self.folder / "api", self.folder / "worker"
        key = create_worker_key(Settings(data_dir=self.api_data), "w1")
        self.key_file = self.folder / "key"
        self.key_file.write_text(key)
        self.config_file = self.folder / "worker.toml"
        self.config_file.write_text(self.config)
        self.client = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=10)

    def start_api(self) -> None:
        """Start the API and wait until it is ready."""
        self.api = self._start("api", "--data", str(self.api_data), "--port", str(self.port))
        wait_for("the API is ready", self._is_ready, 60)

    def start_worker(self, *sources: str) -> None:
        """Start the worker over `sources`, or over the usual ones."""
        watched = [part for source in sources or self.sources for part in ("--source", source)]
        places = ["--data", str(self.worker_data), "--api", self.url, "--worker-key-file", str(self.key_file)]
        self.worker = self._start("worker", *places, "--config", str(self.config_file), *watched)

    def analysed(self) -> int:
        """Return how many pictures the worker says on the bus that it has analysed; the API is not asked."""
        with redis.Redis.from_url(self.bus.url) as client:
            texts = [client.get(key) for key in client.scan_iter(match=bus.state_key("*"))]
        return sum(CameraHealth.model_validate_json(text).frames_analysed for text in texts if text is not None)

    def waiting_leads(self) -> list[str]:
        """Return the ids of the leads in the worker's outbox."""
        ready = self.worker_data / "outbox" / "ready"
        return sorted(path.name for path in ready.iterdir() if path.suffix != ".partial") if ready.exists() else []

    def open_cases(self) -> list[str]:
        """Return the ids of the leads whose package is not finished."""
        cases = self.worker_data / "cases" / "cases"
        return sorted(path.name for path in cases.iterdir() if path.suffix != ".partial") if cases.exists() else []

    def filed_leads(self) -> list[dict[str, object]]:
        """Return the leads that the API has filed with their evidence."""
        leads = self.client.get("/v1/leads", params={"limit": 100}).raise_for_status().json()["leads"]
        return [lead for lead in leads if lead["evidence"] is not None]

    @staticmethod
    def kill(process: subprocess.Popen[bytes] | None) -> None:
        """End a process as a power cut does."""
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """End everything."""
        self.kill(self.worker)
        self.kill(self.api)
        self.bus.stop()
        self.client.close()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "plumewatch", *arguments, "--redis", self.bus_url],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def _is_ready(self) -> bool:
        try:
            return bool(self.client.get("/readyz").is_success)
        except httpx.TransportError:
            return False
