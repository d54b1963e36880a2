"""Attachments: files that belong to a lead's moves, by their hash; every look at one is recorded in custody."""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.clock import utc_now
from api.contract.fields import Name
from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime
from api.evidence.custody import note
from api.evidence.ranges import served
from api.evidence.upload import FileUpload, receive_body
from api.evidence.vault import MissingEvidence, VaultError
from api.loop.attachments import BEGINNINGS, Kept, begins_as, keep_attachment, may_attach, refuse_deleted
from api.people.auth import AnyOperator, caller_address, caller_name
from api.problems import Problem
from api.routes.leads import LeadIdPath, found_lead
from api.state import State
from api.store.evidence.attachments import (
    FOLDER,
    AttachmentKind,
    NamedAttachment,
    StoredAttachment,
    attachments_of,
    get_attachment,
    named_attachments,
)
from api.store.evidence.custody import CustodyAction
from api.store.evidence.holds import lead_deleted_at
from api.store.lead_rows import get_lead

router = APIRouter(prefix="/v1/leads/{lead_id}/attachments", tags=["leads"])

UNKNOWN_TYPE = "application/octet-stream"
PDF = "application/pdf"
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,48}/[a-z0-9][a-z0-9.+-]{0,48}")
Sha256Path = Annotated[Sha256, Path(description="SHA-256 of the file, as sha256sum prints it")]


class AttachmentDocument(BaseModel):
    """A file that a move of the lead names, or that is stored with the lead, or both."""

    sha256: Sha256
    name: str
    kind: AttachmentKind = Field(description="after: a still that the system kept once the violation was corrected")
    stored: bool = Field(description="whether the file is kept here; false: only its name and hash are known")
    named: bool = Field(description="whether a move of the lead names it")
    size: int | None = Field(description="bytes; null where it is not stored")
    media_type: str = Field(description="as the sender said; empty where it is not stored")
    by: str = Field(description="who stored it; who named it where it is not stored")
    at: UtcTime
    camera_id: str = Field(description="of a still that the system kept; else empty")
    taken: UtcTime | None = Field(description="when that still was taken")
    log_index: int | None = Field(description="leaf of the log that ties it to the lead; null where it is not stored")
    address: str = Field(description="where the file is, or where it can be put")


class AttachmentList(BaseModel):
    """A lead's attachments, oldest first."""

    lead_id: str
    deleted: UtcTime | None = Field(description="when they were deleted with the lead's package; null: they were not")
    attachments: list[AttachmentDocument]


_PUT_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("")
def get_attachments(lead_id: LeadIdPath, _: AnyOperator, state: State) -> AttachmentList:
    """List the files that the lead's moves name and those that are stored with it."""
    with state.database.reading() as session, found_lead():
        named = {each.sha256: each for each in named_attachments(session, lead_id)}
        kept = {each.sha256: each for each in attachments_of(session, lead_id)}
        deleted = lead_deleted_at(session, lead_id)
    found = [
        _document(lead_id, sha256, kept.get(sha256), named.get(sha256), deleted)
        for sha256 in dict.fromkeys([*named, *kept])
    ]
    return AttachmentList(lead_id=lead_id, deleted=deleted, attachments=sorted(found, key=lambda each: each.at))


@router.put(
    "/{sha256}",
    status_code=201,
    responses={200: {"model": AttachmentDocument, "description": "It is stored already"}},
    openapi_extra=_PUT_BODY,
)
async def put_attachment(
    lead_id: LeadIdPath,
    sha256: Sha256Path,
    operator: AnyOperator,
    state: State,
    request: Request,
    response: Response,
    name: Annotated[Name, Query(description="the file's name; empty: as the move that names the hash says")] = "",
    kind: Annotated[
        Literal["photo", "record", "document"] | None, Query(description="left out: as that move says, or document")
    ] = None,
    content_type: Annotated[str, Header(max_length=200, include_in_schema=False)] = UNKNOWN_TYPE,
) -> AttachmentDocument:
    """
    Store a file with the lead; the body is the file itself, and ``Content-Type`` its type.

    Before or after the move that names it. The same again is answered 200 and keeps its first name. 403
    ``role-required`` without a role in the lead's division, 410 once the lead's package was deleted, 413 beyond
    ``PLUMEWATCH_ATTACHMENT_MAX_BYTES``, 422 ``hash-differs`` where the body has another hash, 503 where nothing can be
    kept now.
    """
    media_type = _media_type(content_type)

    def told() -> NamedAttachment | None:
        with state.database.reading() as session, found_lead():
            lead = get_lead(session, lead_id)
            if not may_attach(session, operator.username, lead):
                where = f"division {lead.place.division}" if lead.place.division else "the lead's division"
                raise Problem(403, "role-required", f"to give a lead files takes a role in {where}")
            refuse_deleted(session, lead_id)
            return next((each for each in named_attachments(session, lead_id) if each.sha256 == sha256), None)

    def keep(upload: FileUpload) -> Kept:
        if upload.sha256 != sha256:
            raise Problem(422, "hash-differs", f"the body hashes to {upload.sha256}, not to {sha256}")
        if upload.size == 0:
            raise Problem(422, "invalid-input", "the file is empty")
        if not begins_as(upload.path, media_type):
            raise Problem(422, "invalid-input", f"the file does not begin as {media_type} does")
        by, at = caller_name(operator), utc_now()
        made = StoredAttachment(lead_id, sha256, called, said, media_type, upload.size, by, at)
        return keep_attachment(state, made, upload.path, caller_address(request))

    named = await run_in_threadpool(told)
    called = name or ("" if named is None else named.name) or sha256[:12]
    said = AttachmentKind(kind or (AttachmentKind.DOCUMENT if named is None else named.kind))
    limit = state.settings.attachment_max_bytes
    async with receive_body(request, state.settings.data_dir, limit, "attachment") as upload:
        kept = await run_in_threadpool(keep, upload)
    if not kept.fresh:
        response.status_code = 200
    response.headers["Location"] = attachment_address(lead_id, sha256)
    return _document(lead_id, sha256, kept.attachment, named, None)


