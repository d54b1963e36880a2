"""
The node: one worker machine's name, number, signing key and certificate, and the source of lead ids.

    NodeError    the identity cannot be used: wrong permissions, damaged, held by another process, another name

The key is made on the node at the first start and never leaves it (domain.md 5.2): ECDSA P-256, mode 0600 in a folder
of mode 0700. The certificate is self-signed until a bureau's authority issues one for the same key (`request`).
Whatever follows it, the key before vouches for it (`api.contract.trust.succession`): the API takes it without anybody's
help.
"""

import base64
import fcntl
import json
import os
import re
import secrets
import socket
import stat
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Self

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import TypeAdapter, ValidationError

from api.contract.trust.stamp import StampError, fingerprint, read_certificate, sign
from api.contract.trust.succession import MOST, Succession, voucher
from streams.timing.clock import utc_now
from vision.durable import StorageError, remove_partial, sync_folder, write_durably

log = structlog.get_logger(__name__)

KEY = "node.key"
CERTIFICATE = "node.crt"
FACTS = "node.json"
COUNTER = "leads.json"
LOCK = "lock"
SUCCESSIONS = "successions.json"
NEXT = "next.json"
"""A new certificate, perhaps with a new key, that is being put in place: whole or not there, so a cut loses neither."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VALIDITY = timedelta(days=730)
_EXPIRY_WARNING = timedelta(days=60)
_CLOCK_ALLOWANCE = timedelta(hours=1)


class NodeError(Exception):
    """The node's identity cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class _Facts:
    name: str
    number: int


class NodeIdentity:
    """
    Name, number, key and certificate of this node; signs hash lists and numbers leads. Thread-safe.

    Open it with `NodeIdentity.open`; only one process at a time may hold a folder, so that no lead id is given twice.
    """

    def __init__(self, folder: Path, facts: _Facts, key: ec.EllipticCurvePrivateKey, pem: bytes, lock: int) -> None:
        self._folder = folder
        self._key = key
        self._held = lock
        self._lock = Lock()
        self.name = facts.name
        self.number = facts.number
        self.certificate_pem = pem
        self.certificate_sha256 = fingerprint(read_certificate(pem))
        self.successions = _successions(folder)

    @classmethod
    def open(cls, folder: Path, name: str | None = None, now: datetime | None = None) -> Self:
        """
        Return the identity in `folder`; at the first start make it.

        Args:
            folder: made with mode 0700 if it is not there; a folder that others may enter is refused.
            name: of the node; at the first start the machine's name if not given, afterwards the stored one if given.
            now: time of making, for the certificate's validity; the wall clock if not given.

        Raises `NodeError`; `StorageError` where the disk does not take it.
        """
        moment = now or utc_now()
        _private_folder(folder)
        lock = _hold(folder)
        try:
            remove_partial(folder)
            _put_in_place(folder)
            facts = _facts(folder, name)
            key = _key(folder)
            pem = _certificate(folder, facts.name, key, moment)
            identity = cls(folder, facts, key, pem, lock)
        except BaseException:
            os.close(lock)
            raise
        expires = read_certificate(pem).not_valid_after_utc
        if expires - moment < _EXPIRY_WARNING:
            log.warning("node certificate expires", node=facts.name, expires=expires.isoformat())
        return identity

    def sign(self, data: bytes) -> bytes:
        """Return the detached DER signature of the node's key over `data`."""
        return sign(self._key, data)

    def request(self) -> bytes:
        """Return a certificate request (PKCS #10, PEM) for this node's key, to be sent to an authority."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self._key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM)

    def succeed(
        self, certificate_pem: bytes, key: ec.EllipticCurvePrivateKey | None = None, now: datetime | None = None
    ) -> None:
        """
        Go on with another certificate, of this key or of a new one; the key until now vouches for it.

        Raises `NodeError` for one that is not of the key or not valid `now`, and `StorageError`.
        """
        try:
            certificate = read_certificate(certificate_pem)
        except StampError as error:
            raise NodeError(f"that is no certificate for a node: {error}") from error
        key = key or self._key
        if certificate.public_key() != key.public_key():
            raise NodeError("the certificate is for another key: have it issued for the request of plumewatch node csr")
        if not certificate.not_valid_before_utc <= (now or utc_now()) <= certificate.not_valid_after_utc:
            raise NodeError("the certificate is not valid now")
        vouched = base64.b64encode(self.sign(voucher(certificate))).decode()
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        successions = [*self.successions, Succession(certificate_pem=pem.decode(), signature=vouched)][-MOST:]
        document = {
            "key": _private(key).decode(),
            "certificate": pem.decode(),
            "successions": [each.model_dump() for each in successions],
        }
        write_durably(self._folder / NEXT, json.dumps(document).encode(), 0o600)
        _put_in_place(self._folder)
        self._key, self.certificate_pem = key, pem
        self.certificate_sha256 = fingerprint(certificate)
        self.successions = _successions(self._folder)

    def rotate(self, now: datetime | None = None) -> None:
        """Go on with a new key and a self-signed certificate of it; the old key is gone afterwards."""
        key = ec.generate_private_key(ec.SECP256R1())
        self.succeed(self_signed(self.name, key, now or utc_now()), key, now)

    def next_lead_id(self, day: date) -> str:
        """
        Return a new lead id ``L{yyyymmdd}-{number:03d}{n:03d}`` for an event of the local `day`.

        The counter is on disk before the id is returned: no id is given twice, whatever happens next. A `day` that
        comes again because a clock went back goes on counting. Raises `StorageError` or `NodeError`.
        """
        label = f"{day:%Y%m%d}"
        with self._lock:
            counts = self._counts()
            counts[label] = counts.get(label, 0) + 1
            write_durably(self._folder / COUNTER, json.dumps(counts, sort_keys=True).encode(), 0o600)
            return f"L{label}-{self.number:03d}{counts[label]:03d}"

    def close(self) -> None:
        """Let go of the folder."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def _counts(self) -> dict[str, int]:
        path = self._folder / COUNTER
        if not path.exists():
            return {}
        counts = _read_json(path)
        if not all(isinstance(count, int) and count > 0 for count in counts.values()):
            raise NodeError(f"{path} is damaged: it must hold positive counts by day")
        return {day: int(str(count)) for day, count in counts.items()}


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
        sync_folder(folder.parent)
    except FileExistsError:
        pass
    except OSError as error:
        raise StorageError(f"{folder} could not be made: {error.strerror}") from error
    if not folder.is_dir():
        raise NodeError(f"{folder} must be a folder")
    _refuse_open(folder, "700")


