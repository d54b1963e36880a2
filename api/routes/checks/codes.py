"""Check codes: asked for, shown, scanned, changed; and what happened under one (domain.md 6.4)."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import segno
from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.checks.issue import issue_check
from api.checks.refusal import Refused
from api.checks.share import NonSiteShare, non_site_share
from api.checks.use import change_check, scan_check
from api.clock import utc_now
from api.contract.checks.check import Check, CheckChangeRequest, CheckRequest, CheckState, ScanRequest
from api.contract.checks.code import PATTERN, code_beginning
from api.contract.register.entry import Uscc
from api.contract.wire.identifiers import LeadId
from api.contract.wire.role import LoopRole
from api.loop.actor import missing_role
from api.people.auth import AnyOperator
from api.problems import Problem
from api.routes.asked_time import AskedTime
from api.routes.stored import etag_of, named_version, store_faults
from api.state import ApiState, State
from api.store.checks.codes import get_check, list_checks, trail
from api.store.faults import StoreError
from api.store.people import Operator
from api.store.register.standing import standing_at
from api.store.transitions import transitions_of

router = APIRouter(prefix="/v1", tags=["checks"])

CodePath = Annotated[str, Path(min_length=25, max_length=25, pattern=PATTERN)]
IfMatch = Annotated[str | None, Header(description="the check's ETag as you read it")]
ISSUERS = (LoopRole.DISPATCHER, LoopRole.INSPECTOR, LoopRole.HEAD)
USERS = (LoopRole.INSPECTOR, LoopRole.DISPATCHER)


class CheckList(BaseModel):
    """Checks, the newest first."""

    checks: list[Check]
    next: str | None = Field(description="code after which the next page begins; null: this is the last")


class TrailEvent(BaseModel):
    """An event of a check or of a lead that it answers, as it is chained, with its leaf where it has one of its own."""

    log_index: int | None = None
    record: dict[str, object]


class Trail(BaseModel):
    """All that happened under a code, oldest first."""

    check: Check
    events: list[TrailEvent]
    leads: dict[str, list[dict[str, object]]] = Field(description="histories of the leads that it answers")


@router.post("/check-codes", status_code=201)
async def post_check(body: CheckRequest, operator: AnyOperator, state: State, response: Response) -> Check:
    """
    Issue a check code for two officers with valid certificates.

    409 with the reason where it is refused: ``check-open`` (the member ``join`` names the code to join),
    ``visited-lately``, ``approval-required``, ``certificate-invalid``, ``unknown-enterprise``, ``wrong-enterprise``,
    ``unknown-plan``, ``plan-done``, ``justification-owed``.
    """

    def issue() -> Check:
        at = utc_now()
        with state.database.writing() as session, found_check():
            enterprise = standing_at(session, body.uscc, at).enterprise
            _may(session, operator, ISSUERS, "" if enterprise is None else enterprise.division)
            return issue_check(session, body, operator.username, at)

    check = await run_in_threadpool(issue)
    response.headers["Location"] = f"/v1/check-codes/{check.check_code}"
    response.headers["ETag"] = etag_of(check.version)
    return check


@router.get("/check-codes")
def get_checks(
    _: AnyOperator,
    state: State,
    code: Annotated[
        str,
        Query(
            max_length=64,
            pattern=r"^[0-9A-Za-z\s-]*$",
            description="beginning of the code, in any case; blanks and hyphens do not count, and where digits stand "
            "O is read as 0, I and L as 1",
        ),
    ] = "",
    uscc: Annotated[Uscc | None, Query()] = None,
    lead: Annotated[LeadId | None, Query()] = None,
    status: Annotated[CheckState | None, Query()] = None,
    cursor: Annotated[str | None, Query(pattern=PATTERN, max_length=25)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CheckList:
    """List checks, the newest first, in pages; all that is asked for must hold."""
    with state.database.reading() as session, found_check():
        asked = {"uscc": uscc or "", "lead_id": lead or "", "state": "" if status is None else status.value}
        found = list_checks(session, beginning=code_beginning(code), **asked, before=cursor, limit=limit + 1)
    page = found[:limit]
    return CheckList(checks=page, next=page[-1].check_code if len(found) > limit else None)


@router.get("/check-codes/{code}")
def get_one_check(code: CodePath, _: AnyOperator, state: State, response: Response) -> Check:
    """Show a check; its ``ETag`` is what a change must name in ``If-Match``."""
    with state.database.reading() as session, found_check():
        check = get_check(session, code)
    response.headers["ETag"] = etag_of(check.version)
    return check


@router.post("/check-codes/{code}/scans", status_code=201)
async def post_scan(
    code: CodePath, body: ScanRequest, operator: AnyOperator, state: State, response: Response
) -> Check:
    """
    Take the scan of the enterprise's own code on the spot; the first makes the check ACTIVE.

    409 where the code is used up, not yet valid, of another enterprise, or the officers are not those of the check. A
    scan more than 500 m from the registered place is taken with a warning.
    """

    def scan() -> Check:
        with state.database.writing() as session, found_check():
            _may(session, operator, USERS, get_check(session, code).division)
            return scan_check(session, code, body, operator.username, utc_now())

    check = await run_in_threadpool(scan)
    response.headers["ETag"] = etag_of(check.version)
    return check


@router.post("/check-codes/{code}/changes")
async def post_change(
    code: CodePath,
    body: CheckChangeRequest,
    operator: AnyOperator,
    state: State,
    response: Response,
    if_match: IfMatch = None,
) -> Check:
    """Join an open check, file its record, enter the enterprise's rating or a justification, or cancel it."""
    version = named_version(if_match, "the check")

    def change() -> Check:
        with state.database.writing() as session, found_check():
            _may(session, operator, ISSUERS, get_check(session, code).division)
            return change_check(session, code, body, operator.username, version=version, at=utc_now())

    check = await run_in_threadpool(change)
    response.headers["ETag"] = etag_of(check.version)
    return check


