"""Common passwords, which are refused."""

import string
from functools import cache
from itertools import pairwise
from pathlib import Path

_COMMON = Path(__file__).with_name("common_passwords.txt")
_AROUND = string.digits + string.punctuation
FEWEST_CHARACTERS = 5
"""Different ones; with fewer a password is a pattern."""


@cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def weakness(password: str) -> str:
    """Return why a password is too easily guessed, in one sentence; empty for one that is not."""
    small = password.casefold()
    if len(set(small)) < FEWEST_CHARACTERS or _repeats(small):
        return "the new password repeats a few characters"
    if _runs(small):
        return "the new password is a run of characters"
    if {small, small.strip(_AROUND)} & _common():
        return "the new password is a common one, or a common word with digits and signs around it"
    return ""


def _repeats(text: str) -> bool:
    """True for one piece over and over, the last perhaps cut off."""
    return any(text[length:] == text[:-length] for length in range(1, len(text) // 2 + 1))


def _runs(text: str) -> bool:
    """True where each character is the one after, or before, its neighbour's."""
    return len({ord(after) - ord(before) for before, after in pairwise(text)}) == 1
