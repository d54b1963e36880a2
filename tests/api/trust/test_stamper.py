"""Packages get their stamps: at once from the site, later from an outside authority that was away, each checked."""

import itertools
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from api.clock import utc_now
from api.contract.evidence.tarball import write_tar
from api.contract.trust.revocation import parse_crls
from api.contract.trust.stamp import fingerprint, read_certificates
from api.contract.trust.timestamp_request import TimeStampRequest
from api.people.accounts import create_worker_key, open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.stamps import StampedKind, find_stamp, queue_stamp, stamp_queue
from api.store.evidence.trust import add_authority, revoke_certificate
from api.trust.authority import AuthorityError
from api.trust.keys import KeysError, open_site_keys
from api.trust.stamper import FIRST_PAUSE, Stamper, StampSource
from plumewatch.offline import verify_one
from tests.api.conftest import NODE, Posting, RunningApi, admin_of, sample_lead
from tests.api.contract.authorities import OpensslAuthority, make_authority
from tests.api.contract.sample import LEAD_ID, TestSigner, make_package
from tests.api.contract.trust.test_revocation import LEAKED, make_crl, pem_of

BASE = f"/v1/evidence/{LEAD_ID}"


class Sometimes:
    """An outside authority that may be away."""

    def __init__(self, authority: OpensslAuthority) -> None:
        self.authority = authority
        self.is_there = False

    def answer(self, request: bytes) -> bytes:
        """Answer, or not."""
        if not self.is_there:
            raise AuthorityError("the authority does not answer: ConnectTimeout")
        return self.authority.answer(request)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    with open_database(Settings(data_dir=tmp_path / "store")) as opened:
        yield opened


def test_a_stamp_waits_for_an_authority_that_is_away(tmp_path: Path, plain: Database) -> None:
    """It is asked for again with growing pauses, told with its reason, and given when the authority is back."""
    outside = Sometimes(make_authority(tmp_path / "tsa"))
    moments = [utc_now()]
    roots = tuple(read_certificates(outside.authority.root + outside.authority.chain))
    stamper = Stamper(plain, StampSource(outside, roots, (), is_local=False), lambda: moments[-1])
    with plain.writing() as session:
        digest = queue_stamp(session, StampedKind.CHECKPOINT, "7", b"checkpoint", moments[-1])
    assert stamper.stamp_now(digest) is None
    tries = []
    for _ in range(40):
        before = _attempts(plain)
        stamper.turn()
        if _attempts(plain) > before:
            tries.append(moments[-1])
        moments.append(moments[-1] + FIRST_PAUSE)
    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert pauses == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8, FIRST_PAUSE * 16]
    with plain.reading() as session:
        assert stamp_queue(session).fault == "the authority does not answer: ConnectTimeout"
    outside.is_there = True
    stamper = Stamper(
        plain, StampSource(outside, roots, (), is_local=False), Once(utc_now() + timedelta(hours=1), utc_now)
    )
    assert stamper.turn() is True
    with plain.reading() as session:
        stamp = find_stamp(session, digest)
    assert stamp is not None
    assert stamp.kind == "licensed"


def test_no_stamp_is_taken_under_a_revoked_root(tmp_path: Path, plain: Database) -> None:
    """A bureau's root may be that of nodes and of time-stamps: what it stamps once it is revoked would not verify."""
    outside = make_authority(tmp_path / "tsa", chained=True)
    (root,) = read_certificates(outside.root)
    now, name = utc_now(), fingerprint(root)
    with plain.writing() as session:
        digest = queue_stamp(session, StampedKind.CHECKPOINT, "7", b"checkpoint", now)
        add_authority(session, fingerprint=name, name="CN=Root", pem=outside.root.decode(), by="operator:li", at=now)
        revoke_certificate(session, name, since=now, reason="密钥泄露", by="operator:li", at=now)
    source = StampSource(outside, (root,), (), is_local=False)
    assert Stamper(plain, source, Once(now + timedelta(hours=1), utc_now)).turn() is False
    with plain.reading() as session:
        assert find_stamp(session, digest) is None
        assert stamp_queue(session).fault == "the roots of the outside authority (PLUMEWATCH_TSA_ROOTS) were revoked"


