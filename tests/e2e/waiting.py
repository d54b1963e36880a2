"""Waiting for real parts."""

import logging
import os
import time
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)
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


def patience() -> float:
    """
    Return by how much the product's promises are stretched on this machine now: they hold where it has processors.

    Where the last minute saw more than two tasks a processor, by as many as there were, for each had its share of the
    time; and at least twice in CI, whose neighbours are not ours.
    """
    tasks = os.getloadavg()[0] / (os.cpu_count() or 1)
    return max(2.0 if "CI" in os.environ else 1.0, tasks if tasks > 2 else 1.0)


def hold_to(promise: str, seconds: float, limit_s: float) -> None:
    """Check a measured time against what the product promises, and log both (``--log-cli-level=INFO``)."""
    stretched_s = limit_s * patience()
    log.info("%s: %.1f s of %g s, here %.0f s", promise, seconds, limit_s, stretched_s)
    assert seconds <= stretched_s, promise
