"""Enterprises: who they are, how risky they were held to be and when, and when they were on the positive list."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from api.contract.fields import Line, Name, Word
from api.contract.register.entry import (
    Dated,
    Division,
    Entry,
    Facts,
    Latitude,
    Longitude,
    RegisterKind,
    Uscc,
    holding_on,
    in_order,
    whole_place,
)
from api.contract.wire.document import Wire

MOST_SPANS = 64


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


class RiskEntry(Dated):
    """A risk colour and the days on which it holds."""

    colour: Literal[Risk.RED, Risk.YELLOW, Risk.GREEN]
    source: Line = Field("", description="document or system that it comes from")
    reason: Line = ""


class Listing(Dated):
    """A membership of the positive list (环办执法〔2021〕10号): not to be disturbed unless necessary."""

    version: Word = Field("", description="version of the list")
    source: Line = ""
    reason: Line = Field("", description="why it was put on the list, or taken off")


class Contact(Wire):
    """A person to be reached at an enterprise."""

    name: Name = Field(min_length=1)
    role: Name = ""
    phone: Word = ""


class Enterprise(Entry):
    """An enterprise. Its confirmed violations are not entered: they come from leads."""

    kind: ClassVar[RegisterKind] = RegisterKind.ENTERPRISE

    uscc: Uscc
    name: Name = Field(min_length=1)
    industry: Name = ""
    division: Division = ""
    address: Line = ""
    lon: Longitude | None = None
    lat: Latitude | None = None
    risk: Annotated[list[RiskEntry], AfterValidator(in_order)] = Field(
        default_factory=list, max_length=MOST_SPANS, description="its colours by first day; on days without: not graded"
    )
    positive_list: Annotated[list[Listing], AfterValidator(in_order)] = Field(
        default_factory=list, max_length=MOST_SPANS, description="when it was on the positive list, by first day"
    )
    exempt_measures: list[Measure] = Field(
        default_factory=list,
        max_length=len(Measure),
        description="alert measures it never need follow (heat supply, emergency works)",
    )
    finance_consent: bool = Field(
        default=False, description="its figures may be told to banks, in sums (domain.md 6.1, S20)"
    )
    contacts: list[Contact] = Field(default_factory=list, max_length=16)

    _has_a_whole_place = model_validator(mode="after")(whole_place)

    @property
    def key(self) -> str:
        """Its code."""
        return self.uscc

    @property
    def facts(self) -> Facts:
        """Name, code, address and industry."""
        words = (self.uscc, self.address, self.industry)
        return Facts(self.name, words, self.uscc, self.division, lon=self.lon, lat=self.lat)

    def risk_on(self, day: date) -> Risk:
        """Return its colour on a local day."""
        found = holding_on(self.risk, day)
        return Risk.NONE if found is None else found.colour

    def listing_on(self, day: date) -> Listing | None:
        """Return its membership of the positive list on a local day; ``None`` where it was not on it."""
        return holding_on(self.positive_list, day)
