"""Delivery log: what became of messages, what waits, and letting a dead one be tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from api.contract.notify.deliveries import Delivery, DeliveryPage, DeliveryState, MessageKind
from api.store.faults import IllegalMove, RecordConflict, UnknownRecord
from api.store.notify.channels import find_channel
from api.store.notify.tables import GIVE_UP, NotificationRow

STUCK_AFTER = timedelta(hours=1)
DEAD_WARNED = timedelta(hours=24)
"""How long ``/readyz`` warns of a message that was given up; the metric and the log keep it."""


@dataclass(frozen=True, slots=True)
class NotificationQueue:
    """What waits, since when the oldest could have gone, and what was given up: in all, and lately."""

    waiting: int = 0
    oldest: datetime | None = None
    dead: int = 0
    dead_lately: int = 0

    def warning(self, now: datetime) -> str:
        """Return what is wrong in a sentence; empty where nothing is."""
        told = []
        if self.oldest is not None and now - self.oldest > STUCK_AFTER:
            hours = (now - self.oldest).total_seconds() / 3600
            told.append(f"{self.waiting} messages wait, the oldest for {hours:.1f} hours")
        if self.dead_lately:
            told.append(f"{self.dead_lately} messages were given up within 24 hours")
        return "; ".join(told) + (": see /v1/notifications" if told else "")


def list_deliveries(
    session: Session,
    *,
    state: DeliveryState | None,
    channel: str | None,
    lead: str | None,
    before: int | None,
    limit: int,
) -> DeliveryPage:
    """Return messages, newest first, before a cursor."""
    asked = select(NotificationRow).order_by(NotificationRow.seq.desc()).limit(limit + 1)
    if state is not None:
        asked = asked.where(NotificationRow.state == state.value)
    if channel is not None:
        asked = asked.where(NotificationRow.channel == channel)
    if lead is not None:
        asked = asked.where(NotificationRow.lead_id == lead)
    if before is not None:
        asked = asked.where(NotificationRow.seq < before)
    rows = list(session.scalars(asked))
    following = str(rows[limit - 1].seq) if len(rows) > limit else None
    return DeliveryPage(notifications=[_delivery(row) for row in rows[:limit]], next=following)


def retry_delivery(session: Session, notification_id: str, now: datetime) -> Delivery:
    """
    Let a message that was given up be tried for another day; needs the writing transaction.

    Raises `UnknownRecord`, `IllegalMove` for one that was not given up, `RecordConflict` where its channel is gone.
    """
    row = session.scalars(select(NotificationRow).where(NotificationRow.notification_id == notification_id)).first()
    if row is None:
        raise UnknownRecord(f"there is no notification {notification_id}")
    if row.state != DeliveryState.DEAD.value:
        raise IllegalMove(f"notification {notification_id} is {row.state}: only one that is dead is tried again")
    if find_channel(session, row.channel) is None:
        raise RecordConflict(f"there is no channel {row.channel} any more")
    row.state, row.claim, row.finished = DeliveryState.WAITING.value, "", None
    row.attempts = row.refusals = 0
    row.not_before = row.next_try = now
    row.give_up = now + GIVE_UP
    session.flush()
    return _delivery(row)


def notification_queue(session: Session, now: datetime) -> NotificationQueue:
    """Return what waits and what was given up."""
    waiting = NotificationRow.state == DeliveryState.WAITING.value
    dead = NotificationRow.state == DeliveryState.DEAD.value
    count, oldest = session.execute(select(func.count(), func.min(NotificationRow.not_before)).where(waiting)).one()
    return NotificationQueue(
        count,
        oldest,
        session.scalar(select(func.count()).where(dead)) or 0,
        session.scalar(select(func.count()).where(dead, NotificationRow.finished > now - DEAD_WARNED)) or 0,
    )


def purge_deliveries(session: Session, before: datetime) -> int:
    """Forget what was done with before a time; return how many messages; needs the writing transaction."""
    gone = session.execute(delete(NotificationRow).where(NotificationRow.finished < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _delivery(row: NotificationRow) -> Delivery:
    return Delivery(
        id=row.notification_id,
        kind=MessageKind(row.kind),
        event=row.event,
        channel=row.channel,
        lead_id=row.lead_id,
        state=DeliveryState(row.state),
        created=row.created,
        attempts=row.attempts,
        next_try=row.next_try if row.state == DeliveryState.WAITING.value else None,
        finished=row.finished,
        answer=row.answer,
        digest=row.digest_id,
    )
