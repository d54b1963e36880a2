"""Waiting for real parts."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(what: str, look: Callable[[], Found | None], timeout_s: float, period_s: float = 0.2) -> Found:
    """Return what `look` finds first; fail with `what` when it finds nothing in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(period_s)
    raise AssertionError(f"{what}: not within {timeout_s} s")
