"""Covered copies from the officer's order to the copy beside the original: real API, bus, worker thread and child."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from api.contract import bus as keys
from api.store.evidence.tlog import LeafKind, leaves_about
from tests.api.conftest import (
    RunningApi,
    api,
    bus,
    enrolled,
    operator,
    settings,
    signer,
    start_api,
    valkey_socket,
    worker,
)
from tests.vision.jobs.covering import (
    BASE,
    ID,
    REGION,
    Start,
    clip,
    darkest,
    filed,
    hang,
    order,
    start,
    vanish,
    wait_for,
)

__all__ = [
    "api",
    "bus",
    "clip",
    "enrolled",
    "filed",
    "operator",
    "settings",
    "signer",
    "start",
    "start_api",
    "valkey_socket",
    "worker",
]


def test_a_clip_is_covered_and_both_hashes_are_tied(
    api: RunningApi, operator: httpx.Client, filed: bytes, start: Start, tmp_path: Path, clip: Path
) -> None:
    """The copy plays in ranges; the original is untouched; log, hash search and custody know; nothing is left over."""
    start()
    view = order(operator)
    report = wait_for(operator, view["id"], "done", "failed")
    assert (report["state"], report["worker"], report["fault"]) == ("done", "worker-01", None)
    assert (report["done_s"], report["duration_s"]) == (2.0, 2.0)
    (copy,) = operator.get(BASE).json()["redactions"]
    assert (copy["sha256"], copy["media_type"], copy["file"]) == (report["sha256"], "video/mp4", "clip.mp4")
    assert (copy["regions"], copy["masks"], copy["by"], copy["made_by"]) == (
        [REGION | {"to_box": None}],
        [],
        "operator:admin",
        "worker:coverer",
    )
    assert copy["source_sha256"] == view["source_sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
    whole = operator.get(copy["address"])
    assert hashlib.sha256(whole.content).hexdigest() == copy["sha256"]
    assert (whole.headers["Content-Type"], len(whole.content)) == ("video/mp4", copy["size"])
    part = operator.get(copy["address"], headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert operator.get(copy["address"], headers={"Range": f"bytes={copy['size']}-"}).status_code == 416
    covered = darkest(whole.content, tmp_path)
    assert covered == [True] * 12 + [False] * 12
    assert operator.get(f"/v1/evidence/{ID}/files/clip.mp4").content == clip.read_bytes()
    with api.state.database.reading() as session:
        (leaf,) = [leaf for leaf in leaves_about(session, ID) if leaf.kind is LeafKind.REDACTION]
    record = json.loads(leaf.data)
    assert (leaf.index, record["source_sha256"], record["sha256"], record["regions"]) == (
        copy["log_index"],
        copy["source_sha256"],
        copy["sha256"],
        copy["regions"],
    )
    (holding,) = operator.get("/v1/evidence", params={"sha256": copy["sha256"]}).json()["holdings"]
    assert holding["address"] == copy["address"]
    actions = [
        (entry["action"], entry["file"]) for entry in operator.get(f"/v1/evidence/{ID}/custody").json()["entries"]
    ]
    assert ("redacted", "clip.mp4") in actions
    assert ("played", f"redactions/{copy['sha256']}.mp4") in actions
    again = wait_for(operator, order(operator)["id"], "done", "failed")
    assert again["sha256"] == copy["sha256"]
    assert len(operator.get(BASE).json()["redactions"]) == 1
    assert [path for path in (tmp_path / "redactions").rglob("*") if path.is_file()] == []
    assert operator.get(f"{BASE}/{copy['sha256']}.jpg").status_code == 404
    assert filed


def test_the_cameras_masks_are_covered_throughout_unless_not_wanted(
    operator: httpx.Client, filed: bytes, start: Start, tmp_path: Path
) -> None:
    """A mask zone alone is enough; without it and without regions there is nothing to cover."""
    start()
    answer = operator.get("/v1/cameras/gate-3/zones")
    corners = [(190, 90), (410, 90), (410, 310), (190, 310)]
    mask = {"name": "居民窗", "kind": "mask", "polygon": [[x / 640, y / 360] for x, y in corners]}
    put = operator.put("/v1/cameras/gate-3/zones", json={"zones": [mask]}, headers={"If-Match": answer.headers["ETag"]})
    assert put.status_code == 200, put.text
    view = order(operator, regions=[])
    assert view["masks"] == ["居民窗"]
    report = wait_for(operator, view["id"], "done", "failed")
    assert report["state"] == "done", report
    copy = operator.get(f"{BASE}/{report['sha256']}.mp4").content
    assert darkest(copy, tmp_path) == [True] * 24
    assert order(operator, masks=False)["masks"] == []
    refused = operator.post(f"{BASE}/clips", json={"masks": False, "reason": "x"})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:plumewatch:problem:invalid-input")
    assert filed


@pytest.mark.parametrize(
    ("changes", "fault", "words"),
    [
        ({"regions": [REGION | {"box": [5000, 10, 5100, 20]}]}, "refused", "covers nothing of 640x360"),
        ({"file": "clip.mp4", "regions": [REGION]}, "refused", "more than the 1 s"),
    ],
)
def test_what_cannot_be_covered_is_told_in_one_sentence(
    api: RunningApi,
    operator: httpx.Client,
    filed: bytes,
    start: Start,
    changes: dict[str, object],
    fault: str,
    words: str,
) -> None:
    """A box beside the picture, and a clip longer than allowed; no copy is kept."""
    if words.startswith("more"):
        object.__setattr__(api.state, "settings", api.settings.model_copy(update={"redaction_max_s": 1.0}))
    start()
    report = wait_for(operator, order(operator, **changes)["id"], "done", "failed")
    assert (report["state"], report["fault"]) == ("failed", fault)
    assert words in report["detail"]
    assert operator.get(BASE).json()["redactions"] == []
    assert filed


def test_a_clip_that_was_changed_in_the_vault_is_not_copied(
    api: RunningApi, operator: httpx.Client, filed: bytes, start: Start
) -> None:
    """The worker holds the original against the package's list before it covers anything."""
    kept = next((api.settings.data_dir / "vault").rglob("clip.mp4"))
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    start()
    report = wait_for(operator, order(operator)["id"], "done", "failed")
    assert (report["state"], report["fault"]) == ("failed", "clip_lost")
    assert "the package's list says" in report["detail"]
    assert filed


