"""The wall's coverage view over a real API: shares, gaps with reasons, workers, by mouse and by keyboard."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import redis
from playwright.sync_api import Page, expect

from tests.api.conftest import RunningApi
from tests.api.wall.fleet import register, report_health, tell_a_day
from tests.api.wall.leads import fresh_lead
from tests.api.wall.stage import StagedWorker

PICTURES = os.environ.get("PLUMEWATCH_TEST_PICTURES", "")
"""Folder into which these tests put pictures of what they see."""


DRAWN_AGAIN_MS = """() => {
  const begun = performance.now();
  document.querySelector('[data-order="name"]').click();
  document.querySelector('.cov-list').getBoundingClientRect();
  return performance.now() - begun;
}"""
"""How long it takes to order the list anew; the bound is for slow, busy machines, a quiet one needs 20 ms."""


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants one."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


@pytest.fixture
def make_fleet(
    api: RunningApi, operator: httpx.Client, enrolled: httpx.Client, bus: redis.Redis
) -> Callable[[int], list[str]]:
    """Make cameras with a day behind them."""

    def make(count: int) -> list[str]:
        now = datetime.now(UTC)
        cameras = register(api, operator, count, since=now - timedelta(days=2))
        tell_a_day(enrolled, cameras, now)
        report_health(bus, cameras)
        return cameras

    return make


def test_the_day_of_a_hundred_cameras_is_shown_worst_first(
    make_fleet: Callable[[int], list[str]], wall: Page, complaints: list[str]
) -> None:
    """The share in the bar opens the view: a strip of 24 hours each, the least watched first, gaps with reasons."""
    fleet = make_fleet(100)
    wall.reload()
    share = wall.locator('[data-act="coverage"] .figure')
    expect(share).to_contain_text("%", timeout=15_000)
    picture(wall, "wall-100")
    wall.locator('[data-act="coverage"]').click()
    rows = wall.locator(".cov-row")
    expect(rows).to_have_count(len(fleet))
    expect(rows.first.locator(".cov-cell")).to_have_count(24)
    shares = [float(text.rstrip("%")) for text in wall.locator(".cov-row .cov-share").all_inner_texts()]
    assert shares == sorted(shares)
    assert shares[0] < 90 < shares[-1] == 100
    expect(rows.first).to_have_attribute("aria-pressed", "true")
    expect(wall.locator(".cov-gap").first).to_be_visible()
    expect(wall.locator(".cov-gaps")).to_contain_text("断流")
    picture(wall, "coverage-100")
    expect(wall.locator(".worker")).to_have_count(2)
    expect(wall.locator(".fleet")).to_contain_text("analysis-01")
    assert wall.evaluate(DRAWN_AGAIN_MS) < 1000
    expect(rows.first.locator(".cov-name")).to_have_text("001 号监控点")
    assert complaints == []


def test_the_view_is_worked_by_keyboard_and_in_english(
    make_fleet: Callable[[int], list[str]], wall: Page, complaints: list[str]
) -> None:
    """Arrow keys go from camera to camera, Escape closes, and the switch of language changes every word."""
    fleet = make_fleet(8)
    wall.locator('[data-act="language"]').click()
    wall.locator('[data-act="coverage"]').focus()
    wall.keyboard.press("Enter")
    expect(wall.locator("#coverage-title")).to_have_text("Coverage, last 24 hours")
    rows = wall.locator(".cov-row")
    expect(rows).to_have_count(len(fleet))
    rows.first.focus()
    wall.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(wall.locator(".camera h3")).to_have_text(rows.nth(1).locator(".cov-name").inner_text())
    wall.keyboard.press("End")
    expect(rows.last).to_be_focused()
    wall.keyboard.press("Escape")
    expect(wall.locator(".coverage")).to_be_hidden()
    assert complaints == []


@pytest.mark.parametrize(
    ("fields", "words", "tone"),
    [
        ({"trouble": "not_analysed"}, "分析滞后", "bad"),
        ({"trouble": "not_decoded", "trouble_detail": "14 damaged"}, "无法解码", "bad"),
        ({"state": "lost", "trouble": "stream_lost", "error": "connection refused"}, "断流", "bad"),
        ({"trouble": "starting"}, "正在启动", "mild"),
    ],
)
def test_a_tile_says_what_keeps_its_camera_from_being_watched(
    stage: StagedWorker,
    square_clip: Path,
    wall: Page,
    fields: dict[str, str],
    words: str,
    tone: str,
) -> None:
    """Each of the states has its word, while the picture may well play on."""
    camera = stage.add("gate", square_clip)
    camera.told = fields
    tile = wall.locator('.tile[data-camera="gate"]')
    expect(tile.locator(".tile-state")).to_have_text(words, timeout=15_000)
    expect(tile).to_have_attribute("data-trouble", tone)
    picture(wall, f"tile-{words}")


def test_a_tile_says_how_its_camera_is_watched(stage: StagedWorker, square_clip: Path, wall: Page) -> None:
    """Patrol or focus, and the measured interval, beside the picture's age."""
    camera = stage.add("gate", square_clip)
    camera.told = {"watch_mode": "patrol", "analysed_interval_s": 2.04, "interval_limit_s": 5.0, "gop_s": 2.0}
    watch = wall.locator('.tile[data-camera="gate"] .tile-watch')
    expect(watch).to_have_text("巡检 2.0 秒", timeout=15_000)
    picture(wall, "tile-patrol")
    camera.told = {"watch_mode": "focus", "analysed_interval_s": 0.5}
    expect(watch).to_have_text("凝视 0.5 秒", timeout=15_000)


