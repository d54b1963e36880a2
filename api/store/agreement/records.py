"""Records that are one row and one leaf each: legal holds, covered copies, attachments, cameras' files."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Generic

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.agreement.ledger import PIECE, Leaf, Row, Walk, differing
from api.store.evidence.tables import AttachmentRow, CameraFileRow, HoldRow, RedactionRow


class Records(Generic[Row]):
    """
    Compares a table whose rows name their leaves with the leaves of its kind.

    Args:
        noun: what a row is, for the sentences.

        rows: in the order of their leaves.

        place: which leaf a row names.

        record: the part of a leaf that a row repeats; only the leaf's bytes prove the rest.

        is_whole: whether a row's other columns agree with its record.
    """

    def __init__(
        self,
        noun: str,
        rows: Iterator[Row],
        place: Callable[[Row], int],
        record: Callable[[Row], Mapping[str, JsonValue]],
        is_whole: Callable[[Row], bool] = lambda _: True,
    ) -> None:
        self._noun = noun
        self._rows = Walk(rows, place)
        self._place = place
        self._record = record
        self._is_whole = is_whole

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield the differences between the table and a leaf."""
        yield from (self._planted(row) for row in self._rows.before(leaf.index))
        what = self._name(leaf.record)
        row = self._rows.at(leaf.index)
        if row is None:
            yield f"{what} (the log's leaf {leaf.index}) is gone"
            return
        record = self._record(row)
        logged = {name: leaf.record.get(name) for name in record}
        if record != logged:
            yield f"{what} is not the log's leaf {leaf.index}: changed is {differing(logged, record)}"
        if not self._is_whole(row):
            yield f"{what} is not what it was made as: its bytes have another hash"

    def close(self) -> Iterator[str]:
        """Yield the rows without a leaf."""
        yield from (self._planted(row) for row in self._rows.rest())

    def _planted(self, row: Row) -> str:
        return f"{self._name(self._record(row))} is not the log's leaf {self._place(row)}"

    def _name(self, record: Mapping[str, JsonValue]) -> str:
        return f"the {self._noun} of {_about(record)} at {record['at']}"


def holds(session: Session) -> Records[HoldRow]:
    """Return the settings and releases of legal holds."""
    rows = select(HoldRow).order_by(HoldRow.log_index, HoldRow.seq).execution_options(yield_per=PIECE)
    return Records(
        "legal hold",
        iter(session.scalars(rows)),
        lambda row: row.log_index,
        lambda row: {
            "lead_id": row.lead_id,
            "held": row.is_set,
            "reason": row.reason,
            "by": row.by,
            "at": rfc3339(row.at),
        },
    )


def redactions(session: Session) -> Records[RedactionRow]:
    """Return the covered copies; each is hashed, one in memory at a time."""
    rows = select(RedactionRow).order_by(RedactionRow.log_index, RedactionRow.sha256)
    return Records(
        "covered copy",
        iter(session.scalars(rows.execution_options(yield_per=PIECE))),
        lambda row: row.log_index,
        _redaction,
        lambda row: _sha256_of_copy(session, row) == row.sha256,
    )


def camera_files(session: Session) -> Records[CameraFileRow]:
    """Return the versions of cameras' files under article 41."""
    rows = select(CameraFileRow).order_by(CameraFileRow.log_index, CameraFileRow.version)
    return Records(
        "article 41 file",
        iter(session.scalars(rows.execution_options(yield_per=PIECE))),
        lambda row: row.log_index,
        lambda row: {
            "camera_id": row.camera_id,
            "version": row.version,
            "article41": _json(row.document),
            "by": row.by,
            "at": rfc3339(row.at),
        },
    )


def attachments(session: Session) -> Records[AttachmentRow]:
    """Return the stored attachments; the scrub reads their bytes in the vault."""
    rows = select(AttachmentRow).order_by(AttachmentRow.log_index, AttachmentRow.sha256)
    return Records(
        "attachment",
        iter(session.scalars(rows.execution_options(yield_per=PIECE))),
        lambda row: row.log_index,
        _attachment,
    )


def _attachment(row: AttachmentRow) -> Mapping[str, JsonValue]:
    return {
        "lead_id": row.lead_id,
        "sha256": row.sha256,
        "name": row.name,
        "attached_as": row.kind,
        "media_type": row.media_type,
        "size": row.size,
        "by": row.by,
        "at": rfc3339(row.at),
        "camera_id": row.camera_id or None,
        "taken": None if row.taken is None else rfc3339(row.taken),
    }


def _about(record: Mapping[str, JsonValue]) -> str:
    if "check_code" in record:
        return f"check {record['check_code']}"
    if "catalogue" in record:
        return f"row {record['code']} of the catalogue"
    if "draw" in record:
        return f"draw {record['draw']}"
    if "register" in record:
        return f"{record['register']} {record['key']}"
    return f"lead {record['lead_id']}" if "lead_id" in record else f"camera {record['camera_id']}"


def _redaction(row: RedactionRow) -> Mapping[str, JsonValue]:
    record: dict[str, JsonValue] = {
        "lead_id": row.lead_id,
        "file": row.file,
        "source_sha256": row.source_sha256,
        "sha256": row.sha256,
        "reason": row.reason,
        "by": row.by,
        "at": rfc3339(row.at),
    }
    if row.media_type != "video/mp4":
        return record | {"boxes": _json(row.boxes)}
    return record | {
        "regions": _json(row.regions),
        "masks": _json(row.masks),
        "made_by": row.made_by,
    }


def _json(text: str) -> JsonValue:
    """Return a column's JSON, or its text where it is none: then it is not what was logged."""
    try:
        found: JsonValue = json.loads(text)
    except ValueError:
        return text
    return found


def _sha256_of_copy(session: Session, row: RedactionRow) -> str:
    copy = select(RedactionRow.copy).where(RedactionRow.lead_id == row.lead_id, RedactionRow.sha256 == row.sha256)
    return hashlib.sha256(session.execute(copy).scalar_one()).hexdigest()
