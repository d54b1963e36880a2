"""
Stamps: canonical JSON, hash lists, signatures and certificates; the same code for signers and verifiers.

    ContractError
    ├── StampError       a hash list, a signature key or a certificate is not what it must be
    │   ├── DerError         bytes are not DER (api.contract.trust.der)
    │   └── TimeStampError   a time-stamp does not hold (api.contract.trust.timestamp_request)
    ├── PackageError     a package cannot be read at all (api.contract.evidence.package)
    └── ClientError      the API did not give the expected answer (api.contract.client)

What is signed is the *bytes of* ``SHA256SUMS``, which hold the hash of everything else (domain.md 5.2: signing only the
manifest lets clip and list be swapped together).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

FILE_NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
"""Names in a package are flat, plain ASCII, never hidden and never look like an option: safe in every shell and tar."""

_FILE_NAME = re.compile(FILE_NAME_PATTERN)
_LINE = re.compile(rf"([0-9a-f]{{64}})  ({FILE_NAME_PATTERN})")
_CHUNK = 1 << 20
_MAX_CHAIN = 6
UNREADABLE = (
    ValueError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""Exceptions of damaged certificates, on loading or on first access to a field."""


class ContractError(Exception):
    """Something about the contract between worker, API and verifier does not hold."""


class StampError(ContractError):
    """A hash list, a key or a certificate is not what it must be; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Digests:
    """
    Size and digests of one file.

    Attributes:
        size: in bytes.

        sha256: 64 lower-case hex digits.

        sm3: GB/T 32905 digest, 64 lower-case hex digits; ``None`` where the crypto library has no SM3.
    """

    size: int
    sha256: str
    sm3: str | None


def canonical_json(value: object) -> bytes:
    """Return `value` (JSON types only) as RFC 8785 canonical JSON; raise `StampError` for what JSON cannot hold."""
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise StampError(f"cannot be written as canonical JSON: {error}") from error


def sha256_hex(data: bytes) -> str:
    """Return the hex SHA-256 of `data`."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize().hex()


def digests(stream: BinaryIO) -> Digests:
    """Return size and digests of the rest of `stream`, read in pieces of 1 MiB."""
    sha256 = hashes.Hash(hashes.SHA256())
    sm3 = _sm3()
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        sha256.update(chunk)
        if sm3 is not None:
            sm3.update(chunk)
    return Digests(size, sha256.finalize().hex(), None if sm3 is None else sm3.finalize().hex())


def _sm3() -> hashes.Hash | None:
    try:
        return hashes.Hash(hashes.SM3())
    except UnsupportedAlgorithm:  # distributions may build OpenSSL without the SM algorithms
        return None


def is_file_name(name: str) -> bool:
    """True for a name that a package may hold; see `FILE_NAME_PATTERN`."""
    return _FILE_NAME.fullmatch(name) is not None


def sha256_list(entries: Mapping[str, str]) -> bytes:
    """
    Return `entries` (name to hex SHA-256) as the text that ``sha256sum`` writes and reads, sorted by name (LC_ALL=C).

    Raises `StampError` for a name or digest that `parse_sha256_list` would refuse.
    """
    data = "".join(f"{entries[name]}  {name}\n" for name in sorted(entries)).encode("ascii", "replace")
    parse_sha256_list(data)
    return data


def parse_sha256_list(data: bytes) -> dict[str, str]:
    """
    Return name to hex SHA-256 from the bytes of a ``SHA256SUMS``; raise `StampError` unless they have the exact form.

    Exact form: at least one line; ``<64 lower-case hex><two spaces><flat name>`` and a newline; names sorted by byte
    value, none twice. So two lists with the same content have the same bytes.
    """
    if not data.endswith(b"\n"):
        raise StampError("SHA256SUMS is empty or does not end with a newline")
    try:
        lines = data[:-1].decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise StampError("SHA256SUMS holds bytes that are not ASCII") from error
    entries: dict[str, str] = {}
    previous = ""
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise StampError(f"SHA256SUMS line {number} is not '<64 hex>  <flat file name>': {line[:120]!r}")
        digest, name = match.groups()
        if name <= previous:
            raise StampError(f"SHA256SUMS line {number}: {name} is not in order after {previous}")
        entries[name] = digest
        previous = name
    return entries


def sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Return the detached DER signature (ECDSA P-256, SHA-256, nonce of RFC 6979) of `key` over `data`."""
    if not isinstance(key.curve, ec.SECP256R1):
        raise StampError(f"key must be on P-256, is on {key.curve.name}")
    return key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def signature_holds(certificate: x509.Certificate, data: bytes, signature: bytes) -> bool:
    """True when `signature` is the certificate's key's over `data`."""
    try:
        _p256_key(certificate).verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def read_certificate(pem: bytes) -> x509.Certificate:
    """Return the one P-256 certificate in `pem`; raise `StampError` for none, several, or another kind of key."""
    found = read_certificates(pem)
    if len(found) != 1:
        raise StampError(f"expected one certificate, found {len(found)}")
    _p256_key(found[0])
    return found[0]


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """Return all certificates in a PEM file, e.g. a roots file; raise `StampError` where there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem)
        for each in found:  # names are parsed on first access
            each.subject.rfc4514_string()
            each.issuer.rfc4514_string()
    except UNREADABLE as error:
        raise StampError(f"no readable PEM certificate: {error}") from error
    return found


def exact_certificates(pem: bytes, name: str) -> list[x509.Certificate]:
    """Return all certificates in the file called `name`; raise `StampError` where it holds or lacks a byte besides."""
    found = read_certificates(pem)
    if b"".join(each.public_bytes(Encoding.PEM) for each in found) != pem:
        raise StampError(f"{name} is not exactly the certificates that it holds, as openssl writes them")
    return found


def _p256_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise StampError(f"the certificate's key cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise StampError("the certificate's key is not ECDSA P-256")
    return key


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the hex SHA-256 of the certificate's DER: what to compare by telephone."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def check_chain(
    leaf: x509.Certificate,
    roots: Sequence[x509.Certificate],
    at: datetime,
    *,
    between: Sequence[x509.Certificate] = (),
) -> x509.Certificate:
    """
    Return the self-signed certificate among `roots` that `leaf` chains to; raise `StampError` where there is none.

    The same verdict as ``openssl verify -CAfile roots -untrusted between -attime at``: every certificate is valid at
    `at`, every issuer an authority that may issue; a self-signed `leaf` that is itself among the roots is its own
    anchor. Certificates `between` are used, never trusted.
    """
    try:
        return _anchor(leaf, roots, at, between)
    except UNREADABLE as error:
        raise StampError(f"a certificate of the chain cannot be read: {error}") from error


def _anchor(
    leaf: x509.Certificate, roots: Sequence[x509.Certificate], at: datetime, between: Sequence[x509.Certificate]
) -> x509.Certificate:
    current = leaf
    for below in range(_MAX_CHAIN):
        name = current.subject.rfc4514_string()
        if not current.not_valid_before_utc <= at <= current.not_valid_after_utc:
            raise StampError(f"the certificate of {name} was not valid at {at.isoformat()}")
        if current.issuer == current.subject:
            if current not in roots:
                raise StampError(f"the certificate of {name} is not among the given roots")
            return current
        issuer = next((each for each in (*roots, *between) if _issued(each, current, below)), None)
        if issuer is None:
            raise StampError(f"the issuer of the certificate of {name} is not among the given roots")
        current = issuer
    raise StampError(f"the certificate chain is longer than {_MAX_CHAIN}")


def _issued(issuer: x509.Certificate, subject: x509.Certificate, below: int) -> bool:
    """True when `issuer` issued `subject` and may, with `below` authorities under it."""
    try:
        subject.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (*UNREADABLE, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return is_authority(issuer) and (constraints.path_length is None or below <= constraints.path_length)


def is_authority(certificate: x509.Certificate) -> bool:
    """True for a certificate that may issue others."""
    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid
    except UNREADABLE:
        return False
