"""Report: a lead and its evidence on paper."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.clock import utc_now
from api.contract.trust.stamp import ContractError
from api.evidence.custody import filed_lead, missing, note, package_sizes
from api.evidence.vault import MissingEvidence, VaultError
from api.people.auth import AnyOperator, caller_name
from api.problems import Problem
from api.report.case import read_case
from api.report.printing import FONT, Printing
from api.routes.leads import LeadIdPath
from api.state import ApiState, State
from api.store.evidence.custody import CustodyAction

router = APIRouter(prefix="/v1/evidence/{lead_id}", tags=["evidence"])


@router.get("/report.pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
def get_report(
    lead_id: LeadIdPath,
    operator: AnyOperator,
    state: State,
    request: Request,
    download: Annotated[bool, Query(description="ask the browser to save it")] = False,
) -> Response:
    """
    Print the lead with its evidence in Chinese, as PDF: one or two pages.

    The package is verified for it. The QR code leads to the lead on the wall and carries the package's hash.
    """
    from api.report.pages import lead_report  # noqa: PLC0415 (only who prints pays for the PDF library)

    sums = filed_lead(state, lead_id)[1]
    package_sizes(state, sums)
    note(state, request, operator, lead_id, "", CustodyAction.PRINTED)
    try:
        case = read_case(state, lead_id)
    except MissingEvidence as fault:
        raise missing(state, sums, fault) from fault
    except (VaultError, ContractError) as fault:
        raise Problem(503, "vault-unavailable", f"the package cannot be read: {fault}") from fault
    printing = Printing(
        by=caller_name(operator).removeprefix("operator:"),
        at=utc_now(),
        address=lead_address(state, request, lead_id, sums),
        site=state.settings.site_name,
        font=state.settings.report_font or FONT,
    )
    name = f"{lead_id}_report.pdf"
    headers = {
        "Content-Disposition": f'{"attachment" if download else "inline"}; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return Response(lead_report(case, printing), headers=headers, media_type="application/pdf")


def lead_address(state: ApiState, request: Request, lead_id: str, sums_sha256: str) -> str:
    """Return where the lead is shown on the wall; the hash after ``#`` stays in the browser."""
    site = state.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{site}/#lead={lead_id}&sha256={sums_sha256}"
