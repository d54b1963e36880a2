"""
Time-stamps of RFC 3161: the request, and the check of an answer; the same here as ``openssl ts -verify``.

    TimeStampError    an answer that is none, was refused, or does not hold (a StampError)

A stamp proves that what it names existed at ``gen_time`` *at the latest*; when the event happened it does not prove.
Of an answer everything is checked: status, form, imprint, the authority's signature over exactly this content, that the
certificate is meant for time-stamping and nothing else (critical), and its chain at ``gen_time``.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.contract.trust.der import (
    BOOLEAN,
    INTEGER,
    NULL,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    TIME,
    DerError,
    Element,
    encode,
    encode_int,
    encode_oid,
    read_der,
    read_int,
    read_oid,
    read_time,
)
from api.contract.trust.stamp import UNREADABLE, StampError, check_chain

SHA256_OID = "2.16.840.1.101.3.4.2.1"
SIGNED_DATA_OID = "1.2.840.113549.1.7.2"
TST_INFO_OID = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE_OID = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST_OID = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_OID = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2_OID = "1.2.840.113549.1.9.16.2.47"
ECDSA_SHA256_OID = "1.2.840.10045.4.3.2"
SITE_POLICY = "2.25.196253393793267128020013594357013558149"
"""
Policy of a site's own authority, as its root certificate and its stamps say: who holds the site's keys can make them.

An identifier of our own under the arc for UUIDs (ITU-T X.667), which needs no registration.
"""
_STATUS = MappingProxyType({2: "rejection", 3: "waiting", 4: "revocation warning", 5: "revocation notification"})
_GRANTED = frozenset({0, 1})
_DIGESTS: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {SHA256_OID: hashes.SHA256(), "2.16.840.1.101.3.4.2.2": hashes.SHA384(), "2.16.840.1.101.3.4.2.3": hashes.SHA512()}
)
_RSA_OID = "1.2.840.113549.1.1.1"
_SIGNATURES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        ECDSA_SHA256_OID: hashes.SHA256(),
        "1.2.840.10045.4.3.3": hashes.SHA384(),
        "1.2.840.10045.4.3.4": hashes.SHA512(),
        "1.2.840.113549.1.1.11": hashes.SHA256(),
        "1.2.840.113549.1.1.12": hashes.SHA384(),
        "1.2.840.113549.1.1.13": hashes.SHA512(),
    }
)
_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1
_KEY_ID = 0x80
_MOST_CERTIFICATES = 16


class TimeStampError(StampError):
    """An answer that is none, was refused or does not hold; the message says which."""


@dataclass(frozen=True, slots=True)
class TimeStampRequest:
    """
    What an authority is asked.

    Attributes:
        digest: SHA-256 of what is to be stamped, 32 bytes.

        nonce: a number that the answer must repeat; ``None``: none.

        with_certificate: whether the answer is to hold the authority's certificate.

        policy: dotted policy that is wanted; ``None``: the authority's own.
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
        digest = _imprint(fields.take(SEQUENCE))
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


class TimeStampKind(StrEnum):
    """Whose a stamp is: the weaker proof of the site's own authority is told from that of an outside one."""

    NONE = "none"
    UNCHECKED = "unchecked"
    OWN = "own"
    LICENSED = "licensed"


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """
    A stamp whose signature holds.

    Attributes:
        digest: the SHA-256 that was stamped, 32 bytes.

        gen_time: aware UTC; what was stamped existed then.

        accuracy: how far `gen_time` may be off, as the authority says; zero where it says nothing.

        certificate: the authority's, under which the signature holds.

        chain: all certificates that came along; none is trusted because of that.

        anchor: the root that the verifier holds and the authority chains to; ``None`` where that was not checked.
    """

    digest: bytes
    gen_time: datetime
    serial: int
    policy: str
    nonce: int | None
    accuracy: timedelta
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    anchor: x509.Certificate | None = None

    @property
    def kind(self) -> "TimeStampKind":
        """Whose authority it is, as the *verifier's* root says and not the stamp."""
        if self.anchor is None:
            return TimeStampKind.UNCHECKED
        return TimeStampKind.OWN if bears_site_policy(self.anchor) else TimeStampKind.LICENSED

    @property
    def authority(self) -> str:
        """The authority's name, as its certificate says."""
        return self.certificate.subject.rfc4514_string()


