"""Live tiles in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from pathlib import Path
from tests.api.wall.stage import StagedWorker

pytestmark = pytest.mark.e2e


def test_a_tile_plays(wall: Page, stage: StagedWorker, square_clip: Path, complaints: list[str]) -> None:
    """A camera that a worker reports gets a tile whose video advances, close behind the camera."""
    stage.add("gate-1", square_clip)
    tile = wall.locator('.tile[data-camera="gate-1"]')
    expect(tile).to_have_attribute("data-state", "playing", timeout=15_000)
    video = tile.locator("video")
    before = video.evaluate("video => video.currentTime")
    wall.wait_for_function("([v, t]) => v.currentTime > t + 2", arg=[video.element_handle(), before])
    expect(tile).to_have_attribute("data-age", "fresh")
    wall.screenshot(path="/tmp/pw/wall/first.png")
    assert complaints == []
