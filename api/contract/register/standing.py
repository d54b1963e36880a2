"""
Standing: the part of the register that workers need: the owners that zones name, as of today, and the alert orders.

The API keeps it on the bus as a whole (`api.contract.bus.REGISTER`); workers poll it. It is valid for one local day: a
colour or list that begins tomorrow appears tomorrow.
"""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from api.contract.fields import Line, Name, Word
from api.contract.register.alert import AlertLevel
from api.contract.register.enterprise import Listing, Measure, Risk
from api.contract.register.entry import Uscc
from api.contract.wire.document import Wire
from api.contract.wire.moment import UtcTime


class EnterpriseStanding(Wire):
    """An enterprise today: its colour and its place on the positive list."""

    uscc: Uscc
    name: Name = Field(min_length=1)
    risk: Risk = Risk.NONE
    positive_list: Listing | None = None
    exempt_measures: list[Measure] = Field(default_factory=list, max_length=len(Measure))
    registry_version: Word = Field("", description="local day and number of the newest change of its entry")


class AlertStanding(Wire):
    """An alert order, with those of its measures that apply to everybody and that workers can see."""

    level: AlertLevel
    from_: UtcTime = Field(alias="from")
    to: UtcTime
    order: Line = ""
    measures: list[Measure] = Field(default_factory=list, max_length=len(Measure))
    exempt: list[Uscc] = Field(default_factory=list, max_length=5000, description="enterprises it does not concern")

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to <= self.from_:
            raise ValueError("to must be after from")
        return self


class RegisterStanding(Wire):
    """All of it."""

    enterprises: list[EnterpriseStanding] = Field(default_factory=list, max_length=50_000)
    alerts: list[AlertStanding] = Field(default_factory=list, max_length=1000)
