"""
Export: several leads with their packages, records and reports as one tar, written while it is sent.

```
case-20261123-103000/
  index.csv                    one line a lead, for people
  L20261123-000123.json        document, transitions, corrections, custody and attachments of a lead
  L20261123-000123.pdf         its printed report
  L20261123-000123/            its package as it lies in the vault, with the proofs it has: verifies by itself
  L20261123-000123-attachments/   its stored attachments, called by their hashes; their names are in its JSON
  SHA256SUMS                   of every file above: sha256sum -c SHA256SUMS
```

The hash list comes last, because it covers the bytes that were sent: an interrupted export has none. No more than
one piece of a file is in memory at a time, except a lead's records and its report.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import rfc8785
from pydantic import JsonValue, TypeAdapter

from api.contract.evidence.tarball import tar_header
from api.contract.titles import title_of
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import rfc3339
from api.evidence.proofs import proofs_of
from api.report.case import read_case
from api.report.printing import Printing
from api.report.words import ADMISSIBILITY, BEIJING, STATES, beijing, word
from api.state import ApiState
from api.store.evidence.attachments import StoredAttachment, attachments_of
from api.store.evidence.corrections import corrections_of
from api.store.evidence.custody import custody_of
from api.store.transitions import transitions_of

MOST_LEADS = 200
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_RECORD = TypeAdapter(dict[str, JsonValue])
_FORMULA = frozenset("=+-@＝＋－＠")
_CONTROL = frozenset("\t\r\n")
"""Signs with which a formula begins, and which spreadsheets leave out before one (OWASP, CSV injection)."""
_COLUMNS = (
    "线索编号",
    "违法情形",
    "状态",
    "类别",
    "优先级",
    "开始（北京）",
    "地点",
    "摄像机",
    "对象",
    "信用代码",
    "清单哈希",
)


@dataclass(slots=True)
class _Archive:
    """Makes the tar's pieces and remembers each file's hash."""

    folder: str
    mtime: int
    sums: dict[str, str] = field(default_factory=dict)

    def file(self, name: str, size: int, pieces: Iterable[bytes], *, listed: bool = True) -> Iterator[bytes]:
        """Yield one file of the archive."""
        mode = 0o755 if name.endswith(".sh") else 0o644
        yield tar_header(f"{self.folder}/{name}", size, mode, self.mtime, b"0")
        digest, written = hashlib.sha256(), 0
        for piece in pieces:
            digest.update(piece)
            written += len(piece)
            yield piece
        if written != size:
            raise OSError(f"{name} has {written} bytes, not {size}")
        yield b"\x00" * (-size % 512)
        if listed:
            self.sums[name] = digest.hexdigest()

    def text(self, name: str, data: bytes, *, listed: bool = True) -> Iterator[bytes]:
        """Yield one file from bytes in memory."""
        return self.file(name, len(data), (data,), listed=listed)


def case_name(at: datetime) -> str:
    """Return what an export made at a time is called."""
    return f"case-{at.astimezone(BEIJING):%Y%m%d-%H%M%S}"


def case_chunks(
    state: ApiState, leads: Sequence[LeadDocument], at: datetime, prints: Sequence[Printing]
) -> Iterator[bytes]:
    """
    Yield the tar of the given leads; each of them is filed.

    Args:
        state: where they are read from.

        leads: in the order of the index.

        at: when it is made.

        prints: for the report of each lead, in the same order; empty: no reports.
    """
    from api.report.pages import lead_report  # noqa: PLC0415 (only who prints pays for the PDF library)

    archive = _Archive(case_name(at), int(at.timestamp()))
    yield tar_header(f"{archive.folder}/", 0, 0o755, archive.mtime, b"5")
    yield from archive.text("index.csv", _index(leads))
    for number, lead in enumerate(leads):
        yield from archive.text(f"{lead.lead_id}.json", _records(state, lead))
        if prints:
            yield from archive.text(f"{lead.lead_id}.pdf", lead_report(read_case(state, lead.lead_id), prints[number]))
        yield from _package(state, archive, lead)
        yield from _attachments(state, archive, lead)
    yield from archive.text("SHA256SUMS", _list(archive.sums), listed=False)
    yield b"\x00" * 1024


def _package(state: ApiState, archive: _Archive, lead: LeadDocument) -> Iterator[bytes]:
    sums = "" if lead.evidence is None else lead.evidence.sums_sha256
    yield tar_header(f"{archive.folder}/{lead.lead_id}/", 0, 0o755, archive.mtime, b"5")
    for name, data in proofs_of(state, sums).items():
        yield from archive.text(f"{lead.lead_id}/{name}", data)
    for name, size in state.vault.sizes(sums).items():
        yield from archive.file(f"{lead.lead_id}/{name}", size, state.vault.read(sums, name, 0, size))


def _attachments(state: ApiState, archive: _Archive, lead: LeadDocument) -> Iterator[bytes]:
    with state.database.reading() as session:
        found = attachments_of(session, lead.lead_id)
    if found:
        yield tar_header(f"{archive.folder}/{_folder(lead.lead_id)}/", 0, 0o755, archive.mtime, b"5")
    for each in found:
        pieces = state.vault.attachments.read(lead.lead_id, each.sha256, 0, each.size)
        yield from archive.file(_place(each), each.size, pieces)
        if archive.sums[_place(each)] != each.sha256:
            raise OSError(f"attachment {each.sha256} of lead {lead.lead_id} is not the one that was stored")


def _folder(lead_id: str) -> str:
    return f"{lead_id}-attachments"


def _place(one: StoredAttachment) -> str:
    """Return where an attachment is in the archive: plain tar entries are short, people's names are not."""
    suffix = _SUFFIX.search(one.name)
    return f"{_folder(one.lead_id)}/{one.sha256[:32]}{suffix[0].lower() if suffix else ''}"


