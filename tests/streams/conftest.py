"""Clips shared by the tests of `streams`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.frame import Packet
from streams.source import AvSource
from streams.timing.clock import StreamClock
from tests.rtsp import rtsp_server
from tests.streams.media import make_clip

__all__ = ["rtsp_server"]

MakeClip = Callable[..., Path]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """A function like `make_clip` that makes each clip once a session: ``clip(".mp4", seconds=2)``."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[object, Path] = {}

    def make(suffix: str, **options: object) -> Path:
        key = (suffix, *sorted(options.items()))
        if key not in made:
            made[key] = make_clip(folder / f"clip{len(made)}{suffix}", **options)  # type: ignore[arg-type]
        return made[key]

    return make


def file_camera(path: Path | str, **settings: object) -> Camera:
    """Return a camera that reads a file as fast as it can."""
    options = {"pace": Pace.FREE} | settings
    return Camera(camera_id("cam"), "Cam", SourceUrl(str(path)), StreamSettings(**options))  # type: ignore[arg-type]


def packets_of(path: Path) -> list[Packet]:
    """Return all packets of a file."""
    return list(AvSource(file_camera(path), StreamClock()).packets())
