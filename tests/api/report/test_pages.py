"""The printed report: what stands on its pages, and that it can be read back from paper."""

import dataclasses
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from api.contract.evidence.report import Check, CheckName, Outcome
from api.contract.trust.timestamp import TimeStampKind
from api.contract.wire.lead import LeadDisposition
from api.contract.wire.state import LeadState
from api.contract.words import spread_words
from api.report.case import CaseMove
from api.report.pages import lead_report
from api.report.readings import ReadingLine
from api.report.sheet import MISSING
from api.store.evidence.corrections import CorrectedField, Correction
from tests.api.contract.sample import LEAD_ID, START
from tests.api.report.sample import PRINTING, SUMS, full_case
from tests.api.report.scan import needs_poppler, scanned_address


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def _text(pdf: bytes) -> str:
    read = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return read.stdout.decode()


@needs_poppler
def test_paper_calls_an_unread_lead_outside_zones_visible_smoke_and_its_code_proposed() -> None:
    """Without a reading nothing is over the limit, and a code that no zone says is the system's proposal."""
    case = full_case()
    measure = case.lead.measure.model_copy(update={"validity": "no_contrast", "grade": None, "opacity_pct": None})
    disposition = LeadDisposition(reasons=["code_proposed", "unattributed"])
    lead = case.lead.model_copy(update={"measure": measure, "disposition": disposition, "target": None})
    text = _text(lead_report(dataclasses.replace(case, lead=lead), PRINTING))
    assert "可见烟气" in text
    assert "V01_STACK_SMOKE 烟囱冒烟（系统拟定）" in text
    assert "超标" not in text.replace("在线超标", "")


@needs_poppler
def test_the_report_says_what_where_when_and_how_sure() -> None:
    """Two pages hold the facts, values, hashes, checks, custody and decisions of a full lead, in Chinese."""
    pdf = lead_report(full_case(), PRINTING)
    assert _pages(pdf) == 2
    text = _text(pdf)
    for part in (
        f"线索编号 {LEAD_ID}",
        "烟气黑度超标",
        "V01_STACK_SMOKE 烟囱冒烟",
        "60 = +30 风险等级（红） +20 情形严重程度（烟囱冒烟） +10 持续时间/规则时限（655 s / 120 s）",
        "在线超标、投诉（尚未接入）",
        "91110000802100433B",
        "2026-11-23 10:30:05.120",
        "46.1 % ± 3.2（标准差）",
        "2.25 级（大于限值 1 级）",
        "50 % ± 3（1.75 级，10:30:05）",
        "不予读数 3 个：光线不足 3",
        "不是违法事实的认定",
        "该情形无法规规定可由电子监控设备固定，须现场核实；事发日无有效的设备法制审核；尚无可信时间戳",
        "行为发生于 2026-11-23，适用当日有效的《生态环境法典》（2026 年 8 月 15 日起施行）",
        "烟 0.88",
        "尚未经法制部门确认",
        "b2" * 32,
        SUMS,
        "包内没有时间戳",
        "证据包完整",
        "王敏（操作员）",
        "记录审核 真实：是，",
        "画面清晰，烟羽自一号烟囱口持续排出",
        "打印人 王敏",
        "第 2 页 / 共 2 页",
    ):
        assert part.replace(" ", "") in text.replace(" ", ""), part


@needs_poppler
def test_a_failed_check_stands_out_with_its_sentence() -> None:
    """The verdict of a package that does not hold is on paper, with what failed and why."""
    case = full_case()
    failed = Check(CheckName.FILES, Outcome.FAIL, "clip.mp4 与清单不符")
    report = dataclasses.replace(case.report, checks=(failed, *case.report.checks[2:]))
    text = _text(lead_report(dataclasses.replace(case, report=report), PRINTING))
    assert "证据包不成立" in text
    assert re.search(r"文件哈希\s+未通过\s+clip.mp4 与清单不符", text)


@needs_poppler
def test_a_lead_found_to_be_false_says_so_first() -> None:
    """Who holds the paper sees at once that nothing may follow from it, when that was decided, by whom and why."""
    case = full_case()
    move = CaseMove(START + timedelta(hours=2), "PENDING_VERIFY", "REJECTED_FALSE", "李强", "冷湿天凝结水汽")
    lead = case.lead.model_copy(update={"state": LeadState.REJECTED_FALSE})
    text = _text(lead_report(dataclasses.replace(case, lead=lead, moves=(*case.moves, move)), PRINTING))
    said = "审核结论：误报（2026-11-23 12:30:05，李强：冷湿天凝结水汽）。本线索不作为处理依据。"
    assert said in text
    assert text.index(said) < text.index("一、线索要素")


@needs_poppler
@pytest.mark.parametrize(("found", "is_false"), [("REJECTED_FALSE", True), ("VERIFIED", False)])
def test_an_archived_lead_is_false_only_where_it_was_found_so(found: str, is_false: bool) -> None:
    """The paper of a case that was closed and archived does not call it a false alarm."""
    case = full_case()
    moves = (
        CaseMove(START + timedelta(hours=2), "PENDING_VERIFY", found, "李强", "看过"),
        CaseMove(START + timedelta(days=2), "CLOSED", "ARCHIVED", "王敏", "归档"),
    )
    lead = case.lead.model_copy(update={"state": LeadState.ARCHIVED})
    text = _text(lead_report(dataclasses.replace(case, lead=lead, moves=(*case.moves, *moves)), PRINTING))
    assert ("审核结论：误报（2026-11-23 12:30:05，李强：看过）" in text) is is_false
    assert ("不作为处理依据" in text) is is_false


