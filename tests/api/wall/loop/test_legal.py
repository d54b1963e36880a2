"""The legal page on the wall: published penalties, working days, confirmed rows of the catalogue."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

CODE = "V01_STACK_SMOKE"


def test_days_and_rows_are_set_and_taken_back(wall: Page, operator: httpx.Client, complaints: list[str]) -> None:
    """A day off with its reason, and back; a row refused without the role, confirmed with it, withdrawn; in English."""
    wall.get_by_role("link", name="法制").click()
    legal = wall.locator("dialog.legal")
    expect(legal.locator(".empty")).to_have_text("没有到期的公示。")
    keep_picture(wall, "legal-publicity-1366")

    legal.locator('[data-part="calendar"]').click()
    legal.locator("[name=year]").fill("2027")
    legal.locator("[name=year]").press("Tab")
    expect(legal.locator(".empty")).to_have_text("2027 年没有另行规定的日子。")
    legal.locator("[type=submit]").click()
    expect(legal.locator(".review-message")).to_have_text("请填写日期和理由。")
    legal.locator("[name=day]").fill("2027-03-08")
    legal.locator("[name=reason]").fill("全区停电检修")
    legal.locator("[type=submit]").click()
    expect(legal.locator('tr[data-day="2027-03-08"]')).to_contain_text("休息全区停电检修")
    expect(legal.locator(".review-message")).to_have_text("已保存")
    assert operator.get("/v1/calendar?year=2027").json()["days"][0]["working"] is False
    keep_picture(wall, "legal-calendar-1366")
    legal.locator("[data-act=calendar-remove]").click()
    legal.locator("[name=why]").fill("检修取消")
    legal.locator("[type=submit]").first.click()
    expect(legal.locator(".empty")).to_be_visible()
    assert operator.get("/v1/calendar?year=2027").json()["days"] == []

    legal.locator('[data-part="catalogue"]').click()
    row = legal.locator(f'tr[data-code="{CODE}"]')
    expect(row).to_contain_text("未确认")
    row.locator("button").click()
    legal.locator("[type=submit]").click()
    expect(legal.locator(".review-message")).to_have_text("请写明确认所依据的文件。")
    legal.locator("[name=reference]").fill("通环法〔2026〕3 号")
    legal.locator("[type=submit]").click()
    expect(row).to_contain_text("已确认：通环法〔2026〕3 号")
    keep_picture(wall, "legal-catalogue-1366")
    row.locator("button").click()
    legal.locator("button[value=withdraw]").click()
    expect(row).to_contain_text("已撤回")
    said = {each["code"]: each for each in operator.get("/v1/catalogue/confirmations").json()["confirmations"]}
    assert said[CODE]["confirmed"] is False

    legal.locator("[data-act=legal-close]").click()
    expect(legal).to_be_hidden()
    wall.locator("[data-act=language]").click()
    wall.goto(f"{wall.url}#legal/catalogue")
    expect(legal.locator("h2")).to_have_text("Legal")
    expect(row).to_contain_text("withdrawn")
    wall.set_viewport_size({"width": 390, "height": 844})
    keep_picture(wall, "legal-catalogue-390")
    assert complaints == []
