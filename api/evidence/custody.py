"""Custody: what the routes record of evidence before they hand it out, and how they find it."""

from fastapi import Request

from api.clock import utc_now
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import rfc3339
from api.evidence.vault import MissingEvidence, VaultError
from api.people.auth import caller_address, caller_name
from api.problems import Problem
from api.state import ApiState
from api.store.evidence.attachments import attachments_of
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody, is_recorded
from api.store.evidence.holds import deleted_at
from api.store.faults import UnknownRecord
from api.store.lead_rows import get_lead
from api.store.people import Operator
from api.store.workers import Worker

REPEATABLE = frozenset({CustodyAction.VIEWED, CustodyAction.PLAYED, CustodyAction.DOWNLOADED})
"""A player asks for a clip in many ranges, a browser for a picture more than once: that is one look."""


def filed_lead(state: ApiState, lead_id: str) -> tuple[LeadDocument, str]:
    """Return a lead and the hash of its package; answer 404 for one that is not there or has no package yet."""
    with state.database.reading() as session:
        try:
            lead = get_lead(session, lead_id)
        except UnknownRecord as fault:
            raise Problem(404, "not-found", str(fault)) from fault
    if lead.evidence is None:
        raise Problem(404, "not-found", f"the evidence of lead {lead_id} has not come in yet")
    return lead, lead.evidence.sums_sha256


def package_sizes(state: ApiState, sums_sha256: str) -> dict[str, int]:
    """Return a package's files and sizes; answer 404, 410 or 503."""
    try:
        return state.vault.sizes(sums_sha256)
    except MissingEvidence as fault:
        raise missing(state, sums_sha256, fault) from fault
    except VaultError as fault:
        raise Problem(503, "vault-unavailable", str(fault)) from fault


def check_attachments(state: ApiState, lead_id: str) -> None:
    """Answer 404 or 503 unless every stored attachment of a lead is in the vault, whole."""
    with state.database.reading() as session:
        stored = attachments_of(session, lead_id)
    for each in stored:
        try:
            size = state.vault.attachments.size(lead_id, each.sha256)
        except MissingEvidence as fault:
            raise Problem(404, "not-found", str(fault)) from fault
        except VaultError as fault:
            raise Problem(503, "vault-unavailable", str(fault)) from fault
        if size != each.size:
            raise Problem(500, "evidence-altered", f"attachment {each.sha256} has {size} bytes, not {each.size}")


def missing(state: ApiState, sums_sha256: str, fault: MissingEvidence) -> Problem:
    """Return the answer for a package that is not in the vault: 410 where its deletion is recorded, else 404."""
    with state.database.reading() as session:
        gone = deleted_at(session, sums_sha256)
    if gone is None:
        return Problem(404, "not-found", str(fault))
    return Problem(410, "evidence-deleted", f"the package was deleted at {rfc3339(gone)}; its hashes stay in the log")


def note(
    state: ApiState,
    request: Request,
    caller: Operator | Worker,
    lead_id: str,
    name: str,
    action: CustodyAction,
    *,
    result: str = "",
) -> None:
    """Record what is done before it is done; ``name`` is empty for the whole package."""
    entry = CustodyEntry(lead_id, name, action, caller_name(caller), caller_address(request), utc_now(), result)
    if action in REPEATABLE:
        with state.database.reading() as session:
            if is_recorded(session, entry):
                return
    with state.database.writing() as session:
        add_custody(session, entry)
