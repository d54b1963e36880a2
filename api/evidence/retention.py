"""
Retention: which packages may be deleted, and warnings when the vault's room (`api.evidence.capacity`) runs short.

Nothing is deleted for lack of room: a full vault refuses new packages (503; the nodes' outboxes keep them) until a
person makes room, and the warning comes long before. A package is deleted only after the retention time of its class,
without a legal hold, and only if the site has enabled it (``PLUMEWATCH_RETENTION_DELETES``); each deletion is a leaf of
the log before the first byte is removed. The attachments of its lead go with a package.
"""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.wire.event import EventType
from api.evidence.capacity import RoomLevel, VaultState, rule_of, vault_state
from api.evidence.vault import Vault, VaultError
from api.metrics import Metrics
from api.settings import Settings
from api.state import ApiState
from api.store.database import Database
from api.store.events import append_event, newest_event
from api.store.evidence.holds import delete_package, deleted_packages, due_packages
from api.store.faults import IllegalMove

log = structlog.get_logger(__name__)

LOOK_S = 300.0
PIECE = 100
"""Packages deleted between two looks at the room."""
BY = "system:retention"


def prune(database: Database, vault: Vault, settings: Settings, now: datetime) -> int:
    """
    Delete packages that are due, leaf first, and erase what an earlier cut left; return how many were deleted; blocks.

    A package is left alone if it was put on hold, decided anew, or deleted by another process since the list. Raises
    `VaultError` where a package cannot be erased; its deletion stands, and `erase_left_overs` completes it.
    """
    erased = 0
    while True:
        with database.reading() as session:
            due = due_packages(session, rule_of(settings), now, PIECE)
        if not due:
            break
        for package in due:
            reason = f"kept for {rule_of(settings).days(package.kind)} days as {package.kind}"
            try:
                with database.writing() as session:
                    index = delete_package(session, package, rule_of(settings), reason=reason, by=BY, at=now)
            except IllegalMove as refused:
                log.info("package not deleted", lead=package.lead_id, reason=str(refused))
                continue
            vault.erase(package.sums_sha256)
            vault.attachments.erase(package.lead_id)
            erased += 1
            log.info("package deleted", lead=package.lead_id, retention=package.kind.value, log_index=index)
    return erased


def erase_left_overs(database: Database, vault: Vault) -> int:
    """
    Erase packages whose deletion is recorded but that are still in the vault, and their leads' attachments; blocks.

    Returns of how many leads something was left.
    """
    with database.reading() as session:
        gone = deleted_packages(session)
    return sum(vault.erase(sums) | vault.attachments.erase(lead_id) for lead_id, sums in gone)


class Retention:
    """Checks the vault's room; reports changes of its level to metrics, log and wall."""

    def __init__(self, state: ApiState) -> None:
        self._state = state
        self._told: RoomLevel | None = None
        self._owes = False

    async def run(self) -> None:
        """Check until cancelled; to be run by `api.fleet.broker.keep_running`."""
        await run_in_threadpool(erase_left_overs, self._state.database, self._state.vault)
        while True:
            if await run_in_threadpool(self.look):
                await self._state.broker.ring()
            await asyncio.sleep(LOOK_S)

    def look(self) -> bool:
        """Delete what is due where that is allowed, measure, and return whether the level is another one; blocks."""
        state, now = self._state, utc_now()
        if state.settings.retention_deletes:
            try:
                if self._owes:
                    erase_left_overs(state.database, state.vault)
                self._owes = False
                prune(state.database, state.vault, state.settings, now)
            except VaultError:
                self._owes = True
                log.exception("deleted package cannot be erased yet")
        found = vault_state(state.database, state.vault, state.settings, now)
        state.room.found = found
        _count(state.metrics, found)
        if self._told is None:
            with state.database.reading() as session:
                self._told = _last_told(session)
        before, self._told = self._told, found.level
        if found.level is before:
            return False
        tell = log.info if found.level is RoomLevel.AMPLE else log.warning
        free = None if found.space is None else found.space.free
        tell("vault room", level=found.level.value, before=before.value, free_bytes=free, days_left=found.days_left)
        data = {"level": found.level.value, "before": before.value, "free_bytes": free, "days_left": found.days_left}
        with state.database.writing() as session:
            append_event(session, EventType.VAULT_CHANGED, "vault", now, data=data)
        return True


def _last_told(session: Session) -> RoomLevel:
    event = newest_event(session, EventType.VAULT_CHANGED)
    return RoomLevel.AMPLE if event is None else RoomLevel(str(event.data["level"]))


def _count(metrics: Metrics, found: VaultState) -> None:
    held = found.stock
    for name, value in (("kept", held.packages), ("held", held.held), ("due", held.due), ("deleted", held.deleted)):
        metrics.vault_packages.labels(state=name).set(value)
    metrics.vault_bytes.set(held.size)
    if found.space is not None:
        metrics.vault_free_bytes.set(found.space.free)
    if found.days_left is not None:
        metrics.vault_days_left.set(found.days_left)
    for level in RoomLevel:
        metrics.vault_room.labels(level=level.value).set(level is found.level)
