"""The printed report: what stands on its pages, and that it can be read back from paper."""

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import pytest

from api.contract.report import Check, CheckName, Outcome
from api.report.case import CaseMove
from api.report.pages import lead_report
from api.report.sheet import MISSING
from tests.api.contract.sample import LEAD_ID, START
from tests.api.report.sample import PRINTING, SUMS, full_case

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler-utils")


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def _text(pdf: bytes) -> str:
    read = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return read.stdout.decode()


@needs_poppler
def test_the_report_says_what_where_when_and_how_sure() -> None:
    """Two pages hold the facts, values, hashes, checks, custody and decisions of a full lead, in Chinese."""
    pdf = lead_report(full_case(), PRINTING)
    assert _pages(pdf) == 2
    text = _text(pdf)
    for part in (
        f"线索编号 {LEAD_ID}",
        "V01_STACK_SMOKE 烟囱冒烟",
        "示例热力有限公司 91110000802100433B",
        "2026-11-23 10:30:05.120",
        "46.1 % ± 3.2",
        "2.25 级（限值 1 级）",
        "不予读数 3 个：光线不足 3",
        "仅作线索，须现场核实",
        "尚未经法制部门确认",
        "b2" * 32,
        SUMS,
        "包内没有时间戳",
        "证据包完整",
        "operator:王敏",
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
    (tmp_path / "report.pdf").write_bytes(lead_report(full_case(), PRINTING))
    command = ["pdftoppm", "-r", "250", "-png", "-f", "1", "-l", "1", str(tmp_path / "report.pdf"), str(tmp_path / "p")]
    subprocess.run(command, check=True, timeout=30)
    page = cv2.imread(str(next(tmp_path.glob("p-*.png"))))
    assert page is not None
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(page[:500, -700:])
    assert read == PRINTING.address


def test_the_same_case_prints_the_same_bytes() -> None:
    """Two prints of one case at one time are equal, so that a report can be hashed."""
    assert lead_report(full_case(), PRINTING) == lead_report(full_case(), PRINTING)
