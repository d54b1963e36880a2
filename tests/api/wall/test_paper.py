"""A printed report's QR code, scanned: its lead is opened, and paper and package are held against each other."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import PASSWORD, Posting, RunningApi
from tests.api.contract.sample import TestSigner
from tests.api.report.scan import needs_poppler, scanned_address
from tests.api.wall.leads import fresh_lead, playable_posting

pytestmark = pytest.mark.e2e

ID = "L20261123-001007"
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
    banner = page.locator(".paper")
    banner.wait_for()
    expect(page.locator(".evidence-id")).to_have_text(ID)
    expect(banner).to_have_attribute("data-paper", "match")
    expect(banner.locator("strong")).to_have_text("纸质报告与证据包一致")
    expect(page.locator(".viewer video")).to_be_visible()
    page.reload()
    banner.wait_for()
    expect(banner).to_have_attribute("data-paper", "match")
    page.locator("dialog.evidence [data-act=close]").click()
    assert "#" not in page.url
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
    banner = page.locator(".paper")
    banner.wait_for()
    expect(banner).to_have_attribute("role", "alert")
    expect(banner.locator("strong")).to_have_text("Paper and package differ")
    expect(banner.locator(".hash")).to_have_text([OTHER, filed.lead.evidence.sums_sha256])
    page.set_viewport_size({"width": 390, "height": 844})
    for part in (banner, banner.locator(".hash").last, page.locator("dialog.evidence [data-act=close]")):
        expect(part).to_be_in_viewport(ratio=1)
    page.goto(f"{api.url}/#lead={ID}&sha256={filed.lead.evidence.sums_sha256[:63]}")
    expect(banner).to_have_attribute("data-paper", "unreadable")
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