def _refuse_open(path: Path, wanted: str) -> None:
    """Raise `NodeError` if anybody but the owner has any right on `path`."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise NodeError(f"{path} has mode {mode:04o}, others could use the node's key: run chmod {wanted} {path}")


def _hold(folder: Path) -> int:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"{folder / LOCK} could not be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise NodeError(f"the node folder {folder} is in use by another process") from error
    return lock


def _read_json(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise NodeError(f"{path} is damaged: {error}") from error
    if not isinstance(value, dict):
        raise NodeError(f"{path} is damaged: it must hold an object")
    return value


def _facts(folder: Path, name: str | None) -> _Facts:
    path = folder / FACTS
    if not path.exists():
        name = name or host_name()
        if not _NAME.fullmatch(name):
            raise NodeError(f"a node's name must be 1-64 of A-Z a-z 0-9 . _ - at its first start, got {name!r}")
        facts = _Facts(name, secrets.randbelow(1000))
        write_durably(path, json.dumps({"name": facts.name, "number": facts.number}).encode(), 0o600)
        log.info("node made", node=facts.name, number=facts.number)
        return facts
    stored = _read_json(path)
    own, number = stored.get("name"), stored.get("number")
    if not isinstance(own, str) or not _NAME.fullmatch(own) or not isinstance(number, int) or not 0 <= number <= 999:
        raise NodeError(f"{path} is damaged: it must hold the node's name and its number 0-999")
    if name is not None and name != own:
        raise NodeError(f"the folder {folder} belongs to the node {own!r}, not to {name!r}")
    return _Facts(own, number)


def host_name() -> str:
    """Return this machine's name with everything that a node's name may not hold replaced by ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).strip("-._")[:64] or "node"


def _key(folder: Path) -> ec.EllipticCurvePrivateKey:
    path = folder / KEY
    if not path.exists():
        if (folder / CERTIFICATE).exists():
            raise NodeError(f"{path} is missing but its certificate is there: restore the key or remove both")
        made = ec.generate_private_key(ec.SECP256R1())
        write_durably(path, _private(made), 0o600)
        return made
    _refuse_open(path, "600")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NodeError(f"{path} is damaged: it holds no readable private key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise NodeError(f"{path} must hold an ECDSA P-256 key")
    return key


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _put_in_place(folder: Path) -> None:
    """Finish what `NodeIdentity.succeed` began, however far it came before a cut."""
    path = folder / NEXT
    if not path.exists():
        return
    document = _read_json(path)
    write_durably(folder / SUCCESSIONS, json.dumps({"successions": document["successions"]}).encode(), 0o600)
    write_durably(folder / KEY, str(document["key"]).encode(), 0o600)
    write_durably(folder / CERTIFICATE, str(document["certificate"]).encode())
    path.unlink()
    sync_folder(folder)


def _successions(folder: Path) -> tuple[Succession, ...]:
    path = folder / SUCCESSIONS
    if not path.exists():
        return ()
    try:
        return tuple(TypeAdapter(list[Succession]).validate_python(_read_json(path).get("successions")))
    except ValidationError as error:
        raise NodeError(f"{path} is damaged: it must hold certificates and signatures") from error


def _certificate(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    path = folder / CERTIFICATE
    if not path.exists():
        write_durably(path, self_signed(name, key, now))
    try:
        pem = path.read_bytes()
        certificate = read_certificate(pem)
    except (OSError, StampError) as error:
        raise NodeError(f"{path} is damaged: {error}") from error
    if certificate.public_key() != key.public_key():
        raise NodeError(f"{path} is not the certificate of {folder / KEY}")
    return pem


def self_signed(name: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    """Return a PEM certificate for the node `name`: two years from `now`, for signatures only, no authority."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_ALLOWANCE)
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
