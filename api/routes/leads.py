"""Leads: posted by workers, listed and reviewed by operators."""

import json
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.contract.fields import Reason
from api.contract.wire.handling import MoveContent, ReviewAnswers
from api.contract.wire.identifiers import LEAD_ID_PATTERN, Sha256
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import UtcTime
from api.contract.wire.state import LeadState
from api.evidence.intake import take_in
from api.evidence.upload import receive_upload
from api.loop.evidence import evidence_fault
from api.loop.once import answered_once
from api.loop.transition import ContentMissing, RoleMissing, needs_evidence, perform
from api.loop.transition import Request as Move
from api.people.auth import AnyOperator, AnyWorker, Reader, caller_address
from api.problems import Problem
from api.routes.lead_filter import LeadFilter
from api.routes.stored import etag_of, named_version, store_faults
from api.state import State
from api.store.events import newest_cursor
from api.store.faults import IllegalMove, ReusedKey
from api.store.lead_rows import get_lead, get_still
from api.store.search import list_leads
from api.store.transitions import transitions_of

router = APIRouter(prefix="/v1/leads", tags=["leads"])

LeadIdPath = Annotated[str, Path(pattern=LEAD_ID_PATTERN)]
"""A version with or without its quotes: programs that print it from the lead leave them out."""


class LeadPage(BaseModel):
    """Leads, newest first."""

    leads: list[LeadDocument]
    next: str | None = Field(description="cursor of the next page, null on the last")
    events_cursor: int = Field(description="follow GET or WS /v1/events from here to miss nothing after this page")


class TransitionRequest(MoveContent):
    """A move: where to, why, and what it carries; what is required stands in ``GET /v1/leads/{id}/moves``."""

    to: LeadState
    reason: Reason = Field(description="why, in the operator's words")
    attach_sha256: Sha256 | None = Field(None, description="hash of a document that belongs to the decision")


class TransitionRecord(BaseModel):
    """One record of the append-only chain; ``prev_hash`` is the SHA-256 of the record before it, of any lead."""

    seq: int
    lead_id: str
    from_: str = Field(alias="from")
    to: str
    version: int
    role: str
    user: str
    at: UtcTime
    reason: str
    reason_code: str
    attach_sha256: str
    review: ReviewAnswers | None = Field(None, description="absent where nobody answered")
    act: str = Field("", description="proposed or declined: the state stays; absent where the lead moved")
    content: MoveContent | None = Field(None, description="what the move carried; absent where it carried nothing")
    prev_hash: str


class TransitionList(BaseModel):
    """A lead's history, oldest first."""

    transitions: list[TransitionRecord]


_POST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["lead", "package"],
                    "properties": {
                        "lead": {"type": "string", "contentMediaType": "application/json", "description": "lead/1"},
                        "package": {"type": "string", "format": "binary", "description": "evidence package, tar"},
                    },
                }
            }
        },
    }
}


