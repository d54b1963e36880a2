"""Custody, cameras' files and chains over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.contract.trust.merkle import inclusion_holds, leaf_hash
from api.people.access import AccessLog
from api.store.evidence.tlog import LeafKind, leaves_about, log_leaves
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.evidence.test_article41 import COMPLETE
from tests.api.contract.sample import LEAD_ID

BASE = f"/v1/evidence/{LEAD_ID}"
CAMERA = "/v1/cameras/gate-3"


@pytest.fixture
def filed(enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]) -> Posting:
    """A filed lead of a registered camera."""
    assert operator.put(CAMERA, json={"id": "gate-3", "source": "rtsp://example/1"}).status_code == 201
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    return posting


def entries(operator: httpx.Client) -> list[dict[str, Any]]:
    """The lead's custody."""
    listed: list[dict[str, Any]] = operator.get(f"{BASE}/custody").json()["entries"]
    return listed


def test_a_look_goes_into_the_log_and_is_proven(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """An entry is not logged at first; once the batch is, its proof leads to the root in the log's leaf."""
    assert operator.get(f"{BASE}/files/clip.mp4").status_code == 200
    assert filed.lead.lead_id == LEAD_ID
    newest = entries(operator)[-1]
    assert (newest["action"], newest["logged"]) == ("played", False)
    assert operator.get(f"{BASE}/custody/{newest['seq']}").status_code == 404
    patient = AccessLog(api.state)
    assert patient.look() is None, "it waits for the period"
    patient._patience = timedelta()
    index = patient.look()
    assert index is not None
    assert patient.look() is None, "nothing new"
    assert all(entry["logged"] for entry in entries(operator))
    proof = operator.get(f"{BASE}/custody/{newest['seq']}").json()
    path = [bytes.fromhex(piece) for piece in proof["path"]]
    leaf = leaf_hash(proof["entry"].encode())
    assert inclusion_holds(leaf, proof["index"], proof["size"], path, bytes.fromhex(proof["root"]))
    with api.state.database.reading() as session:
        (logged,) = log_leaves(session, proof["log_index"], 1)
    assert (LeafKind.ACCESS, index) == (logged.kind, proof["log_index"])
    assert proof["root"].encode() in logged.data


def test_the_proof_of_an_entry_that_cannot_be_is_refused(operator: httpx.Client, filed: Posting) -> None:
    """404 for a number that nothing has, 422 for one that no entry can have."""
    assert filed.lead.lead_id == LEAD_ID
    answers = [operator.get(f"{BASE}/custody/{number}").status_code for number in (2**63 - 1, 2**63, 10**20, 0)]
    assert answers == [404, 422, 422, 422]


def test_a_camera_without_a_file_makes_leads_only(operator: httpx.Client, filed: Posting) -> None:
    """By default the file is empty, everything is lacking, and the lead says lead_only."""
    file = operator.get(f"{CAMERA}/article41")
    assert (
        file.headers["etag"],
        file.json()["class_today"],
        len(file.json()["lacks_today"]),
    ) == ('"0"', "lead_only", 5)
    assert filed.lead.class_ == "lead_only"


def test_a_file_is_put_in_versions_and_logged(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """A new version needs the one before in If-Match, is a leaf of the log, and the old ones stay to be read."""
    document = COMPLETE.model_dump(mode="json")
    assert operator.put(f"{CAMERA}/article41", json=document).status_code == 428
    first = operator.put(f"{CAMERA}/article41", json={"sign": {"fitted": "2026-01-08"}}, headers={"If-Match": '"0"'})
    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    assert operator.put(f"{CAMERA}/article41", json=document, headers={"If-Match": '"0"'}).status_code == 412
    second = operator.put(f"{CAMERA}/article41", json=document, headers={"If-Match": '"1"'})
    assert (second.json()["version"], second.json()["lacks_today"]) == (2, [])
    versions = operator.get(f"{CAMERA}/article41/versions").json()["versions"]
    assert [version["version"] for version in versions] == [1, 2]
    with api.state.database.reading() as session:
        leaves = leaves_about(session, "gate-3")
    assert [leaf.kind for leaf in leaves] == [LeafKind.CAMERA] * 2
    assert [version["log_index"] for version in versions] == [leaf.index for leaf in leaves]
    assert filed.lead.camera.id == "gate-3"


def test_files_of_unknown_cameras_are_refused(operator: httpx.Client) -> None:
    """404 for a camera that is not registered; 422 for what is no such file."""
    headers = {"If-Match": '"0"'}
    assert operator.put("/v1/cameras/none/article41", json={}, headers=headers).status_code == 404
    assert operator.put("/v1/cameras/none/article41", json={"sign": "yes"}, headers=headers).status_code == 422


def test_a_chain_begins_with_the_first_package(operator: httpx.Client, filed: Posting) -> None:
    """The filed package is the first link of its camera's chain."""
    chain = operator.get(f"{CAMERA}/chain").json()
    assert (
        [(link["lead_id"], link["state"]) for link in chain["links"]],
        chain["faults"],
    ) == ([(LEAD_ID, "first")], 0)
    assert filed.lead.evidence is not None
    assert chain["links"][0]["sums_sha256"] == filed.lead.evidence.sums_sha256