def check_time_stamp(
    answer: bytes,
    digest: bytes,
    *,
    certificates: Sequence[x509.Certificate] = (),
    roots: Sequence[x509.Certificate] | None = None,
) -> TimeStamp:
    """
    Return the stamp in an authority's `answer` for `digest`; raise `TimeStampError` unless all of it holds.

    Args:
        answer: the whole TimeStampResp, DER.
        digest: SHA-256 that must have been stamped, 32 bytes.
        certificates: of the authority and between it and its root, where the answer does not hold them.
        roots: certificates that the verifier trusts; ``None`` leaves the chain unchecked, all else is checked. One that
            is for time-stamps itself is no root of them: it would vouch for its own times.
    """
    try:
        stamp = _read_answer(answer, certificates)
        _check_purpose(stamp.certificate)
        stamp.certificate.subject.rfc4514_string()
    except DerError as error:
        raise TimeStampError(f"the time-stamp is damaged: {error}") from error
    except UNREADABLE as error:
        raise TimeStampError(f"the time-stamp holds a certificate or number that cannot be read: {error}") from error
    if stamp.digest != digest:
        raise TimeStampError("the time-stamp was given for something else: its imprint is another")
    if roots is None:
        return stamp
    try:
        above = [each for each in roots if not is_for_stamps(each)]
        anchor = check_chain(stamp.certificate, above, stamp.gen_time, between=[*certificates, *stamp.chain])
    except StampError as error:
        raise TimeStampError(f"the time-stamp's authority is not accepted: {error}") from error
    return replace(stamp, anchor=anchor)


