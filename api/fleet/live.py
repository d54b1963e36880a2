"""
Live: one viewer of one camera, from the bus to a WebSocket.

A viewer gets the newest initialisation segment, the clock message that goes with it, the newest fragment that starts
with a key frame, and then everything in order. The stream is capped, so that its initialisation falls off; the newest
one is kept in a key of its own. A viewer holds at most one batch of entries: one that reads too slowly is moved to the
newest key frame instead of being queued for, and the worker never notices.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import structlog

from api.contract.bus import WANTED_TTL_S, LiveEntry, init_key, live_key, wanted_key
from api.fleet.broker import Entry
from api.metrics import Metrics

log = structlog.get_logger(__name__)

BATCH = 16
PAGE = 32
BLOCK_MS = 2000
WANTED_PERIOD_S = 3.0
SLOW_MS = 2000
"""A viewer this far behind the newest entry is moved to the newest key frame."""


class LiveBus(Protocol):
    """What a viewer needs of `api.fleet.broker.Broker`."""

    async def read_stream(self, key: str, after: str, *, count: int, block_ms: int) -> list[Entry]:
        """Return entries after an id, waiting for the first."""
        ...

    async def read_back(self, key: str, before: str, *, count: int) -> list[Entry]:
        """Return entries before an id, newest first."""
        ...

    async def get_hash(self, key: str) -> dict[str, bytes]:
        """Return a hash's fields, empty when it is not there."""
        ...

    async def set_for(self, key: str, seconds: int) -> None:
        """Set a key that expires after ``seconds``."""
        ...


class Socket(Protocol):
    """What a viewer needs of a WebSocket."""

    async def send_text(self, data: str) -> None:
        """Send JSON."""
        ...

    async def send_bytes(self, data: bytes) -> None:
        """Send a segment."""
        ...


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """Entries to send first, and the id after which to go on."""

    entries: tuple[Entry, ...]
    after: str


class _Awaiting(Enum):
    """What a viewer must get next before anything else makes sense."""

    INIT = auto()
    KEYFRAME = auto()
    NOTHING = auto()


class LiveViewer:
    """Sends one camera's live tile to one WebSocket until it is cancelled or the socket breaks."""

    def __init__(self, camera_id: str, bus: LiveBus, socket: Socket, metrics: Metrics) -> None:
        self._camera_id = camera_id
        self._key = live_key(camera_id)
        self._bus = bus
        self._socket = socket
        self._metrics = metrics
        self._awaiting = _Awaiting.INIT

    async def want(self) -> None:
        """Tell the worker that a viewer is there."""
        await self._bus.set_for(wanted_key(self._camera_id), WANTED_TTL_S)

    async def keep_wanting(self) -> None:
        """Tell the worker again every few seconds."""
        while True:
            await asyncio.sleep(WANTED_PERIOD_S)
            await self.want()

    async def run(self) -> None:
        """Send until cancelled; raise `api.fleet.broker.BusDown` when the bus goes away."""
        await self.want()
        after = await self._start()
        while True:
            entries = await self._bus.read_stream(self._key, after, count=BATCH, block_ms=BLOCK_MS)
            if len(entries) == BATCH and await self._lag_ms(entries[-1][0]) > SLOW_MS:
                ahead = await self._start("" if self._awaiting is _Awaiting.INIT else after)
                if ahead != after:
                    self._metrics.live_skips.inc()
                    log.debug("live viewer skips to the newest key frame", camera=self._camera_id)
                    after = ahead
                    continue
            for entry in entries:
                await self._send(entry)
                after = entry[0]

    async def _start(self, seen: str = "") -> str:
        start = await find_start(self._bus, self._camera_id, seen)
        if not start.entries and start.after != seen:
            self._awaiting = _Awaiting.INIT
        for entry in start.entries:
            await self._send(entry)
        return start.after

    async def _lag_ms(self, after: str) -> int:
        newest = await self._bus.read_back(self._key, "+", count=1)
        return _milliseconds(newest[0][0]) - _milliseconds(after) if newest else 0

    async def _send(self, entry: Entry) -> None:
        fields = entry[1]
        match fields.get("kind", b"").decode():
            case LiveEntry.INIT:
                await self._socket.send_text(fields["data"].decode())
                await self._socket.send_bytes(fields["segment"])
                self._awaiting = _Awaiting.KEYFRAME
            case LiveEntry.MEDIA:
                if self._awaiting is _Awaiting.KEYFRAME and fields.get("key") == b"1":
                    self._awaiting = _Awaiting.NOTHING
                if self._awaiting is _Awaiting.NOTHING:
                    await self._socket.send_bytes(fields["data"])
            case LiveEntry.MESSAGE:
                if self._awaiting is not _Awaiting.INIT:
                    await self._socket.send_text(fields["data"].decode())


