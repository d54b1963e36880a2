"""Planner: new events of the wall's sequence become messages, in the transaction that moves the cursor past them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.contract.notify.messages import Notice
from api.contract.notify.rules import NotificationRule, NotifiedEvent
from api.notify.hours import end_of, is_within
from api.notify.notices import notice_of
from api.store.database import Database
from api.store.documents import note_row
from api.store.notify.channels import RoleChannels, channels_of_roles, list_channels
from api.store.notify.cursor import SourceEvent, advance_cursor, has_new_events, new_events
from api.store.notify.outbox import NewMessage, queue
from api.store.notify.rules import list_rules

BATCH = 200
"""Events of one transaction: it holds the store's one write lock."""


class Planner:
    """
    Makes messages of events; whichever process comes first, each event once.

    Args:
        database: holds events and outbox.
        timezone: IANA name of the site's zone, by which rules' hours are meant.
        clock: the time now, aware UTC.
    """

    def __init__(self, database: Database, timezone: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._zone = ZoneInfo(timezone)
        self._clock = clock

    def turn(self) -> int:
        """Make messages of all events that are new and return how many; blocks."""
        made = 0
        while (count := self._batch()) is not None:
            made += count
        return made

    def _batch(self) -> int | None:
        """Return how many messages the next events made; ``None`` where there are none."""
        with self._database.reading() as session:
            if not has_new_events(session):
                return None
        with self._database.writing() as session:
            rules = [each.rule for each in list_rules(session) if each.rule.enabled]
            channels = {each.name for each in list_channels(session)}
            people = channels_of_roles(session) if any(rule.roles for rule in rules) else RoleChannels()
            batch = new_events(session, BATCH)
            messages: list[NewMessage] = []
            now = self._clock()
            for event in batch.events if rules else ():
                notice = self._notice(session, event)
                if notice is not None:
                    messages += messages_of(rules, people, notice, event.cursor, now, self._zone)
            for message in messages:
                if message.channel in channels:
                    queue(session, message, now)
            advance_cursor(session, batch.cursor)
            return len(messages)

    def _notice(self, session: Session, event: SourceEvent) -> Notice | None:
        """Return what an event tells; ``None``, and a row that cannot be read, for one that no notice can hold."""
        try:
            return notice_of(session, event, self._zone.key)
        except ValidationError as fault:
            note_row(session, str(event.cursor), f"no notice can hold it: {fault.error_count()} errors", of="events")
            return None


def messages_of(
    rules: Sequence[NotificationRule],
    people: RoleChannels,
    notice: Notice,
    event_cursor: int,
    now: datetime,
    zone: ZoneInfo,
) -> Iterable[NewMessage]:
    """
    Return the messages that rules make of a notice: one a channel, as early as any of its rules lets it go.

    By roles a rule reaches those who hold them in the notice's division; where it has none, in the whole site.
    """
    found: dict[str, NewMessage] = {}
    for rule in rules:
        if not tells(rule, notice, zone):
            continue
        breaks = notice.priority in rule.breaks_quiet
        not_before = now if breaks else end_of(rule.quiet_hours, now, zone)
        for channel in (*rule.channels, *people.reached(rule.roles, notice.division)):
            known = found.get(channel)
            if known is None or not_before < known.not_before:
                found[channel] = NewMessage(notice, event_cursor, channel, rule.language, not_before)
    return found.values()


def tells(rule: NotificationRule, notice: Notice, zone: ZoneInfo) -> bool:
    """Whether a rule tells of a notice: all that it asks for holds, at the time of the event."""
    if notice.event not in rule.events:
        return False
    if rule.schedule and not is_within(rule.schedule, notice.at, zone):
        return False
    if rule.divisions and not any(notice.division.startswith(each) for each in rule.divisions):
        return False
    if notice.lead_id is None:
        return True
    if rule.levels and notice.event is NotifiedEvent.LEAD_TIMER and notice.level not in rule.levels:
        return False
    asked: tuple[tuple[Sequence[str], str | None], ...] = (
        (rule.priorities, notice.priority),
        (rule.codes, notice.code),
        (rule.states, notice.state),
    )
    return all(not allowed or value in allowed for allowed, value in asked)
