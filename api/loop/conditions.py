"""Conditions: what the API itself checks before a lead moves; each that does not hold is one sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy.orm import Session

from api.clock import utc_now
from api.contract.catalogue import catalogue
from api.contract.checks.check import OPEN, Check, CheckState
from api.contract.loop.moves import Condition
from api.contract.register.plan import CheckMode
from api.contract.wire.handling import LeadHandling, MoveContent
from api.contract.wire.lead import LeadDocument
from api.store.checks.codes import get_check
from api.store.faults import StoreError
from api.store.loop.legal import is_confirmed
from api.store.transitions import handling_after

_MEASURED = frozenset({"V01_STACK_SMOKE", "V01B_BYPASS"})
"""Codes whose smoke is measured by the standard method on the spot (HJ/T 398, HJ 1287)."""
_WARNING = "warn_only"


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What conditions are held against.

    Attributes:
        handling: of the lead as it would be after the move.

        evidence: why the package does not hold, empty where it does; ``None``: not looked at.
    """

    session: Session
    lead: LeadDocument
    content: MoveContent
    evidence: str | None = None

    @property
    def handling(self) -> LeadHandling:
        """How the lead would be handled after the move."""
        return handling_after(self.lead.handling, self.content)


def _evidence_holds(facts: Facts) -> str:
    return "" if facts.evidence is None else facts.evidence


def _warn_only_allowed(facts: Facts) -> str:
    row = catalogue().get(facts.lead.violation_code)
    if row is not None and row.never_warn_only:
        return f"{facts.lead.violation_code} is never merely warned of, whatever colour or list"
    disposition = facts.lead.disposition
    if disposition is None or disposition.action != _WARNING:
        proposed = "nothing" if disposition is None else disposition.action
        return f"a warning is for first minor findings of green or listed enterprises; proposed is {proposed}"
    return ""


def _approved_if_listed(facts: Facts) -> str:
    target, disposition = facts.lead.target, facts.lead.disposition
    is_listed = (target is not None and target.positive_list) or (
        disposition is not None and disposition.approval_required
    )
    if is_listed and not facts.handling.approval_ref:
        return "the enterprise is on the positive list: name the approval of the head of unit in approval_ref"
    return ""


def _code_valid(facts: Facts) -> str:
    code = facts.handling.check_code
    if code is None:
        return "no site is entered without a check code: have one issued for this lead, and name it in check_code"
    try:
        return _unfit(get_check(facts.session, code), facts.lead)
    except StoreError as fault:
        return str(fault)


def _unfit(check: Check, lead: LeadDocument) -> str:
    """Return why a check does not cover a visit for a lead now; empty where it does."""
    code, target = check.check_code, lead.target
    if not check.answers(lead.lead_id):
        return f"check {code} does not answer this lead; issue one for it, or let the lead join the open code"
    if target is not None and target.uscc and target.uscc != check.uscc:
        return f"check {code} is for the enterprise {check.uscc}, and the lead is on {target.uscc}"
    if check.mode is not CheckMode.ON_SITE:
        return f"check {code} is for a check from afar"
    if check.state not in OPEN or (check.state is CheckState.ISSUED and utc_now() >= check.valid_to):
        return f"check {code} is {check.state} and was valid to {check.valid_to:%Y-%m-%d %H:%M} UTC"
    return ""


def _code_scanned(facts: Facts) -> str:
    code = facts.handling.check_code
    try:
        scans = [] if code is None else get_check(facts.session, code).scans
    except StoreError as fault:
        return str(fault)
    return "" if scans else f"the enterprise's code was not scanned under check {code}; scan it on the spot first"


def _record_filed(facts: Facts) -> str:
    if all(attachment.kind != "record" for attachment in facts.content.attachments):
        return "the record of the visit is missing: attach its hash with kind record"
    return ""


def _measured_if_smoke(facts: Facts) -> str:
    if facts.lead.violation_code in _MEASURED and not facts.handling.measurement:
        return "smoke from a stack is confirmed by a measurement by the standard method: name it in measurement"
    return ""


def _legal_confirmed(facts: Facts) -> str:
    if is_confirmed(facts.session, facts.lead.violation_code):
        return ""
    return (
        f"the legal section has not confirmed the row {facts.lead.violation_code} of the violation catalogue, so no "
        "case is filed on it: PUT /v1/catalogue/{code}/confirmation"
    )


def _receipt_names_package(facts: Facts) -> str:
    evidence, receipt = facts.lead.evidence, facts.handling.receipt
    if receipt is None or evidence is None or receipt.sums_sha256 != evidence.sums_sha256:
        named = "none" if evidence is None else evidence.sums_sha256
        return f"the receipt must name the hash of the package that was handed over, {named}"
    return ""


def _watched(facts: Facts) -> str:
    if facts.handling.recurrence is None:
        until = facts.lead.timers.get("watched_until")
        when = "" if until is None else f", until {until:%Y-%m-%d %H:%M} UTC"
        return f"the target is still being watched for a recurrence{when}"
    return ""


CHECKS: Mapping[Condition, Callable[[Facts], str]] = MappingProxyType(
    {
        Condition.EVIDENCE_HOLDS: _evidence_holds,
        Condition.WARN_ONLY_ALLOWED: _warn_only_allowed,
        Condition.APPROVED_IF_LISTED: _approved_if_listed,
        Condition.CODE_VALID: _code_valid,
        Condition.CODE_SCANNED: _code_scanned,
        Condition.RECORD_FILED: _record_filed,
        Condition.MEASURED_IF_SMOKE: _measured_if_smoke,
        Condition.LEGAL_CONFIRMED: _legal_confirmed,
        Condition.RECEIPT_NAMES_PACKAGE: _receipt_names_package,
        Condition.WATCHED: _watched,
    }
)
