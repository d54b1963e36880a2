"""The lead queue in a real browser."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.contract.sample import TestSigner
from tests.api.wall.conftest import module_of
from tests.api.wall.leads import fresh_lead, playable_posting
from tests.api.wall.stage import StagedWorker

pytestmark = pytest.mark.e2e

ID = "L20261123-001007"


def test_a_lead_appears_at_once_and_is_filed(
    wall: Page,
    stage: StagedWorker,
    enrolled: httpx.Client,
    signer: TestSigner,
    square_clip: Path,
    tmp_path: Path,
    complaints: list[str],
) -> None:
    """An announced lead is on the wall within seconds, rings once, shows its picture, and changes state when filed."""
    wall.locator(".bar-time").click()  # the gesture without which a browser is silent
    expect(wall.locator("[data-sound]")).to_have_attribute("data-sound", "on")
    lead = fresh_lead(ID)
    stage.announce(lead)
    card = wall.locator(f'[data-lead="{ID}"]')
    expect(card).to_be_visible(timeout=5_000)
    expect(card).to_have_class("fresh")
    expect(card.locator(".chip")).to_have_text("取证中")
    expect(card.locator(".lead-what")).to_have_text("可见烟气 · 疑似露天焚烧垃圾")
    expect(card.locator(".lead-camera")).to_have_text("三号门")
    expect(card.locator(".lead-peak")).to_have_text("0.88")
    wall.wait_for_function("image => image.naturalWidth === 320", arg=card.locator("img").element_handle())
    posting = playable_posting(tmp_path / "package", square_clip, signer, lead)
    assert posting.send(enrolled).status_code == 201
    expect(card.locator(".chip")).to_have_text("待核实")
    expect(wall.locator(".lead-list > li")).to_have_count(1)
    expect(wall.locator(".queue .count")).to_have_text("1")
    assert complaints == []


def test_the_button_that_offers_sound_turns_it_on(wall: Page) -> None:
    """The first click on the page, on the button that offers sound, gives it, and only the next one takes it away."""
    button = wall.locator("[data-sound]")
    expect(button).to_have_text("点击启用声音")
    button.click()
    expect(button).to_have_attribute("data-sound", "on")
    button.click()
    expect(button).to_have_attribute("data-sound", "off")
    wall.reload()
    expect(button).to_have_attribute("data-sound", "off")


def test_the_tile_of_a_fresh_lead_is_marked(wall: Page, stage: StagedWorker, square_clip: Path) -> None:
    """The camera of a lead that was just confirmed has a red border and names the lead; the name opens it."""
    stage.add("gate-3", square_clip)
    tile = wall.locator('.tile[data-camera="gate-3"]')
    expect(tile).to_have_attribute("data-state", "playing", timeout=20_000)
    stage.announce(fresh_lead(ID))
    expect(tile).to_have_class("tile alarmed")
    tile.locator(".tile-lead").click()
    expect(wall.locator("dialog.evidence")).to_be_visible()
    expect(wall.locator(".pending")).to_contain_text("证据包正在生成")


def test_a_lead_tells_its_day_once_that_is_over(wall: Page, stage: StagedWorker) -> None:
    """A card shows the time alone on its own day; on an open wall, midnight puts the date before it, read aloud too."""
    lead = fresh_lead(ID)
    times = module_of(wall, "shared/times.js")
    clock = f"ms => import('{times}').then(({{ serverClock }}) => {{ serverClock.now = () => ms; }})"
    began_ms = lead.event.start.timestamp() * 1000
    wall.evaluate(clock, began_ms)
    stage.announce(lead)
    card = wall.locator(f'[data-lead="{ID}"]')
    time = lead.event.start.astimezone(ZoneInfo("Asia/Shanghai"))
    expect(card.locator(".lead-time")).to_have_text(f"{time:%H:%M:%S}")
    wall.evaluate(clock, began_ms + 86_400_000)
    expect(card.locator(".lead-time")).to_have_text(f"{time:%m-%d %H:%M:%S}")
    expect(card.locator("button")).to_have_attribute("aria-label", re.compile(f"{time:%m-%d %H:%M:%S}"))


def test_a_reload_loses_nothing_and_repeats_nothing(wall: Page, stage: StagedWorker) -> None:
    """After a reload, with a lead that came meanwhile, each lead is shown once; the cursor goes on from before."""
    stage.announce(fresh_lead(ID))
    expect(wall.locator(".lead-list > li")).to_have_count(1)
    wall.wait_for_function("sessionStorage.getItem('plumewatch.cursor') !== '0'")
    before = int(wall.evaluate("sessionStorage.getItem('plumewatch.cursor')"))
    url = wall.url
    wall.goto("about:blank")
    stage.announce(fresh_lead("L20261123-001008", ago_s=2))
    wall.wait_for_timeout(1500)
    wall.goto(url)
    expect(wall.locator(".lead-list > li")).to_have_count(2)
    expect(wall.locator(".lead-list > li").first).to_have_attribute("data-lead", "L20261123-001008")
    expect(wall.locator('[data-lead="L20261123-001008"]')).to_have_class("fresh")
    assert int(wall.evaluate("sessionStorage.getItem('plumewatch.cursor')")) > before
    expect(wall.locator(".lead-list > li")).to_have_count(2)


def test_hostile_words_in_a_lead_are_text(wall: Page, stage: StagedWorker, complaints: list[str]) -> None:
    """Whatever a worker puts into a lead's words is shown as text."""
    name = "<script>window.injected=1</script><b>门</b>"
    stage.announce(fresh_lead(ID, name=name))
    card = wall.locator(f'[data-lead="{ID}"]')
    expect(card.locator(".lead-camera")).to_have_text(name)
    card.locator("button").click()
    expect(wall.locator("#evidence-title")).to_contain_text(name)
    assert wall.evaluate("window.injected") is None
    assert complaints == []


def test_leads_are_filtered_and_reached_by_keyboard(wall: Page, stage: StagedWorker) -> None:
    """The filter shows open, handled or all leads; arrows move between them and Enter opens one."""
    for number, ago_s in ((1, 9), (2, 6)):
        stage.announce(fresh_lead(f"L20261123-00100{number}", ago_s=ago_s))
    expect(wall.locator(".lead-list > li")).to_have_count(2)
    wall.locator('[data-filter="done"]').click()
    expect(wall.locator(".lead-list > li")).to_have_count(0)
    expect(wall.locator(".queue .empty")).to_have_text("没有符合筛选条件的线索。")
    wall.locator('[data-filter="all"]').click()
    wall.locator(".lead").first.focus()
    wall.keyboard.press("ArrowDown")
    wall.keyboard.press("Enter")
    expect(wall.locator(".evidence-id")).to_have_text("L20261123-001001")
    wall.keyboard.press("Escape")
    expect(wall.locator("dialog.evidence")).not_to_be_visible()
