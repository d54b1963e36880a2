"""The vault: its room and last scrub, legal holds, and what is due to go."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.fields import Reason
from api.contract.wire.document import Wire
from api.contract.wire.moment import UtcTime, rfc3339
from api.evidence.capacity import RoomLevel, rule_of, vault_state
from api.evidence.custody import filed_lead
from api.evidence.scrub import ScrubReport, last_scrub
from api.people.auth import Admin, AnyOperator, caller_name
from api.problems import Problem
from api.routes.leads import LeadIdPath
from api.state import State
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody
from api.store.evidence.holds import Hold, RetentionClass, deleted_at, due_packages, holds_of, set_hold
from api.store.faults import IllegalMove

router = APIRouter(tags=["vault"])


class RoomDocument(BaseModel):
    """What the vault holds by the store's account, and how long its room lasts."""

    at: UtcTime
    level: RoomLevel
    packages: int
    bytes: int
    free_bytes: int | None = Field(description="null where an object store has no stated capacity")
    total_bytes: int | None
    days_left: float | None = Field(
        description="until full at the rate of the last week or day, whichever is more; null: nothing was filed"
    )
    held: int = Field(description="packages under a legal hold")
    due: int = Field(description="packages whose retention has ended; part of `packages`")
    due_bytes: int
    deleted: int
    deletes: bool = Field(description="whether what is due is deleted by itself")
    last_scrub: ScrubReport | None


class DueDocument(BaseModel):
    """A package whose retention has ended and that no hold keeps."""

    lead_id: str
    sums_sha256: str
    retention: RetentionClass
    bytes: int
    received: UtcTime


class DueList(BaseModel):
    """The packages that may be deleted, the oldest first."""

    due: list[DueDocument]


class HoldRequest(Wire):
    """Why a hold is set or released."""

    held: bool
    reason: Reason


class HoldDocument(BaseModel):
    """One setting or release of a legal hold."""

    held: bool
    reason: str
    by: str
    at: UtcTime
    log_index: int


class HoldList(BaseModel):
    """A lead's holds, oldest first; ``held`` is the current state."""

    lead_id: str
    held: bool
    holds: list[HoldDocument]


@router.get("/v1/vault")
def get_vault(_: AnyOperator, state: State) -> RoomDocument:
    """Return the content of the vault, how long its room lasts, and the result of the last scrub."""
    found = vault_state(state.database, state.vault, state.settings, utc_now())
    with state.database.reading() as session:
        scrubbed = last_scrub(session)
    return RoomDocument(
        at=found.at,
        level=found.level,
        packages=found.stock.packages,
        bytes=found.stock.size,
        free_bytes=None if found.space is None else found.space.free,
        total_bytes=None if found.space is None else found.space.total,
        days_left=found.days_left,
        held=found.stock.held,
        due=found.stock.due,
        due_bytes=found.stock.due_bytes,
        deleted=found.stock.deleted,
        deletes=state.settings.retention_deletes,
        last_scrub=scrubbed,
    )


@router.get("/v1/vault/due")
def get_due(_: AnyOperator, state: State, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> DueList:
    """List the packages whose retention has ended and that no legal hold keeps."""
    with state.database.reading() as session:
        due = due_packages(session, rule_of(state.settings), utc_now(), limit)
    return DueList(
        due=[
            DueDocument(
                lead_id=one.lead_id,
                sums_sha256=one.sums_sha256,
                retention=one.kind,
                bytes=one.size,
                received=one.received,
            )
            for one in due
        ]
    )


@router.get("/v1/evidence/{lead_id}/holds")
def get_holds(lead_id: LeadIdPath, _: AnyOperator, state: State) -> HoldList:
    """Show a lead's legal holds."""
    filed_lead(state, lead_id)
    with state.database.reading() as session:
        return _listed(lead_id, holds_of(session, lead_id))


@router.post("/v1/evidence/{lead_id}/holds")
async def post_hold(lead_id: LeadIdPath, body: HoldRequest, admin: Admin, state: State) -> HoldList:
    """
    Set or release a legal hold: while it is set nothing deletes the package.

    409 where it is so already; 410 where the package was deleted before.
    """

    def put() -> HoldList:
        sums = filed_lead(state, lead_id)[1]
        now, by = utc_now(), caller_name(admin)
        with state.database.writing() as session:
            gone = deleted_at(session, sums)
            if body.held and gone is not None:
                detail = f"the package was deleted at {rfc3339(gone)}: there is nothing left to hold"
                raise Problem(410, "evidence-deleted", detail)
            try:
                set_hold(session, lead_id, held=body.held, reason=body.reason, by=by, at=now)
            except IllegalMove as fault:
                raise Problem(409, "hold-unchanged", str(fault)) from fault
            action = CustodyAction.HELD if body.held else CustodyAction.RELEASED
            add_custody(session, CustodyEntry(lead_id, "", action, by, "", now))
            return _listed(lead_id, holds_of(session, lead_id))

    return await run_in_threadpool(put)


def _listed(lead_id: str, holds: list[Hold]) -> HoldList:
    return HoldList(
        lead_id=lead_id,
        held=bool(holds) and holds[-1].is_set,
        holds=[
            HoldDocument(held=one.is_set, reason=one.reason, by=one.by, at=one.at, log_index=one.log_index)
            for one in holds
        ],
    )
