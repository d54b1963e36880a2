"""Plan rows: the checks of a year's enforcement plan (domain.md 6.1, S5)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from api.contract.register.entry import Entry, Facts, Item, RegisterKey, RegisterKind, Uscc
from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime


class CheckMode(StrEnum):
    """How an enterprise is checked: by a visit, or from afar."""

    ON_SITE = "on_site"
    NON_SITE = "non_site"


class Plan(Entry):
    """One planned check of one enterprise."""

    kind: ClassVar[RegisterKind] = RegisterKind.PLAN

    id: RegisterKey
    year: Annotated[int, Field(ge=2000, le=2200)]
    quarter: Annotated[int, Field(ge=1, le=4)] | None = Field(None, description="null: any time of the year")
    uscc: Uscc
    items: list[Item] = Field(default_factory=list, max_length=64, description="what is checked")
    mode: CheckMode = CheckMode.ON_SITE
    units: list[RegisterKey] = Field(default_factory=list, max_length=16, description="codes of the units that check")
    done_by: CheckMode | None = Field(None, description="how it was done; null: not yet")
    done_at: UtcTime | None = None
    package_sha256: Sha256 | None = Field(None, description="evidence package of a check from afar")

    @property
    def key(self) -> str:
        """Its id."""
        return self.id

    @property
    def facts(self) -> Facts:
        """Its id, the enterprise and the items; the status is its mode."""
        return Facts(self.id, (self.uscc, str(self.year), *self.items), self.uscc, status=self.mode.value)
