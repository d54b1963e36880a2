"""A printed report's QR code, scanned: its lead is opened, and paper and package are held against each other."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.conftest import PASSWORD, Posting, RunningApi
from tests.api.contract.sample import TestSigner
from tests.api.report.scan import needs_poppler, scanned_address
from tests.api.wall.leads import fresh_lead, playable_posting

pytestmark = pytest.mark.e2e

ID = "L20261123-001007"
SECOND = "L20261123-001008"
OTHER = "ab" * 32


@pytest.fixture
def filed(enrolled: httpx.Client, signer: TestSigner, square_clip: Path, tmp_path: Path) -> Posting:
    """A lead that is filed with a package that can be played."""
    posting = playable_posting(tmp_path / "package", square_clip, signer, fresh_lead(ID, ago_s=60))
    assert posting.send(enrolled).status_code == 201
    return posting


def log_in(page: Page) -> None:
    """Log in by the form, and wait for the wall."""
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".wall").wait_for(state="attached")


@needs_poppler
@pytest.mark.usefixtures("filed")
def test_a_scanned_report_opens_its_lead_after_the_login(
    new_page: Callable[[], Page], operator: httpx.Client, tmp_path: Path, complaints: list[str]
) -> None:
    """The code read from the page leads through the login to the lead and says that both agree; closed, it is done."""
    printed = operator.get(f"/v1/evidence/{ID}/report.pdf")
    assert printed.status_code == 200
    page = new_page()
    page.goto(scanned_address(printed.content, tmp_path))
    log_in(page)
    banner = page.locator(".printed-report")
    banner.wait_for()
    expect(page.locator(".evidence-id")).to_have_text(ID)
    expect(banner).to_have_attribute("data-agreement", "match")
    expect(banner.locator("strong")).to_have_text("纸质报告与证据包一致")
    expect(page.locator(".viewer video")).to_be_visible()
    page.reload()
    banner.wait_for()
    expect(banner).to_have_attribute("data-agreement", "match")
    page.locator("dialog.evidence [data-act=close]").click()
    expect(page).not_to_have_url(re.compile("#"))
    page.locator(f'[data-lead="{ID}"] button').click()
    expect(page.locator(".viewer video")).to_be_visible()
    expect(banner).to_have_count(0)
    page.reload()
    expect(page.locator(".wall")).to_be_visible()
    expect(page.locator("dialog.evidence")).not_to_be_visible()
    assert complaints == []


@pytest.mark.usefixtures("operator")
def test_a_report_of_another_package_is_told(
    new_page: Callable[[], Page], api: RunningApi, filed: Posting, complaints: list[str]
) -> None:
    """Another hash than the filed package's is an alarm with both hashes, in English where chosen, whole on a phone."""
    assert filed.lead.evidence is not None
    page = new_page()
    page.goto(f"{api.url}/#lead={ID}&sha256={OTHER}")
    page.get_by_role("button", name="EN").click()
    log_in(page)
    banner = page.locator(".printed-report")
    banner.wait_for()
    expect(banner).to_have_attribute("role", "alert")
    expect(banner.locator("strong")).to_have_text("Printed report and package differ")
    expect(banner.locator(".hash")).to_have_text([OTHER, filed.lead.evidence.sums_sha256])
    page.set_viewport_size({"width": 390, "height": 844})
    for part in (banner, banner.locator(".hash").last, page.locator("dialog.evidence [data-act=close]")):
        expect(part).to_be_in_viewport(ratio=1)
    page.goto(f"{api.url}/#lead={ID}&sha256={filed.lead.evidence.sums_sha256[:63]}")
    expect(banner).to_have_attribute("data-agreement", "unreadable")
    assert complaints == []


@pytest.mark.parametrize("late", ["answer", "refusal"])
@pytest.mark.usefixtures("operator", "filed")
def test_a_report_scanned_after_another_is_held_against_its_own_lead(
    new_page: Callable[[], Page],
    api: RunningApi,
    enrolled: httpx.Client,
    signer: TestSigner,
    square_clip: Path,
    tmp_path: Path,
    complaints: list[str],
    late: str,
) -> None:
    """The first lead's answer comes when the second report's lead is shown: that stays, and nothing is alarmed."""
    second = playable_posting(tmp_path / "second", square_clip, signer, fresh_lead(SECOND, ago_s=50))
    assert second.send(enrolled).status_code == 201
    assert second.lead.evidence is not None
    page = new_page()
    page.goto(api.url)
    log_in(page)
    waiting: list[Route] = []

    def keep(route: Route) -> None:
        waiting.append(route)

    address = f"{api.url}/v1/leads/{ID}"
    page.route(address, keep, times=1)
    with page.expect_request(address):
        page.goto(f"{api.url}/#lead={ID}&sha256={OTHER}")
    page.goto(f"{api.url}/#lead={SECOND}&sha256={second.lead.evidence.sums_sha256}")
    banner = page.locator(".printed-report")
    expect(banner).to_have_attribute("data-agreement", "match")
    expect(page.locator(".viewer video")).to_be_visible()
    with page.expect_response(address):
        if late == "answer":
            waiting[0].continue_()
        else:
            waiting[0].fulfill(status=404, json={"title": "not-found"})
    page.evaluate("address => fetch(address).then((answer) => answer.text())", address)
    expect(page.locator(".evidence-id")).to_have_text(SECOND)
    expect(banner).to_have_attribute("data-agreement", "match")
    expect(page.locator(".viewer video")).to_be_visible()
    assert complaints == []


@pytest.mark.usefixtures("operator", "filed")
def test_a_code_of_an_unknown_lead_says_so(
    new_page: Callable[[], Page], api: RunningApi, complaints: list[str]
) -> None:
    """A lead that this system does not hold is said to be none; an address that names no lead shows the wall."""
    page = new_page()
    page.goto(f"{api.url}/#lead=..%2Fcameras&sha256={OTHER}")
    log_in(page)
    expect(page.locator(".bar-link")).to_have_text("实时", timeout=15_000)
    expect(page.locator("dialog.evidence")).not_to_be_visible()
    page.locator(f'[data-lead="{ID}"] button').click()
    expect(page.locator("#evidence-title")).to_contain_text("三号门")
    page.goto(f"{api.url}/#lead=L20261123-999999&sha256={OTHER}")
    expect(page.locator(".evidence-id")).to_have_text("L20261123-999999")
    expect(page.locator("#evidence-title")).to_have_text("")
    expect(page.get_by_role("alert").filter(has_text="L20261123-999999")).to_have_text(
        "本系统中没有线索 L20261123-999999。"
    )
    assert complaints == []
