"""Orders for covered copies, a filed lead with a clip, and workers that cover it."""

import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import redis

from api.contract import bus as keys
from api.contract.client import ApiClient
from api.contract.evidence.redaction import RedactionOrder
from api.contract.health import WorkerHealth
from api.people.accounts import create_worker_key
from streams.timing.clock import utc_now
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
from tests.api.contract.sample import TestSigner
from tests.api.wall.leads import fresh_lead, playable_posting
from tests.api.wall.stage import make_square_clip
from vision.jobs.redaction_process import cover
from vision.jobs.redactions import Redactions

__all__ = ["api", "bus", "enrolled", "operator", "settings", "signer", "start_api", "valkey_socket", "worker"]


ID = "L20261123-001007"

BASE = f"/v1/evidence/{ID}/redactions"

REGION = {"box": [200, 100, 400, 300], "from_s": 0.0, "to_s": 1.0}

Start = Callable[..., Redactions]


def hang(_: RedactionOrder, __: Path, ___: Path, connection: Connection) -> None:
    """Say one thing and then nothing for ever."""
    connection.send(0.5)
    time.sleep(600)


def vanish(_: RedactionOrder, __: Path, ___: Path, ____: Connection) -> None:
    """End without a word."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 2 s."""
    return make_square_clip(tmp_path_factory.mktemp("clips") / "square.mp4", 2.0)


@pytest.fixture
def filed(enrolled: httpx.Client, operator: httpx.Client, signer: TestSigner, clip: Path, tmp_path: Path) -> bytes:
    """A filed lead with a real clip; its package as it was posted."""
    posting = playable_posting(tmp_path / "package", clip, signer, fresh_lead(ID, ago_s=60, id="gate-3"))
    assert posting.send(enrolled).status_code == 201
    document = {"id": "gate-3", "name": "三号门", "source": "rtsp://10.0.0.7/1"}
    assert operator.put("/v1/cameras/gate-3", json=document).status_code == 201
    return posting.tar


@pytest.fixture
def start(api: RunningApi, bus: redis.Redis, tmp_path: Path) -> Iterator[Start]:
    """Start workers that cover clips, and say that they are there."""
    client = ApiClient(api.url, create_worker_key(api.settings, "coverer"))
    running: list[Redactions] = []

    def begin(body: Callable[..., None] = cover) -> Redactions:
        health = WorkerHealth(worker="worker-01", started=utc_now(), reported=utc_now(), cpus=2)
        bus.set(keys.vitals_key("worker-01"), health.model_dump_json())
        redactions = Redactions("worker-01", bus, client, tmp_path / "redactions", body=body)
        redactions.start()
        running.append(redactions)
        return redactions

    yield begin
    for redactions in running:
        redactions.stop()
    client.close()


def order(client: httpx.Client, **changes: object) -> dict[str, Any]:
    """Order a copy and return how it stands."""
    answer = client.post(f"{BASE}/clips", json={"regions": [REGION], "reason": "无关人员"} | changes)
    assert answer.status_code == 202, answer.text
    view: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{BASE}/clips/{view['id']}"
    return view


def wait_for(client: httpx.Client, redaction_id: str, *states: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """Return the report once it is in one of the states."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        report: dict[str, Any] = client.get(f"{BASE}/clips/{redaction_id}").json()["report"]
        if report["state"] in states:
            return report
        time.sleep(0.1)
    raise AssertionError(f"still {report}")


def darkest(clip: bytes, tmp_path: Path) -> list[bool]:
    """Return of each picture whether the middle of the region is one dark colour."""
    path = tmp_path / "seen.mp4"
    path.write_bytes(clip)
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray(format="gray")[110:290, 210:390] for frame in container.decode(video=0)]
    return [bool(part.max() - part.min() <= 6 and part.max() < 80) for part in parts]
