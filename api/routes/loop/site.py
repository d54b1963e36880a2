"""What a site decides for the loop: its working days, the rows that its legal section confirms, longer limits."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.catalogue import catalogue
from api.contract.evidence.article41 import local_day
from api.contract.fields import Line, Reason
from api.contract.wire.document import Wire
from api.contract.wire.handling import Publicity
from api.contract.wire.identifiers import Code
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import UtcTime
from api.contract.wire.role import LoopRole
from api.loop.actor import missing_role
from api.loop.extension import extend
from api.people.auth import Admin, AnyOperator, caller_name
from api.problems import Problem
from api.routes.asked_time import AskedDay
from api.routes.leads import LeadIdPath, found_lead
from api.routes.stored import etag_of, named_version
from api.state import State
from api.store.loop.calendar import calendar_days, clear_day, set_day
from api.store.loop.legal import confirm_row, confirmations
from api.store.loop.queue import public_penalties

router = APIRouter(prefix="/v1", tags=["loop"])

Why = Annotated[Reason, Query(description="why, in your words; it goes into the log")]


class CalendarDay(BaseModel):
    """A day on which this site works other than the calendar of public holidays says."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    working: bool
    reason: str
    changed_by: str


class CalendarYear(BaseModel):
    """The site's own days of a year."""

    days: list[CalendarDay]


class DayRequest(Wire):
    """Whether a day is a working day."""

    working: bool
    reason: Reason


class ConfirmationDocument(BaseModel):
    """What the legal section said of a row of the catalogue."""

    code: str
    confirmed: bool
    catalogue: str = Field(description="version of the catalogue that was looked at; it holds for that version alone")
    reference: str
    by: str
    at: UtcTime


class ConfirmationList(BaseModel):
    """Rows of the catalogue that the legal section spoke of."""

    catalogue: str
    confirmations: list[ConfirmationDocument]


class ConfirmationRequest(Wire):
    """What the legal section says of a row."""

    confirmed: bool
    reference: Line = Field(min_length=1, description="document in which it is written")


class PublicPenalty(BaseModel):
    """A penalty that is published, and until when."""

    lead_id: str
    decision_no: str
    company: str
    publicity: Publicity
    is_over: bool = Field(description="its time is over: take it down")


class PublicPenalties(BaseModel):
    """Published penalties, the first to end first."""

    penalties: list[PublicPenalty]


class ExtensionRequest(Wire):
    """A longer limit is asked for."""

    reason: Reason


@router.get("/calendar")
def get_calendar(_: AnyOperator, state: State, year: Annotated[int, Query(ge=2000, le=2200)]) -> CalendarYear:
    """List the days of a year on which this site works other than the calendar of public holidays says."""
    with state.database.reading() as session:
        return CalendarYear(days=[CalendarDay.model_validate(row) for row in calendar_days(session, year)])


@router.put("/calendar/{day}", status_code=204)
async def put_day(day: AskedDay, body: DayRequest, admin: Admin, state: State) -> None:
    """Make a day a working day or a free one; limits that run already stay as they are."""

    def put() -> None:
        with state.database.writing() as session:
            by = caller_name(admin)
            set_day(session, day, working=body.working, reason=body.reason, by=by, at=utc_now())

    await run_in_threadpool(put)


@router.delete("/calendar/{day}", status_code=204)
async def delete_day(day: AskedDay, reason: Why, admin: Admin, state: State) -> None:
    """Leave a day to the calendar of public holidays again."""

    def clear() -> None:
        with state.database.writing() as session, found_lead():
            clear_day(session, day, reason=reason, by=caller_name(admin), at=utc_now())

    await run_in_threadpool(clear)


@router.get("/catalogue/confirmations")
def get_confirmations(_: AnyOperator, state: State) -> ConfirmationList:
    """List what the legal section said of the rows of the violation catalogue; cases are filed on confirmed ones."""
    with state.database.reading() as session:
        found = sorted(confirmations(session).values(), key=lambda each: each.code)
    shown = [ConfirmationDocument.model_validate(each, from_attributes=True) for each in found]
    return ConfirmationList(catalogue=catalogue().version, confirmations=shown)


@router.put("/catalogue/{code}/confirmation", status_code=204)
async def put_confirmation(
    code: Annotated[Code, Path()], body: ConfirmationRequest, operator: AnyOperator, state: State
) -> None:
    """Confirm a row of the catalogue, or take that back, as a legal reviewer; 403 for others."""

    def confirm() -> None:
        with state.database.writing() as session, found_lead():
            if reason := missing_role(session, operator.username, (LoopRole.LEGAL,)):
                raise Problem(403, "role-required", reason)
            by = caller_name(operator)
            confirm_row(session, code, confirmed=body.confirmed, reference=body.reference, by=by, at=utc_now())

    await run_in_threadpool(confirm)


@router.get("/publicity")
def get_publicity(
    _: AnyOperator,
    state: State,
    until: Annotated[AskedDay | None, Query(description="last local day; left out: those whose time is over")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> PublicPenalties:
    """List published penalties whose time ends by a day, so that each is taken down when its time is over (S10)."""
    today = local_day(utc_now())
    with state.database.reading() as session:
        found = public_penalties(session, until or today - timedelta(days=1), limit)
    penalties = [
        PublicPenalty(
            lead_id=lead.lead_id,
            decision_no=lead.handling.decision_no,
            company="" if lead.target is None else lead.target.name,
            publicity=lead.handling.publicity,
            is_over=lead.handling.publicity.until < today,
        )
        for lead in found
        if lead.handling is not None and lead.handling.publicity is not None
    ]
    return PublicPenalties(penalties=penalties)


@router.post("/leads/{lead_id}/extension", response_model=LeadDocument)
async def post_extension(
    lead_id: LeadIdPath,
    body: ExtensionRequest,
    operator: AnyOperator,
    state: State,
    if_match: Annotated[str | None, Header(description="the lead's ETag as you read it")] = None,
) -> Response:
    """Extend the limit of a lead's state once, as far as the law lets the head of unit; 409 where it does not."""
    version = named_version(if_match, "the lead")

    def longer() -> LeadDocument:
        with state.database.writing() as session, found_lead():
            return extend(session, lead_id, operator.username, body.reason, version=version, at=utc_now())

    lead = await run_in_threadpool(longer)
    await state.broker.ring()
    return Response(lead.model_dump_json(), headers={"ETag": etag_of(lead.version)}, media_type="application/json")
