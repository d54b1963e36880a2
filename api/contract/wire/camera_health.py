"""Camera health: what a worker last reported of a camera: its stream, its analysis, its findings and its budget."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from api.contract.fields import Count, Line, Name, Pixels, Seconds, Word
from api.contract.reasons import GapReason
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CameraIdText
from api.contract.wire.moment import UtcTime
from api.contract.zones import MOST_ZONES


class CameraState(StrEnum):
    """How a camera's stream is; each state implies the ones before it hold."""

    CONNECTING = "connecting"
    PLAYING = "playing"
    LOST = "lost"
    ENDED = "ended"
    STOPPED = "stopped"


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
