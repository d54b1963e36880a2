"""Corrections: a wrong fact of a filed lead put right, both versions kept."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.fields import Line, Reason
from api.contract.wire.document import Wire
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import UtcTime
from api.people.auth import AnyOperator, Reader
from api.problems import Problem
from api.routes.leads import LeadIdPath, found_lead
from api.routes.stored import etag_of, named_version
from api.state import State
from api.store.evidence.corrections import CorrectedField, Correction, correct_lead, corrections_of
from api.store.faults import WrongValue

router = APIRouter(prefix="/v1/leads/{lead_id}/corrections", tags=["leads"])


class CorrectionRequest(Wire):
    """What is wrong with a lead, what is right, and why."""

    field: CorrectedField
    value: Line = Field(max_length=200, description="the right value; empty: there is none")
    reason: Reason = Field(description="how that is known")


class CorrectionDocument(BaseModel):
    """One correction as the log holds it."""

    field: CorrectedField
    version: int = Field(description="of the lead since")
    before: str
    after: str
    reason: str
    user: str
    at: UtcTime
    log_index: int


class CorrectionList(BaseModel):
    """A lead's corrections, oldest first."""

    corrections: list[CorrectionDocument]


@router.get("")
def get_corrections(lead_id: LeadIdPath, _: Reader, state: State) -> CorrectionList:
    """Show what was corrected of a lead."""
    with state.database.reading() as session, found_lead():
        found = corrections_of(session, lead_id)
    return CorrectionList(corrections=[_document(each) for each in found])


@router.post("", response_model=LeadDocument)
async def post_correction(
    lead_id: LeadIdPath,
    body: CorrectionRequest,
    operator: AnyOperator,
    state: State,
    if_match: Annotated[str | None, Header(description="the lead's ETag as you read it")] = None,
) -> Response:
    """
    Correct one fact of a filed lead: which act it is, where, or whose. What was measured, and the package, stay.

    The values before and after are a leaf of the log. 409: not filed yet; 412: changed by another request; 422
    ``wrong-value``: the field cannot have this value, or has it already; 428: no If-Match.
    """
    version = named_version(if_match, "the lead")

    def correct() -> LeadDocument:
        with state.database.writing() as session, found_lead():
            try:
                return correct_lead(
                    session,
                    lead_id,
                    body.field,
                    body.value,
                    version=version,
                    user=operator.username,
                    reason=body.reason,
                    at=utc_now(),
                )
            except WrongValue as fault:
                raise Problem(422, "wrong-value", str(fault)) from fault

    corrected = await run_in_threadpool(correct)
    await state.broker.ring()
    return Response(
        corrected.model_dump_json(), headers={"ETag": etag_of(corrected.version)}, media_type="application/json"
    )


def _document(correction: Correction) -> CorrectionDocument:
    return CorrectionDocument(
        field=correction.field,
        version=correction.version,
        before=correction.before,
        after=correction.after,
        reason=correction.reason,
        user=correction.user,
        at=correction.at,
        log_index=correction.log_index,
    )
