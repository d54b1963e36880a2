"""Workers: what they say of themselves, put together by name."""

from datetime import UTC, datetime

import httpx
import redis

from api.contract.bus import CAMERAS, WATCHERS, vitals_key, worker_key
from api.contract.health import EvidenceHealth, WorkerHealth
from api.contract.wire.worker import WorkerReport

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def test_without_workers_the_list_is_empty(operator: httpx.Client) -> None:
    """Nobody reports, and the bus is there."""
    assert operator.get("/v1/workers").json() == {"workers": [], "unclaimed": 0, "bus": True}


def test_workers_are_listed_with_their_health_and_their_part(operator: httpx.Client, bus: redis.Redis) -> None:
    """Health and membership of one node stand together; either alone is shown too, and junk is left out."""
    for name in ("w1", "w2"):
        health = WorkerHealth(worker=name, started=NOW, reported=NOW, cameras=3)
        bus.set(vitals_key(name), health.model_dump_json())
    for name in ("w1", "w3"):
        report = WorkerReport(name=name, member=f"{name}.abcd", since=NOW, held=2, capacity=40)
        bus.set(worker_key(report.member), report.model_dump_json())
    bus.set(vitals_key("odd"), b"{}")
    workers = operator.get("/v1/workers").json()["workers"]
    assert [(w["name"], w["health"] is not None, w["member"] is not None) for w in workers] == [
        ("w1", True, True),
        ("w2", True, False),
        ("w3", False, True),
    ]
    assert (workers[0]["health"]["cameras"], workers[0]["member"]["capacity"]) == (3, 40)


def test_a_worker_whose_disk_is_full_is_named_by_readyz(operator: httpx.Client, bus: redis.Redis) -> None:
    """A warning in its own words; the API itself is ready."""
    health = WorkerHealth(worker="w1", started=NOW, reported=NOW, cameras=3)
    bus.set(vitals_key("w1"), health.model_dump_json())
    assert operator.get("/readyz").json()["warnings"] == {}
    waiting = health.model_copy(update={"evidence": EvidenceHealth(waits="the disk is full that holds /srv")})
    bus.set(vitals_key("w1"), waiting.model_dump_json())
    ready = operator.get("/readyz")
    assert (ready.status_code, ready.json()["warnings"]) == (200, {"workers": "w1: the disk is full that holds /srv"})


def test_cameras_that_nobody_watches_are_counted(operator: httpx.Client, bus: redis.Redis) -> None:
    """Of two registered cameras one is claimed: the other waits for a worker with room."""
    for camera in ("gate", "roof"):
        operator.put(f"/v1/cameras/{camera}", json={"id": camera, "source": "rtsp://10.0.0.1/1"}).raise_for_status()
    assert operator.get("/v1/workers").json()["unclaimed"] == 2
    bus.xclaim(CAMERAS, WATCHERS, "w1.abcd", 0, [bus.xrange(CAMERAS)[0][0]])
    assert operator.get("/v1/workers").json()["unclaimed"] == 1


def test_strangers_see_no_workers(api: object, operator: httpx.Client) -> None:
    """The list is for those logged in."""
    assert api is not None
    operator.cookies.clear()
    assert operator.get("/v1/workers").status_code == 401
