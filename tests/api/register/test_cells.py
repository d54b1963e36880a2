"""Cells: what people write is read, and what is written is read back."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from api.contract.register.entry import RegisterKind
from api.register.cells import Shape, as_text, cell_of, value_of
from api.register.columns import HEADS_ZH, KEYS, HeadError, columns_of, read_heads

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))).map(str.strip).filter(bool)
RECORDS = Shape(
    is_list=True, fields=(("name", Shape()), ("on", Shape("date")), ("days", Shape(words=("mon",), is_list=True)))
)


@pytest.mark.parametrize(
    ("shape", "cell", "value"),
    [
        (Shape(), "", None),
        (Shape(), "  某公司 ", "某公司"),
        (Shape(), "'=1+1", "=1+1"),
        (Shape(), "O'Brien", "O'Brien"),
        (Shape("number"), "-4.5", "-4.5"),
        (Shape("date"), "2026/3/1", "2026-03-01"),
        (Shape("date"), "2026年3月1日", "2026-03-01"),
        (Shape("date"), "2026-03-01T00:00:00", "2026-03-01"),
        (Shape("date"), "soon", "soon"),
        (Shape("moment"), "2026-03-01 08:00", "2026-03-01T08:00+08:00"),
        (Shape("moment"), "2026-03-01", "2026-03-01T00:00:00+08:00"),
        (Shape("moment"), "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        (Shape(words=("red", "green")), "红色", "red"),
        (Shape(words=("red", "green")), "Green", "green"),
        (Shape(words=("red", "green")), "blue", "blue"),
        (Shape(words=("true", "false")), "是", "true"),
        (Shape(is_list=True), "DA001；DA002;\nDA003;", ["DA001", "DA002", "DA003"]),
        (Shape(is_list=True), r"a\;b; c", ["a;b", "c"]),
        (RECORDS, "张三 | 2026.3.1 | 周一", [{"name": "张三", "on": "2026-03-01", "days": ["mon"]}]),
        (RECORDS, "张三 || 周一,mon; 李四", [{"name": "张三", "days": ["mon", "mon"]}, {"name": "李四"}]),
        (RECORDS, "a|||b", [{"name": "a", "field 4": "b"}]),
    ],
)  # fmt: skip
def test_what_people_write_is_read(shape: Shape, cell: str, value: JsonValue) -> None:
    """Chinese dates and words too; what cannot be read stays as it is, for the document to refuse."""
    assert value_of(cell, shape) == value


@given(TEXTS)
def test_a_text_comes_back(text: str) -> None:
    """Whatever it begins with, and none is a formula."""
    cell = cell_of(text, Shape())
    assert isinstance(cell, str)
    assert cell[0] not in "=+-@"
    assert value_of(cell, Shape()) == text


@given(st.lists(TEXTS))
def test_a_list_comes_back(texts: list[str]) -> None:
    """Whatever separators stand in its items."""
    assert (value_of(str(cell_of(list(texts), Shape(is_list=True))), Shape(is_list=True)) or []) == texts


@given(st.lists(st.tuples(TEXTS, TEXTS)))
def test_records_come_back(pairs: list[tuple[str, str]]) -> None:
    """Whatever separators stand in their fields."""
    shape = Shape(is_list=True, fields=(("a", Shape()), ("b", Shape())))
    records: list[JsonValue] = [{"a": a, "b": b} for a, b in pairs]
    assert (value_of(str(cell_of(records, shape)), shape) or []) == records


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (12.0, "12"),
        (1.5, "1.5"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 8), "2026-03-01T08:00:00"),  # noqa: DTZ001 (a spreadsheet knows no zones)
    ],
)
def test_what_a_spreadsheet_holds_is_text(value: object, text: str) -> None:
    """A whole number is written without a point, a date as one."""
    assert as_text(value) == text


@pytest.mark.parametrize("kind", RegisterKind)
def test_every_column_has_both_heads(kind: RegisterKind) -> None:
    """And either is read; the key stands first."""
    columns = columns_of(kind)
    assert columns[0].name == KEYS[kind]
    assert len({column.head_zh for column in columns}) == len(columns)
    assert {column.name for column in columns} <= HEADS_ZH.keys()
    for heads in ([column.name.upper() for column in columns], [f" {column.head_zh} " for column in columns]):
        assert read_heads(kind, heads) == list(columns)


@pytest.mark.parametrize(
    ("heads", "said"),
    [
        ([], "the column uscc .* is missing"),
        (["name"], "the column uscc .* is missing"),
        (["uscc", "uscc"], "is there twice"),
        (["uscc", "统一社会信用代码"], "is there twice"),
        (["uscc", "adress"], "did you mean address"),
        (["uscc", "???"], "there are uscc"),
    ],
)
def test_a_wrong_head_is_named(heads: list[str], said: str) -> None:
    """With what it should be."""
    with pytest.raises(HeadError, match=said):
        read_heads(RegisterKind.ENTERPRISE, heads)
