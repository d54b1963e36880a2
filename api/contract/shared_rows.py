"""Shared rows: JSON documents that workers and the API read from the bus, some of them of another version."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import structlog
from pydantic import ValidationError

log = structlog.get_logger(__name__)

RowT = TypeVar("RowT")
MOST_KNOWN = 1000
"""Keys whose fault is remembered, the newest ones: the bus may hold any number."""


class SharedRows:
    """
    Reads rows and leaves out what cannot be read.

    Each such reading is counted. The log has it once for a key, and again only after the key was readable in between.
    One thread uses it at a time.

    Args:
        count: called with the kind of each row that is left out.
    """

    def __init__(self, count: Callable[[str], None] | None = None) -> None:
        self._count = count
        self._faulty: dict[str, None] = {}
        self.left_out = 0

    def read(self, kind: str, parse: Callable[[bytes], RowT], key: str, text: bytes) -> RowT | None:
        """
        Return the row at `key`, or ``None`` where `parse` raises `ValidationError`.

        Args:
            kind: what such rows are called in the log and the metrics.

            parse: makes the row from its text.

            key: where the row is on the bus.

            text: the row as JSON.
        """
        try:
            row = parse(text)
        except ValidationError as fault:
            self._leave_out(kind, key, fault.error_count())
            return None
        self._faulty.pop(key, None)
        return row

    def read_all(self, kind: str, parse: Callable[[bytes], RowT], rows: Mapping[str, bytes]) -> list[RowT]:
        """Return the rows by their texts; those that cannot be read are left out."""
        found = (self.read(kind, parse, key, text) for key, text in rows.items())
        return [row for row in found if row is not None]

    def _leave_out(self, kind: str, key: str, errors: int) -> None:
        self.left_out += 1
        if self._count is not None:
            self._count(kind)
        if key in self._faulty:
            return
        if len(self._faulty) >= MOST_KNOWN:
            del self._faulty[next(iter(self._faulty))]
        self._faulty[key] = None
        log.warning("row cannot be read and is left out", kind=kind, key=key, errors=errors, left_out=self.left_out)
