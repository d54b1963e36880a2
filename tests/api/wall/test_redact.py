"""Covered copies in a real browser: drawn over the clip, made by a real worker, played beside the original."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import redis
from playwright.sync_api import Page, expect

from api.contract import bus as keys
from api.contract.client import ApiClient
from api.contract.health import WorkerHealth
from api.people.accounts import create_worker_key
from tests.api.conftest import NODE, RunningApi
from tests.api.contract.sample import TestSigner
from tests.api.wall.leads import judged_lead, playable_posting
from tests.api.wall.test_finding import keep_picture
from vision.jobs.redactions import Redactions

pytestmark = pytest.mark.e2e

ID = "L20261123-001007"


@pytest.fixture
def view(
    enrolled: httpx.Client,
    operator: httpx.Client,
    signer: TestSigner,
    square_clip: Path,
    tmp_path: Path,
    wall: Page,
) -> Page:
    """The evidence view of a lead that is filed with a clip that plays."""
    posting = playable_posting(tmp_path / "package", square_clip, signer, judged_lead(ID, ago_s=60))
    assert posting.send(enrolled).status_code == 201
    assert operator.get("/v1/session").status_code == 200
    wall.locator(f'[data-lead="{ID}"] button').click()
    wall.wait_for_function("() => document.querySelector('.screen video')?.readyState >= 2")
    return wall


@pytest.fixture
def redactions(api: RunningApi, bus: redis.Redis, tmp_path: Path) -> Iterator[Redactions]:
    """A worker that covers clips and says that it is there."""
    now = datetime.now(UTC)
    health = WorkerHealth(worker=NODE, started=now, reported=now, cpus=2)
    bus.set(keys.vitals_key(NODE), health.model_dump_json())
    client = ApiClient(api.url, create_worker_key(api.settings, "coverer"))
    worker = Redactions(NODE, bus, client, tmp_path / "redactions")
    worker.start()
    yield worker
    worker.stop()
    client.close()


def drag(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    """Drag a box over the picture, in shares of it."""
    layer = page.locator(".cover-layer")
    layer.scroll_into_view_if_needed()
    area = layer.bounding_box()
    assert area is not None
    scale = min(area["width"] / 16, area["height"] / 9)
    x0, y0 = area["x"] + (area["width"] - 16 * scale) / 2, area["y"] + (area["height"] - 9 * scale) / 2
    page.mouse.move(x0 + left * 16 * scale, y0 + top * 9 * scale)
    page.mouse.down()
    page.mouse.move(x0 + (left + right) * 8 * scale, y0 + (top + bottom) * 4.5 * scale)
    page.mouse.move(x0 + right * 16 * scale, y0 + bottom * 9 * scale)
    page.mouse.up()


def test_a_clip_is_covered_and_stands_beside_the_original(
    view: Page, redactions: Redactions, operator: httpx.Client, complaints: list[str]
) -> None:
    """Two boxes, one of them moving for a while; the copy is listed, plays with its badge and cannot be drawn on."""
    assert redactions
    view.locator('[data-act="redact"]').click()
    make = view.locator('[data-act="make-copy"]')
    view.locator(".redact-masks input").uncheck()
    make.click()
    expect(view.locator(".redact-message")).to_have_text("请先在画面上画出方框。")
    drag(view, 0.10, 0.20, 0.30, 0.50)
    drag(view, 0.60, 0.60, 0.80, 0.90)
    rows = view.locator(".redact-regions li")
    expect(rows).to_have_count(2)
    rows.nth(1).locator("input").nth(0).fill("1")
    rows.nth(1).locator("input").nth(0).press("Tab")
    rows.nth(1).locator("button", has_text="移动").click()
    view.locator(".redact-transport input").evaluate(
        "seek => { seek.value = '5'; seek.dispatchEvent(new Event('input')); }"
    )
    view.wait_for_function("() => Math.abs(document.querySelector('.screen video').currentTime - 5) < 0.1")
    drag(view, 0.10, 0.60, 0.30, 0.90)
    expect(rows.nth(1).locator("input").nth(1)).to_have_value("5")
    make.click()
    expect(view.locator(".redact-message")).to_have_text("请填写理由。")
    view.locator(".redact .field input").fill("无关人员经过")
    view.locator(".screen").evaluate("screen => screen.scrollIntoView()")
    keep_picture(view, "redact-drawn")
    make.click()
    copy = view.locator(".copies li")
    expect(copy).to_have_count(1, timeout=60_000)
    expect(view.locator(".redact-message")).to_have_text("副本已生成，已列在原件旁。")
    (made,) = operator.get(f"/v1/evidence/{ID}/redactions").json()["redactions"]
    first, second = made["regions"]
    assert first["box"] == pytest.approx([64, 72, 192, 180], abs=2)
    assert (first["from_s"], first["to_box"]) == (0.0, None)
    assert second["box"] == pytest.approx([384, 216, 512, 324], abs=2)
    assert second["to_box"] == pytest.approx([64, 216, 192, 324], abs=2)
    assert (second["from_s"], second["to_s"], made["reason"]) == (1.0, 5.0, "无关人员经过")
    view.locator(".strip-copies button").click()
    expect(view.locator(".viewer-badge")).to_be_visible()
    expect(view.locator('[data-act="redact"]')).to_be_hidden()
    expect(view.locator(".cover-layer")).to_have_count(0)
    view.wait_for_function(
        "video => video.src.includes('/redactions/') && video.readyState >= 2", arg=view.query_selector(".screen video")
    )
    view.locator(".screen").evaluate("screen => screen.scrollIntoView()")
    keep_picture(view, "redact-copy")
    view.locator(".strip-choice").first.click()
    expect(view.locator(".viewer-badge")).to_be_hidden()
    expect(view.locator('[data-act="redact"]')).to_be_visible()
    assert complaints == []


def test_a_picture_is_covered_at_once(view: Page, operator: httpx.Client, complaints: list[str]) -> None:
    """Boxes on a still have no times; the copy needs no worker."""
    view.locator(".strip-choice", has_text="f0001.png").click()
    view.wait_for_function("() => document.querySelector('.screen img').naturalWidth > 0")
    view.locator('[data-act="redact"]').click()
    drag(view, 0.25, 0.25, 0.5, 0.5)
    expect(view.locator(".redact-transport")).to_be_hidden()
    view.locator(".redact .field input").fill("邻居窗户")
    view.locator('[data-act="make-copy"]').click()
    expect(view.locator(".copies li")).to_have_count(1)
    (made,) = operator.get(f"/v1/evidence/{ID}/redactions").json()["redactions"]
    assert made["file"] == "f0001.png"
    assert made["boxes"][0] == pytest.approx([160, 90, 320, 180], abs=2)
    assert complaints == []


def test_without_a_worker_the_reason_is_told(view: Page, new_page: Callable[[], Page]) -> None:
    """The server's sentence stands under the button, and it can be tried again."""
    assert new_page
    view.locator('[data-act="redact"]').click()
    drag(view, 0.1, 0.1, 0.4, 0.4)
    view.locator(".redact .field input").fill("x")
    view.locator('[data-act="make-copy"]').click()
    expect(view.locator(".redact-message")).to_contain_text("no worker is running")
    expect(view.locator('[data-act="make-copy"]')).to_be_enabled()
