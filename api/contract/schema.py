"""
Wire types that workers, the API and outside tools share. The lead is ``lead/1`` of domain.md 6.3.

Times are aware UTC, written as RFC 3339 with ``Z``. Unknown keys are refused.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, field_validator

from api.contract.reasons import GapReason
from api.contract.zones import MOST_POINTS, MOST_SPANS, MOST_ZONES, ZONE_KINDS, checked_polygon

LEAD_ID_PATTERN = r"^L\d{8}-\d{6,12}$"
CAMERA_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"

_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""A day within what `datetime` can hold: sums and other zones stay within it too."""


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("time must carry a zone")
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        utc = None
    if utc is None or not _EARLIEST <= utc <= _LATEST:
        raise ValueError("time must lie within the calendar in every zone")
    return utc


def rfc3339(moment: datetime) -> str:
    """Return an aware time as RFC 3339 UTC with milliseconds: ``2026-11-23T02:30:05.120Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


UtcTime = Annotated[datetime, AfterValidator(_as_utc), PlainSerializer(rfc3339, return_type=str, when_used="json")]
LeadId = Annotated[str, Field(pattern=LEAD_ID_PATTERN)]
CameraIdText = Annotated[str, Field(pattern=CAMERA_ID_PATTERN)]
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in source-image pixels."""


class Wire(BaseModel):
    """A frozen document with no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LeadState(StrEnum):
    """States of a lead (domain.md 6.2) that exist so far; later states come with the closed loop."""

    CANDIDATE = "CANDIDATE"
    PENDING_VERIFY = "PENDING_VERIFY"
    NEED_MORE = "NEED_MORE"
    VERIFIED = "VERIFIED"
    REJECTED_FALSE = "REJECTED_FALSE"
    ARCHIVED = "ARCHIVED"


class Priority(StrEnum):
    """Urgency of a lead: P1 from a score of 70, P2 from 40 (domain.md 6.5)."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Place(Wire):
    """Where the camera looks."""

    division: str = Field("", description="GB/T 2260 division code")
    town: str = Field("", description="town or street, for people")
    lon: float | None = Field(None, ge=-180, le=180, description="degrees east, WGS 84")
    lat: float | None = Field(None, ge=-90, le=90, description="degrees north, WGS 84")


class LeadCamera(Wire):
    """Which camera saw it."""

    id: CameraIdText
    name: str = ""
    gb_id: str = Field("", description="20-digit GB/T 28181 id")
    preset: int | None = None


class LeadEvent(Wire):
    """When it was seen, by the camera's best clock."""

    start: UtcTime
    confirmed: UtcTime
    end: UtcTime
    timezone: str = "Asia/Shanghai"
    clock_source: str = Field("", description="where UTC comes from: rtcp, arrival or file")
    uncertainty_s: float = Field(0.0, ge=0)


class LeadMeasure(Wire):
    """What was measured. ``kind`` says what the numbers are; nothing here is a legal reading."""

    kind: str = Field(
        description="visible_emission, opacity, ringelmann_screen, emission_frequency, presence or camera_health"
    )
    class_name: str = Field(description="what was seen: the detector's class, or the camera's fault")
    peak_confidence: float = Field(ge=0, le=1)
    peak_xyxy: Box
    peak_utc: UtcTime
    observations: int = Field(ge=1)
    duration_s: float = Field(ge=0)
    zone: str = ""
    quality: str = "screening"
    values: dict[str, float] = Field(default_factory=dict, description="further numbers, unit in the name")
    probability: float | None = Field(None, ge=0, le=1, description="calibrated, that this is what the rule looks for")
    validity: str = Field("", description="valid, or why there is no number; empty where nothing was to be measured")
    opacity_pct: float | None = Field(None, ge=0, le=100, description="screening value; null unless validity is valid")
    opacity_sd_pct: float | None = Field(None, ge=0, description="its standard deviation, percentage points")
    least_opacity_pct: float | None = Field(None, ge=0, le=100, description="what the light alone proves at least")
    grade: float | None = Field(None, ge=0, le=5, description="Ringelmann screening grade, black and grey smoke only")
    grade_limit: float | None = Field(None, ge=0, le=5, description="the limit it was held against: exceeded above it")
    colour: str = Field("", description="black, grey, white, yellow, blue; empty: not told")
    method: str = Field("", description="how opacity was measured")
    readings: int = Field(0, ge=0, description="15-second readings in the series")
    readings_valid: int = Field(0, ge=0, description="those with a number")
    r2: float | None = Field(None, description="share of what is seen that the clean background explains")
    sun_angle_deg: float | None = Field(None, ge=0, le=180, description="between view direction and the sun's")


