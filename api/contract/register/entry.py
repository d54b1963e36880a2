"""Entries: what every document of the register has in common: a key, words to be found by, days on which it holds."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Protocol, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from api.contract.evidence.article41 import local_day
from api.contract.fields import LINE_MOST, LINE_PATTERN
from api.contract.register.uscc import USCC_PATTERN, checked_uscc
from api.contract.wire.document import Wire

KEY_MOST = 64
KEY_PATTERN = r"^[^\s./\\?#\x00-\x1f\x7f-\x9f\u2028\u2029][^\s/\\?#\x00-\x1f\x7f-\x9f\u2028\u2029]{0,63}$"
"""A number or id as the bureau has it, Chinese ones too; it stands in addresses: neither blank nor slash."""

RegisterKey = Annotated[str, Field(min_length=1, max_length=KEY_MOST, pattern=KEY_PATTERN)]
Uscc = Annotated[
    str,
    Field(max_length=18, pattern=USCC_PATTERN, description="unified social credit code; its check character holds"),
    AfterValidator(checked_uscc),
]
Item = Annotated[str, Field(min_length=1, max_length=LINE_MOST, pattern=LINE_PATTERN)]
"""One of a list of texts: never empty."""
CodeItem = Annotated[str, Field(min_length=1, max_length=64, pattern=LINE_PATTERN)]
Division = Annotated[str, Field(max_length=12, pattern=r"^([0-9]{2,12})?$", description="GB/T 2260 division code")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="degrees east, WGS 84")]
Latitude = Annotated[float, Field(ge=-90, le=90, description="degrees north, WGS 84")]


class RegisterKind(StrEnum):
    """Kinds of entry."""

    ENTERPRISE = "enterprise"
    OUTLET = "outlet"
    PREMISES = "premises"
    PERMIT = "permit"
    OFFICER = "officer"
    UNIT = "unit"
    PLAN = "plan"
    ALERT = "alert"
    NO_PENALTY = "no_penalty"


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What an entry is listed and found by.

    Attributes:
        name: for people.

        words: further texts that a search finds it by: codes, addresses.

        status: the word that a list can be confined to; empty where its kind has none.
    """

    name: str
    words: Sequence[str] = ()
    uscc: str = ""
    division: str = ""
    status: str = ""
    lon: float | None = None
    lat: float | None = None


class Entry(Wire):
    """A document of the register; its class says of which kind it is."""

    kind: ClassVar[RegisterKind]

    @property
    def key(self) -> str:
        """What tells it from the others of its kind."""
        raise NotImplementedError

    @property
    def facts(self) -> Facts:
        """What it is listed and found by."""
        raise NotImplementedError

    def has_begun(self, at: datetime) -> bool:  # noqa: ARG002 (what has no dates holds from its entry on)
        """Whether its first day or moment has come at an aware time."""
        return True

    def has_ended(self, at: datetime) -> bool:  # noqa: ARG002
        """Whether its last day or moment is over at an aware time."""
        return False


class Dated(Wire):
    """What holds on days: local ones in China, the last one included."""

    valid_from: date = Field(description="first local day")
    valid_to: date | None = Field(None, description="last local day; null: until further notice")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to must not be before valid_from, got {self.valid_to} and {self.valid_from}")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a local day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


DatedT = TypeVar("DatedT", bound=Dated)


class DatedEntry(Dated, Entry):
    """An entry that holds on days as a whole: a permit, an officer's certificate."""

    def has_begun(self, at: datetime) -> bool:
        """Whether its first local day has come at an aware time."""
        return self.valid_from <= local_day(at)

    def has_ended(self, at: datetime) -> bool:
        """Whether its last local day is over at an aware time."""
        return self.valid_to is not None and self.valid_to < local_day(at)


def in_order(spans: list[DatedT]) -> list[DatedT]:
    """
    Return what holds on days by its first day; raise `ValueError` where two contradict each other.

    An open end is over when the next one begins; a last day that was given must come before that.
    """
    ordered = sorted(spans, key=lambda span: span.valid_from)
    for earlier, later in itertools.pairwise(ordered):
        if earlier.valid_from == later.valid_from:
            raise ValueError(f"two of them begin on {later.valid_from}")
        if earlier.valid_to is not None and earlier.valid_to >= later.valid_from:
            raise ValueError(f"one lasts until {earlier.valid_to}, the next begins on {later.valid_from}")
    return ordered


def holding_on(spans: Sequence[DatedT], day: date) -> DatedT | None:
    """Return the one of `in_order` spans that holds on a local day; ``None`` where none does."""
    begun = [span for span in spans if span.valid_from <= day]
    return begun[-1] if begun and begun[-1].holds_on(day) else None


class _Placed(Protocol):
    @property
    def lon(self) -> float | None: ...

    @property
    def lat(self) -> float | None: ...


PlacedT = TypeVar("PlacedT", bound=_Placed)


def whole_place(document: PlacedT) -> PlacedT:
    """Raise `ValueError` where only one of longitude and latitude is known; a validator of models that have both."""
    if (document.lon is None) != (document.lat is None):
        raise ValueError("lon and lat must both be given or both be left out")
    return document
