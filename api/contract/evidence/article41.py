"""
Article 41 of the Administrative Penalty Law: a camera's file, and what follows for leads from it (domain.md 5.1).

What a camera records is evidence only where laws or regulations provide for it, after a legal and a technical review of
the device, with the standard met, the place marked by a sign and published. Whatever is missing makes its leads
``lead_only``: they point, and the fact is fixed on site. That is also the default for all violations but those of
vehicles on the road, which are the ones that law lets cameras fix (Code 223).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Literal

from pydantic import Field

from api.contract.fields import Line, Name
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256

FIXED_BY_CAMERA = frozenset({"V09_TRUCK_COVER", "V10_BLACK_CAR"})
"""Violations that a camera on the road may establish without an officer on site."""

_BEIJING = timezone(timedelta(hours=8))

LeadClass = Literal["lead_only", "evidence_candidate"]


class Review(Wire):
    """A review of the device: by whom, when, and under which number it is filed."""

    by: Name = Field(min_length=1)
    on: date
    document: Name = Field(min_length=1, description="number of the document")
    valid_until: date | None = Field(None, description="last day on which it holds; null: until it is renewed")


class Standard(Wire):
    """The standard that the device meets."""

    name: Name = Field(min_length=1, description="number and title of the standard")
    certificate: Name = Field("", description="number of the certificate")
    calibrated: date | None = None
    calibration_valid_until: date | None = None


class Sign(Wire):
    """The sign that announces the camera to the public."""

    fitted: date
    photo_sha256: Sha256 | None = Field(None, description="of the photograph of the sign")


class Publication(Wire):
    """Where the camera's place was made public."""

    on: date
    where: Line = Field(min_length=1, max_length=500, description="address of the notice, or where it hangs")


class Article41File(Wire):
    """What is on file for a camera; ``null``: not there."""

    legal_review: Review | None = None
    technical_review: Review | None = None
    standard: Standard | None = None
    sign: Sign | None = None
    publication: Publication | None = None


class Lack(StrEnum):
    """Why a lead is ``lead_only``."""

    NOT_PROVIDED_FOR = "not_provided_for"
    NO_LEGAL_REVIEW = "no_legal_review"
    NO_TECHNICAL_REVIEW = "no_technical_review"
    NO_STANDARD = "no_standard"
    NOT_CALIBRATED = "not_calibrated"
    NO_SIGN = "no_sign"
    NOT_PUBLISHED = "not_published"


LACKS_ZH = {
    Lack.NOT_PROVIDED_FOR: "该情形无法规规定可由电子监控设备固定，须现场核实",
    Lack.NO_LEGAL_REVIEW: "事发日无有效的设备法制审核",
    Lack.NO_TECHNICAL_REVIEW: "事发日无有效的设备技术审核",
    Lack.NO_STANDARD: "未登记设备符合的标准",
    Lack.NOT_CALIBRATED: "事发日检定或校准不在有效期内",
    Lack.NO_SIGN: "事发日未设置明显标志",
    Lack.NOT_PUBLISHED: "事发日设置地点未向社会公布",
}
"""Each lack in a sentence."""


@dataclass(frozen=True, slots=True)
class Admissibility:
    """The class that a lead of a camera may have, and every obstacle to more."""

    class_: LeadClass
    lacks: tuple[Lack, ...]


def admissibility(file: Article41File | None, code: str, day: date) -> Admissibility:
    """Return what a camera's recording of a violation on a local `day` may be; without a file everything is lacking."""
    on_file = file or Article41File()
    lacks = [
        lack
        for lack, holds in (
            (Lack.NOT_PROVIDED_FOR, code in FIXED_BY_CAMERA),
            (Lack.NO_LEGAL_REVIEW, _held(on_file.legal_review, day)),
            (Lack.NO_TECHNICAL_REVIEW, _held(on_file.technical_review, day)),
            (Lack.NO_STANDARD, on_file.standard is not None),
            (Lack.NOT_CALIBRATED, on_file.standard is None or _calibrated(on_file.standard, day)),
            (Lack.NO_SIGN, on_file.sign is not None and on_file.sign.fitted <= day),
            (Lack.NOT_PUBLISHED, on_file.publication is not None and on_file.publication.on <= day),
        )
        if not holds
    ]
    return Admissibility("lead_only" if lacks else "evidence_candidate", tuple(lacks))


def local_day(moment: datetime) -> date:
    """Return the day in China on which an aware time falls."""
    return moment.astimezone(_BEIJING).date()


def in_words(lacks: Sequence[Lack]) -> str:
    """Return what is lacking in Chinese, as one sentence."""
    return "；".join(LACKS_ZH[lack] for lack in lacks)


def _held(review: Review | None, day: date) -> bool:
    return review is not None and review.on <= day and (review.valid_until is None or day <= review.valid_until)


def _calibrated(standard: Standard, day: date) -> bool:
    if standard.calibrated is None or standard.calibrated > day:
        return False
    return standard.calibration_valid_until is not None and day <= standard.calibration_valid_until
