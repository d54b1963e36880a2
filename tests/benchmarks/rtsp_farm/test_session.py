import asyncio
from typing import Any

from benchmarks.rtsp_farm.session import BACKLOG_BYTES, Session


class Wire(asyncio.Transport):
    """A connection whose other end reads as much as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.sent: list[bytes] = []

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self if name == "socket" else default

    def setsockopt(self, *_: int) -> None:
        """As a socket: no buffer to be set."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))


class Camera:
    """A farm's camera as far as a session counts on it."""

    def __init__(self) -> None:
        self.sent = self.dropped = self.octets = 0


def test_every_picture_withheld_from_who_does_not_read_is_counted() -> None:
    """The one that found no room and those after it up to a key frame; not those before the first key frame."""
    wire, camera = Wire(), Camera()
    session = Session({})
    session.connection_made(wire)
    session._camera = camera  # type: ignore[assignment]
    session.send(bytearray(b"before"), is_keyframe=False)
    session.send(bytearray(b"key 1"), is_keyframe=True)
    wire.waiting = BACKLOG_BYTES + 1
    session.send(bytearray(b"no room"), is_keyframe=False)
    session.send(bytearray(b"nor for a key frame"), is_keyframe=True)
    wire.waiting = 0
    session.send(bytearray(b"not without its key frame"), is_keyframe=False)
    session.send(bytearray(b"key 2"), is_keyframe=True)
    assert (wire.sent, camera.sent, camera.dropped) == ([b"key 1", b"key 2"], 2, 3)
