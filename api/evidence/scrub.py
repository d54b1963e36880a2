"""
Scrub: reads and hashes everything in the vault again, to report damage before the evidence is needed.

Each package is held against its ``SHA256SUMS``, and that against the hash under which it was filed; custody, records,
keys and operators against the leaves of the log (`api.store.agreement`); and the vault against the store: packages that
are missing, and ones that no lead names. Attachments are held against the hashes under which they were stored.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clock import utc_now
from api.contract.evidence.package import SUMS, UNLISTED
from api.contract.trust.stamp import StampError, parse_sha256_list
from api.contract.wire.moment import UtcTime, rfc3339
from api.evidence.vault import MissingEvidence, Vault, VaultError
from api.store.agreement.log import disagreements
from api.store.database import Database
from api.store.documents import read_document
from api.store.evidence.attachments import FOLDER, kept_attachments
from api.store.evidence.holds import deleted_packages, kept_packages
from api.store.evidence.tables import ScrubRow

READERS = 2
"""Packages read at the same time: hashing and reading overlap, and the API keeps processor time."""
MOST_FAULTS = 1000


class PackageFault(BaseModel):
    """What is wrong with a package; ``lead_id`` is empty for one that no lead names."""

    lead_id: str
    sums_sha256: str
    file: str = ""
    fault: str


class ScrubReport(BaseModel):
    """What a scrub found. Times in seconds, sizes in bytes."""

    started: UtcTime
    seconds: float
    packages: int = Field(description="read")
    attachments: int = Field(0, description="read")
    files: int
    bytes: int
    faults: list[PackageFault] = Field(description="rot: missing, changed or extra files; at most 1000")
    strays: list[str] = Field(
        description="packages in the vault that no lead names; attachments/LEAD/HASH for an attachment"
    )
    custody_faults: list[str] = Field(description="custody that is not what was logged; at most 1000 sentences")
    record_faults: list[str] = Field(
        default_factory=list,
        description="other records, keys and operators that are not what was logged; at most 1000 sentences",
    )

    @property
    def is_sound(self) -> bool:
        """True when nothing is wrong; a stray is no rot: a cut between vault and store leaves one, which is refiled."""
        return self.fault_count == 0

    @property
    def fault_count(self) -> int:
        """Number of faults of all three kinds."""
        return len(self.faults) + len(self.custody_faults) + len(self.record_faults)


@dataclass(frozen=True, slots=True)
class ScrubOutcome:
    """When a scrub began, aware UTC, and how many faults it found."""

    started: datetime
    faults: int

    def warning(self) -> str:
        """Return a sentence on where the report of the faults is; empty without faults."""
        if self.faults == 0:
            return ""
        found = f"{self.faults} fault{'s' * (self.faults > 1)}"
        return f"the scrub of {rfc3339(self.started)} found {found}: see last_scrub of GET /v1/vault"


def scrub(database: Database, vault: Vault) -> ScrubReport:
    """Read and hash everything, and keep the report in the store; blocks for as long as that takes."""
    started, clock = utc_now(), time.perf_counter()
    with database.reading() as session:
        kept = kept_packages(session)
        attached = kept_attachments(session)
    faults: list[PackageFault] = []
    files = size = 0
    with ThreadPoolExecutor(READERS, "scrub") as readers:
        for checked in readers.map(lambda one: _Reading(vault, *one).check(), kept):
            faults += checked.faults
            files += checked.files
            size += checked.bytes
        for of_lead in readers.map(lambda one: _Reading(vault, one[0], one[2]).check_attachment(one[1]), attached):
            faults += of_lead.faults
            files += of_lead.files
            size += of_lead.bytes
    there = list(vault.packages())
    beside = list(vault.attachments.listed())
    with database.reading() as session:  # reading takes hours, and meanwhile packages are filed and deleted
        known = {sums for _, sums in kept_packages(session)}
        named = {(lead_id, sha256) for lead_id, sha256, _ in kept_attachments(session)}
        deleted = deleted_packages(session)
    gone, over = {sums for _, sums in deleted}, {lead_id for lead_id, _ in deleted}
    faults = [fault for fault in faults if fault.sums_sha256 not in gone]
    strays = [sums for sums in there if sums not in known and sums not in gone]
    strays += [
        f"{FOLDER}/{lead_id}/{sha256}"
        for lead_id, sha256 in beside
        if (lead_id, sha256) not in named and lead_id not in over
    ]
    with database.snapshot() as session:
        told = disagreements(session)
    report = ScrubReport(
        started=started,
        seconds=round(time.perf_counter() - clock, 3),
        packages=len(kept),
        attachments=len(attached),
        files=files,
        bytes=size,
        faults=faults[:MOST_FAULTS],
        strays=strays[:MOST_FAULTS],
        custody_faults=told.custody[:MOST_FAULTS],
        record_faults=told.records[:MOST_FAULTS],
    )
    with database.writing() as session:
        session.add(ScrubRow(at=started, sound=report.is_sound, report=report.model_dump_json()))
    return report


def last_scrub(session: Session) -> ScrubReport | None:
    """Return the newest report; ``None`` before the first scrub, or if it cannot be read."""
    row = session.scalar(select(ScrubRow).order_by(ScrubRow.scrub_id.desc()).limit(1))
    return None if row is None else read_document(session, ScrubReport, str(row.scrub_id), row.report, of="scrubs")


def last_outcome(session: Session) -> ScrubOutcome | None:
    """Return the outcome of the newest scrub; ``None`` before the first. The report is read only if it has faults."""
    newest = select(ScrubRow.at, ScrubRow.sound).order_by(ScrubRow.scrub_id.desc()).limit(1)
    row = session.execute(newest).one_or_none()
    if row is None:
        return None
    report = None if row.sound else last_scrub(session)
    return ScrubOutcome(row.at, 0 if report is None else report.fault_count)


class _Reading:
    """One package, or an attachment of its lead, being read."""

    def __init__(self, vault: Vault, lead_id: str, sums_sha256: str) -> None:
        self._vault = vault
        self._lead_id = lead_id
        self._sums = sums_sha256
        self.faults: list[PackageFault] = []
        self.files = 0
        self.bytes = 0

    def check(self) -> "_Reading":
        """Hash every file and note what is wrong."""
        try:
            sizes = self._vault.sizes(self._sums)
        except MissingEvidence:
            self._note("", "the package is not in the vault")
            return self
        except VaultError as fault:
            self._note("", f"the package cannot be read: {fault}")
            return self
        listed = self._listed(sizes)
        for name in sorted(set(listed) - set(sizes)):
            self._note(name, "the file is missing")
        for name in sorted(set(sizes) - set(listed) - UNLISTED):
            self._note(name, "the file is not in SHA256SUMS")
        for name in sorted(set(sizes) - {SUMS}):
            found = self._hash(name, sizes[name])
            if found is not None and name in listed and found != listed[name]:
                self._note(name, "the file is not the one that was filed")
        return self

    def check_attachment(self, sha256: str) -> "_Reading":
        """Hash an attachment of the lead and note what is wrong."""
        name, shelf = f"{FOLDER}/{sha256}", self._vault.attachments
        try:
            size = shelf.size(self._lead_id, sha256)
        except MissingEvidence:
            self._note(name, "the attachment is not in the vault")
            return self
        except VaultError as fault:
            self._note(name, f"cannot be read: {fault}")
            return self
        found = self._digest(name, shelf.read(self._lead_id, sha256, 0, size))
        if found not in {None, sha256}:
            self._note(name, "the file is not the one that was stored")
        return self

    def _listed(self, sizes: Mapping[str, int]) -> dict[str, str]:
        if SUMS not in sizes:
            self._note(SUMS, "the file is missing")
            return {}
        try:
            data = b"".join(self._vault.read(self._sums, SUMS, 0, sizes[SUMS]))
        except VaultError as fault:
            self._note(SUMS, f"cannot be read: {fault}")
            return {}
        self.files += 1
        self.bytes += len(data)
        if hashlib.sha256(data).hexdigest() != self._sums:
            self._note(SUMS, "the file is not the one that was filed")
        try:
            return parse_sha256_list(data)
        except StampError as fault:
            self._note(SUMS, str(fault))
            return {}

    def _hash(self, name: str, size: int) -> str | None:
        return self._digest(name, self._vault.read(self._sums, name, 0, size))

    def _digest(self, name: str, pieces: Iterable[bytes]) -> str | None:
        digest, read = hashlib.sha256(), 0
        try:
            for piece in pieces:
                digest.update(piece)
                read += len(piece)
        except (VaultError, OSError) as fault:
            self._note(name, f"cannot be read: {fault}")
            return None
        self.files += 1
        self.bytes += read
        return digest.hexdigest()

    def _note(self, file: str, fault: str) -> None:
        self.faults.append(PackageFault(lead_id=self._lead_id, sums_sha256=self._sums, file=file, fault=fault))
