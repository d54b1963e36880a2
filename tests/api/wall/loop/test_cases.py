"""Cases in real browsers: how leads end otherwise than on the street, each on the pages of who is in charge of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.clock import utc_now
from api.contract.coverage import HOUR, AccountHour
from api.contract.register.staff import Unit
from api.contract.wire.lead import LeadDisposition, LeadDocument, LeadTarget
from api.contract.wire.state import Priority
from api.fleet.coverage import hour_of
from api.loop.timers import Timers
from api.store.coverage import note_duty, take_hours
from api.store.lead_rows import lead_row
from api.store.register.changes import put_entry
from tests.api.checks.register import ENTERED, LISTED, fill_register
from tests.api.conftest import NODE, RunningApi
from tests.api.contract.sample import TestSigner
from tests.api.loop.people import move, staff
from tests.api.loop.test_closing import TO_CONFIRMED
from tests.api.loop.test_facts import FACTORS
from tests.api.loop.test_transition import VERIFIED
from tests.api.wall.leads import fresh_lead, judged_lead, playable_posting
from tests.api.wall.loop.desks import OpenPage, done, pick, reason
from tests.api.wall.test_evidence import answer, choose, send
from tests.api.wall.test_finding import keep_picture

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("agreement")]

RED, MINOR, HANDED, FALSE, LATE = (f"L20261123-00100{number}" for number in range(1, 6))
WEEK = timedelta(days=7)


@pytest.fixture
def people(api: RunningApi) -> Iterator[dict[str, httpx.Client]]:
    """A register with a unit of another authority, and a site with roles; one desk fixes evidence and dispatches."""
    fill_register(api)
    unit = Unit(code="U-07", name="通州区水务局", division="110112")
    with api.state.database.writing() as session:
        put_entry(session, unit, 0, who="operator:test", reason="test", at=ENTERED)
    roles = {"duty": "D", "verifier": "V", "proof": "EP", "officer": "O", "legal": "R", "head": "M", "partner": "X"}
    with staff(api, **roles) as clients:
        yield clients


class Filing:
    """Files leads with packages that can be played."""

    def __init__(self, worker: httpx.Client, signer: TestSigner, clip: Path, folder: Path) -> None:
        self._worker, self._signer, self._clip, self._folder = worker, signer, clip, folder

    def __call__(self, lead: LeadDocument) -> str:
        """File a lead and return the hash of its package."""
        posting = playable_posting(self._folder / lead.lead_id, self._clip, self._signer, lead)
        answer = posting.send(self._worker)
        assert answer.status_code == 201, answer.text
        sums: str = answer.json()["evidence"]["sums_sha256"]
        return sums


@pytest.fixture
def file(enrolled: httpx.Client, signer: TestSigner, square_clip: Path, tmp_path: Path) -> Filing:
    """File a lead."""
    return Filing(enrolled, signer, square_clip, tmp_path)


def walk(people: dict[str, httpx.Client], lead_id: str, *steps: tuple[str, str, Mapping[str, object]]) -> None:
    """Make moves of a lead through the API, one after the other."""
    for name, to, content in steps:
        moved = move(people[name], to, f"/v1/leads/{lead_id}", **content)
        assert moved.status_code == 200, moved.text


def open_lead(page: Page, lead_id: str, state: str) -> None:
    """Open a lead, which stands in a state, from the operator's own queue; another one is put away."""
    if page.locator("dialog.evidence").is_visible():
        page.locator("dialog.evidence [data-act=close]").first.click()
    page.locator(f'[data-lead="{lead_id}"] button').click()
    expect(page.locator(".standing-state")).to_have_text(state)


def week_watched(api: RunningApi, lead: LeadDocument) -> None:
    """Let the seven days of a rectified lead be over, in which its camera was watched; the system then says so."""
    now = utc_now()
    first, camera_id = hour_of(now - WEEK), lead.camera.id
    hours = [first + number * HOUR for number in range(7 * 24 + 1)]
    with api.state.database.writing() as session:
        note_duty(session, camera_id, first, on_duty=True)
        take_hours(session, (watched_hour(camera_id, hour) for hour in hours), now)
        row = lead_row(session, lead.lead_id)
        row.entered, row.due, row.alarm_at = now - WEEK, now, now
    Timers(api.state).turn(utc_now())


