"""Documents of a JSON schema: what has no limit in it, every place a poison can be put, and what is valid by it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

from api.contract.fields import LINE_PATTERN, PEM_PATTERN, PROSE_PATTERN, SAID_PATTERN

Schema = Mapping[str, Any]
Step = str | int

NUMBER_BYTES = 32
_MOMENTS = {"date-time": "2026-11-23T02:30:05.120Z", "date": "2026-11-23"}
_FREE = {LINE_PATTERN, PROSE_PATTERN, SAID_PATTERN, PEM_PATTERN}
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))


class Kind(StrEnum):
    """What is expected at a place."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    LIST = "list"
    TABLE = "table"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Place:
    """A value's place in a document: the steps that lead to it, what stands there, and how much of it at most."""

    steps: tuple[Step, ...]
    kind: Kind
    most: int = 0

    def document(self, value: object) -> object:
        """Return a document that holds nothing but `value` at this place."""
        for step in reversed(self.steps):
            value = {step: value} if isinstance(step, str) else [0] * step + [value]
        return value


@dataclass(frozen=True, slots=True)
class Described:
    """A schema and the definitions that it refers to."""

    schema: Schema
    definitions: Schema

    @classmethod
    def of(cls, schema: Schema) -> "Described":
        """Return a whole JSON schema."""
        return cls(schema, schema.get("$defs", {}))

    def _at(self, schema: Schema) -> "Described":
        if "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[1]]
        return Described(schema, self.definitions)

    @property
    def variants(self) -> list["Described"]:
        """The schemas of which one must hold."""
        if "$ref" in self.schema:
            return self._at(self.schema).variants
        found = self.schema.get("anyOf") or self.schema.get("oneOf") or self.schema.get("allOf")
        return [self] if found is None else [inner for each in found for inner in self._at(each).variants]

    @property
    def members(self) -> Iterator[tuple[str, "Described"]]:
        """The named members of an object."""
        for name, schema in self.schema.get("properties", {}).items():
            yield name, self._at(schema)

    @property
    def values(self) -> "Described | None":
        """What further members of an object are; ``None`` where there are none."""
        by_pattern = self.schema.get("patternProperties")  # how pydantic tells keys of a pattern
        extra = next(iter(by_pattern.values())) if by_pattern else self.schema.get("additionalProperties", True)
        return None if extra is False else self._at(extra if isinstance(extra, dict) else {})

    @property
    def items(self) -> Sequence["Described"]:
        """What a list holds: each item of a tuple, or the one that is repeated."""
        fixed = self.schema.get("prefixItems")
        return [self._at(each) for each in fixed] if fixed else [self._at(self.schema.get("items", {}))]

    @property
    def is_closed(self) -> bool:
        """Whether it is one of a few words, or a time."""
        return bool({"enum", "const"} & self.schema.keys()) or self.schema.get("format") in _MOMENTS


def unlimited(described: Described, where: str) -> Iterator[str]:  # noqa: C901, PLR0912 (one branch a type)
    """Yield one line for each text, whole number, list or table that may be as long as it likes."""
    for each in described.variants:
        schema = each.schema
        match schema.get("type"):
            case "string" if not each.is_closed:
                if "maxLength" not in schema:
                    yield f"{where}: a text of any length"
                if "pattern" not in schema and schema.get("format") != "password":
                    yield f"{where}: a text of any characters"
            case "integer":
                if not {"maximum", "exclusiveMaximum"} & schema.keys():
                    yield f"{where}: a whole number without an upper end"
                if not {"minimum", "exclusiveMinimum"} & schema.keys():
                    yield f"{where}: a whole number without a lower end"
            case "array":
                if "maxItems" not in schema:
                    yield f"{where}: a list of any length"
                for number, item in enumerate(each.items):
                    yield from unlimited(item, f"{where}[{number}]")
            case "object":
                for name, member in each.members:
                    yield from unlimited(member, f"{where}.{name}")
                if each.values is not None:
                    if "maxProperties" not in schema:
                        yield f"{where}: a table of any length"
                    keys = each._at(schema.get("propertyNames", {}))
                    if "maxLength" not in keys.schema and not keys.is_closed:
                        yield f"{where}: keys of any length"
                    yield from unlimited(each.values, f"{where}.*")
            case None if not each.is_closed:
                yield f"{where}: anything"


