"""
Cells: the values of an entry as the texts of a table, and back.

A list stands in one cell, its items parted by ``;``; the fields of an item by ``|``; a list within an item by ``,``. A
backslash before one of them takes it as it is. Whatever a cell cannot be read as is left to the entry's own document,
which says what is wrong with it.
"""

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue

_ITEMS, _FIELDS = ";；\n", "|｜"
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_ZONE = re.compile(r"(?:[zZ]|[+-]\d{2}:?\d{2})$")
_FORMULA = ("=", "+", "-", "@", "'", "\t")
"""With what a text begins that a spreadsheet would take for a formula."""

ZH: Mapping[str, str] = types.MappingProxyType(
    {
        "red": "红", "yellow": "黄", "orange": "橙", "green": "绿",
        "existing": "现有", "potential": "潜在",
        "stack": "烟囱", "vent": "油烟排口", "water": "废水", "other": "其他",
        "on_site": "现场", "non_site": "非现场",
        "production": "停产", "earthwork": "土石方", "transport": "运输", "spraying": "喷涂", "barbecue": "烧烤",
        "mon": "周一", "tue": "周二", "wed": "周三", "thu": "周四", "fri": "周五", "sat": "周六", "sun": "周日",
        "true": "是", "false": "否",
    }
)  # fmt: skip
"""Closed words in Chinese."""


@dataclass(frozen=True, slots=True)
class Shape:
    """
    How a value stands in a cell.

    Attributes:
        words: the closed set that it is one of; empty: any text or number.

        kind: what else it is: ``text``, ``number``, ``date`` or ``moment``.

        is_list: several of it.

        fields: of an item that is a document, by name; empty: the items are plain.
    """

    kind: Literal["text", "number", "date", "moment"] = "text"
    words: tuple[str, ...] = ()
    is_list: bool = False
    fields: tuple[tuple[str, "Shape"], ...] = ()

    @property
    def right(self) -> str:
        """What would be right, for people."""
        if self.fields:
            inner = " | ".join(name for name, _ in self.fields)
            return f"{inner}; several parted by ;"
        one = f"one of {', '.join(self.words)}" if self.words else _RIGHT[self.kind]
        return f"{one}; several parted by ;" if self.is_list else one


_KINDS: tuple[tuple[type, Literal["moment", "date", "number"]], ...] = (
    (datetime, "moment"),
    (date, "date"),
    (int, "number"),
    (float, "number"),
)
_RIGHT = types.MappingProxyType(
    {
        "text": "a text without line breaks",
        "number": "a number such as 116.65",
        "date": "a date such as 2026-03-01",
        "moment": "a time such as 2026-03-01 08:00 (Beijing) or 2026-03-01T00:00:00Z",
    }
)


def shape_of(annotation: object) -> Shape:
    """Return how values of a field stand in a cell."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(inner[0])
    if origin in {Union, types.UnionType}:
        return shape_of(next(each for each in inner if each is not type(None)))
    if origin is list:
        return replace(shape_of(inner[0]), is_list=True)
    if origin is Literal:
        return Shape(words=tuple(str(each.value if isinstance(each, Enum) else each) for each in inner))
    return _shape_of_type(annotation) if isinstance(annotation, type) else Shape()


def _shape_of_type(kind: type) -> Shape:
    if issubclass(kind, BaseModel):
        return Shape(fields=fields_of(kind))
    if issubclass(kind, Enum):
        return Shape(words=tuple(str(each.value) for each in kind))
    if kind is bool:
        return Shape(words=("true", "false"))
    for base, name in _KINDS:
        if issubclass(kind, base):
            return Shape(name)
    return Shape()


def fields_of(model: type[BaseModel]) -> tuple[tuple[str, Shape], ...]:
    """Return the fields of a document by the names they have in JSON."""
    return tuple((info.alias or name, shape_of(info.annotation)) for name, info in model.model_fields.items())


def cell_of(value: JsonValue, shape: Shape, *, zh: bool = False) -> str | float:
    """Return a JSON value as a cell; texts that a spreadsheet would take for a formula begin with an apostrophe."""
    if shape.is_list:
        items = value if isinstance(value, list) else []
        return _guarded("; ".join(_item_text(item, shape, zh=zh) for item in items))
    if shape.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return _guarded(_plain(value, shape, zh=zh))


def value_of(cell: str, shape: Shape) -> JsonValue:
    """Return a cell's text as the document is to read it; ``None`` for an empty one."""
    text = cell.strip()
    if text[:1] == "'" and text[1:2] in _FORMULA:
        text = text[1:]
    if not text:
        return None
    if not shape.is_list:
        return _read(text, shape)
    items = [item for item in _parts(text, _ITEMS) if item.strip()]
    if not shape.fields:
        return [_read(_unescaped(item.strip()), shape) for item in items]
    return [_record(item, shape) for item in items]