def watched_hour(camera_id: str, start: datetime) -> AccountHour:
    """An hour of a camera without a gap."""
    end = start + HOUR
    return AccountHour(
        camera_id=camera_id,
        hour=start,
        worker=NODE,
        account="00000000000000aa",
        sequence=1,
        start=start,
        end=end,
        limit_s=5.0,
        analysed=1800,
    )


def test_a_red_enterprise_corrects_is_watched_and_the_case_is_closed(
    open_as: OpenPage, people: dict[str, httpx.Client], api: RunningApi, file: Filing, complaints: list[str]
) -> None:
    """Without a penalty and by a deadline; corrected; not seen again in seven days; reviewed; closed with advice."""
    lead = judged_lead(RED, ago_s=600)
    file(lead)
    walk(people, RED, *[(("proof" if to == "DISPATCHED" else who), to, what) for who, to, what in TO_CONFIRMED])

    legal = open_as("legal")
    open_lead(legal, RED, "查实")
    choose(legal, "RECTIFY_NO_PENALTY")
    reason(legal, "首次、轻微，已停止排放")
    legal.locator(".move-form [type=submit]").click()
    done(legal, "请先填写：整改期限")
    deadline = utc_now() + timedelta(days=3, hours=8)
    legal.locator(".move-form [name=deadline]").fill(f"{deadline:%Y-%m-%dT%H:%M}")
    send(legal)
    done(legal, "已记录：责令整改（不罚）")
    expect(legal.locator(".standing-clock time")).to_have_text(f"{deadline:%m-%d %H:%M}")

    officer = open_as("officer")
    open_lead(officer, RED, "责令整改（不罚）")
    choose(officer, "RECTIFIED")
    reason(officer, "布袋除尘器已更换")
    send(officer)
    done(officer, "已记录：已整改")
    expect(officer.locator(".blocked")).to_contain_text("复发观察尚未结束")
    week_watched(api, lead)
    open_lead(officer, RED, "已整改")
    expect(officer.locator(".blocked")).to_be_empty()
    choose(officer, "REVIEWED")
    reason(officer, "七天内未再发生")
    send(officer)
    done(officer, "已记录：已复查")

    head = open_as("head")
    open_lead(head, RED, "已复查")
    expect(head.locator(".standing")).to_contain_text("未再发生，观察率 100%")
    choose(head, "CLOSED")
    head.locator("[data-field=feedback] [name=colour]").select_option("lower")
    head.locator("[name=advice]").fill("建立布袋更换台账")
    reason(head, "整改到位")
    keep_picture(head, "case-close-zh-1366")
    send(head)
    done(head, "已记录：已办结")
    steps = head.locator(".timeline > li")
    watched = steps.and_(head.locator("[data-act=watched]"))
    expect(watched).to_contain_text("未再发生；观察 7 天，观察率 100%")
    expect(steps.and_(head.locator("[data-state=RECTIFY_NO_PENALTY]"))).to_contain_text(f"{deadline:%Y-%m-%d %H:%M}")
    expect(steps.last).to_contain_text("建立布袋更换台账")
    expect(steps.last).to_contain_text("风险等级 下调")
    steps.last.scroll_into_view_if_needed()
    keep_picture(head, "case-closed-zh-1366")
    lead_now = people["head"].get(f"/v1/leads/{RED}").json()
    assert (lead_now["state"], lead_now["handling"]["feedback"]["colour"]) == ("CLOSED", "lower")
    records = people["head"].get(f"/v1/leads/{RED}/transitions").json()["transitions"]
    assert [record["role"] for record in records[-5:]] == ["R", "O", "A", "O", "M"]
    assert complaints == []


def minor_lead() -> LeadDocument:
    """Bare soil at the enterprise of the positive list, as a worker without a register reports it."""
    update = {
        "violation_code": "V07_BARE_SOIL",
        "target": LeadTarget(zone="料场", uscc=LISTED),
        "factors": FACTORS,
        "score": 20,
        "priority": Priority.P3,
        "disposition": LeadDisposition(reasons=["unregistered"]),
    }
    return fresh_lead(MINOR, ago_s=400).model_copy(update=update)


