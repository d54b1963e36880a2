"""Tables of checks. ``check_events`` and ``draws`` are append-only; ``checks`` is what follows from the events now."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import ByteOrdered, Moment, Serial, Table


class CheckRow(Table):
    """A check as it stands. ``ends`` is when the system has to look at it again; ``None``: never."""

    __tablename__ = "checks"
    __table_args__ = (Index("checks_by_enterprise", "uscc", "state"), Index("checks_by_end", "ends"))

    code: Mapped[str] = mapped_column(ByteOrdered(25), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(16))
    uscc: Mapped[str] = mapped_column(String(18))
    lead_id: Mapped[str | None] = mapped_column(String(32), index=True)
    issued: Mapped[datetime] = mapped_column(Moment, index=True)
    visited: Mapped[datetime | None] = mapped_column(Moment)
    ends: Mapped[datetime | None] = mapped_column(Moment)
    document: Mapped[str] = mapped_column(Text)


class CheckEventRow(Table):
    """What happened to a check: a leaf of the log, kept as it is chained there."""

    __tablename__ = "check_events"
    __table_args__ = (Index("check_events_by_code", "code", "version"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(ByteOrdered(25))
    version: Mapped[int] = mapped_column(Integer)
    record: Mapped[str] = mapped_column(Text)
    log_index: Mapped[int] = mapped_column(BigInteger)


class DrawRow(Table):
    """A draw of who is checked, by whom: frozen when it is made."""

    __tablename__ = "draws"

    draw_id: Mapped[str] = mapped_column(ByteOrdered(64), primary_key=True)
    made: Mapped[datetime] = mapped_column(Moment)
    document: Mapped[str] = mapped_column(Text)
    log_index: Mapped[int] = mapped_column(BigInteger)
