"""
Check code: the number of a check (domain.md 6.4).

``JC``, six digits of the division, the local date, a serial of four digits, four characters that cannot be guessed, and
one check character: 25 in all. The check character is that of ISO 7064 MOD 37,36: it finds every single wrong
character and every swap of neighbours.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
RANDOM_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of the four characters that cannot be guessed: without I, O, 0 and 1, which are misread."""
RANDOM_LENGTH = 4
MOST_SERIAL = 9999
PATTERN = r"^JC[0-9]{6}[0-9]{8}[0-9]{4}[0-9A-Z]{4}[0-9A-Z]$"
LENGTH = 25
DRAWN_AT = 20
"""Where the four characters begin; before them, after ``JC``, are digits alone."""
_BASE = len(ALPHABET)
_SEPARATORS = re.compile(r"[\s-]+")
_MISREAD = str.maketrans("OIL", "011")


def check_character(text: str) -> str:
    """Return the check character of a code without it; raise `ValueError` for a character outside `ALPHABET`."""
    product = _BASE
    for character in text:
        product = (product + ALPHABET.index(character)) % _BASE or _BASE
        product = product * 2 % (_BASE + 1)
    return ALPHABET[(_BASE + 1 - product) % _BASE]


def prefix(division: str, day: date) -> str:
    """Return what the codes of a division and local day begin with."""
    return f"JC{division[:6].ljust(6, '0')}{day:%Y%m%d}"


def make_code(division: str, day: date, serial: int, drawn: str) -> str:
    """
    Return a check code.

    Args:
        division: GB/T 2260 code of the bureau or place, of which six digits count.

        day: local date of its issue.

        serial: number of that day and division, from 1 to `MOST_SERIAL`.

        drawn: `RANDOM_LENGTH` characters of `RANDOM_ALPHABET`, from a source that cannot be guessed.
    """
    if not 1 <= serial <= MOST_SERIAL:
        raise ValueError(f"a day has {MOST_SERIAL} codes, asked for number {serial}")
    body = f"{prefix(division, day)}{serial:04d}{drawn}"
    return body + check_character(body)


def code_beginning(text: str) -> str:
    """
    Return what a code begins with, as a person typed it: in any case, with blanks or hyphens.

    Where only a digit can stand, O is read as 0, and I and L as 1. The rest stays as it is.
    """
    typed = _SEPARATORS.sub("", text).upper()
    digits = typed[len("JC") : DRAWN_AT].translate(_MISREAD)
    return typed[: len("JC")] + digits + typed[DRAWN_AT:]


def checked_code(text: str) -> str:
    """Return a check code whose check character holds; raise `ValueError`."""
    if check_character(text[:-1]) != text[-1]:
        raise ValueError("the check character does not hold: a character is wrong or two are swapped")
    return text


CheckCode = Annotated[
    str,
    Field(min_length=LENGTH, max_length=LENGTH, pattern=PATTERN, description="check code; its last character holds"),
    AfterValidator(checked_code),
]
