"""Article 41: what a camera's file makes of its leads."""

from datetime import UTC, date, datetime, timedelta

import pytest

from api.contract.evidence.article41 import (
    LACKS_ZH,
    Article41File,
    Lack,
    Publication,
    Review,
    Sign,
    Standard,
    admissibility,
    in_words,
    local_day,
)

DAY = date(2026, 11, 23)
CODE = "V10_BLACK_CAR"
COMPLETE = Article41File(
    legal_review=Review(by="法制科", on=date(2026, 1, 5), document="法审〔2026〕1号"),
    technical_review=Review(by="监测站", on=date(2026, 1, 6), document="技审1", valid_until=date(2026, 12, 31)),
    standard=Standard(name="HJ 1287-2023", calibrated=date(2026, 1, 6), calibration_valid_until=date(2027, 1, 5)),
    sign=Sign(fitted=date(2026, 1, 8)),
    publication=Publication(on=date(2026, 1, 9), where="https://example.org/notice"),
)


def test_without_a_file_everything_is_lacking() -> None:
    """The default is lead_only, with every reason."""
    found = admissibility(None, "V01_STACK_SMOKE", DAY)
    assert found.class_ == "lead_only"
    assert set(found.lacks) == set(Lack) - {Lack.NOT_CALIBRATED}
    assert in_words(found.lacks).count("；") == len(found.lacks) - 1


def test_a_complete_file_makes_a_candidate_of_a_vehicle_only() -> None:
    """With all on file, a violation that cameras may fix is a candidate, and any other stays a lead."""
    assert admissibility(COMPLETE, CODE, DAY) == admissibility(COMPLETE, CODE, DAY)
    assert (admissibility(COMPLETE, CODE, DAY).class_, admissibility(COMPLETE, CODE, DAY).lacks) == (
        "evidence_candidate",
        (),
    )
    stack = admissibility(COMPLETE, "V01_STACK_SMOKE", DAY)
    assert (stack.class_, stack.lacks) == ("lead_only", (Lack.NOT_PROVIDED_FOR,))


@pytest.mark.parametrize(
    ("changes", "day", "lack"),
    [
        ({"legal_review": None}, DAY, Lack.NO_LEGAL_REVIEW),
        ({}, date(2026, 1, 4), Lack.NO_LEGAL_REVIEW),
        ({"technical_review": None}, DAY, Lack.NO_TECHNICAL_REVIEW),
        ({}, date(2027, 1, 1), Lack.NO_TECHNICAL_REVIEW),
        ({"standard": None}, DAY, Lack.NO_STANDARD),
        ({"standard": Standard(name="HJ 1287-2023")}, DAY, Lack.NOT_CALIBRATED),
        ({"standard": Standard(name="x", calibrated=DAY + timedelta(days=1))}, DAY, Lack.NOT_CALIBRATED),
        ({"sign": None}, DAY, Lack.NO_SIGN),
        ({"sign": Sign(fitted=DAY + timedelta(days=1))}, DAY, Lack.NO_SIGN),
        ({"publication": None}, DAY, Lack.NOT_PUBLISHED),
        ({"publication": Publication(on=DAY + timedelta(days=1), where="公告栏")}, DAY, Lack.NOT_PUBLISHED),
    ],
)
def test_each_missing_or_expired_part_is_named(changes: dict[str, object], day: date, lack: Lack) -> None:
    """What is not there, not yet there, or no longer valid on the day of the event is a lack by itself."""
    found = admissibility(COMPLETE.model_copy(update=changes), CODE, day)
    assert found.class_ == "lead_only"
    assert lack in found.lacks


def test_the_last_day_still_counts_and_every_lack_has_words() -> None:
    """A review holds on its last day; no lack is without a sentence."""
    assert admissibility(COMPLETE, CODE, date(2026, 12, 31)).class_ == "evidence_candidate"
    assert set(LACKS_ZH) == set(Lack)


def test_the_day_is_the_one_in_china() -> None:
    """16:00 UTC is the next day's midnight in Beijing."""
    assert [DAY, DAY + timedelta(days=1)] == [
        local_day(datetime(2026, 11, 23, hour, minute, tzinfo=UTC)) for hour, minute in ((15, 59), (16, 0))
    ]
