"""
Evidence of confirmed leads: on disk from the moment of confirmation, and at the end a sealed package in the outbox.

    cases/<lead id>/case.json            lead, manifest and file origins as known at confirmation
    cases/<lead id>/exhibits/            the evidence files of that moment
    cases/<lead id>/lead.json            the final lead; written just before the next
    cases/<lead id>/<lead id>/           the sealed package: appears by one rename, then goes to the outbox
    chain/<camera id>.json               hash of the camera's newest package: the next one names it

Whatever step a cut hits, `CaseStore.recover` goes on from there: a sealed package is delivered as it is, an open case
is sealed with what it has and says what is missing. Writing clips and pictures takes time: call from an evidence
thread, not from the one that analyses.
"""

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo

import structlog
from pydantic import Field, ValidationError

from api.contract.evidence.manifest import STREAM, FileName, FileRole, Gap, Manifest
from api.contract.evidence.package import CLIP, DEFAULT_LIMITS, FileOrigin, Signer, seal_package
from api.contract.trust.stamp import StampError
from api.contract.wire.document import Wire
from api.contract.wire.lead import LeadDocument, LeadEvidence
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
from vision.evidence.chain import PackageChain, link_of
from vision.evidence.clips import NO_POST_ROLL, NO_PRE_ROLL, Span, Still
from vision.evidence.lead_document import Site, Witness, confirmed_time, lead_document, manifest_draft
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.package_files import ClipMaker, DetectionLog, Exhibits, write_exhibits
from vision.leads.lead import Lead

log = structlog.get_logger(__name__)

STORE = "cases"
"""Folder of a worker's `CaseStore` in its data folder."""

CASE = "case.json"
EXHIBITS = "exhibits"
FINAL_LEAD = "lead.json"
EARLIER_CLIP = "clip-confirmed.mp4"
DAMAGED = "damaged"
RESTARTED = "worker restarted; post-roll not recorded"

_ROOM_BYTES = 16 << 20
"""Of a package, for what is added when it is sealed: manifest, list, signatures, certificates, tools."""


class CaseRecord(Wire):
    """``case.json``: what is known of a case without its exhibits' content."""

    lead: LeadDocument
    manifest: Manifest
    origins: dict[FileName, FileOrigin] = Field(default_factory=dict, max_length=1000)


