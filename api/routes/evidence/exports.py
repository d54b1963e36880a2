"""Exports: the evidence of several leads as one file."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from api.clock import utc_now
from api.contract.wire.identifiers import LeadId
from api.evidence.custody import check_attachments, filed_lead, note, package_sizes
from api.evidence.export import MOST_LEADS, case_chunks, case_name
from api.people.auth import AnyOperator, caller_name
from api.report.printing import FONT, Printing
from api.routes.evidence.report import lead_address
from api.state import State
from api.store.evidence.custody import CustodyAction

router = APIRouter(prefix="/v1/exports", tags=["evidence"])


@router.get("/case.tar", response_class=StreamingResponse, responses={200: {"content": {"application/x-tar": {}}}})
def get_case(
    operator: AnyOperator,
    state: State,
    request: Request,
    lead: Annotated[list[LeadId], Query(min_length=1, max_length=MOST_LEADS, description="repeat for several")],
    reports: Annotated[bool, Query(description="with the printed report of each lead")] = True,
) -> StreamingResponse:
    """
    Give the packages, attachments, records and reports of several leads as one tar with an index and one hash list.

    The list is the last file: an export without it broke off. 404 if a lead, its package or an
    attachment that was stored is not there.
    """
    at = utc_now()
    documents, prints = [], []
    for lead_id in dict.fromkeys(lead):
        document, sums = filed_lead(state, lead_id)
        package_sizes(state, sums)
        check_attachments(state, lead_id)
        documents.append(document)
        if reports:
            prints.append(
                Printing(
                    by=caller_name(operator).removeprefix("operator:"),
                    at=at,
                    address=lead_address(state, request, lead_id, sums),
                    site=state.settings.site_name,
                    font=state.settings.report_font or FONT,
                )
            )
    for document in documents:
        note(state, request, operator, document.lead_id, "", CustodyAction.EXPORTED)
    headers = {
        "Content-Disposition": f'attachment; filename="{case_name(at)}.tar"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(case_chunks(state, documents, at, prints), headers=headers, media_type="application/x-tar")
