"""Channels of notification: where messages go. Address and secret are written and never shown again."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from api.contract.fields import ADDRESS_MOST, Secret, Word, one_line
from api.contract.notify.rules import ChannelName
from api.contract.wire.document import Wire

LEAST_SECRET = 16
"""Characters of a webhook's secret: 96 bits where they are drawn from the letters of base64."""


class ChannelKind(StrEnum):
    """How messages are sent."""

    APPRISE = "apprise"
    WEBHOOK = "webhook"


def _is_address(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if one_line(text, ADDRESS_MOST) != text or any(each.isspace() for each in text):
        raise ValueError("must be an address without blanks and control characters")
    return url


SecretAddress = Annotated[SecretStr, Field(max_length=ADDRESS_MOST), AfterValidator(_is_address)]
"""An address that holds a key or a password."""


class NotificationChannel(Wire):
    """A channel as it is written."""

    name: ChannelName
    kind: ChannelKind
    url: SecretAddress | None = Field(
        None,
        description="apprise: an address of the library, e.g. wecombot://KEY; webhook: https://...; none: as it was",
    )
    secret: Secret | None = Field(
        None, description=f"key of a webhook's signatures, {LEAST_SECRET} characters at least; none: as it was"
    )
    operator: Word = Field(
        "", description="whose channel it is: rules reach it by the operator's roles; empty: nobody's own"
    )
    allow_plain: bool = Field(
        default=False, description="send without TLS to other machines too: only on a network of your own"
    )
    most_a_minute: int = Field(
        50, ge=1, le=1000, description="messages in a minute; what comes beyond becomes one digest"
    )
