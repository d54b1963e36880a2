"""What tests of several packages share."""

import gc
from collections.abc import Iterator

import pytest
import structlog

from tests.browser import chromium, playwright

__all__ = ["chromium", "playwright"]


def pytest_collection_finish() -> None:
    """Look for cycles less often, and not in what stays to the end: 5 % of the processor time of the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _the_disk_of_this_machine_is_told_of_by_nobody() -> Iterator[None]:
    """Let no API that a test starts warn of the disk that the tests happen to run on; tests of room say their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUMEWATCH_VAULT_WARN_SHARE", "0")
        yield


@pytest.fixture(autouse=True)
def _logs_go_where_they_went() -> Iterator[None]:
    """Take back what a command that was run in this process has made of the logs: its streams are closed after it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
