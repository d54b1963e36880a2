"""Pairs: the still of the peak and the stills from after a lead was rectified, side by side."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime
from api.loop.pairs import PeakStill, peak_still
from api.people.auth import AnyOperator
from api.routes.leads import LeadIdPath, found_lead
from api.routes.loop.attachments import attachment_address
from api.state import State
from api.store.evidence.attachments import StoredAttachment, attachments_of
from api.store.evidence.holds import lead_deleted_at
from api.store.lead_rows import get_lead
from api.store.loop.after_stills import AfterStill, Occasion, stills_of

router = APIRouter(prefix="/v1/leads/{lead_id}/pairs", tags=["leads"])


class BeforeStill(BaseModel):
    """The still of the peak, out of the lead's package."""

    name: str
    sha256: Sha256
    at: UtcTime
    address: str


class AfterStillDocument(BaseModel):
    """A still of the lead's camera from after the violation was corrected, an attachment of the lead."""

    sha256: Sha256
    at: UtcTime = Field(description="when the camera took it")
    camera: str
    address: str


class Pair(BaseModel):
    """Before and after."""

    occasion: Occasion = Field(description="rectified: the lead entered RECTIFIED; watched: its days of watching ended")
    before: BeforeStill | None = Field(description="null: see no_before")
    after: AfterStillDocument


class MissingStill(BaseModel):
    """A still that was asked for and is not there."""

    occasion: Occasion
    asked: UtcTime
    tries: int
    reason: str = Field(description="why the last try brought none; empty: not tried yet")
    next_try: UtcTime | None = Field(description="null: it was given up")


class PairList(BaseModel):
    """The pairs of a lead, oldest first, and what is missing for further ones."""

    lead_id: str
    no_before: str = Field(description="why there is no still of the peak; empty where there is one")
    pairs: list[Pair]
    missing: list[MissingStill]


@router.get("")
def get_pairs(lead_id: LeadIdPath, _: AnyOperator, state: State) -> PairList:
    """
    Show how the place looked at the peak and after it was corrected.

    The API keeps a still of the lead's camera when the lead enters RECTIFIED and when its days of watching end; a
    camera that has no picture then is tried again for some hours.
    """
    with state.database.reading() as session, found_lead():
        lead = get_lead(session, lead_id)
        asked = stills_of(session, lead_id)
        gone = lead_deleted_at(session, lead_id)
        kept = {each.sha256: each for each in attachments_of(session, lead_id)} if gone is None else {}
    found = peak_still(state, lead)
    before = _before(lead_id, found) if isinstance(found, PeakStill) else None
    return PairList(
        lead_id=lead_id,
        no_before=found if isinstance(found, str) else "",
        pairs=[
            Pair(occasion=each.occasion, before=before, after=_after(kept[each.sha256]))
            for each in asked
            if each.sha256 in kept
        ],
        missing=[_missing(each, is_gone=gone is not None) for each in asked if each.sha256 not in kept],
    )


def _before(lead_id: str, found: PeakStill) -> BeforeStill:
    address = f"/v1/evidence/{lead_id}/files/{found.name}"
    return BeforeStill(name=found.name, sha256=found.sha256, at=found.at, address=address)


def _after(kept: StoredAttachment) -> AfterStillDocument:
    return AfterStillDocument(
        sha256=kept.sha256,
        at=kept.taken or kept.at,
        camera=kept.camera_id,
        address=attachment_address(kept.lead_id, kept.sha256),
    )


def _missing(asked: AfterStill, *, is_gone: bool) -> MissingStill:
    reason = "it was deleted with the lead's package" if is_gone and asked.sha256 else asked.reason
    return MissingStill(
        occasion=asked.occasion, asked=asked.asked, tries=asked.tries, reason=reason, next_try=asked.next_try
    )
