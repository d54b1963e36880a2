"""Login limit: how often a wrong password may be tried."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MAX_REMEMBERED = 10_000
"""Name and address pairs remembered; the oldest is forgotten first."""
ADDRESS_FACTOR = 10
"""An address may fail this many times more than one name from it: a control room shares one address."""
ADDRESS_WINDOW_S = 30.0
"""Longest that an address waits: its limit spares the processor, names have their own against guessing."""


class LoginLimit:
    """
    Failed logins within a window, by name and address together and, more shortly, by address alone.

    By name alone nobody is locked out: a stranger could then lock out the officer on duty. Nor by address alone where a
    name has logged in from it before: behind a proxy all may share one. Kept in this process.

    Args:
        attempts: failures of one name from one address before `wait_s` says to wait.

        window_s: seconds until a failure is forgotten.

        monotonic: clock in seconds.
    """

    def __init__(self, attempts: int, window_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._attempts = attempts
        self._window_s = window_s
        self._monotonic = monotonic
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, username: str, address: str) -> float:
        """
        Count a try as failed before its password is checked, so that parallel tries all count; return 0.

        Where the next try is not allowed yet nothing is counted; returns how many seconds to wait.
        """
        with self._lock:
            keys = {(username, address): self._attempts}
            if (username, address) not in self._known:
                keys["", address] = self._attempts * ADDRESS_FACTOR
            wait_s = max(self._wait(key, limit) for key, limit in keys.items())
            if wait_s > 0:
                return wait_s
            for key in keys:
                self._failures.setdefault(key, deque()).append(self._monotonic())
                self._failures.move_to_end(key)
            while len(self._failures) > MAX_REMEMBERED:
                self._failures.popitem(last=False)
            return 0.0

    def succeeded(self, username: str, address: str) -> None:
        """Take a try back, and forget the failures of a name that has logged in."""
        self.withdraw(username, address)
        with self._lock:
            self._failures.pop((username, address), None)
            self._known[username, address] = None
            self._known.move_to_end((username, address))
            while len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)

    def withdraw(self, username: str, address: str) -> None:
        """Take back a try whose outcome is unknown."""
        with self._lock:
            for key in (("", address), (username, address)):
                if failures := self._failures.get(key):
                    failures.pop()

    def _wait(self, key: tuple[str, str], limit: int) -> float:
        failures = self._failures.get(key)
        if failures is None:
            return 0.0
        now = self._monotonic()
        window_s = self._window_s if key[0] else min(self._window_s, ADDRESS_WINDOW_S)
        while failures and now - failures[0] >= window_s:
            failures.popleft()
        return failures[0] + window_s - now if len(failures) >= limit else 0.0
