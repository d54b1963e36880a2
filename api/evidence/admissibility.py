"""
Admissibility: whether a lead's record may be used as evidence, and the obstacles to it.

What the camera's file under article 41 lacks (`api.contract.evidence.article41`) makes a lead of it, and so does what
the record itself leaves open: a reviewer must have found it true, clear, complete and accurate, its time must be known
and proven, and nothing of the act may be missing in the clip (domain.md 5.1).
"""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from api.contract.evidence.article41 import Article41File, Lack, LeadClass, admissibility, local_day
from api.contract.evidence.manifest import Manifest
from api.contract.wire.document import Wire
from api.contract.wire.handling import ReviewAnswers
from api.contract.wire.lead import LeadDocument

CLOCK_LIMIT_S = 2.0
"""Camera clocks that may be further off are flagged (domain.md 4)."""


class Doubt(StrEnum):
    """
    Open questions about the record itself.

    Attributes:
        NOT_REVIEWED: no reviewer has answered the four questions; those answered with no are `NOT_TRUE`, `NOT_CLEAR`,
            `NOT_COMPLETE`, `NOT_ACCURATE`.

        CLOCK: the time is not known to within `CLOCK_LIMIT_S`.

        GAPS: the clip has gaps.

        NO_TIME_STAMP: no authority has stamped the package (yet).
    """

    NOT_REVIEWED = "not_reviewed"
    NOT_TRUE = "not_true"
    NOT_CLEAR = "not_clear"
    NOT_COMPLETE = "not_complete"
    NOT_ACCURATE = "not_accurate"
    CLOCK = "clock"
    GAPS = "gaps"
    NO_TIME_STAMP = "no_time_stamp"


class Judgement(Wire):
    """What a lead's record may be used for, and every obstacle to more."""

    admissibility: LeadClass
    obstacles: list[Lack | Doubt] = Field(
        max_length=32, description="the law's and the camera's first; empty for a candidate"
    )


def judge(
    lead: LeadDocument,
    file: Article41File | None,
    manifest: Manifest,
    review: ReviewAnswers | None,
    *,
    is_stamped: bool,
) -> Judgement:
    """
    Return what the record of a lead may be used for.

    Args:
        lead: its code says what kind of act it is, its event on which day it was.

        file: of the camera under article 41; ``None`` where there is none.

        manifest: of its package.

        review: the newest answers; ``None`` without any.

        is_stamped: whether a time-stamp of the package holds.
    """
    lacks = admissibility(file, lead.violation_code, local_day(lead.event.start)).lacks
    obstacles = [*lacks, *_doubts(manifest, review, is_stamped=is_stamped)]
    return Judgement(admissibility="lead_only" if obstacles else "evidence_candidate", obstacles=obstacles)


def _doubts(manifest: Manifest, review: ReviewAnswers | None, *, is_stamped: bool) -> Iterator[Doubt]:
    if review is None:
        yield Doubt.NOT_REVIEWED
    else:
        answers = {
            Doubt.NOT_TRUE: review.true,
            Doubt.NOT_CLEAR: review.clear,
            Doubt.NOT_COMPLETE: review.complete,
            Doubt.NOT_ACCURATE: review.accurate,
        }
        yield from (doubt for doubt, answer in answers.items() if not answer)
    if manifest.time.uncertainty_s > CLOCK_LIMIT_S:
        yield Doubt.CLOCK
    if manifest.gaps:
        yield Doubt.GAPS
    if not is_stamped:
        yield Doubt.NO_TIME_STAMP
