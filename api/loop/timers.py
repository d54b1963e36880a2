"""Timers: every few seconds the leads that wait too long are told of, and what is over goes into the archive."""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.checks.use import expire_checks
from api.clock import utc_now
from api.contract.wire.role import SYSTEM, LoopRole
from api.contract.wire.state import LeadState
from api.loop.watching import finish_watching
from api.state import ApiState
from api.store.checks.codes import checks_over
from api.store.loop.clock import take_alarms
from api.store.tables import LeadRow
from api.store.transitions import OPERATOR_MOVES, move_lead

log = structlog.get_logger(__name__)

PERIOD_S = 5.0
MOST = 200
"""Alarms of one turn; further ones come with the next, at once."""


class Timers:
    """Keeps the clocks of all leads; of several API processes the one that holds the writing transaction does it."""

    def __init__(self, state: ApiState) -> None:
        self._state = state

    async def run(self) -> None:
        """Take turns until cancelled."""
        while True:
            count = await run_in_threadpool(self.turn, utc_now())
            if count:
                await self._state.broker.ring()
            await asyncio.sleep(0 if count >= MOST else PERIOD_S)

    def turn(self, now: datetime) -> int:
        """Take what is due; return how much that was. Nothing is written where nothing is due."""
        with self._state.database.reading() as session:
            waits = session.scalar(select(LeadRow.lead_id).where(LeadRow.alarm_at <= now).limit(1))
            if waits is None and not checks_over(session, now, 1):
                return 0
        with self._state.database.writing() as session:
            over = _archive(session, now) + expire_checks(session, now, MOST) + finish_watching(session, now, MOST)
            alarms = take_alarms(session, now, MOST)
        if alarms:
            log.info("leads wait too long", count=len(alarms), overdue=sum(alarm.level >= 100 for alarm in alarms))
        return len(alarms) + over


def _archive(session: Session, now: datetime) -> int:
    """Move closed leads whose days are over into the archive; return how many."""
    rows = select(LeadRow.lead_id, LeadRow.version).where(
        LeadRow.alarm_at <= now, LeadRow.due <= now, LeadRow.state == LeadState.CLOSED.value
    )
    due = session.execute(rows.limit(MOST)).all()
    for lead_id, version in due:
        move_lead(
            session,
            lead_id,
            LeadState.ARCHIVED,
            version=version,
            user=SYSTEM,
            role=LoopRole.ANALYSER,
            reason="closed for 30 days",
            at=now,
            moves=OPERATOR_MOVES,
        )
    return len(due)
