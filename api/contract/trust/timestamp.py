"""
Time-stamps of RFC 3161: the check of an authority's answer; the same here as ``openssl ts -verify``.

A stamp proves that what it names existed at ``gen_time`` *at the latest*; when the event happened it does not prove.
Of an answer everything is checked: status, form, imprint, the authority's signature over exactly this content, that the
certificate is meant for time-stamping and nothing else (critical), and its chain at ``gen_time``. An answer that is
none, was refused or does not hold raises `TimeStampError`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.contract.trust.der import (
    BOOLEAN,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    TIME,
    DerError,
    Element,
    read_der,
    read_int,
    read_oid,
    read_time,
)
from api.contract.trust.stamp import UNREADABLE, StampError, check_chain
from api.contract.trust.timestamp_request import TimeStampError, read_imprint
from api.contract.trust.timestamp_signature import TST_INFO_OID, check_signer

SIGNED_DATA_OID = "1.2.840.113549.1.7.2"
SITE_POLICY = "2.25.196253393793267128020013594357013558149"
"""
Policy of a site's own authority, in its root certificate and its stamps: the owner of the site's keys can make them.

An identifier of our own under the arc for UUIDs (ITU-T X.667), which needs no registration.
"""
_STATUS = MappingProxyType({2: "rejection", 3: "waiting", 4: "revocation warning", 5: "revocation notification"})
_GRANTED = frozenset({0, 1})
_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1
_MILLIS, _MICROS = 0x80, 0x81
_MOST_CERTIFICATES = 16


class TimeStampKind(StrEnum):
    """Origin of a stamp: the site's own authority is a weaker proof than an outside one."""

    NONE = "none"
    UNCHECKED = "unchecked"
    OWN = "own"
    LICENSED = "licensed"


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """
    A stamp with a valid signature.

    Attributes:
        digest: the SHA-256 that was stamped, 32 bytes.

        gen_time: aware UTC; what was stamped existed then.

        accuracy: error bound of `gen_time` by the authority; zero where it gives none.

        certificate: the authority's, under which the signature holds.

        chain: all certificates in the answer; none is trusted for being there.

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
        """Kind of the authority by the *verifier's* root, not by the stamp."""
        if self.anchor is None:
            return TimeStampKind.UNCHECKED
        return TimeStampKind.OWN if bears_site_policy(self.anchor) else TimeStampKind.LICENSED

    @property
    def authority(self) -> str:
        """The authority's name in its certificate."""
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
    certificate = check_signer(signers[0], told_bytes, [*chain, *certificates], hashed_by)
    return _read_content(told_bytes, certificate, chain)


def _texts(element: Element | None) -> list[Element]:
    return [] if element is None else list(element.children().rest())


def _certificates(element: Element | None) -> tuple[x509.Certificate, ...]:
    """Return the X.509 certificates of the set, in whatever order it has them."""
    members = [] if element is None else [each for each in element.children().rest() if each.tag == SEQUENCE]
    if len(members) > _MOST_CERTIFICATES:
        raise TimeStampError(f"the time-stamp holds more than {_MOST_CERTIFICATES} certificates")
    return tuple(x509.load_der_x509_certificate(each.encoded) for each in members)


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
    digest = read_imprint(fields.take(SEQUENCE))
    serial = read_int(fields.take(INTEGER))
    gen_time = read_time(fields.take(TIME))
    accuracy = _accuracy(fields.take_if(SEQUENCE))
    fields.take_if(BOOLEAN)
    nonce = fields.take_if(INTEGER)
    return TimeStamp(
        digest, gen_time, serial, policy, None if nonce is None else read_int(nonce), accuracy, certificate, chain
    )


def _accuracy(element: Element | None) -> timedelta:
    if element is None:
        return timedelta(0)
    parts = element.children()
    seconds, millis, micros = (
        0 if part is None else int.from_bytes(part.content, "big")
        for part in (parts.take_if(INTEGER), parts.take_if(_MILLIS), parts.take_if(_MICROS))
    )
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)
