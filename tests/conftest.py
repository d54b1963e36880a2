"""What tests of several packages share."""

from collections.abc import Iterator

import pytest
import structlog

from tests.browser import chromium, playwright

__all__ = ["chromium", "playwright"]


@pytest.fixture(autouse=True)
def _logs_go_where_they_went() -> Iterator[None]:
    """Take back what a command that was run in this process has made of the logs: its streams are closed after it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