class DamagedCaseError(Exception):
    """What a case needs is not on disk, or is not what it must be: trying again does not help."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenCase:
    """
    A confirmed lead whose post-roll is still being received; its provisional evidence is on disk.

    Attributes:
        lead: as it was confirmed.

        document: to be announced; its evidence is not named yet.

        span: of the clip to be; finish once the ring holds a picture at ``span.end_s``, or a deadline has passed.

        stills: pictures decoded so far, for the announcement.
    """

    lead_id: str
    lead: Lead
    site: Site
    witness: Witness
    span: Span
    document: LeadDocument
    stills: tuple[Still, ...] = field(default=(), repr=False)


class CaseStore:
    """
    The cases of one node. Thread-safe; one per folder.

    Args:
        folder: made if it is not there.
        node: signs packages and numbers leads.
        outbox: takes the finished packages.
        zone: the site's: of the calendar day in a lead id, and of the times that people read.
        stills: pictures that a package may hold at most.
        now: wall clock, for ``created_utc``.
    """

    def __init__(
        self,
        folder: Path,
        node: NodeIdentity,
        outbox: Outbox,
        *,
        zone: ZoneInfo | None = None,
        stills: int = 4,
        sm2: Signer | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._cases = folder / "cases"
        self._damaged = folder / DAMAGED
        self._node = node
        self._sm2 = sm2
        self._outbox = outbox
        self._zone = zone or ZoneInfo("Asia/Shanghai")
        self._write_exhibits = functools.partial(write_exhibits, stills=stills, zone=self._zone)
        self._now = now
        self._lock = Lock()
        self._unused: dict[date, list[str]] = {}
        make_folder(folder, 0o700)
        for place in (self._cases, self._damaged):
            make_folder(place)
            remove_partial(place)
        self._chain = PackageChain(folder / "chain", self._cases)
        self._left = sorted(path.name for path in self._cases.iterdir())
        if spoilt := damaged_cases(folder):
            log.error(
                "damaged cases wait for a person", folder=str(self._damaged), leads=[case.name for case in spoilt]
            )

    def open_case(
        self,
        lead: Lead,
        site: Site,
        witness: Witness,
        clips: ClipMaker,
        detections: DetectionLog,
        *,
        pre_roll_s: float = 10.0,
        post_roll_s: float = 10.0,
    ) -> OpenCase:
        """
        Put a lead that was just confirmed on disk, with the pictures since `pre_roll_s` before it was first seen.

        When this returns, a cut loses the post-roll and nothing else. Raises `StorageError`; then nothing is kept, and
        the caller opens the case again.
        """
        confirmed = confirmed_time(lead)
        day = confirmed.utc.astimezone(self._zone).date()
        lead_id = self._next_lead_id(day)
        span = Span(
            epoch=confirmed.epoch,
            start_s=lead.first.pts_s - Fraction(pre_roll_s),
            end_s=confirmed.pts_s + Fraction(post_roll_s),
            about_s=confirmed.pts_s,
        )
        unfinished = self._cases / (lead_id + PARTIAL)
        try:
            remove_folder(unfinished)
            make_folder(unfinished / EXHIBITS)
            exhibits = self._write_exhibits(unfinished / EXHIBITS, lead_id, lead, span, clips, detections, witness)
            document = lead_document(lead_id, lead, site, witness, timezone=self._zone.key)
            manifest = manifest_draft(lead_id, lead, site, witness, exhibits.clip, exhibits.gaps, self._now())
            record = CaseRecord(lead=document, manifest=manifest, origins=dict(exhibits.origins))
            sync_tree(unfinished / EXHIBITS)
            write_durably(unfinished / CASE, record.model_dump_json().encode())
            rename_durably(unfinished, self._cases / lead_id)
        except BaseException:
            for place in (unfinished, self._cases / lead_id):
                shutil.rmtree(place, ignore_errors=True)
            self._unused.setdefault(day, []).append(lead_id)
            raise
        log.info("case opened", lead=lead_id, camera=lead.camera_id, rule=lead.rule_id)
        return OpenCase(lead_id, lead, site, witness, span, document, exhibits.clip.stills if exhibits.clip else ())

    def _next_lead_id(self, day: date) -> str:
        """Return an id that a case of the day could not use, or a new one: numbers do not run ahead of what is kept."""
        try:
            return self._unused.get(day, []).pop()
        except IndexError:
            return self._node.next_lead_id(day)

    def finish_case(self, case: OpenCase, lead: Lead, clips: ClipMaker, detections: DetectionLog) -> LeadDocument:
        """
        Seal the case's package with the whole clip and put it into the outbox; return the lead as it will be posted.

        `lead` is its newest state. Where the ring has nothing any more, the provisional evidence is used and the gap
        stated. Raises `StorageError`; the case stays on disk and can be finished again.
        """
        if lead.peak.time.pts_s > case.span.end_s:
            lead = replace(lead, peak=case.lead.peak)  # the package shows what it measures
        place = self._cases / case.lead_id
        with self._lock:
            if not (place / case.lead_id).exists():
                target = self._begin_package(place, case.lead_id)
                exhibits = self._write_exhibits(target, case.lead_id, lead, case.span, clips, detections, case.witness)
                if exhibits.clip is None:
                    self._seal_provisional(place, case.lead_id, exhibits.gaps[0].reason)
                else:
                    document = lead_document(case.lead_id, lead, case.site, case.witness, timezone=self._zone.key)
                    manifest = manifest_draft(
                        case.lead_id, lead, case.site, case.witness, exhibits.clip, exhibits.gaps, self._now()
                    )
                    origins = dict(exhibits.origins) | self._earlier_clip(place, target, exhibits)
                    self._seal(place, case.lead_id, CaseRecord(lead=document, manifest=manifest, origins=origins))
            return self._deliver(place, case.lead_id)

    def recover(self) -> list[LeadDocument]:
        """
        Finish what an earlier run left, and nothing that this one has opened; return the leads now in the outbox.

        A case that cannot be read is put aside under ``damaged/`` and logged. Whatever else keeps one from being sealed
        or delivered (a full disk, a signer that does not answer) leaves it where it is: raises `StorageError` after all
        have been tried; call it again then, for those that are left.
        """
        done = []
        fault: Exception | None = None
        with self._lock:
            for lead_id in list(self._left):
                try:
                    done += self._recover_case(self._cases / lead_id, lead_id)
                except StorageError as error:
                    log.error("case not recovered yet", lead=lead_id, error=str(error))  # noqa: TRY400 (says it all)
                    fault = error
                except Exception as error:
                    log.exception("case not recovered yet", lead=lead_id)
                    fault = error
                else:
                    self._left.remove(lead_id)
        if fault is not None:
            raise fault if isinstance(fault, StorageError) else StorageError(str(fault)) from fault
        return done

    def _recover_case(self, place: Path, lead_id: str) -> list[LeadDocument]:
        """Seal and deliver a case of an earlier run, or put it aside where it is damaged."""
        try:
            if not (place / lead_id).exists():
                self._seal_provisional(place, lead_id, RESTARTED)
            document = self._deliver(place, lead_id)
        except DamagedCaseError:
            log.exception("case damaged", lead=lead_id, kept=str(self._damaged / lead_id))
            remove_folder(self._damaged / lead_id)
            rename_durably(place, self._damaged / lead_id)
            return []
        log.info("case recovered", lead=lead_id)
        return [document]

    @staticmethod
    def _begin_package(place: Path, lead_id: str) -> Path:
        target = place / (lead_id + PARTIAL)
        remove_folder(target)
        make_folder(target)
        return target

    @staticmethod
    def _earlier_clip(place: Path, target: Path, exhibits: Exhibits) -> dict[str, FileOrigin]:
        """Add the clip of the confirmation where it shows a pre-roll that the ring has lost since."""
        record = CaseRecord.model_validate_json((place / CASE).read_bytes())
        lost = any(gap.reason == NO_PRE_ROLL for gap in exhibits.gaps)
        held = CLIP in record.origins and all(gap.reason != NO_PRE_ROLL for gap in record.manifest.gaps)
        if not (lost and held):
            return {}
        clip = place / EXHIBITS / CLIP
        with storing(str(target)):
            size = sum(path.stat().st_size for path in (clip, *target.iterdir()))
            if size > DEFAULT_LIMITS.max_total_bytes - _ROOM_BYTES:
                log.warning("clip of the confirmation left out: the package would be too large", lead=place.name)
                return {}
            shutil.copyfile(clip, target / EARLIER_CLIP)
        operation = "remuxed into MP4 without re-encoding, at confirmation: shows the pre-roll"
        return {EARLIER_CLIP: FileOrigin(FileRole.ORIGINAL, STREAM, operation)}

    def _seal_provisional(self, place: Path, lead_id: str, reason: str) -> None:
        """Seal a case with the exhibits of its confirmation; `reason` says why the post-roll is missing."""
        with _reading(lead_id):
            record = CaseRecord.model_validate_json((place / CASE).read_bytes())
        if missing := [name for name in record.origins if not (place / EXHIBITS / name).is_file()]:
            raise DamagedCaseError(f"case {lead_id} lacks {missing}")
        log.warning("evidence of confirmation is used", lead=lead_id, reason=reason)
        target = self._begin_package(place, lead_id)
        with storing(str(target)):
            for name in record.origins:
                shutil.copyfile(place / EXHIBITS / name, target / name)
        gaps = [gap for gap in record.manifest.gaps if gap.reason != NO_POST_ROLL]
        cut_off = next((gap for gap in record.manifest.gaps if gap.reason == NO_POST_ROLL), Gap(reason=""))
        gaps.append(cut_off.model_copy(update={"reason": reason}))
        manifest = record.manifest.model_copy(update={"gaps": gaps, "created_utc": self._now()})
        self._seal(place, lead_id, record.model_copy(update={"manifest": manifest}))

    def _seal(self, place: Path, lead_id: str, record: CaseRecord) -> None:
        """Turn the half-made package of a case into the sealed one; the rename at the end decides."""
        partial = place / (lead_id + PARTIAL)
        previous, gaps = self._chain.previous(record.lead.camera.id)
        manifest = record.manifest.model_copy(
            update={"prev_package_sha256": previous, "gaps": [*record.manifest.gaps, *gaps]}
        )
        with storing(str(partial)):
            sealed = seal_package(partial, manifest, record.origins, self._node, self._sm2)
        evidence = LeadEvidence(package=f"/v1/evidence/{lead_id}", sums_sha256=sealed.sums_sha256)
        document = record.lead.model_copy(update={"evidence": evidence})
        sync_tree(partial)
        write_durably(place / FINAL_LEAD, document.model_dump_json().encode())
        rename_durably(partial, place / lead_id)

    def _deliver(self, place: Path, lead_id: str) -> LeadDocument:
        """Advance the camera's chain, hand the sealed package to the outbox, forget the case."""
        with _reading(lead_id):
            document = LeadDocument.model_validate_json((place / FINAL_LEAD).read_bytes())
            link = link_of(place)
        self._chain.advance(link, lead_id)
        self._outbox.put(place / lead_id, document)
        remove_folder(place)
        log.info("case finished", lead=lead_id, sums_sha256=link.sums_sha256)
        return document


def damaged_cases(folder: Path) -> list[Path]:
    """Return the cases of the store in `folder` that were put aside, for a person to look at."""
    return sorted(path for path in (folder / DAMAGED).glob("*") if path.suffix != PARTIAL)


@contextlib.contextmanager
def _reading(lead_id: str) -> Iterator[None]:
    """Raise `DamagedCaseError` for what is missing or wrong; a machine short of memory or files is neither."""
    try:
        yield
    except (ValidationError, StampError, FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise DamagedCaseError(f"case {lead_id} cannot be read: {error}") from error
