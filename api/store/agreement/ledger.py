"""Ledgers: tables with logged records, read in parallel with the leaves of the log."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import JsonValue

from api.store.evidence.tlog import LeafKind

Row = TypeVar("Row")

PIECE = 500
"""Rows that are read from the database at once."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """
    A leaf as parsed from its bytes.

    Attributes:
        subject: what it is listed under; that alone is not hashed.

        data: the bytes that are hashed.

        record: their JSON; empty for a package's hash list.
    """

    index: int
    kind: LeafKind
    subject: str
    data: bytes
    record: Mapping[str, JsonValue]

    def text(self, name: str) -> str:
        """Return a member as text; raise `KeyError`."""
        return str(self.record[name])

    def number(self, name: str) -> int:
        """Return a member as a whole number; raise `KeyError` or `ValueError`."""
        return int(self.text(name))

    def told(self) -> dict[str, JsonValue]:
        """Return the record as it was logged: without its kind."""
        return {name: value for name, value in self.record.items() if name != "kind"}


class Ledger(Protocol):
    """Holds the records of one kind, or of some that belong together, against their leaves."""

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield the differences between the tables and a leaf; leaves come in order."""
        ...

    def close(self) -> Iterator[str]:
        """Yield what is wrong after the last leaf."""
        ...


class Walk(Generic[Row]):
    """
    Rows of a table, read one by one in the order of their leaves.

    Args:
        rows: in the order of `place`.

        place: a row's place among the leaves: the leaf's index, or a number that grows with it.
    """

    def __init__(self, rows: Iterator[Row], place: Callable[[Row], int]) -> None:
        self._rows = rows
        self._place = place
        self._head = next(rows, None)

    def before(self, place: int) -> Iterator[Row]:
        """Yield the rows before a position, which no leaf has claimed."""
        while self._head is not None and self._place(self._head) < place:
            yield self._take(self._head)

    def at(self, place: int) -> Row | None:
        """Return the row at a position, or ``None``."""
        if self._head is None or self._place(self._head) != place:
            return None
        return self._take(self._head)

    def rest(self) -> Iterator[Row]:
        """Yield the rows that no leaf has asked for."""
        while self._head is not None:
            yield self._take(self._head)

    def _take(self, row: Row) -> Row:
        self._head = next(self._rows, None)
        return row


def differing(logged: Mapping[str, JsonValue], told: Mapping[str, JsonValue]) -> str:
    """Return the names of the members in which two records differ; for equal ones the difference in encoding."""
    names = sorted(name for name in logged.keys() | told.keys() if logged.get(name) != told.get(name))
    return ", ".join(names) or "how it is written"
