"""
Focus turns: which of a worker's cameras are in focus, when more need it than the machine can decode.

Patrol shows every camera all the time; focus only decides sooner. So it is given in turns, to a limited number at once,
and a camera whose signs lead to nothing rests longer each time. Decision 0011.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from streams.camera import CameraId
from streams.timing.clock import CaptureTime
from streams.watch import WatchReason

HOLD_S = 5.0
"""
Seconds without a sign after which focus ends, as long as a track may be missed (`vision.confirm.tracks`).
"""

TURN_S = 30.0
"""Seconds of a turn: a sign that is no lead after sixty pictures is static, or too weak to count."""

REST_S = 10.0
"""Seconds of rest after a turn without a lead; doubled after each further one ..."""

REST_MAX_S = 600.0
"""... up to this, so that a lamp taken for a fire costs at most one part in twenty."""

FRESH_S = 10.0
"""Seconds for which a sign waits for a turn after its last picture: two of the longest groups on patrol."""

_RANK: Mapping[WatchReason, int] = MappingProxyType({WatchReason.SIGN: 0, WatchReason.LEAD: 1, WatchReason.CHANGE: 2})
"""Undecided signs come before leads, which patrol holds open too, and those before mere change."""


class Focusable(Protocol):
    """A camera that can be in focus: `streams.runner.CameraRunner`."""

    @property
    def takes_turns(self) -> bool:
        """Whether it is on patrol by default, by its policy and its key frames."""
        ...

    def focus(self, reason: WatchReason, since: CaptureTime) -> None:
        """Decode everything from `since` on."""
        ...

    def relax(self, reason: WatchReason = WatchReason.USUAL) -> None:
        """Return to patrol."""
        ...


@dataclass(slots=True)
class _Asking:
    """A camera that shows a sign (`asks`), or did; `since` is the picture in which the sign began."""

    camera: Focusable
    since: CaptureTime
    sign: WatchReason
    seen_at: float
    asked_at: float
    asks: bool = True
    focused_at: float | None = None
    waits: bool = False
    led: bool = False
    rests_until: float = 0.0
    rest_s: float = REST_S


class FocusTurns:
    """
    Gives cameras turns in focus, at most `most` at once. Thread-safe.

    Attributes:
        given: turns given since the start.

        yielded: turns ended early for a camera that needed it more.
    """

    def __init__(self, most: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        self._asking: dict[CameraId, _Asking] = {}
        self._lock = threading.Lock()
        self.given = 0
        self.yielded = 0

    @property
    def focused(self) -> int:
        """Cameras that have a turn."""
        with self._lock:
            return len(self._focused())

    @property
    def waiting(self) -> int:
        """Cameras that wait for a turn."""
        with self._lock:
            return len(self._waiting(self._monotonic()))

    def note(self, camera_id: CameraId, camera: Focusable, sign: WatchReason | None, time: CaptureTime) -> None:
        """Add the sign of a camera's newest analysed picture, taken at `time`; give, keep or end turns."""
        with self._lock:
            now = self._monotonic()
            asking = self._asking.get(camera_id)
            if not camera.takes_turns:
                self._asking.pop(camera_id, None)
            elif sign is not None:
                if asking is None or asking.camera is not camera:
                    asking = self._asking[camera_id] = _Asking(camera, time, sign, now, now)
                self._see(asking, sign, time, now)
            elif asking is not None:
                asking.asks = False
                if asking.waits:
                    asking.waits = False
                    asking.camera.relax()
            self._end_turns(now)
            self._give_turns(now)

    def forget(self, camera_id: CameraId) -> None:
        """Remove a camera that is no longer watched."""
        with self._lock:
            self._asking.pop(camera_id, None)
            self._give_turns(self._monotonic())

    def _focused(self) -> list[_Asking]:
        return [asking for asking in self._asking.values() if asking.focused_at is not None]

    def _waiting(self, now: float) -> list[_Asking]:
        """Return the waiting cameras, the next one first."""
        waiting = [
            asking
            for asking in self._asking.values()
            if asking.asks
            and asking.focused_at is None
            and now >= asking.rests_until
            and now - asking.seen_at < FRESH_S
        ]
        return sorted(waiting, key=lambda asking: (_RANK[asking.sign], asking.asked_at))

    def _see(self, asking: _Asking, sign: WatchReason, time: CaptureTime, now: float) -> None:
        if now - asking.seen_at >= HOLD_S:
            asking.since, asking.asked_at = time, now
        if now - asking.seen_at >= REST_MAX_S:
            asking.rest_s = REST_S
        changed, asking.sign = asking.sign is not sign, sign
        asking.led |= sign is WatchReason.LEAD
        asking.seen_at, asking.asks = now, True
        if asking.focused_at is not None and changed:
            asking.camera.focus(sign, asking.since)

    def _end_turns(self, now: float) -> None:
        for asking in self._focused():
            is_gone = now - asking.seen_at >= HOLD_S
            is_over = asking.sign is not WatchReason.LEAD and now - (asking.focused_at or now) >= TURN_S
            if is_gone or is_over:
                if not asking.led:
                    asking.rests_until = now + asking.rest_s
                asking.rest_s = REST_S if asking.led else min(2 * asking.rest_s, REST_MAX_S)
                asking.focused_at, asking.led = None, False
                asking.camera.relax()

    def _give_turns(self, now: float) -> None:
        free = self._most - len(self._focused())
        for asking in self._waiting(now):
            if free <= 0 and not self._make_room(_RANK[asking.sign], now):
                asking.waits = True
                asking.camera.relax(WatchReason.WAITING)
                continue
            free = max(0, free - 1)
            asking.focused_at, asking.waits = now, False
            self.given += 1
            asking.camera.focus(asking.sign, asking.since)

    def _make_room(self, rank: int, now: float) -> bool:
        """End the turn of the camera with the least need and the longest turn; False where none needs it less."""
        lesser = [asking for asking in self._focused() if _RANK[asking.sign] > rank]
        if not lesser:
            return False
        asking = max(lesser, key=lambda each: (_RANK[each.sign], -(each.focused_at or 0.0)))
        asking.focused_at, asking.asked_at, asking.waits = None, now, True
        asking.camera.relax(WatchReason.WAITING)
        self.yielded += 1
        return True