@router.post(
    "",
    status_code=201,
    response_model=LeadDocument,
    responses={200: {"model": LeadDocument, "description": "It is filed already, with the same package"}},
    openapi_extra=_POST_BODY,
)
async def post_lead(
    request: Request,
    worker: AnyWorker,
    state: State,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Response:
    """
    File a lead with its evidence package, verified before the 201.

    The same ``Idempotency-Key`` with the same content gets the same answer; with other content 422. A lead that is
    filed already with the same package is answered 200, with another package 409. 425 ``from-the-future``: the package
    says that it was made at a time to come; post it again then.
    """
    status = 500
    try:
        key = _required_key(idempotency_key)
        async with receive_upload(request, state.settings.data_dir, state.settings.max_upload_bytes) as upload:
            answer = await run_in_threadpool(take_in, state, upload, worker, key, caller_address(request))
        status = answer.status
    except Problem as problem:
        status = problem.status
        raise
    finally:
        state.metrics.posts.labels(status=str(status)).inc()
    if answer.fresh:
        await state.broker.ring()
    lead = LeadDocument.model_validate_json(answer.body)
    headers = {"Location": f"/v1/leads/{lead.lead_id}", "ETag": etag_of(lead.version)}
    return Response(answer.body, answer.status, headers, "application/json")


@router.get("", response_model=LeadPage)
def get_leads(_: Reader, state: State, asked: Annotated[LeadFilter, Query()]) -> Response:
    """List leads, newest first, in pages; all that is asked for must hold."""
    with state.database.reading() as session:
        events_cursor = newest_cursor(session)
        try:
            documents, following = list_leads(session, asked.query())
        except ValueError as fault:
            raise Problem(400, "bad-cursor", str(fault)) from fault
    # The documents are JSON already, and were checked when they came in.
    tail = f'],"next":{json.dumps(following)},"events_cursor":{events_cursor}}}'
    return Response('{"leads":[' + ",".join(documents) + tail, media_type="application/json")


@router.get("/{lead_id}", response_model=LeadDocument)
def get_one_lead(lead_id: LeadIdPath, _: Reader, state: State, request: Request) -> Response:
    """Show a lead; its ``ETag`` is what a transition must name in ``If-Match``."""
    with state.database.reading() as session, found_lead():
        lead = get_lead(session, lead_id)
    etag = etag_of(lead.version)
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(lead.model_dump_json(), headers={"ETag": etag}, media_type="application/json")


@router.get("/{lead_id}/still.jpg", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def get_lead_still(lead_id: LeadIdPath, _: Reader, state: State) -> Response:
    """Show the small picture that came with the lead's announcement; 404 when none came."""
    with state.database.reading() as session, found_lead():
        still = get_still(session, lead_id)
    return Response(still, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400, immutable"})


@router.get("/{lead_id}/transitions", response_model=TransitionList)
def get_transitions(lead_id: LeadIdPath, _: Reader, state: State) -> Response:
    """Show a lead's history; each record is given exactly as it is chained, in RFC 8785 canonical JSON."""
    with state.database.reading() as session, found_lead():
        records = transitions_of(session, lead_id)
    return Response('{"transitions":[' + ",".join(records) + "]}", media_type="application/json")


@router.post("/{lead_id}/transitions", response_model=LeadDocument)
async def post_transition(
    lead_id: LeadIdPath,
    body: TransitionRequest,
    operator: AnyOperator,
    state: State,
    if_match: Annotated[str | None, Header(description="the lead's ETag as you read it")] = None,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Response:
    """
    Move a lead to another state, or propose, confirm or decline a move that takes two people.

    Who may do what and what it takes stands in ``GET /v1/leads/{id}/moves``. 403 ``role-required``: no role for it;
    409 ``illegal-transition``: the table, a second person or a condition forbids it; 412: somebody else was faster;
    422 ``content-required``: something is missing; 428: no If-Match; 422 ``review-required``: the site demands the four
    answers (``PLUMEWATCH_REVIEW_ANSWERS``). The same ``Idempotency-Key`` with the same body gets the same answer.
    """
    version = named_version(if_match, "the lead")

    asked = Move(
        body.to,
        body.reason,
        MoveContent.model_validate(body.model_dump(exclude={"to", "reason", "attach_sha256"}, by_alias=True)),
        version,
        body.attach_sha256 or "",
    )

    def move() -> LeadDocument:
        with state.database.reading() as session, found_lead():
            before = get_lead(session, lead_id)
        if (
            body.review is None
            and state.settings.review_answers == "required"
            and before.state is LeadState.PENDING_VERIFY
        ):
            detail = "the four answers true, clear, complete, accurate are required to leave PENDING_VERIFY"
            raise Problem(422, "review-required", detail)
        evidence = evidence_fault(state, before) if needs_evidence(before, body.to) else None
        with state.database.writing() as session, found_lead():
            return answered_once(
                session,
                operator,
                idempotency_key,
                (lead_id, body.model_dump_json()),
                lambda at: perform(session, lead_id, operator.username, asked, evidence=evidence, at=at),
            )

    moved = await run_in_threadpool(move)
    await state.broker.ring()
    return Response(moved.model_dump_json(), headers={"ETag": etag_of(moved.version)}, media_type="application/json")


def _required_key(key: str | None) -> str:
    if key is None:
        raise Problem(400, "idempotency-key-required", "the header Idempotency-Key is missing")
    return key


found_lead = partial(
    store_faults,
    {
        IllegalMove: (409, "illegal-transition"),
        RoleMissing: (403, "role-required"),
        ContentMissing: (422, "content-required"),
        ReusedKey: (422, "idempotency-key-reused"),
    },
)
"""Turns the store's faults on a lead into problems."""
