"""Succession: a node's new certificate, signed by the key of the previous one, which the API accepts by itself."""

import base64
import binascii
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Field

from api.contract.fields import Line, Pem
from api.contract.trust.stamp import StampError, fingerprint, read_certificate, signature_holds
from api.contract.wire.document import Wire

MOST = 50
"""Successions in one list; a node that changes its key daily stays under it for seven weeks without the API."""


class Succession(Wire):
    """
    A certificate and the signature of its predecessor.

    Attributes:
        certificate_pem: the new certificate.

        signature: of the key before it over `voucher` of the new certificate, DER in base64.
    """

    certificate_pem: Pem
    signature: Line = Field(max_length=200)


def voucher(certificate: x509.Certificate) -> bytes:
    """Return what the old key signs: nothing else that it ever signs begins like this."""
    return b"plumewatch node succession\n" + certificate.public_bytes(Encoding.DER)


def succeeds(pinned: x509.Certificate, successions: Sequence[Succession], new: x509.Certificate) -> bool:
    """True when `successions` lead from the `pinned` certificate to the `new` one; raise `StampError` if damaged."""
    current = pinned
    for each in successions:
        certificate = read_certificate(each.certificate_pem.encode())
        try:
            signature = base64.b64decode(each.signature, validate=True)
        except binascii.Error as error:
            raise StampError(f"a succession's signature is not base64: {error}") from error
        if signature_holds(current, voucher(certificate), signature):
            current = certificate
    return fingerprint(current) == fingerprint(new) != fingerprint(pinned)
