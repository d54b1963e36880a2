"""
Wire types that workers, the API and outside tools share. The lead is ``lead/1`` of domain.md 6.3.

Times are aware UTC, written as RFC 3339 with ``Z``. Unknown keys are refused.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator

from api.contract.fields import Address, Count, Line, Name, Pixels, Seconds, Settings, Whole, Word
from api.contract.reasons import GapReason
from api.contract.zones import MOST_POINTS, MOST_SPANS, MOST_ZONES, ZONE_KINDS, checked_polygon

LEAD_ID_PATTERN = r"^L[0-9]{8}-[0-9]{6,12}$"
CAMERA_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
CODE_PATTERN = r"^V[0-9]{2}[A-Z]?_[A-Z_]+$"

_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""A day within what `datetime` can hold: sums and other zones stay within it too."""


def _written_out(moment: object) -> object:
    """Refuse a number, which pydantic takes for seconds since 1970, and a text that holds one."""
    if isinstance(moment, int | float) or (isinstance(moment, str) and ":" not in moment):
        raise ValueError("time must be written out, such as 2026-11-23T02:30:05Z")
    return moment


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


def zone_name(name: str) -> str:
    """Return the name of a time zone; raise `ValueError` for one that this machine does not know."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone {name!r} on this machine (is the package tzdata installed?)") from None
    return name


UtcTime = Annotated[
    datetime,
    BeforeValidator(_written_out),
    AfterValidator(_as_utc),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
LeadId = Annotated[str, Field(max_length=22, pattern=LEAD_ID_PATTERN)]
CameraIdText = Annotated[str, Field(max_length=64, pattern=CAMERA_ID_PATTERN)]
Sha256 = Annotated[str, Field(max_length=64, pattern=SHA256_PATTERN)]
Code = Annotated[str, Field(max_length=64, pattern=CODE_PATTERN)]
"""A row of the violation catalogue."""
CodeOrNone = Annotated[str, Field(max_length=64, pattern=r"^(V[0-9]{2}[A-Z]?_[A-Z_]+)?$")]
GbId = Annotated[str, Field(max_length=20, pattern=r"^([0-9]{20})?$", description="20-digit GB/T 28181 id")]
ZoneName = Annotated[Word, AfterValidator(zone_name)]
MOST_BOXES = 1000
"""Boxes of a picture; detectors end long before."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in source-image pixels."""


