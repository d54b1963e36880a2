"""Claims on a real bus: taken, kept, lost, handed over. The workers' clock is a hand; entries are made to look idle."""

from collections.abc import Callable

from api.contract import bus
from tests.vision.cluster.made_workers import Site, Worker, cameras, client, hire, server, site
from tests.vision.cluster.test_registered_cameras import document
from vision.cluster.claims import LINGER_S, UNBROKEN_S

__all__ = ["client", "hire", "server", "site"]


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
