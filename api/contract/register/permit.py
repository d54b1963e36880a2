"""Permits: what an enterprise may emit, where and when (domain.md 6.1, S8)."""

from typing import ClassVar

from pydantic import Field

from api.contract.fields import Prose, Word
from api.contract.register.entry import CodeItem, DatedEntry, Facts, Item, RegisterKey, RegisterKind, Uscc
from api.contract.wire.document import Wire
from api.contract.wire.zone import ZoneHours
from api.contract.zones import MOST_SPANS


class PermitLimit(Wire):
    """The limit of one pollutant."""

    outlet: Word = Field("", description="number of the outlet; empty: all of them")
    factor: Word = Field(min_length=1, description="HJ 212 code or name, e.g. a34013")
    value: float = Field(ge=0, le=1e12)
    unit: Word = ""


class Permit(DatedEntry):
    """A permit. A new version of it begins on a later day: until then the one before holds."""

    kind: ClassVar[RegisterKind] = RegisterKind.PERMIT

    id: RegisterKey
    uscc: Uscc
    version: Word = ""
    outlets: list[CodeItem] = Field(
        default_factory=list, max_length=256, description="numbers of the outlets, e.g. DA001"
    )
    limits: list[PermitLimit] = Field(default_factory=list, max_length=256)
    working_hours: list[ZoneHours] = Field(
        default_factory=list, max_length=MOST_SPANS, description="local time; empty: not laid down"
    )
    alert_measures: list[Item] = Field(
        default_factory=list, max_length=64, description="what it does during an alert (一厂一策)"
    )
    dust_plan: Prose = ""

    @property
    def key(self) -> str:
        """Its id."""
        return self.id

    @property
    def facts(self) -> Facts:
        """Its id, version and holder."""
        return Facts(self.id, (self.uscc, self.version), self.uscc)
