"""Real parts together: a whole site as a user starts it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from benchmarks.scenes import demo_scenes, ensure, scene_named
from plumewatch.supervisor import WORKER_STOPS_WITHIN_S
from tests.rtsp import rtsp_server

__all__ = ["rtsp_server"]

_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "scenes"
PASSWORD = "a long enough pass phrase"


@dataclass
class RunningSite:
    """``plumewatch up`` in a folder of its own, as a person at a terminal has it."""

    data: Path
    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)
    url: str = ""
    one_time_password: str = ""

    def wait_started(self, timeout_s: float = 90.0) -> None:
        """Read the terminal until the wall's address and the password are there."""
        deadline = time.monotonic() + timeout_s
        assert self.process.stdout is not None
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"plumewatch ended with {self.process.wait()}: {''.join(self.output)}")
            self.output.append(line)
            if found := re.search(r"wall: (http://\S+)/", line):
                self.url = found[1]
            if found := re.search(r"one-time password: (\S+)", line):
                self.one_time_password = found[1]
            if "Ctrl-C" in line:
                return
        raise AssertionError(f"not started within {timeout_s} s: {''.join(self.output)}")

    def worker_client(self) -> httpx.Client:
        """Return a client with the local worker's key: it may read leads and events."""
        key = (self.data / "worker.key").read_text().strip()
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=10)

    def operator_client(self) -> httpx.Client:
        """Return a client that has logged in and replaced the one-time password."""
        client = httpx.Client(base_url=self.url, headers={"X-Plumewatch-Csrf": "1"}, timeout=20)
        login = client.post("/v1/session", json={"username": "admin", "password": self.one_time_password})
        assert login.is_success, login.text
        changed = client.post(
            "/v1/session/password", json={"current_password": self.one_time_password, "new_password": PASSWORD}
        )
        assert changed.is_success, changed.text
        return client

    def child_pid(self, name: str) -> int:
        """Return the process id of the site's ``api`` or ``worker``."""
        listing = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        for line in listing.splitlines():
            pid, parent, arguments = line.split(None, 2)
            if parent == str(self.process.pid) and f"-m plumewatch {name}" in arguments:
                return int(pid)
        raise AssertionError(f"no {name} process under {self.process.pid}")

    def stop(self) -> int:
        """Press Ctrl-C; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=WORKER_STOPS_WITHIN_S + 30)
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()


@pytest.fixture(scope="session")
def scene_clips() -> dict[str, Path]:
    """The demo's scenes as clips, rendered once and kept in the checkout's cache."""
    return ensure(_CACHE, demo_scenes())


@pytest.fixture(scope="session")
def smoking_clip() -> Path:
    """The demo's smoking stack alone."""
    scene = scene_named("stack-black-smoke")
    return ensure(_CACHE, [scene])[scene.name]


@pytest.fixture(scope="session")
def brief_clip() -> Path:
    """A street for eight seconds, small: for tests in which only counts who watches it. A tenth of a scene's work."""
    scene = replace(scene_named("street-traffic"), name="street-brief", size_wh=(640, 360), seconds=8.0)
    return ensure(_CACHE, [scene])[scene.name]


@pytest.fixture
def start_site(tmp_path: Path) -> Iterator[Callable[..., RunningSite]]:
    """A function that starts a site with the given arguments to ``plumewatch up``."""
    sites: list[RunningSite] = []

    def start(*arguments: str, data: Path | None = None) -> RunningSite:
        folder = data or tmp_path / "data"
        command = [sys.executable, "-m", "plumewatch", "up", "--data", str(folder), "--port", "0", *arguments]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        site = RunningSite(folder, process)
        sites.append(site)
        site.wait_started()
        return site

    yield start
    for site in sites:
        site.stop()
