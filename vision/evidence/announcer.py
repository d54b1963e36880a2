"""
Announcements: leads that were just confirmed, announced to the wall over the bus before their packages are made.

A courtesy (decision 0005): each lead follows with its package, so an announcement may be late, and lost where the bus
stays away.
"""

import threading
from collections import deque

import redis
import structlog

from api.contract import bus
from api.contract.wire.lead import LeadAnnouncement

log = structlog.get_logger(__name__)

STOP_S = 6.0
"""Usual patience of `Announcer.stop`: the attempt under way at a bus that does not answer, and a last one."""

_MOST_WAITING = 100
_PAUSE_S = 2.0


class Announcer:
    """
    Tells the bus of confirmed leads from a thread of its own: whoever announces never waits for the bus.

    Attributes:
        dropped: announcements that nobody will hear: too many waited, one failed, or the end came first.
    """

    def __init__(self, bus_client: redis.Redis) -> None:
        self._redis = bus_client
        self.dropped = 0
        self._waiting: deque[LeadAnnouncement] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcements")

    def start(self) -> None:
        """Start telling."""
        self._thread.start()

    def stop(self, deadline_s: float = STOP_S) -> None:
        """Try once more to tell what waits, and end; what the bus does not take by then is given up and counted."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(deadline_s)
        if self._thread.is_alive():
            log.error("the bus still holds an announcement; the leads come with their packages", deadline_s=deadline_s)
        with self._lock:
            left = len(self._waiting)
            self._waiting.clear()
            self.dropped += left
        if left:
            log.warning("announcements are given up; the leads come with their packages", dropped=left)

    def announce(self, announcement: LeadAnnouncement) -> None:
        """Have the lead told once the bus takes it; the oldest is dropped where too many wait."""
        with self._lock:
            if len(self._waiting) == _MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(announcement)
        self._wake.set()

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
                self.dropped += 1
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
