"""Places: the outlets of enterprises, and premises where somebody cooks or might (domain.md 6.1, S4)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from api.contract.fields import Line, Name, Word
from api.contract.register.entry import (
    CodeItem,
    Division,
    Entry,
    Facts,
    Latitude,
    Longitude,
    RegisterKey,
    RegisterKind,
    Uscc,
    whole_place,
)
from api.contract.wire.identifiers import CameraIdText

Metres = Annotated[float, Field(ge=0, le=100_000)]


class OutletKind(StrEnum):
    """What leaves through an outlet, and how."""

    STACK = "stack"
    VENT = "vent"
    WATER = "water"
    OTHER = "other"


class PremisesStatus(StrEnum):
    """Whether a restaurant is there, or might come there."""

    EXISTING = "existing"
    POTENTIAL = "potential"


class Outlet(Entry):
    """An outlet of an enterprise's permit."""

    kind: ClassVar[RegisterKind] = RegisterKind.OUTLET

    id: RegisterKey
    uscc: Uscc
    number: Word = Field(min_length=1, description="as in the permit, e.g. DA001")
    outlet_kind: OutletKind = OutletKind.STACK
    lon: Longitude | None = None
    lat: Latitude | None = None
    height_m: Metres | None = None
    monitor: Word = Field("", description="MN of the on-line monitor, as HJ 212 sends it; empty: none")
    factors: list[CodeItem] = Field(default_factory=list, max_length=64, description="codes of what is measured there")

    _has_a_whole_place = model_validator(mode="after")(whole_place)

    @property
    def key(self) -> str:
        """Its id."""
        return self.id

    @property
    def facts(self) -> Facts:
        """Its number, whose it is, and its monitor."""
        words = (self.id, self.uscc, self.monitor)
        return Facts(self.number, words, self.uscc, status=self.outlet_kind.value, lon=self.lon, lat=self.lat)


class Premises(Entry):
    """A restaurant, or a place where one might open."""

    kind: ClassVar[RegisterKind] = RegisterKind.PREMISES

    id: RegisterKey
    name: Name = Field(min_length=1)
    uscc: Uscc | None = None
    division: Division = ""
    address: Line = ""
    lon: Longitude | None = None
    lat: Latitude | None = None
    status: PremisesStatus = PremisesStatus.EXISTING
    dwelling_above: bool | None = Field(None, description="dwellings in the same building; null: not known")
    dedicated_flue: bool | None = Field(None, description="a flue of its own; null: not known")
    nearest_dwelling_m: Metres | None = None
    camera: CameraIdText | None = Field(None, description="camera in whose view it lies")
    zone: Word = Field("", description="zone of that camera which shows it; empty: none is drawn for it")

    _has_a_whole_place = model_validator(mode="after")(whole_place)

    @property
    def key(self) -> str:
        """Its id."""
        return self.id

    @property
    def facts(self) -> Facts:
        """Name, id, whose it is, and address."""
        uscc = self.uscc or ""
        return Facts(
            self.name, (self.id, uscc, self.address), uscc, self.division, self.status.value, self.lon, self.lat
        )