async def find_start(bus: LiveBus, camera_id: str, seen: str = "") -> StartingPoint:
    """
    Return the first entries for a viewer that joins now, or that has fallen behind.

    Looks back page by page for the newest initialisation; of what came after it, the newest clock message before the
    newest key frame and that key frame. An initialisation that has fallen off the stream comes from its own key, unless
    it belongs to another epoch than the stream's messages. Without any the viewer waits for the next one.

    Args:
        bus: where the stream is.

        camera_id: the stream's camera.

        seen: id of the last entry that the viewer got, whose initialisation it therefore has; empty for none.
    """
    kept = await bus.get_hash(init_key(camera_id))  # before the stream: an initialisation after this is found there
    found = _Found()
    before, newest = "+", ""
    while page := await bus.read_back(live_key(camera_id), before, count=PAGE):
        newest = newest or page[0][0]
        for entry in page:
            if seen and _order(entry[0]) <= _order(seen):
                return found.starting_point(None, seen)
            if entry[1].get("kind") == LiveEntry.INIT.encode():
                return found.starting_point(entry, entry[0])
            found.look_at(entry)
        before = page[-1][0]
    if found.keyframe is not None and found.agrees_with(kept):
        return found.starting_point(("", {"kind": LiveEntry.INIT.encode(), **kept}), newest)
    return StartingPoint((), newest or "0-0")


@dataclass(slots=True)
class _Found:
    """The entries found so far by reading back, newest first."""

    keyframe: Entry | None = None
    clock: Entry | None = None
    epoch: str = ""
    """Of the newest message; a stream without an initialisation holds but one."""

    def look_at(self, entry: Entry) -> None:
        """Take in the entry before the last one."""
        fields = entry[1]
        kind = fields.get("kind", b"").decode()
        if kind == LiveEntry.MEDIA and self.keyframe is None and fields.get("key") == b"1":
            self.keyframe = entry
            self.clock = None  # a later one is sent in order anyway
        elif kind == LiveEntry.MESSAGE and not (self.clock and self.epoch):
            document = json.loads(fields["data"])
            if not isinstance(document, dict):
                return
            self.epoch = self.epoch or str(document.get("epoch", ""))
            if self.clock is None and document.get("type") == "clock":
                self.clock = entry

    def agrees_with(self, kept: Mapping[str, bytes]) -> bool:
        """True when an initialisation is complete and of the messages' epoch."""
        return {"data", "segment", "epoch"} <= kept.keys() and self.epoch in {"", kept["epoch"].decode()}

    def starting_point(self, init: Entry | None, after: str) -> StartingPoint:
        """Return what to send, beginning with ``init``; without a key frame to send go on ``after``."""
        parts: Sequence[Entry | None] = (init,) if self.keyframe is None else (init, self.clock, self.keyframe)
        entries = tuple(entry for entry in parts if entry is not None)
        return StartingPoint(entries, after if self.keyframe is None else self.keyframe[0])


def _order(identity: str) -> tuple[int, int]:
    """Return what an entry's id is ordered by."""
    milliseconds, _, sequence = identity.partition("-")
    return int(milliseconds), int(sequence or 0)


def _milliseconds(identity: str) -> int:
    return int(identity.partition("-")[0])
