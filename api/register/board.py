"""
Board: keeps the register on the bus for the workers, as the database has it.

It is compared again and again by a marker alone, and written whole where that differs: after a change of the register
or of a zone's owner, at midnight, on a bus that was restarted empty, and when the API comes back.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection
from datetime import date, datetime, timedelta
from typing import cast

import structlog
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.bus import REGISTER, REGISTER_MARKER, REGISTER_WHOLE
from api.contract.evidence.article41 import local_day
from api.contract.fields import one_line
from api.contract.register.alert import AlertOrder
from api.contract.register.standing import AlertStanding, EnterpriseStanding, RegisterStanding
from api.fleet.broker import Broker, bus_faults
from api.store.cameras import list_cameras
from api.store.database import Database
from api.store.register.entries import all_entries
from api.store.register.standing import named_enterprises, registry_version

log = structlog.get_logger(__name__)

KEPT_DAYS = 7
"""Days for which an order that is over is still published: leads of its time may still be open."""


class RegisterBoard:
    """Keeps the register's standing on the bus; raises `BusDown` where it does not answer."""

    def __init__(self, broker: Broker, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._redis = broker.redis
        self._database = database
        self.now = now

    async def reconcile(self) -> None:
        """Write it where the bus does not hold it as it stands."""
        day = local_day(self.now())
        owners, marker = await run_in_threadpool(self._named, day)
        with bus_faults():
            known = await cast("Awaitable[bytes | None]", self._redis.hget(REGISTER, REGISTER_MARKER))
        if known == marker.encode():
            return
        standing = await run_in_threadpool(self._standing, owners, day)
        with bus_faults():
            await self._redis.hset(
                REGISTER, mapping={REGISTER_MARKER: marker, REGISTER_WHOLE: standing.model_dump_json()}
            )
        log.info("register published to workers", enterprises=len(standing.enterprises), alerts=len(standing.alerts))

    def _named(self, day: date) -> tuple[frozenset[str], str]:
        """Return whom zones name, and the marker of this state."""
        with self._database.reading() as session:
            owners = frozenset(zone.owner for camera in list_cameras(session) for zone in camera.zones if zone.owner)
            stands = (registry_version(session), day.isoformat(), sorted(owners))
        return owners, hashlib.sha256(repr(stands).encode()).hexdigest()[:16]

    def _standing(self, owners: Collection[str], day: date) -> RegisterStanding:
        with self._database.reading() as session:
            return register_standing(session, owners, day)


def register_standing(session: Session, owners: Collection[str], day: date) -> RegisterStanding:
    """Return the standing on a local day: of the enterprises that `owners` names, and the alert orders."""
    return RegisterStanding(
        enterprises=[
            EnterpriseStanding(
                uscc=enterprise.uscc,
                name=enterprise.name,
                risk=enterprise.risk_on(day),
                positive_list=enterprise.listing_on(day),
                exempt_measures=enterprise.exempt_measures,
                registry_version=version,
            )
            for enterprise, version in named_enterprises(session, owners)
        ],
        alerts=[
            _alert(stored.document)
            for stored in all_entries(session, AlertOrder)
            if local_day(stored.document.to) >= day - timedelta(days=KEPT_DAYS)
        ],
    )


def _alert(order: AlertOrder) -> AlertStanding:
    """
    Return an order as workers get it.

    A measure for one sector or class alone is left out: nobody knows from here whom it concerns, and a lead that
    accuses an enterprise of production must not rest on a guess.
    """
    everybody = [each for each in order.measures if not each.sector and not each.class_]
    return AlertStanding(
        level=order.level,
        from_=order.from_,
        to=order.to,
        order=one_line(order.order),
        measures=sorted({each.detector_code for each in everybody if each.detector_code is not None}),
        exempt=order.exempt,
    )