class LeadRule(Wire):
    """The rule that made it."""

    id: str
    version: str
    params: dict[str, float | int | str | bool] = Field(default_factory=dict)


class LeadModel(Wire):
    """The model that saw it."""

    name: str
    version: str
    sha256: Sha256


class LeadTarget(Wire):
    """Whose outlet or ground it is, as the register stood at the time of the event."""

    zone: str = Field("", description="zone in the camera's picture")
    uscc: str = Field("", pattern=r"^([0-9A-HJ-NPQRTUWXY]{18})?$", description="unified social credit code")
    name: str = Field("", description="enterprise or owner, for people")
    outlet: str = Field("", description="outlet number of the permit, e.g. DA001")
    risk: Literal["red", "yellow", "green", ""] = Field("", description="risk colour; empty: not graded")
    positive_list: bool = Field(default=False, description="on the positive list on that day")
    registry_version: str = ""


class LeadLegal(Wire):
    """What the act may be under, by the law in force on its day (domain.md 7.1); a proposal for the reviewer."""

    in_force_at: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="local day of the act")
    basis: list[str] = Field(default_factory=list, description="e.g. Code-1107")
    text_zh: str = Field("", description="the basis in words")
    penalty_zh: str = ""
    authority: str = Field("", description="who punishes, in the catalogue's words")
    confirmed_by: str = Field("", description="who of the legal section confirmed this row; empty: nobody yet")


class LeadDisposition(Wire):
    """What is to be done with it and why: the only thing that risk colour and positive list change (domain.md 6.5)."""

    action: Literal["lead", "warn_only", "watch"] = "lead"
    notify: list[str] = Field(
        default_factory=list,
        description="who is to be told: wall_alarm, duty_phone, team_leader, queue, company. Recorded: every "
        "lead is in the wall's queue and rings there, whatever stands here, and nothing is sent to anybody",
    )
    approval_required: bool = Field(
        default=False, description="an on-site visit needs the approval of the head of unit"
    )
    reasons: list[str] = Field(default_factory=list, description="codes of why, the strongest first")


class ReviewAnswers(Wire):
    """A reviewer's four answers on the record (Penalty Law art. 41): without four times yes it is no evidence."""

    true: bool = Field(description="真实: it shows what happened there and then")
    clear: bool = Field(description="清晰: target and act can be made out")
    complete: bool = Field(description="完整: from before the act to after it, without a gap that matters")
    accurate: bool = Field(description="准确: place, time and values are right")


class LeadVote(Wire):
    """One of the independent confirmations (domain.md 7.3)."""

    source: str = Field(description="model, physics, rule, camera or online")
    name: str
    says: str = ""


class LeadFactor(Wire):
    """One summand of a lead's score (domain.md 6.5)."""

    name: Literal["fire_alarm", "risk", "positive_list", "alert", "severity", "confirmed", "duration", "validity"]
    points: int = Field(ge=-100, le=1000)
    says: str = Field("", max_length=64, description="the input it comes from: a colour, a level, a code, a number")


class LeadEvidence(Wire):
    """Where its package is and what it hashes to."""

    package: str = Field(description="path of the evidence resource")
    sums_sha256: Sha256
    tsa: str = "none"
    log_index: int | None = None


