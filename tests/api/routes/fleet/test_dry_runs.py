"""Dry runs: what the API refuses before a worker hears of it, and what it keeps."""

import json
import os
import time
from typing import Any

import httpx
import pytest
import redis

from api.clock import utc_now
from api.contract import bus as keys
from api.contract.dry_run import DryRunReport
from api.contract.health import WorkerHealth
from api.fleet.dry_runs import clip_path
from api.people.accounts import create_operator
from api.store.people import Role
from tests.api.conftest import CSRF, PASSWORD, RunningApi

PATH = "/v1/cameras/gate-3/dry-runs"
CROSSED = {"name": "a", "polygon": [[0.1, 0.1], [0.4, 0.4], [0.4, 0.1], [0.1, 0.4]]}


@pytest.fixture
def gate(operator: httpx.Client) -> httpx.Client:
    """An admin with a registered camera."""
    document = {"id": "gate-3", "name": "三号门", "source": "rtsp://admin:secret@10.0.0.7/1"}
    assert operator.put("/v1/cameras/gate-3", json=document).status_code == 201
    return operator


@pytest.fixture
def a_worker(bus: redis.Redis) -> str:
    """The name of a worker that says that it is there, and watches nothing."""
    health = WorkerHealth(worker="worker-01", started=utc_now(), reported=utc_now(), cpus=2)
    bus.set(keys.vitals_key("worker-01"), health.model_dump_json())
    return "worker-01"


def post(client: httpx.Client, source: str = "upload", clip: bytes | None = b"film", **draft: Any) -> httpx.Response:
    """Ask for a dry run."""
    files: dict[str, Any] = {"draft": (None, json.dumps({"zones": [], "source": source, **draft}))}
    if clip is not None:
        files["clip"] = ("film.mp4", clip, "video/mp4")
    return client.post(PATH, files=files)


def test_an_order_waits_for_a_worker_without_the_camera_s_password(
    gate: httpx.Client, worker: httpx.Client, bus: redis.Redis, a_worker: str, api: RunningApi
) -> None:
    """It names zones and limits and no source; the clip is handed out once, to workers alone, and removed."""
    answer = post(gate)
    assert answer.status_code == 202
    run = answer.json()["id"]
    assert [entry.decode() for entry in bus.lrange(keys.dry_runs_key(a_worker), 0, -1)] == [run]
    order = json.loads(bus.hget(keys.dry_run_key(run), "order") or b"{}")
    assert (order["camera"]["source"], order["source"], order["max_s"]) == ("", "upload", 600.0)
    assert gate.get(f"{PATH}/{run}").json()["report"]["state"] == "waiting"
    assert gate.get(f"{PATH}/{run}/clip").status_code == 401
    assert worker.get(f"{PATH}/{run}/clip").content == b"film"
    assert worker.get(f"{PATH}/{run}/clip").status_code == 404
    assert not clip_path(api.state, run).exists()
    assert worker.get(f"/v1/cameras/other/dry-runs/{run}/clip").status_code == 404


