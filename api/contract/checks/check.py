"""Check: one visit to an enterprise, or one check from afar, under its code (domain.md 6.4)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from api.contract.checks.code import CheckCode
from api.contract.fields import Count, Line, Name, Prose, Reason, Word
from api.contract.register.entry import Division, Item, Latitude, Longitude, RegisterKey, Uscc, whole_place
from api.contract.register.plan import CheckMode
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import LeadId, Sha256
from api.contract.wire.moment import UtcTime

LEAST_OFFICERS = 2
MOST_OFFICERS = 16
Items = Annotated[list[Item], Field(min_length=1, max_length=64, description="what is checked")]
Officers = Annotated[
    list[RegisterKey],
    Field(min_length=LEAST_OFFICERS, max_length=MOST_OFFICERS, description="numbers of their certificates"),
]
Units = Annotated[list[RegisterKey], Field(max_length=16, description="codes of units that come along")]


class CheckBasis(StrEnum):
    """Under what title an enterprise is checked."""

    PLAN = "plan"
    LEAD = "lead"
    COMPLAINT = "complaint"
    EMERGENCY = "emergency"
    JOINT = "joint"


class CheckState(StrEnum):
    """Where a check stands."""

    ISSUED = "ISSUED"
    ACTIVE = "ACTIVE"
    """Scanned on the site."""
    DONE = "DONE"
    """Its record is filed."""
    RATED = "RATED"
    """The enterprise rated the visit."""
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


OPEN = frozenset({CheckState.ISSUED, CheckState.ACTIVE})
"""States in which a code can be used."""


class CheckOfficer(Wire):
    """An officer of a check, with a certificate that held when the code was issued."""

    cert_no: RegisterKey
    name: Name


class Scan(Wire):
    """The enterprise's code was scanned, and the certificates shown."""

    at: UtcTime
    by: Name = Field(description="operator whose phone it was")
    officers: list[RegisterKey] = Field(default_factory=list, max_length=MOST_OFFICERS)
    lon: Longitude | None = None
    lat: Latitude | None = None
    distance_m: float | None = Field(None, ge=0, le=3e7, description="from the registered place; null: not known")
    warning: Line = Field("", description="what is odd about it; empty: nothing")


class Check(Wire):
    """A check and its code."""

    check_code: CheckCode
    version: Count = 1
    state: CheckState = CheckState.ISSUED
    basis: CheckBasis
    mode: CheckMode = CheckMode.ON_SITE
    plan_id: RegisterKey | None = None
    lead_id: LeadId | None = None
    joined_leads: list[LeadId] = Field(default_factory=list, max_length=32, description="further leads that it answers")
    uscc: Uscc
    company: Name = ""
    division: Division = ""
    items: Items
    officers: list[CheckOfficer] = Field(min_length=LEAST_OFFICERS, max_length=MOST_OFFICERS)
    units: Units = Field(default_factory=list)
    issued_at: UtcTime
    issued_by: Name
    valid_from: UtcTime
    valid_to: UtcTime
    approved_by: Name = Field("", description="who approved the visit; needed for green and listed enterprises")
    approval_ref: Word = ""
    justification: Prose = Field("", description="why there was no time to ask; due within 24 h for an emergency")
    justify_by: UtcTime | None = Field(None, description="until when an emergency must be justified")
    scans: list[Scan] = Field(default_factory=list, max_length=64)
    record_sha256: Sha256 | None = Field(None, description="hash of the record of the visit")
    company_rating: Annotated[int, Field(ge=1, le=5)] | None = Field(None, description="the enterprise's, 5 is best")
    ecode_record_id: Word | None = Field(None, description="number of the city's own record (e码查)")

    def answers(self, lead_id: str) -> bool:
        """Whether it answers a lead."""
        return lead_id == self.lead_id or lead_id in self.joined_leads


class CheckRequest(Wire):
    """A code is asked for."""

    basis: CheckBasis
    mode: CheckMode = CheckMode.ON_SITE
    uscc: Uscc
    items: Items
    officers: Officers
    plan_id: RegisterKey | None = Field(None, description="row of the annual plan; required for the basis plan")
    lead_id: LeadId | None = Field(None, description="required for the basis lead")
    units: Units = Field(default_factory=list)
    valid_from: UtcTime | None = Field(None, description="null: now")
    valid_to: UtcTime | None = Field(None, description="null: three working days later")
    approved_by: Name = ""
    approval_ref: Word = ""
    justification: Prose = ""
    reason: Reason

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if len(set(self.officers)) < LEAST_OFFICERS:
            raise ValueError(f"a check takes at least {LEAST_OFFICERS} different officers")
        if self.basis is CheckBasis.PLAN and self.plan_id is None:
            raise ValueError("a check of the basis plan names its plan_id")
        if self.basis is CheckBasis.LEAD and self.lead_id is None:
            raise ValueError("a check of the basis lead names its lead_id")
        if self.valid_from is not None and self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from")
        return self


class ScanRequest(Wire):
    """A code is scanned at the enterprise."""

    uscc: Uscc = Field(description="as the enterprise's own code shows it")
    officers: Officers
    lon: Longitude | None = None
    lat: Latitude | None = None
    ecode_record_id: Word | None = None

    _has_a_whole_place = model_validator(mode="after")(whole_place)

    @model_validator(mode="after")
    def _is_by_two_officers(self) -> Self:
        if len(set(self.officers)) < LEAST_OFFICERS:
            raise ValueError(f"at least {LEAST_OFFICERS} different officers show their certificates")
        return self


class CheckChangeRequest(Wire):
    """
    What is added to a check: exactly one of these, besides the reason.

    `join` adds officers, units, items or a lead to an open code, `record_sha256` files the record of the visit (DONE),
    `company_rating` is what the enterprise said (RATED), `justification` is that of an emergency, `cancel` ends it.
    """

    reason: Reason
    join: "CheckJoin | None" = None
    record_sha256: Sha256 | None = None
    company_rating: Annotated[int, Field(ge=1, le=5)] | None = None
    justification: Annotated[Prose, Field(min_length=1)] | None = None
    ecode_record_id: Annotated[Word, Field(min_length=1)] | None = None
    cancel: bool = False

    @model_validator(mode="after")
    def _is_one_change(self) -> Self:
        given = self.model_fields_set - {"reason"}
        if len(given) != 1:
            raise ValueError(
                "give exactly one of join, record_sha256, company_rating, justification, ecode_record_id, cancel"
            )
        return self


class CheckJoin(Wire):
    """Who and what joins an open check."""

    officers: list[RegisterKey] = Field(default_factory=list, max_length=MOST_OFFICERS)
    units: Units = Field(default_factory=list)
    items: list[Item] = Field(default_factory=list, max_length=64)
    lead_id: LeadId | None = None
