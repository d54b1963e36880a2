"""
Time-stamp requests of RFC 3161: what an authority is asked, and the error that all of time-stamping shares.

    TimeStampError    a request or answer that is none, was refused, or does not hold (a StampError)
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from api.contract.trust.der import (
    BOOLEAN,
    INTEGER,
    NULL,
    OCTETS,
    OID,
    SEQUENCE,
    DerError,
    Element,
    encode,
    encode_int,
    encode_oid,
    read_der,
    read_int,
    read_oid,
)
from api.contract.trust.stamp import StampError

SHA256_OID = "2.16.840.1.101.3.4.2.1"


class TimeStampError(StampError):
    """A request or answer that is malformed, refused or invalid; the message says which."""


@dataclass(frozen=True, slots=True)
class TimeStampRequest:
    """
    What an authority is asked.

    Attributes:
        digest: SHA-256 of what is to be stamped, 32 bytes.

        nonce: a number that the answer must repeat, or ``None``.

        with_certificate: whether the answer is to hold the authority's certificate.

        policy: requested dotted policy; ``None``: the authority's own.
    """

    digest: bytes
    nonce: int | None = None
    with_certificate: bool = True
    policy: str | None = None

    def to_bytes(self) -> bytes:
        """Return the request in DER, as ``application/timestamp-query``."""
        parts = [encode_int(1), imprint_of(self.digest)]
        if self.policy is not None:
            parts.append(encode_oid(self.policy))
        if self.nonce is not None:
            parts.append(encode_int(self.nonce))
        if self.with_certificate:
            parts.append(encode(BOOLEAN, b"\xff"))
        return encode(SEQUENCE, *parts)


def imprint_of(digest: bytes) -> bytes:
    """Return the MessageImprint of a SHA-256."""
    return encode(SEQUENCE, encode(SEQUENCE, encode_oid(SHA256_OID), encode(NULL)), encode(OCTETS, digest))


def read_request(data: bytes) -> TimeStampRequest:
    """Return the request in `data`; raise `TimeStampError` for one that is not DER or not for a SHA-256."""
    try:
        fields = read_der(data, SEQUENCE).children()
        if read_int(fields.take(INTEGER)) != 1:
            raise TimeStampError("the request is of another version than 1")
        digest = read_imprint(fields.take(SEQUENCE))
        policy = fields.take_if(OID)
        nonce = fields.take_if(INTEGER)
        wanted = fields.take_if(BOOLEAN)
        fields.end()
        return TimeStampRequest(
            digest,
            None if nonce is None else read_int(nonce),
            wanted is not None and wanted.content == b"\xff",
            None if policy is None else read_oid(policy),
        )
    except DerError as error:
        raise TimeStampError(f"the request is not one of RFC 3161: {error}") from error


def read_imprint(element: Element) -> bytes:
    """Return the SHA-256 of a MessageImprint, 32 bytes; raise `TimeStampError` for another hash."""
    parts = element.children()
    algorithm = read_oid(parts.take(SEQUENCE).children().take(OID))
    digest = parts.take(OCTETS).content
    parts.end()
    if algorithm != SHA256_OID or len(digest) != hashes.SHA256.digest_size:
        raise TimeStampError(f"the imprint is not a SHA-256 but {algorithm}")
    return digest
