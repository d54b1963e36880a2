"""
Content credentials: copies of clips and pictures with a C2PA manifest in them; the only import of ``c2pa``.

    CredentialsError         no credentials can be put into a file, or read from it
    └── CredentialsMissing   the extra ``c2pa`` is not installed, or a file has none

The copy is for readers of C2PA; what proves the original stays the package. Signed by a certificate under the site's
root: readers call it valid, and trusted only if they are configured to trust that root (decision 0046).
"""

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from api.contract.evidence.manifest import Manifest
from api.contract.wire.moment import rfc3339
from api.trust.keys import SiteKey

ASSERTION = "org.plumewatch.evidence"
"""Label of our own statement in a manifest."""

SIGNED_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".png": "image/png"}
"""What a manifest can be put into, of the kinds of file that packages hold."""

_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}
"""Keeps the library from network requests and from adding thumbnails."""


class CredentialsError(Exception):
    """Content credentials cannot be written to a file, or read from it; the message says why."""


class CredentialsMissing(CredentialsError):  # noqa: N818  (says what is the matter)
    """The extra ``c2pa`` is not installed, or the file has no credentials."""


@dataclass(frozen=True, slots=True)
class Statement:
    """
    The content of a copy's manifest.

    Attributes:
        file: name of the original in the package. `sha256`: its hash, as the package's list has it.

        sums_sha256: hash of the package's list: the package's name in lead, chain and log.

        redaction: hash of the covered copy and the leaf of the log that ties it to the original; ``None`` for a copy
            of the original itself.
    """

    manifest: Manifest
    sums_sha256: str
    file: str
    sha256: str
    redaction: tuple[str, int] | None = None

    def document(self) -> dict[str, object]:
        """Return our assertion, JSON types only; no names of people, no reasons."""
        time = self.manifest.time
        made: dict[str, object] = {
            "lead_id": self.manifest.lead_id,
            "package_sums_sha256": self.sums_sha256,
            "file": self.file,
            "original_sha256": self.sha256,
            "node": self.manifest.runtime.worker_id,
            "camera": self.manifest.camera.id,
            "first_utc": None if time.first_utc is None else rfc3339(time.first_utc),
            "last_utc": None if time.last_utc is None else rfc3339(time.last_utc),
            "clock_source": time.source,
            "clock_uncertainty_s": time.uncertainty_s,
            "package_made_utc": rfc3339(self.manifest.created_utc),
            "redacted": self.redaction is not None,
        }
        if self.redaction is not None:
            made["copy_sha256"], made["log_index"] = self.redaction
        return made


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    The active manifest of a file, and whether it is valid.

    Attributes:
        state: ``Trusted`` under the given roots, ``Valid`` if intact with an unknown signer, ``Invalid``.

        failures: the library's codes of what does not hold, ``signingCredential.untrusted`` aside.

        statement: our assertion; empty in a file that is not of ours.
    """

    state: str
    failures: tuple[str, ...]
    issuer: str
    statement: dict[str, object]

    @property
    def holds(self) -> bool:
        """True when nothing was changed since it was signed."""
        return self.state in {"Trusted", "Valid"} and not self.failures


def media_type_of(name: str) -> str:
    """Return the media type of a file that credentials can be put into; raise `CredentialsError` for another."""
    suffix = Path(name).suffix.lower()
    if suffix not in SIGNED_TYPES:
        raise CredentialsError(f"{name} can have no C2PA manifest: only {', '.join(sorted(SIGNED_TYPES))} can")
    return SIGNED_TYPES[suffix]


def write_credentials(
    copy: Path, target: Path, original: Path, statement: Statement, signer: SiteKey, root: SiteKey
) -> None:
    """
    Write `copy` with a manifest in it to `target`.

    Args:
        copy: the file that leaves the site: the original or a redacted copy; its name gives its type.
        target: overwritten.
        original: the package's file, named as the parent of the copy with the hash of its pictures or frames.
        statement: the content of its manifest.
        signer: key and certificate of the site for this purpose (`api.trust.keys.open_credentials_key`).
        root: the site's root, which is included.

    Raises `CredentialsError`.
    """
    c2pa = _library()
    media_type = media_type_of(copy.name)
    opened: dict[str, object] = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["original"]}}
    actions = [opened]
    if statement.redaction is not None:
        what = "parts covered with one flat colour; see the assertion " + ASSERTION
        actions.append({"action": "c2pa.edited", "description": what})
        if media_type == "video/mp4":
            actions.append({"action": "c2pa.transcoded"})
    definition = {
        "claim_generator_info": [{"name": "Plumewatch", "version": metadata.version("plumewatch")}],
        "title": target.name,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": ASSERTION, "data": statement.document()},
        ],
    }
    parent = {"title": statement.file, "relationship": "parentOf", "label": "original"}
    chain = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (signer, root)).decode("ascii")
    with (
        _faults(c2pa),
        c2pa.Context(c2pa.Settings.from_dict(_OFFLINE)) as context,
        c2pa.Builder.from_json(definition, context) as builder,
        c2pa.Signer.from_callback(lambda data: _raw(signer, data), c2pa.C2paSigningAlg.ES256, chain) as key,
        copy.open("rb") as source,
        original.open("rb") as first,
        target.open("wb+") as written,
    ):
        builder.add_ingredient(parent, media_type_of(original.name), first)
        builder.sign(key, media_type, source, written)


def read_credentials(file: Path, roots: bytes | None = None) -> Credentials:
    """
    Return the manifest in `file` and whether it is valid; `roots` are PEM certificates to trust.

    Raises `CredentialsMissing` where there is none and `CredentialsError` where it cannot be read.
    """
    c2pa = _library()
    settings: dict[str, object] = dict(_OFFLINE)
    if roots is not None:
        settings["trust"] = {"user_anchors": roots.decode("ascii", "replace")}
    with (
        _faults(c2pa),
        c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
        file.open("rb") as stream,
        c2pa.Reader(media_type_of(file.name), stream, context=context) as reader,
    ):
        document = json.loads(reader.json())
        state = str(reader.get_validation_state())
    active = document["manifests"][document["active_manifest"]]
    results = document.get("validation_results", {}).get("activeManifest", {})
    ours = [each["data"] for each in active.get("assertions", []) if each["label"] == ASSERTION]
    return Credentials(
        state=state,
        failures=tuple(
            str(each["code"]) for each in results.get("failure", []) if each["code"] != "signingCredential.untrusted"
        ),
        issuer=str(active.get("signature_info", {}).get("issuer", "")),
        statement=dict(ours[0]) if ours else {},
    )


def _raw(signer: SiteKey, data: bytes) -> bytes:
    """Return a signature in COSE's form: r and s in 32 bytes each (RFC 9053, 2.1)."""
    r, s = decode_dss_signature(signer.key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _library() -> ModuleType:
    try:
        return importlib.import_module("c2pa")  # an extra, and 16 MB: only where it is used
    except ImportError as error:
        raise CredentialsMissing("C2PA needs the extra c2pa on this machine: pip install 'plumewatch[c2pa]'") from error


@contextmanager
def _faults(c2pa: ModuleType) -> Iterator[None]:
    try:
        yield
    except c2pa.C2paError as error:
        text = str(error).partition("\n")[0][:300]
        kind = CredentialsMissing if "ManifestNotFound" in text or "no JUMBF" in text else CredentialsError
        raise kind(f"C2PA: {text}") from error
