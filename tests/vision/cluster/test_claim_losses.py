"""Claims when workers die or the bus fails."""

from collections.abc import Callable

from api.contract import bus
from tests.vision.cluster.made_workers import Site, Worker, cameras, client, hire, server, site
from vision.cluster.claims import FENCE_S, UNBROKEN_S

__all__ = ["client", "hire", "server", "site"]


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
