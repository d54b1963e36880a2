"""Redactions over HTTP: what is covered is gone, and both hashes are tied together."""

import hashlib
import json
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from api.contract.evidence.package import seal_package
from api.contract.evidence.tarball import write_tar
from api.store.evidence.tlog import LeafKind, leaves_about
from tests.api.conftest import Posting, RunningApi, sample_lead
from tests.api.contract.sample import LEAD_ID, ORIGINS, TestSigner, sample_manifest, write_evidence

BASE = f"/v1/evidence/{LEAD_ID}/redactions"


def picture() -> bytes:
    """A red picture with a secret white square."""
    image = Image.new("RGB", (160, 90), (200, 0, 0))
    image.paste((255, 255, 255), (40, 20, 80, 60))
    target = BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def filed(enrolled: httpx.Client, signer: TestSigner, tmp_path: Path) -> Posting:
    """A filed lead whose still is a real picture."""
    folder = tmp_path / "made" / LEAD_ID
    write_evidence(folder)
    (folder / "f0001.png").write_bytes(picture())
    sealed = seal_package(folder, sample_manifest(), ORIGINS, signer)
    tar = tmp_path / "package.tar"
    with tar.open("wb") as target:
        write_tar(folder, target)
    posting = Posting(sample_lead(LEAD_ID, sealed.sums_sha256), tar.read_bytes())
    assert posting.send(enrolled).status_code == 201
    return posting


def cover(operator: httpx.Client, **changes: object) -> httpx.Response:
    """Ask for a copy with the square covered."""
    asked = {"file": "f0001.png", "boxes": [[40, 20, 80, 60]], "reason": "无关人员"}
    return operator.post(BASE, json=asked | changes)


def test_there_are_no_copies_at_first(operator: httpx.Client, filed: Posting) -> None:
    """An empty list before anybody has redacted anything."""
    assert operator.get(BASE).json() == {"lead_id": filed.lead.lead_id, "redactions": []}


def test_what_is_covered_is_gone_and_the_rest_is_there(operator: httpx.Client, filed: Posting) -> None:
    """The square has one flat colour, its surroundings are the original's, and the original is untouched."""
    assert filed.lead.lead_id == LEAD_ID
    made = cover(operator)
    assert made.status_code == 201, made.text
    answer = operator.get(made.json()["address"])
    assert hashlib.sha256(answer.content).hexdigest() == made.json()["sha256"]
    with Image.open(BytesIO(answer.content)) as copy:
        assert copy.size == (160, 90)
        inside = {copy.getpixel((x, y)) for x in range(48, 72, 4) for y in range(28, 52, 4)}
        outside = copy.getpixel((120, 45))
    assert len(inside) == 1
    assert max(inside.pop()) < 100
    assert abs(outside[0] - 200) < 12
    original = operator.get(f"/v1/evidence/{LEAD_ID}/files/f0001.png").content
    assert (original, hashlib.sha256(original).hexdigest()) == (picture(), made.json()["source_sha256"])


def test_both_hashes_are_tied_by_a_leaf_and_found(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """The leaf names both; either hash leads to the lead; custody tells who covered; the same again is the same."""
    assert filed.lead.lead_id == LEAD_ID
    made = cover(operator).json()
    with api.state.database.reading() as session:
        (leaf,) = [leaf for leaf in leaves_about(session, LEAD_ID) if leaf.kind is LeafKind.REDACTION]
    record = json.loads(leaf.data)
    assert (leaf.index, record["source_sha256"], record["sha256"]) == (
        made["log_index"],
        made["source_sha256"],
        made["sha256"],
    )
    for sha256 in (made["sha256"], made["source_sha256"]):
        (holding,) = operator.get("/v1/evidence", params={"sha256": sha256}).json()["holdings"]
        assert hashlib.sha256(operator.get(holding["address"]).content).hexdigest() == sha256
    assert "redacted" in [
        entry["action"] for entry in operator.get(f"/v1/evidence/{LEAD_ID}/custody").json()["entries"]
    ]
    assert cover(operator).json()["log_index"] == made["log_index"]
    assert len(operator.get(BASE).json()["redactions"]) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"file": "none.png"}, 404),
        ({"file": "clip.mp4"}, 422),
        ({"boxes": []}, 422),
        ({"boxes": [[80, 20, 40, 60]]}, 422),
        ({"boxes": [[500, 500, 600, 600]]}, 422),
        ({"reason": " "}, 422),
    ],
)
def test_what_cannot_be_covered_is_refused(
    operator: httpx.Client, filed: Posting, changes: dict[str, object], status: int
) -> None:
    """An unknown file, one that is no picture, no box, one turned around or beside the picture, and no reason."""
    assert filed.lead.lead_id == LEAD_ID
    assert cover(operator, **changes).status_code == status
    assert operator.get(f"{BASE}/{'00' * 32}.jpg").status_code == 404
