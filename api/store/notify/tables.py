"""Tables of notification."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import Moment, Serial, Table

GIVE_UP = timedelta(hours=24)
"""A message that could not be delivered for so long is a dead letter."""


class NotificationRuleRow(Table):
    """A rule, whole, as JSON."""

    __tablename__ = "notification_rules"

    rule_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    document: Mapped[str] = mapped_column(Text)
    changed: Mapped[datetime] = mapped_column(Moment)


class NotificationChannelRow(Table):
    """
    A channel, with its address and secret in full.

    ``nonce`` hides both in the log: a leaf holds the SHA-256 of the three. ``rests_until`` is when a channel that could
    not be reached is tried again, ``failures`` how often that failed in a row. ``operator`` names whose
    it is, if it is somebody's own.
    """

    __tablename__ = "notification_channels"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(String(64))
    operator: Mapped[str] = mapped_column(String(64), server_default="", index=True)
    allow_plain: Mapped[bool] = mapped_column(Boolean)
    most_a_minute: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    changed: Mapped[datetime] = mapped_column(Moment)
    failures: Mapped[int] = mapped_column(Integer)
    rests_until: Mapped[datetime] = mapped_column(Moment)


class NotificationCursorRow(Table):
    """Up to which event of the wall's sequence the outbox has been filled; one row."""

    __tablename__ = "notification_cursor"

    row_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    cursor: Mapped[int] = mapped_column(BigInteger)


class NotificationRow(Table):
    """
    A message to one channel.

    ``priority``, ``code`` and ``lead_state`` are what a digest counts by; ``urgency`` sorts: 1 to 3 as the priority, 4
    without one. ``occurred`` is when its event was, ``not_before`` when its quiet hours end, ``give_up`` when it is a
    dead letter. ``claim`` is a random word of the process that sends it now, which has until ``next_try``.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("notifications_due", "state", "channel", "next_try"),
        Index("notifications_sent", "channel", "finished"),
        Index("notifications_by_lead", "lead_id", "seq"),
        Index("notifications_by_digest", "digest_id"),
        Index("notifications_once", "event_cursor", "channel", unique=True),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    notification_id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    event: Mapped[str] = mapped_column(String(32))
    event_cursor: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(2))
    lead_id: Mapped[str] = mapped_column(String(32))
    priority: Mapped[str] = mapped_column(String(2))
    urgency: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(String(64))
    lead_state: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8))
    created: Mapped[datetime] = mapped_column(Moment)
    occurred: Mapped[datetime] = mapped_column(Moment)
    not_before: Mapped[datetime] = mapped_column(Moment)
    next_try: Mapped[datetime] = mapped_column(Moment)
    give_up: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    refusals: Mapped[int] = mapped_column(Integer, default=0)
    claim: Mapped[str] = mapped_column(String(32), default="")
    finished: Mapped[datetime | None] = mapped_column(Moment)
    answer: Mapped[str] = mapped_column(Text, default="")
    digest_id: Mapped[str] = mapped_column(String(32), default="")
