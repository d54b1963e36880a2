"""
The API as a worker sees it: post leads with packages, report coverage, register cameras and the node.

    ContractError
    └── ClientError
        ├── ApiUnreachableError     no answer: connection refused, lost or timed out
        ├── ApiRefusedError         an answer that is not 2xx; carries status, body and ``Retry-After``
        └── ApiMisunderstoodError   2xx, but the body does not confirm what was sent
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from pydantic import ValidationError

from api.contract.coverage import CoverageReceipt, CoverageReport
from api.contract.trust.stamp import ContractError
from api.contract.trust.succession import Succession
from api.contract.wire.camera import CameraDocument
from api.contract.wire.lead import LeadDocument

TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=30.0, pool=5.0)
"""Reading is long: the API verifies a package before it answers."""
_BODY_LIMIT = 4000
_JSON = {"Content-Type": "application/json"}


class ClientError(ContractError):
    """The API did not give the expected answer; the message holds no key."""


class ApiUnreachableError(ClientError):
    """No answer came."""


class ApiRefusedError(ClientError):
    """
    The API answered with an error.

    Attributes:
        status: HTTP status code.

        body: start of the answer, usually ``application/problem+json``.

        retry_after_s: what the API asks to wait, where it does.
    """

    def __init__(self, status: int, body: str, retry_after_s: float | None) -> None:
        super().__init__(f"the API answered {status}: {body[:300]}")
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s

    @property
    def detail(self) -> str:
        """The problem document's sentence, or the start of another answer."""
        try:
            detail = json.loads(self.body)["detail"]
        except (ValueError, KeyError, TypeError):
            detail = ""
        return detail if isinstance(detail, str) and detail else self.body[:300]


class ApiMisunderstoodError(ClientError):
    """The API answered 2xx but does not confirm what was sent."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The API has filed a lead: its id, the hash of its package's ``SHA256SUMS``, and whether it was new."""

    lead_id: str
    sums_sha256: str
    created: bool


