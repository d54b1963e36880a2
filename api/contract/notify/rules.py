"""Rules of notification: which events, of which leads, go to which channels, and when."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Code
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState, Priority
from api.contract.wire.zone import ZoneHours
from api.contract.zones import MOST_SPANS

RULE_ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
MOST_RULES = 200
MOST_CHANNELS = 500
"""A site's own, and one or two of each operator."""

RuleId = Annotated[str, Field(max_length=64, pattern=RULE_ID_PATTERN)]
ChannelName = Annotated[str, Field(max_length=64, pattern=RULE_ID_PATTERN)]
DivisionPrefix = Annotated[str, Field(max_length=12, pattern=r"^[0-9]{2,12}$")]
"""Beginning of a GB/T 2260 code: ``11`` is a province, ``1101`` a city, ``110112`` a district."""

Level = Annotated[int, Field(ge=50, le=150, multiple_of=50)]
"""Per cent of a time limit that are over: 50, 100 or 150."""


ToldRole = Literal[
    LoopRole.DUTY,
    LoopRole.VERIFIER,
    LoopRole.EVIDENCE,
    LoopRole.DISPATCHER,
    LoopRole.INSPECTOR,
    LoopRole.LEGAL,
    LoopRole.HEAD,
    LoopRole.PARTNER,
]
"""A role whose holders a rule can tell; the system and the enterprise have no channels."""


class NotifiedEvent(StrEnum):
    """What a rule may tell of."""

    LEAD_ANNOUNCED = "lead.announced"
    LEAD_FILED = "lead.filed"
    LEAD_CHANGED = "lead.changed"
    LEAD_TIMER = "lead.timer"
    """Half, all, or one and a half of the time for a lead's state is over."""
    CAMERA_TROUBLE = "camera.trouble"
    """A camera's stream is lost, or no worker reports it."""
    CAMERA_RESTORED = "camera.restored"
    """... and plays again."""
    VAULT_CHANGED = "vault.changed"


class Language(StrEnum):
    """Language of a message."""

    ZH = "zh"
    EN = "en"


class NotificationRule(Wire):
    """
    Who is told of what. All that is asked for must hold; an empty list asks for nothing.

    What is asked of leads (priorities, codes, states, levels) is not asked of cameras and of the vault.
    """

    id: RuleId
    enabled: bool = True
    events: list[NotifiedEvent] = Field(min_length=1, max_length=16)
    priorities: list[Priority] = Field(default_factory=list, max_length=3)
    codes: list[Code] = Field(default_factory=list, max_length=64, description="of the violation catalogue")
    divisions: list[DivisionPrefix] = Field(
        default_factory=list, max_length=64, description="beginnings of GB/T 2260 codes, of leads and of cameras"
    )
    states: list[LeadState] = Field(
        default_factory=list, max_length=64, description="the state that the lead is in after the event"
    )
    levels: list[Level] = Field(
        default_factory=list, max_length=3, description="per cent of the time limit, of lead.timer"
    )
    channels: list[ChannelName] = Field(default_factory=list, max_length=16)
    roles: list[ToldRole] = Field(
        default_factory=list,
        max_length=8,
        description="the channels of all operators who hold one of these roles in the division of the lead or camera",
    )
    schedule: list[ZoneHours] = Field(
        default_factory=list, max_length=MOST_SPANS, description="when the rule counts, site's time; empty: always"
    )
    quiet_hours: list[ZoneHours] = Field(
        default_factory=list, max_length=MOST_SPANS, description="in these messages wait until they are over"
    )
    breaks_quiet: list[Priority] = Field(
        default_factory=lambda: [Priority.P1], max_length=3, description="priorities that do not wait for their end"
    )
    language: Language = Language.ZH

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Self:
        if not self.channels and not self.roles:
            raise ValueError("a rule tells somebody: name channels, roles, or both")
        return self
