"""
Journal of checkpoints: one line of canonical JSON each, in a file outside the database, on disk before it is believed.

    JournalError    a line in its middle is not what was written

A cut may leave the last line half written: it was never believed, and is dropped at the next opening. Nothing else may
be missing or changed.
"""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from api.contract.durable import sync_folder
from api.contract.trust.checkpoint import Checkpoint, parse_checkpoint
from api.contract.trust.stamp import StampError, canonical_json


class JournalError(Exception):
    """The journal was damaged or changed by other hands."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A checkpoint as it was signed: its exact text, the signature, the fingerprint of the certificate."""

    text: bytes
    signature: bytes
    certificate_sha256: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What the text says."""
        return parse_checkpoint(self.text)

    def to_line(self) -> bytes:
        """Return the entry as a line."""
        members = {
            "certificate_sha256": self.certificate_sha256,
            "signature": self.signature.hex(),
            "text": self.text.decode(),
        }
        return canonical_json(members) + b"\n"


class Journal:
    """The file at `path`; several processes may append to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """True once an entry was begun."""
        return self.path.exists()

    def read(self) -> list[JournalEntry]:
        """Return all whole entries, oldest first; raise `JournalError`."""
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().split(b"\n")
        return [self._entry(number, line) for number, line in enumerate(lines[:-1], 1)]

    def append(self, entry: JournalEntry) -> None:
        """Write an entry behind the last whole one; it is on disk when this returns."""
        made = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)
            file.seek(whole)
            file.write(entry.to_line())
            file.flush()
            os.fsync(file.fileno())
        if made:
            sync_folder(self.path.parent)

    def _entry(self, number: int, line: bytes) -> JournalEntry:
        try:
            members = json.loads(line)
            entry = JournalEntry(
                str(members["text"]).encode(), bytes.fromhex(members["signature"]), str(members["certificate_sha256"])
            )
            parse_checkpoint(entry.text)
        except (ValueError, KeyError, TypeError, StampError) as error:
            raise JournalError(f"{self.path} line {number} is damaged: {error}") from error
        if entry.to_line() != line + b"\n":
            raise JournalError(f"{self.path} line {number} is not as it was written")
        return entry
