"""An outbox with sealed packages, and a scripted API to send them to."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.contract.client import ApiClient
from api.contract.wire.lead import LeadDocument
from tests.api.contract.sample import TestSigner, make_package
from tests.vision.made_leads import lead_document
from vision.evidence.outbox import Outbox
from vision.evidence.sender import OutboxSender
from vision.retries import Backoff

IDS = ("L20261123-001001", "L20261123-001002", "L20261123-001003")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, LeadDocument]]:
    """Three sealed packages with their leads."""
    parent, signer = tmp_path_factory.mktemp("packages"), TestSigner()
    made = {}
    for lead_id in IDS:
        sealed = make_package(parent, signer, lead_id)
        made[lead_id] = (sealed.folder, lead_document(lead_id, sealed.sums_sha256))
    return made


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


def put(outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], *ids: str) -> None:
    for age, lead_id in enumerate(ids):
        outbox.put(*packages[lead_id])
        moment = 1_763_000_000_000_000_000 + age
        entry = next(entry for entry in outbox.entries() if entry.lead_id == lead_id)
        os.utime(entry.folder / "lead.json", ns=(moment, moment))


@dataclass
class ScriptedApi:
    """A real HTTP server on loopback: gives the scripted answers in turn, then confirms everything; keeps what came."""

    answers: list[Callable[[str, str], tuple[int, dict[str, str], bytes]]] = field(default_factory=list)
    posted: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for one request."""
        if path == "/v1/nodes":
            self.posted.append(("node", "", headers.get("Authorization", ""), body))
            lead_id = sums = ""
        else:
            lead_id, _, sums = headers["Idempotency-Key"].partition(":")
            self.posted.append((lead_id, sums, headers.get("Authorization", ""), body))
        if self.answers:
            return self.answers.pop(0)(lead_id, sums)
        return confirm(lead_id, sums)


def confirm(lead_id: str, sums: str) -> tuple[int, dict[str, str], bytes]:
    return 201, {}, json.dumps({"lead_id": lead_id, "evidence": {"sums_sha256": sums}}).encode()


def status(code: int, **headers: str) -> Callable[[str, str], tuple[int, dict[str, str], bytes]]:
    return lambda _lead, _sums: (code, {k.replace("_", "-"): v for k, v in headers.items()}, b'{"title":"no"}')


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    scripted = ScriptedApi()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code, headers, answer = scripted.answer(self.path, dict(self.headers), body)
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield scripted
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Hand:
    """A clock that only moves when told."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[ApiClient]:
    with ApiClient(api.url, "worker-key") as made:
        yield made


def sender_of(outbox: Outbox, client: ApiClient, clock: Hand, enrol: Callable[[], None] | None = None) -> OutboxSender:
    return OutboxSender(outbox, client, enrol, backoff=Backoff(1.0, 8.0), clock=clock, chance=lambda: 0.999_999)