def test_leads_are_warned_of_handed_over_rejected_and_overdue(
    open_as: OpenPage,
    people: dict[str, httpx.Client],
    file: Filing,
    complaints: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A visit to a listed enterprise needs its approval, a receipt the package's hash, a rejection a reason code."""
    file(minor_lead())
    handed = file(judged_lead(HANDED, ago_s=300))
    file(judged_lead(FALSE, ago_s=200))
    with monkeypatch.context() as earlier:
        earlier.setattr("api.evidence.intake.utc_now", lambda: utc_now() - timedelta(hours=26, minutes=15))
        file(judged_lead(LATE, ago_s=26 * 3600))
    for lead_id in (MINOR, HANDED):
        walk(people, lead_id, ("duty", "VERIFIED", VERIFIED), ("verifier", "VERIFIED", VERIFIED))
    walk(people, HANDED, ("proof", "EVIDENCE_FIXED", {}))

    proof = open_as("proof")
    open_lead(proof, MINOR, "仅提醒")
    warned = proof.locator(".timeline > li").last
    expect(warned).to_contain_text("首次轻微情形")
    expect(warned.locator(".move-who")).to_have_text("系统")
    choose(proof, "DISPATCHED")
    proof.locator("[name=team]").fill("执法一队")
    reason(proof, "逾期未改正")
    send(proof)
    done(proof, "当前不能办理：企业在正面清单内：须填写负责人批准文号")
    expect(proof.locator("[name=team]")).to_have_value("执法一队")
    keep_picture(proof, "case-approval-zh-1366")
    proof.locator("[name=approval_ref]").fill("通环批〔2026〕12 号")
    send(proof)
    done(proof, "已记录：已派发")

    open_lead(proof, HANDED, "已固证")
    choose(proof, "TRANSFERRED")
    pick(proof, "unit", "水务", "U-07")
    reason(proof, "属水务部门管辖")
    send(proof)
    done(proof, "已记录：已移送")
    partner = open_as("partner")
    open_lead(partner, HANDED, "已移送")
    choose(partner, "CLOSED")
    partner.locator("[data-field=receipt] [name=ref]").fill("水务收〔2026〕3 号")
    partner.locator("[data-field=receipt] [name=at]").fill(f"{utc_now() + timedelta(hours=8):%Y-%m-%dT%H:%M}")
    partner.locator("[name=sums_sha256]").fill("ab" * 32)
    partner.locator("[name=advice]").fill("由水务部门立案")
    reason(partner, "已接收")
    send(partner)
    done(partner, f"当前不能办理：回执须载明所移送证据包的哈希：{handed}")
    expect(partner.locator(".review > .review-message")).to_be_in_viewport()
    keep_picture(partner, "case-receipt-zh-1366")
    partner.locator("[name=sums_sha256]").fill(handed)
    send(partner)
    done(partner, "已记录：已办结")
    expect(partner.locator(".timeline > li").last).to_contain_text(handed)
    expect(partner.locator(".timeline > li").last).to_contain_text("保持不变")
    partner.locator(".timeline > li").last.scroll_into_view_if_needed()
    keep_picture(partner, "case-handed-zh-1366")

    duty = open_as("duty")
    expect(duty.locator('[data-filter="overdue"]')).to_have_text("逾期 1")
    duty.locator('[data-filter="overdue"]').click()
    expect(duty.locator(".lead-list > li")).to_have_count(1)
    expect(duty.locator(f'[data-lead="{LATE}"]')).to_contain_text("逾期 2 小时")
    open_lead(duty, LATE, "待核实")
    expect(duty.locator(".standing-clock .due")).to_have_attribute("data-tone", "bad")
    expect(duty.locator(".standing-clock")).to_contain_text("逾期 2 小时")
    keep_picture(duty, "case-overdue-zh-1366")
    duty.keyboard.press("Escape")
    duty.locator('[data-filter="mine"]').click()
    open_lead(duty, FALSE, "待核实")
    choose(duty, "REJECTED_FALSE")
    answer(duty)
    reason(duty, "冷却塔水汽")
    duty.locator(".move-form [type=submit]").click()
    done(duty, "请先填写：理由代码")
    duty.locator("[data-field=reason_code] select").select_option("steam")
    send(duty)
    done(duty, "已提议“误报”，由另一人确认")
    verifier = open_as("verifier")
    open_lead(verifier, FALSE, "待核实")
    choose(verifier, "REJECTED_FALSE")
    expect(verifier.locator("[data-field=reason_code] select")).to_have_value("steam")
    answer(verifier)
    reason(verifier, "同意，水汽")
    send(verifier)
    done(verifier, "已确认：误报")
    states = {lead_id: people["duty"].get(f"/v1/leads/{lead_id}").json()["state"] for lead_id in (MINOR, HANDED, FALSE)}
    assert states == {MINOR: "DISPATCHED", HANDED: "CLOSED", FALSE: "REJECTED_FALSE"}
    assert complaints == []
