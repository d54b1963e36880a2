"""Circumstances: what the register, the catalogue and the calendar hold for one lead on its day."""

from dataclasses import dataclass
from datetime import date

from api.contract.catalogue import Violation
from api.contract.register.enterprise import Risk
from vision.config.alerts import AlertConfig
from vision.config.camera import ZoneConfig
from vision.config.enterprises import EnterpriseConfig
from vision.leads.lead import Lead
from vision.plume.validity import VALID

_FLAMES = "fire"
"""Class name of flames."""
_SEVERE_GRADE = 3.0
_SEVERE_OPACITY = 0.6
"""From here on a finding is not minor, whatever the risk colour (domain.md 6.5)."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    What is known about one lead on its day.

    Attributes:
        lead: the lead.

        row: its class of violation; ``None`` for a code outside the catalogue.

        enterprise: owner of the zone; ``None`` where the register has none.

        is_unregistered: whether the zone names an owner that the register does not have.

        day: local day of the lead.

        zone: where it was seen; ``None`` outside every zone.

        is_listed: whether the enterprise is on the positive list on that day.

        alert: heavy-pollution alert in force; ``None`` without one.

        is_explained: whether the zone explains a fire in it, at its hours.
    """

    lead: Lead
    row: Violation | None
    enterprise: EnterpriseConfig | None
    is_unregistered: bool
    day: date
    zone: ZoneConfig | None
    is_listed: bool
    alert: AlertConfig | None
    is_explained: bool

    @property
    def risk(self) -> Risk:
        """Risk colour of the enterprise."""
        return Risk.NONE if self.enterprise is None else self.enterprise.risk

    def confirmed_within(self, months: int) -> int:
        """Return the enterprise's confirmed violations in the `months` before the day."""
        if self.enterprise is None:
            return 0
        return sum(_months_back(self.day, months) <= day <= self.day for day in self.enterprise.confirmed)

    @property
    def is_severe(self) -> bool:
        """Whether grade or opacity alone make it more than minor."""
        measured = self.lead.measurement
        if measured is None:
            return False
        grade, opacity = measured.peak_grade or 0.0, max(measured.opacity or 0.0, measured.least or 0.0)
        return grade >= _SEVERE_GRADE or opacity >= _SEVERE_OPACITY

    @property
    def is_flames(self) -> bool:
        """Whether flames were seen."""
        return self.lead.peak.class_name == _FLAMES

    @property
    def is_fire_alarm(self) -> bool:
        """Whether flames were seen that no zone explains."""
        return self.is_flames and not self.is_explained

    @property
    def is_code_proposed(self) -> bool:
        """Whether the code is only the rule's usual one: the zone gives none, by its kind or by name."""
        if self.zone is None:
            return True
        if self.row is None or self.zone.violation_code == self.row.code:
            return False
        return self.zone.kind.value not in self.row.zones

    @property
    def is_grave(self) -> bool:
        """Whether the class of violation never ends in a mere warning."""
        return self.row is not None and self.row.never_warn_only

    @property
    def is_unmeasured(self) -> bool:
        """Whether it has a measurement that is not valid."""
        return self.lead.measurement is not None and self.lead.measurement.validity != VALID


def _months_back(day: date, months: int) -> date:
    """Return the day `months` calendar months before `day`, at most the 28th."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))
