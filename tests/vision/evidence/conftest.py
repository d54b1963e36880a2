"""A stream, a node and a case store for tests of evidence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.frame import Packet
from tests.streams.media import make_clip
from tests.vision.evidence.made_cases import Desk
from tests.vision.staged import (
    FPS,
    NOW,
    read_packets,
)
from vision.evidence.node import NodeIdentity


@pytest.fixture(scope="session")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("scene") / "scene.mp4", seconds=20, fps=FPS, gop=FPS, b_frames=2)


@pytest.fixture(scope="session")
def packets(clip_path: Path) -> list[Packet]:
    return read_packets(clip_path)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeIdentity]:
    identity = NodeIdentity.open(tmp_path / "node", "worker-01", NOW)
    yield identity
    identity.close()


@pytest.fixture
def desk(tmp_path: Path, node: NodeIdentity, packets: list[Packet]) -> Desk:
    return Desk(tmp_path / "evidence", node, packets)
