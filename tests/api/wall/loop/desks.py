"""Desks: browsers of several operators at once, each logged in as one of them, and what they do with a form."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.api.conftest import RunningApi
from tests.api.wall.conftest import PATIENCE_MS, log_in

DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
PLACE = {"longitude": 116.6501, "latitude": 39.9101}
OpenPage = Callable[..., Page]


@contextmanager
def desks(
    chromium: Browser, api: RunningApi, people: Mapping[str, httpx.Client], complaints: list[str]
) -> Iterator[OpenPage]:
    """Yield what opens the wall, or a page of it, in a browser of one operator's own; faults go to `complaints`."""
    expect.set_options(timeout=PATIENCE_MS)
    with ExitStack() as stack:

        def make(who: str, hash_: str = "", viewport: dict[str, int] = DESK) -> Page:
            context = chromium.new_context(
                viewport=viewport,  # type: ignore[arg-type]
                locale="zh-CN",
                geolocation=PLACE,  # type: ignore[arg-type]
                permissions=["geolocation"],
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            log_in(context, api, people[who])
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(f"{who}: {error}"))
            page.goto(f"{api.url}/{hash_}")
            page.locator(".officer" if hash_.startswith("#officer") else ".wall").wait_for()
            return page

        yield make


def done(page: Page, said: str) -> None:
    """Wait until the panel says what was done."""
    expect(page.locator(".review > .review-message")).to_have_text(said)


def reason(page: Page, words: str) -> None:
    """Give the reason of the open form."""
    page.locator(".move-form [name=reason]").fill(words)


def pick(page: Page, field: str, words: str, key: str) -> None:
    """Choose an entry of the register by name."""
    box = page.locator(f'[data-field="{field}"]').first
    box.locator("[role=combobox]").fill(words)
    box.locator(f'[role=option][data-key="{key}"]').click()
