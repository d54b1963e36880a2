"""
Live: one viewer of one camera, from the bus to a WebSocket.

A viewer gets the newest initialisation segment, the clock message that goes with it, the newest fragment that starts
with a key frame, and then everything in order. It holds at most one batch of entries: a viewer that reads too slowly is
moved to the newest key frame instead of being queued for, and the worker never notices.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import structlog

from api.broker import Entry
from api.contract.bus import WANTED_TTL_S, LiveEntry, live_key, wanted_key
from api.metrics import Metrics

log = structlog.get_logger(__name__)

BATCH = 16
PAGE = 32
BLOCK_MS = 2000
WANTED_PERIOD_S = 3.0
SLOW_MS = 2000
"""A viewer this far behind the newest entry is moved to the newest key frame."""


class LiveBus(Protocol):
    """What a viewer needs of `api.broker.Broker`."""

    async def read_stream(self, key: str, after: str, *, count: int, block_ms: int) -> list[Entry]:
        """Return entries after an id, waiting for the first."""
        ...

    async def read_back(self, key: str, before: str, *, count: int) -> list[Entry]:
        """Return entries before an id, newest first."""
        ...

    async def set_for(self, key: str, seconds: int) -> None:
        """Set a key that goes away by itself."""
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
        self._init_id = ""

    async def want(self) -> None:
        """Tell the worker that somebody watches."""
        await self._bus.set_for(wanted_key(self._camera_id), WANTED_TTL_S)

    async def keep_wanting(self) -> None:
        """Tell the worker again every few seconds."""
        while True:
            await asyncio.sleep(WANTED_PERIOD_S)
            await self.want()

    async def run(self) -> None:
        """Send for ever; raises `api.broker.BusDown` when the bus goes away."""
        await self.want()
        after = await self._start()
        while True:
            entries = await self._bus.read_stream(self._key, after, count=BATCH, block_ms=BLOCK_MS)
            for entry in entries:
                await self._send(entry)
                after = entry[0]
            if len(entries) == BATCH and await self._lag_ms(after) > SLOW_MS:
                self._metrics.live_skips.inc()
                log.debug("live viewer skips to the newest key frame", camera=self._camera_id)
                after = await self._start(known_init=self._init_id)

    async def _start(self, known_init: str = "") -> str:
        start = await find_start(self._bus, self._key)
        for entry in start.entries:
            if entry[0] == known_init:
                self._awaiting = _Awaiting.KEYFRAME
                continue
            await self._send(entry)
        return start.after

    async def _lag_ms(self, after: str) -> int:
        newest = await self._bus.read_back(self._key, "+", count=1)
        return _milliseconds(newest[0][0]) - _milliseconds(after) if newest else 0

    async def _send(self, entry: Entry) -> None:
        identity, fields = entry
        match fields.get("kind", b"").decode():
            case LiveEntry.INIT:
                await self._socket.send_text(fields["data"].decode())
                await self._socket.send_bytes(fields["segment"])
                self._awaiting = _Awaiting.KEYFRAME
                self._init_id = identity
            case LiveEntry.MEDIA:
                if self._awaiting is _Awaiting.KEYFRAME and fields.get("key") == b"1":
                    self._awaiting = _Awaiting.NOTHING
                if self._awaiting is _Awaiting.NOTHING:
                    await self._socket.send_bytes(fields["data"])
            case LiveEntry.MESSAGE:
                if self._awaiting is not _Awaiting.INIT:
                    await self._socket.send_text(fields["data"].decode())


async def find_start(bus: LiveBus, key: str) -> StartingPoint:
    """
    Return what a viewer that joins now must get first.

    Looks back page by page for the newest initialisation; of what came after it, the newest clock message before the
    newest key frame and that key frame. Without any initialisation the viewer waits for the next one.
    """
    keyframe: Entry | None = None
    clock: Entry | None = None
    newest = ""
    before = "+"
    while page := await bus.read_back(key, before, count=PAGE):
        newest = newest or page[0][0]
        for entry in page:
            fields = entry[1]
            kind = fields.get("kind", b"").decode()
            if kind == LiveEntry.INIT:
                return _starting_point(entry, clock, keyframe)
            if kind == LiveEntry.MEDIA and keyframe is None and fields.get("key") == b"1":
                keyframe = entry
                clock = None  # one after the key frame comes by itself
            elif kind == LiveEntry.MESSAGE and clock is None and _is_clock(fields):
                clock = entry
        before = page[-1][0]
    return StartingPoint((), newest or "0-0")


def _starting_point(init: Entry, clock: Entry | None, keyframe: Entry | None) -> StartingPoint:
    if keyframe is None:
        return StartingPoint((init,), init[0])
    found: Sequence[Entry | None] = (init, clock, keyframe)
    return StartingPoint(tuple(entry for entry in found if entry is not None), keyframe[0])


def _is_clock(fields: dict[str, bytes]) -> bool:
    document = json.loads(fields["data"])
    return isinstance(document, dict) and document.get("type") == "clock"


def _milliseconds(identity: str) -> int:
    return int(identity.partition("-")[0])