def test_a_copy_that_is_called_off_ends_and_makes_room(
    operator: httpx.Client, filed: bytes, start: Start, bus: redis.Redis, tmp_path: Path
) -> None:
    """Its process is ended, its files go, and nothing of it is there any more."""
    start(hang)
    view = order(operator)
    assert wait_for(operator, view["id"], "running")["worker"] == "worker-01"
    assert operator.delete(f"{BASE}/clips/{view['id']}").status_code == 204
    assert operator.get(f"{BASE}/clips/{view['id']}").status_code == 404
    deadline = time.monotonic() + 10
    while (left := [*(tmp_path / "redactions").rglob("*")]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert bus.keys("pw:redaction*") == []
    assert filed


def test_a_worker_that_stops_dies_or_is_too_slow_says_so(
    api: RunningApi, operator: httpx.Client, filed: bytes, start: Start, bus: redis.Redis
) -> None:
    """A process that ends without a word, one out of time, a worker that stops, and one that falls silent."""
    redactions = start(vanish)
    assert wait_for(operator, order(operator)["id"], "failed")["fault"] == "broken"
    redactions.stop()
    object.__setattr__(api.state, "settings", api.settings.model_copy(update={"redaction_timeout_s": 1.0}))
    redactions = start(hang)
    assert wait_for(operator, order(operator)["id"], "failed")["fault"] == "too_slow"
    object.__setattr__(api.state, "settings", api.settings)
    view = order(operator)
    wait_for(operator, view["id"], "running")
    redactions.stop()
    assert wait_for(operator, view["id"], "failed")["fault"] == "stopped"
    view = order(operator)
    report = {"state": "running", "worker": "worker-02"}
    bus.hset(keys.redaction_key(view["id"]), "report", json.dumps(report))
    silent = operator.get(f"{BASE}/clips/{view['id']}").json()["report"]
    assert (silent["state"], silent["fault"], silent["detail"]) == (
        "failed",
        "stopped",
        "worker worker-02 says nothing any more",
    )
    assert filed


def test_a_worker_lets_go_of_an_order_once_its_end_is_told(
    operator: httpx.Client, filed: bytes, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In between, the end would be told as that of a worker that fell silent."""
    told: list[str] = []
    delete = redis.Redis.delete

    def watched(client: redis.Redis, *names: str) -> Any:
        for name in map(str, names):
            redaction_id = name.split(":")[2]
            if name == keys.redaction_held_key(redaction_id):
                report = client.hget(keys.redaction_key(redaction_id), "report")
                assert isinstance(report, bytes)
                told.append(json.loads(report)["state"])
        return delete(client, *names)

    monkeypatch.setattr(redis.Redis, "delete", watched)
    redactions = start(vanish)
    wait_for(operator, order(operator)["id"], "failed")
    redactions.stop()
    assert told == ["failed"]
    assert filed


def test_an_end_that_is_told_while_it_is_asked_for_is_no_silence(
    api: RunningApi,
    operator: httpx.Client,
    filed: bytes,
    start: Start,
    bus: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the look at the report and the look at who holds it the worker ends: the end is told."""
    start(hang).stop()
    view = order(operator)
    key = keys.redaction_key(view["id"])
    bus.hset(key, "report", json.dumps({"state": "running", "worker": "worker-01"}))
    get_hash = api.state.broker.get_hash

    async def overtaken(asked: str) -> dict[str, bytes]:
        fields = await get_hash(asked)
        bus.hset(key, "report", json.dumps({"state": "failed", "worker": "worker-01", "fault": "refused"}))
        return fields

    monkeypatch.setattr(api.state.broker, "get_hash", overtaken)
    report = operator.get(f"{BASE}/clips/{view['id']}").json()["report"]
    assert (report["state"], report["fault"]) == ("failed", "refused")
    assert filed


def test_what_makes_no_sense_is_refused_before_a_worker_hears_of_it(
    operator: httpx.Client, worker: httpx.Client, filed: bytes, start: Start, bus: redis.Redis
) -> None:
    """No worker, no such file, no clip, turned boxes and times, no reason; copies come from workers that were asked."""
    body = {"regions": [REGION], "reason": "x"}
    assert operator.post(f"{BASE}/clips", json=body).json()["type"] == "urn:plumewatch:problem:no-worker"
    start(hang).stop()
    for changes, status in (
        ({"file": "none.mp4"}, 404),
        ({"file": "f0001.png"}, 422),
        ({"regions": [REGION | {"box": [80, 20, 40, 60]}]}, 422),
        ({"regions": [REGION | {"to_s": 0.0}]}, 422),
        ({"regions": []}, 422),
        ({"reason": " "}, 422),
        ({"colour": "red"}, 422),
    ):
        assert operator.post(f"{BASE}/clips", json=body | changes).status_code == status, changes
    assert bus.llen(keys.REDACTIONS) == 0
    view = order(operator)
    copy = f"{BASE}/clips/{view['id']}/copy"
    assert operator.put(copy, content=b"x").status_code == 401
    assert worker.put(copy, content=b"x").status_code == 409
    bus.hset(keys.redaction_key(view["id"]), "report", json.dumps({"state": "running", "worker": "worker-01"}))
    bus.set(keys.redaction_held_key(view["id"]), "worker-01")
    assert worker.put(copy, content=b"no film").status_code == 422
    assert operator.get(f"{BASE}/clips/{view['id']}/original").status_code == 401
    assert worker.get(f"/v1/evidence/L20261123-001008/redactions/clips/{view['id']}/original").status_code == 404
    assert operator.get(BASE).json()["redactions"] == []
    assert filed
