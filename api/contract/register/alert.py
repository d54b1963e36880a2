"""Alert orders: heavy-pollution alerts and what they make stop (domain.md 7.4)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from api.contract.fields import Line, Prose, Word
from api.contract.register.enterprise import Measure
from api.contract.register.entry import Entry, Facts, RegisterKey, RegisterKind, Uscc
from api.contract.wire.document import Wire
from api.contract.wire.moment import UtcTime, rfc3339


class AlertLevel(StrEnum):
    """Levels of the municipal plan, the gravest last."""

    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


class AlertMeasure(Wire):
    """One measure of an order: whom it concerns and what it stops."""

    sector: Line = Field("", description="whom it concerns; empty: everybody")
    class_: Word = Field("", alias="class", description="performance class, e.g. A or B; empty: all")
    measure: Line = Field(min_length=1, description="in the order's words")
    detector_code: Measure | None = Field(None, description="what it makes stop, for workers; null: nothing they watch")

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class AlertOrder(Entry):
    """A heavy-pollution alert, from the official order."""

    kind: ClassVar[RegisterKind] = RegisterKind.ALERT

    id: RegisterKey
    level: AlertLevel
    from_: UtcTime = Field(alias="from", description="when it begins")
    to: UtcTime = Field(description="first moment after it")
    order: Prose = Field("", description="number, title and text of the order")
    exempt: list[Uscc] = Field(default_factory=list, max_length=5000, description="enterprises it does not concern")
    measures: list[AlertMeasure] = Field(default_factory=list, max_length=256)

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to <= self.from_:
            raise ValueError(f"to must be after from, got {rfc3339(self.to)} and {rfc3339(self.from_)}")
        return self

    @property
    def key(self) -> str:
        """Its id."""
        return self.id

    @property
    def facts(self) -> Facts:
        """Its id and text; the status is its level."""
        return Facts(self.id, (self.order,), status=self.level.value)

    def has_begun(self, at: datetime) -> bool:
        """Whether it has begun at an aware time."""
        return self.from_ <= at

    def has_ended(self, at: datetime) -> bool:
        """Whether it is over at an aware time."""
        return self.to <= at