class Wire(BaseModel):
    """
    A frozen document with no unknown keys and no number that is not finite.

    Its fields take the kinds of value of `api.contract.fields`: a test walks them and knows no text, list or whole
    number without a limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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

    division: Word = Field("", description="GB/T 2260 division code")
    town: Name = Field("", description="town or street, for people")
    lon: float | None = Field(None, ge=-180, le=180, description="degrees east, WGS 84")
    lat: float | None = Field(None, ge=-90, le=90, description="degrees north, WGS 84")


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
        "lead is in the wall's queue and rings there, whatever stands here, and nothing is sent to anybody",
    )
    approval_required: bool = Field(
        default=False, description="an on-site visit needs the approval of the head of unit"
    )
    reasons: list[Name] = Field(default_factory=list, max_length=32, description="codes of why, the strongest first")


class ReviewAnswers(Wire):
    """A reviewer's four answers on the record (Penalty Law art. 41): without four times yes it is no evidence."""

    true: bool = Field(description="真实: it shows what happened there and then")
    clear: bool = Field(description="清晰: target and act can be made out")
    complete: bool = Field(description="完整: from before the act to after it, without a gap that matters")
    accurate: bool = Field(description="准确: place, time and values are right")


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
    node: Name = Field("", description="name of the worker node that reports")

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class LeadAnnouncement(Wire):
    """A confirmed lead whose package is still being made: shown on the wall at once, filed when the package comes."""

    lead: LeadDocument
    still_jpeg_b64: str = Field(
        "", max_length=400_000, pattern=r"^[A-Za-z0-9+/=]*$", description="small picture of the moment, base64 JPEG"
    )


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
    from_: str = Field(
        alias="from", max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM at which it begins"
    )
    to: str = Field(
        max_length=5,
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description="... and ends; at or before `from`: on the next day",
    )

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class ZoneDocument(Wire):
    """A polygon in a camera's picture, as it is drawn on the wall or written in a worker's configuration."""

    name: Word = Field(min_length=1)
    kind: Word = Field(
        "watch", description="watch, mask, outlet, vent, premises, field, no_burn, no_bbq, road or works"
    )
    polygon: list[tuple[float, float]] = Field(
        min_length=3,
        max_length=MOST_POINTS,
        description="[x, y] as shares of width and height from the top left corner; edges may not cross",
    )
    owner: Word = Field("", description="USCC of an enterprise of the register, or a name")
    outlet: Word = Field("", max_length=32, description="outlet number of the permit")
    grade_limit: float = Field(1.0, ge=0, le=5, description="Ringelmann grade that an outlet must not exceed")
    distance_m: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="metres from the camera to an outlet; nothing is read beyond 400; null: not known",
    )
    violation_code: CodeOrNone = ""
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
    name: Name = ""
    source: Address = Field("", description="stream address or file; credentials are never shown again")
    enabled: bool = True
    gb_id: GbId = ""
    place: Place = Place()
    stream: Settings = Field(default_factory=dict, description="stream settings by name")
    zones: Zones = Field(default_factory=list, description="polygons in its picture")
    configured_by: Name = Field(
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
    """A veil has come over its picture: it is watched all the same, and fog may pass for smoke."""
    NOISY = "noisy"
    """It made more leads within an hour than a camera may; what came beyond was held back and counted."""


class CameraFinding(Wire):
    """One thing that is wrong with a camera now."""

    kind: FindingKind
    since: UtcTime | None = Field(None, description="first picture that showed it; null: not told")
    detail: Line = ""


class BudgetDay(Wire):
    """One day of the history that a camera's budget rests on."""

    day: date
    watched_s: Seconds
    tracks: Count = Field(description="tracks that reached the value from which leads are opened now")
    verified: Count = Field(0, description="leads confirmed that day that reviewers found real")
    rejected: Count = Field(0, description="... and that they rejected as false")


class FalseLeadBudget(Wire):
    """At what probability a camera opens leads to keep the operator's budget, and what that costs."""

    most_a_day: float = Field(gt=0, description="false leads a day that the operator allows")
    scale: Word = Field(
        "probability", description="what is set: a calibrated probability, or the confidence of k boxes"
    )
    probability: float = Field(ge=0, le=1, description="value of the scale from which leads are opened now")
    fitted_probability: float = Field(ge=0, le=1, description="from which they would be without a budget")
    days: float = Field(ge=0, description="days of watching that the rest is expected from")
    expected_false_a_day: float | None = Field(None, ge=0, description="null before anything was watched")
    expected_recall: float | None = Field(
        None, ge=0, le=1, description="share of the real tracks of those days that would be told; null without any"
    )
    expected_delay_s: float | None = Field(None, ge=0, description="mean seconds from the first box to the lead")
    verified: Count = Field(0, description="leads of the last two weeks that reviewers found real")
    rejected: Count = Field(0, description="leads of the last two weeks that reviewers rejected as false")
    unwatched: Count = Field(
        0, description="of both, leads from when this history did not watch: they count over the two weeks"
    )
    rejected_elsewhere: Count = Field(0, description="rejected leads of rules whose value no budget sets")
    history: list[BudgetDay] = Field(default_factory=list, max_length=32, description="by UTC day, oldest first")


class OpenLead(Wire):
    """A lead that goes on: what is filed of it ends with its package, a few seconds after its confirmation."""

    rule: Name = Field(description="id of the rule, as in the lead's document")
    confirmed: UtcTime = Field(description="as in the lead's document: both together tell which lead it is")
    last: UtcTime = Field(description="when it was last seen; it is over a minute later")
    duration_s: Seconds
    grade: float | None = Field(None, description="screening grade that has lasted two minutes so far")
    opacity_pct: float | None = Field(None, ge=0, le=100, description="highest valid reading so far")


class CameraHealth(Wire):
    """What the worker last said of a camera."""

    camera_id: CameraIdText
    state: CameraState
    worker: Name = ""
    since: UtcTime
    reported: UtcTime
    error: Line = Field("", description="why it is lost, credentials removed")
    reconnects: Count = 0
    codec: Word = ""
    width: Pixels = 0
    height: Pixels = 0
    received_fps: float = 0.0
    analysed_fps: float = 0.0
    frames_received: Count = 0
    frames_analysed: Count = 0
    frames_dropped: Count = 0
    last_frame_utc: UtcTime | None = None
    clock_source: Word = ""
    clock_uncertainty_s: float = 0.0
    analysis_delay_s: float = Field(0.0, description="capture to detections, last frame")
    watch_mode: Word = Field("", description="patrol: key frames only; focus: the analysis rate; empty: not told")
    watch_reason: Word = Field("", description="why: usual, configured, long_gop, replay, sign, change, lead, waiting")
    analysed_interval_s: float = Field(0.0, description="measured seconds between analysed pictures; 0 before two")
    gop_s: float = Field(0.0, description="measured seconds between key frames; 0 before two")
    decoder: Line = Field("", description="what decodes it: software, cuda, vaapi, ... and why not what was asked for")
    trouble: GapReason | None = Field(None, description="what keeps it from being watched now; null: it is watched")
    trouble_detail: Line = Field("", description="the error, credentials removed")
    packet_age_s: float | None = Field(None, description="seconds since a packet arrived; null: none ever did")
    decoded_age_s: float | None = Field(None, description="seconds since a picture was decoded; null: none ever was")
    analysed_age_s: float | None = Field(None, description="seconds since a picture was analysed; null: none ever was")
    interval_limit_s: float = Field(0.0, description="longest analysed interval that counts as watched; 0: not told")
    dropped: dict[Word, Count] = Field(
        default_factory=dict, max_length=16, description="pictures not analysed, by reason"
    )
    clock_offset_s: float | None = Field(None, description="arrival minus the camera's own clock, where it tells it")
    ring_bytes: Count = Field(0, description="encoded stream kept in memory")
    picture_fault: Word = Field(
        "", description="black, glare, frozen, covered, blurred; empty: the picture shows a view, perhaps another one"
    )
    findings: list[CameraFinding] = Field(
        default_factory=list,
        max_length=16,
        description="what is wrong with it; with a picture fault it makes no lead, moved it does",
    )
    unknown_owners: list[Word] = Field(
        default_factory=list,
        max_length=MOST_ZONES,
        description="owners that its zones name and its worker's register does not know: leads say so",
    )
    leads_merged: Count = Field(0, description="confirmed by a rule and part of a lead that was there already")
    leads_suppressed: Count = Field(0, description="confirmed by a rule and held back: too many within an hour")
    budget: FalseLeadBudget | None = Field(None, description="its budget of false leads, where one is set")
    open_leads: list[OpenLead] = Field(default_factory=list, max_length=16, description="confirmed leads that go on")


class WorkerReport(Wire):
    """What a worker says of itself, twice a second; it is gone when the worker has said nothing for 5 s."""

    name: Name = Field(description="the node's name")
    member: Name = Field(description="its name in the group of watchers; unique")
    version: Word = ""
    since: UtcTime = Field(description="when it started")
    cameras: dict[CameraIdText, Count] = Field(
        default_factory=dict,
        max_length=10_000,
        description="registered cameras that it watches, and how many frames of each it analysed",
    )
    held: Count = Field(0, description="registered cameras that it has claimed")
    own: Count = Field(0, description="cameras of its own configuration")
    capacity: Count = Field(0, description="registered cameras that it would watch at most")
    pressure: float = Field(0.0, ge=0, le=1, description="share of frames that it lately could not analyse in time")
    draining: bool = False


class OverlayBox(Wire):
    """One box over a live picture."""

    xyxy: Box
    class_name: Word
    confidence: float
    track: Whole | None = None
    state: Word = Field("", description="candidate or confirmed")


class OverlayMessage(Wire):
    """Boxes of one analysed frame, tied to the live tile's media time so that they are drawn with their picture."""

    type: Literal["overlay"] = "overlay"
    epoch: Whole
    media_s: float = Field(description="media time of the frame in the fMP4 of the same epoch")
    utc: UtcTime
    width: Pixels
    height: Pixels
    boxes: list[OverlayBox] = Field(max_length=MOST_BOXES)


class LiveInit(Wire):
    """Start of a live tile's fMP4; the initialisation segment follows as the next binary message."""

    type: Literal["init"] = "init"
    epoch: Whole
    mime: Name
    width: Pixels
    height: Pixels


class LiveClock(Wire):
    """Ties media time to capture time: ``utc`` is the capture time of the picture shown at ``media_s``."""

    type: Literal["clock"] = "clock"
    epoch: Whole
    media_s: float
    utc: UtcTime
    clock_source: Word
    uncertainty_s: float


class LiveEnd(Wire):
    """The live tile's stream is over for this epoch."""

    type: Literal["end"] = "end"
    epoch: Whole
    reason: Line


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

    cursor: Count = Field(ge=1)
    type: EventType
    at: UtcTime
    subject: Name = Field(description="lead id, camera id or vault")
    lead: LeadDocument | None = None
    data: dict[Word, float | Whole | Line | bool | None] = Field(default_factory=dict, max_length=16)
