"""Tables: a file of rows under heads, CSV or XLSX, read within bounds and written."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.contract.register.entry import Entry, RegisterKind
from api.register.cells import cell_of, texts_of
from api.register.columns import columns_of, row_of
from api.register.spreadsheet import MAGIC, MEDIA_TYPE, SpreadsheetError, read_xlsx, write_xlsx

MOST_BYTES = 16 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 64
MOST_LINES = 1_048_576
"""Rows that a spreadsheet can have, blank ones too."""
MOST_CELL = 32_767
"""Characters that a spreadsheet's cell can have."""
OLE_MAGIC = b"\xd0\xcf\x11\xe0"


class TableError(ValueError):
    """The file is no table that can be read; the message says why and what would be right."""


class TableFormat(StrEnum):
    """Kinds of file."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return "text/csv; charset=utf-8" if self is TableFormat.CSV else MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank: its number as a spreadsheet counts, the head being row 1, and its cells."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's head and the rows under it."""

    heads: Sequence[str]
    rows: Sequence[Row]


def read_table(data: bytes) -> Table:
    """Return the table in a file's bytes: XLSX, or CSV in UTF-8 or GB 18030; raise `TableError`."""
    if len(data) > MOST_BYTES:
        raise TableError(f"the file has {len(data)} bytes; {MOST_BYTES} may be read, so split it")
    if data.startswith(OLE_MAGIC):
        raise TableError("the file is an old or a locked Excel workbook: save it as XLSX without a password, or as CSV")
    try:
        rows = list(_rows(_xlsx_lines(data) if data.startswith(MAGIC) else _csv_lines(data)))
    except (SpreadsheetError, csv.Error) as fault:
        raise TableError(str(fault)) from fault
    if not rows or rows[0].number != 1:
        raise TableError("the first row must hold the heads of the columns")
    return Table(rows[0].cells, rows[1:])


def _rows(lines: Iterable[Sequence[str]]) -> Iterator[Row]:
    """Yield the rows that are not blank; raise `TableError` where there is more than is read."""
    for number, cells in enumerate(lines, start=1):
        if number > MOST_LINES:
            raise TableError(f"the table goes on beyond {MOST_LINES} rows")
        if not any(map(str.strip, cells)):
            continue
        if number > MOST_ROWS + 1:
            raise TableError(f"row {number} is beyond the {MOST_ROWS} that are read; split the table")
        if any(map(str.strip, cells[MOST_COLUMNS:])):
            raise TableError(f"row {number} has more than {MOST_COLUMNS} columns")
        if any(len(cell) > MOST_CELL for cell in cells):
            raise TableError(f"row {number} has a cell of more than {MOST_CELL} characters")
        yield Row(number, cells[:MOST_COLUMNS])


def write_table(kind: RegisterKind, entries: Iterable[Entry], form: TableFormat, *, zh: bool = False) -> bytes:
    """Return entries of a kind as a file that `read_table` reads back; with `zh` heads and words are Chinese."""
    columns = columns_of(kind)
    rows: list[Sequence[str | float]] = [[column.head_zh if zh else column.name for column in columns]]
    for entry in entries:
        values = row_of(entry)
        rows.append([cell_of(values[column.name], column.shape, zh=zh) for column in columns])
    if form is TableFormat.XLSX:
        return write_xlsx([(kind.value, rows), _explained(kind)])
    return _as_csv(rows)


def _explained(kind: RegisterKind) -> tuple[str, list[Sequence[str | float]]]:
    """Return a sheet that says what each column holds; only the first sheet is read."""
    told: list[Sequence[str | float]] = [("column", "表头", "holds", "meaning")]
    told += [(column.name, column.head_zh, column.shape.right, column.meaning) for column in columns_of(kind)]
    return "columns", told


def _as_csv(rows: Iterable[Sequence[str | float]]) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target).writerows(rows)
    return target.getvalue().encode("utf-8-sig")  # Excel takes a CSV without the mark for the machine's own encoding


def _csv_lines(data: bytes) -> Iterator[Sequence[str]]:
    return csv.reader(io.StringIO(_decoded(data), newline=""))


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError("the file is neither XLSX nor text in UTF-8 or GB 18030")


def _xlsx_lines(data: bytes) -> Iterator[Sequence[str]]:
    for cells in read_xlsx(data, MOST_COLUMNS + 1):
        yield () if cells.count(None) == len(cells) else texts_of(cells)
