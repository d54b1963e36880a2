"""
The registry file as text: tables put in, replaced and retired so that every comment stays where it is.

A table of a model is everything from its header up to the header of something else, its sub-tables with it.
"""

import json
import re
from collections.abc import Mapping, Sequence

from models.detector import ModelError

_HEADER = re.compile(r"^\[.*")
_AFTER = re.compile(r"^(#.*|\s*)$")


def quoted(value: str | Sequence[str]) -> str:
    """Return a TOML string, or list of strings."""
    return json.dumps(value, ensure_ascii=False)


def table_of(text: str, name: str) -> str | None:
    """Return the table of that model as it is written; ``None`` where it has none under a header of its own."""
    span = _span(text, name)
    return None if span is None else text[span[0] : span[1]]


def with_table(text: str, name: str, table: str) -> str:
    """Return the text with `table` in place of that model's, or after the last model."""
    span = _span(text, name)
    if span is None:
        return after_the_models(text, table)
    return text[: span[0]] + table.strip() + "\n" + text[span[1] :]


def with_int8(text: str, name: str, weights: str, sha256: str) -> str:
    """Return the text with the sub-table of that model's INT8 form; raise `ModelError` where it has no table."""
    table = table_of(text, name)
    if table is None:
        raise ModelError(f"there is no table [models.{name}] to add the INT8 form to")
    header = f"[models.{name}.int8]"
    main = table.partition(header)[0].rstrip("\n")
    second = f"{header}\nweights = {quoted(weights)}\nsha256 = {quoted(sha256)}\n"
    return with_table(text, name, f"{main}\n\n{second}")


def with_retired(text: str, name: str, places: Sequence[Mapping[str, str]]) -> str:
    """
    Return the text with that model's table among the retired ones too, the newest first.

    `places` are the new values of keys, of the table and then of its sub-table. Raises `ModelError` where the model has
    no table under a header of its own.
    """
    table = table_of(text, name)
    if table is None:
        raise ModelError(f"the registry has no table [models.{name}] of its own: write it so, or retire it by hand")
    parts = table.strip().split(f"[models.{name}.int8]")
    for number, changed in enumerate(places):
        for key, value in changed.items():
            line = f"{key} = {quoted(value)}".replace("\\", r"\\")
            parts[number] = re.sub(rf"(?m)^{key} = .*$", line, parts[number])
    parts[0] = parts[0].replace(f"[models.{name}]", f"[[retired]]\nname = {quoted(name)}", 1)
    return after_the_models(text, "[retired.int8]".join(parts) + "\n")


def after_the_models(text: str, table: str) -> str:
    """Return the text with `table` after the last model, before what is retired or was promoted."""
    first = re.search(r"(?m)^\[\[", text)
    at = first.start() if first else len(text)
    return (text[:at].rstrip("\n") + "\n\n" + table.strip() + "\n\n" + text[at:]).rstrip("\n") + "\n"


def _span(text: str, name: str) -> tuple[int, int] | None:
    """Return where a model's table begins and ends; comments and blank lines before what follows are not its own."""
    lines = text.splitlines(keepends=True)
    header, sub = f"[models.{name}]", f"[models.{name}."
    first = next((number for number, line in enumerate(lines) if line.strip() == header), None)
    if first is None:
        return None
    last = first + 1
    while last < len(lines) and (not _HEADER.match(lines[last]) or lines[last].startswith(sub)):
        last += 1
    while _AFTER.match(lines[last - 1]):
        last -= 1
    begin = sum(map(len, lines[:first]))
    return begin, begin + sum(map(len, lines[first:last]))
