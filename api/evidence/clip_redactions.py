"""
Redactions of clips: the API's side. Places an order for any worker, reads its progress, and stores the redacted copy.

Order and progress are on the bus and expire there; the copy is kept in the store with its leaf of the
log, in one transaction.
"""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from api.clock import utc_now
from api.contract.bus import REDACTION_TTL_S, REDACTIONS, redaction_held_key, redaction_key
from api.contract.evidence.redaction import (
    ClipMask,
    ClipRegion,
    RedactionFault,
    RedactionOrder,
    RedactionReport,
    RedactionState,
)
from api.fleet.broker import bus_faults
from api.fleet.cameras import all_workers
from api.problems import Problem
from api.state import ApiState
from api.store.evidence.redactions import Covering, Redaction, add_redaction

MOST_WAITING = 20
"""Orders that may wait for a worker; a further one is refused with 503."""


@dataclass(frozen=True, slots=True)
class ClipRedaction:
    """The redaction of a clip: its order and its latest report."""

    order: RedactionOrder
    report: RedactionReport


async def place_order(
    state: ApiState,
    *,
    lead_id: str,
    file: str,
    source_sha256: str,
    regions: list[ClipRegion],
    masks: list[ClipMask],
    reason: str,
    by: str,
) -> ClipRedaction:
    """Order a copy of a clip from the workers; answer 409 ``redactions-busy`` or 503, or raise `BusDown`."""
    settings = state.settings
    if not await all_workers(state):
        raise Problem(503, "no-worker", "no worker is running that could cover the clip", headers={"Retry-After": "30"})
    order = RedactionOrder(
        id=secrets.token_hex(16),
        lead_id=lead_id,
        file=file,
        source_sha256=source_sha256,
        regions=regions,
        masks=masks,
        reason=reason,
        by=by,
        max_s=settings.redaction_max_s,
        max_bytes=settings.redaction_max_bytes,
        timeout_s=settings.redaction_timeout_s,
    )
    report = RedactionReport()
    redis = state.broker.redis
    with bus_faults():
        if await redis.llen(REDACTIONS) >= MOST_WAITING:
            detail = f"{MOST_WAITING} clips wait to be covered already"
            raise Problem(409, "redactions-busy", detail, headers={"Retry-After": "60"})
        async with redis.pipeline(transaction=True) as pipe:
            key = redaction_key(order.id)
            pipe.hset(key, mapping={"order": order.model_dump_json(), "report": report.model_dump_json()})
            pipe.expire(key, REDACTION_TTL_S)
            pipe.rpush(REDACTIONS, order.id)
            pipe.expire(REDACTIONS, REDACTION_TTL_S)
            await pipe.execute()
    return ClipRedaction(order, report)


async def find_order(state: ApiState, lead_id: str, redaction_id: str) -> ClipRedaction:
    """Return the state of an order; answer 404 for one that is unknown or expired."""
    redaction = await _told(state, lead_id, redaction_id)
    if redaction.report.state is not RedactionState.RUNNING or await _is_held(state, redaction_id):
        return redaction
    # A worker releases the order after its last report, which may have arrived since the first read.
    redaction = await _told(state, lead_id, redaction_id)
    if redaction.report.state is not RedactionState.RUNNING:
        return redaction
    detail = f"worker {redaction.report.worker} says nothing any more"
    stopped = {"state": RedactionState.FAILED, "fault": RedactionFault.STOPPED, "detail": detail}
    return ClipRedaction(redaction.order, redaction.report.model_copy(update=stopped))


async def call_off(state: ApiState, redaction: ClipRedaction) -> None:
    """Cancel a redaction, or delete its report; a copy that was stored stays."""
    with bus_faults():
        await state.broker.redis.delete(redaction_key(redaction.order.id))
        await state.broker.redis.lrem(REDACTIONS, 0, redaction.order.id)


def keep_copy(state: ApiState, order: RedactionOrder, worker: str, copy: Path) -> Redaction:
    """Keep the copy that a worker made for an order and log both hashes; the same again is the one that is there."""
    data = copy.read_bytes()
    if data[4:8] != b"ftyp":
        raise Problem(422, "invalid-input", "the copy is no MP4 file")
    covering = Covering(order.reason, order.by, regions=tuple(order.regions), masks=tuple(order.masks), made_by=worker)
    with state.database.writing() as session:
        return add_redaction(
            session,
            lead_id=order.lead_id,
            file=order.file,
            source_sha256=order.source_sha256,
            sha256=hashlib.sha256(data).hexdigest(),
            covering=covering,
            at=utc_now(),
            copy=data,
            media_type="video/mp4",
        )


async def _told(state: ApiState, lead_id: str, redaction_id: str) -> ClipRedaction:
    """Return an order with its worker's latest report; answer 404 for one that is unknown or expired."""
    fields = await state.broker.get_hash(redaction_key(redaction_id))
    gone = Problem(404, "not-found", f"there is no redaction {redaction_id}: it was called off, or its hour is over")
    if not {"order", "report"} <= fields.keys():
        raise gone
    key, rows = redaction_key(redaction_id), state.broker.rows
    order = rows.read("redaction order", RedactionOrder.model_validate_json, f"{key} order", fields["order"])
    report = rows.read("redaction report", RedactionReport.model_validate_json, f"{key} report", fields["report"])
    if order is None or report is None or order.lead_id != lead_id:
        raise gone
    return ClipRedaction(order, report)


async def _is_held(state: ApiState, redaction_id: str) -> bool:
    return await state.broker.get(redaction_held_key(redaction_id)) is not None
