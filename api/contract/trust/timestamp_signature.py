"""
Signature of a time-stamp: the one signer of its signed data (CMS, RFC 5652), over exactly this content.

Raises `TimeStampError` with what does not hold, and `DerError` for bytes that are not DER.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from api.contract.trust.der import (
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    Element,
    read_int,
    read_oid,
)
from api.contract.trust.timestamp_request import SHA256_OID, TimeStampError

TST_INFO_OID = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE_OID = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST_OID = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_OID = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2_OID = "1.2.840.113549.1.9.16.2.47"
ECDSA_SHA256_OID = "1.2.840.10045.4.3.2"
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
_CONTEXT_0 = 0xA0
_KEY_ID = 0x80


def check_signer(
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


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()
