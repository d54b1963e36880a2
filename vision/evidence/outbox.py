"""
The outbox: leads with their packages on disk until the API has confirmed them.

    outbox/ready/<lead id>/{lead.json, package.tar}                  waits to be sent
    outbox/rejected/<lead id>/{lead.json, package.tar, answer.json}  the API will never take it; a person must look
    .../*.partial                                                    half-written or half-removed: rubbish after a cut

An entry appears by one rename after everything in it is on disk, so a cut leaves it whole or not there at all.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock

import structlog
from pydantic import ValidationError

from api.contract.evidence.tarball import write_tar
from api.contract.wire.lead import LeadDocument
from streams.timing.clock import utc_now
from vision.durable import (
    PARTIAL,
    StorageError,
    make_folder,
    remove_folder,
    remove_partial,
    rename_durably,
    storing,
    sync_tree,
    write_durably,
)

log = structlog.get_logger(__name__)

LEAD = "lead.json"
PACKAGE = "package.tar"
ANSWER = "answer.json"


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A lead that waits: its id, its folder, and since when (POSIX nanoseconds of the disk's clock, for order only)."""

    lead_id: str
    folder: Path
    since_ns: int

    @property
    def package(self) -> Path:
        """The package's tar."""
        return self.folder / PACKAGE

    def lead(self) -> LeadDocument:
        """Return the lead; raise `StorageError` where its file is gone or damaged, `OSError` if it cannot be read."""
        try:
            return LeadDocument.model_validate_json((self.folder / LEAD).read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StorageError(f"{self.folder / LEAD} is not there") from error
        except ValidationError as error:
            raise StorageError(f"{self.folder / LEAD} is damaged") from error


class Outbox:
    """
    The durable spool. Thread-safe; one per folder that `owns` it, the worker's: it clears what a cut left half-written.

    Another process may look and requeue beside it.
    """

    def __init__(self, folder: Path, *, owns: bool = True) -> None:
        self._ready = folder / "ready"
        self._rejected = folder / "rejected"
        make_folder(folder, 0o700)
        for place in (self._ready, self._rejected):
            make_folder(place)
            if owns and (removed := remove_partial(place)):
                log.info("half-written entries removed", place=str(place), count=removed)
        self._lock = Lock()
        self._changed = Condition()
        self._changes = 0

    def put(self, package: Path, lead: LeadDocument) -> None:
        """
        Keep a sealed package folder and its lead until they are delivered; on disk when this returns.

        Putting the same lead again changes nothing. Raises `StorageError` (a full disk), after which nothing is kept
        and the caller still has the package.
        """
        if lead.evidence is None:
            raise ValueError(f"lead {lead.lead_id} has no evidence")
        with self._lock:
            if self._holds(lead):
                return
            target = self._ready / lead.lead_id
            partial = self._ready / (lead.lead_id + PARTIAL)
            remove_folder(partial)
            try:
                make_folder(partial)
                write_durably(partial / LEAD, lead.model_dump_json().encode())
                with storing(str(partial / PACKAGE)), (partial / PACKAGE).open("wb") as stream:
                    write_tar(package, stream, mtime=int(lead.event.confirmed.timestamp()))
                sync_tree(partial)
                rename_durably(partial, target)
            except StorageError:
                remove_folder(partial)
                raise
        self.wake()

    def _holds(self, lead: LeadDocument) -> bool:
        for place in (self._ready, self._rejected):
            folder = place / lead.lead_id
            if not folder.exists():
                continue
            with storing(str(folder)):
                kept = OutboxEntry(lead.lead_id, folder, 0).lead().evidence
            if kept != lead.evidence:
                raise StorageError(f"{folder} already holds another package of lead {lead.lead_id}")
            log.info("lead already in outbox", lead=lead.lead_id, place=place.name)
            return True
        return False

    def entries(self) -> list[OutboxEntry]:
        """Return what waits, oldest first."""
        found = [OutboxEntry(folder.name, folder, _since_ns(folder)) for folder in self._folders(self._ready)]
        return sorted(found, key=lambda entry: (entry.since_ns, entry.lead_id))

    def rejected(self) -> list[str]:
        """Return the ids of the leads that the API will not take."""
        return sorted(folder.name for folder in self._folders(self._rejected))

    @staticmethod
    def _folders(place: Path) -> list[Path]:
        return [path for path in place.iterdir() if not path.name.endswith(PARTIAL)]

    def oldest_age_s(self) -> float:
        """Return for how long the oldest entry has waited; 0 when nothing waits."""
        waiting = self.entries()
        return max(0.0, utc_now().timestamp() - waiting[0].since_ns / 1e9) if waiting else 0.0

    def delivered(self, entry: OutboxEntry) -> None:
        """Forget an entry that the API has confirmed."""
        with self._lock:
            remove_folder(entry.folder)

    def reject(self, entry: OutboxEntry, answer: Mapping[str, object]) -> None:
        """Put an entry aside together with the API's answer."""
        with self._lock:
            text = json.dumps(dict(answer), ensure_ascii=False, indent=1)
            write_durably(entry.folder / ANSWER, text.encode())
            rename_durably(entry.folder, self._rejected / entry.lead_id)

    def requeue(self, lead_id: str) -> None:
        """Send a rejected lead again, after a person has removed the reason."""
        with self._lock, storing(lead_id):
            folder = self._rejected / lead_id
            (folder / ANSWER).unlink(missing_ok=True)
            rename_durably(folder, self._ready / lead_id)
        self.wake()

    def wake(self) -> None:
        """Wake whoever is in `wait`."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout_s: float) -> int:
        """Block until there is a change after number `seen`, or for `timeout_s`; return the newest change's number."""
        with self._changed:
            self._changed.wait_for(lambda: self._changes != seen, timeout_s)
            return self._changes


def _since_ns(folder: Path) -> int:
    """Return since when an entry waits; where that cannot be read, since its folder was changed."""
    for path in (folder / LEAD, folder):
        with suppress(OSError):
            return path.stat().st_mtime_ns
    return 0