@needs_poppler
def test_of_an_owner_outside_the_register_neither_colour_nor_list_is_claimed() -> None:
    """Nobody looked them up: paper does not say that it is not on the positive list."""
    case = full_case()
    assert case.lead.disposition is not None
    disposition = case.lead.disposition.model_copy(update={"reasons": ["unregistered"]})
    lead = case.lead.model_copy(update={"disposition": disposition})
    text = _text(lead_report(dataclasses.replace(case, lead=lead), PRINTING))
    assert len(re.findall(r"(风险等级|正面清单)\s+不明（单位未在名录）", text)) == 2
    assert "单位未在名录，风险等级与正面清单不明" in text.replace("\n", "").replace(" ", "")


@needs_poppler
@pytest.mark.parametrize(
    ("kind", "said"),
    [(TimeStampKind.OWN, "由本站自有时间戳机构加盖"), (TimeStampKind.LICENSED, "由外部时间戳机构加盖")],
)
def test_whose_time_stamp_it_is_stands_beside_it(kind: TimeStampKind, said: str) -> None:
    """The authority is named, and the site's own is told from one that others may believe."""
    case = full_case()
    report = dataclasses.replace(
        case.report, tsa="ok", tsa_kind=kind, authority="CN=示例时间戳", stamped=START + timedelta(seconds=41)
    )
    text = _text(lead_report(dataclasses.replace(case, report=report), PRINTING)).replace(" ", "")
    assert said in text
    assert "CN=示例时间戳，2026-11-2310:30:46（北京时间）" in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "±0.00 s"), (59.9, "±59.90 s"), (300, "±5 分钟"), (86400, "±24 小时（时刻不可靠）")],
)
def test_how_far_a_time_may_be_off_is_told_for_people(seconds: float, said: str) -> None:
    """Seconds while they matter; a recording's time of day, which nobody knows, is called unreliable."""
    assert said == spread_words(seconds)


@needs_poppler
def test_a_single_reading_is_told_without_a_chart() -> None:
    """One reading is no series: its value or the reason why there is none stands alone."""
    case = full_case()
    text = _text(lead_report(dataclasses.replace(case, readings=(ReadingLine(0.0, None, "dark"),)), PRINTING))
    assert "不予读数 1 个：光线不足 1" in text
    assert "15 秒读数：" not in text


@needs_poppler
def test_what_was_corrected_is_on_paper_with_both_values() -> None:
    """Who reads an old print beside a new one finds what changed, by whom and why."""
    correction = Correction(
        CorrectedField.TARGET_OUTLET, 4, "DA001", "DA002", "核对排污许可证", "李强", START + timedelta(hours=2), 17
    )
    text = _text(lead_report(dataclasses.replace(full_case(), corrections=(correction,)), PRINTING))
    assert re.search(r"2026-11-23 12:30:05\s+排放口\s+DA001\s+DA002\s+李强\s+核对排污许可证", text)


@needs_poppler
def test_the_law_before_the_code_is_told_as_such() -> None:
    """An act before 15 August 2026 is under the old law, and the reader is told when the Code applies all the same."""
    case = full_case()
    assert case.lead.legal is not None
    legal = case.lead.legal.model_copy(update={"in_force_at": "2026-08-14", "text_zh": "《大气污染防治法》第18条"})
    text = _text(lead_report(dataclasses.replace(case, lead=case.lead.model_copy(update={"legal": legal})), PRINTING))
    assert "《大气污染防治法》第18条" in text
    assert "适用当日有效的法律；《生态环境法典》" in text


@needs_poppler
def test_a_case_with_little_in_it_is_a_report_too() -> None:
    """Without pictures, readings, target and law the report says what is missing instead of leaving a hole."""
    case = full_case()
    lead = case.lead.model_copy(update={"legal": None, "target": None, "disposition": None, "votes": []})
    bare = dataclasses.replace(case, lead=lead, pictures=(), unreadable=("overlay.jpg",), readings=())
    text = _text(lead_report(bare, PRINTING))
    assert "未匹配法律依据，须人工确定" in text
    assert "无法印出的图片：overlay.jpg" in text


@needs_poppler
def test_a_character_that_the_font_lacks_is_marked() -> None:
    """A rare character becomes 〓, never an empty box or a crash; line breaks inside a reason do no harm."""
    case = full_case()
    move = CaseMove(START, "PENDING_VERIFY", "VERIFIED", "\U0002070e", "第一行\n第二行")
    text = _text(lead_report(dataclasses.replace(case, moves=(move,)), PRINTING))
    assert MISSING in text
    assert "第一行 第二行" in text


@needs_poppler
def test_the_code_on_paper_leads_to_the_lead(tmp_path: Path) -> None:
    """A phone that reads the rendered page gets the address with the lead's id and the package's hash."""
    assert scanned_address(lead_report(full_case(), PRINTING), tmp_path) == PRINTING.address


def test_the_same_case_prints_the_same_bytes() -> None:
    """Two prints of one case at one time are equal, so that a report can be hashed."""
    assert lead_report(full_case(), PRINTING) == lead_report(full_case(), PRINTING)
