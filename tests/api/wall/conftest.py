"""A browser in front of a real API, a real Valkey and a staged worker."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.api.conftest import PASSWORD, RunningApi
from tests.api.wall.stage import StagedWorker, make_square_clip

PATIENCE_MS = 15_000
"""How long the browser may take on a machine that is busy with other things; one that is not needs none of it."""


@pytest.fixture(scope="session")
def square_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip of the moving square."""
    return make_square_clip(tmp_path_factory.mktemp("clips") / "square.mp4")


@pytest.fixture
def stage(valkey_socket: Path, api: RunningApi) -> Iterator[StagedWorker]:
    """A worker without cameras yet; `api` empties the bus first."""
    assert api.url
    worker = StagedWorker(valkey_socket)
    yield worker
    worker.stop()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile that knows nothing, on a screen of 1366 by 768."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def complaints() -> list[str]:
    """Faults that the browser reports: script errors, refused content, broken policies."""
    return []


@pytest.fixture
def new_page(context: BrowserContext, complaints: list[str]) -> Callable[[], Page]:
    """Open pages whose faults are collected."""

    def hear(message: ConsoleMessage) -> None:
        # An answer such as 401 or 404, and a connection that a busy machine did not open within the wall's limit, are
        # logged by Chromium as errors of its own; the wall handles both.
        handled = ("Failed to load resource", "WebSocket is closed before the connection is established")
        if message.type in {"error", "warning"} and not any(text in message.text for text in handled):
            complaints.append(message.text)

    def make() -> Page:
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    return make


@pytest.fixture
def wall(new_page: Callable[[], Page], api: RunningApi, operator: httpx.Client, context: BrowserContext) -> Page:
    """The wall of an operator who is logged in."""
    page = new_page()
    log_in(context, api, operator)
    page.goto(api.url)
    page.locator(".wall").wait_for()
    return page


def module_of(page: Page, name: str) -> str:
    """Return the address of one of the wall's modules, as the page loads it."""
    return str(page.evaluate("name => new URL(name, document.querySelector('script[type=module]').src).href", name))


def log_in(context: BrowserContext, api: RunningApi, operator: httpx.Client) -> None:
    """Give the browser the operator's session without the form."""
    token = operator.cookies.get("plumewatch_session")
    assert token is not None
    assert PASSWORD
    context.add_cookies([{"name": "plumewatch_session", "value": token, "url": api.url, "sameSite": "Strict"}])