def test_a_clip_over_the_limit_is_413_and_leaves_nothing(
    gate: httpx.Client, a_worker: str, bus: redis.Redis, api: RunningApi
) -> None:
    """It may be larger than other bodies, up to its own limit; told or not, what is larger is refused."""
    object.__setattr__(api.state, "settings", api.settings.model_copy(update={"dry_run_max_bytes": 2_000_000}))
    refused = post(gate, clip=bytes(3_000_000))
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:plumewatch:problem:too-large")
    assert "clip" in refused.json()["detail"]
    assert bus.keys("pw:dry-run*") == []
    assert post(gate, clip=bytes(1_500_000)).status_code == 202
    assert a_worker


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"zones": [CROSSED]}, "zones.0.polygon: Value error, the edges"),
        ({"zones": [CROSSED | {"kind": "moat"}]}, "zones.0.kind"),
        ({"source": "lead"}, "source"),
        ({"clip": None}, "goes with the part clip"),
        ({"source": "recent"}, "goes with no part clip"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_draft_that_makes_no_sense_is_422(
    gate: httpx.Client, a_worker: str, bus: redis.Redis, options: dict[str, Any], reason: str
) -> None:
    """The answer says where and why; no worker hears of it."""
    refused = post(gate, **options)
    assert refused.status_code == 422
    assert reason in refused.json()["detail"]
    assert bus.llen(keys.dry_runs_key(a_worker)) == 0


def test_without_anybody_to_try_it_the_answer_says_so(gate: httpx.Client, bus: redis.Redis) -> None:
    """No worker at all: 503; nobody watches the camera: 409 for what it has just seen; no such camera: 404."""
    assert post(gate).json()["type"] == "urn:plumewatch:problem:no-worker"
    recent = post(gate, "recent", None)
    assert (recent.status_code, recent.json()["type"]) == (409, "urn:plumewatch:problem:camera-not-watched")
    assert gate.post("/v1/cameras/nowhere/dry-runs", files={"draft": (None, "{}")}).status_code == 404
    assert gate.get(f"{PATH}/{'0' * 32}").status_code == 404
    assert bus.keys("pw:dry-run*") == []


def test_a_worker_that_falls_silent_fails_the_run(gate: httpx.Client, a_worker: str, bus: redis.Redis) -> None:
    """Its turn is over: the report says whose silence it was instead of waiting for ever; the clip can go."""
    run = post(gate).json()["id"]
    report = DryRunReport(state="running", worker=a_worker, analysed_s=3.0)  # type: ignore[arg-type]
    bus.hset(keys.dry_run_key(run), "report", report.model_dump_json())
    assert gate.get(f"{PATH}/{run}").json()["report"]["state"] == "running"
    bus.delete(keys.dry_run_turn_key(a_worker))
    told = gate.get(f"{PATH}/{run}").json()["report"]
    assert (told["state"], told["fault"], told["analysed_s"]) == ("failed", "stopped", 3.0)
    assert "worker-01" in told["detail"]
    assert gate.delete(f"{PATH}/{run}").status_code == 204
    assert bus.llen(keys.dry_runs_key(a_worker)) == 0


@pytest.mark.parametrize("field", ["order", "report"])
def test_a_run_that_cannot_be_read_is_not_found(
    gate: httpx.Client, a_worker: str, bus: redis.Redis, field: str
) -> None:
    """Written by another version it answers 404, like one whose hour is over, and no fault."""
    run = post(gate).json()["id"]
    bus.hset(keys.dry_run_key(run), field, "[]")
    assert gate.get(f"{PATH}/{run}").status_code == 404
    assert a_worker


def test_an_end_that_is_told_while_it_is_asked_for_is_no_silence(
    gate: httpx.Client, a_worker: str, api: RunningApi, bus: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the report and the look at the turn the worker ends: the end is told."""
    run = post(gate).json()["id"]
    key = keys.dry_run_key(run)
    bus.hset(key, "report", DryRunReport(state="running", worker=a_worker).model_dump_json())  # type: ignore[arg-type]
    get_hash = api.state.broker.get_hash

    async def overtaken(asked: str) -> dict[str, bytes]:
        fields = await get_hash(asked)
        bus.hset(key, "report", DryRunReport(state="done", worker=a_worker).model_dump_json())  # type: ignore[arg-type]
        bus.delete(keys.dry_run_turn_key(a_worker))
        return fields

    monkeypatch.setattr(api.state.broker, "get_hash", overtaken)
    assert gate.get(f"{PATH}/{run}").json()["report"]["state"] == "done"


def test_clips_that_nobody_fetched_are_swept(gate: httpx.Client, a_worker: str, api: RunningApi) -> None:
    """One older than a run may take is removed by the API itself."""
    from api.fleet.dry_runs import _old_clips  # noqa: PLC0415

    path = clip_path(api.state, post(gate).json()["id"])
    assert path.exists()
    assert _old_clips(api.state) == []
    past = time.time() - 1000
    os.utime(path, (past, past))
    assert _old_clips(api.state) == [path]
    assert a_worker


def test_only_admins_try_zones(api: RunningApi, gate: httpx.Client) -> None:
    """A dry run shows what a camera saw and costs a worker's time."""
    first = create_operator(api.settings, "duty", Role.OPERATOR)
    with httpx.Client(base_url=api.url, headers=CSRF, timeout=20) as duty:
        assert post(duty).status_code == 401
        assert duty.post("/v1/session", json={"username": "duty", "password": first.password}).status_code == 201
        change = duty.post("/v1/session/password", json={"current": first.password, "new": PASSWORD})
        assert change.status_code == 200
        assert post(duty).status_code == 403
    assert gate.get("/v1/cameras").status_code == 200
