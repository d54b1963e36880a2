"""
SM2: a second signature over ``SHA256SUMS`` by GB/T 32918 with SM3, made and checked by the ``openssl`` command.

`cryptography` has no SM2; OpenSSL from 1.1.1 on has it unless it was built without (decision 0045). The signer's id is
the default one of GM/T 0009. Raises `StampError`.
"""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from cryptography import x509

from api.contract.trust.stamp import StampError, read_certificates

SIGNER_ID = "1234567812345678"
"""Distinguishing identifier where parties have agreed on none (GM/T 0009-2012, 10)."""

_SIGOPT = ("-sigopt", f"distid:{SIGNER_ID}")
_CURVE = bytes.fromhex("06082a811ccf5501822d")
"""DER of the object identifier 1.2.156.10197.1.301, the curve sm2p256v1."""

_TIMEOUT_S = 20.0
_DAYS = 730


@cache
def knows_sm2() -> bool:
    """Return whether this machine's ``openssl`` can sign and verify with SM2 and SM3; asked once a process."""
    if shutil.which("openssl") is None:
        return False
    try:
        with tempfile.TemporaryDirectory(prefix="sm2-") as name:
            key = Path(name) / "key"
            make_key(key)
            signature = sign(key, b"probe")
            public = _run("pkey", "-in", str(key), "-pubout")
            return _verified(public, b"probe", signature) and not _verified(public, b"other", signature)
    except StampError:
        return False


def make_key(path: Path) -> None:
    """Write a new SM2 key to `path`, PEM, readable by its owner alone."""
    path.touch(0o600)
    _run(
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:SM2",
        "-pkeyopt",
        "ec_param_enc:named_curve",
        "-out",
        str(path),
    )


def self_signed(key: Path, name: str) -> bytes:
    """Return a PEM certificate of the key in `key` for the node `name`: two years, for signatures only."""
    subject = "/CN=" + name.replace("\\", "\\\\").replace("/", "\\/")
    return _run(
        "req",
        "-x509",
        "-new",
        "-key",
        str(key),
        "-sm3",
        *_SIGOPT,
        "-subj",
        subject,
        "-days",
        str(_DAYS),
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        "keyUsage=critical,digitalSignature",
    )


def sign(key: Path, data: bytes) -> bytes:
    """Return the detached DER signature (SM2 with SM3) of the key in `key` over `data`."""
    with tempfile.TemporaryDirectory(prefix="sm2-") as name:
        path = Path(name) / "data"
        path.write_bytes(data)
        return _run("dgst", "-sm3", "-sign", str(key), *_SIGOPT, str(path))


def read_sm2_certificate(pem: bytes) -> x509.Certificate:
    """Return the one certificate of an SM2 key in `pem`; raise `StampError` for none, several, or another curve."""
    found = read_certificates(pem)
    if len(found) != 1:
        raise StampError(f"expected one certificate, found {len(found)}")
    if _CURVE not in found[0].tbs_certificate_bytes:
        raise StampError("the certificate's key is not SM2")
    return found[0]


def sm2_signature_holds(pem: bytes, data: bytes, signature: bytes) -> bool:
    """True when the SM2 key of the certificate in `pem` made `signature` over `data`; needs `knows_sm2`."""
    read_sm2_certificate(pem)
    return _verified(_run("x509", "-noout", "-pubkey", given=pem), data, signature)


def _verified(public: bytes, data: bytes, signature: bytes) -> bool:
    with tempfile.TemporaryDirectory(prefix="sm2-") as name:
        folder = Path(name)
        for file, content in (("key", public), ("data", data), ("signature", signature)):
            (folder / file).write_bytes(content)
        done = _called(
            "dgst",
            "-sm3",
            "-verify",
            str(folder / "key"),
            *_SIGOPT,
            "-signature",
            str(folder / "signature"),
            str(folder / "data"),
        )
        return done.returncode == 0


def _run(*arguments: str, given: bytes = b"") -> bytes:
    done = _called(*arguments, given=given)
    if done.returncode != 0:
        raise StampError(f"openssl {arguments[0]} does not do SM2 on this machine")
    return done.stdout


def _called(*arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            ["openssl", *arguments], input=given, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StampError(f"openssl {arguments[0]} does not do SM2 on this machine") from error
