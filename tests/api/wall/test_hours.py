"""The hours of a zone in the editor."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import NODE
from tests.api.wall.conftest import module_of
from tests.api.wall.test_finding import keep_picture
from tests.api.wall.test_zones import MASK, OUTLET, open_editor, register, saved

pytestmark = pytest.mark.e2e

NIGHT = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "20:00", "to": "06:00"}


def test_hours_are_set_changed_and_taken_away(wall: Page, operator: httpx.Client, complaints: list[str]) -> None:
    """Days and times of the week, over midnight too; steps are undone; the last day stays; empty is always."""
    register(operator, [OUTLET, MASK])
    editor = open_editor(wall)
    hours = editor.locator(".hours")
    expect(hours.locator(".hours-always")).to_have_text("全天有效")
    hours.locator('[data-act="hours-add"]').click()
    row = hours.locator(".hours-row")
    expect(row.locator("[aria-pressed=true]")).to_have_text(["一", "二", "三", "四", "五", "六", "日"])
    expect(row.locator(".hours-next")).to_be_hidden()
    for day in ("sat", "sun"):
        row.locator(f'[data-day="{day}"]').click()
    row.locator('[data-end="from"]').fill("20:00")
    row.locator('[data-end="to"]').fill("25:00")
    wall.keyboard.press("Tab")
    expect(row.locator('[data-end="to"]')).to_have_attribute("aria-invalid", "true")
    row.locator('[data-end="to"]').fill("６：00")
    wall.keyboard.press("Tab")
    expect(row.locator('[data-end="to"]')).to_have_value("06:00")
    expect(row.locator(".hours-next")).to_have_text("次日")
    expect(hours).to_contain_text("时段之外，该区域的烟不产生线索；明火随时报告")
    keep_picture(wall, "hours-zh")
    editor.locator('[data-act="zones-save"]').click()
    expect(editor.locator("#zones-title")).to_have_text("画面区域 · 东门")
    assert [zone["schedule"] for zone in saved(operator)] == [[NIGHT], []]

    for day in ("mon", "tue", "wed", "thu", "fri"):
        row.locator(f'[data-day="{day}"]').click()
    expect(row.locator("[aria-pressed=true]")).to_have_text(["五"])
    editor.locator('[data-act="zones-undo"]').click()
    expect(row.locator("[aria-pressed=true]")).to_have_text(["四", "五"])
    row.locator('[data-act="hours-remove"]').click()
    expect(hours.locator(".hours-always")).to_be_visible()
    editor.locator(".zone-choice").nth(1).click()
    expect(hours).to_contain_text("时段之外不屏蔽")
    editor.locator('[data-act="zones-save"]').click()
    expect(editor.locator("#zones-title")).to_have_text("画面区域 · 东门")
    assert [zone["schedule"] for zone in saved(operator)] == [[], []]
    assert complaints == []


def test_hours_of_a_file_are_copied_as_its_tables(wall: Page, enrolled: httpx.Client) -> None:
    """What the editor copies is what a worker's configuration takes; distance and hours are in it."""
    zone = OUTLET | {"distance_m": 250.0, "schedule": [NIGHT]}
    document = {"id": "gate-1", "name": "东门", "source": "a.mp4", "zones": [zone], "configured_by": NODE}
    assert enrolled.put("/v1/cameras/gate-1", json=document).status_code in {200, 201}
    editor = open_editor(wall)
    expect(editor.locator("[data-field=distance_m]")).to_have_value("250")
    text = wall.evaluate(
        f"async zones => (await import('{module_of(wall, 'zones/draft.js')}')).tomlOf(zones)", saved(enrolled)
    )
    assert text.endswith(
        'outlet = "DA001"\ndistance_m = 250\n\n[[cameras.zones.schedule]]\n'
        'days = ["mon","tue","wed","thu","fri"]\nfrom = "20:00"\nto = "06:00"\n'
    )
    wall.keyboard.press("Escape")
    wall.get_by_role("button", name="EN").click()
    open_editor(wall)
    expect(editor.locator(".hours-next")).to_have_text("next day")
    keep_picture(wall, "hours-en")
