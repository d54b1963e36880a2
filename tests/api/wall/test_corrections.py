"""A wrong fact is put right on the wall, and both values stay to be seen."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.contract.sample import TestSigner
from tests.api.wall.leads import judged_lead, playable_posting
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

ID = "L20261123-001007"


@pytest.fixture
def panel(wall: Page, enrolled: httpx.Client, signer: TestSigner, square_clip: Path, tmp_path: Path) -> Locator:
    """The corrections of a lead that is open on the wall, its outlet about to be put right."""
    posting = playable_posting(tmp_path / "package", square_clip, signer, judged_lead(ID, ago_s=60))
    assert posting.send(enrolled).status_code == 201
    wall.locator(f'[data-lead="{ID}"] button').click()
    panel = wall.locator(".corrections")
    panel.locator("summary").click()
    panel.get_by_label("更正项").select_option("target.outlet")
    return panel


def test_a_reviewer_corrects_the_outlet(wall: Page, complaints: list[str], panel: Locator) -> None:
    """Without a reason nothing is sent; then the lead shows the new value, the list the old one, with who and why."""
    value = panel.get_by_label("更正为")
    expect(value).to_have_value("DA001")
    value.fill("DA002")
    panel.get_by_role("button", name="更正", exact=True).click()
    expect(panel.locator(".correction-message")).to_have_text("请先填写理由。")
    panel.get_by_label("依据（必填，记入日志）").fill("核对排污许可证")
    panel.get_by_role("button", name="更正", exact=True).click()
    expect(panel.locator(".correction-message")).to_have_text("已更正")
    expect(panel.locator("li")).to_contain_text("更正 排放口编号")
    expect(panel.locator("li")).to_contain_text("由“DA001”改为“DA002”：核对排污许可证")
    expect(wall.locator(".finding-set")).to_contain_text("DA002")
    panel.scroll_into_view_if_needed()
    keep_picture(wall, "correction-zh-1366")
    panel.get_by_label("更正项").select_option("violation_code")
    expect(panel.get_by_label("更正为")).to_have_value("V01_STACK_SMOKE")
    assert complaints == []


def test_a_newer_version_leaves_what_is_being_typed(wall: Page, operator: httpx.Client, panel: Locator) -> None:
    """A colleague's decision meanwhile takes nothing away, and the correction is then made of the newest version."""
    value = panel.get_by_label("更正为")
    value.fill("DA002")
    etag = operator.get(f"/v1/leads/{ID}").headers["ETag"]
    decision = {"to": "NEED_MORE", "reason": "看不清"}
    moved = operator.post(f"/v1/leads/{ID}/transitions", json=decision, headers={"If-Match": etag})
    assert moved.status_code == 200
    expect(wall.locator("dialog.evidence")).to_contain_text("看不清")
    expect(value).to_have_value("DA002")
    panel.get_by_label("依据（必填，记入日志）").fill("核对排污许可证")
    panel.get_by_role("button", name="更正", exact=True).click()
    expect(panel.locator("li")).to_contain_text("由“DA001”改为“DA002”：核对排污许可证")
    expect(value).to_have_value("DA002")
