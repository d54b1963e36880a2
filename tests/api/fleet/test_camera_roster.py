"""The cameras on the bus: one entry each, whatever was there before."""

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest
import redis

from api.contract import bus as keys
from tests.api.conftest import RunningApi

GATE, ROOF = {"id": "gate", "source": "rtsp://10.0.0.1/1"}, {"id": "roof", "source": "rtsp://10.0.0.2/1"}


def put(client: httpx.Client, camera: dict[str, object], **changes: object) -> None:
    """Register a camera, or change it."""
    client.put(f"/v1/cameras/{camera['id']}", json=camera | changes).raise_for_status()


def entries(bus: redis.Redis) -> dict[str, str]:
    """The stream's entries: camera by id; every camera must have one."""
    found = {entry_id.decode(): fields[b"camera"].decode() for entry_id, fields in bus.xrange(keys.CAMERAS)}
    assert len(set(found.values())) == len(found)
    return found


def held_by(bus: redis.Redis, member: str) -> set[str]:
    """Ids of the entries that a member of the group holds."""
    pending = bus.xpending_range(keys.CAMERAS, keys.WATCHERS, "-", "+", 100, member)
    return {one["message_id"].decode() for one in pending}


def reconcile(api: RunningApi) -> None:
    """Let the API compare list and entries now."""
    asyncio.run_coroutine_threadsafe(api.state.roster.reconcile(), api.loop).result(10)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_each_camera_has_one_entry_that_anybody_may_take(operator: httpx.Client, bus: redis.Redis) -> None:
    """A registered camera is an entry that nobody holds and that has settled; a removed one is none."""
    put(operator, GATE)
    put(operator, ROOF)
    assert sorted(entries(bus).values()) == ["gate", "roof"]
    assert held_by(bus, keys.NOBODY) == set(entries(bus))
    settled = bus.xpending_range(keys.CAMERAS, keys.WATCHERS, "-", "+", 9, keys.NOBODY, idle=keys.SETTLE_MS)
    assert len(settled) == 2
    operator.delete("/v1/cameras/gate").raise_for_status()
    assert list(entries(bus).values()) == ["roof"]
    assert held_by(bus, keys.NOBODY) == set(entries(bus))


def test_a_change_is_a_new_entry_and_no_change_is_none(operator: httpx.Client, bus: redis.Redis) -> None:
    """A camera changed leaves its watcher's hands; one that was written again as it was stays in them."""
    put(operator, GATE)
    put(operator, ROOF)
    bus.xclaim(keys.CAMERAS, keys.WATCHERS, "w", 0, list(entries(bus)))
    before = entries(bus)
    put(operator, GATE)
    assert entries(bus) == before
    put(operator, GATE, name="三号门")
    after = entries(bus)
    assert held_by(bus, "w") == {entry for entry, camera in before.items() if camera == "roof"}
    assert held_by(bus, keys.NOBODY) == set(after) - set(before)


def test_a_camera_switched_off_has_no_entry(operator: httpx.Client, bus: redis.Redis) -> None:
    """The list still has it, the workers have nothing to claim."""
    put(operator, GATE)
    put(operator, GATE, enabled=False)
    assert entries(bus) == {}
    assert bus.hexists(keys.DESIRED_CAMERAS, "gate")


@pytest.mark.parametrize(
    "damage",
    [
        lambda bus: bus.xdel(keys.CAMERAS, next(iter(entries(bus)))),
        lambda bus: bus.xadd(keys.CAMERAS, {"camera": "gate", "generation": "old"}),
        lambda bus: bus.xadd(keys.CAMERAS, {"camera": "nowhere", "generation": "1"}),
        lambda bus: bus.xack(keys.CAMERAS, keys.WATCHERS, next(iter(entries(bus)))),
        lambda bus: bus.xgroup_destroy(keys.CAMERAS, keys.WATCHERS),
        lambda bus: bus.delete(keys.CAMERAS),
        lambda bus: bus.hset(keys.DESIRED_CAMERAS, keys.DESIRED_MARKER, b""),
        lambda bus: bus.flushall(),
    ],
    ids=["entry gone", "double", "orphan", "nobody's", "group gone", "stream gone", "old list", "bus empty"],
)
def test_what_is_wrong_is_mended(
    api: RunningApi, operator: httpx.Client, bus: redis.Redis, damage: Callable[[redis.Redis], object]
) -> None:
    """Whatever is lost, double or of no camera is found by comparison, with no change at the API."""
    put(operator, GATE)
    put(operator, ROOF)
    damage(bus)
    reconcile(api)
    assert sorted(entries(bus).values()) == ["gate", "roof"]
    assert held_by(bus, keys.NOBODY) == set(entries(bus))
    assert sorted(bus.hkeys(keys.DESIRED_CAMERAS)) == [keys.DESIRED_MARKER.encode(), b"gate", b"roof"]


def test_the_api_reconciles_by_itself(operator: httpx.Client, bus: redis.Redis) -> None:
    """A running API finds within seconds that the bus is empty; its entries have not settled: strangers wait."""
    put(operator, GATE)
    bus.flushall()
    wait_until(lambda: bus.exists(keys.CAMERAS) == 1)
    fresh = bus.xpending_range(keys.CAMERAS, keys.WATCHERS, "-", "+", 9, keys.NOBODY)
    assert [one["time_since_delivered"] < keys.SETTLE_MS for one in fresh] == [True]


def test_an_entry_in_a_watchers_hands_is_kept_of_two(operator: httpx.Client, bus: redis.Redis) -> None:
    """Of a camera's two entries that which a worker holds stays."""
    put(operator, GATE)
    (first,) = entries(bus)
    generation = bus.xrange(keys.CAMERAS)[0][1][b"generation"]
    second = bus.xadd(keys.CAMERAS, {"camera": "gate", "generation": generation})
    bus.xreadgroup(keys.WATCHERS, "w", {keys.CAMERAS: ">"})
    put(operator, ROOF)
    assert second is not None
    assert first not in entries(bus)
    assert held_by(bus, "w") == {second.decode()}
