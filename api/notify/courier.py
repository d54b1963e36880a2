"""
Courier: brings waiting messages to their channels.

Every API process has one; which of them sends a message is settled by the store (`api.store.notify.outbox`).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from starlette.concurrency import run_in_threadpool

from api.contract.notify.channels import ChannelKind
from api.contract.notify.rules import Language
from api.metrics import Metrics
from api.notify.answer import Answer
from api.notify.outgoing import Origin, Outgoing, compose, compose_trial
from api.store.database import Database
from api.store.notify.channels import Channel
from api.store.notify.outbox import Claimed, Turn, due_channels, note_failed, note_sent, take_next

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
"""Pauses double from the first to the longest; each is shortened by chance to half at most."""


class Send(Protocol):
    """Sends one message within a bounded time; raises nothing that is to be expected."""

    async def __call__(self, channel: Channel, outgoing: Outgoing) -> Answer:
        """Return what came of it."""
        ...


class Courier:
    """
    Sends one message a turn; see the module.

    Args:
        database: holds the outbox.
        sends: how each kind of channel is sent to.
        origin: of the messages.
        clock: the time now, aware UTC.
        metrics: counts what came of messages.
        chance: uniform in [0, 1), for jitter.
    """

    def __init__(
        self,
        database: Database,
        sends: Mapping[ChannelKind, Send],
        origin: Origin,
        clock: Callable[[], datetime],
        metrics: Metrics,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._sends = sends
        self._origin = origin
        self._clock = clock
        self._metrics = metrics
        self._chance = chance

    async def turn(self, channel: str) -> bool:
        """Send a channel's next message; return whether another one may follow at once."""
        turn = await run_in_threadpool(self._take, channel)
        self._count(channel, "gathered", turn.gathered)
        self._count(channel, "dead", turn.dead)
        if turn.claimed is None:
            return False
        claimed = turn.claimed
        answer = await self._sends[claimed.channel.kind](claimed.channel, compose(claimed, self._origin))
        await run_in_threadpool(self._note, claimed, answer)
        return answer.delivered or answer.is_refusal

    def due(self, but: Sequence[str] = ()) -> list[str]:
        """Return the channels that have something to be sent now, without those of `but`. Blocks."""
        with self._database.reading() as session:
            return due_channels(session, self._clock(), but)

    async def trial(self, channel: Channel, language: Language) -> Answer:
        """Send a test message past the outbox; return what came of it."""
        answer = await self._sends[channel.kind](channel, compose_trial(language, self._origin))
        self._count(channel.name, "sent" if answer.delivered else "failed", 1)
        return answer

    def _take(self, channel: str) -> Turn:
        with self._database.writing() as session:
            return take_next(session, channel, self._clock())

    def _note(self, claimed: Claimed, answer: Answer) -> None:
        """Record what came of an attempt."""
        name, now = claimed.channel.name, self._clock()
        if answer.delivered:
            with self._database.writing() as session:
                note_sent(session, claimed, answer.text, now)
            self._count(name, "sent", 1)
            log.info("notification sent", channel=name, notification=claimed.notification_id)
            return
        failures = 1 + (claimed.refusals if answer.is_refusal else claimed.channel.failures)
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 16)) * (0.5 + self._chance() / 2)
        retry = now + timedelta(seconds=pause_s)
        with self._database.writing() as session:
            is_dead = note_failed(session, claimed, answer.text, now, retry=retry, is_refusal=answer.is_refusal)
        self._count(name, "dead" if is_dead else "failed", 1)
        log.warning(
            "notification given up" if is_dead else "notification not delivered",
            channel=name,
            notification=claimed.notification_id,
            reason=answer.text,
            retry_s=None if is_dead else round(pause_s, 1),
        )

    def _count(self, channel: str, outcome: str, count: int) -> None:
        if count:
            self._metrics.notifications.labels(channel=channel, outcome=outcome).inc(count)
