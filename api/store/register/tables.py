"""Tables of the register. ``register_changes`` is append-only; ``register_entries`` is what follows from it now."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Double, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import ByteOrdered, Moment, Serial, Table


class RegisterChangeRow(Table):
    """
    One change of an entry, with all of its document; empty where the entry was removed.

    ``at`` is when it was entered; from when on it holds, the document says.
    """

    __tablename__ = "register_changes"
    __table_args__ = (
        Index("register_changes_by_entry", "kind", "key", "version", unique=True),
        Index("register_changes_by_enterprise", "kind", "uscc"),
        Index("register_changes_by_time", "at"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(ByteOrdered(64))
    version: Mapped[int] = mapped_column(Integer)
    uscc: Mapped[str] = mapped_column(String(18))
    removed: Mapped[bool] = mapped_column(Boolean)
    document: Mapped[str] = mapped_column(Text)
    before_sha256: Mapped[str] = mapped_column(String(64))
    after_sha256: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column(String(160))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    log_index: Mapped[int] = mapped_column(BigInteger)


class RegisterEntryRow(Table):
    """An entry as it stands; removed ones are not here. ``text`` is what a search looks through."""

    __tablename__ = "register_entries"
    __table_args__ = (Index("register_entries_by_enterprise", "kind", "uscc"),)

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(ByteOrdered(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str] = mapped_column(String(18))
    division: Mapped[str] = mapped_column(ByteOrdered(12))
    status: Mapped[str] = mapped_column(String(16))
    lon: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    text: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(160))
    reason: Mapped[str] = mapped_column(Text)
    changed: Mapped[datetime] = mapped_column(Moment)