def _records(state: ApiState, lead: LeadDocument) -> bytes:
    """Return the lead's document, transitions, corrections, custody and attachments as canonical JSON."""
    with state.database.reading() as session:
        transitions: list[JsonValue] = [
            _RECORD.validate_json(record) for record in transitions_of(session, lead.lead_id)
        ]
        custody: list[JsonValue] = [
            {
                "seq": entry.seq,
                "file": entry.file,
                "action": entry.action.value,
                "who": entry.who,
                "address": entry.address,
                "at": rfc3339(entry.at),
                "result": entry.result,
            }
            for entry in custody_of(session, lead.lead_id)
        ]
        corrections: list[JsonValue] = [
            {
                "field": each.field.value,
                "version": each.version,
                "before": each.before,
                "after": each.after,
                "reason": each.reason,
                "user": each.user,
                "at": rfc3339(each.at),
                "log_index": each.log_index,
            }
            for each in corrections_of(session, lead.lead_id)
        ]
        attachments: list[JsonValue] = [
            {
                "sha256": each.sha256,
                "file": _place(each),
                "name": each.name,
                "kind": each.kind.value,
                "media_type": each.media_type,
                "size": each.size,
                "by": each.by,
                "at": rfc3339(each.at),
                "camera_id": each.camera_id,
                "taken": None if each.taken is None else rfc3339(each.taken),
                "log_index": each.log_index,
            }
            for each in attachments_of(session, lead.lead_id)
        ]
    return rfc8785.dumps(
        {
            "lead": lead.model_dump(mode="json"),
            "transitions": transitions,
            "corrections": corrections,
            "custody": custody,
            "attachments": attachments,
        }
    )


def _index(leads: Sequence[LeadDocument]) -> bytes:
    """Return the index as CSV with a byte-order mark, by which spreadsheets recognise UTF-8."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for lead in leads:
        writer.writerow(
            (
                lead.lead_id,
                f"{lead.violation_code} {title_of(lead).zh}",
                word(STATES, lead.state),
                word(ADMISSIBILITY, lead.class_),
                lead.priority.value,
                beijing(lead.event.start),
                _harmless(f"{lead.place.town} {lead.place.division}".strip()),
                _harmless(lead.camera.name or lead.camera.id),
                _harmless("" if lead.target is None else lead.target.name),
                "" if lead.target is None else lead.target.uscc,
                "" if lead.evidence is None else lead.evidence.sums_sha256,
            )
        )
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def _harmless(text: str) -> str:
    """Return a cell that no spreadsheet reads as a formula, with full-width signs too."""
    return f"'{text}" if text.lstrip()[:1] in _FORMULA or text[:1] in _CONTROL else text


def _list(sums: dict[str, str]) -> bytes:
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items())).encode()
