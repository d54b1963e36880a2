"""
Camera roster: which cameras are to be watched, as the bus holds it for the workers (`api.contract.bus.CAMERAS`).

It is made from the database, at each change and again and again: what a restarted bus has forgotten is added, what is
there twice or belongs to no camera is taken away. Each step is one script, so that no crash leaves half of it.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import cast

import structlog
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError
from starlette.concurrency import run_in_threadpool

from api.contract.bus import (
    CAMERAS,
    DESIRED_CAMERAS,
    DESIRED_MARKER,
    NOBODY,
    SETTLE_MS,
    WATCHERS,
    generation_of,
    worker_key,
)
from api.contract.wire.camera import CameraDocument
from api.fleet.broker import Broker, bus_faults
from api.store.cameras import list_cameras
from api.store.database import Database

log = structlog.get_logger(__name__)

FULL_PERIOD_S = 60.0
"""Between two comparisons of every entry; in between only counts and the list's digest are compared."""

_STANDS = """
-- Return 1 where the list is the wanted one and each of its cameras has one entry, and each entry a holder.
local count = tonumber(ARGV[3])
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] or redis.call('XLEN', KEYS[2]) ~= count then return 0 end
local pending = redis.pcall('XPENDING', KEYS[2], ARGV[4])
if pending.err or pending[1] ~= count then return 0 end
return 1
"""

_PUBLISH = """
-- Write the list, give each camera one entry, and each entry that nobody has to NOBODY. Return {added, removed}.
local list, cameras = KEYS[1], KEYS[2]
local group, nobody, marker, digest, settled, reports = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local first = 7
local lost = redis.call('HEXISTS', list, marker) == 0
redis.call('DEL', list)
local wanted = {}
for i = first, #ARGV, 3 do
  redis.call('HSET', list, ARGV[i], ARGV[i + 1])
  if ARGV[i + 2] ~= '' then wanted[ARGV[i]] = ARGV[i + 2] end
end
redis.call('HSET', list, marker, digest)
redis.pcall('XGROUP', 'CREATE', cameras, group, '0', 'MKSTREAM')
redis.call('XREADGROUP', 'GROUP', group, nobody, 'STREAMS', cameras, '>')
local holder = {}
for _, pending in ipairs(redis.call('XPENDING', cameras, group, '-', '+', 1000000)) do
  holder[pending[1]] = pending[2]
end
local entries, chosen = {}, {}
for _, entry in ipairs(redis.call('XRANGE', cameras, '-', '+')) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  local id, camera = entry[1], fields['camera'] or ''
  entries[id] = camera
  if holder[id] and wanted[camera] == fields['generation'] then
    if not chosen[camera] or (holder[chosen[camera]] == nobody and holder[id] ~= nobody) then chosen[camera] = id end
  end
end
local removed = 0
for id, camera in pairs(entries) do
  if chosen[camera] ~= id then
    redis.call('XACK', cameras, group, id)
    removed = removed + redis.call('XDEL', cameras, id)
  end
end
for id in pairs(holder) do
  if not entries[id] then redis.call('XACK', cameras, group, id) end
end
local added = {}
for i = first, #ARGV, 3 do
  if ARGV[i + 2] ~= '' and not chosen[ARGV[i]] then
    added[#added + 1] = redis.call('XADD', cameras, '*', 'camera', ARGV[i], 'generation', ARGV[i + 2])
  end
end
if #added > 0 then redis.call('XREADGROUP', 'GROUP', group, nobody, 'STREAMS', cameras, '>') end
for _, id in ipairs(added) do
  redis.call('XCLAIM', cameras, group, nobody, 0, id, 'IDLE', lost and 0 or settled, 'JUSTID')
end
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', cameras, group)) do
  local about = {}
  for i = 1, #consumer, 2 do about[consumer[i]] = consumer[i + 1] end
  local silent = redis.call('EXISTS', reports .. about['name']) == 0
  if about['pending'] == 0 and about['idle'] > 3600000 and silent and about['name'] ~= nobody then
    redis.call('XGROUP', 'DELCONSUMER', cameras, group, about['name'])
  end
end
return {#added, removed}
"""


@dataclass(frozen=True, slots=True)
class RosterChange:
    """What a publication has changed: entries added and removed."""

    added: int
    removed: int


class CameraRoster:
    """
    Publishes the cameras that are registered for any worker; one publication at a time.

    Raises `BusDown` where the bus does not answer.
    """

    def __init__(self, broker: Broker, database: Database) -> None:
        self._redis = broker.redis
        self._database = database
        self._stands: AsyncScript = broker.redis.register_script(_STANDS)
        self._publish: AsyncScript = broker.redis.register_script(_PUBLISH)
        self._one_at_a_time = asyncio.Lock()
        self._full_at = 0.0

    async def publish(self) -> RosterChange:
        """Make the bus hold exactly the registered cameras."""
        async with self._one_at_a_time:
            return await self._write(await run_in_threadpool(self._wanted))

    async def reconcile(self) -> None:
        """Publish where the bus differs in a count or the digest, and every `FULL_PERIOD_S` in any case."""
        async with self._one_at_a_time:
            cameras = await run_in_threadpool(self._wanted)
            now = asyncio.get_running_loop().time()
            if now < self._full_at and await self._agrees(cameras):
                return
            change = await self._write(cameras)
            self._full_at = now + FULL_PERIOD_S
        if change != RosterChange(0, 0):
            log.info("cameras reconciled", added=change.added, removed=change.removed)

    async def unclaimed(self) -> int:
        """Return how many cameras to be watched no worker has claimed."""
        with bus_faults():
            try:
                pending = cast("dict[str, object]", await self._redis.xpending(CAMERAS, WATCHERS))
            except ResponseError:  # no such group: nothing was ever registered, or the bus has just been emptied
                return 0
        holders = cast("list[dict[str, object]]", pending["consumers"])
        return sum(int(str(holder["pending"])) for holder in holders if holder["name"] == NOBODY.encode())

    def _wanted(self) -> list[CameraDocument]:
        with self._database.reading() as session:
            return [camera for camera in list_cameras(session) if not camera.configured_by]

    async def _agrees(self, cameras: list[CameraDocument]) -> bool:
        enabled = sum(camera.enabled for camera in cameras)
        with bus_faults():
            return bool(
                await self._stands(
                    keys=[DESIRED_CAMERAS, CAMERAS], args=[DESIRED_MARKER, _digest(_rows(cameras)), enabled, WATCHERS]
                )
            )

    async def _write(self, cameras: list[CameraDocument]) -> RosterChange:
        rows = _rows(cameras)
        with bus_faults():
            added, removed = await self._publish(
                keys=[DESIRED_CAMERAS, CAMERAS],
                args=[WATCHERS, NOBODY, DESIRED_MARKER, _digest(rows), SETTLE_MS, worker_key(""), *rows],
            )
        return RosterChange(int(added), int(removed))


def _rows(cameras: list[CameraDocument]) -> list[str]:
    """Return id, document and generation of each camera, one after the other; no generation: not to be watched."""
    rows: list[str] = []
    for camera in cameras:
        document = camera.model_dump_json()
        rows += [camera.id, document, generation_of(document.encode()) if camera.enabled else ""]
    return rows


def _digest(rows: list[str]) -> str:
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