def places(described: Described, steps: tuple[Step, ...] = ()) -> Iterator[Place]:
    """Yield every place of a document at which something can stand."""
    takes_numbers = any(each.schema.get("type") == "number" for each in described.variants)
    for each in described.variants:
        match each.schema.get("type"):
            case "string":
                yield Place(steps, Kind.TEXT, each.schema.get("maxLength", 64))
            case "number":
                yield Place(steps, Kind.NUMBER)
            case "integer" if not takes_numbers:  # else one that is too large is taken as a number
                yield Place(steps, Kind.WHOLE)
            case "array":
                yield Place(steps, Kind.LIST, each.schema["maxItems"])
                for number, item in enumerate(each.items):
                    yield from places(item, (*steps, number))
            case "object":
                for name, member in each.members:
                    yield from places(member, (*steps, name))
                if each.values is not None:
                    yield Place(steps, Kind.TABLE, each.schema["maxProperties"])
                    yield Place(
                        steps, Kind.KEY, each._at(each.schema.get("propertyNames", {})).schema.get("maxLength", 64)
                    )
                    yield from places(each.values, (*steps, _key(each)))


def most_bytes(described: Described) -> int:
    """Return how long a document can be as JSON in UTF-8; raise `KeyError` where it has no end."""
    return max(_most_bytes(each) for each in described.variants)


def _most_bytes(each: Described) -> int:
    schema = each.schema
    match schema.get("type"):
        case "string":
            if "enum" in schema or "const" in schema:
                return max(len(str(value).encode()) for value in schema.get("enum", [schema.get("const")])) + 2
            return 40 if each.is_closed else 4 * int(schema["maxLength"]) + 2
        case "array":
            return 2 + int(schema["maxItems"]) * (1 + max(map(most_bytes, each.items)))
        case "object":
            named = sum(len(name.encode()) + 4 + most_bytes(member) for name, member in each.members)
            if each.values is None:
                return 2 + named
            keys = each._at(schema.get("propertyNames", {})).schema
            key = 4 * int(keys["maxLength"]) if "maxLength" in keys else 64
            return 2 + named + int(schema["maxProperties"]) * (key + 4 + most_bytes(each.values))
        case _:
            return NUMBER_BYTES


def documents(described: Described) -> st.SearchStrategy[Any]:
    """Documents that are valid by their schema, with texts and lists of any length that it allows, mostly short."""
    return st.one_of(*map(_document, described.variants))


def _document(each: Described) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911 (one branch a type)
    schema = each.schema
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "string":
            return _texts(each)
        case "integer":
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return st.integers(least, schema.get("maximum", schema.get("exclusiveMaximum", 1) - 1))
        case "number":
            least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
            is_open = "exclusiveMinimum" in schema
            return st.floats(least, most, allow_nan=False, allow_infinity=False, exclude_min=is_open)
        case "boolean":
            return st.booleans()
        case "array" if "prefixItems" in schema:
            return st.tuples(*map(documents, each.items)).map(list)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(documents(each.items[0]), min_size=least, max_size=max(least, min(schema["maxItems"], 3)))
        case "object" if each.values is not None:
            return st.dictionaries(st.just(_key(each)), documents(each.values), max_size=schema["maxProperties"])
        case "object":
            asked = {name: documents(member) for name, member in each.members if name in schema.get("required", ())}
            free = {name: documents(member) for name, member in each.members if name not in asked}
            return st.fixed_dictionaries(asked, optional=free)
        case _:
            return st.none()


def _texts(each: Described) -> st.SearchStrategy[str]:
    schema = each.schema
    if each.is_closed:
        return st.just(_MOMENTS[schema["format"]])
    least, most = schema.get("minLength", 0), schema["maxLength"]
    if schema.get("pattern", LINE_PATTERN) not in _FREE:
        return st.from_regex(re.compile(schema["pattern"].replace("$", r"\Z")), fullmatch=True).filter(
            lambda text: least <= len(text) <= most
        )
    short = st.text(_LETTERS, min_size=max(least, 1), max_size=max(least, min(most, 12), 1))
    return short | _LETTERS.map(lambda letter: letter * most)


def _key(each: Described) -> str:
    names = each._at(each.schema.get("propertyNames", {})).schema
    return str(names["enum"][0]) if "enum" in names else "key"
