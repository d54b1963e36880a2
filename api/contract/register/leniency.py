"""Leniency: items of the bureau's no-penalty list (不予处罚清单, domain.md 6.1, S9)."""

from typing import Annotated, ClassVar

from pydantic import Field

from api.contract.fields import Prose, Word
from api.contract.register.entry import DatedEntry, Facts, Item, RegisterKey, RegisterKind
from api.contract.wire.identifiers import Code


class NoPenaltyItem(DatedEntry):
    """An item of the list: a minor case that may be let off. Whether it is, a person decides."""

    kind: ClassVar[RegisterKind] = RegisterKind.NO_PENALTY

    id: RegisterKey
    title: Item = Field(description="in the list's words")
    version: Word = Field("", description="version of the list")
    codes: list[Code] = Field(min_length=1, max_length=32, description="violation codes that it is for")
    first_only: bool = Field(default=True, description="only for a first violation in 24 months")
    corrected_within_h: Annotated[float, Field(gt=0, le=10_000)] | None = Field(
        None, description="hours within which it must have been corrected; null: not laid down"
    )
    condition: Prose = Field("", description="further conditions, for the person who decides")

    @property
    def key(self) -> str:
        """Its id."""
        return self.id

    @property
    def facts(self) -> Facts:
        """Its title, id, version and codes."""
        return Facts(self.title, (self.id, self.version, *self.codes))
