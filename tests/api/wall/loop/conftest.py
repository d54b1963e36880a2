"""What tests of the loop on the wall share."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.api.conftest import RunningApi
from tests.api.wall.loop.desks import OpenPage, desks


@pytest.fixture
def open_as(
    chromium: Browser, api: RunningApi, people: dict[str, httpx.Client], complaints: list[str]
) -> Iterator[OpenPage]:
    """Open the wall, or a page of it, in a browser of one operator's own; each module has its `people`."""
    with desks(chromium, api, people, complaints) as make:
        yield make
