"""
Reviews: reviewers' verdicts on a camera's leads, for the worker that watches the camera (decision 0049).

The API keeps `bus.REVIEWS` as its database has it, for the leads of the last `bus.REVIEW_DAYS` days; a worker reads its
cameras' lists again and again. A list is always whole, so that nothing is counted twice and nothing has to arrive.
"""

from enum import StrEnum

from pydantic import Field, TypeAdapter

from api.contract.fields import Name, Seconds
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import LeadId
from api.contract.wire.moment import UtcTime

MOST_REVIEWS = 500
"""Reviewed leads of a camera, the newest: at most 3 leads an hour are made, and fewer are looked at."""


class Verdict(StrEnum):
    """What a reviewer found: the lead was real (verified), or a false alarm (rejected)."""

    REAL = "real"
    FALSE = "false"


class LeadReview(Wire):
    """One reviewed lead."""

    lead_id: LeadId
    rule: Name = Field(description="id of the rule that made it")
    verdict: Verdict
    confirmed: UtcTime = Field(description="when its rule confirmed it; no two leads of a camera share it")
    score: float | None = Field(
        None, ge=0, le=1, description="probability it was opened at, or mean confidence of its k boxes; null: neither"
    )
    delay_s: Seconds = Field(0.0, description="seconds from its first sighting to `confirmed`")


REVIEW_LIST: TypeAdapter[list[LeadReview]] = TypeAdapter(list[LeadReview])
"""A camera's reviews as the bus holds them, oldest first."""
