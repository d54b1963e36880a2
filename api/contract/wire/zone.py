"""Zone: a polygon in a camera's picture, what it is for and when it counts."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, field_validator

from api.contract.fields import Word
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CodeOrNone
from api.contract.zones import MOST_POINTS, MOST_SPANS, MOST_ZONES, ZONE_KINDS, checked_polygon


class Weekday(StrEnum):
    """Days of the week, in the order of `datetime.weekday`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class ZoneHours(Wire):
    """A span of the week in the site's local time at which a zone counts."""

    days: list[Weekday] = Field(default_factory=lambda: list(Weekday), min_length=1, max_length=7)
    from_: str = Field(
        alias="from", max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM at which it begins"
    )
    to: str = Field(
        max_length=5,
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description="... and ends; at or before `from`: on the next day",
    )

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class ZoneDocument(Wire):
    """A polygon in a camera's picture, as it is drawn on the wall or written in a worker's configuration."""

    name: Word = Field(min_length=1)
    kind: Word = Field(
        "watch", description="watch, mask, outlet, vent, premises, field, no_burn, no_bbq, road or works"
    )
    polygon: list[tuple[float, float]] = Field(
        min_length=3,
        max_length=MOST_POINTS,
        description="[x, y] as shares of width and height from the top left corner; edges may not cross",
    )
    owner: Word = Field("", description="USCC of an enterprise of the register, or a name")
    outlet: Word = Field("", max_length=32, description="outlet number of the permit")
    grade_limit: float = Field(1.0, ge=0, le=5, description="Ringelmann grade that an outlet must not exceed")
    distance_m: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="metres from the camera to an outlet; nothing is read beyond 400; null: not known",
    )
    violation_code: CodeOrNone = ""
    schedule: list[ZoneHours] = Field(
        default_factory=list, max_length=MOST_SPANS, description="when it counts; empty: always"
    )

    @field_validator("kind")
    @classmethod
    def _known_to_workers(cls, kind: str) -> str:
        if kind not in ZONE_KINDS:
            raise ValueError(f"must be one of {', '.join(sorted(ZONE_KINDS))}, got {kind!r}")
        return kind

    @field_validator("polygon")
    @classmethod
    def _encloses_an_area(cls, polygon: list[tuple[float, float]]) -> list[tuple[float, float]]:
        checked_polygon(polygon)
        return polygon


def _named_once(zones: list[ZoneDocument]) -> list[ZoneDocument]:
    names: set[str] = set()
    for zone in zones:
        if zone.name in names:
            raise ValueError(f"the name {zone.name!r} is used twice")
        names.add(zone.name)
    return zones


Zones = Annotated[list[ZoneDocument], Field(max_length=MOST_ZONES), AfterValidator(_named_once)]
"""The zones of one camera, each with a name of its own."""
