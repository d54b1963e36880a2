"""Tables of the loop."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import ByteOrdered, Moment, Serial, Table


class GrantRow(Table):
    """A role in the loop that an operator holds, or held until it was ``revoked``, in a division and those below it."""

    __tablename__ = "grants"
    __table_args__ = (Index("grants_by_operator", "operator_id", "revoked"),)

    grant_id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.operator_id"))
    role: Mapped[str] = mapped_column(String(1))
    division: Mapped[str] = mapped_column(ByteOrdered(12))
    granted: Mapped[datetime] = mapped_column(Moment)
    granted_by: Mapped[str] = mapped_column(String(160))
    revoked: Mapped[datetime | None] = mapped_column(Moment)


class CalendarDayRow(Table):
    """A day on which work is other than the calendar of holidays says."""

    __tablename__ = "calendar_days"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    working: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(Text)
    changed: Mapped[datetime] = mapped_column(Moment)
    changed_by: Mapped[str] = mapped_column(String(160))


class LegalConfirmationRow(Table):
    """What the legal section said of a row of the violation catalogue: the newest counts. Append-only."""

    __tablename__ = "legal_confirmations"
    __table_args__ = (Index("legal_confirmations_by_code", "code", "seq"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(String(64))
    confirmed: Mapped[bool] = mapped_column(Boolean)
    catalogue: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime] = mapped_column(Moment)
    log_index: Mapped[int] = mapped_column(BigInteger)


class AfterStillRow(Table):
    """A still of a lead's camera that is to be kept, was kept, or could not be had: `api.store.loop.after_stills`."""

    __tablename__ = "after_stills"
    __table_args__ = (Index("after_stills_next", "next_try"),)

    lead_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    asked: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    occasion: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(Integer)
    next_try: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))


class MoveAnswerRow(Table):
    """The answer to a move with an idempotency key, so that the same key gets it again."""

    __tablename__ = "move_answers"

    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.operator_id"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    content_sha256: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(Moment)
