"""Unified social credit codes and their check character (GB 32100-2015)."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

USCC_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{18}$"


class UsccError(ValueError):
    """A text is no unified social credit code."""


def checked_uscc(text: str) -> str:
    """Return a unified social credit code whose check character holds; raise `UsccError`."""
    if len(text) != 18 or any(character not in _ALPHABET for character in text):
        raise UsccError(f"a unified social credit code has 18 of {_ALPHABET}, got {text!r}")
    expected = check_character(text[:17])
    if text[-1] != expected:
        raise UsccError(f"the check character of {text!r} should be {expected!r}: one character is wrong")
    return text


def check_character(text: str) -> str:
    """Return the check character of a code's first 17 characters; raise `ValueError` for one outside the alphabet."""
    total = sum(_ALPHABET.index(character) * weight for character, weight in zip(text, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]


def looks_like_uscc(text: str) -> bool:
    """Whether a text is meant as a code rather than as a name: 18 capital letters and digits."""
    return len(text) == 18 and text.isascii() and text.isalnum() and text.upper() == text


def is_uscc(text: str) -> bool:
    """Whether a text is a unified social credit code whose check character holds."""
    try:
        checked_uscc(text)
    except UsccError:
        return False
    return True
