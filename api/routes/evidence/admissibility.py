"""Admissibility: what a lead's record may be used for, and why no more than that."""

import json

from fastapi import APIRouter

from api.contract.evidence.manifest import parse_manifest
from api.contract.evidence.package import MANIFEST
from api.contract.trust.stamp import StampError
from api.contract.wire.handling import ReviewAnswers
from api.evidence.admissibility import Judgement, judge
from api.evidence.custody import filed_lead, package_sizes
from api.people.auth import AnyOperator
from api.problems import Problem
from api.routes.leads import LeadIdPath
from api.state import State
from api.store.evidence.camera_files import camera_file
from api.store.transitions import transitions_of

router = APIRouter(prefix="/v1/evidence/{lead_id}/admissibility", tags=["evidence"])

STAMPED = frozenset({"own", "licensed"})
"""Kinds of authority whose stamp was checked on arrival (``evidence.tsa`` of a lead)."""


@router.get("")
def get_admissibility(lead_id: LeadIdPath, _: AnyOperator, state: State) -> Judgement:
    """
    Judge the current record: the camera's newest file, the newest review, clock, gaps and time-stamp.

    It does not check that the package is what was signed: ``/verification`` does. 409 ``manifest-unreadable``: the
    package was altered and cannot be judged.
    """
    lead, sums = filed_lead(state, lead_id)
    size = package_sizes(state, sums).get(MANIFEST, 0)
    try:
        manifest = parse_manifest(b"".join(state.vault.read(sums, MANIFEST, 0, size)))
    except StampError as fault:
        raise Problem(409, "manifest-unreadable", str(fault)) from fault
    with state.database.reading() as session:
        records = [json.loads(record) for record in transitions_of(session, lead_id)]
        file = camera_file(session, lead.camera.id).file
    answered = [ReviewAnswers.model_validate(record["review"]) for record in records if "review" in record]
    is_stamped = lead.evidence is not None and lead.evidence.tsa in STAMPED
    return judge(lead, file, manifest, answered[-1] if answered else None, is_stamped=is_stamped)
