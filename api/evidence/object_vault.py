"""Object vault: evidence packages in an object store (S3 and its relatives), each object put with *create only*."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore

from api.contract.evidence.package import SIGNATURES, PackageFiles
from api.evidence.shelf import ObjectShelf, read_object
from api.evidence.vault import PACKAGE_NAME, MissingEvidence, Space, VaultError


class ObjectVault:
    """
    A vault in an object store (S3 and its relatives) by URL; every object is put with *create only*.

    There is no rename of many objects: ``SHA256SUMS`` is put last and marks the package as complete.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.attachments = ObjectShelf(store)

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
        missing = MissingEvidence(f"package {sums_sha256} holds no file {name}")
        return read_object(self._store, f"{sums_sha256}/{name}", start, length, missing)

    @contextlib.contextmanager
    def folder(self, sums_sha256: str, name: str) -> Iterator[Path]:
        """Yield the package as a folder; see `Vault.folder`."""
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
        # Not by common prefixes: some stores list the folder of deleted objects.
        try:
            for piece in obstore.list(self._store):
                for meta in piece:
                    place, _, name = str(meta["path"]).rpartition("/")
                    if name == "SHA256SUMS" and PACKAGE_NAME.fullmatch(place):
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
        """Return ``None``: object stores do not report their room; see `Vault.space`."""
        return None

    def check(self) -> None:
        """Raise `VaultError` if the store does not answer."""
        try:
            obstore.list_with_delimiter(self._store)
        except BaseError as fault:
            raise VaultError(f"the object store does not answer: {type(fault).__name__}") from fault
