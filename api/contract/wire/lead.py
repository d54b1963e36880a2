"""Lead: what a worker reports and people decide on. The document is ``lead/1`` of domain.md 6.3."""

from typing import Literal

from pydantic import ConfigDict, Field

from api.contract.fields import Box, Count, Line, Name, Seconds, Settings, Whole, Word
from api.contract.wire.document import Wire
from api.contract.wire.handling import LeadHandling, LeadProposal, PenaltyHint
from api.contract.wire.identifiers import CameraIdText, Code, LeadId, Sha256
from api.contract.wire.moment import UtcTime, ZoneName
from api.contract.wire.place import Place
from api.contract.wire.state import LeadState, Priority


class LeadCamera(Wire):
    """Which camera saw it."""

    id: CameraIdText
    name: Name = ""
    gb_id: Word = Field("", description="20-digit GB/T 28181 id")
    preset: Whole | None = None


class LeadEvent(Wire):
    """When it was seen, by the camera's best clock."""

    start: UtcTime
    confirmed: UtcTime
    end: UtcTime
    timezone: ZoneName = Field("Asia/Shanghai", description="IANA name of the site's time zone")
    clock_source: Word = Field("", description="where UTC comes from: rtcp, arrival or file")
    uncertainty_s: Seconds = 0.0


class LeadMeasure(Wire):
    """What was measured. ``kind`` says what the numbers are; nothing here is a legal reading."""

    kind: Word = Field(
        description="visible_emission, opacity, ringelmann_screen, emission_frequency, presence or camera_health"
    )
    class_name: Word = Field(description="what was seen: the detector's class, or the camera's fault")
    peak_confidence: float = Field(ge=0, le=1)
    peak_xyxy: Box
    peak_utc: UtcTime
    observations: Count = Field(ge=1)
    duration_s: Seconds
    zone: Name = ""
    quality: Word = "screening"
    values: dict[Word, float] = Field(
        default_factory=dict, max_length=64, description="further numbers, unit in the name"
    )
    probability: float | None = Field(None, ge=0, le=1, description="calibrated, that this is what the rule looks for")
    validity: Name = Field("", description="valid, or why there is no number; empty where nothing was to be measured")
    opacity_pct: float | None = Field(None, ge=0, le=100, description="screening value; null unless validity is valid")
    opacity_sd_pct: float | None = Field(None, ge=0, description="its standard deviation, percentage points")
    least_opacity_pct: float | None = Field(None, ge=0, le=100, description="what the light alone proves at least")
    grade: float | None = Field(None, ge=0, le=5, description="Ringelmann screening grade, black and grey smoke only")
    grade_limit: float | None = Field(None, ge=0, le=5, description="the limit it was held against: exceeded above it")
    colour: Word = Field("", description="black, grey, white, yellow, blue; empty: not told")
    method: Name = Field("", description="how opacity was measured")
    readings: Count = Field(0, description="15-second readings in the series")
    readings_valid: Count = Field(0, description="those with a number")
    r2: float | None = Field(None, description="share of what is seen that the clean background explains")
    sun_angle_deg: float | None = Field(None, ge=0, le=180, description="between view direction and the sun's")


class LeadRule(Wire):
    """The rule that made it."""

    id: Name
    version: Word
    params: Settings = Field(default_factory=dict)


class LeadModel(Wire):
    """The model that saw it."""

    name: Name
    version: Word
    sha256: Sha256


class LeadTarget(Wire):
    """Whose outlet or ground it is, as the register stood at the time of the event."""

    zone: Name = Field("", description="zone in the camera's picture")
    uscc: str = Field(
        "", max_length=18, pattern=r"^([0-9A-HJ-NPQRTUWXY]{18})?$", description="unified social credit code"
    )
    name: Name = Field("", description="enterprise or owner, for people")
    outlet: Word = Field("", description="outlet number of the permit, e.g. DA001")
    risk: Literal["red", "yellow", "green", ""] = Field("", description="risk colour; empty: not graded")
    positive_list: bool = Field(default=False, description="on the positive list on that day")
    registry_version: Word = ""


