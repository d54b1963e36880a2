from pathlib import Path

import pytest

from benchmarks.rtsp_farm.clips import PATTERN, ClipSpec, ensure_clip

SMALL = ClipSpec(PATTERN, size_wh=(320, 240), gop_s=0.4, bit_rate=400_000)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clips are kept for all tests."""
    return tmp_path_factory.mktemp("farm")


@pytest.fixture(scope="session")
def small(folder: Path) -> Path:
    """A small H.264 clip with a key frame every ten pictures."""
    return ensure_clip(folder, SMALL)
