"""The calendar of heavy-pollution alerts: which order was in force when, and what it made stop (domain.md 7.4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from api.contract.fields import Line, Word
from api.contract.register.alert import AlertLevel
from api.contract.register.enterprise import Measure
from vision.config.section import Section


class AlertConfig(Section):
    """One alert, from the official order."""

    level: AlertLevel = Field(description="Level of the order.")
    from_: datetime = Field(alias="from", description="When it begins; without an offset in the site's local time.")
    to: datetime = Field(description="First moment after it, likewise.")
    order: Line = Field(
        "",
        description="Number and title of the order; packages repeat it in their `config.json`, so "
        "that a wrong level is seen.",
    )
    measures: tuple[Measure, ...] = Field(
        (),
        description="What the order makes stop; of these `production` alone has a rule so far (V12). Empty: the alert "
        "adds 20 points to leads and makes none of its own.",
    )
    exempt: tuple[Word, ...] = Field((), description="Codes of enterprises that it does not concern.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if (self.from_.tzinfo is None) != (self.to.tzinfo is None):
            raise ValueError("from and to must both have an offset or both have none")
        if self.to <= self.from_:
            raise ValueError(f"to must be after from, got {self.to.isoformat()} and {self.from_.isoformat()}")
        return self


class AlertCalendar:
    """The alerts of a site; `zone` is where local times are read."""

    def __init__(self, alerts: Sequence[AlertConfig] = (), zone: ZoneInfo | None = None) -> None:
        self._zone = zone or ZoneInfo("Asia/Shanghai")
        self._alerts = tuple(alerts)

    def at(self, utc: datetime) -> AlertConfig | None:
        """Return the gravest alert in force at the aware time `utc`."""
        held = [alert for alert in self._alerts if self._local(alert.from_) <= utc < self._local(alert.to)]
        return max(held, key=lambda alert: list(AlertLevel).index(alert.level), default=None)

    def _local(self, moment: datetime) -> datetime:
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)
