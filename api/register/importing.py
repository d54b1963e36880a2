"""Import: a table held against the register, each wrong row named; all of it is entered, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from pydantic import BaseModel, Field, JsonValue, ValidationError
from sqlalchemy.orm import Session

from api.contract.register.entry import Entry, RegisterKind
from api.contract.register.kinds import KINDS
from api.contract.register.places import Premises
from api.register.cells import value_of
from api.register.columns import KEYS, Column, columns_of, read_heads, row_of
from api.register.sight import seen_among
from api.register.table import Row, Table, read_table
from api.store.cameras import list_cameras
from api.store.database import Database
from api.store.register.changes import Outcome, outcomes_of, put_entries
from api.store.register.entries import all_entries
from api.store.register.standing import registry_version

MOST_FAULTS = 500
"""Mistakes that a report names; it counts them all."""
_SHOWN = 80


class RowFault(BaseModel):
    """What is wrong with a row."""

    row: int = Field(description="as a spreadsheet counts: the head is row 1")
    column: str = Field(description="head of the column, as it stands in the file; empty: the row as a whole")
    found: str = Field(description="what stands there")
    wrong: str = Field(description="what is wrong with it")
    right: str = Field(description="what would be right")


class ImportReport(BaseModel):
    """What an import did, or would do."""

    kind: RegisterKind
    dry_run: bool
    written: bool = Field(description="false: nothing was written, as it was a dry run or a row was wrong")
    rows: int
    new: int = Field(description="entries that were not there")
    changed: int
    unchanged: int
    wrong: int = Field(description="rows that cannot be entered as they are")
    faults: list[RowFault] = Field(description="what is wrong, by row; the first of many")
    unseen: int | None = Field(description="of premises: how many of the file's are in view of no camera; else null")
    registry_version: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """The entries that a table's good rows are, and what is wrong with the others."""

    documents: Sequence[Entry]
    faults: Sequence[RowFault]
    wrong: int


def import_table(
    database: Database,
    kind: RegisterKind,
    data: bytes,
    *,
    who: str,
    reason: str,
    at: datetime,
    dry_run: bool = False,
    partial: bool = False,
) -> ImportReport:
    """
    Enter what a table holds; return what came of each row.

    A column that is not in the file leaves what is registered, an empty cell takes it away. Entries that the file does
    not name stay. Nothing is written where a row is wrong, unless `partial`: then the others are.

    Raises:
        TableError: the file cannot be read.

        HeadError: a column is none of this kind's, or the key's is missing.
    """
    table = read_table(data)
    columns = read_heads(kind, table.heads)
    with database.reading() as session:
        known = registry_version(session)
        draft = _draft(session, kind, table, columns)
        if dry_run or (draft.wrong and not partial):
            outcomes = outcomes_of(session, draft.documents)
            return _report(session, kind, table, draft, outcomes, dry_run=dry_run)
    with database.writing() as session:
        if registry_version(session) != known:
            draft = _draft(session, kind, table, columns)
            if draft.wrong and not partial:
                return _report(session, kind, table, draft, outcomes_of(session, draft.documents))
        outcomes = put_entries(session, draft.documents, who=who, reason=reason, at=at)
        return _report(session, kind, table, draft, outcomes, written=True)


def _report(
    session: Session,
    kind: RegisterKind,
    table: Table,
    draft: _Draft,
    outcomes: Sequence[Outcome],
    *,
    dry_run: bool = False,
    written: bool = False,
) -> ImportReport:
    return ImportReport(
        kind=kind,
        dry_run=dry_run,
        written=written,
        rows=len(table.rows),
        new=outcomes.count(Outcome.NEW),
        changed=outcomes.count(Outcome.CHANGED),
        unchanged=outcomes.count(Outcome.UNCHANGED),
        wrong=draft.wrong,
        faults=list(draft.faults[:MOST_FAULTS]),
        unseen=_unseen(session, draft.documents) if kind is RegisterKind.PREMISES else None,
        registry_version=registry_version(session),
    )


def _unseen(session: Session, documents: Sequence[Entry]) -> int:
    """Return how many of the file's premises no camera sees, once they are entered."""
    drafted = {each.id: each for each in documents if isinstance(each, Premises)}
    known = {stored.document.id: stored.document for stored in all_entries(session, Premises)} | drafted
    return len(drafted.keys() - seen_among(list_cameras(session), list(known.values())))


def _draft(session: Session, kind: RegisterKind, table: Table, columns: Sequence[Column | None]) -> _Draft:
    heads = {
        column.name: head.strip() for column, head in zip(columns, table.heads, strict=False) if column is not None
    }
    named = {column.name for column in columns if column is not None}
    known: Mapping[str, Mapping[str, JsonValue]] = {}
    if any(column.name not in named for column in columns_of(kind)):
        known = {stored.document.key: row_of(stored.document) for stored in all_entries(session, KINDS[kind])}
    documents: list[Entry] = []
    faults: list[RowFault] = []
    first: dict[str, int] = {}
    wrong = 0
    for row in table.rows:
        found = _read_row(kind, row, columns, known)
        if isinstance(found, Entry) and found.key in first:
            right = f"one row for each {kind}"
            told = RowFault(
                row=row.number,
                column=heads[KEYS[kind]],
                found=found.key[:_SHOWN],
                wrong=f"is in row {first[found.key]} already",
                right=right,
            )
            found = [told]
        if isinstance(found, Entry):
            first[found.key] = row.number
            documents.append(found)
            continue
        wrong += 1
        faults += [fault.model_copy(update={"column": heads.get(fault.column, fault.column)}) for fault in found]
    return _Draft(documents, faults, wrong)


def _read_row(
    kind: RegisterKind, row: Row, columns: Sequence[Column | None], known: Mapping[str, Mapping[str, JsonValue]]
) -> Entry | list[RowFault]:
    """Return the entry that a row is, or what is wrong with it."""
    texts: dict[str, str] = {}
    values: dict[str, JsonValue] = {}
    for column, cell in zip_longest(columns, row.cells[: len(columns)], fillvalue=""):
        if isinstance(column, Column):
            texts[column.name] = cell
            values[column.name] = value_of(cell, column.shape)
    if any(cell.strip() for cell in row.cells[len(columns) :]):
        fault = RowFault(
            row=row.number, column="", found="", wrong="has more cells than there are heads", right="a head for each"
        )
        return [fault]
    before = known.get(str(values.get(KEYS[kind])), {})
    given = {name: value for name, value in values.items() if value is not None}
    kept = {name: value for name, value in before.items() if name not in values}
    try:
        return KINDS[kind].model_validate(kept | given)
    except ValidationError as fault:
        shapes = {column.name: column for column in columns_of(kind)}
        return [_fault(row.number, error, texts, shapes) for error in fault.errors(include_url=False)]


def _fault(row: int, error: Mapping[str, object], texts: Mapping[str, str], columns: Mapping[str, Column]) -> RowFault:
    place = error["loc"]
    path = [str(part) for part in place] if isinstance(place, tuple) else []
    column = columns.get(path[0]) if path else None
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing" and len(path) == 1:
        message = "is missing"
    inner = ".".join(str(int(part) + 1) if part.isdigit() else part for part in path[1:])
    return RowFault(
        row=row,
        column=column.name if column else ".".join(path),
        found=texts.get(column.name, "")[:_SHOWN] if column else "",
        wrong=f"{inner}: {message}"[:300] if inner else message[:300],
        right=column.shape.right if column else "",
    )
