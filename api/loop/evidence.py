"""Evidence: whether a lead's package proves itself as it lies in the vault now, before the evidence is fixed."""

from api.contract.evidence.package import CLIP
from api.contract.trust.stamp import ContractError
from api.contract.wire.lead import LeadDocument
from api.evidence.custody import package_sizes
from api.evidence.intake import verify_filed
from api.evidence.proofs import proven_folder
from api.evidence.vault import VaultError
from api.state import ApiState

_HOLDS = "ok"


def evidence_fault(state: ApiState, lead: LeadDocument) -> str:
    """
    Return why a lead's package does not hold, in one sentence; empty where it does.

    It holds where every check passes, a time stamp is among its proofs, and it has the clip with the time before.
    """
    if lead.evidence is None:
        return "the lead has no package yet"
    sums = lead.evidence.sums_sha256
    try:
        if CLIP not in package_sizes(state, sums):
            return f"the package has no clip ({CLIP}) with what went before"
        with proven_folder(state, sums, lead.lead_id) as folder:
            report = verify_filed(state, folder, lead.lead_id)
    except (VaultError, ContractError) as fault:
        return f"the package cannot be read: {fault}"
    if not report.ok:
        return f"the package does not verify: {'; '.join(check.sentence for check in report.failures)}"
    if report.tsa != _HOLDS:
        return f"the package's time stamp is {report.tsa}; wait for it, or ask the administrator"
    return ""
