"""
Vault: evidence packages by content hash, written once.

A package is stored under the SHA-256 of its ``SHA256SUMS``, one object a file, so that a byte range of the clip is one
read. Nothing here overwrites: storing a package that is already there keeps the old bytes and succeeds only if they
are equal.

```
VaultError           evidence could not be kept or read
  MissingEvidence    no such package or file
```
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from api.contract.evidence.package import PackageFiles

CHUNK = 256 * 1024
"""Bytes that are read at a time."""
PACKAGE_NAME = re.compile(r"[0-9a-f]{64}")
"""What a package is called in a vault: the SHA-256 of its list."""


class VaultError(Exception):
    """Evidence could not be kept or read."""


class MissingEvidence(VaultError):  # noqa: N818  (what it is, not that it is an error)
    """No such package or file."""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of the file system that holds the vault."""

    free: int
    total: int


class Shelf(Protocol):
    """Where the attachments of leads are kept, by lead and content hash. Every method blocks."""

    def keep(self, lead_id: str, sha256: str, file: Path) -> None:
        """Store a copy of a file that hashes to `sha256`; afterwards a power cut does not lose it."""
        ...

    def size(self, lead_id: str, sha256: str) -> int:
        """Return an attachment's size in bytes; raise `MissingEvidence`."""
        ...

    def read(self, lead_id: str, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Yield ``length`` bytes of an attachment from ``start``; raise `MissingEvidence`."""
        ...

    def listed(self) -> Iterator[tuple[str, str]]:
        """Yield lead and hash of every attachment, in no order."""
        ...

    def erase(self, lead_id: str) -> bool:
        """Remove all attachments of a lead whose package's deletion has been recorded; ``False``: there are none."""
        ...


class Vault(Protocol):
    """Where evidence is kept. Every method blocks; call it from a thread."""

    @property
    def attachments(self) -> Shelf:
        """The shelf of attachments beside the packages."""
        ...

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
        """Yield the package as a local folder called ``name``, to be read only."""
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
        """Return the room of the store; ``None`` where it is unknown."""
        ...

    def check(self) -> None:
        """Raise `VaultError` if nothing can be stored now."""
        ...
