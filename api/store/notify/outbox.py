"""
Outbox: messages that wait for their channel. One is claimed by one process at a time, and tried until it is delivered.

A process that dies with a claim leaves the message to the others after `LEASE`, so the other side may get it twice:
its id is the same. A channel that cannot be reached rests; one that refuses a message is there, and only that message
waits.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, select, update
from sqlalchemy.orm import Session

from api.contract.notify.deliveries import DeliveryState, MessageKind
from api.contract.notify.messages import Notice
from api.contract.notify.rules import Language
from api.contract.wire.state import Priority
from api.store.documents import stored
from api.store.notify.channels import NEVER, Channel, find_channel
from api.store.notify.storm import gather
from api.store.notify.tables import GIVE_UP, NotificationChannelRow, NotificationRow

LEASE = timedelta(minutes=3)
"""How long a process that took a message has: longer than any attempt may take."""
MOST_REFUSALS = 10
UNREACHED = "the channel could not be reached within 24 hours"
_URGENCY = {priority.value: number for number, priority in enumerate(Priority, start=1)}


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A notice for one channel, not sent before the end of quiet hours."""

    notice: Notice
    event_cursor: int
    channel: str
    language: Language
    not_before: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process is to send now; `refusals` counts those before."""

    notification_id: str
    claim: str
    kind: MessageKind
    language: Language
    document: str
    refusals: int
    channel: Channel


@dataclass(frozen=True, slots=True)
class Turn:
    """What a look at a channel's messages came to: one to send, and how many were gathered or given up."""

    claimed: Claimed | None
    gathered: int = 0
    dead: int = 0


def queue(session: Session, message: NewMessage, now: datetime) -> None:
    """Add a message; one of the same event and channel must not be there. Needs the writing transaction."""
    notice = message.notice
    priority = "" if notice.priority is None else notice.priority.value
    not_before = max(now, message.not_before)
    session.add(
        NotificationRow(
            notification_id=secrets.token_hex(16),
            kind=MessageKind.NOTICE.value,
            event=notice.event.value,
            event_cursor=message.event_cursor,
            channel=message.channel,
            language=message.language.value,
            lead_id=notice.lead_id or "",
            priority=priority,
            urgency=_URGENCY.get(priority, len(_URGENCY) + 1),
            code=notice.code,
            lead_state=notice.state if notice.lead_id else "",
            document=stored(notice),
            state=DeliveryState.WAITING.value,
            created=now,
            occurred=notice.at,
            not_before=not_before,
            next_try=not_before,
            give_up=not_before + GIVE_UP,
        )
    )


def due_channels(session: Session, now: datetime, but: Sequence[str] = ()) -> list[str]:
    """Return the channels with a message whose turn it is, without those at rest and those of `but`."""
    waiting = (
        select(NotificationRow.channel)
        .join(NotificationChannelRow, NotificationChannelRow.name == NotificationRow.channel)
        .where(_due(now), NotificationChannelRow.rests_until <= now, NotificationRow.channel.not_in(but))
        .distinct()
        .order_by(NotificationRow.channel)
    )
    return list(session.scalars(waiting))


def take_next(session: Session, name: str, now: datetime) -> Turn:
    """
    Claim a channel's next message, the most urgent of those tried least; needs the writing transaction.

    Too many become one digest first (`api.store.notify.storm`); what has waited for a day is given up.
    """
    channel = find_channel(session, name)
    if channel is None or channel.rests_until > now:
        return Turn(None)
    dead = _give_up_old(session, name, now)
    gathered = gather(session, channel, now)
    row = session.scalars(
        select(NotificationRow)
        .where(NotificationRow.channel == name, _due(now))
        .order_by(NotificationRow.attempts, NotificationRow.urgency, NotificationRow.seq)
        .limit(1)
    ).first()
    if row is None:
        return Turn(None, gathered, dead)
    row.attempts += 1
    row.claim = secrets.token_hex(16)
    row.next_try = now + LEASE
    session.flush()
    claimed = Claimed(
        row.notification_id,
        row.claim,
        MessageKind(row.kind),
        Language(row.language),
        row.document,
        row.refusals,
        channel,
    )
    return Turn(claimed, gathered, dead)


def note_sent(session: Session, claimed: Claimed, answer: str, now: datetime) -> None:
    """Record that a message was delivered, and that its channel can be reached."""
    row = _still_ours(session, claimed)
    if row is not None:
        row.state, row.finished, row.answer, row.claim = DeliveryState.SENT.value, now, answer, ""
    _rest(session, claimed.channel.name, 0, NEVER)


def note_failed(
    session: Session, claimed: Claimed, answer: str, now: datetime, *, retry: datetime, is_refusal: bool
) -> bool:
    """
    Let a message wait until `retry`, its channel with it unless that `is_refusal` of this message alone.

    Returns whether it is given up instead: after `MOST_REFUSALS` or `GIVE_UP`.
    """
    _rest(
        session, claimed.channel.name, 0 if is_refusal else claimed.channel.failures + 1, NEVER if is_refusal else retry
    )
    row = _still_ours(session, claimed)
    if row is None:
        return False
    row.answer, row.claim, row.next_try = answer, "", retry
    row.refusals += is_refusal
    is_dead = row.refusals >= MOST_REFUSALS or row.give_up <= now
    if is_dead:
        row.state, row.finished = DeliveryState.DEAD.value, now
    return is_dead


def _rest(session: Session, name: str, failures: int, until: datetime) -> None:
    session.execute(
        update(NotificationChannelRow)
        .where(NotificationChannelRow.name == name)
        .values(failures=failures, rests_until=until)
    )


def _still_ours(session: Session, claimed: Claimed) -> NotificationRow | None:
    """Return the message; ``None`` where the claim ran out and another process has it, or it is done with."""
    return session.scalars(
        select(NotificationRow).where(
            NotificationRow.notification_id == claimed.notification_id,
            NotificationRow.claim == claimed.claim,
            NotificationRow.state == DeliveryState.WAITING.value,
        )
    ).first()


def _give_up_old(session: Session, name: str, now: datetime) -> int:
    answer = case((NotificationRow.answer == "", UNREACHED), else_=NotificationRow.answer)
    given_up = session.execute(
        update(NotificationRow)
        .where(NotificationRow.channel == name, _due(now), NotificationRow.give_up <= now)
        .values(state=DeliveryState.DEAD.value, finished=now, claim="", answer=answer)
        .returning(NotificationRow.seq)
    )
    return len(given_up.all())


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(NotificationRow.state == DeliveryState.WAITING.value, NotificationRow.next_try <= now)
