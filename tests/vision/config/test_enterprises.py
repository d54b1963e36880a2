"""The register: codes that hold, and lists by their days."""

from datetime import date

import pytest

from vision.config.enterprises import PositiveListConfig, UsccError, checked_uscc, looks_like_uscc

VALID = ["91110000802100433B", "914403001922038216", "91350100M000100Y43", "91110108551385082Q"]


@pytest.mark.parametrize("code", VALID)
def test_real_codes_hold(code: str) -> None:
    """The codes of domain.md 6.4 pass the check of GB 32100-2015."""
    assert checked_uscc(code) == code


@pytest.mark.parametrize(
    "code", ["", "91110000802100433", "91110000802100433I", "91110000802100433b", "9111000080210043三B"]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    """Eighteen characters of the alphabet, without I, O, S, V and Z."""
    with pytest.raises(UsccError, match="has 18 of"):
        checked_uscc(code)


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_character_is_found(place: int) -> None:
    """Any single character changed breaks the check character, and the message tells which it should be."""
    code = VALID[0]
    wrong = code[:place] + ("2" if code[place] != "2" else "3") + code[place + 1 :]
    with pytest.raises(UsccError, match="one character is wrong"):
        checked_uscc(wrong)


@pytest.mark.parametrize(("text", "is_code"), [("", False), ("某热力公司", False), (VALID[0], True), ("9" * 18, True)])
def test_a_name_is_told_from_a_code(text: str, is_code: bool) -> None:
    """A mistyped code is meant as one; a name is not."""
    assert looks_like_uscc(text) is is_code


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2026, 6, 30), False), (date(2026, 7, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), False)],
)
def test_a_listing_holds_on_its_days(day: date, holds: bool) -> None:
    """First and last day included."""
    listing = PositiveListConfig.model_validate({"from": "2026-07-01", "to": "2026-12-31"})
    assert listing.holds(day) is holds
