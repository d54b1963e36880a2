"""
Fields: what a single value of the wire may be. Every text has a limit and every number an end.

A text is valid Unicode without control characters, for it travels on to other protocols, files and pages; prose may
have newlines and tabs. What a program puts together itself, an error's words for instance, goes through `one_line`.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

MOST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly (RFC 8259, section 6)."""

LINE_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
PROSE_PATTERN = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
SAID_PATTERN = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
"""Prose that is not blank."""
PEM_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
"""Prose with line ends of either kind."""

LINE_MOST = 1000
NAME_MOST = 128
SETTING_MOST = 256
ADDRESS_MOST = 2048
SECRET_MOST = 200

Word = Annotated[str, Field(max_length=64, pattern=LINE_PATTERN)]
"""A word of a program: a code, a kind, a version."""
Name = Annotated[str, Field(max_length=NAME_MOST, pattern=LINE_PATTERN)]
"""A name of a thing or a person."""
Line = Annotated[str, Field(max_length=LINE_MOST, pattern=LINE_PATTERN)]
"""A sentence or two, without line breaks."""
Prose = Annotated[str, Field(max_length=4000, pattern=PROSE_PATTERN)]
"""What a person writes."""
Reason = Annotated[str, Field(min_length=1, max_length=2000, pattern=SAID_PATTERN)]
"""Why a person did something; never blank."""
Address = Annotated[str, Field(max_length=ADDRESS_MOST, pattern=LINE_PATTERN)]
"""Of a stream or a file."""
Pem = Annotated[str, Field(max_length=20_000, pattern=PEM_PATTERN)]

Count = Annotated[int, Field(ge=0, le=MOST)]
Whole = Annotated[int, Field(ge=-MOST, le=MOST)]
Pixels = Annotated[int, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
"""At most 30 years: any sum of them that is kept stays finite."""
Setting = float | Whole | Annotated[str, Field(max_length=SETTING_MOST, pattern=LINE_PATTERN)] | bool
Settings = Annotated[dict[Name, Setting], Field(max_length=64)]
"""Values by name."""
MOST_BOXES = 1000
"""Boxes of a picture; detectors end long before."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in source-image pixels."""

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def _is_text(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if one_line(text, SECRET_MOST) != text:
        raise ValueError("must be text without control characters")
    return secret


Secret = Annotated[SecretStr, Field(max_length=SECRET_MOST), AfterValidator(_is_text)]
"""A password, as it is typed."""


def one_line(text: str, most: int = LINE_MOST) -> str:
    """Return `text` as a line of at most `most` characters: what no line may hold becomes a space, the rest is cut."""
    return _BREAKS.sub(" ", text)[:most]
