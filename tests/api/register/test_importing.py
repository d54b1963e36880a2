"""Import and export: each wrong row is named, nothing or all is entered, and what goes out comes back the same."""

import csv
import io
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as drawn_with
from hypothesis import strategies as st
from openpyxl import Workbook

from api.contract.register.entry import Entry, RegisterKind
from api.contract.register.kinds import KINDS
from api.contract.register.places import Premises
from api.contract.register.staff import Unit
from api.contract.wire.camera import CameraDocument
from api.contract.wire.zone import ZoneDocument
from api.people.accounts import open_database
from api.register.columns import HeadError
from api.register.importing import ImportReport, import_table
from api.register.spreadsheet import MOST_MEMBERS
from api.register.table import MOST_ROWS, TableError, TableFormat, read_table, write_table
from api.settings import Settings
from api.store.agreement.log import Disagreements, disagreements
from api.store.cameras import put_camera
from api.store.database import Database
from api.store.register.entries import all_entries, history_of
from tests.api.store.register.conftest import database
from tests.api.store.register.samples import CODES, DOCUMENTS, OTHER, USCC
from tests.api.store.test_database import settings

__all__ = ["database", "settings"]

NOW = datetime(2026, 11, 20, tzinfo=UTC)
BY = {"who": "operator:li", "reason": "年度核对", "at": NOW}
FREE = {
    "name", "industry", "address", "source", "reason", "version", "role", "phone", "number", "monitor", "factors",
    "outlets", "factor", "alert_measures", "items", "sector", "class", "measure", "order", "authority",
}  # fmt: skip
"""Fields of any text."""
TEXTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"), max_size=12
).map(str.strip).filter(bool)  # fmt: skip


def table(*rows: str) -> bytes:
    """A CSV of rows."""
    return "\n".join(rows).encode()


def entered(database: Database, kind: RegisterKind) -> list[Entry]:
    """All entries of a kind."""
    with database.reading() as session:
        return [stored.document for stored in all_entries(session, KINDS[kind])]


def counts(report: ImportReport) -> tuple[bool, int, int, int, int]:
    """Whether it was written, and how many were new, changed, unchanged and wrong."""
    return report.written, report.new, report.changed, report.unchanged, report.wrong


def test_an_empty_table_enters_nothing(database: Database) -> None:
    """A head alone is a table; an empty file is none."""
    assert counts(import_table(database, RegisterKind.UNIT, b"code,name", **BY)) == (True, 0, 0, 0, 0)
    for empty in (b"", b"\n\n", b",,\n"):
        with pytest.raises(TableError, match="heads of the columns"):
            import_table(database, RegisterKind.UNIT, empty, **BY)


def test_a_column_that_is_not_there_leaves_what_is_registered(database: Database) -> None:
    """And an empty cell takes it away."""
    first = table("uscc,name,address,risk", f"{USCC},热力,某街,2026-01-01 | | red | 分级", f"{OTHER},电力,某街,")
    assert counts(import_table(database, RegisterKind.ENTERPRISE, first, **BY)) == (True, 2, 0, 0, 0)
    second = table("统一社会信用代码,地址,正面清单", f"{USCC},,2026-02-01||v2", f"{OTHER},某街,")
    assert counts(import_table(database, RegisterKind.ENTERPRISE, second, **BY)) == (True, 0, 1, 1, 0)
    [heat] = [each for each in entered(database, RegisterKind.ENTERPRISE) if each.key == USCC]
    told = heat.model_dump(mode="json")
    assert (told["name"], told["address"], len(told["risk"]), told["positive_list"][0]["version"]) == (
        "热力",
        "",
        1,
        "v2",
    )
    with database.reading() as session:
        assert len(history_of(session, KINDS[RegisterKind.ENTERPRISE], OTHER)) == 1


