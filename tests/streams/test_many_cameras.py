"""A hundred cameras started at once, a fifth of them dead in every way that cameras are."""

import socket
import time
from collections.abc import Iterator, Sequence

import pytest

from benchmarks.rtsp_farm.camera import Fault
from benchmarks.rtsp_farm.farm import RtspFarm, spread
from streams.board import FrameBoard
from streams.camera import Camera, CameraId, SourceUrl, StreamSettings, camera_id
from streams.runner import CameraRunner, StreamState
from tests.streams.conftest import MakeClip

CAMERAS = 100
DEAD_EVERY = 5
OPEN_TIMEOUT_S = 10.0
"""A start that waited for one dead camera would take this long, and for all of them two hundred seconds."""


@pytest.fixture
def farm(clip: MakeClip) -> Iterator[RtspFarm]:
    """A hundred small cameras."""
    with RtspFarm(spread([clip(".mp4", seconds=4, fps=4, gop=2, size=(64, 48))], CAMERAS)) as farm:
        yield farm


@pytest.fixture
def dead_hosts() -> Iterator[list[str]]:
    """An address that accepts connections and never answers, and one at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = [server.getsockname()[1] for server in (silent, closed)]
        closed.close()
        yield [f"rtsp://127.0.0.1:{port}/x" for port in ports]


def test_the_dead_do_not_delay_the_living(farm: RtspFarm, dead_hosts: Sequence[str]) -> None:
    """Eighty of a hundred cameras give their first picture as soon as where there are only those eighty."""
    dead = farm.names[::DEAD_EVERY]
    alone_s = first_pictures_s({name: farm.url(name) for name in farm.names if name not in dead}, ())
    addresses = {name: farm.url(name) for name in farm.names}
    for number, name in enumerate(dead):
        kind = number % (len(Fault) + len(dead_hosts))
        if kind < len(Fault):
            farm.fail(name, list(Fault)[kind])
        else:
            addresses[name] = dead_hosts[kind - len(Fault)]
    assert first_pictures_s(addresses, dead) < alone_s + OPEN_TIMEOUT_S / 2


def first_pictures_s(addresses: dict[str, str], dead: Sequence[str]) -> float:
    """Start all cameras, and return the seconds until a picture of each is on the board, but for the dead."""
    settings = StreamSettings(patrol_interval_s=0.5, open_timeout_s=OPEN_TIMEOUT_S, read_timeout_s=OPEN_TIMEOUT_S)
    board = FrameBoard()
    runners = [
        CameraRunner(Camera(camera_id(name), name, SourceUrl(url), settings), board) for name, url in addresses.items()
    ]
    waited: set[CameraId] = {camera_id(name) for name in addresses if name not in dead}
    began = time.monotonic()
    try:
        for runner in runners:
            runner.start()
        while waited:
            assert time.monotonic() - began < 6 * OPEN_TIMEOUT_S, waited
            for frame in board.take(CAMERAS, 1.0):
                waited.discard(frame.camera_id)
                board.done(frame)
        elapsed_s = time.monotonic() - began
        states = {runner.camera.id: runner.snapshot().state for runner in runners}
        assert not any(states[camera_id(name)] is StreamState.PLAYING for name in dead)
        return elapsed_s
    finally:
        for runner in runners:
            runner.stop(0.0)
        assert all(runner.stop(2 * OPEN_TIMEOUT_S) for runner in runners)
