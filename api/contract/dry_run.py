"""
Dry runs: draft zones tried on a clip by a worker, with the rules in force and nothing filed (decision 0031).

The API writes a `DryRunOrder` on the bus, the worker answers there with `DryRunReport`s and pictures; all of it expires
by itself, and deleting the order's key ends the run.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from api.contract.fields import Count, Line, Name, Pixels, Seconds
from api.contract.wire.camera import CameraDocument
from api.contract.wire.document import Wire
from api.contract.wire.lead import LeadDocument
from api.contract.wire.zone import Zones

RUN_ID_PATTERN = r"^[0-9a-f]{32}$"
RunId = Annotated[str, Field(max_length=32, pattern=RUN_ID_PATTERN)]

MOST_LEADS = 50
"""Leads that a report shows; zones that give more in one clip have been judged by then."""


class DryRunSource(StrEnum):
    """
    What the draft is tried on.

    Attributes:
        RECENT: the pictures that the worker's ring holds of the camera.

        HOUR: boxes and readings of the last hour, without pictures (decision 0050).

        UPLOAD: a clip of the admin's.
    """

    RECENT = "recent"
    HOUR = "hour"
    UPLOAD = "upload"


class DryRunState(StrEnum):
    """How a dry run is; one that was cancelled is not there any more."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class DryRunFault(StrEnum):
    """
    Why a dry run gave no result.

    Attributes:
        NOT_WATCHED: the worker does not watch the camera (any more), so it holds nothing of it.

        EMPTY_RING: it watches it, and has no picture yet.

        NO_VIDEO: the clip is none, or cannot be read.

        CLIP_LOST: the uploaded clip could not be fetched.

        REFUSED: camera, zones or rules make no sense together.

        TOO_SLOW: not done within the time allowed.

        STOPPED: the worker stopped.

        BROKEN: anything else; the worker's log holds the reason.
    """

    NOT_WATCHED = "not_watched"
    EMPTY_RING = "empty_ring"
    NO_VIDEO = "no_video"
    CLIP_LOST = "clip_lost"
    REFUSED = "refused"
    TOO_SLOW = "too_slow"
    STOPPED = "stopped"
    BROKEN = "broken"


class DryRunOrder(Wire):
    """What is to be tried: a camera with draft zones, on what clip, within what limits."""

    id: RunId
    camera: CameraDocument = Field(description="as registered, without its source")
    zones: Zones
    source: DryRunSource
    max_s: Seconds = Field(gt=0, description="seconds of the clip that are looked at")
    timeout_s: Seconds = Field(gt=0, description="seconds that the run may take")


class DryRunLead(Wire):
    """A lead that would have been made. Seconds count from the clip's first picture."""

    first_s: float
    confirmed_s: float
    last_s: float
    peak_s: float
    has_picture: bool = False
    lead: LeadDocument = Field(description="as it would have been filed; its number L00000000-... is a placeholder")


class DryRunReport(Wire):
    """How far a dry run is and what it has found so far."""

    state: DryRunState = DryRunState.WAITING
    worker: Name = ""
    model: Line = Field("", description="name and version of the model that looked")
    rules: list[Name] = Field(default_factory=list, max_length=64, description="names of the rules that were at work")
    analysed_s: Seconds = Field(0.0, description="seconds of the clip, or of the hour, that were looked at")
    looks: Count = Field(0, description="analysed pictures of the hour; 0 for a clip")
    duration_s: float | None = Field(None, description="of the clip, where it is known; null: unknown")
    is_cut: bool = Field(default=False, description="the clip is longer than what was looked at")
    width: Pixels = Field(0, description="of the pictures, in whose pixels boxes are given")
    height: Pixels = 0
    leads: list[DryRunLead] = Field(default_factory=list, max_length=MOST_LEADS)
    more: Count = Field(0, description="leads beyond those shown")
    fault: DryRunFault | None = None
    detail: Line = Field("", max_length=500, description="the fault in words, without addresses")
