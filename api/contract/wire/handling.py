"""What a move of a lead carries besides the reason, and what of it stays with the lead (domain.md 6.2)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.contract.checks.code import CheckCode
from api.contract.fields import Line, Name, Prose, Word
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState

ReasonCode = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]
CertificateNo = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_-]+$")]


class ReviewAnswers(Wire):
    """A reviewer's four answers on the record (Penalty Law art. 41): without four times yes it is no evidence."""

    true: bool = Field(description="真实: it shows what happened there and then")
    clear: bool = Field(description="清晰: target and act can be made out")
    complete: bool = Field(description="完整: from before the act to after it, without a gap that matters")
    accurate: bool = Field(description="准确: place, time and values are right")


class PlanMatch(Wire):
    """Under what title a visit is made: of the annual plan, in an emergency, or for the lead itself (S5)."""

    basis: Literal["plan", "emergency", "lead"]
    plan_id: Word = Field("", description="row of the annual plan; required for the basis plan")


class Attachment(Wire):
    """A document or photograph that belongs to a move: its name and hash. The file itself is kept by who made it."""

    name: Name = Field(min_length=1)
    sha256: Sha256
    kind: Literal["photo", "record", "document"] = "document"


class Receipt(Wire):
    """A partner unit's receipt for a lead that was handed over."""

    ref: Word = Field(min_length=1, description="the partner's own number")
    at: UtcTime
    sums_sha256: Sha256 = Field(description="hash of the package's SHA256SUMS, as the partner read it")


class Publicity(Wire):
    """How long a penalty is public: 3 months to a year, 1 to 3 years for a serious one (S10)."""

    by: Name = Field(min_length=1, description="which unit publishes it")
    from_: date = Field(alias="from")
    until: date
    serious: bool = False

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Feedback(Wire):
    """What closing a lead proposes for the register: the feedback of domain.md 6.1, S1 and S2. It changes nothing."""

    colour: Literal["keep", "raise", "lower"] = Field("keep", description="risk colour; raise: more risk")
    positive_list: Literal["keep", "in", "out"] = "keep"
    note: Line = ""


class MoveContent(Wire):
    """Everything that a move may carry. Which of it is required stands with the move (`api.contract.loop.moves`)."""

    review: ReviewAnswers | None = Field(None, description="the four answers on the record")
    reason_code: ReasonCode = ""
    team: Name = Field("", description="team that is to inspect")
    officers: list[CertificateNo] = Field(default_factory=list, max_length=16, description="certificate numbers")
    plan_match: PlanMatch | None = None
    joint_units: list[Word] = Field(default_factory=list, max_length=16, description="units that are to come along")
    approval_ref: Word = Field("", description="approval of the head of unit, for an enterprise of the positive list")
    check_code: CheckCode | None = None
    explanation: Prose = Field("", description="written explanation, data that were pulled, the company's own photos")
    measurement: Line = Field("", description="standard measurement: method, instrument, value, number of the report")
    attachments: list[Attachment] = Field(default_factory=list, max_length=64)
    unit: Name = Field("", description="partner unit that takes it over")
    crime: bool | None = Field(None, description="whether a crime is suspected: then the transfer has 24 hours by law")
    receipt: Receipt | None = None
    deadline: UtcTime | None = Field(None, description="until when it is to be corrected")
    case_no: Word = Field("", description="number of the filed case")
    decision_no: Word = Field("", description="number of the decision")
    publicity: Publicity | None = None
    feedback: Feedback | None = None
    advice: Prose = Field("", description="advice that was given to the enterprise")


class LeadProposal(Wire):
    """What one person proposed and another has yet to confirm."""

    to: LeadState
    role: LoopRole
    by: Name
    at: UtcTime


class Recurrence(Wire):
    """Whether it happened again in the days after it was rectified, by the analyser's own leads and coverage."""

    since: UtcTime
    until: UtcTime
    seen: Literal["yes", "no", "unknown"] = Field(description="unknown: too little of the time was watched to say no")
    leads: list[Word] = Field(default_factory=list, max_length=20, description="leads of the same target and code")
    watched_share: float = Field(ge=0, le=1, description="share of those days in which the camera was watched")


class PenaltyHint(Wire):
    """What the no-penalty list proposes (S9). The decision is a person's."""

    list_version: Word = ""
    list_item: Word = Field("", description="item of the list; empty: none fits")
    first_in_24_months: bool = True
    harm: Literal["none", "minor", "serious", "unknown"] = "unknown"
    correct_by: UtcTime | None = Field(None, description="until when it must be corrected for the item to fit")
    corrected_by: UtcTime | None = Field(None, description="since when it is seen corrected")


class LeadHandling(Wire):
    """
    How a lead is handled: the newest of what its moves carried, and what the system found meanwhile.

    Long texts and attachments stay with the moves (the lead's history).
    """

    team: Name = ""
    officers: list[CertificateNo] = Field(default_factory=list, max_length=16)
    plan_match: PlanMatch | None = None
    joint_units: list[Word] = Field(default_factory=list, max_length=16)
    approval_ref: Word = ""
    check_code: CheckCode | None = None
    measurement: Line = ""
    unit: Name = ""
    crime: bool | None = None
    receipt: Receipt | None = None
    deadline: UtcTime | None = None
    case_no: Word = ""
    decision_no: Word = ""
    publicity: Publicity | None = None
    feedback: Feedback | None = None
    recurrence: Recurrence | None = None