def test_each_wrong_row_is_named_and_nothing_is_written(database: Database) -> None:
    """Row, column, what is wrong, what would be right; unless the rest is wanted all the same."""
    rows = table(
        "uscc,名称,经度,纬度,风险等级",
        f"{USCC},热力,116.65,39.91,2026-01-01 | | 红",
        "91110000802100433A,热力,,,",
        f"{OTHER},电力,x,39.91,",
        "",
        f"{USCC},又一个热力,,,",
        f"{CODES[2]},,,,2026-13-01 | | blue",
        f"{CODES[3]},面馆,116.6,,",
    )
    report = import_table(database, RegisterKind.ENTERPRISE, rows, **BY)
    assert counts(report) == (False, 1, 0, 0, 5)
    told = [(fault.row, fault.column, fault.found) for fault in report.faults]
    assert told == [
        (3, "uscc", "91110000802100433A"),
        (4, "经度", "x"),
        (6, "uscc", USCC),
        (7, "名称", ""),
        (7, "风险等级", "2026-13-01 | | blue"),
        (7, "风险等级", "2026-13-01 | | blue"),
        (8, "", ""),
    ]
    by_row = {(fault.row, fault.column): fault for fault in report.faults}
    assert "should be 'B'" in by_row[3, "uscc"].wrong
    assert by_row[4, "经度"].right == "a number such as 116.65"
    assert by_row[6, "uscc"].wrong == "is in row 2 already"
    assert by_row[7, "名称"].wrong == "is missing"
    assert by_row[7, "风险等级"].wrong.startswith("1.colour: ")
    assert by_row[8, ""].wrong == "lon and lat must both be given or both be left out"
    assert entered(database, RegisterKind.ENTERPRISE) == []
    partly = import_table(database, RegisterKind.ENTERPRISE, rows, partial=True, **BY)
    assert counts(partly) == (True, 1, 0, 0, 5)
    assert [each.key for each in entered(database, RegisterKind.ENTERPRISE)] == [USCC]


def test_a_dry_run_writes_nothing(database: Database) -> None:
    """And says what would come of it."""
    rows = table("code,name", "TZ-01,通州大队", "TZ-02,张家湾中队")
    dry = import_table(database, RegisterKind.UNIT, rows, dry_run=True, **BY)
    assert counts(dry) == (False, 2, 0, 0, 0)
    assert (dry.registry_version, entered(database, RegisterKind.UNIT)) == ("", [])
    assert counts(import_table(database, RegisterKind.UNIT, rows, **BY)) == (True, 2, 0, 0, 0)
    assert counts(import_table(database, RegisterKind.UNIT, rows, dry_run=True, **BY)) == (False, 0, 0, 2, 0)


@pytest.mark.parametrize("form", TableFormat)
@pytest.mark.parametrize("zh", [False, True])
@pytest.mark.parametrize("kind", RegisterKind)
def test_what_goes_out_comes_back(database: Database, kind: RegisterKind, form: TableFormat, zh: bool) -> None:
    """Of every kind, in both formats and both languages: nothing changes, and an empty register gets the same."""
    document = KINDS[kind].model_validate(DOCUMENTS[kind])
    written = write_table(kind, [document], form, zh=zh)
    assert counts(import_table(database, kind, written, **BY)) == (True, 1, 0, 0, 0)
    assert entered(database, kind) == [document]
    assert counts(import_table(database, kind, written, **BY)) == (True, 0, 0, 1, 0)


def shaken(document: Any, draw: Any, name: str = "") -> Any:
    """A document with other texts wherever any text may stand."""
    if isinstance(document, dict):
        return {key: shaken(value, draw, key) for key, value in document.items()}
    if isinstance(document, list):
        return (
            [shaken(item, draw, name) for item in document for _ in range(draw(st.integers(0, 2)))]
            if name in FREE
            else [shaken(item, draw, name) for item in document]
        )
    return draw(TEXTS) if isinstance(document, str) and name in FREE else document


@drawn_with(deadline=None, max_examples=25)
@given(data=st.data(), kind=st.sampled_from(RegisterKind), form=st.sampled_from(TableFormat), zh=st.booleans())
def test_any_text_comes_back(data: st.DataObject, kind: RegisterKind, form: TableFormat, zh: bool) -> None:
    """Separators, quotes, what looks like a formula: an entry of any texts is the same after export and import."""
    document = KINDS[kind].model_validate(shaken(DOCUMENTS[kind], data.draw))
    with lasting_store() as store:
        report = import_table(store, kind, write_table(kind, [document], form, zh=zh), dry_run=False, **BY)
        assert report.faults == []
        assert entered(store, kind) == [document]


@contextmanager
def lasting_store() -> Iterator[Database]:
    """An empty SQLite."""
    with tempfile.TemporaryDirectory() as folder, open_database(Settings(data_dir=Path(folder))) as store:
        yield store


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_both_encodings_are_read(encoding: str) -> None:
    """With the mark of UTF-8 or without, and what Chinese Windows writes."""
    assert read_table("代码,名称\nTZ-01,通州区㐀大队".encode(encoding)).rows[0].cells == ["TZ-01", "通州区㐀大队"]


