"""
Reviews for the workers: reviewers' verdicts on the leads of the last two weeks, copied from the database to the bus.

It is compared again and again, with a count and the newest change alone, and written whole where it differs: after a
decision, on a bus that was restarted empty, and when the API comes back.
"""

import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import cast

import structlog
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.bus import REVIEW_DAYS, REVIEWS, REVIEWS_MARKER
from api.contract.review import MOST_REVIEWS, REVIEW_LIST, LeadReview, Verdict
from api.contract.wire.lead import LeadDocument
from api.fleet.broker import Broker, bus_faults
from api.store.database import Database
from api.store.documents import LEADS, read_document
from api.store.tables import LeadRow

log = structlog.get_logger(__name__)


class ReviewBoard:
    """Keeps the reviews on the bus; raises `BusDown` where it does not answer."""

    def __init__(self, broker: Broker, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._redis = broker.redis
        self._database = database
        self.now = now

    async def reconcile(self) -> None:
        """Write the reviews if the bus does not hold the current ones."""
        since = self.now() - timedelta(days=REVIEW_DAYS)
        marker = await run_in_threadpool(self._marker, since)
        with bus_faults():
            known = await cast("Awaitable[bytes | None]", self._redis.hget(REVIEWS, REVIEWS_MARKER))
        if known == marker.encode():
            return
        found = await run_in_threadpool(self._reviews, since)
        lists = {camera: REVIEW_LIST.dump_json(reviews) for camera, reviews in found.items()}
        with bus_faults():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.delete(REVIEWS)
                pipe.hset(REVIEWS, REVIEWS_MARKER, marker)
                for camera, text in lists.items():
                    pipe.hset(REVIEWS, camera, text)
                await pipe.execute()
        log.info("reviews written to the bus", cameras=len(lists), leads=sum(map(len, found.values())))

    def _marker(self, since: datetime) -> str:
        """Return a marker that changes with the reviews, without reading them; a lead that grows too old changes it."""
        asked = select(func.count(), func.max(LeadRow.changed), func.min(LeadRow.event_start)).where(*_reviewed(since))
        with self._database.reading() as session:
            stands = session.execute(asked).one()
        return hashlib.sha256(repr(tuple(stands)).encode()).hexdigest()[:16]

    def _reviews(self, since: datetime) -> dict[str, list[LeadReview]]:
        with self._database.reading() as session:
            return reviews_since(session, since)


def reviews_since(session: Session, since: datetime) -> dict[str, list[LeadReview]]:
    """Return the reviewed leads whose event began after `since`, by camera, oldest first."""
    rows = session.execute(
        select(LeadRow.camera_id, LeadRow.lead_id, LeadRow.verdict, LeadRow.document)
        .where(*_reviewed(since))
        .order_by(LeadRow.event_start)
    )
    found: defaultdict[str, list[LeadReview]] = defaultdict(list)
    for camera, lead_id, verdict, document in rows:
        lead = read_document(session, LeadDocument, lead_id, document, of=LEADS)
        if lead is not None:
            found[camera].append(review_of(lead, Verdict(verdict)))
    return {camera: reviews[-MOST_REVIEWS:] for camera, reviews in found.items()}


def review_of(lead: LeadDocument, verdict: Verdict) -> LeadReview:
    """Return the review for workers of a lead that was found to be real or false."""
    score = lead.measure.probability
    if score is None and 0 <= (support := lead.measure.values.get("support", -1.0)) <= 1:
        score = support
    return LeadReview(
        lead_id=lead.lead_id,
        rule=lead.rule.id,
        verdict=verdict,
        confirmed=lead.event.confirmed,
        score=score,
        delay_s=max(0.0, (lead.event.confirmed - lead.event.start).total_seconds()),
    )


def _reviewed(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return LeadRow.verdict.in_([verdict.value for verdict in Verdict]), LeadRow.event_start >= since
