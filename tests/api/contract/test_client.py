"""The worker's client: what it sends, and which error each kind of answer becomes."""

import json
from pathlib import Path

import httpx
import pytest

from api.contract.client import (
    ApiClient,
    ApiMisunderstoodError,
    ApiRefusedError,
    ApiUnreachableError,
    idempotency_key,
)
from api.contract.wire.camera import CameraDocument
from tests.vision.made_leads import lead_document

LEAD = lead_document("L20261123-001001", "ab" * 32)


def client_with(answer: httpx.Response | Exception, seen: list[httpx.Request]) -> ApiClient:
    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ApiClient("https://api.example/base", "secret-key", transport=httpx.MockTransport(handle))


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    path = tmp_path / "package.tar"
    path.write_bytes(b"tar" * 1000)
    return path


@pytest.mark.parametrize(("status", "created"), [(201, True), (200, False)])
def test_a_confirmed_lead_gives_a_receipt(tar: Path, status: int, created: bool) -> None:
    """The request goes below the base address with key and idempotency key; a repeated answer is a receipt too."""
    seen: list[httpx.Request] = []
    body = {"lead_id": LEAD.lead_id, "evidence": {"sums_sha256": "ab" * 32}, "more": 1}
    with client_with(httpx.Response(status, json=body), seen) as client:
        receipt = client.post_lead(LEAD, tar)
    assert (receipt.lead_id, receipt.sums_sha256, receipt.created) == (LEAD.lead_id, "ab" * 32, created)
    [request] = seen
    assert str(request.url) == "https://api.example/base/v1/leads"
    assert request.headers["Idempotency-Key"] == idempotency_key(LEAD.lead_id, "ab" * 32)
    assert request.headers["Authorization"] == "Bearer secret-key"
    assert int(request.headers["Content-Length"]) == len(request.content)
    assert b"tar" * 1000 in request.content


def test_an_upload_that_is_given_up_ends_with_its_piece(tar: Path) -> None:
    """Asked before each piece, the caller may end it; nobody has answered then."""
    tar.write_bytes(b"x" * 300_000)
    answers = iter([False, False, True])
    with client_with(httpx.Response(201), []) as client, pytest.raises(ApiUnreachableError, match="given up"):
        client.post_lead(LEAD, tar, lambda: next(answers))
    assert next(answers, None) is None


def test_an_answer_for_something_else_is_misunderstood(tar: Path) -> None:
    """Only the same lead and hash confirm."""
    body = {"lead_id": LEAD.lead_id, "evidence": None}
    with client_with(httpx.Response(201, json=body), []) as client, pytest.raises(ApiMisunderstoodError):
        client.post_lead(LEAD, tar)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("999999", 3600.0)]
)
def test_a_refusal_carries_status_body_and_pause(tar: Path, header: str, seconds: float | None) -> None:
    """``Retry-After`` in seconds is understood and bounded; a date is not, and does no harm."""
    answer = httpx.Response(503, text="x" * 10_000, headers={"Retry-After": header})
    with client_with(answer, []) as client, pytest.raises(ApiRefusedError, match="the API answered 503") as caught:
        client.post_lead(LEAD, tar)
    assert (caught.value.status, len(caught.value.body), caught.value.retry_after_s) == (503, 4000, seconds)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"detail": "the name belongs to node x"}', "the name belongs to node x"),
        ('{"detail": ""}', '{"detail": ""}'),
        ('{"detail": 7}', '{"detail": 7}'),
        ("[]", "[]"),
        ("<html>proxy</html>", "<html>proxy</html>"),
        ("x" * 400, "x" * 300),
        ("", ""),
    ],
)
def test_a_refusal_tells_its_reason(body: str, detail: str) -> None:
    """The problem's detail, else the start of the answer."""
    assert ApiRefusedError(409, body, None).detail == detail


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]
)
def test_no_answer_is_unreachable(tar: Path, fault: Exception) -> None:
    """Refused, slow and cut connections are one thing to the caller, and the key is in no message."""
    with client_with(fault, []) as client, pytest.raises(ApiUnreachableError) as caught:
        client.post_lead(LEAD, tar)
    assert "secret-key" not in str(caught.value)


def test_a_closed_client_is_unreachable(tar: Path) -> None:
    """Closing during shutdown is no fault of its own kind."""
    client = client_with(httpx.Response(201), [])
    client.close()
    with pytest.raises(ApiUnreachableError):
        client.post_lead(LEAD, tar)


def test_cameras_and_nodes_are_registered() -> None:
    """A camera is put under its id; a node is posted with name, number and certificate."""
    seen: list[httpx.Request] = []
    with client_with(httpx.Response(200), seen) as client:
        client.put_camera(CameraDocument(id="gate-3", name="三号门", source="rtsp://camera/1"))
        client.enrol_node("worker-01", 7, b"-----BEGIN CERTIFICATE-----\n")
    put, post = seen
    assert (put.method, put.url.path) == ("PUT", "/base/v1/cameras/gate-3")
    assert CameraDocument.model_validate_json(put.content).source == "rtsp://camera/1"
    assert (post.method, post.url.path) == ("POST", "/base/v1/nodes")
    assert json.loads(post.content) == {
        "name": "worker-01",
        "number": 7,
        "certificate_pem": "-----BEGIN CERTIFICATE-----\n",
    }


def test_a_number_that_is_taken_is_a_refusal() -> None:
    """409 from the API reaches the caller with its status."""
    with client_with(httpx.Response(409, json={"title": "taken"}), []) as client:
        with pytest.raises(ApiRefusedError) as caught:
            client.enrol_node("worker-01", 7, b"pem")
        assert caught.value.status == 409