def workbook(rows: list[list[object]]) -> bytes:
    """A workbook as a clerk would have it."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_clerk_s_workbook_is_read(database: Database) -> None:
    """Dates and numbers as spreadsheets have them, an id that looks like a number, gaps and blank rows."""
    rows: list[list[object]] = [
        ["执法证号", "名称", "生效日期", "失效日期"],
        [11011200001, "赵六", datetime(2024, 1, 1), None],  # noqa: DTZ001 (a spreadsheet knows no zones)
        [],
        ["A2", "钱七", "2024年2月3日", "2025/12/31"],
    ]
    assert counts(import_table(database, RegisterKind.OFFICER, workbook(rows), **BY)) == (True, 2, 0, 0, 0)
    assert [each.model_dump(mode="json")["valid_from"] for each in entered(database, RegisterKind.OFFICER)] == [
        "2024-01-01",
        "2024-02-03",
    ]


def test_what_xml_cannot_hold_does_not_break_a_workbook() -> None:
    """Two characters are none; they are shown as such."""
    unit = Unit(code="TZ-01", name="某\ufffe队\uffff")
    assert read_table(write_table(RegisterKind.UNIT, [unit], TableFormat.XLSX)).rows[0].cells[1] == "某\ufffd队\ufffd"


def test_a_row_far_down_ends_the_reading() -> None:
    """A workbook may say that its next row is the billionth."""
    with zipfile.ZipFile(io.BytesIO(workbook([["code"], ["x"]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(b'r="2"', b'r="1000000000"').replace(b'r="A2"', b'r="A1000000000"'))
    with pytest.raises(TableError, match="goes on beyond"):
        read_table(target.getvalue())


def bomb(size: int = 0, members: int = 1, content: bytes = b"") -> bytes:
    """A ZIP that unpacks to much."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(members):
            archive.writestr(f"xl/{number}.xml", content + b" " * size)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb(size=70_000_000), "more than"),
        (bomb(members=MOST_MEMBERS + 1), "more than"),
        (bomb(content=b'<!DOCTYPE a [<!ENTITY b "cc">]>'), "entities"),
        (bomb(content='<!DOCTYPE a [<!ENTITY b "cc">]>'.encode("utf-16")), "entities"),
        (bomb(), "cannot be read"),
        (workbook([["code"]])[:-30], "no workbook"),
        (b"PK\x03\x04", "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as XLSX"),
        (b"\xff\xfe\x00\xff", "neither XLSX nor text"),
        (b"a" * (17 * 1024 * 1024), "split it"),
        (b"code\n" + b"x\n" * (MOST_ROWS + 1), "split the table"),
        (b"code\n" + b"," * 70 + b"x", "more than 64 columns"),
        (b"code\n" + b"x" * 40_000, "more than 32767 characters"),
        (b'code\n"' + b"x" * 200_000, "field"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_table_is_refused(data: bytes, said: str) -> None:
    """Bombs, torn and locked workbooks, other files, and tables that are too large, before much is read of them."""
    with pytest.raises(TableError, match=said):
        read_table(data)


def test_a_wrong_column_is_refused(database: Database) -> None:
    """Before any row is looked at."""
    with pytest.raises(HeadError, match="did you mean name"):
        import_table(database, RegisterKind.UNIT, b"code,nmae\nTZ-01,x", **BY)


def siting_list(existing: int = 2495, potential: int = 742) -> bytes:
    """The list of all premises, as a file."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(
        ["编号", "名称", "行政区划代码", "地址", "经度", "纬度", "状态", "楼上有住宅", "专用烟道", "最近住宅(米)"]
    )
    for number in range(existing + potential):
        status = "现有" if number < existing else "潜在"
        place = [116.5 + number / 1e4, 39.8 + number / 1e4]
        row = [f"P{number:05}", f"第{number}家餐馆", "110112", f"某镇某街 {number} 号", *place, status]
        writer.writerow([*row, "是" if number % 2 else "否", "", number % 50])
    return target.getvalue().encode("gb18030")


def test_all_premises_are_imported_within_ten_seconds(database: Database) -> None:
    """2,495 existing and 742 potential; all but the two that a camera sees are told to be in view of none."""
    with database.writing() as session:
        square = [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)]
        zones = [ZoneDocument(name=f"P{n:05}", kind="premises", polygon=square) for n in (0, 7)]
        put_camera(session, CameraDocument(id="gate-3", source="rtsp://10.0.0.7/1", zones=zones), NOW)
    listed = siting_list()
    start = time.perf_counter()
    report = import_table(database, RegisterKind.PREMISES, listed, **BY)
    seconds = time.perf_counter() - start
    assert counts(report) == (True, 3237, 0, 0, 0)
    assert report.unseen == 3235
    premises = [each for each in entered(database, RegisterKind.PREMISES) if isinstance(each, Premises)]
    assert [sum(each.status == status for each in premises) for status in ("existing", "potential")] == [2495, 742]
    assert seconds < 10
    sys.stdout.write(f"{database.engine.dialect.name}: {seconds:.1f} s\n")
    with database.snapshot() as session:
        assert disagreements(session) == Disagreements()
