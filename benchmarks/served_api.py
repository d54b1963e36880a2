"""Served API: the API as a process of its own with a logged-in client, and times of its answers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from api.people.accounts import create_operator
from api.settings import Settings
from api.store.people import Role

_PASSWORD = "asked-by-the-benchmark"  # noqa: S105  (of a store that is thrown away)


@dataclass(frozen=True, slots=True)
class Times:
    """
    Milliseconds of one kind of answer.

    Attributes:
        found: median of leads in it.

        fastest_p95_ms: each question asked three times, the fastest of these counts: what the answer costs, where other
            programs use the machine too.

        cpu_ms: processor time of the API's process for one answer, on average; a busy machine changes it little.
    """

    kind: str
    count: int
    median_ms: float
    p95_ms: float
    worst_ms: float
    found: int = 0
    cpu_ms: float | None = None
    fastest_p95_ms: float | None = None


def times_of(kind: str, seconds: Sequence[float], found: int = 0) -> Times:
    """Return the times of answers that took these seconds; `found` is the median of what was in them."""
    ordered = [round(1000 * one, 2) for one in sorted(seconds)]
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return Times(kind, len(ordered), ordered[len(ordered) // 2], p95, ordered[-1], found)


def postgresql_url() -> str:
    """Return the address of the empty PostgreSQL database of a test run; exit with a sentence where there is none."""
    url = os.environ.get("PLUMEWATCH_TEST_POSTGRESQL", "")
    if not url:
        sys.exit("PLUMEWATCH_TEST_POSTGRESQL names no database; run this under .ci/with-postgresql")
    return url


@contextmanager
def served_api(settings: Settings, username: str) -> Iterator[tuple[httpx.Client, int]]:
    """Start the API as a process of its own and yield a logged-in client, and the process's number."""
    password = create_operator(settings, username, Role.ADMIN).password
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--data", str(settings.data_dir), "--redis", "redis://127.0.0.1:1/0", "--port", str(port)]
    if database := settings.database_url.get_secret_value():
        options += ["--database", database]
    command = [sys.executable, "-m", "plumewatch", "api", *options]
    log = settings.data_dir / "api.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers={"X-Plumewatch-Csrf": "1"}, timeout=120) as client:
            _wait(client)
            client.post("/v1/session", json={"username": username, "password": password}).raise_for_status()
            change = {"current": password, "new": _PASSWORD}
            client.post("/v1/session/password", json=change).raise_for_status()
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            client.get("/healthz").raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