class _Upload(io.BufferedReader):
    """A file that is read to be sent, until that is given up: time-outs are for each piece, however many there are."""

    def __init__(self, path: Path, is_given_up: Callable[[], bool]) -> None:
        super().__init__(io.FileIO(path))
        self._is_given_up = is_given_up

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes; raise `ApiUnreachableError` once it is given up."""
        if self._is_given_up():
            raise ApiUnreachableError("given up before all was sent")
        return super().read(size)


def idempotency_key(lead_id: str, sums_sha256: str) -> str:
    """Return the ``Idempotency-Key`` of a lead with one certain package."""
    return f"{lead_id}:{sums_sha256}"


class ApiClient:
    """A worker's connection to the API. Thread-safe; `transport` is for tests."""

    def __init__(
        self,
        base_url: str,
        worker_key: str,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {worker_key}"},
            timeout=timeout,
            transport=transport,
            trust_env=False,
        )

    def post_lead(self, lead: LeadDocument, package: Path, is_given_up: Callable[[], bool] = lambda: False) -> Receipt:
        """
        File a lead with its package, a tar that is streamed from disk; return once the API confirms both.

        The same lead with the same package may be posted any number of times. Raises `ApiMisunderstoodError` unless the
        answer names the same lead and the same package hash; `OSError` where the tar cannot be read;
        `ApiUnreachableError` too once `is_given_up` holds, which is asked before every piece.
        """
        if lead.evidence is None:
            raise ValueError("a lead is posted with its evidence")
        expected = (lead.lead_id, lead.evidence.sums_sha256)
        with _Upload(package, is_given_up) as stream:
            response = self._send(
                "POST",
                "v1/leads",
                headers={"Idempotency-Key": idempotency_key(*expected)},
                data={"lead": lead.model_dump_json()},
                files={"package": (f"{lead.lead_id}.tar", stream, "application/x-tar")},
            )
        try:
            body = response.json()
            confirmed = (body["lead_id"], body["evidence"]["sums_sha256"])
        except (ValueError, KeyError, TypeError) as error:
            raise ApiMisunderstoodError(f"the API's answer {response.status_code} names no lead") from error
        if confirmed != expected:
            raise ApiMisunderstoodError(f"the API confirms {confirmed}, sent was {expected}")
        return Receipt(*expected, created=response.status_code == httpx.codes.CREATED)

    def put_camera(self, camera: CameraDocument) -> None:
        """Register a camera or change it; `ApiRefusedError` 409 if it is an admin's or another node's."""
        self._send("PUT", f"v1/cameras/{camera.id}", json=camera.model_dump(mode="json"))

    def cameras_configured_by(self, node: str) -> list[str]:
        """Return the ids of the cameras that a node's own configuration has registered."""
        answer = self._send("GET", "v1/cameras").json()
        return [view["camera"]["id"] for view in answer["cameras"] if view["camera"].get("configured_by") == node]

    def remove_camera(self, camera_id: str) -> None:
        """Take a camera that the node's own configuration had named off the list."""
        self._send("DELETE", f"v1/cameras/{camera_id}")

    def enrol_node(
        self, name: str, number: int, certificate_pem: bytes, successions: Sequence[Succession] = ()
    ) -> None:
        """Have the API pin the node's certificate; `ApiRefusedError` 409 if another certificate has the number."""
        document: dict[str, object] = {
            "name": name,
            "number": number,
            "certificate_pem": certificate_pem.decode("ascii"),
        }
        if successions:
            document["successions"] = [each.model_dump() for each in successions]
        self._send("POST", "v1/nodes", json=document)

    def post_coverage(self, report: CoverageReport) -> CoverageReceipt:
        """File what was watched; the same may be posted any number of times."""
        response = self._send("POST", "v1/coverage", content=report.model_dump_json(), headers=_JSON)
        try:
            receipt = CoverageReceipt.model_validate_json(response.content)
        except ValidationError as error:
            raise ApiMisunderstoodError(f"the API's answer {response.status_code} is no receipt") from error
        if receipt.taken + receipt.repeated != len(report.hours):
            raise ApiMisunderstoodError(f"the API confirms {receipt}, sent were {len(report.hours)} hours")
        return receipt

    def fetch_dry_run_clip(self, camera_id: str, run_id: str, path: Path) -> None:
        """Write the clip of a dry run to `path`; `ApiRefusedError` 404 once it is not wanted any more."""
        self._fetch(f"v1/cameras/{camera_id}/dry-runs/{run_id}/clip", path)

    def fetch_clip_original(self, lead_id: str, redaction_id: str, path: Path) -> None:
        """Write the clip that is to be covered to `path`; `ApiRefusedError` 404 once it is not wanted any more."""
        self._fetch(f"v1/evidence/{lead_id}/redactions/clips/{redaction_id}/original", path)

    def put_clip_copy(self, lead_id: str, redaction_id: str, path: Path) -> str:
        """Hand in the covered copy of a clip, streamed from disk; return the SHA-256 under which it is kept."""
        where = f"v1/evidence/{lead_id}/redactions/clips/{redaction_id}/copy"
        with path.open("rb") as stream:
            response = self._send("PUT", where, content=stream, headers={"Content-Type": "video/mp4"})
        try:
            return str(response.json()["sha256"])
        except (ValueError, KeyError, TypeError) as error:
            raise ApiMisunderstoodError(f"the API's answer {response.status_code} names no copy") from error

    def bus_answers(self, timeout_s: float) -> bool:
        """Return whether the bus answers the API; for callers that get no answer from the bus themselves."""
        with _reaching("readyz"):
            response = self._http.get("readyz", timeout=timeout_s)
        try:
            return bool(response.json()["parts"]["bus"] == "ok")
        except (ValueError, KeyError, TypeError) as error:
            raise ApiMisunderstoodError(f"the API's answer {response.status_code} does not describe the bus") from error

    def close(self) -> None:
        """Close the connections; a request in flight ends with `ApiUnreachableError`."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fetch(self, where: str, path: Path) -> None:
        with _reaching(where), self._http.stream("GET", where) as response, path.open("wb") as file:
            if not response.is_success:
                response.read()
                raise ApiRefusedError(response.status_code, response.text[:_BODY_LIMIT], _retry_after(response))
            for piece in response.iter_bytes():
                file.write(piece)

    def _send(self, method: str, path: str, **content: object) -> httpx.Response:
        with _reaching(path):
            response = self._http.request(method, path, **content)  # type: ignore[arg-type]
        if not response.is_success:
            raise ApiRefusedError(response.status_code, response.text[:_BODY_LIMIT], _retry_after(response))
        return response


@contextmanager
def _reaching(path: str) -> Iterator[None]:
    try:
        yield
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise ApiUnreachableError(f"no answer to {path}: {type(error).__name__}: {error}") from error
    except RuntimeError as error:  # httpx raises this for a client that was closed meanwhile
        raise ApiUnreachableError(f"no answer to {path}: {error}") from error


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else None
