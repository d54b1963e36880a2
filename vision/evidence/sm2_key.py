"""
The node's SM2 key, for a second signature over its packages where a site wants one; off unless configured.

Key and certificate lie in the node's folder, ``sm2.key`` (mode 0600) and ``sm2.crt``. The certificate is self-signed
until somebody puts an authority's for the same key in its place; the node's own signature covers it in each package.
"""

import stat
from pathlib import Path

import structlog

from api.contract.trust import sm2
from api.contract.trust.stamp import StampError
from vision.durable import write_durably
from vision.evidence.node import NodeError

log = structlog.get_logger(__name__)

KEY = "sm2.key"
CERTIFICATE = "sm2.crt"


class Sm2Key:
    """An SM2 key and its certificate; open it with `Sm2Key.open`."""

    def __init__(self, key: Path, certificate_pem: bytes) -> None:
        self._key = key
        self.certificate_pem = certificate_pem

    @classmethod
    def open(cls, folder: Path, name: str) -> "Sm2Key":
        """
        Return the key in the node's `folder`; make it where there is none, for the node `name`.

        Raises `NodeError` where openssl knows no SM2, or where key and certificate are damaged or not a pair, and
        `StorageError` where the disk does not take them.
        """
        if not sm2.knows_sm2():
            raise NodeError(
                "evidence.sm2_signature needs an openssl with SM2 on this machine, and there is none: "
                "install OpenSSL 3, or set it to false"
            )
        key, certificate = folder / KEY, folder / CERTIFICATE
        try:
            if not key.exists():
                _make(key)
            mode = stat.S_IMODE(key.stat().st_mode)
            if mode & 0o077:
                raise NodeError(f"{key} has mode {mode:04o}, others could use the node's key: run chmod 600 {key}")
            if not certificate.exists():
                write_durably(certificate, sm2.self_signed(key, name))
            pem = certificate.read_bytes()
            if not sm2.sm2_signature_holds(pem, b"pair", sm2.sign(key, b"pair")):
                raise NodeError(f"{certificate} is not the certificate of {key}")
        except (OSError, StampError) as error:
            raise NodeError(f"the SM2 key in {folder} cannot be used: {error}") from error
        return cls(key, pem)

    def sign(self, data: bytes) -> bytes:
        """Return the detached DER signature (SM2 with SM3) over `data`."""
        return sm2.sign(self._key, data)


def _make(key: Path) -> None:
    """Make the key beside its place and put it there whole, so that a cut leaves none rather than half of one."""
    made = key.with_suffix(".new")
    made.unlink(missing_ok=True)
    sm2.make_key(made)
    write_durably(key, made.read_bytes(), 0o600)
    made.unlink()
    log.info("sm2 key made", folder=str(key.parent))
