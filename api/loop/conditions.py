"""Conditions: what the API itself checks before a lead moves; each that does not hold is one sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy.orm import Session

from api.contract.catalogue import catalogue
from api.contract.loop.moves import Condition
from api.contract.wire.handling import LeadHandling, MoveContent
from api.contract.wire.lead import LeadDocument
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


def _code_valid(_: Facts) -> str:
    return "no check code can be issued by this version, and no site is entered without one: check from the office"


def _measured_if_smoke(facts: Facts) -> str:
    if facts.lead.violation_code in _MEASURED and not facts.handling.measurement:
        return "smoke from a stack is confirmed by a measurement by the standard method: name it in measurement"
    return ""


def _legal_confirmed(facts: Facts) -> str:
    row = catalogue().get(facts.lead.violation_code)
    if row is None or not row.legal_confirmed_by:
        return (
            f"the legal section has not confirmed the row {facts.lead.violation_code} of the violation catalogue "
            "(legal_confirmed_by is empty), so no case is filed on it"
        )
    return ""


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
        Condition.CODE_SCANNED: _code_valid,
        Condition.MEASURED_IF_SMOKE: _measured_if_smoke,
        Condition.LEGAL_CONFIRMED: _legal_confirmed,
        Condition.RECEIPT_NAMES_PACKAGE: _receipt_names_package,
        Condition.WATCHED: _watched,
    }
)
