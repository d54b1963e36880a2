"""A worker's part in the group: what it does without the bus, and that one bad camera holds up no other."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
import redis

from api.contract import bus
from api.contract.client import ApiUnreachableError
from api.contract.wire.camera_health import CameraHealth
from api.contract.wire.worker import WorkerReport
from streams.camera import CameraId
from tests.vision.cluster.made_workers import SINCE, Site, cameras, running
from tests.vision.cluster.test_registered_cameras import document
from vision.cluster.claims import FENCE_S, Claims
from vision.cluster.group import View, WatcherGroup
from vision.cluster.load import Load, Tally
from vision.cluster.membership import GroupMember
from vision.config.camera import CameraConfig
from vision.config.sections import CutOff
from vision.leads.lead import CloseReason


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a bus."""
    with running("valkey") as address:
        yield address


@pytest.fixture
def client(server: str) -> Iterator[redis.Redis]:
    """An empty bus."""
    with redis.Redis.from_url(server) as connection:
        connection.flushall()
        yield connection


class CutGroup(WatcherGroup):
    """A bus that this worker may be cut off from."""

    is_cut = False

    def look(self, report: WorkerReport) -> View | None:
        """Look, or find no answer."""
        if self.is_cut:
            raise redis.ConnectionError("no answer")
        return super().look(report)


@dataclass
class Api:
    """What the API says of the bus; ``None``: it does not answer."""

    bus_is_there: bool | None = True

    def bus_answers(self, timeout_s: float) -> bool:
        """Answer."""
        assert timeout_s < FENCE_S
        if self.bus_is_there is None:
            raise ApiUnreachableError("no answer")
        return self.bus_is_there


@dataclass
class Cameras:
    """Watches cameras in name only; some cannot be started, some take long to stop."""

    broken: set[str] = field(default_factory=set)
    slow: dict[str, threading.Event] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def watch(self, camera: CameraConfig) -> None:
        """Note it."""
        if camera.id in self.broken:
            raise OSError("no such thing")
        self.done.append(f"+{camera.id}")

    def unwatch(self, camera: CameraId, reason: CloseReason, deadline_s: float) -> None:
        """Note it, after its time."""
        assert (reason, deadline_s <= 1.0) == (CloseReason.SHUTDOWN, True)
        if camera in self.slow:
            self.slow[camera].wait(20)
        self.done.append(f"-{camera}")

    def rezone(self, camera: CameraConfig) -> None:
        """Note it."""
        if camera.id in self.broken:
            raise KeyError(camera.id)
        self.done.append(f"~{camera.id}")

    def tallies(self) -> Mapping[str, Tally]:
        """Nothing is analysed."""
        return {}


@dataclass
class Staff:
    """A member with everything it needs."""

    site: Site
    clock: Callable[[], float]
    cut_off: CutOff = CutOff.WATCH
    api: Api = field(default_factory=Api)
    cameras: Cameras = field(default_factory=Cameras)

    def __post_init__(self) -> None:
        self.group = CutGroup(self.site.client, "a.1")
        self.claims = Claims(self.group, clock=self.clock)
        about = WorkerReport(name="a", member="a.1", since=SINCE)
        load = Load(1, 0, 10, self.clock)
        self.member = GroupMember(
            self.claims, self.group, load, self.cameras, self.api, self.cut_off, about, monotonic=self.clock
        )


@pytest.fixture
def site(client: redis.Redis) -> Site:
    """A site with two registered cameras."""
    made = Site(client)
    made.publish(*cameras(2))
    made.settle()
    return made


@pytest.mark.parametrize(
    ("bus_is_there", "cut_off", "goes_on"),
    [
        (False, CutOff.WATCH, True),
        (False, CutOff.STOP, True),
        (True, CutOff.WATCH, False),
        (True, CutOff.STOP, False),
        (None, CutOff.WATCH, True),
        (None, CutOff.STOP, False),
    ],
)
def test_without_the_bus_the_api_tells_whether_to_go_on(
    site: Site, bus_is_there: bool | None, cut_off: CutOff, goes_on: bool
) -> None:
    """An outage for all blinds nobody; who alone is cut off ceases after 5 s; the configuration decides the rest."""
    staff = Staff(site, site.clock, cut_off, Api(bus_is_there))
    staff.member._turn()
    assert staff.claims.may_analyse("cam0")
    staff.group.is_cut = True
    for _ in range(12):
        site.clock.now += 1.0
        with pytest.raises(redis.ConnectionError) as cut:
            staff.member._turn()
        assert 0 < staff.member._without_bus(cut.value) < 1
    assert staff.claims.may_analyse("cam0") is goes_on
    assert set(staff.claims.wanted()) == {"cam0", "cam1"}
    staff.group.is_cut = False
    staff.member._turn()
    assert staff.claims.may_analyse("cam0")


