"""The loop in real browsers: a lead goes from the wall to the street through five operators."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from api.clock import utc_now
from api.contract.register.staff import Officer
from api.store.register.changes import put_entry
from tests.api.checks.register import RED, fill_register
from tests.api.conftest import RunningApi
from tests.api.contract.sample import TestSigner
from tests.api.loop.people import staff
from tests.api.wall.leads import judged_lead, playable_posting
from tests.api.wall.loop.desks import PHONE, OpenPage, done, pick, reason
from tests.api.wall.test_evidence import answer, choose, send
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

ID = "L20261123-001007"
OTHER = "L20261123-001008"


@pytest.fixture
def people(api: RunningApi) -> Iterator[dict[str, httpx.Client]]:
    """A register with officers, one of whom logs in, and a site with roles."""
    fill_register(api)
    own = Officer(
        cert_no="11-0007", name="赵六", division="110112", valid_from=date(2026, 1, 1), username="officer", unit=None
    )
    with api.state.database.writing() as session:
        put_entry(session, own, 0, who="operator:test", reason="test", at=utc_now())
    with staff(api, duty="D", verifier="V", proof="E", post="P", officer="O", head="M", both="VO") as clients:
        yield clients


@pytest.fixture
def filed(enrolled: httpx.Client, signer: TestSigner, square_clip: Path, tmp_path: Path) -> None:
    """Two leads of black smoke at a red enterprise."""
    for lead_id, ago_s in ((ID, 300), (OTHER, 60)):
        posting = playable_posting(tmp_path / lead_id, square_clip, signer, judged_lead(lead_id, ago_s=ago_s))
        assert posting.send(enrolled).status_code == 201


@pytest.mark.usefixtures("filed", "agreement")
def test_five_operators_take_a_lead_from_the_wall_to_the_street(
    open_as: OpenPage, people: dict[str, httpx.Client], complaints: list[str]
) -> None:
    """Proposed, confirmed, fixed, dispatched, accepted; a code asked for, shown, scanned; the visit recorded, found."""
    duty = open_as("duty")
    mine = duty.locator('[data-filter="mine"]')
    expect(mine).to_have_text("我的 2")
    expect(mine).to_have_attribute("aria-pressed", "true")
    expect(duty.locator('[data-filter="due"]')).to_have_text("临期 2")
    keep_picture(duty, "queue-zh-1366")
    duty.locator(f'[data-lead="{ID}"] button').click()
    expect(duty.locator(".standing-turn")).to_have_text("值守（含您）")
    choose(duty, "VERIFIED")
    answer(duty)
    duty.locator("[data-field=reason_code] select").select_option("smoke_seen")
    reason(duty, "黑烟清楚，持续十分钟")
    keep_picture(duty, "move-verified-1366")
    send(duty)
    done(duty, "已提议“属实”，由另一人确认")
    expect(duty.locator(".proposal")).to_contain_text("等待另一人确认")
    expect(duty.locator(".standing-turn")).to_have_text("核实")
    expect(duty.locator(f'[data-lead="{ID}"] .chip')).to_have_text("提议属实")
    duty.keyboard.press("j")
    expect(duty.locator(".evidence-id")).to_have_text(OTHER)
    duty.set_viewport_size(PHONE)  # type: ignore[arg-type]
    expect(duty.locator(".review .choice")).to_have_count(3)
    keep_picture(duty, "lead-zh-390")

    verifier = open_as("verifier")
    verifier.locator(f'[data-lead="{ID}"] button').click()
    expect(verifier.locator(".proposal")).to_contain_text("duty（值守）于")
    expect(verifier.locator(".proposal")).to_contain_text("黑烟清楚，持续十分钟")
    expect(verifier.locator(".review .choice")).to_have_count(2)
    choose(verifier, "VERIFIED")
    expect(verifier.locator("[data-field=reason_code] select")).to_have_value("smoke_seen")
    answer(verifier)
    reason(verifier, "同意")
    keep_picture(verifier, "confirm-zh-1366")
    send(verifier)
    done(verifier, "已确认：属实")

    proof = open_as("proof")
    proof.locator(f'[data-lead="{ID}"] button').click()
    expect(proof.locator(".blocked")).to_contain_text("仅提醒：仅提醒适用于绿色或正面清单企业的首次轻微情形")
    keep_picture(proof, "blocked-zh-1366")
    choose(proof, "EVIDENCE_FIXED")
    reason(proof, "核验通过")
    send(proof)
    done(proof, "已记录：已固证")

    post = open_as("post")
    post.locator(f'[data-lead="{ID}"] button').click()
    choose(post, "DISPATCHED")
    post.locator(".move-form [type=submit]").click()
    done(post, "请先填写：承办队伍")
    post.locator("[name=team]").fill("执法一队")
    reason(post, "就近")
    post.locator(".move-form summary").click()
    pick(post, "officers", "赵六", "11-0007")
    expect(post.locator("[data-field=officers] .picked-one")).to_contain_text("赵六 · 11-0007")
    keep_picture(post, "dispatch-zh-1366")
    send(post)
    done(post, "已记录：已派发")
    post.locator(".timeline").scroll_into_view_if_needed()
    expect(post.locator(".timeline .carried").last).to_contain_text("赵六（11-0007）")
    keep_picture(post, "timeline-zh-1366")

    phone = open_as("officer", "#officer", PHONE)
    expect(phone.locator(".case-group").nth(1)).to_contain_text("待接收 1")
    keep_picture(phone, "officer-list-390")
    phone.locator(f'[data-lead="{ID}"] button').click()
    expect(phone.get_by_role("link", name="导航")).to_have_attribute(
        "href", "geo:39.91,116.65?q=39.91,116.65(" + _QUOTED
    )
    choose(phone, "ACCEPTED")
    reason(phone, "出发")
    send(phone)
    done(phone, "已记录：已接收")
    phone.locator("[data-act=case-issue]").click()
    expect(phone.locator(".issue-form .picked-one")).to_have_count(2)
    pick(phone, "officers", "11-0002", "11-0002")
    keep_picture(phone, "officer-issue-390")
    phone.locator("[data-act=issue]").click()
    code = phone.locator("[data-code]").get_attribute("data-code")
    assert code is not None
    expect(phone.locator(".qr")).to_be_visible()
    keep_picture(phone, "officer-code-390")
    choose(phone, "ON_SITE")
    expect(phone.locator("[name=check_code]")).to_have_value(code)
    reason(phone, "到达")
    send(phone)
    done(phone, "已记录：现场检查中")
    expect(phone.locator(".blocked")).to_contain_text("查实：尚未扫企业码：请先在现场扫码")
    phone.locator("[data-act=scan-place]").click()
    expect(phone.locator(".scan-place")).to_contain_text("116.65010, 39.91010")
    phone.locator(".scan-form [name=uscc]").fill("914403001922038216")
    phone.locator("[data-act=scan]").click()
    expect(phone.locator(".scan-form .review-message")).to_contain_text("未通过：检查码属于企业")
    phone.locator(".scan-form [name=uscc]").fill(f"https://example.cn/q?code={RED.lower()}")
    phone.locator("[data-act=scan]").click()
    expect(phone.locator(".scans li")).to_contain_text("距登记地点 14 米")
    choose(phone, "CONFIRMED")
    phone.locator(".move-form [type=submit]").click()
    done(phone, "请先填写：附件")
    phone.locator(".visit-record [name=record]").fill("锅炉房布袋除尘器破损，烟囱冒黑烟。")
    with phone.expect_download() as download:
        phone.locator("[data-act=record]").click()
    assert download.value.suggested_filename.startswith(f"检查笔录-{ID}-")
    photo = {"name": "烟囱.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8 photo"}
    phone.locator(".visit-record [type=file]").set_input_files([photo])  # type: ignore[list-item]
    expect(phone.locator(".visit-record .attached li")).to_have_count(2)
    expect(phone.locator(".move-form .attached li")).to_have_count(2)
    keep_picture(phone, "officer-record-390")
    phone.locator("[name=measurement]").fill("HJ/T 398，林格曼烟气浓度图，3 级，监测〔2026〕21 号")
    reason(phone, "现场查实")
    send(phone)
    done(phone, "已记录：查实")
    phone.locator(".case > .move-more > summary").click()
    keep_picture(phone, "officer-done-390")
    lead = people["officer"].get(f"/v1/leads/{ID}").json()
    assert (lead["state"], lead["handling"]["check_code"]) == ("CONFIRMED", code)

    desk = open_as("head", f"#checks/{code}")
    expect(desk.locator(".check-facts")).to_contain_text("赵六（11-0007）")
    expect(desk.locator(".check .chip")).to_have_text("已完成")
    expect(desk.locator(".check .timeline")).to_contain_text("现场查实")
    keep_picture(desk, "check-zh-1366")
    desk.set_viewport_size(PHONE)  # type: ignore[arg-type]
    keep_picture(desk, "check-zh-390")
    assert complaints == []


_QUOTED = "%E6%B5%8B%E8%AF%95%E4%BC%81%E4%B8%9A%20433B)"


@pytest.mark.usefixtures("filed")
def test_moves_are_not_lost_between_pages_people_and_faults(
    open_as: OpenPage, people: dict[str, httpx.Client], api: RunningApi, complaints: list[str]
) -> None:
    """Leaving sends at once; what is refused waits in the bar and comes back into its form; declined is on record."""
    duty = open_as("duty")
    duty.locator(f'[data-lead="{ID}"] button').click()
    choose(duty, "NEED_MORE")
    answer(duty, clear="no")
    reason(duty, "夜间")
    duty.keyboard.press("Control+Enter")
    expect(duty.locator(".undo-row")).to_be_visible()
    duty.goto("about:blank")
    deadline = time.monotonic() + 5
    while (proposed := people["duty"].get(f"/v1/leads/{ID}").json()["proposal"]) is None:
        assert time.monotonic() < deadline, "nothing was sent when the page was left"
        duty.wait_for_timeout(50)
    assert proposed["to"] == "NEED_MORE"

    verifier = open_as("verifier", viewport=PHONE)
    keep_picture(verifier, "wall-zh-390")
    verifier.locator(f'[data-lead="{ID}"] button').click()
    choose(verifier, "PENDING_VERIFY")
    reason(verifier, "白天已有画面")
    keep_picture(verifier, "decline-zh-390")
    verifier.locator(".move-form [type=submit]").click()
    keep_picture(verifier, "undo-zh-390")
    verifier.locator("[data-act=send-now]").click()
    done(verifier, "已退回提议")
    expect(verifier.locator(".timeline [data-act=declined]")).to_contain_text("verifier · 核实白天已有画面")

    duty.goto(api.url)
    duty.locator(f'[data-lead="{OTHER}"] button').click()
    choose(duty, "REJECTED_FALSE")
    answer(duty)
    duty.locator("[data-field=reason_code] select").select_option("steam")
    reason(duty, "水汽")
    duty.keyboard.press("Control+Enter")
    duty.keyboard.press("Control+Enter")
    duty.locator("[data-act=close]").first.click()
    expect(duty.locator(f'[data-lead="{OTHER}"] .chip')).to_have_text("待提交：提议误报")
    duty.route("**/transitions", lambda route: route.abort())
    duty.locator("[data-act=send-now]").click()
    expect(duty.locator(".undo-row")).to_contain_text("未提交：")
    keep_picture(duty, "failed-zh-1366")
    duty.unroute("**/transitions")
    version = people["both"].get(f"/v1/leads/{OTHER}").json()["version"]
    moved = people["duty"].post(
        f"/v1/leads/{OTHER}/transitions",
        json={"to": "NEED_MORE", "reason": "补充"},
        headers={"If-Match": f'"{version}"'},
    )
    assert moved.status_code == 200
    duty.locator("[data-act=undo-again]").click()
    expect(duty.locator(".undo-row")).to_contain_text("其他人刚刚更新了这条线索")
    duty.locator("[data-act=undo-open]").click()
    expect(duty.locator(".review > .review-message")).to_contain_text("其他人刚刚更新了这条线索")
    expect(duty.locator(".move-form [name=reason]")).to_have_value("水汽")
    expect(duty.locator("[data-field=reason_code] select")).to_have_value("steam")
    expect(duty.locator(".undo")).to_be_hidden()
    assert complaints == []
