"""Deliveries: the log of messages, read by operators; a dead one is tried again by an admin."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.notify.deliveries import Delivery, DeliveryPage, DeliveryState
from api.contract.notify.rules import RULE_ID_PATTERN
from api.contract.wire.identifiers import LEAD_ID_PATTERN
from api.people.auth import Admin, AnyOperator, caller_name
from api.routes.notify.versions import notify_faults
from api.state import State
from api.store.columns import SERIAL_MOST
from api.store.notify.log import list_deliveries, retry_delivery

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/notifications", tags=["notification"])


@router.get("")
def get_notifications(
    _: AnyOperator,
    state: State,
    stands: Annotated[DeliveryState | None, Query(alias="state")] = None,
    channel: Annotated[str | None, Query(pattern=RULE_ID_PATTERN)] = None,
    lead: Annotated[str | None, Query(pattern=LEAD_ID_PATTERN)] = None,
    cursor: Annotated[int | None, Query(ge=1, le=SERIAL_MOST, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryPage:
    """List messages, newest first, in pages; all that is asked for must hold."""
    with state.database.reading() as session:
        return list_deliveries(session, state=stands, channel=channel, lead=lead, before=cursor, limit=limit)


@router.post("/{notification_id}/retry")
async def post_retry(
    notification_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")], admin: Admin, state: State
) -> Delivery:
    """Let a message that was given up be tried for another day. 409: it was not given up, or its channel is gone."""

    def retry() -> Delivery:
        with state.database.writing() as session, notify_faults():
            return retry_delivery(session, notification_id, utc_now())

    delivery = await run_in_threadpool(retry)
    log.info("notification to be tried again", notification=notification_id, by=caller_name(admin))
    await state.broker.ring()
    return delivery