def crl_of(made: OpensslAuthority) -> bytes:
    """Return the list of the authority between that names the one that stamps, whose key leaked an hour ago; PEM."""
    leaf, middle = read_certificates(made.chain)
    key = serialization.load_pem_private_key((made.folder / "middle.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    since = utc_now() - timedelta(hours=1)
    return pem_of(make_crl(middle.subject, key, leaf.serial_number, since, LEAKED))


def test_no_stamp_is_taken_of_an_authority_that_its_own_list_names(tmp_path: Path, plain: Database) -> None:
    """The list stands beside the roots, where both verifiers read it: the stamp waits, with the reason."""
    outside = make_authority(tmp_path / "tsa", chained=True)
    now = utc_now()
    with plain.writing() as session:
        digest = queue_stamp(session, StampedKind.CHECKPOINT, "7", b"checkpoint", now)
    lists = parse_crls(crl_of(outside))
    roots = tuple(read_certificates(outside.root + outside.chain))
    source = StampSource(outside, roots, (), is_local=False, crls=lambda: lists)
    assert Stamper(plain, source, Once(now + timedelta(hours=1), utc_now)).turn() is False
    with plain.reading() as session:
        assert find_stamp(session, digest) is None
        assert "what its key sealed is not believed" in stamp_queue(session).fault


def test_the_api_reads_the_lists_beside_the_outside_roots(
    settings: Settings,
    start_api: Callable[[Settings], RunningApi],
    make_posting: Callable[..., Posting],
    signer: TestSigner,
    tmp_path: Path,
) -> None:
    """What verifiers are told by the roots file that the API gives out, its own verification says too."""
    made = make_authority(tmp_path / "tsa", chained=True)
    listed = tmp_path / "roots.pem"
    listed.write_bytes(made.root)
    running = start_api(settings.model_copy(update={"tsa_url": "http://127.0.0.1:9/", "tsa_roots": listed}))
    key = create_worker_key(running.settings, "local")
    with httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client:
        document = {"name": NODE, "number": 1, "certificate_pem": signer.certificate_pem.decode()}
        assert client.post("/v1/nodes", json=document).status_code == 201
        assert make_posting().send(client).status_code == 201
    roots = tuple(read_certificates(made.root + made.chain))
    stamper = Stamper(running.state.database, StampSource(made, roots, (), is_local=False), utc_now)
    with running.state.database.writing() as session:
        session.execute(text("UPDATE time_stamps SET next_try = 0"))
    while stamper.turn():
        pass
    with admin_of(running) as operator:
        assert operator.get(f"{BASE}/verification").json()["tsa_kind"] == "licensed"
        listed.write_bytes(made.root + made.chain + crl_of(made))
        report = operator.get(f"{BASE}/verification").json()
        assert (report["ok"], report["tsa"]) == (False, "fail")
        (tmp_path / "given.pem").write_bytes(operator.get("/v1/trust/nodes.pem").content)
        (tmp_path / "package.tar").write_bytes(operator.get(f"{BASE}/package.tar").content)
    assert verify_one(tmp_path / "package.tar", tmp_path / "given.pem", "en", as_json=False)[1].exit_code == 1


class Once:
    """A clock whose first reading is another one: a moment at which a stamp is due."""

    def __init__(self, first: datetime, clock: Callable[[], datetime]) -> None:
        self._readings = iter([first])
        self._clock = clock

    def __call__(self) -> datetime:
        """Return the time."""
        return next(self._readings, None) or self._clock()


def _attempts(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT attempts FROM time_stamps").scalar_one())


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> httpx.Response:
    """The answer to a filed lead."""
    answer = make_posting().send(enrolled)
    assert answer.status_code == 201
    return answer


def test_a_package_is_stamped_when_it_is_filed(
    api: RunningApi, operator: httpx.Client, filed: httpx.Response, tmp_path: Path
) -> None:
    """The site's own stamp is in the answer and beside the files, and openssl accepts it under the site's root."""
    assert filed.json()["evidence"]["tsa"] == "own"
    assert operator.get(f"/v1/leads/{LEAD_ID}").json()["evidence"]["tsa"] == "own"
    assert {"SHA256SUMS.tsr", "tsa.crt"} <= {each["name"] for each in operator.get(f"{BASE}/files").json()["files"]}
    for name in ("SHA256SUMS", "SHA256SUMS.tsr", "tsa.crt"):
        (tmp_path / name).write_bytes(operator.get(f"{BASE}/files/{name}").content)
    (tmp_path / "roots.pem").write_bytes(operator.get("/v1/trust/nodes.pem").content)
    command = "openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile roots.pem -untrusted tsa.crt"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = operator.get(f"{BASE}/verification").json()
    assert (report["ok"], report["tsa"], report["tsa_kind"]) == (True, "ok", "own")
    assert operator.get("/v1/time-stamps").json() == {
        "authority": "",
        "waiting": 0,
        "oldest": None,
        "late": False,
        "fault": "",
    }
    assert api.settings.keys_folder().stat().st_mode & 0o777 == 0o700


def test_without_its_authority_a_package_is_filed_and_waits(
    settings: Settings,
    start_api: Callable[[Settings], RunningApi],
    make_posting: Callable[..., Posting],
    signer: TestSigner,
    tmp_path: Path,
) -> None:
    """An outside authority that cannot be reached stops no lead: it says pending, in lead, status and metrics."""
    made = make_authority(tmp_path / "tsa")
    address = "http://bureau:secret@127.0.0.1:9/?key=secret"
    away = settings.model_copy(update={"tsa_url": address, "tsa_roots": made.folder / "root.crt"})
    running = start_api(away)
    key = create_worker_key(away, "local")
    with httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client:
        document = {"name": NODE, "number": 1, "certificate_pem": signer.certificate_pem.decode()}
        assert client.post("/v1/nodes", json=document).status_code == 201
        answer = make_posting().send(client)
        assert (answer.status_code, answer.json()["evidence"]["tsa"]) == (201, "pending")
    with admin_of(running) as operator:
        running.state.provers.stamper.turn()
        status = operator.get("/v1/time-stamps").json()
        assert status["waiting"] >= 1  # a checkpoint may wait beside the package
        assert status["late"] is False
        assert status["authority"] == "http://***@127.0.0.1:9/?***", "authorities may ask for a password in the address"
        assert status["fault"].startswith("the authority does not answer: ConnectError")
        assert operator.get(f"{BASE}/verification").json()["tsa"] == "none"
        waiting = re.search(
            r"^plumewatch_time_stamps_waiting (\d+)", httpx.get(running.url + "/metrics").text, re.MULTILINE
        )
        assert waiting is not None
        assert int(waiting[1]) >= 1


def test_an_outside_authority_needs_its_roots(tmp_path: Path) -> None:
    """Without them its stamps could not be checked: a setting, and a file that holds certificates."""
    keys = open_site_keys(tmp_path / "keys", "", utc_now())
    (tmp_path / "letter").write_text("dear sir")
    for roots, sentence in ((None, "PLUMEWATCH_TSA_ROOTS"), (tmp_path / "letter", "no readable PEM")):
        settings = Settings(data_dir=tmp_path / "data", tsa_url="http://tsa.example/", tsa_roots=roots)
        with open_database(settings) as opened, ExitStack() as stack, pytest.raises(KeysError, match=sentence):
            Stamper.open(settings, keys, opened, utc_now, stack)


def test_a_node_cannot_bring_a_stamp(enrolled: httpx.Client, signer: TestSigner, tmp_path: Path) -> None:
    """Stamps are asked for by the API after a package was verified; one that came with it is refused."""
    sealed = make_package(tmp_path / "made", signer, created_utc=utc_now())
    made = make_authority(tmp_path / "tsa")
    request = TimeStampRequest(bytes.fromhex(sealed.sums_sha256)).to_bytes()
    (sealed.folder / "SHA256SUMS.tsr").write_bytes(made.answer(request))
    (sealed.folder / "tsa.crt").write_bytes(made.chain)
    with (tmp_path / "p.tar").open("wb") as target:
        write_tar(sealed.folder, target)
    answer = Posting(sample_lead(LEAD_ID, sealed.sums_sha256), (tmp_path / "p.tar").read_bytes()).send(enrolled)
    assert answer.status_code == 422
