"""
The one-machine site: embedded bus, API and workers as child processes, watched and started again.

The supervisor keeps no lead and no frame. If it is killed, its children stop by themselves; what was confirmed is on
disk.
"""

import fcntl
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
import structlog

from plumewatch.api_process import FirstStart, check_bus_address, prepare_api
from plumewatch.commands.follow import LeadFollower
from plumewatch.embedded import EmbeddedValkey
from plumewatch.failures import UsageError
from plumewatch.processes import Child, stop_together
from plumewatch.worker_process import DEMO, REDIS, SOURCES, WORKERS, read_config
from vision.evidence.node import FACTS, host_name

log = structlog.get_logger(__name__)

DEFAULT_PORT = 8080
_PORTS_TRIED = 50
_READY_WITHIN_S = 180.0
"""An API that ends instead is told of at once; one that is there may take a crowded machine longer than a minute."""
_TICK_S = 0.25
WORKER_STOPS_WITHIN_S = 150.0
"""
More than the deadlines of a worker's parts together (`vision.worker.worker.Worker.run`), so that none is cut short
which still finishes evidence; where bus and API answer, a worker has stopped within seconds. Who sends to the API may
still wait for an answer beyond that; what they hold is on disk and goes on at the next start.
"""


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """
    What ``plumewatch up`` was asked for.

    Attributes:
        port: of the wall; ``None`` where the default will do.

        workers: worker processes.

        redis: address of a bus that runs already; empty: a Valkey server of the site's own.
    """

    config: Path | None
    sources: tuple[str, ...]
    port: int | None
    data: Path
    demo: bool
    workers: int = 1
    redis: str = field(default="", repr=False)


