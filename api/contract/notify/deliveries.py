"""Deliveries: what became of each message, as the log of them shows it."""

from enum import StrEnum

from pydantic import BaseModel, Field

from api.contract.notify.channels import ChannelKind
from api.contract.wire.moment import UtcTime


class MessageKind(StrEnum):
    """What a message is."""

    NOTICE = "notice"
    DIGEST = "digest"


class DeliveryState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    """Given up: a person may try again."""
    GATHERED = "gathered"
    """Part of a digest."""


class Delivery(BaseModel):
    """A message to one channel."""

    id: str = Field(description="the same at each attempt; the webhook's header X-Plumewatch-Id")
    kind: MessageKind
    event: str = Field(description="what it is about, or digest")
    channel: str
    lead_id: str = Field(description="empty: of no lead")
    state: DeliveryState
    created: UtcTime
    attempts: int
    next_try: UtcTime | None = Field(description="null when it waits no longer")
    finished: UtcTime | None
    answer: str = Field(description="what the other side said last, or why it could not be reached")
    digest: str = Field(description="id of the digest that holds it; empty: none")


class DeliveryPage(BaseModel):
    """Messages, newest first."""

    notifications: list[Delivery]
    next: str | None = Field(description="cursor of the next page, null on the last")


class ChannelView(BaseModel):
    """A channel as answers show it; the ``ETag`` is what a change must name in ``If-Match``."""

    name: str
    kind: ChannelKind
    address: str = Field(description="scheme and machine; the rest may be a key and is hidden")
    has_secret: bool
    operator: str = Field(description="whose channel it is; empty: nobody's own")
    allow_plain: bool
    most_a_minute: int
    version: int
    changed: UtcTime


class ChannelTest(BaseModel):
    """What the other side said to a test message."""

    delivered: bool
    answer: str
