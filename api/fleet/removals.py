"""Removals: removed cameras, for which workers may still send reports for a moment."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from api.store.database import Database
from api.store.events import camera_removals, newest_cursor

LETTING_GO = timedelta(minutes=2)
"""
A worker that missed the news lets go of a camera within a minute, and its last report lives `bus.STATE_TTL_S`. Whoever
still reports the camera after that watches it by a configuration of its own.
"""


class Removals:
    """Follows the event sequence; for any thread, and for several processes over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._cursor = 0
        self._at: dict[str, datetime] = {}

    def look(self) -> Mapping[str, datetime]:
        """Return the cameras that were taken off and neither registered nor reported on since, with when; blocks."""
        with self._lock:
            with self._database.reading() as session:
                newest = newest_cursor(session)
                news = camera_removals(session, self._cursor, newest)
            self._cursor = newest
            for camera, removed in news:
                if removed is None:
                    self._at.pop(camera, None)
                else:
                    self._at[camera] = removed
            return dict(self._at)