def bears_site_policy(certificate: x509.Certificate) -> bool:
    """True for the root of a site: its certificate names `SITE_POLICY`."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except (*UNREADABLE, x509.ExtensionNotFound):
        return False
    return SITE_POLICY in {each.policy_identifier.dotted_string for each in found}


def is_for_stamps(certificate: x509.Certificate) -> bool:
    """True where `check_time_stamp` would take the certificate for that of an authority."""
    try:
        _check_purpose(certificate)
    except (*UNREADABLE, TimeStampError):
        return False
    return True


def _read_answer(answer: bytes, certificates: Sequence[x509.Certificate]) -> TimeStamp:
    fields = read_der(answer, SEQUENCE).children()
    info = fields.take(SEQUENCE).children()
    status = read_int(info.take(INTEGER))
    if status not in _GRANTED:
        words = [text.content.decode("utf-8", "replace") for text in _texts(info.take_if(SEQUENCE))]
        told = f": {'; '.join(words)}" if words else ""
        raise TimeStampError(f"the authority gave no time-stamp ({_STATUS.get(status, status)}){told}")
    content_info = fields.take(SEQUENCE).children()
    fields.end()
    if read_oid(content_info.take(OID)) != SIGNED_DATA_OID:
        raise TimeStampError("the time-stamp is no signed data")
    signed = read_der(content_info.take(_CONTEXT_0).content, SEQUENCE).children()
    content_info.end()
    signed.take(INTEGER)
    hashed_by = {read_oid(each.children().take(OID)) for each in signed.take(SET).children().rest()}
    content = signed.take(SEQUENCE).children()
    if read_oid(content.take(OID)) != TST_INFO_OID:
        raise TimeStampError("the signed content is no time-stamp")
    told_bytes = read_der(content.take(_CONTEXT_0).content, OCTETS).content
    chain = _certificates(signed.take_if(_CONTEXT_0))
    signed.take_if(_CONTEXT_1)
    signers = list(signed.take(SET).children().rest())
    signed.end()
    if len(signers) != 1:
        raise TimeStampError(f"the time-stamp has {len(signers)} signers, not one")
    certificate = _check_signer(signers[0], told_bytes, [*chain, *certificates], hashed_by)
    return _read_content(told_bytes, certificate, chain)


def _texts(element: Element | None) -> list[Element]:
    return [] if element is None else list(element.children().rest())


def _certificates(element: Element | None) -> tuple[x509.Certificate, ...]:
    """Return the X.509 certificates of the set, in whatever order it has them."""
    members = [] if element is None else [each for each in element.children().rest() if each.tag == SEQUENCE]
    if len(members) > _MOST_CERTIFICATES:
        raise TimeStampError(f"the time-stamp holds more than {_MOST_CERTIFICATES} certificates")
    return tuple(x509.load_der_x509_certificate(each.encoded) for each in members)


def _check_signer(
    signer: Element, content: bytes, certificates: Sequence[x509.Certificate], hashed_by: Collection[str]
) -> x509.Certificate:
    """Return the certificate whose key signed `content`; raise `TimeStampError`."""
    fields = signer.children()
    fields.take(INTEGER)
    certificate = _named(fields.take(SEQUENCE, _KEY_ID), certificates)
    digest_oid = read_oid(fields.take(SEQUENCE).children().take(OID))
    attributes_element = fields.take(_CONTEXT_0)
    signature_oid = read_oid(fields.take(SEQUENCE).children().take(OID))
    signature = fields.take(OCTETS).content
    digest = _DIGESTS.get(digest_oid)
    if digest is None:
        raise TimeStampError(f"the time-stamp is hashed with {digest_oid}, which is not accepted")
    if digest_oid not in hashed_by:
        raise TimeStampError(f"the time-stamp is hashed with {digest_oid}, which it does not name among its hashes")
    attributes = _attributes(attributes_element)
    if read_oid(_only(attributes, CONTENT_TYPE_OID)) != TST_INFO_OID:
        raise TimeStampError("the signature is not one over a time-stamp")
    if _only(attributes, MESSAGE_DIGEST_OID).content != _hash(digest, content):
        raise TimeStampError("the time-stamp's content was changed: the signed digest is another")
    _check_named_certificate(attributes, certificate)
    signed = bytes([SET]) + attributes_element.encoded[1:]
    _check_signature(certificate, signature, signed, signature_oid, digest)
    return certificate


def _named(identifier: Element, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    if identifier.tag == SEQUENCE:
        parts = identifier.children()
        issuer, serial = parts.take(SEQUENCE).encoded, read_int(parts.take(INTEGER))
        found = [each for each in certificates if each.serial_number == serial and each.issuer.public_bytes() == issuer]
    else:
        found = [each for each in certificates if _key_id(each) == identifier.content]
    if not found:
        raise TimeStampError("the certificate of the time-stamp's authority is missing")
    return found[0]


def _key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _attributes(element: Element) -> dict[str, list[Element]]:
    attributes: dict[str, list[Element]] = {}
    for attribute in element.children().rest():
        parts = attribute.children()
        name = read_oid(parts.take(OID))
        if name in attributes:
            raise TimeStampError(f"the time-stamp's signature has the attribute {name} twice")
        attributes[name] = list(parts.take(SET).children().rest())
    return attributes


def _only(attributes: Mapping[str, list[Element]], name: str) -> Element:
    values = attributes.get(name, [])
    if len(values) != 1:
        raise TimeStampError(f"the time-stamp's signature must have one attribute {name}")
    return values[0]


def _check_named_certificate(attributes: Mapping[str, list[Element]], certificate: x509.Certificate) -> None:
    """Raise unless the signed attributes name this very certificate (RFC 5035; RFC 2634 for old authorities)."""
    der = certificate.public_bytes(Encoding.DER)
    if SIGNING_CERTIFICATE_V2_OID in attributes:
        named = _first_named(_only(attributes, SIGNING_CERTIFICATE_V2_OID)).children()
        algorithm = named.take_if(SEQUENCE)
        oid = SHA256_OID if algorithm is None else read_oid(algorithm.children().take(OID))
        digest = _DIGESTS.get(oid)
        if digest is None:
            raise TimeStampError(f"the time-stamp names its certificate by {oid}, which is not accepted")
        expected = _hash(digest, der)
    else:
        named = _first_named(_only(attributes, SIGNING_CERTIFICATE_OID)).children()
        expected = hashlib.sha1(der, usedforsecurity=False).digest()
    if named.take(OCTETS).content != expected:
        raise TimeStampError("the time-stamp was signed under another certificate than the one that it names")


def _first_named(value: Element) -> Element:
    return value.children().take(SEQUENCE).children().take(SEQUENCE)


def _check_signature(
    certificate: x509.Certificate, signature: bytes, signed: bytes, oid: str, digest: hashes.HashAlgorithm
) -> None:
    algorithm = digest if oid == _RSA_OID else _SIGNATURES.get(oid)
    try:
        key = certificate.public_key()
        if algorithm is not None and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif algorithm is not None and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        else:
            raise TimeStampError(f"the time-stamp's signature is of a kind that is not accepted ({oid})")
    except InvalidSignature as error:
        raise TimeStampError("the time-stamp's signature does not hold") from error


def _check_purpose(certificate: x509.Certificate) -> None:
    """Raise unless the certificate is for time-stamping and nothing else, critical (RFC 3161, 2.3)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise TimeStampError("the authority's certificate does not say that it is for time-stamping") from error
    if not found.critical or list(found.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TimeStampError("the authority's certificate is not for time-stamping alone, marked critical")


def _read_content(data: bytes, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...]) -> TimeStamp:
    fields = read_der(data, SEQUENCE).children()
    if read_int(fields.take(INTEGER)) != 1:
        raise TimeStampError("the time-stamp is of another version than 1")
    policy = read_oid(fields.take(OID))
    digest = _imprint(fields.take(SEQUENCE))
    serial = read_int(fields.take(INTEGER))
    gen_time = read_time(fields.take(TIME))
    accuracy = _accuracy(fields.take_if(SEQUENCE))
    fields.take_if(BOOLEAN)
    nonce = fields.take_if(INTEGER)
    return TimeStamp(
        digest, gen_time, serial, policy, None if nonce is None else read_int(nonce), accuracy, certificate, chain
    )


def _imprint(element: Element) -> bytes:
    parts = element.children()
    algorithm = read_oid(parts.take(SEQUENCE).children().take(OID))
    digest = parts.take(OCTETS).content
    parts.end()
    if algorithm != SHA256_OID or len(digest) != hashes.SHA256.digest_size:
        raise TimeStampError(f"the imprint is not a SHA-256 but {algorithm}")
    return digest


def _accuracy(element: Element | None) -> timedelta:
    if element is None:
        return timedelta(0)
    parts = element.children()
    seconds, millis, micros = (
        0 if part is None else int.from_bytes(part.content, "big")
        for part in (parts.take_if(INTEGER), parts.take_if(_KEY_ID), parts.take_if(_KEY_ID + 1))
    )
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()