class LeadDocument(Wire):
    """A lead as it travels and as ``GET /v1/leads/{id}`` shows it (domain.md 6.3)."""

    lead_id: LeadId
    schema_: Literal["lead/1"] = Field("lead/1", alias="schema")
    state: LeadState = LeadState.PENDING_VERIFY
    version: int = Field(1, ge=1)
    violation_code: str = Field(pattern=r"^V\d{2}[A-Z]?_[A-Z_]+$")
    class_: Literal["lead_only", "evidence_candidate"] = Field("lead_only", alias="class")
    priority: Priority = Priority.P3
    score: int = Field(0, ge=0, description="sum of the points of its factors, 0 at least")
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
    target: LeadTarget | None = Field(None, description="absent where no zone with an owner is concerned")
    legal: LeadLegal | None = None
    disposition: LeadDisposition | None = None
    votes: list[LeadVote] = Field(default_factory=list, max_length=16)
    evidence: LeadEvidence | None = Field(None, description="absent while the package is still being made")
    node: str = Field("", description="name of the worker node that reports")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class LeadAnnouncement(Wire):
    """A confirmed lead whose package is still being made: shown on the wall at once, filed when the package comes."""

    lead: LeadDocument
    still_jpeg_b64: str = Field("", max_length=400_000, description="small picture of the moment, base64 JPEG")


class CameraState(StrEnum):
    """How a camera's stream is; each state implies the ones before it hold."""

    CONNECTING = "connecting"
    PLAYING = "playing"
    LOST = "lost"
    ENDED = "ended"
    STOPPED = "stopped"


class Weekday(StrEnum):
    """Days of the week, in the order of `datetime.weekday`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class ZoneHours(Wire):
    """A span of the week in the site's local time at which a zone counts."""

    days: list[Weekday] = Field(default_factory=lambda: list(Weekday), min_length=1, max_length=7)
    from_: str = Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM at which it begins")
    to: str = Field(
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", description="... and ends; at or before `from`: on the next day"
    )

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class ZoneDocument(Wire):
    """A polygon in a camera's picture, as it is drawn on the wall or written in a worker's configuration."""

    name: str = Field(min_length=1, max_length=64)
    kind: str = Field("watch", description="watch, mask, outlet, vent, premises, field, no_burn, no_bbq, road or works")
    polygon: list[tuple[float, float]] = Field(
        min_length=3,
        max_length=MOST_POINTS,
        description="[x, y] as shares of width and height from the top left corner; edges may not cross",
    )
    owner: str = Field("", max_length=64, description="USCC of an enterprise of the register, or a name")
    outlet: str = Field("", max_length=32, description="outlet number of the permit")
    grade_limit: float = Field(1.0, ge=0, le=5, description="Ringelmann grade that an outlet must not exceed")
    distance_m: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="metres from the camera to an outlet; nothing is read beyond 400; null: not known",
    )
    violation_code: str = Field("", pattern=r"^(V\d{2}[A-Z]?_[A-Z_]+)?$")
    schedule: list[ZoneHours] = Field(
        default_factory=list, max_length=MOST_SPANS, description="when it counts; empty: always"
    )

    @field_validator("kind")
    @classmethod
    def _known_to_workers(cls, kind: str) -> str:
        if kind not in ZONE_KINDS:
            raise ValueError(f"must be one of {', '.join(sorted(ZONE_KINDS))}, got {kind!r}")
        return kind

    @field_validator("polygon")
    @classmethod
    def _encloses_an_area(cls, polygon: list[tuple[float, float]]) -> list[tuple[float, float]]:
        checked_polygon(polygon)
        return polygon


def _named_once(zones: list[ZoneDocument]) -> list[ZoneDocument]:
    names: set[str] = set()
    for zone in zones:
        if zone.name in names:
            raise ValueError(f"the name {zone.name!r} is used twice")
        names.add(zone.name)
    return zones


Zones = Annotated[list[ZoneDocument], Field(max_length=MOST_ZONES), AfterValidator(_named_once)]
"""The zones of one camera, each with a name of its own."""


class CameraDocument(Wire):
    """A camera as operators configure it. ``source`` is write-only: answers show it redacted."""

    id: CameraIdText
    name: str = ""
    source: str = Field("", description="stream address or file; credentials are never shown again")
    enabled: bool = True
    gb_id: str = Field("", pattern=r"^(\d{20})?$")
    place: Place = Place()
    stream: dict[str, float | int | str | bool] = Field(default_factory=dict, description="stream settings by name")
    zones: Zones = Field(default_factory=list, description="polygons in its picture")
    configured_by: str = Field(
        "", max_length=64, description="node whose own configuration names it; empty: registered here, for any worker"
    )


