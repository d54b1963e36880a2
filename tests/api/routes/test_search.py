"""Search over HTTP."""

import hashlib
from collections.abc import Callable

import httpx
import pytest

from tests.api.conftest import Posting
from tests.api.contract.sample import LEAD_ID

CLIP_SHA256 = hashlib.sha256(bytes(range(256)) * 40).hexdigest()


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> Posting:
    """A filed lead."""
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    return posting


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("", 1),
        ("?q=三号门", 1),
        ("?q=waste%20burn", 1),
        ("?q=钢铁", 0),
        ("?state=&camera=&code=&priority=&from=&to=&division=&bbox=&enterprise=&q=&sha256=&cursor=&limit=", 1),
        (f"?sha256={CLIP_SHA256}", 1),
        ("?sha256=" + "00" * 32, 0),
        ("?division=11", 0),
        ("?bbox=116,39,117,40", 0),
        ("?enterprise=钢铁", 0),
        ("?state=PENDING_VERIFY&state=VERIFIED&camera=gate-3", 1),
        ("?from=2026-11-23T02:30:00Z&to=2026-11-23T02:31:00%2B00:00", 1),
        ("?from=2026-11-23T10:30:00+08:00&to=2026-11-23T10:31:00%2B0800", 1),
        ("?from=9999-12-29T23:59:59Z", 0),
    ],
)
def test_leads_are_asked_for(operator: httpx.Client, filed: Posting, asked: str, count: int) -> None:
    """Every parameter narrows the list, one that is left empty does not."""
    leads = operator.get(f"/v1/leads{asked}").json()["leads"]
    assert [filed.lead.lead_id] * count == [lead["lead_id"] for lead in leads]


@pytest.mark.parametrize(
    "asked",
    [
        *("bbox=1,2,3", "bbox=a,b,c,d", "bbox=10,0,5,1", "bbox=0,0,nan,1", "division=beijing", "sha256=abc"),
        *(
            "state=&state=VERIFIED",
            "what=1",
            "from=0001-01-01T00:00:00%2B14:00",
            "to=9999-12-31T23:59:59-14:00",
            "from=2026-11-23T10:30",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(operator: httpx.Client, asked: str) -> None:
    """422 for a box that is none, a code, hash or parameter that does not exist, a time that UTC does not have."""
    assert operator.get(f"/v1/leads?{asked}").status_code == 422


def test_a_clip_is_found_by_its_hash(operator: httpx.Client, filed: Posting) -> None:
    """The hash of a clip names its package, file and address; the address gives these very bytes."""
    assert filed.lead.evidence is not None
    answer = operator.get("/v1/evidence", params={"sha256": CLIP_SHA256}).json()
    (holding,) = answer["holdings"]
    assert holding == {
        "lead_id": LEAD_ID,
        "name": "clip.mp4",
        "sums_sha256": filed.lead.evidence.sums_sha256,
        "address": f"/v1/evidence/{LEAD_ID}/files/clip.mp4",
    }
    assert hashlib.sha256(operator.get(holding["address"]).content).hexdigest() == CLIP_SHA256
    assert operator.get("/v1/evidence", params={"sha256": "00" * 32}).json()["holdings"] == []
