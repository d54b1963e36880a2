"""Unified social credit codes: the check character of GB 32100-2015."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.register.uscc import UsccError, check_character, checked_uscc, is_uscc, looks_like_uscc

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


ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_character_decides(body: str, place: int, other: str) -> None:
    """Every body has one check character, and no code stays one when a single character is another."""
    code = body + check_character(body)
    assert is_uscc(code)
    changed = code[:place] + other + code[place + 1 :]
    assert is_uscc(changed) is (changed == code)


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 16))
def test_neighbours_that_change_places_are_found(body: str, place: int) -> None:
    """Two neighbouring characters that changed places break the check: all weights differ, and 31 is prime."""
    code = body + check_character(body)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_uscc(swapped) is (swapped == code)


@given(st.text(max_size=24))
def test_no_text_does_harm(text: str) -> None:
    """Any text is a code or is refused by its own fault."""
    try:
        assert checked_uscc(text) == text
    except UsccError:
        assert not is_uscc(text)
