"""
Notifier: makes messages of events and has them brought, one at a time a channel, several channels at once.

It is what every API process runs in the background.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Self

import structlog
from starlette.concurrency import run_in_threadpool

from api.contract.notify.channels import ChannelKind
from api.fleet.broker import Broker, stop_tasks, wait_for_bell
from api.metrics import Metrics
from api.notify.courier import Courier, Send
from api.notify.gateway import Gateway
from api.notify.outgoing import Origin
from api.notify.planner import Planner
from api.notify.post import HttpPost
from api.notify.webhook import Webhook, check_webhook
from api.settings import Settings
from api.store.database import Database
from api.store.notify.channels import Channel
from api.store.notify.log import purge_deliveries

log = structlog.get_logger(__name__)

PERIOD_S = 2.0
"""How long the notifier rests where no bell rings."""
AT_ONCE = 8
"""Channels that are sent to at the same time."""
PURGE_EVERY_S = 3600.0


class Notifier:
    """See the module; `run` goes on for ever."""

    def __init__(
        self,
        planner: Planner,
        courier: Courier,
        gateway: Gateway,
        broker: Broker,
        database: Database,
        days: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._planner = planner
        self.courier = courier
        self._gateway = gateway
        self._broker = broker
        self._database = database
        self._days = days
        self._clock = clock
        self._working: dict[str, asyncio.Task[None]] = {}

    @classmethod
    def open(
        cls, settings: Settings, database: Database, broker: Broker, metrics: Metrics, clock: Callable[[], datetime]
    ) -> Self:
        """Return the notifier of the settings."""
        timeout_s = settings.notification_timeout_s
        post = HttpPost(timeout_s)
        gateway = Gateway(timeout_s, post, clock)
        sends: dict[ChannelKind, Send] = {
            ChannelKind.APPRISE: gateway.send,
            ChannelKind.WEBHOOK: Webhook(post, clock).send,
        }
        origin = Origin(settings.site_name, settings.public_url)
        courier = Courier(database, sends, origin, clock, metrics)
        planner = Planner(database, settings.site_timezone, clock)
        return cls(planner, courier, gateway, broker, database, settings.notification_days, clock)

    def check(self, channel: Channel) -> None:
        """Raise `api.notify.guard.AddressError` for an address that no channel of this kind may have."""
        url = channel.url.get_secret_value()
        if channel.kind is ChannelKind.WEBHOOK:
            check_webhook(url, allow_plain=channel.allow_plain)
        else:
            self._gateway.check(url, allow_plain=channel.allow_plain)

    async def run(self) -> None:
        """Work for ever; to be run by `api.fleet.broker.keep_running`."""
        loop = asyncio.get_running_loop()
        purge_at = loop.time()
        try:
            while True:
                bell = self._broker.bell
                await run_in_threadpool(self._planner.turn)
                for channel in await run_in_threadpool(self.courier.due, list(self._working)):
                    if len(self._working) < AT_ONCE:
                        self._start(channel)
                if loop.time() >= purge_at:
                    await run_in_threadpool(self._purge)
                    purge_at = loop.time() + PURGE_EVERY_S
                await wait_for_bell(bell, PERIOD_S)
        finally:
            await stop_tasks(list(self._working.values()))

    def _start(self, channel: str) -> None:
        task = asyncio.create_task(self._work(channel))
        self._working[channel] = task
        task.add_done_callback(lambda _: self._working.pop(channel, None))

    async def _work(self, channel: str) -> None:
        try:
            while await self.courier.turn(channel):
                pass
        except Exception:
            log.exception("notification failed", channel=channel)  # its claim runs out, and it is tried again

    def _purge(self) -> None:
        with self._database.writing() as session:
            purge_deliveries(session, self._clock() - timedelta(days=self._days))
