"""
Evidence packages as files: a folder or a plain tar of it, read safely, and sealed (listed and signed) by the node.

A package is a flat folder named after its lead. ``SHA256SUMS`` lists *every* file but itself and its own signature, the
node's certificate and the checking tools included, so that no byte of a package is outside the check.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Protocol, Self

from api.contract.evidence.manifest import FileRole, Manifest, ManifestFile
from api.contract.fields import Line, Name
from api.contract.trust.stamp import ContractError, digests, is_file_name, sha256_hex, sha256_list

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"
SM2_SIGNATURE = "SHA256SUMS.sm2"
SIGNATURES = frozenset({SIGNATURE, SM2_SIGNATURE})
"""Over the same bytes, and yet not the same bytes each time."""
TIME_STAMP = "SHA256SUMS.tsr"
MANIFEST = "manifest.json"
CERTIFICATE = "node.crt"
SM2_CERTIFICATE = "node.sm2.crt"
TSA_CERTIFICATE = "tsa.crt"
CLIP = "clip.mp4"
OVERLAY = "overlay.jpg"
DETECTIONS = "detections.jsonl"
READINGS = "readings.csv"
TOOLS = ("VERIFY.md", "verify.sh")
LOG_PROOF = "tlog.json"
CHECKPOINT = "checkpoint.txt"
CHECKPOINT_SIGNATURE = "checkpoint.sig"
CHECKPOINT_TIME_STAMP = "checkpoint.tsr"
LOG_CERTIFICATE = "log.crt"
LOG_FILES = frozenset({LOG_PROOF, CHECKPOINT, CHECKPOINT_SIGNATURE, CHECKPOINT_TIME_STAMP, LOG_CERTIFICATE})
"""What proves that the site's log holds a package."""
PROOFS = frozenset({TIME_STAMP, TSA_CERTIFICATE}) | LOG_FILES
"""Files that the API adds to a filed package; no node makes them."""
UNLISTED = frozenset({SUMS}) | SIGNATURES | PROOFS
"""Files made after the hash list, which cannot contain them; each has its own check."""
NOT_EVIDENCE = frozenset({MANIFEST, CERTIFICATE, *TOOLS})
"""Files that are listed in ``SHA256SUMS`` but not in the manifest's ``files``."""
OPTIONAL = frozenset({SM2_CERTIFICATE})
"""Such files that only some packages hold."""


class PackageError(ContractError):
    """A package cannot be read: not there, neither folder nor tar, or over the limits."""


@dataclass(frozen=True, slots=True)
class PackageLimits:
    """How large a foreign package may be; more is refused before anything is read into memory."""

    max_files: int = 256
    max_file_bytes: int = 512 << 20
    max_total_bytes: int = 1 << 30


DEFAULT_LIMITS = PackageLimits()
SMALL = 4 << 20
"""Bytes that a list, manifest, certificate or stamp may have."""


class PackageFiles(Protocol):
    """The files of one package, wherever they are. Not thread-safe."""

    @property
    def folder(self) -> str:
        """Name of the package's folder; should be the lead's id."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each plain file by name."""
        ...

    @property
    def strangers(self) -> tuple[str, ...]:
        """What does not belong in any package: subfolders, links, devices, names that are not allowed."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open one of `sizes` for reading."""
        ...

    def close(self) -> None:
        """Release what is held open."""
        ...


