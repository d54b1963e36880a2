"""
Watcher group: one member's access to the stream of cameras on the bus and its pending entries.

What must be atomic is a script; the rest are plain Redis commands. The bus's keys and their rules are in
`api.contract.bus`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import redis

from api.contract import bus
from api.contract.shared_rows import SharedRows
from api.contract.wire.camera_health import CameraHealth
from api.contract.wire.worker import WorkerReport

_REFRESH_MS = 1_500
"""Milliseconds idle after which an entry of ours is claimed again: less writing than at every look."""

_MOST = 1_000_000
"""Limit of pending entries in an answer, more than there will ever be."""

_LOOK = """
-- Say who we are, keep our entries, and return {1, total, ours, free, stale, reports}; {0} where the list is lost.
local list, cameras, report = KEYS[1], KEYS[2], KEYS[3]
local group, me, nobody, marker, reports = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local settle, takeover, refresh = ARGV[6], ARGV[7], tonumber(ARGV[8])
local is_known = false
if redis.call('HEXISTS', list, marker) == 1 then
  local made = redis.pcall('XGROUP', 'CREATECONSUMER', cameras, group, me)
  is_known = type(made) == 'number'
end
local ours = {}
if is_known then
  for _, pending in ipairs(redis.call('XPENDING', cameras, group, '-', '+', ARGV[9], me)) do
    ours[#ours + 1] = pending[1]
    if pending[3] >= refresh then redis.call('XCLAIM', cameras, group, me, 0, pending[1], 'JUSTID') end
  end
end
redis.pcall('SET', report, ARGV[10], 'EX', ARGV[11])
if not is_known then return {0} end
local free = {}
for _, pending in ipairs(redis.call('XPENDING', cameras, group, 'IDLE', settle, '-', '+', ARGV[9], nobody)) do
  free[#free + 1] = pending[1]
end
local stale = #redis.call('XPENDING', cameras, group, 'IDLE', takeover, '-', '+', 1)
local said = {}
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', cameras, group)) do
  local about = {}
  for i = 1, #consumer, 2 do about[consumer[i]] = consumer[i + 1] end
  local text = redis.call('GET', reports .. about['name'])
  if text then said[#said + 1] = {text, about['pending'], about['name']} end
end
return {1, redis.call('XLEN', cameras), ours, free, stale, said}
"""

_MOVE = """
-- Move those entries that are still with one member to another, idle for so long; return their ids.
local moved = {}
for i = 5, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 1 then
    local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, ARGV[i], 'IDLE', ARGV[4], 'JUSTID')
    if #claimed == 1 then moved[#moved + 1] = ARGV[i] end
  end
end
return moved
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the stream of cameras; `generation` is the version of the camera's document."""

    entry_id: str
    camera: str
    generation: str


@dataclass(frozen=True, slots=True)
class View:
    """
    State of the group at one turn.

    Attributes:
        total: entries, one for each camera to be watched.

        ours: ids of the entries that this member holds, just kept.

        free: ids of the entries that are free to take.

        is_stale: whether the member of some entry has been silent long enough to be taken over.

        reports: of every live member.
    """

    total: int
    ours: frozenset[str]
    free: tuple[str, ...]
    is_stale: bool
    reports: tuple[WorkerReport, ...]


class WatcherGroup:
    """One member of the group; every method raises `redis.RedisError` where the bus does not answer."""

    def __init__(self, bus_client: redis.Redis, member: str) -> None:
        self.member = member
        self._redis = bus_client
        self._rows = SharedRows()
        self._look = bus_client.register_script(_LOOK)
        self._move = bus_client.register_script(_MOVE)

    def look(self, report: WorkerReport) -> View | None:
        """Keep our entries, send the report, and return the state; ``None`` where the bus has lost the list."""
        answer = self._look(
            keys=[bus.DESIRED_CAMERAS, bus.CAMERAS, bus.worker_key(self.member)],
            args=[
                bus.WATCHERS,
                self.member,
                bus.NOBODY,
                bus.DESIRED_MARKER,
                bus.worker_key(""),
                bus.SETTLE_MS,
                bus.TAKEOVER_MS,
                _REFRESH_MS,
                _MOST,
                report.model_dump_json(),
                bus.WORKER_TTL_S,
            ],
        )
        if not answer[0]:
            return None
        _, total, ours, free, stale, said = answer
        return View(
            total=total,
            ours=frozenset(entry.decode() for entry in ours),
            free=tuple(entry.decode() for entry in free),
            is_stale=bool(stale),
            reports=self._reports(said),
        )

    def _reports(self, said: Iterable[tuple[bytes, int, bytes]]) -> tuple[WorkerReport, ...]:
        """Return the members' reports, each with the number of entries that its member holds on the bus."""
        reports = []
        for text, held, member in said:
            key = bus.worker_key(member.decode(errors="replace"))
            report = self._rows.read("worker report", WorkerReport.model_validate_json, key, text)
            if report is not None:
                reports.append(report.model_copy(update={"held": held}))
        return tuple(reports)

    def take_free(self, entries: Sequence[str]) -> list[Entry]:
        """Claim free entries; return those that no other member took first."""
        if not entries:
            return []
        taken = self._redis.xclaim(bus.CAMERAS, bus.WATCHERS, self.member, bus.SETTLE_MS, list(entries))
        return _entries(taken)

    def take_over(self, count: int) -> list[Entry]:
        """Claim up to `count` entries whose member was silent too long, or that were free for as long."""
        taken: list[Entry] = []
        cursor = b"0-0"
        while len(taken) < count:
            cursor, found, *_ = cast(
                "tuple[bytes, list[object], object]",
                self._redis.xautoclaim(
                    bus.CAMERAS, bus.WATCHERS, self.member, bus.TAKEOVER_MS, cursor, count=count - len(taken)
                ),
            )
            taken += _entries(found)
            if cursor == b"0-0":
                break
        return taken

    def move(self, entries: Iterable[str], giver: str, taker: str, *, idle_ms: int = 0) -> frozenset[str]:
        """Move entries that are still with `giver` to `taker`, idle for `idle_ms`; return the moved ones."""
        wanted = list(entries)
        if not wanted:
            return frozenset()
        moved = self._move(keys=[bus.CAMERAS], args=[bus.WATCHERS, giver, taker, idle_ms, *wanted])
        return frozenset(entry.decode() for entry in moved)

    def give_back(self, entries: Iterable[str], *, at_once: bool = True) -> frozenset[str]:
        """Free entries of ours; with `at_once` anybody may take them now."""
        return self.move(entries, self.member, bus.NOBODY, idle_ms=bus.SETTLE_MS if at_once else 0)

    def entries(self, entry_ids: Iterable[str]) -> list[Entry]:
        """Return these entries; those that are gone are left out."""
        with self._redis.pipeline(transaction=False) as pipe:
            for entry_id in entry_ids:
                pipe.xrange(bus.CAMERAS, entry_id, entry_id)
            return [entry for found in pipe.execute() for entry in _entries(found)]

    def holders(self) -> dict[str, tuple[Entry, str]]:
        """Return the entry of every camera and the member that holds it."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.xrange(bus.CAMERAS)
            pipe.xpending_range(bus.CAMERAS, bus.WATCHERS, "-", "+", _MOST)
            found, pending = pipe.execute()
        holder = {one["message_id"].decode(): one["consumer"].decode() for one in pending}
        return {entry.camera: (entry, holder.get(entry.entry_id, bus.NOBODY)) for entry in _entries(found)}

    def documents(self, cameras: Sequence[str]) -> dict[str, bytes]:
        """Return the documents of those cameras that the list holds."""
        if not cameras:
            return {}
        found = cast("list[bytes | None]", self._redis.hmget(bus.DESIRED_CAMERAS, list(cameras)))
        return {camera: text for camera, text in zip(cameras, found, strict=True) if text is not None}

    def tell(self, health: Sequence[CameraHealth]) -> None:
        """Send the health of cameras that are not watched."""
        with self._redis.pipeline(transaction=False) as pipe:
            for camera in health:
                pipe.set(bus.state_key(camera.camera_id), camera.model_dump_json(), ex=bus.STATE_TTL_S)
            pipe.execute()

    def leave(self) -> None:
        """Remove this member's report."""
        self._redis.delete(bus.worker_key(self.member))


def _entries(found: object) -> list[Entry]:
    """Return stream entries; before Redis 7 a claim of an entry that is gone gives ``None``, which is left out."""
    entries = []
    for entry_id, fields in cast("list[tuple[bytes | None, dict[bytes, bytes] | None]]", found or []):
        if entry_id is not None and fields is not None:
            camera = fields.get(bus.ENTRY_CAMERA.encode(), b"").decode()
            generation = fields.get(bus.ENTRY_GENERATION.encode(), b"").decode()
            entries.append(Entry(entry_id.decode(), camera, generation))
    return entries
