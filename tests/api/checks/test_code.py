"""The check code: its form, and that its last character finds what people get wrong (domain.md 6.4)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.contract.checks.code import (
    ALPHABET,
    RANDOM_ALPHABET,
    CheckCode,
    checked_code,
    code_beginning,
    make_code,
)

EXAMPLE = "JC110112202611230001X7Q2G"
"""Of domain.md 6.4."""
CODE = TypeAdapter(CheckCode)


def test_the_example_is_made_and_holds() -> None:
    """Division, date, serial and the drawn characters give the published example."""
    assert make_code("110112", date(2026, 11, 23), 1, "X7Q2") == EXAMPLE
    assert CODE.validate_python(EXAMPLE) == EXAMPLE


def test_every_single_error_and_every_swap_of_neighbours_is_found() -> None:
    """All 875 wrong characters and all 18 swaps that change the example."""
    wrong = [
        EXAMPLE[:at] + other + EXAMPLE[at + 1 :]
        for at in range(len(EXAMPLE))
        for other in ALPHABET
        if other != EXAMPLE[at]
    ]
    swaps = [
        EXAMPLE[:at] + EXAMPLE[at + 1] + EXAMPLE[at] + EXAMPLE[at + 2 :]
        for at in range(len(EXAMPLE) - 1)
        if EXAMPLE[at] != EXAMPLE[at + 1]
    ]
    assert (len(wrong), len(swaps)) == (875, 18)
    for text in wrong + swaps:
        with pytest.raises(ValueError, match="check character"):
            checked_code(text)


@given(
    st.dates(date(2000, 1, 1), date(2199, 12, 31)),
    st.integers(1, 9999),
    st.text(RANDOM_ALPHABET, min_size=4, max_size=4),
)
def test_what_is_made_is_taken(day: date, serial: int, drawn: str) -> None:
    """Any code that is made validates; without its last character, or in small letters, it does not."""
    code = make_code("110112", day, serial, drawn)
    assert CODE.validate_python(code) == code
    for other in (code[:-1], code.lower(), code + "0"):
        with pytest.raises(ValidationError):
            CODE.validate_python(other)


@pytest.mark.parametrize("serial", [0, 10_000])
def test_a_day_has_9999_codes(serial: int) -> None:
    """A serial outside four digits is refused."""
    with pytest.raises(ValueError, match="9999"):
        make_code("110112", date(2026, 11, 23), serial, "X7Q2")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", ""),
        (" - ", ""),
        ("j", "J"),
        ("jc 110112-2026 1123", "JC11011220261123"),
        ("JCLIOII2", "JC110112"),
        ("JC1101122026112300o1x7q2g", EXAMPLE),
        ("JC110112202611230001OIL0G", "JC110112202611230001OIL0G"),
        ("JC110112202611230001X7Q2GG", "JC110112202611230001X7Q2GG"),
        ("OIL", "OI1"),
    ],
)
def test_a_beginning_is_read_as_it_was_meant(typed: str, meant: str) -> None:
    """Case, blanks and hyphens do not count; letters for digits are mended where only digits can stand."""
    assert code_beginning(typed) == meant


@given(st.integers(0, 25), st.booleans())
def test_every_beginning_of_a_code_is_one(length: int, lower: bool) -> None:
    """However much of a code is typed, in whatever case, is what the code begins with."""
    typed = EXAMPLE[:length]
    assert EXAMPLE.startswith(code_beginning(typed.lower() if lower else typed))