class FindingKind(StrEnum):
    """What can be wrong with a camera that is connected and analysed."""

    BLACK = "black"
    GLARE = "glare"
    FROZEN = "frozen"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"
    CLOCK_OFFSET = "clock_offset"
    """Its clock and this machine's are more than 2 s apart."""
    FOG = "fog"
    """A veil has come over its picture: no rule is shown smoke meanwhile."""
    NOISY = "noisy"
    """It made more leads within an hour than a camera may; what came beyond was held back and counted."""


class CameraFinding(Wire):
    """One thing that is wrong with a camera now."""

    kind: FindingKind
    since: UtcTime | None = Field(None, description="first picture that showed it; null: not told")
    detail: str = ""


class BudgetDay(Wire):
    """One day of the history that a camera's budget rests on."""

    day: date
    watched_s: float = Field(ge=0)
    tracks: int = Field(ge=0, description="tracks that reached the value from which leads are opened now")
    verified: int = Field(0, ge=0, description="leads confirmed that day that reviewers found real")
    rejected: int = Field(0, ge=0, description="... and that they rejected as false")


class FalseLeadBudget(Wire):
    """At what probability a camera opens leads to keep the operator's budget, and what that costs."""

    most_a_day: float = Field(gt=0, description="false leads a day that the operator allows")
    scale: str = Field("probability", description="what is set: a calibrated probability, or the confidence of k boxes")
    probability: float = Field(ge=0, le=1, description="value of the scale from which leads are opened now")
    fitted_probability: float = Field(ge=0, le=1, description="from which they would be without a budget")
    days: float = Field(ge=0, description="days of watching that the rest is expected from")
    expected_false_a_day: float | None = Field(None, ge=0, description="null before anything was watched")
    expected_recall: float | None = Field(
        None, ge=0, le=1, description="share of the real tracks of those days that would be told; null without any"
    )
    expected_delay_s: float | None = Field(None, ge=0, description="mean seconds from the first box to the lead")
    verified: int = Field(0, ge=0, description="leads of the last two weeks that reviewers found real")
    rejected: int = Field(0, ge=0, description="leads of the last two weeks that reviewers rejected as false")
    unwatched: int = Field(
        0, ge=0, description="of both, leads from when this history did not watch: they count over the two weeks"
    )
    rejected_elsewhere: int = Field(0, ge=0, description="rejected leads of rules whose value no budget sets")
    history: list[BudgetDay] = Field(default_factory=list, max_length=32, description="by UTC day, oldest first")


class OpenLead(Wire):
    """A lead that goes on: what is filed of it ends with its package, a few seconds after its confirmation."""

    rule: str = Field(max_length=128, description="id of the rule, as in the lead's document")
    confirmed: UtcTime = Field(description="as in the lead's document: both together tell which lead it is")
    last: UtcTime = Field(description="when it was last seen; it is over a minute later")
    duration_s: float = Field(ge=0)
    grade: float | None = Field(None, description="screening grade that has lasted two minutes so far")
    opacity_pct: float | None = Field(None, ge=0, le=100, description="highest valid reading so far")