class FolderPackage:
    """A package in a folder on this machine; see `PackageFiles`. Links are never followed."""

    def __init__(self, path: Path, limits: PackageLimits = DEFAULT_LIMITS) -> None:
        self._path = path
        self.folder = path.resolve().name
        sizes: dict[str, int] = {}
        strangers: list[str] = []
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            raise PackageError(f"{path} cannot be read as a folder: {error.strerror}") from error
        for entry in entries:
            info = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(info.st_mode) and is_file_name(entry.name):
                sizes[entry.name] = info.st_size
            else:
                strangers.append(entry.name)
        check_limits(sizes, limits, extra=len(strangers))
        self.sizes: Mapping[str, int] = MappingProxyType(sizes)
        self.strangers = tuple(strangers)

    def open(self, name: str) -> BinaryIO:
        """Open one of `sizes` for reading."""
        if name not in self.sizes:
            raise PackageError(f"the package has no file {name!r}")
        try:
            return os.fdopen(os.open(self._path / name, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except OSError as error:
            raise PackageError(f"{name} cannot be read: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_limits(sizes: Mapping[str, int], limits: PackageLimits, extra: int = 0) -> None:
    """Raise `PackageError` where there are too many files or too many bytes."""
    if len(sizes) + extra > limits.max_files:
        raise PackageError(f"the package holds more than {limits.max_files} files")
    for name, size in sizes.items():
        if size > limits.max_file_bytes:
            raise PackageError(f"{name} has {size} bytes, more than the {limits.max_file_bytes} allowed")
    if sum(sizes.values()) > limits.max_total_bytes:
        raise PackageError(f"the package has more than the {limits.max_total_bytes} bytes allowed")


def read_bytes(package: PackageFiles, name: str, limit: int) -> bytes:
    """Return a small file's bytes; raise `PackageError` where it is missing or has more than `limit` bytes."""
    if package.sizes.get(name, 0) > limit:
        raise PackageError(f"{name} has {package.sizes[name]} bytes, more than the {limit} allowed")
    with package.open(name) as stream:
        return stream.read(limit + 1)


def read_present(package: PackageFiles, name: str, limit: int = SMALL) -> bytes:
    """Return a small file's bytes as `read_bytes` does; raise `PackageError` where the package has no such file."""
    if name not in package.sizes:
        raise PackageError(f"{name} is missing")
    return read_bytes(package, name, limit)


class Signer(Protocol):
    """The signer of a package: a node's key and its certificate."""

    @property
    def certificate_pem(self) -> bytes:
        """The node's certificate, PEM."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the detached DER signature over `data`."""
        ...


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """Where an evidence file comes from; see `api.contract.evidence.manifest.ManifestFile`."""

    role: FileRole
    source: Name | None = None
    operation: Line | None = None


@dataclass(frozen=True, slots=True)
class SealedPackage:
    """A package that is complete: its folder, the manifest with its files, and what its ``SHA256SUMS`` hashes to."""

    folder: Path
    manifest: Manifest
    sums_sha256: str


def seal_package(
    folder: Path,
    manifest: Manifest,
    origins: Mapping[str, FileOrigin],
    signer: Signer,
    sm2: Signer | None = None,
) -> SealedPackage:
    """
    Complete the package in `folder`: add manifest, certificates and tools, list all, sign the list, by `sm2` too.

    `origins` names every evidence file that stands in `folder` already; ``manifest.files`` is filled from it. Raises
    `PackageError` when the folder holds anything else. Writes are not synced: the caller moves the folder into place.
    """
    with FolderPackage(folder) as found:
        if found.strangers or set(found.sizes) != set(origins):
            raise PackageError(f"{folder} holds {sorted(found.sizes)} {found.strangers}, expected {sorted(origins)}")
        files = []
        for name in sorted(origins):
            origin = origins[name]
            with found.open(name) as stream:
                file = digests(stream)
            files.append(
                ManifestFile(
                    name=name,
                    size=file.size,
                    sha256=file.sha256,
                    sm3=file.sm3,
                    role=origin.role,
                    source=origin.source,
                    operation=origin.operation,
                )
            )
    sealed = Manifest.model_validate(manifest.model_copy(update={"files": files}).model_dump())
    added = {MANIFEST: sealed.to_bytes(), CERTIFICATE: signer.certificate_pem}
    added |= {name: tool(name) for name in TOOLS}
    if sm2 is not None:
        added[SM2_CERTIFICATE] = sm2.certificate_pem
    sums = sha256_list(
        {entry.name: entry.sha256 for entry in files} | {name: sha256_hex(data) for name, data in added.items()}
    )
    signatures = {SIGNATURE: signer.sign(sums)} | ({} if sm2 is None else {SM2_SIGNATURE: sm2.sign(sums)})
    for name, data in (added | {SUMS: sums} | signatures).items():
        (folder / name).write_bytes(data)
    (folder / "verify.sh").chmod(0o755)
    return SealedPackage(folder, sealed, sha256_hex(sums))


def tool(name: str) -> bytes:
    """Return one of `TOOLS` as it is put into every package."""
    return resources.files("api.contract.evidence").joinpath(name).read_bytes()
