"""From a confirmed lead to the real API: delivered exactly once, whatever is down or killed in between."""

import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.contract.client import ApiClient, Receipt
from api.contract.evidence.verification import verify_package
from api.contract.wire.lead import LeadDocument
from api.people.accounts import create_worker_key
from streams.frame import Packet
from tests.api.conftest import RunningApi, api, bus, operator, settings, start_api, valkey_socket
from tests.streams.media import make_clip
from tests.vision.staged import FPS, NOW, SITE, WITNESS, lead_on, log_of, read_packets, ring_of
from vision.cluster.registration import Registration
from vision.config.worker import WorkerConfig
from vision.evidence.cases import CaseStore
from vision.evidence.clips import RingClips
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.sender import OutboxSender, SenderStats

__all__ = ["api", "bus", "operator", "settings", "start_api", "valkey_socket"]


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    return read_packets(make_clip(tmp_path_factory.mktemp("scene") / "scene.mp4", seconds=16, fps=FPS, gop=FPS))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeIdentity]:
    identity = NodeIdentity.open(tmp_path / "node", "worker-01", NOW)
    yield identity
    identity.close()


def make_lead(folder: Path, node: NodeIdentity, packets: list[Packet]) -> LeadDocument:
    """Confirm a lead and finish its case; the package is in the outbox."""
    store = CaseStore(folder, node, Outbox(folder / "outbox"), now=lambda: NOW)
    lead = lead_on(packets, 8, 11, 10, 11)
    rings = [RingClips(ring_of(packets, until_s)) for until_s in (11, 15.5)]
    case = store.open_case(lead, SITE, WITNESS, rings[0], log_of(packets, 11), pre_roll_s=4, post_roll_s=4)
    return store.finish_case(case, replace(lead), rings[1], log_of(packets, 15))


class Line:
    """The worker's way to the API, which may lead nowhere; and a clock that jumps to the next attempt."""

    def __init__(self, folder: Path, node: NodeIdentity) -> None:
        self.node = node
        self.client = ApiClient("http://127.0.0.1:9", "no-key")
        self.now = 0.0
        self.sender = OutboxSender(Outbox(folder / "outbox"), self, self.enrol, clock=lambda: self.now)

    def connect(self, running: RunningApi) -> "Line":
        """Lead to a running API."""
        self.client.close()
        self.client = ApiClient(running.url, create_worker_key(running.settings, "local"))
        return self

    def enrol(self) -> None:
        """Make the node known."""
        self.client.enrol_node(self.node.name, self.node.number, self.node.certificate_pem)

    def post_lead(self, lead: LeadDocument, package: Path, is_given_up: Callable[[], bool]) -> Receipt:
        """Post by the way that is open now."""
        return self.client.post_lead(lead, package, is_given_up)

    def attempt(self, most: int) -> SenderStats:
        """Make up to `most` steps, then close the connection."""
        for _ in range(most):
            pause = self.sender.step()
            if pause is None:
                break
            self.now += pause
        self.client.close()
        return self.sender.stats()


def test_a_lead_of_the_worker_is_filed_and_its_package_still_verifies(
    tmp_path: Path, node: NodeIdentity, packets: list[Packet], api: RunningApi, operator: httpx.Client
) -> None:
    """The API takes what the worker makes; what it gives back is byte for byte the signed package."""
    document = make_lead(tmp_path / "evidence", node, packets)
    stats = Line(tmp_path / "evidence", node).connect(api).attempt(20)
    assert (stats.posted, stats.rejected) == (1, 0)
    filed = LeadDocument.model_validate(operator.get(f"/v1/leads/{document.lead_id}").json())
    assert document.evidence is not None
    assert filed.evidence == document.evidence.model_copy(update={"tsa": "own", "log_index": 1})
    (tmp_path / "p.tar").write_bytes(operator.get(f"/v1/evidence/{document.lead_id}/package.tar").content)
    roots = operator.get("/v1/trust/nodes.pem").content
    assert verify_package(tmp_path / "p.tar", roots, lead_id=document.lead_id).failures == ()


def test_a_lead_made_while_the_api_is_down_is_delivered_later_exactly_once(
    tmp_path: Path, node: NodeIdentity, packets: list[Packet], api: RunningApi
) -> None:
    """The sender keeps trying a dead address; once the API can be reached, the lead arrives, once."""
    document = make_lead(tmp_path / "evidence", node, packets)
    line = Line(tmp_path / "evidence", node)
    stats = line.attempt(8)
    assert (stats.pending, stats.posted, stats.retries) == (1, 0, 4)
    stats = line.connect(api).attempt(20)
    assert (stats.pending, stats.posted, stats.rejected) == (0, 1, 0)
    assert leads_of(api) == [document.lead_id]


def test_a_worker_killed_after_the_api_answered_posts_no_second_lead(
    tmp_path: Path, node: NodeIdentity, packets: list[Packet], api: RunningApi
) -> None:
    """The entry that was not deleted any more is posted again under the same key and gets the same answer."""
    document = make_lead(tmp_path / "evidence", node, packets)
    shutil.copytree(tmp_path / "evidence", tmp_path / "after the kill")
    for folder in ("evidence", "after the kill"):
        stats = Line(tmp_path / folder, node).connect(api).attempt(20)
        assert (stats.posted, stats.rejected) == (1, 0)
    assert leads_of(api) == [document.lead_id]


def test_a_package_spoilt_in_the_outbox_is_refused_and_parked(
    tmp_path: Path, node: NodeIdentity, packets: list[Packet], api: RunningApi
) -> None:
    """The API stores nothing of it and says which check failed; the lead is put aside with that answer."""
    document = make_lead(tmp_path / "evidence", node, packets)
    tar = tmp_path / "evidence" / "outbox" / "ready" / document.lead_id / "package.tar"
    with tarfile.open(tar) as package:
        clip = max(package.getmembers(), key=lambda member: member.size)
    data = bytearray(tar.read_bytes())
    data[clip.offset_data + clip.size // 2] ^= 1
    tar.write_bytes(data)
    stats = Line(tmp_path / "evidence", node).connect(api).attempt(20)
    assert (stats.posted, stats.rejected) == (0, 1)
    answer = tmp_path / "evidence" / "outbox" / "rejected" / document.lead_id / "answer.json"
    assert "changed since the list was made" in answer.read_text()
    assert leads_of(api) == []


def test_a_worker_lists_its_cameras_and_leaves_those_of_others(
    node: NodeIdentity, api: RunningApi, operator: httpx.Client
) -> None:
    """The real API takes the worker's cameras, keeps an admin's, and a later configuration takes its own off."""
    taken = {"id": "cam-1", "name": "gate", "source": "rtsp://admin/1"}
    assert operator.put("/v1/cameras/cam-1", json=taken).status_code == 201
    with ApiClient(api.url, create_worker_key(api.settings, "local")) as client:
        assert not Registration(client, node, WorkerConfig.for_sources(["rtsp://a/1", "rtsp://b/1"])).attempt()
        assert client.cameras_configured_by(node.name) == ["cam-2"]
        assert operator.get("/v1/cameras/cam-1").json()["camera"]["name"] == "gate"
        assert operator.delete("/v1/cameras/cam-1").status_code == 204
        assert Registration(client, node, WorkerConfig.for_sources(["rtsp://a/1"])).attempt()
        assert client.cameras_configured_by(node.name) == ["cam-1"]


def leads_of(running: RunningApi) -> list[str]:
    """Ids of the leads that the API's database holds."""
    with running.state.database.reading() as session:
        return [row[0] for row in session.execute(text("SELECT lead_id FROM leads ORDER BY lead_id"))]
