"""Queue: the leads that wait for somebody of a role."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.clock import utc_now
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import LoopRole
from api.people.auth import AnyOperator
from api.problems import Problem
from api.state import State
from api.store.loop.grants import grants, has_grants
from api.store.loop.queue import waiting_leads

router = APIRouter(prefix="/v1", tags=["loop"])


class Queue(BaseModel):
    """Leads that wait, most urgent first."""

    role: LoopRole
    leads: list[LeadDocument]


class GrantDocument(BaseModel):
    """A role that an operator holds."""

    username: str
    role: LoopRole
    division: str = Field(description="beginning of the GB/T 2260 codes in which it counts; empty: everywhere")


class GrantList(BaseModel):
    """Who holds which role in the loop."""

    enforced: bool = Field(description="false while no role was ever granted: then every operator may make every move")
    grants: list[GrantDocument]


@router.get("/queue", response_model=Queue)
def get_queue(
    operator: AnyOperator,
    state: State,
    role: Annotated[LoopRole, Query(description="one of the operator's own roles")],
    due: Annotated[Literal["all", "overdue"], Query(description="all that wait, or those whose time is over")] = "all",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """List the leads that wait for this role, by when they are due; 403 for a role that the operator does not hold."""
    with state.database.reading() as session:
        enforced = has_grants(session)
        held = [each.division for each in grants(session, operator.username) if each.role is role] if enforced else [""]
        if not held:
            raise Problem(403, "role-required", f"{operator.username} does not hold role {role}")
        overdue_at = utc_now() if due == "overdue" else None
        found = waiting_leads(session, role, held, overdue_at=overdue_at, enforced=enforced, limit=limit)
    # The documents are JSON already, and were checked when they came in.
    return Response(f'{{"role":"{role}","leads":[{",".join(found)}]}}', media_type="application/json")


@router.get("/loop/grants")
def get_grants(_: AnyOperator, state: State) -> GrantList:
    """List who holds which role in the loop. Roles are granted on the machine: ``plumewatch operator grant``."""
    with state.database.reading() as session:
        found = [GrantDocument.model_validate(each, from_attributes=True) for each in grants(session)]
        return GrantList(enforced=has_grants(session), grants=found)