def _record(item: str, shape: Shape) -> JsonValue:
    parts = [part.strip() for part in _parts(item, _FIELDS)]
    found: dict[str, JsonValue] = {}
    for (name, inner), part in zip(shape.fields, parts, strict=False):
        if part and inner.is_list:
            found[name] = [_read(each.strip(), inner) for each in re.split("[,，、]", part)]
        elif part:
            found[name] = _read(_unescaped(part), inner)
    for number, part in enumerate(parts[len(shape.fields) :]):
        found[f"field {len(shape.fields) + number + 1}"] = part
    return found


def _item_text(item: JsonValue, shape: Shape, *, zh: bool) -> str:
    if not shape.fields:
        return _escaped(_plain(item, shape, zh=zh))
    members = item if isinstance(item, dict) else {}
    parts = [_field_text(members.get(name), inner, zh=zh) for name, inner in shape.fields]
    while parts and not parts[-1]:
        parts.pop()
    return " | ".join(parts)


def _field_text(value: JsonValue, shape: Shape, *, zh: bool) -> str:
    if shape.is_list:
        return ",".join(_plain(each, shape, zh=zh) for each in (value if isinstance(value, list) else []))
    return _escaped(_plain(value, shape, zh=zh))


def _plain(value: JsonValue, shape: Shape, *, zh: bool) -> str:
    if value is None:
        return ""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return ZH.get(text, text) if zh and shape.words else text


def _read(text: str, shape: Shape) -> str:
    if shape.words:
        folded = text.casefold()
        return next((word for word in shape.words if folded in {word, ZH.get(word, word), _ALSO.get(word)}), text)
    if shape.kind in {"date", "moment"}:
        match = _DATE.match(text)
        if match is not None:
            rest = text[match.end() :].strip().removeprefix("T")
            if shape.kind == "date" and re.fullmatch(r"(?:00:00(?::00)?)?", rest):
                rest = ""
            text = f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}" + (f"T{rest}" if rest else "")
        if shape.kind == "moment" and not _ZONE.search(text):
            text += "+08:00" if ":" in text else "T00:00:00+08:00"
    return text


_ALSO = types.MappingProxyType(
    {
        "red": "红色", "yellow": "黄色", "orange": "橙色", "green": "绿色", "true": "yes", "false": "no",
        "existing": "存量",
    }
)  # fmt: skip
"""What else people write for a word."""


def _parts(text: str, separators: str) -> Iterator[str]:
    """Yield what stands between separators, escapes left as they are."""
    part = ""
    escaped = False
    for character in text:
        if not escaped and character in separators:
            yield part
            part = ""
            continue
        escaped = character == "\\" and not escaped
        part += character
    yield part


def _escaped(text: str) -> str:
    return re.sub(r"([\\;；|｜])", r"\\\1", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\;；|｜])", r"\1", text)


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_text(value: object) -> str:
    """Return what a spreadsheet holds in a cell as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def texts_of(cells: Sequence[object]) -> list[str]:
    """Return a row of a spreadsheet as texts."""
    return [as_text(value) for value in cells]
