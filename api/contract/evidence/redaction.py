"""
Redactions of clips: ordered by the API, made by a worker, for the API has no picture libraries (decision 0044).

The order and how far it is lie on the bus as one hash that expires by itself; deleting it ends the work. The copy goes
back by HTTP, and what ties it to its original is a leaf of the log.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from api.contract.evidence.manifest import FileName
from api.contract.fields import Count, Line, Name, Reason, Seconds, Whole, Word
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import LeadId, Sha256
from api.contract.zones import MOST_POINTS, MOST_ZONES, Point

REDACTION_ID_PATTERN = r"^[0-9a-f]{32}$"
RedactionId = Annotated[str, Field(max_length=32, pattern=REDACTION_ID_PATTERN)]

MOST_REGIONS = 200
"""Most regions of a clip: for more, cover the whole picture."""

PictureBox = tuple[Whole, Whole, Whole, Whole]
"""Left, top, right, bottom in pixels of the original."""

Polygon = Annotated[list[Point], Field(min_length=3, max_length=MOST_POINTS)]


class ClipRegion(Wire):
    """A box of a clip that is covered for a while."""

    box: PictureBox = Field(description="[left, top, right, bottom] in pixels of the original, as it begins")
    to_box: PictureBox | None = Field(None, description="where it is at the end; it moves there in a straight line")
    from_s: float = Field(ge=0, le=86400, description="media time from which on it is covered; the clip begins at 0")
    to_s: float = Field(gt=0, le=86400, description="media time at which that ends; past the end: to the end")

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.to_s <= self.from_s:
            raise ValueError(f"to_s must be later than from_s, got {self.from_s:g} to {self.to_s:g}")
        for left, top, right, bottom in filter(None, (self.box, self.to_box)):
            if left >= right or top >= bottom:
                raise ValueError(f"a box is [left, top, right, bottom], got [{left}, {top}, {right}, {bottom}]")
        return self


class ClipMask(Wire):
    """A polygon of the camera that is covered in every picture."""

    name: Word = Field(min_length=1)
    polygon: Polygon = Field(description="[x, y] as shares of width and height")


class RedactionState(StrEnum):
    """How a redaction is; one that was called off is not there any more."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RedactionFault(StrEnum):
    """
    Why there is no copy.

    Attributes:
        CLIP_LOST: the original could not be fetched, or is not the one that was asked for.

        REFUSED: the file is no video, too long, or a region covers nothing of it.

        TOO_SLOW: not done within the time allowed.

        NOT_TAKEN: the API did not take the copy.

        STOPPED: the worker stopped.

        BROKEN: anything else; the worker's log holds the reason.
    """

    CLIP_LOST = "clip_lost"
    REFUSED = "refused"
    TOO_SLOW = "too_slow"
    NOT_TAKEN = "not_taken"
    STOPPED = "stopped"
    BROKEN = "broken"


class RedactionOrder(Wire):
    """The order for a worker: clip, regions to cover, reason, author and limits."""

    id: RedactionId
    lead_id: LeadId
    file: FileName
    source_sha256: Sha256 = Field(description="of the original, as the package's list has it")
    regions: list[ClipRegion] = Field(max_length=MOST_REGIONS)
    masks: list[ClipMask] = Field(default_factory=list, max_length=MOST_ZONES)
    reason: Reason = Field(max_length=500)
    by: Line = Field(max_length=160)
    max_s: Seconds = Field(gt=0, description="seconds that the clip may have")
    max_bytes: Count = Field(gt=0, description="bytes that the copy may have")
    timeout_s: Seconds = Field(gt=0, description="seconds that the work may take")


class RedactionReport(Wire):
    """How far a redaction is."""

    state: RedactionState = RedactionState.WAITING
    worker: Name = ""
    done_s: Seconds = Field(0.0, description="seconds of the clip that are covered and written")
    duration_s: float | None = Field(None, description="of the clip, where it is known")
    sha256: Word = Field("", description="of the copy, once it is kept")
    fault: RedactionFault | None = None
    detail: Line = Field("", max_length=500, description="the fault in one sentence")
