"""
Case: everything that the report of one lead prints, read from store and vault at one moment.

The package is verified again for each report, so that the report states only what the vault proves.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import OVERLAY, READINGS, SUMS
from api.contract.evidence.report import VerificationReport
from api.contract.trust.stamp import StampError, parse_sha256_list
from api.contract.wire.handling import ReviewAnswers
from api.contract.wire.lead import LeadDocument
from api.evidence.admissibility import Judgement, judge
from api.evidence.intake import verify_filed
from api.evidence.proofs import proven_folder
from api.report.pictures import Picture, UnreadablePicture, printable
from api.report.readings import ReadingLine, parse_readings
from api.state import ApiState
from api.store.evidence.camera_files import camera_file
from api.store.evidence.corrections import Correction, corrections_of
from api.store.evidence.custody import CustodyEntry, custody_of
from api.store.lead_rows import get_lead
from api.store.transitions import transitions_of

STILLS = 2
"""Pictures on paper: the overlay and the first still; the rest is in the package."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One file of the package; ``role`` is empty for what is no evidence itself, such as the list."""

    name: str
    size: int
    sha256: str
    role: str = ""
    source: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True)
class CaseMove:
    """One transition of the lead; ``review`` holds the four answers where it was a reviewer who gave them."""

    at: datetime
    frm: str
    to: str
    user: str
    reason: str
    review: ReviewAnswers | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """
    A lead with its evidence at the time of reading.

    Attributes:
        report: of the verification made for this reading.

        judgement: what the record may be used for, and the obstacles to more; ``None`` where the manifest cannot
            be read.

        received: when the package was filed; ``None`` where custody has no record of it.

        custody: all entries, oldest first.
    """

    lead: LeadDocument
    manifest: Manifest | None
    report: VerificationReport
    judgement: Judgement | None
    received: datetime | None
    files: tuple[CaseFile, ...]
    pictures: tuple[Picture, ...]
    unreadable: tuple[str, ...]
    readings: tuple[ReadingLine, ...]
    moves: tuple[CaseMove, ...]
    corrections: tuple[Correction, ...] = ()
    custody: tuple[CustodyEntry, ...] = field(default=(), repr=False)


_DECODED = re.compile(r"decoded at (\d+\.\d+) s")
"""How the operation of a still begins (`vision.evidence.package_files`)."""
_RECORD = TypeAdapter(dict[str, JsonValue])


def read_case(state: ApiState, lead_id: str) -> Case:
    """
    Return the case of a filed lead.

    Raises `api.store.faults.UnknownRecord`, `api.evidence.vault.VaultError`, or
    `api.contract.trust.stamp.ContractError` for a package that cannot be read at all.
    """
    with state.database.reading() as session:
        lead = get_lead(session, lead_id)
        moves = tuple(_move(record) for record in transitions_of(session, lead_id))
        corrections = tuple(corrections_of(session, lead_id))
        custody = tuple(custody_of(session, lead_id))
        file = camera_file(session, lead.camera.id).file
    sums = "" if lead.evidence is None else lead.evidence.sums_sha256
    with proven_folder(state, sums, lead_id) as folder:
        report = verify_filed(state, folder, lead_id)
        files = _files(folder, report.manifest)
        pictures, unreadable = _pictures(folder, files)
        readings = _readings(folder)
    answered = [move.review for move in moves if move.review is not None]
    judgement = None
    if report.manifest is not None:
        review = answered[-1] if answered else None
        judgement = judge(lead, file, report.manifest, review, is_stamped=report.tsa == "ok")
    return Case(
        lead=lead,
        manifest=report.manifest,
        report=report,
        judgement=judgement,
        received=next((entry.at for entry in custody if entry.action == "filed"), None),
        files=files,
        pictures=pictures,
        unreadable=unreadable,
        readings=readings,
        moves=moves,
        corrections=corrections,
        custody=custody,
    )


def _files(folder: Path, manifest: Manifest | None) -> tuple[CaseFile, ...]:
    entries = {} if manifest is None else {entry.name: entry for entry in manifest.files}
    try:
        listed = parse_sha256_list((folder / SUMS).read_bytes())
    except (OSError, StampError):
        listed = {}
    files = []
    for path in sorted(folder.iterdir()):
        entry = entries.get(path.name)
        size, sha256 = path.stat().st_size, listed.get(path.name, "")
        if entry is None:
            files.append(CaseFile(path.name, size, sha256))
        else:
            files.append(CaseFile(path.name, size, sha256, entry.role.value, entry.source or "", entry.operation or ""))
    return tuple(files)


def _pictures(folder: Path, files: tuple[CaseFile, ...]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Return the pictures to print and the names of those that cannot be read."""
    stills = [file for file in files if file.role and file.name.endswith((".jpg", ".png")) and file.name != OVERLAY]
    chosen = [file for file in files if file.name == OVERLAY] + stills
    pictures: list[Picture] = []
    unreadable: list[str] = []
    for file in chosen:
        if len(pictures) == STILLS:
            break
        what = "叠加图" if file.name == OVERLAY else "画面"
        decoded = _DECODED.match(file.operation)
        when = f"，片段第 {float(decoded[1]):.1f} 秒" if decoded else ""
        caption = f"{what} {file.name}（派生自 {file.source or '—'}{when}；印刷缩小件）"
        try:
            pictures.append(printable((folder / file.name).read_bytes(), caption))
        except UnreadablePicture:
            unreadable.append(file.name)
    return tuple(pictures), tuple(unreadable)


def _readings(folder: Path) -> tuple[ReadingLine, ...]:
    file = folder / READINGS
    return parse_readings(file.read_text(encoding="utf-8", errors="replace")) if file.is_file() else ()


def _move(record: str) -> CaseMove:
    values = _RECORD.validate_json(record)
    review = values.get("review")
    return CaseMove(
        at=datetime.fromisoformat(str(values["at"])),
        frm=str(values["from"]),
        to=str(values["to"]),
        user=str(values["user"]),
        reason=str(values["reason"]),
        review=None if review is None else ReviewAnswers.model_validate(review),
    )
