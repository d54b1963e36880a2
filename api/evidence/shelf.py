"""
Shelf: attachments of leads by content hash, beside the packages of a vault, written once.

``attachments/<lead>/<SHA-256>`` in a folder or an object store. Nothing here overwrites: storing an attachment that is
already there keeps the old bytes and succeeds only if they are equal.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import ObjectStore

from api.contract.durable import sync_folder, why_not
from api.contract.trust.stamp import digests
from api.evidence.vault import CHUNK, MissingEvidence, VaultError

SHELF = "attachments"


class FolderShelf:
    """
    The shelf of a `api.evidence.folder_vault.FolderVault`; files 0440.

    Args:
        root: the vault's folder.

        incoming: where files are written before they are moved to their place; on the same file system.
    """

    def __init__(self, root: Path, incoming: Path) -> None:
        self._root = root / SHELF
        self._incoming = incoming

    def keep(self, lead_id: str, sha256: str, file: Path) -> None:
        """Store a copy of a file; see `Shelf.keep`."""
        final = self._path(lead_id, sha256)
        try:
            final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._incoming) as temporary:
                written = Path(temporary) / sha256
                with file.open("rb") as source:
                    write_synced(written, source)
                try:
                    final.hardlink_to(written)
                except FileExistsError:
                    _compare(final, written)
            for folder in (final.parent, self._root, self._root.parent):
                sync_folder(folder)
        except OSError as fault:
            reason = why_not(self._root, fault)
            raise VaultError(f"attachment {sha256} of lead {lead_id} cannot be written: {reason}") from fault

    def size(self, lead_id: str, sha256: str) -> int:
        """Return an attachment's size; see `Shelf.size`."""
        try:
            return self._path(lead_id, sha256).stat().st_size
        except FileNotFoundError as fault:
            raise _missing(lead_id, sha256) from fault

    def read(self, lead_id: str, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a byte range; see `Shelf.read`."""
        try:
            with self._path(lead_id, sha256).open("rb") as file:
                file.seek(start)
                while length > 0 and (chunk := file.read(min(CHUNK, length))):
                    length -= len(chunk)
                    yield chunk
        except FileNotFoundError as fault:
            raise _missing(lead_id, sha256) from fault

    def listed(self) -> Iterator[tuple[str, str]]:
        """Yield all attachments; see `Shelf.listed`."""
        yield from ((file.parent.name, file.name) for file in self._root.glob("*/*"))

    def erase(self, lead_id: str) -> bool:
        """Remove all attachments of a lead; see `Shelf.erase`."""
        place = self._root / lead_id
        try:
            if not place.exists():
                return False
            with tempfile.TemporaryDirectory(dir=self._incoming) as temporary:
                place.rename(Path(temporary) / lead_id)
                sync_folder(self._root)
        except FileNotFoundError:
            return False  # another process is removing them
        except OSError as fault:
            raise VaultError(f"the attachments of lead {lead_id} cannot be removed: {fault}") from fault
        return True

    def _path(self, lead_id: str, sha256: str) -> Path:
        return self._root / lead_id / sha256


class ObjectShelf:
    """The shelf of a `api.evidence.object_vault.ObjectVault`; each attachment is put with *create only*."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def keep(self, lead_id: str, sha256: str, file: Path) -> None:
        """Store a copy of a file; see `Shelf.keep`."""
        content, path = file.read_bytes(), _key(lead_id, sha256)
        try:
            # Multipart uploads cannot be create-only.
            obstore.put(self._store, path, content, mode="create", use_multipart=False)
        except AlreadyExistsError as fault:
            if bytes(obstore.get(self._store, path).bytes()) != content:
                raise VaultError(f"{path} is already in the vault with other bytes") from fault
        except BaseError as fault:
            raise VaultError(f"{path} cannot be stored: {type(fault).__name__}") from fault

    def size(self, lead_id: str, sha256: str) -> int:
        """Return an attachment's size; see `Shelf.size`."""
        try:
            return int(obstore.head(self._store, _key(lead_id, sha256))["size"])
        except (NotFoundError, FileNotFoundError) as fault:
            raise _missing(lead_id, sha256) from fault
        except BaseError as fault:
            raise VaultError(f"attachment {sha256} cannot be read: {type(fault).__name__}") from fault

    def read(self, lead_id: str, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a byte range; see `Shelf.read`."""
        return read_object(self._store, _key(lead_id, sha256), start, length, _missing(lead_id, sha256))

    def listed(self) -> Iterator[tuple[str, str]]:
        """Yield all attachments; see `Shelf.listed`."""
        try:
            for piece in obstore.list(self._store, prefix=f"{SHELF}/"):
                for meta in piece:
                    place, _, name = str(meta["path"]).rpartition("/")
                    yield place.rpartition("/")[2], name
        except BaseError as fault:
            raise VaultError(f"the vault cannot be listed: {type(fault).__name__}") from fault

    def erase(self, lead_id: str) -> bool:
        """Remove all attachments of a lead; see `Shelf.erase`."""
        try:
            found = obstore.list(self._store, prefix=f"{SHELF}/{lead_id}/").collect()
            for meta in found:
                obstore.delete(self._store, str(meta["path"]))
        except BaseError as fault:
            reason = type(fault).__name__
            raise VaultError(f"the attachments of lead {lead_id} cannot be removed: {reason}") from fault
        return bool(found)


def read_object(store: ObjectStore, path: str, start: int, length: int, missing: MissingEvidence) -> Iterator[bytes]:
    """Yield ``length`` bytes of an object from ``start``; raise `missing` where it is not there, or `VaultError`."""
    end = start + length
    while start < end:
        size = min(8 * CHUNK, end - start)
        try:
            chunk = obstore.get_range(store, path, start=start, length=size)
        except (NotFoundError, FileNotFoundError) as fault:
            raise missing from fault
        except BaseError as fault:
            raise VaultError(f"{path.rpartition('/')[2]} cannot be read: {type(fault).__name__}") from fault
        start += size
        yield bytes(chunk)


def write_synced(path: Path, source: BinaryIO) -> None:
    """Write a new file, 0440, whose content is on disk when this returns; raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
    with os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(source, target, CHUNK)
        target.flush()
        os.fchmod(target.fileno(), 0o440)
        os.fsync(target.fileno())


def _compare(kept: Path, written: Path) -> None:
    with kept.open("rb") as one, written.open("rb") as other:
        if digests(one) != digests(other):
            raise VaultError(f"{kept.parent.name}/{kept.name} is already in the vault with other bytes")


def _missing(lead_id: str, sha256: str) -> MissingEvidence:
    return MissingEvidence(f"the vault holds no attachment {sha256} of lead {lead_id}")


def _key(lead_id: str, sha256: str) -> str:
    return f"{SHELF}/{lead_id}/{sha256}"