@router.get("/check-codes/{code}/trail")
def get_trail(code: CodePath, _: AnyOperator, state: State) -> Trail:
    """Export all that happened under a code: its events with their leaves of the log, and its leads' histories."""
    with state.database.reading() as session, found_check():
        check = get_check(session, code)
        events = [TrailEvent(log_index=index, record=json.loads(record)) for record, index in trail(session, code)]
        ids = [*([] if check.lead_id is None else [check.lead_id]), *check.joined_leads]
        leads = {each: [json.loads(record) for record in _history(session, each)] for each in ids}
    return Trail(check=check, events=events, leads=leads)


@router.get("/check-codes/{code}/qr.svg", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}})
def get_qr(code: CodePath, _: AnyOperator, state: State, request: Request) -> Response:
    """Draw the QR code for the enterprise: the address of the public page and nothing else."""
    with state.database.reading() as session, found_check():
        get_check(session, code)
    out = io.BytesIO()
    segno.make(page_address(state, request, code), error="m").save(out, kind="svg", scale=6, border=4, light="white")
    return Response(out.getvalue(), media_type="image/svg+xml")


@router.get("/checks/share")
def get_share(
    _: AnyOperator,
    state: State,
    since: Annotated[AskedTime, Query(alias="from")],
    until: Annotated[AskedTime, Query(alias="to")],
) -> NonSiteShare:
    """Count checks of a time and say which share of them was made from afar, from the records of leads and checks."""
    with state.database.reading() as session:
        return non_site_share(session, since, until)


def page_address(state: ApiState, request: Request, code: str) -> str:
    """Return the address of a code's public page."""
    base = state.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{base}/jc/{code}"


@contextmanager
def found_check() -> Iterator[None]:
    """Turn refusals and the store's faults into problems."""
    with store_faults():
        try:
            yield
        except Refused as fault:
            extensions = {"join": fault.join} if fault.join else {}
            raise Problem(409, fault.slug, str(fault), extensions=extensions) from fault


def _may(session: Session, operator: Operator, roles: tuple[LoopRole, ...], division: str) -> None:
    if reason := missing_role(session, operator.username, roles, division):
        raise Problem(403, "role-required", reason)


def _history(session: Session, lead_id: str) -> list[str]:
    try:
        return transitions_of(session, lead_id)
    except StoreError:
        return []  # the lead was deleted after its time; the code's own trail stays
