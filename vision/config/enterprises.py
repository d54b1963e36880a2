"""
Enterprises of the register: who owns what a zone shows, how risky it is held to be, and whether it is listed.

A worker never changes a colour or a list; it repeats what held on the day of the event (domain.md 6.1, S1 and S2).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Self

from pydantic import Field, field_validator, model_validator

from api.contract.fields import Name, Word
from api.contract.register.enterprise import Measure, Risk
from api.contract.register.uscc import checked_uscc
from vision.config.section import Section


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
    """Return the enterprises by what zones may call them: their code, and their name where no other has it."""
    known = tuple(enterprises)
    bearers = Counter(each.name for each in known)
    return {each.name: each for each in known if bearers[each.name] == 1} | {each.uscc: each for each in known}
