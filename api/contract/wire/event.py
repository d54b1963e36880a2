"""Wall event: one entry of the event sequence that the wall reads."""

from enum import StrEnum

from pydantic import Field

from api.contract.fields import Count, Line, Name, Whole, Word
from api.contract.wire.document import Wire
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import UtcTime


class EventType(StrEnum):
    """Kinds of wall events."""

    LEAD_ANNOUNCED = "lead.announced"
    LEAD_FILED = "lead.filed"
    LEAD_CHANGED = "lead.changed"
    LEAD_TIMER = "lead.timer"
    """A lead waits too long in its state; ``data`` tells the share of its time, until when, and who is told."""
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
