"""
Clock: until when a lead should leave the state it is in, and whose turn it is to be told that it did not.

It is kept in the lead's row and written in the transaction of the move, so no restart forgets it. Alarms are taken in
the writing transaction, which only one process holds: none is given twice. After an outage a lead gives its highest
alarm alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import chinese_calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.loop.limits import LEVELS, SILENT, TIMER_NAMES, due_at, level_at, moment_of
from api.contract.loop.moves import MOVES
from api.contract.wire.event import EventType
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import rfc3339
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState
from api.store.events import Scalar, append_event
from api.store.loop.tables import CalendarDayRow
from api.store.tables import LeadRow

_SATURDAY = 5
DEADLINES = frozenset({LeadState.WARN_ONLY, LeadState.RECTIFY_NO_PENALTY, LeadState.DECIDED})
"""States that end when the enterprise's own deadline is over."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A lead that waits too long: the share of its time that is over, in per cent, and who is told."""

    lead_id: str
    level: int
    role: LoopRole


def working_days(session: Session) -> Callable[[date], bool]:
    """
    Return which days are working days in Beijing: the site's own list first, then the calendar of public holidays.

    For a year whose holidays are not published in the calendar, Monday to Friday.
    """
    own = {date.fromisoformat(row.day): row.working for row in session.scalars(select(CalendarDayRow))}

    def is_working(day: date) -> bool:
        if day in own:
            return own[day]
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            return day.weekday() < _SATURDAY

    return is_working


def due_of(session: Session, lead: LeadDocument, at: datetime) -> datetime | None:
    """Return when a lead that enters its state now is due; ``None``: it may wait."""
    deadline = lead.handling.deadline if lead.handling is not None else None
    if lead.state in DEADLINES and deadline is not None:
        return deadline
    return due_at(lead.state, lead.priority, lead.violation_code, at, working_days(session))


def limit_of(session: Session, lead: LeadDocument, entered: datetime) -> datetime | None:
    """Return when a lead that entered its state at a time is due by the table alone, without extension."""
    return due_at(lead.state, lead.priority, lead.violation_code, entered, working_days(session))


def restart_alarms(row: LeadRow, due: datetime, now: datetime) -> None:
    """Give a lead's state another end; alarms that lie before `now` are not given again."""
    row.due = due
    entered = now if row.entered is None else row.entered
    coming = [moment for level in LEVELS if (moment := moment_of(level, entered, due)) > now]
    row.alarm_at = coming[0] if coming else None


def timed(lead: LeadDocument, due: datetime | None) -> LeadDocument:
    """Return the lead with the end of its state as it is shown."""
    return lead.model_copy(update={"timers": {} if due is None else {TIMER_NAMES[lead.state]: due}})


def set_clock(row: LeadRow, at: datetime, due: datetime | None) -> None:
    """Start the clock of the state that a lead entered."""
    row.entered, row.due, row.proposed = at, due, False
    row.alarm_at = None if due is None else _first_alarm(LeadState(row.state), at, due)


def take_alarms(session: Session, now: datetime, most: int = 200) -> list[Alarm]:
    """Return the alarms that are due and write each as a wall event; needs the writing transaction."""
    rows = session.scalars(select(LeadRow).where(LeadRow.alarm_at <= now).order_by(LeadRow.alarm_at).limit(most)).all()
    taken = []
    for row in rows:
        row.alarm_at = None
        if row.entered is None or row.due is None:
            continue
        level = level_at(row.entered, row.due, now)
        following = [each for each in LEVELS if each > level]
        if following:
            row.alarm_at = moment_of(following[0], row.entered, row.due)
        if level == 0:
            continue
        role = told_at(level, LeadState(row.state), is_proposed=row.proposed)
        taken.append(Alarm(row.lead_id, level, role))
        data: dict[str, Scalar] = {"level": level, "state": row.state, "priority": row.priority, "role": role.value}
        append_event(session, EventType.LEAD_TIMER, row.lead_id, now, data={**data, "due": rfc3339(row.due)})
    return taken


def told_at(level: int, state: LeadState, *, is_proposed: bool) -> LoopRole:
    """Return who is told: at 50 % who must act, at 100 % the dispatcher, at 150 % the head of unit."""
    if level >= LEVELS[2]:
        return LoopRole.HEAD
    if level >= LEVELS[1]:
        return LoopRole.DISPATCHER
    for move in MOVES[state]:
        if move.proposer is not None and not is_proposed:
            return move.proposer
        for role in LoopRole:
            if role in move.roles and role is not LoopRole.ANALYSER:
                return role
    return LoopRole.DISPATCHER


def _first_alarm(state: LeadState, entered: datetime, due: datetime) -> datetime:
    return moment_of(LEVELS[1] if state in SILENT else LEVELS[0], entered, due)
