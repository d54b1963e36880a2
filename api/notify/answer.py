"""Answer: what came of an attempt to send a message."""

from dataclasses import dataclass
from http import HTTPStatus

ANSWER_MOST = 300
"""Characters of another side's answer that are kept."""
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Client errors that pass by themselves."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What came of an attempt.

    Attributes:
        is_refusal: the other side is there and does not take this message.

        text: its words, or why it could not be reached; without any part of the channel's address or secret.
    """

    delivered: bool
    is_refusal: bool
    text: str


def answer_of(status: int, text: str) -> Answer:
    """Return what an HTTP status means: any 2xx is delivered, 3xx and most of 4xx refuse the message."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Answer(delivered=True, is_refusal=False, text=text)
    is_refusal = status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _LATER
    return Answer(delivered=False, is_refusal=is_refusal, text=text)


def unreached(reason: str) -> Answer:
    """Return that the other side gave no answer."""
    return Answer(delivered=False, is_refusal=False, text=reason)


def refused(reason: str) -> Answer:
    """Return that a message cannot go to this address."""
    return Answer(delivered=False, is_refusal=True, text=reason)
