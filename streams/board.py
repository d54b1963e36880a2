"""The frame board: where decoded frames wait for a detector, the newest one of each camera."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from streams.camera import CameraId
from streams.frame import Frame

BACKLOG = 24
"""Frames a camera may have waiting while it catches up: ten seconds at two a second, and some."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A frame on the board, and when it was posted."""

    frame: Frame
    at: float


@dataclass(slots=True)
class _Slot:
    """One camera's `place`; `catches_up` while frames of a backlog wait, which the next ones queue behind."""

    place: int
    queue: deque[_Waiting] = field(default_factory=deque)
    catches_up: bool = False
    waits: bool = False
    in_flight: _Waiting | None = None
    posted: int = 0
    dropped: int = 0
    turn: int = 0


class FrameBoard:
    """
    A mailbox with one slot a camera; at most one frame a camera is in flight, which keeps its frames in order.

    Live cameras: the latest frame wins and the loss is counted. A camera that catches up posts frames of the past as a
    backlog: they and those that come meanwhile are kept in order, at most `BACKLOG`, beyond which the oldest are
    dropped and counted. Waiting cameras (replay): `post` blocks until the slot is free, so that no frame is lost.
    Detector threads pull with `take` and say `done` when the frame is analysed. A camera that is taken off and added
    again has another slot, which knows nothing of a frame that is still in flight from the one before.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._slots: dict[CameraId, _Slot] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._turn = 0
        self._places = 0

    def add(self, camera_id: CameraId, *, waits: bool = False) -> int:
        """
        Give a camera a slot and return its place, which no other slot has.

        With `waits`, its `post` blocks instead of replacing an untaken frame.
        """
        with self._changed:
            self._places += 1
            self._slots[camera_id] = _Slot(self._places, waits=waits)
            return self._places

    def remove(self, camera_id: CameraId) -> None:
        """Take a camera's slot away; a `post` that waits for it returns False."""
        with self._changed:
            self._slots.pop(camera_id, None)
            self._changed.notify_all()

    def post(self, frame: Frame, *, is_backlog: bool = False, place: int | None = None) -> bool:
        """
        Put a frame on the board and return True; False if the board is closed or has no slot for its camera.

        With `place` it must be the slot that `add` gave: who is late posts nothing to a camera that was added again.
        A replaced frame keeps its place in the queue, so that a fast camera cannot push itself back.
        """
        with self._changed:
            slot = self._slot_for_post(frame.camera_id, place)
            if slot is None:
                return False
            if not slot.queue:
                self._turn += 1
                slot.turn = self._turn
            slot.catches_up |= is_backlog
            if len(slot.queue) >= (BACKLOG if slot.catches_up else 1):
                slot.queue.popleft()
                slot.dropped += 1
            slot.queue.append(_Waiting(frame, self._monotonic()))
            slot.posted += 1
            self._changed.notify_all()
            return True

    def _slot_for_post(self, camera_id: CameraId, place: int | None) -> _Slot | None:
        while not self._closed:
            slot = self._slots.get(camera_id)
            if slot is None or (place is not None and slot.place != place):
                return None
            if not slot.waits or not slot.queue:
                return slot
            self._changed.wait()
        return None

    def take(self, max_frames: int, timeout_s: float) -> list[Frame]:
        """
        Return up to `max_frames` frames, those that wait longest first, at most one a camera.

        Waits up to `timeout_s` for the first; empty when none came or the board is closed.
        """
        deadline = self._monotonic() + timeout_s
        with self._changed:
            while not self._closed:
                ready = sorted(
                    (slot for slot in self._slots.values() if slot.queue and slot.in_flight is None),
                    key=lambda slot: slot.turn,
                )[:max_frames]
                remaining = deadline - self._monotonic()
                if ready or remaining <= 0:
                    return [self._hand_out(slot) for slot in ready]
                self._changed.wait(remaining)
            return []

    def _hand_out(self, slot: _Slot) -> Frame:
        waiting = slot.queue.popleft()
        if slot.queue:
            self._turn += 1
            slot.turn = self._turn
        else:
            slot.catches_up = False
        slot.in_flight = waiting
        self._changed.notify_all()
        return waiting.frame

    def done(self, frame: Frame) -> None:
        """Say that a frame in flight is analysed; its camera's next one may be taken. One not in flight frees none."""
        with self._changed:
            if self._in_flight(frame) is not None:
                self._slots[frame.camera_id].in_flight = None
                self._changed.notify_all()

    def holds(self, frame: Frame) -> bool:
        """Return True while a frame is in flight; False once it is done, or its camera was taken off meanwhile."""
        with self._changed:
            return self._in_flight(frame) is not None

    def waited_s(self, frame: Frame) -> float:
        """Return the seconds since a frame in flight was posted; 0 for one that is not in flight."""
        with self._changed:
            waiting = self._in_flight(frame)
            return 0.0 if waiting is None else self._monotonic() - waiting.at

    def _in_flight(self, frame: Frame) -> _Waiting | None:
        slot = self._slots.get(frame.camera_id)
        waiting = None if slot is None else slot.in_flight
        return waiting if waiting is not None and waiting.frame is frame else None

    def is_idle(self, camera_id: CameraId) -> bool:
        """Return True where no frame of the camera waits or is in flight."""
        with self._changed:
            slot = self._slots.get(camera_id)
            return slot is None or not (slot.queue or slot.in_flight is not None)

    def posted(self, camera_id: CameraId) -> int:
        """Return how many frames the camera has posted."""
        with self._changed:
            slot = self._slots.get(camera_id)
            return 0 if slot is None else slot.posted

    def dropped(self, camera_id: CameraId) -> int:
        """Return how many of the camera's frames were replaced before anybody took them."""
        with self._changed:
            slot = self._slots.get(camera_id)
            return 0 if slot is None else slot.dropped

    def close(self) -> None:
        """Wake everybody who waits: `post` returns False and `take` an empty list from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
