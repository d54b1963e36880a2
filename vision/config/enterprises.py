"""
Enterprises of the register: who owns what a zone shows, how risky it is held to be, and whether it is listed.

A worker never changes a colour or a list; it repeats what held on the day of the event (domain.md 6.1, S1 and S2).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from api.contract.fields import Name, Word
from vision.config.section import Section

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


class UsccError(ValueError):
    """A text is no unified social credit code."""


def checked_uscc(text: str) -> str:
    """Return a unified social credit code whose check character holds (GB 32100-2015); raise `UsccError`."""
    if len(text) != 18 or any(character not in _ALPHABET for character in text):
        raise UsccError(f"a unified social credit code has 18 of {_ALPHABET}, got {text!r}")
    total = sum(_ALPHABET.index(character) * weight for character, weight in zip(text, _WEIGHTS, strict=False))
    expected = _ALPHABET[(31 - total % 31) % 31]
    if text[-1] != expected:
        raise UsccError(f"the check character of {text!r} should be {expected!r}: one character is wrong")
    return text


def looks_like_uscc(text: str) -> bool:
    """Whether a text is meant as a code rather than as a name: 18 capital letters and digits."""
    return len(text) == 18 and text.isascii() and text.isalnum() and text.upper() == text


class Risk(StrEnum):
    """Risk colour of an enterprise; `NONE`: not graded."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    NONE = ""


class Measure(StrEnum):
    """What an alert order may make an enterprise stop (domain.md 7.4)."""

    PRODUCTION = "production"
    EARTHWORK = "earthwork"
    TRANSPORT = "transport"
    SPRAYING = "spraying"
    BARBECUE = "barbecue"


def is_uscc(text: str) -> bool:
    """Whether a text is a unified social credit code whose check character holds."""
    try:
        checked_uscc(text)
    except UsccError:
        return False
    return True


class PositiveListConfig(Section):
    """An enterprise's place on the positive list (环办执法〔2021〕10号): not to be disturbed unless necessary."""

    from_: date = Field(alias="from", description="First local day on the list.")
    to: date | None = Field(None, description="Last local day on it. Absent: until further notice.")
    version: Word = Field("", description="Version of the list.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to is not None and self.to < self.from_:
            raise ValueError(f"to must not be before from, got {self.to} and {self.from_}")
        return self

    def holds(self, day: date) -> bool:
        """Whether the enterprise is on the list on the local `day`."""
        return self.from_ <= day and (self.to is None or day <= self.to)


class EnterpriseConfig(Section):
    """One enterprise of the register; zones name it as their owner."""

    uscc: Word = Field(description="Unified social credit code, 18 characters; its check character must hold.")
    name: Name = Field(min_length=1, description="Name of the enterprise, for people.")
    risk: Risk = Field(
        Risk.NONE,
        description="Risk colour. It changes threshold, persistence, points, whom the lead names to be told (recorded "
        "only: the API's rules of notification say who is told) and what follows; never what is measured, how often a "
        "camera is looked at, or when "
        "flames are told. Empty: not graded.",
    )
    positive_list: PositiveListConfig | None = Field(None, description="Its place on the positive list. Absent: none.")
    exempt_measures: tuple[Measure, ...] = Field(
        (),
        description="Alert measures it need not follow (heat supply, emergency works). `production`: its outlets "
        "make no V12; the others have no rule yet.",
    )
    confirmed: tuple[date, ...] = Field(
        (),
        description="Days of its confirmed violations of the last 24 months: each of the last 12 months adds 5 points, "
        "15 at most, and any of them rules out a mere warning. Left out: a repeat offender is treated as a first one.",
    )
    registry_version: Word = Field("", description="Version of the register the entry was taken from; leads repeat it.")

    @field_validator("uscc")
    @classmethod
    def _checks(cls, text: str) -> str:
        return checked_uscc(text)


def register_of(enterprises: Iterable[EnterpriseConfig]) -> Mapping[str, EnterpriseConfig]:
    """Return the enterprises by what zones may call them: their name, and their code, which comes first."""
    known = tuple(enterprises)
    return {each.name: each for each in known} | {each.uscc: each for each in known}
