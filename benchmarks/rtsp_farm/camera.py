"""Cameras of the farm: what each sends now, who watches it, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from benchmarks.rtsp_farm.broadcast import Broadcast, Viewer


class Fault(StrEnum):
    """What can be wrong with a camera."""

    DOWN = "down"
    """Connections are cut and new ones are cut as soon as they ask for it: its process or power is gone."""

    SILENT = "silent"
    """Nothing is sent and nothing is answered, connections stay: its cable is gone."""

    FROZEN = "frozen"
    """It answers and sends no picture: its encoder hangs."""


class CameraViewer(Viewer, Protocol):
    """A viewer that a camera can cut off."""

    def cut(self) -> None:
        """Close the connection at once, without a word."""
        ...

    @property
    def queued(self) -> int:
        """Bytes that wait for it."""
        ...

    def begin_anew(self) -> None:
        """Pass nothing on before the next key frame."""
        ...


@dataclass(slots=True)
class FarmCamera:
    """
    One camera.

    Attributes:
        sent, octets: pictures and bytes given to viewers.

        dropped: pictures not sent because a viewer did not read.

        accepted: viewers that began to play, in all.
    """

    name: str
    usual: Broadcast
    fault: Fault | None = None
    sent: int = 0
    octets: int = 0
    dropped: int = 0
    accepted: int = 0
    _now: Broadcast | None = None
    _viewers: set[CameraViewer] = field(default_factory=set)

    @property
    def broadcast(self) -> Broadcast:
        """What it sends now."""
        return self._now or self.usual

    @property
    def viewers(self) -> int:
        """How many watch it."""
        return len(self._viewers)

    @property
    def queued(self) -> int:
        """Most bytes that wait for one of its viewers."""
        return max((viewer.queued for viewer in self._viewers), default=0)

    def join(self, viewer: CameraViewer) -> None:
        """Begin to send to a viewer."""
        self.accepted += 1
        self._viewers.add(viewer)
        if self.fault is None:
            self.broadcast.report_to(viewer)
            self.broadcast.join(viewer)

    def leave(self, viewer: CameraViewer) -> None:
        """Forget a viewer."""
        self._viewers.discard(viewer)
        self.broadcast.leave(viewer)

    def fail(self, fault: Fault) -> None:
        """Let a fault begin."""
        self.fault = fault
        for viewer in tuple(self._viewers):
            self.broadcast.leave(viewer)
            if fault is Fault.DOWN:
                viewer.cut()

    def mend(self) -> None:
        """End its fault; who still watches goes on at the next key frame."""
        if self.fault is not None:
            self.fault = None
            self._go_on()

    def switch(self, broadcast: Broadcast | None) -> None:
        """Send another broadcast from its next key frame on; ``None`` sends the usual one again."""
        self._each(self.broadcast.leave)
        self._now = broadcast
        if self.fault is None:
            self._each(self.broadcast.report_to)
            self._go_on()

    def _go_on(self) -> None:
        for viewer in tuple(self._viewers):
            viewer.begin_anew()
            self.broadcast.join(viewer)

    def _each(self, call: Callable[[CameraViewer], None]) -> None:
        for viewer in tuple(self._viewers):
            call(viewer)