def test_a_worker_that_was_stopped_asks_before_it_analyses(site: Site) -> None:
    """Though the API said a moment before that the bus is away: what it said is too old now."""
    staff = Staff(site, site.clock, api=Api(bus_is_there=False))
    staff.member._turn()
    staff.member._without_bus(redis.ConnectionError("no answer"))
    site.clock.now += 20
    assert not staff.claims.may_analyse("cam0")


def test_a_camera_that_cannot_be_started_holds_up_no_other_and_is_tried_again(site: Site) -> None:
    """The others start; after 5 s the broken one is tried again."""
    staff = Staff(site, site.clock)
    staff.cameras.broken.add("cam0")
    staff.member._turn()
    staff.member._apply(staff.claims.wanted())
    assert staff.cameras.done == ["+cam1"]
    staff.cameras.broken.clear()
    staff.member._apply(staff.claims.wanted())
    assert staff.cameras.done == ["+cam1"]
    site.clock.now += 5
    staff.member._apply(staff.claims.wanted())
    assert staff.cameras.done == ["+cam1", "+cam0"]


def test_new_cameras_do_not_wait_for_old_ones_to_stop(site: Site) -> None:
    """What is new is started first; what changed is stopped and started."""
    staff = Staff(site, site.clock)
    staff.member._turn()
    staff.member._apply(staff.claims.wanted())
    staff.cameras.done.clear()
    site.publish(document("cam1", source="rtsp://elsewhere/1"), document("cam2"))
    staff.member._turn()
    staff.member._apply(staff.claims.wanted())
    assert staff.cameras.done == ["+cam2", "-cam0", "-cam1", "+cam1"]


def test_new_zones_keep_the_stream(site: Site) -> None:
    """A camera of which nothing but the zones changed is not stopped; where that fails it begins anew."""
    staff = Staff(site, site.clock)
    staff.member._turn()
    staff.member._apply(staff.claims.wanted())
    staff.cameras.done.clear()
    corner = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)]
    for name in ("a", "b"):
        site.publish(document("cam0", zones=[{"name": name, "polygon": corner}]), document("cam1"))
        staff.member._turn()
        staff.member._apply(staff.claims.wanted())
        staff.member._apply(staff.claims.wanted())
        staff.cameras.broken.add("cam0")
    assert staff.cameras.done == ["~cam0", "-cam0"]
    staff.cameras.broken.clear()
    site.clock.now += 5
    staff.member._apply(staff.claims.wanted())
    assert staff.cameras.done == ["~cam0", "-cam0", "+cam0"]


def test_turns_go_on_while_a_camera_is_slow_to_stop(site: Site) -> None:
    """The claims are kept by a thread of their own, and given back at the end."""
    staff = Staff(site, time.monotonic)
    staff.cameras.slow["cam0"] = threading.Event()
    staff.member.start()
    try:
        wait_until(lambda: len(staff.cameras.done) == 2)
        site.publish(cameras(2)[1])
        wait_until(lambda: "cam0" not in staff.claims.wanted())
        site.publish(cameras(2)[1], document("cam2"))
        wait_until(lambda: "cam2" in staff.claims.wanted())
        assert sorted(staff.cameras.done) == ["+cam0", "+cam1"]
        staff.cameras.slow["cam0"].set()
        wait_until(lambda: staff.cameras.done[2:] == ["-cam0", "+cam2"])
    finally:
        staff.cameras.slow["cam0"].set()
        staff.member.drain()
    pending = site.client.xpending_range(bus.CAMERAS, bus.WATCHERS, "-", "+", 10, bus.NOBODY)
    assert len(pending) == 2
    assert not site.client.exists(bus.worker_key("a.1"))


def test_what_cannot_be_watched_is_told(site: Site) -> None:
    """The wall shows why nobody watches a registered camera that makes no sense."""
    staff = Staff(site, site.clock)
    site.publish(document("cam0", source="/etc/passwd"))
    staff.member._turn()
    health = CameraHealth.model_validate_json(site.client.get(bus.state_key("cam0")) or b"")
    assert (health.worker, health.error) == (
        "a",
        (
            "cannot be watched: source: must be the address of a network stream"
            " (rtsp, rtsps, rtmp, rtmps, http, https, udp)"
        ),
    )


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
