"""Folder vault: evidence packages in a local folder, written once."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from api.contract.durable import check_room, sync_folder, why_not
from api.contract.evidence.package import SIGNATURES, PackageFiles
from api.contract.trust.stamp import digests
from api.evidence.shelf import FolderShelf, write_synced
from api.evidence.vault import CHUNK, PACKAGE_NAME, MissingEvidence, Space, VaultError

ABANDONED_S = 3600
"""Anything older in ``incoming`` belongs to no running process."""


class FolderVault:
    """
    A vault in a local folder: ``<root>/ab/ab12.../<file>``, files 0440, folders 0550 once complete.

    Only `erase` removes packages, by one rename; what a crash leaves of that is removed too.

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
        self.attachments = FolderShelf(root, self._incoming)

    def keep(self, sums_sha256: str, package: PackageFiles) -> None:
        """Store all files of a verified package; see `Vault.keep`."""
        final = self._path(sums_sha256)
        try:
            if final.exists() or not self._move_in(package, final):
                _compare(package, final)
            # also when it existed: the process that moved it in may have died before its name was on disk
            sync_folder(final.parent)
            sync_folder(self._root)
            final.chmod(0o550)
        except OSError as fault:
            raise VaultError(f"package {sums_sha256} cannot be written: {why_not(self._root, fault)}") from fault

    def _move_in(self, package: PackageFiles, final: Path) -> bool:
        """Write the files and move them to `final` at once; false where another process has just done so."""
        final.parent.mkdir(exist_ok=True, mode=0o700)
        temporary = Path(tempfile.mkdtemp(dir=self._incoming))
        try:
            for name in package.sizes:
                with package.open(name) as source:
                    write_synced(temporary / name, source)
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
        """Yield the package as a folder; see `Vault.folder`."""
        path = self._path(sums_sha256)
        if not path.is_dir():
            raise MissingEvidence(f"the vault holds no package {sums_sha256}")
        with tempfile.TemporaryDirectory(dir=self._incoming) as temporary:  # in the vault, where hard links work
            lent = Path(temporary) / name
            lent.mkdir()
            for file in path.iterdir():
                _link_or_copy(file, lent / file.name)
            yield lent

    def packages(self) -> Iterator[str]:
        """Yield all packages; see `Vault.packages`."""
        for shelf in self._root.iterdir():
            if len(shelf.name) == 2:
                yield from (place.name for place in shelf.iterdir() if PACKAGE_NAME.fullmatch(place.name))

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
