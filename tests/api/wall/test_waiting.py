"""Leads that wait, on the wall of somebody who has just come: all of them, however many newer ones are handled."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from api.contract.wire.state import LeadState, Priority
from api.people.accounts import open_database
from api.store.lead_rows import lead_row
from api.store.leads import announce_lead
from api.store.transitions import move_lead
from tests.api.conftest import RunningApi
from tests.api.wall.conftest import log_in
from tests.api.wall.leads import fresh_lead

pytestmark = pytest.mark.e2e

WAITING, REVIEWED = 150, 100
OLDEST = "L20261101-000001"
PAGE = 60
"""Leads that the wall is made to ask for at once, so that 150 are three pages."""


def _fill(api: RunningApi) -> None:
    """Store leads that nobody has reviewed, the oldest of them urgent, and newer ones that were found to be false."""
    with open_database(api.settings) as database, database.writing() as session:
        for number in range(1, WAITING + REVIEWED + 1):
            minutes = 10 * (WAITING + REVIEWED - number + 1)
            lead = fresh_lead(f"L20261101-{number:06}", ago_s=60.0 * minutes, id=f"cam-{number % 7}")
            if lead.lead_id == OLDEST:
                lead = lead.model_copy(update={"priority": Priority.P1})
            at = datetime.now(UTC) - timedelta(minutes=minutes)
            announce_lead(session, lead, None, at)
            if number > WAITING:
                row = lead_row(session, lead.lead_id)
                waiting = lead.model_copy(update={"state": LeadState.PENDING_VERIFY, "version": 1})
                row.state, row.document = LeadState.PENDING_VERIFY.value, waiting.model_dump_json(by_alias=True)
                move_lead(session, lead.lead_id, LeadState.REJECTED_FALSE, version=1, user="li", reason="水汽", at=at)


@pytest.fixture
def page(new_page: Callable[[], Page], api: RunningApi, operator: httpx.Client, context: BrowserContext) -> Page:
    """A page whose operator is logged in, over a store with a backlog; it asks for `PAGE` waiting leads at once."""
    _fill(api)
    log_in(context, api, operator)
    page = new_page()
    page.route("**/v1/leads?state=*", lambda route: route.continue_(url=_shorter(route)))
    return page


def _shorter(route: Route) -> str:
    url = route.request.url
    assert "limit=500" in url
    return url.replace("limit=500", f"limit={PAGE}")


def test_every_waiting_lead_is_there_behind_newer_reviewed_ones(
    page: Page, api: RunningApi, complaints: list[str]
) -> None:
    """150 leads behind 100 reviewed ones are all counted and listed by themselves, the urgent oldest one too."""
    page.goto(api.url)
    expect(page.locator(".queue .count")).to_have_text("150")
    expect(page.locator(".lead-list > li")).to_have_count(WAITING)
    expect(page.locator(".figure[data-tone=warn]")).to_have_text("150")
    last = page.locator(".lead-list > li").last
    expect(last).to_have_attribute("data-lead", OLDEST)
    expect(last.locator(".priority")).to_have_text("P1")
    more = page.get_by_role("button", name="加载更早的线索")
    expect(more).not_to_be_visible()
    page.locator('[data-filter="done"]').click()
    expect(page.locator(".lead-list > li")).to_have_count(REVIEWED)
    expect(more).to_be_visible()
    page.locator('[data-filter="all"]').click()
    expect(page.locator(".lead-list > li")).to_have_count(200)
    more.click()
    expect(page.locator(".lead-list > li")).to_have_count(WAITING + REVIEWED)
    assert complaints == []


def test_a_count_of_a_part_says_so_until_the_rest_has_come(page: Page, api: RunningApi) -> None:
    """While the server refuses a page of the waiting leads the figure has a plus; the wall asks again from there."""
    refusals = [503]

    def refuse_once(route: Route) -> None:
        if "cursor=" in route.request.url and refusals:
            route.fulfill(status=refusals.pop(), content_type="application/problem+json", body='{"detail": "busy"}')
        else:
            route.fallback()

    page.route("**/v1/leads?state=*", refuse_once)
    page.goto(api.url)
    expect(page.locator(".queue .count")).to_have_text(f"{PAGE}+")
    expect(page.locator(".queue .panel-error")).to_have_text("无法取得线索：busy")
    expect(page.locator(".queue .count")).to_have_text("150")
    expect(page.locator(".queue .panel-error")).not_to_be_visible()