class CameraHealth(Wire):
    """What the worker last said of a camera."""

    camera_id: CameraIdText
    state: CameraState
    worker: str = ""
    since: UtcTime
    reported: UtcTime
    error: str = Field("", description="why it is lost, credentials removed")
    reconnects: int = Field(0, ge=0)
    codec: str = ""
    width: int = 0
    height: int = 0
    received_fps: float = 0.0
    analysed_fps: float = 0.0
    frames_received: int = 0
    frames_analysed: int = 0
    frames_dropped: int = 0
    last_frame_utc: UtcTime | None = None
    clock_source: str = ""
    clock_uncertainty_s: float = 0.0
    analysis_delay_s: float = Field(0.0, description="capture to detections, last frame")
    watch_mode: str = Field("", description="patrol: key frames only; focus: the analysis rate; empty: not told")
    watch_reason: str = Field("", description="why: usual, configured, long_gop, replay, sign, change, lead, waiting")
    analysed_interval_s: float = Field(0.0, description="measured seconds between analysed pictures; 0 before two")
    gop_s: float = Field(0.0, description="measured seconds between key frames; 0 before two")
    decoder: str = Field("", description="what decodes it: software, cuda, vaapi, ... and why not what was asked for")
    trouble: GapReason | None = Field(None, description="what keeps it from being watched now; null: it is watched")
    trouble_detail: str = Field("", description="the error, credentials removed")
    packet_age_s: float | None = Field(None, description="seconds since a packet arrived; null: none ever did")
    decoded_age_s: float | None = Field(None, description="seconds since a picture was decoded; null: none ever was")
    analysed_age_s: float | None = Field(None, description="seconds since a picture was analysed; null: none ever was")
    interval_limit_s: float = Field(0.0, description="longest analysed interval that counts as watched; 0: not told")
    dropped: dict[str, int] = Field(default_factory=dict, max_length=16, description="pictures not analysed, by reason")
    clock_offset_s: float | None = Field(None, description="arrival minus the camera's own clock, where it tells it")
    ring_bytes: int = Field(0, ge=0, description="encoded stream kept in memory")
    picture_fault: str = Field(
        "", description="black, glare, frozen, covered, blurred, moved; empty: the picture is sound"
    )
    findings: list[CameraFinding] = Field(
        default_factory=list, max_length=16, description="what is wrong with it; with a picture fault it makes no lead"
    )
    leads_merged: int = Field(0, ge=0, description="confirmed by a rule and part of a lead that was there already")
    leads_suppressed: int = Field(0, ge=0, description="confirmed by a rule and held back: too many within an hour")
    budget: FalseLeadBudget | None = Field(None, description="its budget of false leads, where one is set")
    open_leads: list[OpenLead] = Field(default_factory=list, max_length=16, description="confirmed leads that go on")


class WorkerReport(Wire):
    """What a worker says of itself, twice a second; it is gone when the worker has said nothing for 5 s."""

    name: str = Field(description="the node's name")
    member: str = Field(description="its name in the group of watchers; unique")
    version: str = ""
    since: UtcTime = Field(description="when it started")
    cameras: dict[str, int] = Field(
        default_factory=dict, description="registered cameras that it watches, and how many frames of each it analysed"
    )
    held: int = Field(0, ge=0, description="registered cameras that it has claimed")
    own: int = Field(0, ge=0, description="cameras of its own configuration")
    capacity: int = Field(0, ge=0, description="registered cameras that it would watch at most")
    pressure: float = Field(0.0, ge=0, le=1, description="share of frames that it lately could not analyse in time")
    draining: bool = False


class OverlayBox(Wire):
    """One box over a live picture."""

    xyxy: Box
    class_name: str
    confidence: float
    track: int | None = None
    state: str = Field("", description="candidate or confirmed")


class OverlayMessage(Wire):
    """Boxes of one analysed frame, tied to the live tile's media time so that they are drawn with their picture."""

    type: Literal["overlay"] = "overlay"
    epoch: int
    media_s: float = Field(description="media time of the frame in the fMP4 of the same epoch")
    utc: UtcTime
    width: int
    height: int
    boxes: list[OverlayBox]


class LiveInit(Wire):
    """Start of a live tile's fMP4; the initialisation segment follows as the next binary message."""

    type: Literal["init"] = "init"
    epoch: int
    mime: str
    width: int
    height: int


class LiveClock(Wire):
    """Ties media time to capture time: ``utc`` is the capture time of the picture shown at ``media_s``."""

    type: Literal["clock"] = "clock"
    epoch: int
    media_s: float
    utc: UtcTime
    clock_source: str
    uncertainty_s: float


class LiveEnd(Wire):
    """The live tile's stream is over for this epoch."""

    type: Literal["end"] = "end"
    epoch: int
    reason: str


class EventType(StrEnum):
    """Kinds of wall events."""

    LEAD_ANNOUNCED = "lead.announced"
    LEAD_FILED = "lead.filed"
    LEAD_CHANGED = "lead.changed"
    CAMERA_CHANGED = "camera.changed"
    CAMERA_REMOVED = "camera.removed"
    VAULT_CHANGED = "vault.changed"


class WallEvent(Wire):
    """One entry of the wall's event sequence; ``cursor`` rises by the order of entry and never repeats."""

    cursor: int = Field(ge=1)
    type: EventType
    at: UtcTime
    subject: str = Field(description="lead id, camera id or vault")
    lead: LeadDocument | None = None
    data: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
