"""Announcements: confirmed leads without a finished package, read from the bus and shown on the wall at once."""

import base64
import binascii
import os
import socket

import structlog
from pydantic import ValidationError
from redis.exceptions import ResponseError
from sqlalchemy.exc import DataError
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.bus import LEADS_ANNOUNCED
from api.contract.wire.lead import LeadAnnouncement
from api.fleet.broker import Broker, Entry, bus_faults
from api.metrics import Metrics
from api.store.database import Database
from api.store.leads import announce_lead

log = structlog.get_logger(__name__)

GROUP = "api"
BATCH = 20
BLOCK_MS = 5000
ABANDONED_MS = 60_000
"""An entry that another API process took and has not stored for this long is taken over."""
_JPEG = b"\xff\xd8\xff"


class AnnouncementReader:
    """
    Reads announcements as a member of one consumer group, so that each is stored once and none is lost by a restart.

    An announcement that cannot be read, or holds what no column can, is counted, logged and let go: it must not block
    those behind it; the lead itself still comes with its package.
    """

    def __init__(self, broker: Broker, database: Database, metrics: Metrics) -> None:
        self._broker = broker
        self._redis = broker.redis
        self._database = database
        self._metrics = metrics
        self._name = f"{socket.gethostname()}-{os.getpid()}"

    async def run(self) -> None:
        """Read until cancelled; to be run by `api.fleet.broker.keep_running`."""
        with bus_faults():
            try:
                await self._redis.xgroup_create(LEADS_ANNOUNCED, GROUP, id="0", mkstream=True)
            except ResponseError as fault:
                if "BUSYGROUP" not in str(fault):
                    raise
        await self._store(await self._broker.claim_entries(LEADS_ANNOUNCED, GROUP, self._name, ABANDONED_MS, BATCH))
        while True:
            entries = await self._broker.read_group(LEADS_ANNOUNCED, GROUP, self._name, count=BATCH, block_ms=BLOCK_MS)
            if not entries:
                entries = await self._broker.claim_entries(LEADS_ANNOUNCED, GROUP, self._name, ABANDONED_MS, BATCH)
            await self._store(entries)

    async def _store(self, entries: list[Entry]) -> None:
        if not entries:
            return
        if await run_in_threadpool(self._write, entries):
            await self._broker.ring()
        with bus_faults():
            await self._redis.xack(LEADS_ANNOUNCED, GROUP, *(identity for identity, _ in entries))

    def _write(self, entries: list[Entry]) -> int:
        stored = 0
        for identity, fields in entries:
            try:
                announcement = LeadAnnouncement.model_validate_json(fields.get("announcement", b""))
                still = _read_still(announcement.still_jpeg_b64)
            except (ValidationError, ValueError) as fault:
                self._metrics.announcements.labels(result="unreadable").inc()
                log.warning("announcement cannot be read", entry=identity, error=type(fault).__name__)
                continue
            try:
                with self._database.writing() as session:
                    fresh = announce_lead(session, announcement.lead, still, utc_now())
            except (DataError, OverflowError) as fault:  # no second try would store it
                self._metrics.announcements.labels(result="unreadable").inc()
                log.warning("announcement cannot be stored", entry=identity, error=type(fault).__name__)
                continue
            self._metrics.announcements.labels(result="stored" if fresh else "known").inc()
            stored += fresh
        return stored


def _read_still(text: str) -> bytes | None:
    """Return the JPEG in base64 ``text``, ``None`` for no text; raise `ValueError` for anything else."""
    if not text:
        return None
    try:
        still = base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise ValueError("the picture is not base64") from fault
    if not still.startswith(_JPEG):
        raise ValueError("the picture is not a JPEG")
    return still
