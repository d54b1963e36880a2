"""Staff: the units that enforce, and their officers with certificates."""

from typing import Annotated, ClassVar

from pydantic import Field

from api.contract.fields import Line, Name
from api.contract.register.entry import DatedEntry, Division, Entry, Facts, RegisterKey, RegisterKind

Username = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]{1,64}$", description="login name here")]


class Officer(DatedEntry):
    """An enforcement officer; the dates are those of the certificate, which alone counts."""

    kind: ClassVar[RegisterKind] = RegisterKind.OFFICER

    cert_no: RegisterKey = Field(description="number of the enforcement certificate")
    name: Name = Field(min_length=1)
    unit: RegisterKey | None = Field(None, description="code of the unit")
    division: Division = ""
    username: Username | None = Field(None, description="operator that logs in as this officer; null: none")

    @property
    def key(self) -> str:
        """The certificate's number."""
        return self.cert_no

    @property
    def facts(self) -> Facts:
        """Name, certificate and unit."""
        return Facts(self.name, (self.cert_no, self.unit or "", self.username or ""), "", self.division)


class Unit(Entry):
    """A unit that enforces, of this bureau or of another authority."""

    kind: ClassVar[RegisterKind] = RegisterKind.UNIT

    code: RegisterKey
    name: Name = Field(min_length=1)
    division: Division = ""
    authority: Line = Field("", description="in the words of the violation catalogue, e.g. 生态环境")

    @property
    def key(self) -> str:
        """Its code."""
        return self.code

    @property
    def facts(self) -> Facts:
        """Name, code and authority."""
        return Facts(self.name, (self.code, self.authority), "", self.division)
