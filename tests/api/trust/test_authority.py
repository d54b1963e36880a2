"""The site's own authority gives stamps that openssl accepts; no answer of any authority is taken on trust."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.contract.trust.stamp import read_certificates
from api.contract.trust.timestamp import SITE_POLICY, TimeStampKind, check_time_stamp
from api.contract.trust.timestamp_request import TimeStampError, TimeStampRequest
from api.trust.authority import Authority, AuthorityError, HttpAuthority, SiteAuthority, ask
from api.trust.keys import SiteKeys, open_site_keys
from tests.api.contract.authorities import OpensslAuthority, make_authority, openssl_accepts

DATA = b"the list\n"
DIGEST = hashlib.sha256(DATA).digest()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SiteKeys:
    """The keys of a site."""
    return open_site_keys(tmp_path_factory.mktemp("keys"), "某区生态环境局", now())


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """An authority that openssl runs."""
    return make_authority(tmp_path_factory.mktemp("tsa") / "a", chained=True)


def test_a_stamp_of_the_sites_own_authority_holds_for_both(tmp_path: Path, keys: SiteKeys) -> None:
    """Our check and openssl's accept it under the site's root, and it is marked as the site's own."""
    given = ask(SiteAuthority(keys.stamps, now), DIGEST, roots=[keys.root.certificate], clock=now)
    assert openssl_accepts(tmp_path, given.answer, DATA, keys.root.pem, keys.stamps.pem)
    assert not openssl_accepts(tmp_path, given.answer, b"else", keys.root.pem, keys.stamps.pem)
    assert (given.stamp.kind, given.stamp.policy) == (TimeStampKind.OWN, SITE_POLICY)
    assert abs(given.stamp.gen_time - now()) < timedelta(seconds=5)


def test_a_request_without_certificate_is_answered_without(tmp_path: Path, keys: SiteKeys) -> None:
    """Then whoever checks must bring the certificate."""
    answer = SiteAuthority(keys.stamps, now).answer(TimeStampRequest(DIGEST, with_certificate=False).to_bytes())
    roots = [keys.root.certificate]
    with pytest.raises(TimeStampError, match="certificate of the time-stamp's authority is missing"):
        check_time_stamp(answer, DIGEST, roots=roots)
    assert check_time_stamp(answer, DIGEST, certificates=[keys.stamps.certificate], roots=roots).chain == ()
    assert openssl_accepts(tmp_path, answer, DATA, keys.root.pem, keys.stamps.pem)


def test_a_clock_set_back_gets_no_stamp(keys: SiteKeys) -> None:
    """The site's authority never stamps a time before one that it gave, at this start or an earlier one."""
    moments = [now(), now() - timedelta(seconds=1)]
    authority = SiteAuthority(keys.stamps, iter(moments).__next__)
    authority.answer(TimeStampRequest(DIGEST).to_bytes())
    with pytest.raises(AuthorityError, match="was set back"):
        authority.answer(TimeStampRequest(DIGEST).to_bytes())
    with pytest.raises(AuthorityError, match="was set back"):
        SiteAuthority(keys.stamps, now, newest=now() + timedelta(hours=1)).answer(TimeStampRequest(DIGEST).to_bytes())


def test_a_foreign_request_is_not_stamped(keys: SiteKeys) -> None:
    """No DER and a policy that is not the site's get no stamp."""
    for request in (b"", b"stamp this", TimeStampRequest(DIGEST, policy="1.2.3").to_bytes()):
        with pytest.raises(AuthorityError):
            SiteAuthority(keys.stamps, now).answer(request)


class _Fixed:
    def __init__(self, give: Callable[[bytes], bytes]) -> None:
        self._give = give

    def answer(self, request: bytes) -> bytes:
        return self._give(request)


def test_an_answer_must_be_to_this_request(keys: SiteKeys, outside: OpensslAuthority) -> None:
    """An old answer, another policy, a strange authority, a refusal and a clock that is off are each told."""
    own = SiteAuthority(keys.stamps, now)
    old = own.answer(TimeStampRequest(DIGEST, 5).to_bytes())
    rejection = bytes.fromhex("3005300302010" + "2")
    cases: list[tuple[str, Authority, list[x509.Certificate], tuple[str, ...]]] = [
        ("another nonce", _Fixed(lambda _: old), [keys.root.certificate], ()),
        ("not under 1.2.3", outside, read_certificates(outside.root), ("1.2.3", "1.2.4")),
        ("not accepted", outside, [keys.root.certificate], ()),
        ("rejection", _Fixed(lambda _: rejection), [keys.root.certificate], ()),
        (
            "-3600 s from ours",
            SiteAuthority(keys.stamps, lambda: now() - timedelta(hours=1)),
            [keys.root.certificate],
            (),
        ),
    ]
    for sentence, authority, roots, policies in cases:
        with pytest.raises(AuthorityError, match=sentence):
            ask(authority, DIGEST, roots=roots, clock=now, policies=policies)
    given = ask(outside, DIGEST, roots=read_certificates(outside.root), clock=now, policies=("1.2.3.4.1",))
    assert given.stamp.kind is TimeStampKind.LICENSED


@pytest.mark.parametrize("eku", ["timeStamping", "critical,timeStamping,serverAuth", "critical,serverAuth"])
def test_a_certificate_for_something_else_is_refused(tmp_path: Path, keys: SiteKeys, eku: str) -> None:
    """The purpose must be time-stamping alone and critical; openssl refuses the same."""
    made = make_authority(tmp_path / "a", eku=eku)
    key = load_pem_private_key((made.folder / "tsa.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate((made.folder / "tsa.crt").read_bytes())
    wrong = replace(keys.stamps, key=key, certificate=certificate)
    answer = SiteAuthority(wrong, now).answer(TimeStampRequest(DIGEST).to_bytes())
    with pytest.raises(TimeStampError, match="for time-stamping"):
        check_time_stamp(answer, DIGEST, certificates=read_certificates(made.chain), roots=read_certificates(made.root))
    assert not openssl_accepts(tmp_path / "v", answer, DATA, made.root, made.chain)


@pytest.fixture
def served(outside: OpensslAuthority) -> Iterator[str]:
    """The address of an HTTP server that answers as the outside authority; its paths are kinds of trouble."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            request = self.rfile.read(int(self.headers["Content-Length"]))
            status = 503 if self.path == "/busy" else 200
            body = b"x" * (1 << 20) if self.path == "/long" else outside.answer(request)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_authority_is_asked_over_http(served: str, outside: OpensslAuthority) -> None:
    """Its answers are checked as any; trouble of HTTP is told, not raised as something else."""
    roots = read_certificates(outside.root)
    with httpx.Client(timeout=5) as client:
        assert ask(HttpAuthority(client, served + "/"), DIGEST, roots=roots, clock=now).stamp.policy == "1.2.3.4.1"
        for path, sentence in (("/busy", "status 503"), ("/long", "too long")):
            with pytest.raises(AuthorityError, match=sentence):
                ask(HttpAuthority(client, served + path), DIGEST, roots=roots, clock=now)
        with pytest.raises(AuthorityError, match="does not answer: ConnectError"):
            ask(HttpAuthority(client, "http://127.0.0.1:9/"), DIGEST, roots=roots, clock=now)
