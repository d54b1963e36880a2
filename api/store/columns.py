"""Columns: the kinds of value that tables hold, the same in every database, and the root of the tables."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Integer, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows automatically only in a plain INTEGER column."""
SERIAL_MOST = 2**63 - 1
"""The largest number of a row in either database; a larger one cannot even be asked for."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole milliseconds since 1970: sorts and compares the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return milliseconds since 1970."""
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the aware time."""
        return None if value is None else _EPOCH + value * _MILLISECOND


def ByteOrdered(length: int) -> TypeEngine[str]:  # noqa: N802  (a type among types)
    """Return a text that every database sorts by its bytes, so that a range selects a prefix."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Table(DeclarativeBase):
    """Root of the tables."""
