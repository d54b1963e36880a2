"""
Storm: more messages than a channel takes in a minute, or many that are old, become one digest.

What comes beyond the limit waits until the oldest of it has waited for a minute, unless it is more than the limit by
itself; between two digests of a channel lies a minute. One that could not be delivered goes into the next.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from api.contract.notify.deliveries import DeliveryState, MessageKind
from api.contract.notify.messages import MOST_NAMED, Digest, NamedLead, Notice
from api.contract.wire.state import Priority
from api.store.documents import read_document, stored
from api.store.notify.channels import Channel
from api.store.notify.tables import GIVE_UP, NotificationRow

DIGEST = "digest"
MINUTE = timedelta(minutes=1)
LATE_AFTER = timedelta(minutes=10)
"""Older messages come from an outage or from quiet hours."""
LATE_FEW = 5
"""More late messages than this become a digest."""
MOST_KINDS = 100


@dataclass(frozen=True, slots=True)
class _Backlog:
    """
    A channel's notices whose turn it is: how many, how many of them are late, and how many were held back.

    Attributes:
        first: when the first that waits for its digest, or for its turn, could have gone.
    """

    due: int
    late: int
    held: int
    first: datetime | None


def gather(session: Session, channel: Channel, now: datetime) -> int:
    """Make one digest of a channel's due messages where they are too many; return of how many: 0 where they are not."""
    backlog = _backlog(session, channel.name, now)
    recent = session.scalar(
        select(func.count()).where(
            NotificationRow.channel == channel.name,
            NotificationRow.kind == MessageKind.NOTICE.value,
            NotificationRow.state == DeliveryState.SENT.value,
            NotificationRow.finished > now - MINUTE,
        )
    )
    is_late = backlog.late > LATE_FEW
    if not is_late and not backlog.held and backlog.due + (recent or 0) <= channel.most_a_minute:
        return 0
    until = _digest_until(session, channel.name)
    if backlog.first is not None and not is_late and backlog.due <= channel.most_a_minute:
        until = backlog.first + MINUTE if until is None else max(until, backlog.first + MINUTE)
    if until is not None and until > now:
        session.execute(
            update(NotificationRow).where(_due(channel.name, MessageKind.NOTICE, now)).values(next_try=until)
        )
        return 0
    if backlog.due < 2:
        return 0
    _make_digest(session, channel.name, now)
    return backlog.due


def _digest_until(session: Session, name: str) -> datetime | None:
    """Return when the next digest of a channel may be made; ``None`` before its first."""
    newest = session.scalar(
        select(func.max(NotificationRow.created)).where(
            NotificationRow.channel == name, NotificationRow.kind == MessageKind.DIGEST.value
        )
    )
    return None if newest is None else newest + MINUTE


def _backlog(session: Session, name: str, now: datetime) -> _Backlog:
    due_now = _due(name, MessageKind.NOTICE, now)
    is_late = NotificationRow.occurred <= now - LATE_AFTER
    is_held = and_(NotificationRow.attempts == 0, NotificationRow.next_try > NotificationRow.not_before)
    due, late, held = session.execute(
        select(func.count(), func.count().filter(is_late), func.count().filter(is_held)).where(due_now)
    ).one()
    first = session.scalar(
        select(func.min(NotificationRow.not_before)).where(
            NotificationRow.channel == name,
            NotificationRow.kind == MessageKind.NOTICE.value,
            NotificationRow.state == DeliveryState.WAITING.value,
            NotificationRow.not_before <= now,
            NotificationRow.claim == "",
        )
    )
    return _Backlog(due, late, held, first)


def _make_digest(session: Session, name: str, now: datetime) -> None:
    digest_id = secrets.token_hex(16)
    waiting = select(NotificationRow.notification_id).where(_due(name, MessageKind.DIGEST, now))
    older = list(session.scalars(waiting))
    session.execute(
        update(NotificationRow)
        .where(
            or_(
                _due(name, MessageKind.NOTICE, now),
                NotificationRow.digest_id.in_(older),
                NotificationRow.notification_id.in_(older),
            )
        )
        .values(digest_id=digest_id, state=DeliveryState.GATHERED.value, finished=now)
    )
    gathered = and_(NotificationRow.digest_id == digest_id, NotificationRow.kind == MessageKind.NOTICE.value)
    first = session.scalars(
        select(NotificationRow).where(gathered).order_by(NotificationRow.urgency, NotificationRow.seq).limit(1)
    ).one()
    digest = _digest(session, gathered, first)
    session.add(
        NotificationRow(
            notification_id=digest_id,
            kind=MessageKind.DIGEST.value,
            event=DIGEST,
            event_cursor=None,
            channel=name,
            language=first.language,
            lead_id="",
            priority=first.priority,
            urgency=first.urgency,
            code="",
            lead_state="",
            document=stored(digest),
            state=DeliveryState.WAITING.value,
            created=now,
            occurred=digest.since,
            not_before=session.scalar(select(func.min(NotificationRow.not_before)).where(gathered)),
            next_try=now,
            give_up=now + GIVE_UP,
        )
    )
    session.flush()


def _digest(session: Session, gathered: ColumnElement[bool], first: NotificationRow) -> Digest:
    """Count the messages that were gathered; of a lead with several the newest tells how it stands."""
    messages, since, until = session.execute(
        select(func.count(), func.min(NotificationRow.occurred), func.max(NotificationRow.occurred)).where(gathered)
    ).one()
    of_leads = and_(gathered, NotificationRow.lead_id != "")
    newest = NotificationRow.seq.in_(
        select(func.max(NotificationRow.seq)).where(of_leads).group_by(NotificationRow.lead_id)
    )
    named = session.scalars(
        select(NotificationRow)
        .where(newest)
        .order_by(NotificationRow.urgency, NotificationRow.occurred, NotificationRow.seq)
        .limit(MOST_NAMED)
    )
    notice = read_document(session, Notice, str(first.seq), first.document, of="notifications")
    return Digest(
        messages=messages,
        leads=session.scalar(select(func.count()).where(newest)) or 0,
        since=since,
        until=until,
        priorities=_counts(session, newest, "priority"),
        codes=_counts(session, newest, "code"),
        states=_counts(session, newest, "lead_state"),
        others=_counts(session, and_(gathered, NotificationRow.lead_id == ""), "event"),
        named=[
            NamedLead(
                lead_id=row.lead_id,
                code=row.code,
                priority=Priority(row.priority) if row.priority else None,
                state=row.lead_state,
            )
            for row in named
        ],
        timezone="Asia/Shanghai" if notice is None else notice.timezone,
    )


def _counts(session: Session, among: ColumnElement[bool], name: str) -> dict[str, int]:
    column: ColumnElement[str] = getattr(NotificationRow, name)
    count = func.count()
    rows = session.execute(
        select(column, count)
        .where(among, column != "")
        .group_by(column)
        .order_by(count.desc(), column)
        .limit(MOST_KINDS)
    )
    return {word: number for word, number in rows}  # noqa: C416  (rows are not tuples to a type checker)


def _due(name: str, kind: MessageKind, now: datetime) -> ColumnElement[bool]:
    """Return the condition of a channel's messages whose turn it is; one that is being sent has its turn later."""
    return and_(
        NotificationRow.channel == name,
        NotificationRow.kind == kind.value,
        NotificationRow.state == DeliveryState.WAITING.value,
        NotificationRow.next_try <= now,
    )
