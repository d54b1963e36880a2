"""
Vault: evidence packages by content hash, written once.

A package lives under the SHA-256 of its ``SHA256SUMS``, one object a file, so that a byte range of the clip is one
read. Nothing here overwrites: storing a package that is already there keeps the old bytes and succeeds only if they
are equal.

```
VaultError           evidence could not be kept or read
  MissingEvidence    no such package or file
```
"""

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import ObjectStore, from_url

from api.contract.durable import check_room, sync_folder, why_not
from api.contract.evidence.package import SIGNATURES, PackageFiles
from api.contract.trust.stamp import digests

CHUNK = 256 * 1024
_HASH = re.compile(r"[0-9a-f]{64}")
ABANDONED_S = 3600
"""What stands in ``incoming`` for longer belongs to no process that still runs."""


class VaultError(Exception):
    """Evidence could not be kept or read."""


class MissingEvidence(VaultError):  # noqa: N818  (what it is, not that it is an error)
    """No such package or file."""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of the file system that holds the vault."""

    free: int
    total: int


class Vault(Protocol):
    """Where evidence is kept. Every method blocks; call it from a thread."""

    def keep(self, sums_sha256: str, package: PackageFiles) -> None:
        """Store all files of a verified package; afterwards a power cut does not lose them."""
        ...

    def sizes(self, sums_sha256: str) -> dict[str, int]:
        """Return the package's files and their sizes in bytes; raise `MissingEvidence`."""
        ...

    def read(self, sums_sha256: str, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield ``length`` bytes of a file from ``start``; raise `MissingEvidence`."""
        ...

    def folder(self, sums_sha256: str, name: str) -> contextlib.AbstractContextManager[Path]:
        """Lend the package as a local folder called ``name``, to be read only."""
        ...

    def packages(self) -> Iterator[str]:
        """Yield the hash of every complete package, in no order."""
        ...

    def erase(self, sums_sha256: str) -> bool:
        """
        Remove a package whose deletion has been recorded (`api.store.evidence.holds.delete_package`); ``False``: there
        is none.

        What a power cut leaves of it is removed by the same call later.
        """
        ...

    def space(self) -> Space | None:
        """Return what room there is; ``None`` where the store does not say."""
        ...

    def check(self) -> None:
        """Raise `VaultError` if nothing can be stored now."""
        ...


class FolderVault:
    """
    A vault in a local folder: ``<root>/ab/ab12.../<file>``, files 0440, folders 0550 once complete.

    Only `erase` takes anything away, by one rename, and what a crash leaves of that goes as well.

    A package appears by one rename of a folder whose files were synced; what a crash leaves in ``incoming`` is removed
    at a later start.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in self._incoming.iterdir():
            if time.time() - left_over.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(left_over, ignore_errors=True)

    def keep(self, sums_sha256: str, package: PackageFiles) -> None:
        """Store all files of a verified package; see `Vault.keep`."""
        final = self._path(sums_sha256)
        try:
            if final.exists() or not self._move_in(package, final):
                _compare(package, final)
            # also where it was there: whoever moved it in may have died before its name was on disk
            sync_folder(final.parent)
            sync_folder(self._root)
            final.chmod(0o550)
        except OSError as fault:
            raise VaultError(f"package {sums_sha256} cannot be written: {why_not(self._root, fault)}") from fault

    def _move_in(self, package: PackageFiles, final: Path) -> bool:
        """Write the files and move them to `final` at once; false where somebody else did so in this moment."""
        final.parent.mkdir(exist_ok=True, mode=0o700)
        temporary = Path(tempfile.mkdtemp(dir=self._incoming))
        try:
            for name in package.sizes:
                with package.open(name) as source:
                    _write_synced(temporary / name, source)
            sync_folder(temporary)
            try:
                temporary.rename(final)
            except OSError:
                if not final.exists():
                    raise
                return False
            return True
        finally:
            if temporary.exists():
                shutil.rmtree(temporary, ignore_errors=True)

    def sizes(self, sums_sha256: str) -> dict[str, int]:
        """Return the package's files and their sizes; see `Vault.sizes`."""
        try:
            return {entry.name: entry.stat().st_size for entry in sorted(self._path(sums_sha256).iterdir())}
        except FileNotFoundError as fault:
            raise MissingEvidence(f"the vault holds no package {sums_sha256}") from fault

    def read(self, sums_sha256: str, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a byte range; see `Vault.read`."""
        try:
            with (self._path(sums_sha256) / name).open("rb") as file:
                file.seek(start)
                while length > 0 and (chunk := file.read(min(CHUNK, length))):
                    length -= len(chunk)
                    yield chunk
        except FileNotFoundError as fault:
            raise MissingEvidence(f"package {sums_sha256} holds no file {name}") from fault

    @contextlib.contextmanager
    def folder(self, sums_sha256: str, name: str) -> Iterator[Path]:
        """Lend the package as a folder; see `Vault.folder`."""
        path = self._path(sums_sha256)
        if not path.is_dir():
            raise MissingEvidence(f"the vault holds no package {sums_sha256}")
        with tempfile.TemporaryDirectory(dir=self._incoming) as temporary:  # beside the vault: links cost nothing
            lent = Path(temporary) / name
            lent.mkdir()
            for file in path.iterdir():
                _link_or_copy(file, lent / file.name)
            yield lent

    def packages(self) -> Iterator[str]:
        """Yield all packages; see `Vault.packages`."""
        for shelf in self._root.iterdir():
            if len(shelf.name) == 2:
                yield from (place.name for place in shelf.iterdir() if _HASH.fullmatch(place.name))

    def erase(self, sums_sha256: str) -> bool:
        """Remove a package; see `Vault.erase`."""
        place = self._path(sums_sha256)
        condemned = self._incoming / f"erased-{sums_sha256}"
        try:
            if place.exists():
                place.chmod(0o750)  # or its name cannot be changed
                place.rename(condemned)
                sync_folder(place.parent)
            elif not condemned.exists():
                return False
            shutil.rmtree(condemned)
        except FileNotFoundError:
            return False  # another process is removing it
        except OSError as fault:
            raise VaultError(f"package {sums_sha256} cannot be removed: {fault}") from fault
        return True

    def space(self) -> Space | None:
        """Return the file system's room; see `Vault.space`."""
        usage = shutil.disk_usage(self._root)
        return Space(usage.free, usage.total)

    def check(self) -> None:
        """Raise `VaultError` if nothing can be stored now."""
        try:
            check_room(self._incoming)
        except OSError as fault:
            raise VaultError(f"the vault cannot be written: {why_not(self._root, fault)}") from fault

    def _path(self, sums_sha256: str) -> Path:
        return self._root / sums_sha256[:2] / sums_sha256


class ObjectVault:
    """
    A vault in an object store (S3 and its relatives) by URL; every object is put with *create only*.

    There is no rename of many objects: ``SHA256SUMS`` is put last and marks the package as complete.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def keep(self, sums_sha256: str, package: PackageFiles) -> None:
        """Store all files of a verified package; see `Vault.keep`."""
        for name in sorted(package.sizes, key=lambda name: (name == "SHA256SUMS", name)):
            with package.open(name) as source:
                content = source.read()
            path = f"{sums_sha256}/{name}"
            try:
                # Multipart uploads cannot be create-only, so each file goes in one piece (5 GiB at most on S3).
                obstore.put(self._store, path, content, mode="create", use_multipart=False)
            except AlreadyExistsError as fault:
                if bytes(obstore.get(self._store, path).bytes()) != content and name not in SIGNATURES:
                    raise VaultError(f"{path} is already in the vault with other bytes") from fault
            except BaseError as fault:
                raise VaultError(f"{path} cannot be stored: {type(fault).__name__}") from fault

    def sizes(self, sums_sha256: str) -> dict[str, int]:
        """Return the package's files and their sizes; see `Vault.sizes`."""
        try:
            listed = obstore.list(self._store, prefix=f"{sums_sha256}/").collect()
        except BaseError as fault:
            raise VaultError(f"the vault cannot be listed: {type(fault).__name__}") from fault
        sizes = {str(meta["path"]).rpartition("/")[2]: int(meta["size"]) for meta in listed}
        if "SHA256SUMS" not in sizes:
            raise MissingEvidence(f"the vault holds no package {sums_sha256}")
        return dict(sorted(sizes.items()))

    def read(self, sums_sha256: str, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a byte range; see `Vault.read`."""
        end = start + length
        while start < end:
            size = min(8 * CHUNK, end - start)
            try:
                chunk = obstore.get_range(self._store, f"{sums_sha256}/{name}", start=start, length=size)
            except (NotFoundError, FileNotFoundError) as fault:
                raise MissingEvidence(f"package {sums_sha256} holds no file {name}") from fault
            except BaseError as fault:
                raise VaultError(f"{name} cannot be read: {type(fault).__name__}") from fault
            start += size
            yield bytes(chunk)

    @contextlib.contextmanager
    def folder(self, sums_sha256: str, name: str) -> Iterator[Path]:
        """Lend the package as a folder; see `Vault.folder`."""
        with tempfile.TemporaryDirectory(prefix="plumewatch-") as temporary:
            lent = Path(temporary) / name
            lent.mkdir()
            for file, size in self.sizes(sums_sha256).items():
                with (lent / file).open("wb") as target:
                    for chunk in self.read(sums_sha256, file, 0, size):
                        target.write(chunk)
            yield lent

    def packages(self) -> Iterator[str]:
        """Yield all packages; see `Vault.packages`."""
        # Not by common prefixes: some stores go on listing the folder of objects that are gone.
        try:
            for piece in obstore.list(self._store):
                for meta in piece:
                    place, _, name = str(meta["path"]).rpartition("/")
                    if name == "SHA256SUMS" and _HASH.fullmatch(place):
                        yield place
        except BaseError as fault:
            raise VaultError(f"the vault cannot be listed: {type(fault).__name__}") from fault

    def erase(self, sums_sha256: str) -> bool:
        """Remove a package, its list last; see `Vault.erase`."""
        try:
            listed = [str(meta["path"]) for meta in obstore.list(self._store, prefix=f"{sums_sha256}/").collect()]
            for path in sorted(listed, key=lambda path: (path.endswith("/SHA256SUMS"), path)):
                obstore.delete(self._store, path)
        except BaseError as fault:
            raise VaultError(f"package {sums_sha256} cannot be removed: {type(fault).__name__}") from fault
        return bool(listed)

    def space(self) -> Space | None:
        """Return ``None``: object stores do not say; see `Vault.space`."""
        return None

    def check(self) -> None:
        """Raise `VaultError` if the store does not answer."""
        try:
            obstore.list_with_delimiter(self._store)
        except BaseError as fault:
            raise VaultError(f"the object store does not answer: {type(fault).__name__}") from fault


def open_vault(url: str, data_dir: Path) -> Vault:
    """Return the vault at an object store's URL, or the folder ``vault`` in ``data_dir`` when there is none."""
    if url:
        try:
            return ObjectVault(from_url(url))
        except (BaseError, ValueError) as fault:
            raise VaultError(
                "the vault address cannot be used: expected that of an object store, as s3://bucket/folder"
            ) from fault
    return FolderVault(data_dir / "vault")


def _write_synced(path: Path, source: BinaryIO) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
    with os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(source, target, CHUNK)
        target.flush()
        os.fchmod(target.fileno(), 0o440)
        os.fsync(target.fileno())


def _compare(package: PackageFiles, folder: Path) -> None:
    """Raise unless ``folder`` holds the package's files; a signature may differ, ECDSA's are not unique."""
    if sorted(package.sizes) != sorted(entry.name for entry in folder.iterdir()):
        raise VaultError(f"{folder.name} is already in the vault with other files")
    for name in package.sizes:
        if name in SIGNATURES:
            continue
        with package.open(name) as source, (folder / name).open("rb") as kept:
            if digests(source) != digests(kept):
                raise VaultError(f"{folder.name}/{name} is already in the vault with other bytes")


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copyfile(source, target)
