"""Live tiles in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Error as PageError
from playwright.sync_api import Locator, Page, WebSocket, expect

from api.contract.wire.camera_health import CameraState
from api.settings import Settings
from tests.api.conftest import RunningApi
from tests.api.wall.stage import SIZE, StagedWorker, make_square_clip

pytestmark = pytest.mark.e2e

BOX_AND_SQUARE = """
async ([tile, count]) => {
  const video = tile.querySelector("video");
  const canvas = tile.querySelector("canvas");
  const copy = document.createElement("canvas");
  copy.width = video.videoWidth;
  copy.height = video.videoHeight;
  const pen = copy.getContext("2d", { willReadFrequently: true });
  const found = [];
  for (let i = 0; i < count; i += 1) {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    pen.drawImage(video, 0, 0);
    const row = pen.getImageData(0, 180, copy.width, 1).data;
    const bright = [];
    for (let x = 0; x < copy.width; x += 1) if (row[4 * x] > 200) bright.push(x);
    const drawn = canvas.getContext("2d");
    const line = drawn.getImageData(0, Math.round(canvas.height * 180 / copy.height), canvas.width, 1).data;
    const edges = [];
    for (let x = 0; x < canvas.width; x += 1) if (line[4 * x + 3] > 100) edges.push(x * copy.width / canvas.width);
    if (bright.length && edges.length) {
      found.push([(bright[0] + bright.at(-1)) / 2, (edges[0] + edges.at(-1)) / 2]);
    }
  }
  return found;
}
"""


def tile_of(wall: Page, camera: str) -> Locator:
    """Return the tile of a camera, playing."""
    tile = wall.locator(f'.tile[data-camera="{camera}"]')
    expect(tile).to_have_attribute("data-state", "playing", timeout=20_000)
    return tile


def test_a_tile_plays(wall: Page, stage: StagedWorker, square_clip: Path, complaints: list[str]) -> None:
    """A camera that a worker reports gets a tile whose video advances, less than 3 s behind the camera."""
    stage.add("gate-1", square_clip)
    tile = tile_of(wall, "gate-1")
    video = tile.locator("video")
    before = video.evaluate("video => video.currentTime")
    wall.wait_for_function("([video, t]) => video.currentTime > t + 2", arg=[video.element_handle(), before])
    expect(tile).to_have_attribute("data-age", "fresh")
    age = tile.locator(".tile-age").inner_text()
    assert age.startswith("延迟 ")
    assert float(age.removeprefix("延迟 ").removesuffix(" 秒")) < 3
    expect(tile.locator(".tile-size")).to_have_text(f"{SIZE[0]}×{SIZE[1]}")
    expect(wall.locator(".figures .figure").first).to_have_text("1")
    assert complaints == []


def test_boxes_are_drawn_with_their_picture(wall: Page, stage: StagedWorker, square_clip: Path) -> None:
    """The box of a moving square lies on the square of the same picture, also between analysed frames."""
    stage.add("gate-1", square_clip)
    tile = tile_of(wall, "gate-1")
    wall.wait_for_function("canvas => canvas.dataset.boxes === '1'", arg=tile.locator("canvas").element_handle())
    found = wall.evaluate(BOX_AND_SQUARE, [tile.element_handle(), 24])
    assert len(found) >= 16, "boxes come and go"
    apart = sorted(abs(square - box) for square, box in found)
    # 40 px a second, analysed twice a second: a box drawn an analysis late would be 20 px off
    assert apart[len(apart) // 2] < 5, apart


def test_a_lost_camera_says_why(wall: Page, stage: StagedWorker, square_clip: Path) -> None:
    """A camera that its worker has lost is greyed, with the reason and the time of its last picture."""
    camera = stage.add("gate-1", square_clip)
    tile = tile_of(wall, "gate-1")
    camera.state, camera.error = CameraState.LOST, "rtsp://***@10.0.0.9/1: nothing arrived for 10 s"
    expect(tile).to_have_attribute("data-state", "lost")
    expect(tile.locator(".tile-notice")).to_contain_text("10 秒内没有收到数据")
    expect(tile.locator(".tile-last")).to_contain_text("最后画面")
    camera.state, camera.error = CameraState.PLAYING, ""
    expect(tile).to_have_attribute("data-state", "playing")


def test_a_server_that_does_not_answer_is_not_blamed_on_the_workers(
    wall: Page, stage: StagedWorker, square_clip: Path
) -> None:
    """The bar and the tiles say that the server is away, though its connections stand; they recover by themselves."""
    stage.add("gate-1", square_clip)
    tile = tile_of(wall, "gate-1")
    wall.route("**/v1/cameras", lambda _: None)
    expect(tile.locator(".tile-notice")).to_contain_text("与服务器的连接中断", timeout=40_000)
    expect(tile.locator(".tile-state")).to_have_text("中断")
    expect(wall.locator(".bar-link")).to_have_text("连接中断，正在重连")
    wall.unroute("**/v1/cameras")
    expect(wall.locator(".bar-link")).to_have_text("实时", timeout=40_000)
    expect(tile).to_have_attribute("data-state", "playing")


OUTSIDE = """
() => [".bar :is(button, .figure-set)", ".tile-strip > :not([hidden])", ".zones :is(button, h2)"]
  .flatMap((shown) => [...document.querySelectorAll(shown)])
  .filter((node) => node.getClientRects().length)
  .filter((node) => node.getBoundingClientRect().right > innerWidth || node.getClientRects().length > 1 ||
    node.getBoundingClientRect().height > 2.2 * parseFloat(getComputedStyle(node).fontSize) + 8)
  .map((node) => node.textContent)
