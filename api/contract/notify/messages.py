"""Messages of notification: the facts that one tells, and what a digest counts of many. No picture, no person."""

from typing import Annotated

from pydantic import Field

from api.contract.fields import Count, Name, Word
from api.contract.notify.rules import NotifiedEvent
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CodeOrNone, LeadId
from api.contract.wire.moment import UtcTime, ZoneName
from api.contract.wire.state import Priority

MOST_NAMED = 20
"""Leads that a digest names."""

Counts = Annotated[dict[Word, Count], Field(max_length=100)]


class Notice(Wire):
    """What one message tells: of a lead, of a camera or of the vault."""

    event: NotifiedEvent
    at: UtcTime = Field(description="when it happened")
    lead_id: LeadId | None = None
    code: CodeOrNone = ""
    title_zh: Name = ""
    title_en: Name = ""
    priority: Priority | None = None
    state: Word = Field("", description="of the lead, the camera or the vault's room")
    camera_id: Word = ""
    camera: Name = ""
    division: Word = ""
    town: Name = ""
    zone: Name = ""
    enterprise: Name = Field("", description="of the register; a private owner is not named")
    seen: UtcTime | None = Field(None, description="when the lead's event began")
    timezone: ZoneName = "Asia/Shanghai"
    level: Count | None = Field(None, description="per cent of the time limit that are over")
    role: Word = Field("", description="letter of who must act (domain.md 6.2)")
    due: UtcTime | None = Field(None, description="by when")


class NamedLead(Wire):
    """A lead as a digest names it."""

    lead_id: LeadId
    code: CodeOrNone = ""
    priority: Priority | None = None
    state: Word = ""


class Digest(Wire):
    """Many messages in one: what they tell, counted by the newest message of each lead."""

    messages: Count
    leads: Count
    since: UtcTime = Field(description="of the earliest event")
    until: UtcTime = Field(description="of the latest")
    priorities: Counts = Field(default_factory=dict)
    codes: Counts = Field(default_factory=dict)
    states: Counts = Field(default_factory=dict)
    others: Counts = Field(default_factory=dict, description="messages not of leads, by event")
    named: list[NamedLead] = Field(default_factory=list, max_length=MOST_NAMED, description="the most urgent first")
    timezone: ZoneName = "Asia/Shanghai"