class Site:
    """All of Plumewatch on one machine."""

    def __init__(self, options: SiteOptions) -> None:
        self._options = options

    def run(self, stop: threading.Event, *, once_timeout_s: float | None = None) -> int:
        """
        Run until `stop` is set; return the exit code.

        With `once_timeout_s`: end with 0 after the first lead has been filed and its package has verified, with 1 when
        that has not happened in time.
        """
        options = self._options
        with ExitStack() as stack:
            stack.enter_context(_data_folder_of_our_own(options.data))
            read_config(options.config, options.sources)
            if options.redis:
                check_bus_address(options.redis)
            _free_port(options.port)  # said before the scenes are rendered, which takes a minute
            sources = [*options.sources, *(self._demo_sources() if options.demo else ())]
            port = _free_port(options.port)
            bus = self._own_bus(stack)
            bus_url = options.redis if bus is None else bus.url
            first = prepare_api(options.data, bus_url)
            url = f"http://127.0.0.1:{port}"
            api = self._api(bus_url, port)
            api.start()
            stack.callback(api.stop, 15.0)
            self._wait_ready(api, url, stop)
            workers = [self._worker(number, url, bus_url, sources, first) for number in range(1, options.workers + 1)]
            for worker in workers:
                worker.start()
            stack.callback(stop_together, workers, WORKER_STOPS_WITHIN_S)
            self._tell_idle_folders()
            self._greet(url, first)
            follower = LeadFollower(url, first.worker_key)
            return self._watch(stop, bus, (api, *workers), follower, once_timeout_s)

    def _own_bus(self, stack: ExitStack) -> EmbeddedValkey | None:
        """Return the site's own bus, started; ``None`` where it was given one."""
        if self._options.redis:
            return None
        bus = EmbeddedValkey(self._options.data / "bus").start()
        stack.callback(bus.stop)
        return bus

    def _api(self, bus_url: str, port: int) -> Child:
        data = self._options.data
        logs = data / "logs"
        logs.mkdir(exist_ok=True)
        # An address may hold a password: the environment is the owner's alone to read, a command line is everybody's.
        arguments = ["api", "--data", str(data), "--port", str(port)]
        return Child("api", arguments, {REDIS: bus_url}, logs / "api.log")

    def _worker(self, number: int, url: str, bus_url: str, sources: list[str], first: FirstStart) -> Child:
        """Return a worker with its share of the configured cameras; each is a node with a folder of its own."""
        options = self._options
        name = "worker" if number == 1 else f"worker-{number}"
        folder = options.data if number == 1 else options.data / WORKERS / str(number)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        arguments = ["worker", "--data", str(folder), "--api", url, "--worker-key-file", str(first.worker_key_file)]
        arguments += ["--config", str(options.config)] if options.config else []
        arguments += ["--shard", f"{number}/{options.workers}"] if options.workers > 1 else []
        if number > 1 and not (folder / "node" / FACTS).exists():
            arguments += ["--node", f"{host_name()[:58]}-{number}"]
        environment = {REDIS: bus_url, SOURCES: json.dumps(sources)} | ({DEMO: "1"} if options.demo else {})
        return Child(name, arguments, environment, options.data / "logs" / f"{name}.log")

    def _tell_idle_folders(self) -> None:
        """Warn of workers of an earlier start that are not started now, for their leads may still wait to be sent."""
        folders = sorted((self._options.data / WORKERS).glob("*/outbox/ready/L*"))
        names = {path.parents[2].name for path in folders}
        idle = {name for name in names if not name.isdecimal() or int(name) > self._options.workers}
        if idle:
            log.warning("leads wait in the folders of workers that are not started", workers=sorted(idle))

    def _demo_sources(self) -> list[str]:
        from benchmarks.scenes import demo_scenes, ensure  # noqa: PLC0415 (rendering needs the picture libraries)

        clips = ensure(self._options.data / "scenes", demo_scenes(), progress=_print_progress)
        return [str(path) for path in clips.values()]

    @staticmethod
    def _wait_ready(api: Child, url: str, stop: threading.Event) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline and not stop.is_set():
            if api.process is not None and api.process.poll() is not None:
                raise UsageError(f"the API did not start; its log {api.log_path} ends with:\n{api.tail()}")
            try:
                if httpx.get(f"{url}/readyz", timeout=2.0, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            stop.wait(0.1)
        if not stop.is_set():
            raise UsageError(f"the API was not ready within {_READY_WITHIN_S:g} s; see {api.log_path}")

    @staticmethod
    def _greet(url: str, first: FirstStart) -> None:
        lines = [f"青目 Plumewatch   wall: {url}/"]
        if first.one_time_password is not None:
            lines.append(f"operator: {first.operator}   one-time password: {first.one_time_password}")
        else:
            lines.append(f"operator: {first.operator}   (password as you set it)")
        lines.append("leads are printed here as they arrive; Ctrl-C ends")
        print("\n".join(lines), flush=True)

    @staticmethod
    def _watch(
        stop: threading.Event,
        bus: EmbeddedValkey | None,
        children: tuple[Child, ...],
        follower: LeadFollower,
        once_timeout_s: float | None,
    ) -> int:
        deadline = None if once_timeout_s is None else time.monotonic() + once_timeout_s
        while not stop.wait(_TICK_S):
            for child in children:
                child.keep_alive()
            if bus is not None:
                bus.keep_alive()
            for line in follower.news():
                _tell(line)
            if deadline is not None and follower.filed:
                verified, report = follower.verify_first()
                _tell(report)
                return 0 if verified else 1
            if deadline is not None and time.monotonic() > deadline:
                _tell(f"no lead was filed within {once_timeout_s:g} s")
                return 1
        return 0


@contextmanager
def _data_folder_of_our_own(folder: Path) -> Iterator[IO[str]]:
    """Hold the data folder; raise `UsageError` when another supervisor does, or when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "supervisor.lock").open("w", encoding="ascii")
    except OSError as error:
        raise UsageError(f"data folder {folder} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"data folder {folder} is in use by another plumewatch; give each its own --data"
            ) from None
        yield lock


def _free_port(wanted: int | None) -> int:
    """Return the port to listen on; a default that is taken moves on to the next, a wanted one is an error."""
    candidates = [wanted] if wanted is not None else range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED)
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    taken = f"port {wanted} is taken" if wanted is not None else f"ports {DEFAULT_PORT} and the next are all taken"
    raise UsageError(f"{taken}; choose one with --port")


def _tell(line: str) -> None:
    """Print a line; a full disk that does not take it ends no site, whose leads are on the wall all the same."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise  # whoever reads this has gone, as with any other command
    except OSError as error:
        log.warning("line not printed", error=str(error))


def _print_progress(name: str, done: int, frames: int) -> None:
    if done == frames or done % 25 == 0:
        print(f"rendering demo scene {name}: {done / frames:.0%}", flush=True)
