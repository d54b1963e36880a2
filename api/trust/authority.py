"""
Time-stamp authorities: the site's own, and one that is asked over HTTP; both answer requests of RFC 3161.

    AuthorityError    no answer, or one that does not hold

The site's own is the default. It proves nothing to those who distrust the site (reports say "own"); it keeps
the order of time: it refuses to stamp when the clock has been set back behind a stamp that it gave.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.contract.trust.der import INTEGER, OCTETS, SEQUENCE, encode, encode_int, encode_oid, encode_set, encode_time
from api.contract.trust.stamp import ContractError, sha256_hex
from api.contract.trust.timestamp import SIGNED_DATA_OID, SITE_POLICY, TimeStamp, check_time_stamp
from api.contract.trust.timestamp_request import SHA256_OID, TimeStampRequest, imprint_of, read_request
from api.contract.trust.timestamp_signature import (
    CONTENT_TYPE_OID,
    ECDSA_SHA256_OID,
    MESSAGE_DIGEST_OID,
    SIGNING_CERTIFICATE_V2_OID,
    TST_INFO_OID,
)
from api.trust.keys import SiteKey

CLOCK_ALLOWANCE = timedelta(seconds=60)
"""A stamp further from our own time than this is refused (domain.md 5.4)."""
MOST_BYTES = 256 << 10
_ACCURACY_S = 1


class AuthorityError(Exception):
    """An authority gave no answer, or an invalid one; the message says which."""


class Authority(Protocol):
    """Answers requests for time-stamps. Blocks."""

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a TimeStampReq; raise `AuthorityError` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class GivenStamp:
    """A checked time-stamp: the authority's whole answer, and its content."""

    answer: bytes
    stamp: TimeStamp


def ask(
    authority: Authority,
    digest: bytes,
    *,
    roots: Sequence[x509.Certificate],
    clock: Callable[[], datetime],
    policies: Sequence[str] = (),
) -> GivenStamp:
    """
    Return a stamp for `digest` (SHA-256, 32 bytes), checked in full; raise `AuthorityError`.

    Checked are status, imprint, nonce, policy (any, without `policies`), the certificate's purpose and its chain to
    `roots`, the signature, and that ``gen_time`` is within 60 s of our own time.
    """
    nonce = secrets.randbits(64) | 1 << 63
    policy = policies[0] if len(policies) == 1 else None
    answer = authority.answer(TimeStampRequest(digest, nonce, policy=policy).to_bytes())
    now = clock()
    try:
        stamp = check_time_stamp(answer, digest, roots=roots)
    except ContractError as error:
        raise AuthorityError(str(error)) from error
    if stamp.nonce != nonce:
        raise AuthorityError("the answer has another nonce than the request: it is old, or for another request")
    if policies and stamp.policy not in policies:
        raise AuthorityError(f"the stamp was given under the policy {stamp.policy}, not under {' or '.join(policies)}")
    if abs(stamp.gen_time - now) > CLOCK_ALLOWANCE:
        away = (stamp.gen_time - now).total_seconds()
        raise AuthorityError(f"the authority's time is {away:+.0f} s from ours: one of both clocks is wrong")
    return GivenStamp(answer, stamp)


class HttpAuthority:
    """An authority at a URL; see `Authority`. ``timeout_s`` bounds connecting and each read."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url

    def answer(self, request: bytes) -> bytes:
        """Return the authority's answer; see `Authority.answer`."""
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            with self._client.stream("POST", self._url, content=request, headers=headers) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise AuthorityError("the authority's answer is too long for a time-stamp")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AuthorityError(f"the authority does not answer: {type(error).__name__}") from error
        if answer.status_code != httpx.codes.OK:
            raise AuthorityError(f"the authority answers with HTTP status {answer.status_code}")
        return bytes(body)


class SiteAuthority:
    """
    The site's own authority; see `Authority`. Thread-safe.

    Args:
        key: the site's key for time-stamps.
        clock: the time now, aware UTC.
        newest: the latest stamp that was ever given; nothing is stamped before it.
    """

    def __init__(self, key: SiteKey, clock: Callable[[], datetime], newest: datetime | None = None) -> None:
        self._key = key
        self._clock = clock
        self._newest = newest
        self._lock = threading.Lock()

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request; see `Authority.answer`."""
        try:
            asked = read_request(request)
        except ContractError as error:
            raise AuthorityError(str(error)) from error
        if asked.policy not in {None, SITE_POLICY}:
            raise AuthorityError(f"the site's authority knows the policy {SITE_POLICY} only, not {asked.policy}")
        content = self._content(asked, self._next_moment())
        status = encode(SEQUENCE, encode_int(0))
        return encode(SEQUENCE, status, self._signed(content, with_certificate=asked.with_certificate))

    def _next_moment(self) -> datetime:
        with self._lock:
            now = self._clock()
            if self._newest is not None and now < self._newest:
                raise AuthorityError(
                    f"the clock shows {now.isoformat()}, before the last stamp of {self._newest.isoformat()}: "
                    "it was set back"
                )
            self._newest = now
            return now

    @staticmethod
    def _content(asked: TimeStampRequest, now: datetime) -> bytes:
        parts = [
            encode_int(1),
            encode_oid(SITE_POLICY),
            imprint_of(asked.digest),
            encode_int(secrets.randbits(127) | 1 << 126),
            encode_time(now),
            encode(SEQUENCE, encode(INTEGER, bytes([_ACCURACY_S]))),
        ]
        if asked.nonce is not None:
            parts.append(encode_int(asked.nonce))
        return encode(SEQUENCE, *parts)

    def _signed(self, content: bytes, *, with_certificate: bool) -> bytes:
        """Return the CMS SignedData over a TSTInfo (RFC 5652, RFC 5816)."""
        certificate = self._key.certificate
        der = certificate.public_bytes(Encoding.DER)
        sha256 = encode(SEQUENCE, encode_oid(SHA256_OID))
        named = encode(SEQUENCE, encode(SEQUENCE, encode(SEQUENCE, encode(OCTETS, bytes.fromhex(sha256_hex(der))))))
        attributes = encode_set(
            _attribute(CONTENT_TYPE_OID, encode_oid(TST_INFO_OID)),
            _attribute(MESSAGE_DIGEST_OID, encode(OCTETS, bytes.fromhex(sha256_hex(content)))),
            _attribute(SIGNING_CERTIFICATE_V2_OID, named),
        )
        signer = encode(
            SEQUENCE,
            encode_int(1),
            encode(SEQUENCE, certificate.issuer.public_bytes(), encode_int(certificate.serial_number)),
            sha256,
            b"\xa0" + attributes[1:],
            encode(SEQUENCE, encode_oid(ECDSA_SHA256_OID)),
            encode(OCTETS, self._key.sign(attributes)),
        )
        signed = encode(
            SEQUENCE,
            encode_int(3),
            encode_set(sha256),
            encode(SEQUENCE, encode_oid(TST_INFO_OID), encode(0xA0, encode(OCTETS, content))),
            encode(0xA0, der) if with_certificate else b"",
            encode_set(signer),
        )
        return encode(SEQUENCE, encode_oid(SIGNED_DATA_OID), encode(0xA0, signed))


def _attribute(name: str, value: bytes) -> bytes:
    return encode(SEQUENCE, encode_oid(name), encode_set(value))