"""


def _wait_until_inside(wall: Page) -> None:
    """Wait until the page is laid out anew for its width, and fail with what stays outside."""
    try:
        wall.wait_for_function(f"() => ({OUTSIDE})().length === 0", timeout=5_000)
    except PageError:
        assert wall.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_phone_shows_the_whole_bar(wall: Page, stage: StagedWorker, square_clip: Path, language: str) -> None:
    """At a phone's width nothing of the bar, a tile's strip or the editor of zones is cut off or broken into lines."""
    stage.add("gate-1", square_clip)
    tile_of(wall, "gate-1")
    if language == "en":
        wall.locator("[data-act=language]").click()
    wall.set_viewport_size({"width": 390, "height": 844})
    _wait_until_inside(wall)
    assert wall.evaluate("document.documentElement.scrollWidth") == 390
    wall.locator(".tile-zones").click()
    expect(wall.locator(".zones [data-act=dryrun-hour]")).to_be_visible()
    _wait_until_inside(wall)


def test_an_old_picture_never_looks_live(wall: Page, stage: StagedWorker, square_clip: Path) -> None:
    """When pictures stop, the age goes on rising: amber after 5 s, and no word of the worker keeps it fresh."""
    camera = stage.add("gate-1", square_clip)
    tile = tile_of(wall, "gate-1")
    camera.source.stop()
    camera.thread.join()
    expect(tile).to_have_attribute("data-age", "old", timeout=12_000)


def test_a_stream_that_starts_again_plays_on(
    wall: Page, stage: StagedWorker, tmp_path: Path, complaints: list[str]
) -> None:
    """A new epoch of the stream, with times of its own, takes over from the old one without a reload or a wrong age."""
    stage.add("gate-1", make_square_clip(tmp_path / "short.mp4", seconds=5.0))
    tile = tile_of(wall, "gate-1")
    first = tile.locator("video").element_handle()
    wall.evaluate(
        "age => { window.ages = []; new MutationObserver(() => window.ages.push(age.textContent))"
        ".observe(age, { childList: true, characterData: true, subtree: true }); }",
        tile.locator(".tile-age").element_handle(),
    )
    wall.wait_for_function(
        "([tile, first]) => { const v = tile.querySelector('video'); return v !== first && v.currentTime > 1; }",
        arg=[tile.element_handle(), first],
        timeout=20_000,
    )
    expect(tile).to_have_attribute("data-state", "playing")
    assert [age for age in wall.evaluate("window.ages") if "超前" in age] == []
    assert complaints == []


@pytest.mark.parametrize(("codec", "name"), [("mjpeg", "MJPEG"), ("libx265", "H.265")])
def test_a_codec_the_browser_cannot_play_is_shown_as_snapshots(
    wall: Page, stage: StagedWorker, tmp_path: Path, codec: str, name: str
) -> None:
    """Where Media Source cannot play the stream, the tile shows snapshots with their age, and says why."""
    stage.add("gate-1", make_square_clip(tmp_path / "clip.mp4", seconds=10.0, codec=codec))
    tile = tile_of(wall, "gate-1")
    expect(tile.locator(".tile-state")).to_have_text(f"快照 {name}")
    expect(tile.locator(".tile-state")).to_have_attribute("title", f"浏览器不能播放此编码（{name}），显示快照")
    image = tile.locator(".tile-picture > img")
    expect(image).to_be_visible()
    wall.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())
    expect(tile.locator(".tile-age")).to_contain_text("延迟")


def test_a_stream_that_cannot_be_decoded_is_shown_as_snapshots(
    wall: Page, stage: StagedWorker, square_clip: Path, complaints: list[str]
) -> None:
    """A browser that takes the type and decodes nothing of it is asked three times, with pauses, then no more."""
    feeds: list[WebSocket] = []
    wall.on("websocket", lambda socket: feeds.append(socket) if "/live" in socket.url else None)
    wall.add_init_script(
        "SourceBuffer.prototype.appendBuffer = () => { throw new DOMException('', 'NotSupportedError'); }"
    )
    wall.reload()
    stage.add("gate-1", square_clip)
    tile = tile_of(wall, "gate-1")
    expect(tile.locator(".tile-state")).to_have_text("快照 H.264")
    expect(tile.locator(".tile-picture > img")).to_be_visible()
    wall.wait_for_timeout(2500)
    assert len(feeds) == 3
    assert complaints == []


def test_a_camera_that_changes_its_codec_changes_how_it_is_shown(
    wall: Page, stage: StagedWorker, tmp_path: Path, complaints: list[str]
) -> None:
    """A tile that shows snapshots of H.265 plays again when the camera goes over to H.264, and the other way round."""
    h265 = make_square_clip(tmp_path / "a.ts", seconds=8.0, codec="libx265")
    h264 = make_square_clip(tmp_path / "b.ts", seconds=8.0)
    both = tmp_path / "both.ts"
    both.write_bytes(h265.read_bytes() + h264.read_bytes())
    stage.add("gate-1", both)
    tile = tile_of(wall, "gate-1")
    state = tile.locator(".tile-state")
    expect(state).to_have_text("快照 H.265")
    expect(state).to_be_hidden(timeout=20_000)
    expect(tile.locator(".tile-picture > img")).to_be_hidden()
    expect(tile).to_have_attribute("data-age", "fresh")
    expect(state).to_have_text("快照 H.265", timeout=20_000)
    expect(state).to_be_visible()
    assert complaints == []


def test_tiles_that_are_not_shown_ask_for_nothing(wall: Page, stage: StagedWorker, square_clip: Path) -> None:
    """With one camera enlarged the feeds of the others are closed, and opened again afterwards."""
    feeds: list[WebSocket] = []
    wall.on("websocket", lambda socket: feeds.append(socket) if "/live" in socket.url else None)
    for name in ("gate-1", "gate-2"):
        stage.add(name, square_clip)
    for name in ("gate-1", "gate-2"):
        tile_of(wall, name)
    wall.locator('.tile[data-camera="gate-1"] .tile-picture').click()
    expect(wall.locator(".tile")).to_have_count(1)
    wall.wait_for_timeout(500)
    assert [socket.is_closed() for socket in feeds if "gate-2" in socket.url] == [True]
    wall.keyboard.press("Escape")
    expect(wall.locator(".tile")).to_have_count(2)
    tile_of(wall, "gate-2")


def test_a_hostile_camera_name_is_text(
    wall: Page, stage: StagedWorker, operator: httpx.Client, square_clip: Path, complaints: list[str]
) -> None:
    """A camera's name is shown as it was typed, never as markup."""
    name = '<img src=x onerror="window.injected=1">东门 & "北门"'
    document = {"id": "gate-1", "name": name, "source": "rtsp://user:secret@127.0.0.1:9/1"}
    assert operator.put("/v1/cameras/gate-1", json=document).status_code == 201
    stage.add("gate-1", square_clip)
    tile = tile_of(wall, "gate-1")
    expect(tile.locator(".tile-name")).to_have_text(name)
    assert tile.locator(".tile-strip img").count() == 0
    assert wall.evaluate("window.injected") is None
    assert complaints == []


