"""
The site's keys: a root of its own, and under it the keys that stamp times and sign the log's checkpoints.

    KeysError    the folder cannot be used: wrong permissions, damaged, incomplete

All are ECDSA P-256, made here at the first start, mode 0600 in a folder of mode 0700. Whoever holds them can make
stamps and checkpoints of this site, so the root's certificate carries `SITE_POLICY` and every report says "own"
(domain.md 5.3). A certificate near its end is replaced, key and all, at a start; what it signed stays valid.
"""

import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.contract.durable import write_durably
from api.contract.trust.stamp import StampError, read_certificate, sign
from api.contract.trust.timestamp import SITE_POLICY

log = structlog.get_logger(__name__)

ROOT, STAMPS, LOG, CREDENTIALS = "root", "tsa", "log", "c2pa"
_NAMES = {
    ROOT: "Plumewatch site root",
    STAMPS: "Plumewatch site time-stamps",
    LOG: "Plumewatch site log",
    CREDENTIALS: "Plumewatch site content credentials",
}
_VALIDITY = {ROOT: timedelta(days=7300)} | dict.fromkeys((STAMPS, LOG, CREDENTIALS), timedelta(days=1825))
_PURPOSES = {STAMPS: ExtendedKeyUsageOID.TIME_STAMPING, CREDENTIALS: ExtendedKeyUsageOID.EMAIL_PROTECTION}
"""
What a key is for and nothing else. Readers of C2PA take e-mail protection for signers: the profile's own purposes are
refused by c2pa-rs 0.91 (tried: 1.3.6.1.4.1.62558.2.1 and document signing).
"""
_RENEWED_BEFORE = timedelta(days=90)
_CLOCK_ALLOWANCE = timedelta(hours=1)


class KeysError(Exception):
    """The site's keys cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SiteKey:
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, data: bytes) -> bytes:
        """Return the detached DER signature over `data`."""
        return sign(self.key, data)


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """All keys of the site; open them with `open_site_keys`."""

    root: SiteKey
    stamps: SiteKey
    log: SiteKey


def open_site_keys(folder: Path, site: str, now: datetime) -> SiteKeys:
    """
    Return the keys in `folder`; make those that are missing and renew those that end within 90 days.

    Args:
        folder: made with mode 0700 if it is not there.
        site: name of the site, as the certificates' organisation; may be empty.
        now: aware UTC.

    Raises `KeysError`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open(folder)
        root = _opened(folder, ROOT) or _made(folder, ROOT, site, None, now)
        return SiteKeys(
            root, *(_current(folder, name, now) or _made(folder, name, site, root, now) for name in (STAMPS, LOG))
        )
    except OSError as error:
        raise KeysError(f"{folder} cannot be used: {error.strerror}") from error


def open_credentials_key(folder: Path, site: str, root: SiteKey, now: datetime) -> SiteKey:
    """
    Return the key that signs content credentials; make it at the first call, renew it near its end.

    Its certificate names an organisation, which readers of C2PA show: the site's, or the program where it has no name.
    Raises `KeysError`.
    """
    try:
        return _current(folder, CREDENTIALS, now) or _made(folder, CREDENTIALS, site or "Plumewatch", root, now)
    except OSError as error:
        raise KeysError(f"{folder} cannot be used: {error.strerror}") from error


def _current(folder: Path, name: str, now: datetime) -> SiteKey | None:
    found = _opened(folder, name)
    if found is not None and found.certificate.not_valid_after_utc - now < _RENEWED_BEFORE:
        log.info("site key renewed", key=name, ended=found.certificate.not_valid_after_utc.isoformat())
        return None
    return found


def _refuse_open(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeysError(f"{path} has mode {mode:04o}, others could use the site's keys: run chmod go= {path}")


def _opened(folder: Path, name: str) -> SiteKey | None:
    """Return the key called `name` or ``None``; key and certificate are one file, so both exist or neither."""
    path = folder / f"{name}.pem"
    if not path.exists():
        return None
    _refuse_open(path)
    data = path.read_bytes()
    try:
        key = serialization.load_pem_private_key(data, None)
        certificate = read_certificate(data[data.index(b"-----BEGIN CERTIFICATE") :])
    except (ValueError, TypeError, UnsupportedAlgorithm, StampError) as error:
        raise KeysError(f"{path} is damaged: restore it from the backup of this folder") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise KeysError(f"{path} holds a key and a certificate that do not belong together")
    return SiteKey(key, certificate)


def _made(folder: Path, name: str, site: str, root: SiteKey | None, now: datetime) -> SiteKey:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(name, site, key, root, now)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_durably(folder / f"{name}.pem", private + certificate.public_bytes(serialization.Encoding.PEM), 0o600)
    log.info("site key made", key=name)
    return SiteKey(key, certificate)


def _certificate(
    name: str, site: str, key: ec.EllipticCurvePrivateKey, root: SiteKey | None, now: datetime
) -> x509.Certificate:
    organisation = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, site[:64])] if site else []
    subject = x509.Name([*organisation, x509.NameAttribute(NameOID.COMMON_NAME, _NAMES[name])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if root is None else root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_ALLOWANCE)
        .not_valid_after(now + _VALIDITY[name])
        .add_extension(x509.BasicConstraints(ca=root is None, path_length=0 if root is None else None), critical=True)
        .add_extension(_usage(signs_certificates=root is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if root is None:
        policy = x509.PolicyInformation(x509.ObjectIdentifier(SITE_POLICY), None)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    else:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
        builder = builder.add_extension(issuer, critical=False)
    if name in _PURPOSES:
        builder = builder.add_extension(x509.ExtendedKeyUsage([_PURPOSES[name]]), critical=True)
    return builder.sign(key if root is None else root.key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
