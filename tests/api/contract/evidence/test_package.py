"""Sealing a package: what is in it, and that the same inputs give the same bytes."""

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.contract.evidence.manifest import FileRole, parse_manifest, source_faults
from api.contract.evidence.package import FileOrigin, PackageError, seal_package
from api.contract.evidence.verification import verify_package
from api.contract.trust.stamp import StampError, canonical_json, parse_sha256_list, sha256_hex
from tests.api.contract.sample import LEAD_ID, ORIGINS, TestSigner, make_package, sample_manifest, write_evidence

GOLDEN = Path(__file__).resolve().parents[3] / "golden"


def golden(name: str, data: bytes) -> bytes:
    """
    The committed bytes; ``PLUMEWATCH_GOLDEN=write pytest tests/api/contract/evidence/test_package.py`` writes them
    anew.
    """
    path = GOLDEN / name
    if os.environ.get("PLUMEWATCH_GOLDEN") == "write":
        path.write_bytes(data)
    return path.read_bytes()


def test_the_manifest_is_the_golden_one(tmp_path: Path) -> None:
    """The same inputs give the same manifest, byte for byte: canonical JSON with every field of evidence/1."""
    made = (make_package(tmp_path, TestSigner()).folder / "manifest.json").read_bytes()
    assert made == golden("manifest.json", made)


def test_unknown_facts_are_null(tmp_path: Path) -> None:
    """What nobody measured stands in the manifest as ``null``, so that nobody takes it for forgotten."""
    made = json.loads((make_package(tmp_path, TestSigner()).folder / "manifest.json").read_bytes())
    assert made["time"]["ntp_offset_ms"] is None
    assert made["camera"]["art41"] == dict.fromkeys(("legal_review", "technical_review", "published", "valid_until"))


def test_the_same_key_seals_the_same_bytes(tmp_path: Path) -> None:
    """With one key and one manifest even the signature is the same."""
    signer = TestSigner(key=ec.derive_private_key(7, ec.SECP256R1()))
    first, second = (make_package(tmp_path / parent, signer) for parent in ("a", "b"))
    assert first.sums_sha256 == second.sums_sha256
    assert (first.folder / "SHA256SUMS.sig").read_bytes() == (second.folder / "SHA256SUMS.sig").read_bytes()


def test_the_list_names_everything_but_itself_and_its_signature(tmp_path: Path) -> None:
    """No byte of a package is outside the check: certificate, script and page are listed as well."""
    sealed = make_package(tmp_path, TestSigner())
    sums = (sealed.folder / "SHA256SUMS").read_bytes()
    names = {path.name for path in sealed.folder.iterdir()}
    assert set(parse_sha256_list(sums)) == names - {"SHA256SUMS", "SHA256SUMS.sig"}
    assert sealed.sums_sha256 == sha256_hex(sums)


@pytest.mark.parametrize("change", ["more", "less"])
def test_a_folder_with_other_files_than_stated_is_not_sealed(tmp_path: Path, change: str) -> None:
    """Nothing enters a package without saying where it comes from."""
    write_evidence(tmp_path / LEAD_ID)
    origins = ORIGINS | {"extra.txt": FileOrigin(FileRole.ORIGINAL)}
    if change == "less":
        origins = {"clip.mp4": ORIGINS["clip.mp4"]}
    with pytest.raises(PackageError, match="expected"):
        seal_package(tmp_path / LEAD_ID, sample_manifest(), origins, TestSigner())
    assert not (tmp_path / LEAD_ID / "SHA256SUMS").exists()


@pytest.mark.parametrize(
    ("origin", "fault"),
    [
        (FileOrigin(FileRole.DERIVED), "does not name its source"),
        (FileOrigin(FileRole.DERIVED, "clip.mp4"), "does not name its source"),
        (FileOrigin(FileRole.DERIVED, "f0009.png", "x"), "not a file of the package"),
        (FileOrigin(FileRole.DERIVED, "overlay.jpg", "x"), "not a file of the package"),
    ],
)
def test_derived_files_must_name_an_existing_source(tmp_path: Path, origin: FileOrigin, fault: str) -> None:
    """A derived file without source or operation, or one that points nowhere or at itself, fails verification."""
    write_evidence(tmp_path / LEAD_ID)
    sealed = seal_package(tmp_path / LEAD_ID, sample_manifest(), ORIGINS | {"overlay.jpg": origin}, TestSigner())
    assert fault in source_faults({entry.name: entry for entry in sealed.manifest.files})[0]
    assert [check.name for check in verify_package(sealed.folder).failures] == ["origin"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m | {"surprise": 1}, "surprise"),
        (lambda m: m | {"schema": "evidence/2"}, "schema"),
        (lambda m: {k: v for k, v in m.items() if k != "created_utc"}, "created_utc"),
        (lambda m: m | {"files": m["files"][::-1]}, "sorted by name"),
        (lambda m: m | {"created_utc": "2026-11-23T10:30:26.120+08:00"}, "not RFC 8785"),
    ],
)
def test_manifests_that_are_not_evidence_1_are_refused(tmp_path: Path, change: object, reason: str) -> None:
    """Unknown and missing keys, another schema and another way of writing the same are named."""
    made = json.loads((make_package(tmp_path, TestSigner()).folder / "manifest.json").read_bytes())
    with pytest.raises(StampError, match=reason):
        parse_manifest(canonical_json(change(made)))  # type: ignore[operator]
    with pytest.raises(StampError, match="not RFC 8785"):
        parse_manifest(json.dumps(made).encode())