def test_layouts_page_through_the_cameras(wall: Page, stage: StagedWorker, square_clip: Path) -> None:
    """With one tile a page, the pager goes through the cameras; the layout is kept over a reload."""
    for name in ("gate-1", "gate-2"):
        stage.add(name, square_clip)
    expect(wall.locator(".tile")).to_have_count(2, timeout=15_000)
    wall.locator('[data-layout="1"]').click()
    expect(wall.locator(".tile")).to_have_count(1)
    expect(wall.locator(".bar-page")).to_have_text("第 1/2 页")
    wall.get_by_role("button", name="下一页").click()
    expect(wall.locator(".tile")).to_have_attribute("data-camera", "gate-2")
    wall.reload()
    expect(wall.locator(".tile")).to_have_count(1, timeout=15_000)


def test_the_wall_comes_back_by_itself(
    wall: Page,
    api: RunningApi,
    start_api: Callable[[Settings], RunningApi],
    stage: StagedWorker,
    square_clip: Path,
) -> None:
    """When the server is gone the wall says so and lets no picture look live; with the server back it plays on."""
    stage.add("gate-1", square_clip)
    tile_of(wall, "gate-1")
    api.stop()
    expect(wall.locator(".bar-link")).to_have_attribute("data-link", "offline", timeout=15_000)
    tile = wall.locator('.tile[data-camera="gate-1"]')
    expect(tile).to_have_attribute("data-age", re.compile("old|stale"), timeout=15_000)
    start_api(api.settings.model_copy(update={"port": api.port}))
    expect(wall.locator(".bar-link")).to_have_attribute("data-link", "live", timeout=20_000)
    expect(tile).to_have_attribute("data-age", "fresh", timeout=20_000)