@router.get(
    "/{sha256}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {kind: {} for kind in (*BEGINNINGS, UNKNOWN_TYPE)}},
        206: {"description": "the byte range asked for"},
        416: {"description": "the range is outside the file"},
    },
)
def get_one_attachment(
    lead_id: LeadIdPath,
    sha256: Sha256Path,
    operator: AnyOperator,
    state: State,
    request: Request,
    download: Annotated[bool, Query(description="ask the browser to save it")] = False,
) -> Response:
    """
    Send a stored attachment, whole or a byte range of it (``Range``, ``If-Range``, ``If-None-Match``).

    Pictures and PDF may be shown by a browser, all else is only downloaded. 404 where the file is not stored, 410 once
    it was deleted with the lead's package.
    """
    with state.database.reading() as session, found_lead():
        found = get_attachment(session, lead_id, sha256)
        refuse_deleted(session, lead_id)
    try:
        size = state.vault.attachments.size(lead_id, sha256)
    except MissingEvidence as fault:
        raise Problem(404, "not-found", str(fault)) from fault
    except VaultError as fault:
        raise Problem(503, "vault-unavailable", str(fault)) from fault
    shown = found.media_type in BEGINNINGS and not download
    answer = served(request, size, f'"{sha256}"', _disposition(found, shown=shown))
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return Response(status_code=answer.status, headers=answer.headers)
    if found.media_type == PDF:
        # browsers' viewers do not open in a sandbox; the page's own policy holds
        del answer.headers["Content-Security-Policy"]
    action = CustodyAction.VIEWED if shown else CustodyAction.DOWNLOADED
    note(state, request, operator, lead_id, f"{FOLDER}/{sha256}", action)
    pieces = state.vault.attachments.read(lead_id, sha256, answer.start, answer.end - answer.start)
    return StreamingResponse(pieces, answer.status, answer.headers, found.media_type)


def _document(
    lead_id: str,
    sha256: str,
    kept: StoredAttachment | None,
    named: NamedAttachment | None,
    deleted: datetime | None,
) -> AttachmentDocument:
    told = kept or named
    assert told is not None  # noqa: S101  (of one of both lists)
    return AttachmentDocument(
        sha256=sha256,
        name=told.name,
        kind=told.kind,
        stored=kept is not None and deleted is None,
        named=named is not None,
        size=None if kept is None else kept.size,
        media_type="" if kept is None else kept.media_type,
        by=told.by,
        at=told.at,
        camera_id="" if kept is None else kept.camera_id,
        taken=None if kept is None else kept.taken,
        log_index=None if kept is None else kept.log_index,
        address=attachment_address(lead_id, sha256),
    )


def attachment_address(lead_id: str, sha256: str) -> str:
    """Return where an attachment is, or where it can be put."""
    return f"/v1/leads/{lead_id}/attachments/{sha256}"


def _media_type(content_type: str) -> str:
    """Return the type that a header names, without its parameters; the unknown one for what is no type."""
    named = parse_options_header(content_type)[0].decode("latin-1").lower()
    return named if _TYPE.fullmatch(named) else UNKNOWN_TYPE


def _disposition(found: StoredAttachment, *, shown: bool) -> str:
    """Return the header with the file's own name (RFC 6266) and one in ASCII for old programs."""
    plain = f"{found.lead_id}_{found.sha256[:12]}"
    return f"{'inline' if shown else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
