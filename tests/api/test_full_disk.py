"""A disk that is full: every step of the intake can be tried again, and it is named in one sentence, without bytes."""

import base64
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import redis
import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.people.accounts import open_database
from api.settings import Settings
from tests.api.conftest import Posting, RunningApi, admin_of
from tests.api.fleet.test_announcements import announce
from tests.api.fleet.test_broker import wait_until
from tests.api.routes.fleet.test_cameras import wait_for_events
from tests.disk import disk_full, fill, small_disk


def answer_to(posting: Posting, client: httpx.Client) -> int:
    """Return the status; 0 where the API answered before it had read all, and the answer was lost: tried again too."""
    try:
        return posting.send(client).status_code
    except httpx.TransportError:
        return 0


def test_a_full_disk_at_any_step_of_the_intake_keeps_nothing_half(
    api: RunningApi, enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """Each refusal is one that outboxes try again; when there is space the same post files the lead."""
    data = api.settings.data_dir
    with disk_full(data) as disk:
        assert make_posting("L20261123-001900").send(enrolled).status_code == 201
    assert disk.steps > 5
    refused = 0
    for step in range(1, disk.steps + 1):
        posting = make_posting(f"L20261123-001{step:03d}")
        with disk_full(data, full_from=step):
            status = answer_to(posting, enrolled)
        assert status in {0, 201, 503}, f"step {step}"
        refused += status != 201
        assert posting.send(enrolled).status_code in {200, 201}, f"step {step}"
    assert refused > 3
    leads = [lead["lead_id"] for lead in operator.get("/v1/leads", params={"limit": 500}).json()["leads"]]
    assert len(leads) == len(set(leads)) == disk.steps + 1


def test_a_full_disk_is_named_in_one_sentence(
    tmp_path: Path, settings: Settings, bus: redis.Redis, start_api: Callable[[Settings], RunningApi]
) -> None:
    """
    `/readyz` and the log say which disk is full and how much is free, without a traceback, a picture or a password.

    What came meanwhile is taken once there is space.
    """
    with small_disk(tmp_path / "disk", 24) as disk:
        data = disk / "data"
        shutil.copytree(settings.data_dir, data)
        api = start_api(settings.model_copy(update={"data_dir": data}))
        with admin_of(api) as operator, structlog.testing.capture_logs() as told:
            camera = {"id": "gate-3", "source": "rtsp://admin:geheim@10.0.0.1/1"}
            assert operator.get("/readyz").json()["parts"]["disk"] == "ok"
            filler = fill(disk)
            ready = operator.get("/readyz")
            assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 503
            announce(bus, still=base64.b64encode(b"\xff\xd8\xff" + bytes(range(256)) * 1000).decode())
            wait_until(lambda: any(entry.get("task") == "announcements" for entry in told))
            filler.unlink()
            assert [event["type"] for event in wait_for_events(operator, 1)] == ["lead.announced"]
            assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 201
            assert operator.get("/readyz").status_code == 200
        api.stop()
    assert ready.status_code == 503
    sentence = f"the disk is full that holds {data}: 0.0 of 25.2 MB are free; make room there"
    assert ready.json()["parts"]["disk"].startswith(sentence)
    assert "vault cannot be written: the disk is full that holds" in ready.json()["parts"]["vault"]
    faults = [entry for entry in told if entry["log_level"] == "error"]
    assert {entry["event"] for entry in faults} == {"store is full", "background task waits for space"}
    assert all(entry["error"].startswith(sentence) for entry in faults)
    assert not any("exc_info" in entry for entry in told)
    assert "geheim" not in repr(told)
    assert "xd8" not in repr(told)


def test_a_fault_of_the_store_shows_no_values(settings: Settings) -> None:
    """A statement that fails is told without what it was to write: pictures, addresses with passwords."""
    with open_database(settings) as database, pytest.raises(OperationalError) as raised, database.writing() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:still)"), {"still": b"a small picture"})
    assert "no such table: nowhere" in str(raised.value)
    assert "picture" not in str(raised.value)