def test_a_camera_is_told_in_full(
    stage: StagedWorker, square_clip: Path, wall: Page, operator: httpx.Client, complaints: list[str]
) -> None:
    """From its tile: the effective interval and what is allowed, mode and reason, clock; its findings open as leads."""
    assert operator.put("/v1/cameras/gate", json={"id": "gate", "name": "东门", "source": "rtsp://h/1"}).is_success
    camera = stage.add("gate", square_clip)
    camera.told = {
        "watch_mode": "focus",
        "watch_reason": "sign",
        "analysed_interval_s": 6.2,
        "interval_limit_s": 5.0,
        "gop_s": 2.0,
        "decoder": "software",
        "clock_offset_s": 3.4,
        "analysis_delay_s": 0.31,
        "picture_fault": "covered",
        "trouble": "unsighted",
        "trouble_detail": "covered",
        "worker": "analysis-01",
        "findings": [{"kind": "covered"}, {"kind": "noisy", "detail": "4"}],
        "leads_merged": 2,
        "leads_suppressed": 1,
    }
    tampered = fresh_lead("L20261123-001008", id="gate", name="东门").model_copy(
        update={"violation_code": "V17_DEVICE_TAMPER"}
    )
    stage.announce(
        tampered.model_copy(update={"measure": tampered.measure.model_copy(update={"class_name": "covered"})})
    )
    expect(wall.locator('li[data-lead="L20261123-001008"]')).to_be_visible()
    wall.locator('.tile[data-camera="gate"] .tile-state').click()
    panel = wall.locator(".camera")
    expect(panel.locator("h3")).to_have_text("东门")
    for words in (
        "画面异常 · 镜头遮挡",
        "6.2 秒（允许 5 秒）",
        "凝视（全速分析） · 有疑似目标",
        "3.4 秒",
        "analysis-01",
    ):
        expect(panel.locator(".camera-now")).to_contain_text(words)
    expect(panel.locator('dd[data-tone="bad"]', has_text="6.2 秒")).to_be_visible()
    expect(panel.locator(".camera-file .admissibility-verdict")).to_have_text("仅作线索")
    expect(panel.locator(".camera-file")).to_contain_text("当日设置地点未向社会公布")
    picture(wall, "camera-zh")
    panel.locator(".camera-finding", has_text="镜头遮挡").click()
    expect(wall.locator(".coverage")).to_be_hidden()
    expect(wall.locator("dialog.evidence .evidence-id")).to_have_text("L20261123-001008")
    assert complaints == []
