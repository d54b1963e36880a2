"""
Announcements: leads that were just confirmed, told to the wall over the bus before their packages are made.

A courtesy (decision 0005): each lead follows with its package, so an announcement may be late, and lost where the bus
stays away.
"""

import threading
from collections import deque

import redis
import structlog

from api.contract import bus
from api.contract.schema import LeadAnnouncement

log = structlog.get_logger(__name__)

STOP_S = 6.0
"""Usual patience of `Announcer.stop`: the attempt under way at a bus that does not answer, and a last one."""

_MOST_WAITING = 100
_PAUSE_S = 2.0


class Announcer:
    """Tells the bus of confirmed leads from a thread of its own: whoever announces never waits for the bus."""

    def __init__(self, bus_client: redis.Redis) -> None:
        self._redis = bus_client
        self._waiting: deque[LeadAnnouncement] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcements")

    def start(self) -> None:
        """Start telling."""
        self._thread.start()

    def stop(self, deadline_s: float = STOP_S) -> None:
        """Try once more to tell what waits, and end; what the bus does not take by then is given up."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(deadline_s)

    def announce(self, announcement: LeadAnnouncement) -> bool:
        """Have the lead told once the bus takes it; return False where the oldest that waited was dropped for it."""
        with self._lock:
            is_room = len(self._waiting) < _MOST_WAITING
            if not is_room:
                self._waiting.popleft()
            self._waiting.append(announcement)
        self._wake.set()
        return is_room

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            is_last = self._stopping.is_set()
            try:
                self._tell()
            except redis.RedisError as error:
                log.warning("announcements wait for the bus", waiting=len(self._waiting), error=str(error))
                self._stopping.wait(_PAUSE_S)
                self._wake.set()
            except Exception:
                log.exception("announcement failed; it is given up")
                self._wake.set()
            if is_last:
                return

    def _tell(self) -> None:
        """Tell what waits, the oldest first; one that the bus does not take waits again."""
        while True:
            with self._lock:
                if not self._waiting:
                    return
                announcement = self._waiting.popleft()
            entry = {"announcement": announcement.model_dump_json()}
            try:
                self._redis.xadd(bus.LEADS_ANNOUNCED, dict(entry.items()), maxlen=bus.ANNOUNCED_MAXLEN)
            except redis.RedisError:
                with self._lock:
                    self._waiting.appendleft(announcement)
                raise
