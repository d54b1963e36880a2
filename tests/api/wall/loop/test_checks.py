"""Check codes on the wall: asked for, refused, joined, found, shown, ended."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.checks.register import RED, fill_register, request
from tests.api.conftest import RunningApi
from tests.api.wall.loop.desks import PHONE, pick
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e


@pytest.mark.usefixtures("agreement")
def test_a_code_is_asked_for_joined_found_and_cancelled(
    wall: Page, api: RunningApi, operator: httpx.Client, complaints: list[str]
) -> None:
    """Officers and enterprise by name; a refusal offers the open code to join; the trail holds every event."""
    fill_register(api)
    for number in range(2):
        made = operator.post("/v1/check-codes", json=request(RED, items=[f"事项{number}"]))
        assert made.status_code == 201, made.text
    wall.get_by_role("link", name="检查码").click()
    checks = wall.locator("dialog.checks")
    expect(checks.locator(".entries tbody tr")).to_have_count(2)
    checks.locator("[data-act=check-new]").click()
    form = checks.locator(".issue-form")
    form.locator("[data-act=issue]").click()
    expect(form.locator(".review-message")).to_have_text("请先填写：企业")
    pick(wall, "uscc", "测试企业 433B", RED)
    form.locator("[name=basis]").select_option("complaint")
    form.locator("[name=items]").fill("大气污染防治设施\n台账")
    pick(wall, "officers", "11-0001", "11-0001")
    form.locator("[name=reason]").fill("来访举报")
    form.locator("[data-act=issue]").click()
    expect(form.locator(".review-message")).to_contain_text("未通过：")
    pick(wall, "officers", "11-0002", "11-0002")
    keep_picture(wall, "issue-zh-1366")
    form.locator("[data-act=issue]").click()
    expect(checks.locator(".check-facts")).to_contain_text("大气污染防治设施、台账")
    code = wall.evaluate("location.hash.split('/')[1]")
    expect(checks.locator(f'tr[data-code="{code}"]')).to_have_attribute("aria-selected", "true")
    assert checks.locator(".qr").evaluate("image => image.complete && image.naturalWidth > 0")
    keep_picture(wall, "checks-zh-1366")

    checks.locator("[data-act=check-new]").click()
    pick(wall, "uscc", "测试企业 433B", RED)
    form.locator("[name=basis]").select_option("complaint")
    form.locator("[name=items]").fill("台账")
    for number in ("11-0002", "11-0003"):
        pick(wall, "officers", number, number)
    form.locator("[name=reason]").fill("再次举报")
    form.locator("[data-act=issue]").click()
    expect(form.locator(".review-message")).to_contain_text(f"未通过：检查码 {code} 尚在有效期")
    keep_picture(wall, "issue-refused-zh-1366")
    form.locator("[data-act=issue-join]").click()
    changes = checks.locator(".check-changes")
    changes.locator("[data-change=join]").click()
    pick(wall, "officers", "11-0003", "11-0003")
    changes.locator("[name=reason]").fill("增派")
    changes.locator("[type=submit]").click()
    expect(checks.locator(".check > .review-message")).to_have_text("已记录。")
    expect(checks.locator(".check-facts")).to_contain_text("11-0003")
    changes.locator("[data-change=cancel]").click()
    changes.locator("[name=reason]").fill("企业停产")
    changes.locator("[type=submit]").click()
    expect(checks.locator(".check-facts .chip")).to_have_text("已取消")
    expect(checks.locator(".check .timeline li .move-what")).to_have_text(["签发", "并入", "取消"])
    wall.set_viewport_size(PHONE)  # type: ignore[arg-type]
    keep_picture(wall, "checks-zh-390")
    wall.set_viewport_size({"width": 1366, "height": 768})
    checks.locator("select").first.select_option("CANCELLED")
    expect(checks.locator(".entries tbody tr")).to_have_count(1)
    checks.locator("[name=code]").fill("JC1")
    checks.locator("[name=code]").press("Enter")
    expect(checks.locator(".panel-error")).to_have_text("检查码为 JC 开头的 25 位字符。")
    assert complaints == []
