"""
Spreadsheets: XLSX read and written; the only import of openpyxl, which loads numpy: only when a workbook comes.

A workbook is a ZIP of XML, so it is bounded before it is opened: members, their size unpacked, and no entities.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence

MOST_MEMBERS = 500
MOST_UNPACKED = 64 * 1024 * 1024
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAGIC = b"PK\x03\x04"
_ENTITIES = tuple("<!ENTITY".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_NO_XML = str.maketrans({"\ufffe": "\ufffd", "\uffff": "\ufffd"})
"""Characters that no field forbids and XML does."""


_UNREADABLE = (zipfile.BadZipFile, LookupError, ValueError, TypeError, SyntaxError)
"""What openpyxl raises beside its own fault for parts that are missing or are not what they should be."""


class SpreadsheetError(ValueError):
    """It is no workbook, or one that is too large or too strange to be opened."""


def read_xlsx(data: bytes, most_columns: int) -> Iterator[Sequence[object]]:
    """Yield the rows of the first sheet, values instead of formulas; raise `SpreadsheetError`."""
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    _check(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a writer says of them may be wrong, and rows beyond would be passed over
        yield from sheet.iter_rows(max_col=most_columns, values_only=True)
    except (InvalidFileException, *_UNREADABLE) as fault:
        raise SpreadsheetError(f"the workbook cannot be read: {type(fault).__name__}") from fault


def write_xlsx(sheets: Sequence[tuple[str, Sequence[Sequence[str | float]]]]) -> bytes:
    """Return a workbook of sheets, each a title and its rows."""
    from openpyxl import Workbook  # noqa: PLC0415

    book = Workbook(write_only=True)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([cell.translate(_NO_XML) if isinstance(cell, str) else cell for cell in row])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _check(data: bytes) -> None:
    """Raise `SpreadsheetError` for what would unpack to more than is read, or to what no spreadsheet holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED:
                limits = f"{MOST_MEMBERS} parts and {MOST_UNPACKED >> 20} MiB unpacked"
                raise SpreadsheetError(
                    f"the workbook has {len(members)} parts and {unpacked} bytes, more than {limits}"
                )
            for member in members:
                content = archive.read(member)
                if any(entity in content for entity in _ENTITIES):
                    raise SpreadsheetError(f"the workbook's part {member.filename[:64]!r} declares entities")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as fault:
        raise SpreadsheetError(f"it is no workbook: {type(fault).__name__}") from fault