class LeadLegal(Wire):
    """What the act may be under, by the law in force on its day (domain.md 7.1); a proposal for the reviewer."""

    in_force_at: str = Field(max_length=10, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="local day of the act")
    basis: list[Word] = Field(default_factory=list, max_length=32, description="e.g. Code-1107")
    text_zh: Line = Field("", description="the basis in words")
    penalty_zh: Line = ""
    authority: Line = Field("", description="who punishes, in the catalogue's words")
    confirmed_by: Name = Field("", description="who of the legal section confirmed this row; empty: nobody yet")


class LeadDisposition(Wire):
    """What is to be done with it and why: the only thing that risk colour and positive list change (domain.md 6.5)."""

    action: Literal["lead", "warn_only", "watch"] = "lead"
    notify: list[Word] = Field(
        default_factory=list,
        max_length=32,
        description="who is to be told: wall_alarm, duty_phone, team_leader, queue, company. Recorded: every "
        "lead is in the wall's queue and rings there, whatever stands here; messages go by the rules of notification",
    )
    approval_required: bool = Field(
        default=False, description="an on-site visit needs the approval of the head of unit"
    )
    reasons: list[Name] = Field(default_factory=list, max_length=32, description="codes of why, the strongest first")


class LeadVote(Wire):
    """One of the independent confirmations (domain.md 7.3)."""

    source: Word = Field(description="model, physics, rule, camera or online")
    name: Name
    says: Line = ""


class LeadFactor(Wire):
    """One summand of a lead's score (domain.md 6.5)."""

    name: Literal["fire_alarm", "risk", "positive_list", "alert", "severity", "confirmed", "duration", "validity"]
    points: int = Field(ge=-1000, le=1000)
    says: Word = Field("", max_length=64, description="the input it comes from: a colour, a level, a code, a number")


class LeadEvidence(Wire):
    """Where its package is and what it hashes to."""

    package: Line = Field(description="path of the evidence resource")
    sums_sha256: Sha256
    tsa: Word = "none"
    log_index: Count | None = None


class LeadDocument(Wire):
    """A lead as it travels and as ``GET /v1/leads/{id}`` shows it (domain.md 6.3)."""

    lead_id: LeadId
    schema_: Literal["lead/1"] = Field("lead/1", alias="schema")
    state: LeadState = LeadState.PENDING_VERIFY
    version: Count = Field(1, ge=1)
    violation_code: Code
    class_: Literal["lead_only", "evidence_candidate"] = Field("lead_only", alias="class")
    priority: Priority = Priority.P3
    score: Count = Field(0, description="sum of the points of its factors, 0 at least")
    factors: list[LeadFactor] = Field(
        default_factory=list,
        max_length=16,
        description="what the score is made of, zeros included; on-line exceedance and complaints are not connected "
        "yet and are absent. Empty: the worker did not tell",
    )
    place: Place = Place()
    camera: LeadCamera
    event: LeadEvent
    measure: LeadMeasure
    rule: LeadRule
    model: LeadModel
    target: LeadTarget | None = Field(
        None, description="absent where no zone with an owner or outlet number is concerned"
    )
    legal: LeadLegal | None = None
    disposition: LeadDisposition | None = None
    votes: list[LeadVote] = Field(default_factory=list, max_length=16)
    evidence: LeadEvidence | None = Field(None, description="absent while the package is still being made")
    timers: dict[Word, UtcTime] = Field(
        default_factory=dict, max_length=8, description="until when the state it is in should be left, by name"
    )
    proposal: LeadProposal | None = Field(None, description="a move that one person proposed and another must confirm")
    handling: LeadHandling | None = Field(None, description="what its moves carried; absent before the first")
    penalty_hint: PenaltyHint | None = Field(None, description="what the no-penalty list proposes; a person decides")
    node: Name = Field("", description="name of the worker node that reports")

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class LeadAnnouncement(Wire):
    """A confirmed lead whose package is still being made: shown on the wall at once, filed when the package comes."""

    lead: LeadDocument
    still_jpeg_b64: str = Field(
        "", max_length=400_000, pattern=r"^[A-Za-z0-9+/=]*$", description="small picture of the moment, base64 JPEG"
    )
