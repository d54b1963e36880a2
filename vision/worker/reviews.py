"""Reviews: reads the reviews of this worker's leads from the bus, every few seconds."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import redis

from api.contract import bus
from api.contract.review import REVIEW_LIST, LeadReview
from api.contract.shared_rows import SharedRows
from streams.camera import CameraId
from vision.leads.budget_store import BudgetStore
from vision.worker.watched import WatchedCamera

EVERY_S = 5.0
"""Seconds between two reads; a decision reaches the budget within this and the API's own period."""


def read_reviews(client: redis.Redis, cameras: Sequence[str], rows: SharedRows) -> Mapping[str, list[LeadReview]]:
    """
    Return the reviews by camera; a camera that the bus does not hold is absent, and keeps the reviews it has.

    Raises `redis.RedisError`.
    """
    if not cameras:
        return {}
    marker, *lists = cast("list[bytes | None]", client.hmget(bus.REVIEWS, [bus.REVIEWS_MARKER, *cameras]))
    if marker is None:
        return {}
    found: dict[str, list[LeadReview]] = {}
    for camera, text in zip(cameras, lists, strict=True):
        reviews = [] if text is None else rows.read("reviews", REVIEW_LIST.validate_json, camera, text)
        if reviews is not None:
            found[camera] = reviews
    return found


class ReviewReader:
    """Passes the reviews of cameras with a budget to `BudgetStore`; the reporter's thread calls `look`."""

    def __init__(self, client: redis.Redis, budgets: BudgetStore, find: Callable[[str], WatchedCamera | None]) -> None:
        self._redis = client
        self._budgets = budgets
        self._find = find
        self._rows = SharedRows()
        self._at = float("-inf")

    def look(self, now: float) -> None:
        """Read them where that is due at `now`, monotonic seconds; raise `redis.RedisError`."""
        if now < self._at:
            return
        self._at = now + EVERY_S
        for camera, reviews in read_reviews(self._redis, self._budgets.cameras, self._rows).items():
            watched = self._find(camera)
            if watched is None:
                continue
            with watched.analysing:
                if not watched.is_over:
                    self._budgets.review(CameraId(camera), watched.analyser, reviews)
