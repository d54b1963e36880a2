"""
Admissibility: whether a lead's record may be put forward as evidence, and what keeps it from that.

Article 41 of the Administrative Penalty Law and the rules that follow from it (domain.md 5.1): without the camera's
reviewed, published and valid file, or the reviewer's four times yes, a record is a lead and nothing more. For most acts
it is a lead in any case, for the fact is fixed on site; only those of vehicles may rest on the record.
"""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import Field

from api.contract.manifest import Manifest
from api.contract.schema import LeadDocument, ReviewAnswers, Wire

VEHICLE_CODES = frozenset({"V09_TRUCK_COVER", "V10_BLACK_CAR"})
"""Acts for which a record may stand alone."""

CLOCK_LIMIT_S = 2.0
"""Camera clocks that may be further off are flagged (domain.md 4)."""


class Admissibility(StrEnum):
    """What a record may be used for."""

    LEAD_ONLY = "lead_only"
    EVIDENCE_CANDIDATE = "evidence_candidate"


class Obstacle(StrEnum):
    """
    What keeps a record from being a candidate for evidence.

    Attributes:
        ON_SITE: the act is to be fixed on site, or by a standard method.

        NO_LEGAL_REVIEW: nobody has entered the camera's legal review; likewise `NO_TECHNICAL_REVIEW`, and
            `NOT_PUBLISHED` where and when its place was published.

        NO_VALIDITY: nobody has entered until when both hold.

        EXPIRED: they did not hold any more on the day of the act.

        NOT_REVIEWED: no reviewer has answered the four questions; those answered with no are `NOT_TRUE`, `NOT_CLEAR`,
            `NOT_COMPLETE`, `NOT_ACCURATE`.

        CLOCK: the time is not known to within `CLOCK_LIMIT_S`.

        GAPS: the clip has gaps.

        NO_TIME_STAMP: no authority has stamped the package (yet).
    """

    ON_SITE = "on_site"
    NO_LEGAL_REVIEW = "no_legal_review"
    NO_TECHNICAL_REVIEW = "no_technical_review"
    NOT_PUBLISHED = "not_published"
    NO_VALIDITY = "no_validity"
    EXPIRED = "expired"
    NOT_REVIEWED = "not_reviewed"
    NOT_TRUE = "not_true"
    NOT_CLEAR = "not_clear"
    NOT_COMPLETE = "not_complete"
    NOT_ACCURATE = "not_accurate"
    CLOCK = "clock"
    GAPS = "gaps"
    NO_TIME_STAMP = "no_time_stamp"


class Judgement(Wire):
    """What a lead's record may be used for, and every obstacle there is."""

    admissibility: Admissibility
    obstacles: list[Obstacle] = Field(description="all of them, the law's own first; empty for a candidate")
    valid_until: str | None = Field(description="last day of the camera's file, as the package holds it")


def judge(lead: LeadDocument, manifest: Manifest, review: ReviewAnswers | None, *, is_stamped: bool) -> Judgement:
    """
    Return what the record of a lead may be used for.

    Args:
        lead: its code says what kind of act it is, its event when it was.

        manifest: of its package; the camera's file is as it was then.

        review: the newest answers; ``None`` where nobody answered.

        is_stamped: whether a time-stamp of the package holds.
    """
    obstacles = [*_of_the_law(lead), *_of_the_camera(lead, manifest), *_of_the_record(manifest, review)]
    if not is_stamped:
        obstacles.append(Obstacle.NO_TIME_STAMP)
    return Judgement(
        admissibility=Admissibility.LEAD_ONLY if obstacles else Admissibility.EVIDENCE_CANDIDATE,
        obstacles=obstacles,
        valid_until=manifest.camera.art41.valid_until,
    )


def _of_the_law(lead: LeadDocument) -> Iterator[Obstacle]:
    if lead.violation_code not in VEHICLE_CODES:
        yield Obstacle.ON_SITE


def _of_the_camera(lead: LeadDocument, manifest: Manifest) -> Iterator[Obstacle]:
    file = manifest.camera.art41
    if not file.legal_review:
        yield Obstacle.NO_LEGAL_REVIEW
    if not file.technical_review:
        yield Obstacle.NO_TECHNICAL_REVIEW
    if not file.published:
        yield Obstacle.NOT_PUBLISHED
    try:
        last = date.fromisoformat(file.valid_until or "")
    except ValueError:
        yield Obstacle.NO_VALIDITY
        return
    if lead.event.end.astimezone(ZoneInfo(lead.event.timezone)).date() > last:
        yield Obstacle.EXPIRED


def _of_the_record(manifest: Manifest, review: ReviewAnswers | None) -> Iterator[Obstacle]:
    if review is None:
        yield Obstacle.NOT_REVIEWED
    else:
        answers = {
            Obstacle.NOT_TRUE: review.true,
            Obstacle.NOT_CLEAR: review.clear,
            Obstacle.NOT_COMPLETE: review.complete,
            Obstacle.NOT_ACCURATE: review.accurate,
        }
        yield from (obstacle for obstacle, answer in answers.items() if not answer)
    if manifest.time.uncertainty_s > CLOCK_LIMIT_S:
        yield Obstacle.CLOCK
    if manifest.gaps:
        yield Obstacle.GAPS
