"""Access log: puts the custody records into the append-only log, within the hour."""

import asyncio
from datetime import timedelta

import structlog
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.state import ApiState
from api.store.evidence.access import log_accesses, waiting_since

log = structlog.get_logger(__name__)

LOOK_S = 30.0


class AccessLog:
    """Appends a leaf over the new custody entries once the oldest of them has waited for the settings' time."""

    def __init__(self, state: ApiState) -> None:
        self._state = state
        self._patience = timedelta(seconds=state.settings.access_log_period_s)

    async def run(self) -> None:
        """Check until cancelled; to be run by `api.fleet.broker.keep_running`."""
        while True:
            await run_in_threadpool(self.look)
            await asyncio.sleep(LOOK_S)

    def look(self) -> int | None:
        """Log the records that are due; return the leaf's index, ``None`` without any; blocks."""
        now = utc_now()
        with self._state.database.reading() as session:
            oldest = waiting_since(session)
        if oldest is None or now - oldest < self._patience:
            return None
        with self._state.database.writing() as session:
            index = log_accesses(session, now)
        log.info("accesses logged", log_index=index)
        return index
