"""A store of each kind, a receiver, and leads whose events make messages."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.contract.notify.channels import ChannelKind, NotificationChannel
from api.contract.notify.rules import Language, NotificationRule
from api.contract.wire.event import EventType
from api.contract.wire.lead import LeadDocument
from api.contract.wire.place import Place
from api.contract.wire.state import LeadState, Priority
from api.metrics import Metrics
from api.notify.answer import Answer
from api.notify.courier import Courier, Send
from api.notify.gateway import Gateway
from api.notify.outgoing import Origin
from api.notify.planner import Planner
from api.notify.post import HttpPost
from api.notify.webhook import Webhook
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.events import append_event
from api.store.evidence.stamps import StampQueue
from api.store.notify.channels import Channel, put_channel
from api.store.notify.rules import put_rule
from tests.api.conftest import sample_lead
from tests.api.notify.receiver import Receiver, receiver
from tests.api.postgresql import over_postgresql

SECRET = "signed-with-this-secret-of-ours"
PUBLIC_URL = "https://centre.example"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""A Monday, 12:00 in Beijing."""


class Site:
    """A store with a planner and a courier over it, and a clock that stands until it is moved."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOON
        self.metrics = Metrics(dict, lambda: StampQueue(0, None, ""), lambda: None)
        self.planner = Planner(database, "Asia/Shanghai", self.clock)
        self.courier = self.new_courier()
        self._leads = 0

    def clock(self) -> datetime:
        """The time now."""
        return self.now

    def pass_time(self, **span: float) -> None:
        """Move the clock."""
        self.now += timedelta(**span)

    def new_courier(self) -> Courier:
        """A courier as another process would have it."""
        post = HttpPost(1.0)
        sends: dict[ChannelKind, Send] = {
            ChannelKind.WEBHOOK: Webhook(post, self.clock).send,
            ChannelKind.APPRISE: Gateway(2.0, post, self.clock).send,
        }
        origin = Origin("示例区生态环境局", PUBLIC_URL)
        return Courier(self.database, sends, origin, self.clock, self.metrics, lambda: 0.999)

    def channel(self, url: str, name: str = "desk", **fields: object) -> Channel:
        """Write a channel; a webhook unless it is said otherwise."""
        values = {"name": name, "kind": "webhook", "url": url, "secret": SECRET} | fields
        with self.database.writing() as session:
            return put_channel(session, NotificationChannel.model_validate(values), "operator:admin", self.now)

    def rule(self, **fields: object) -> NotificationRule:
        """Write a rule; of filed leads to the desk unless it is said otherwise."""
        values = {"id": "desk", "events": ["lead.filed"], "channels": ["desk"]} | fields
        rule = NotificationRule.model_validate(values)
        with self.database.writing() as session:
            put_rule(session, rule, "operator:admin", self.now)
        return rule

    def file(self, count: int = 1, **changes: object) -> list[LeadDocument]:
        """Tell that leads were filed, now."""
        return [self.tell(EventType.LEAD_FILED, **changes) for _ in range(count)]

    def tell(self, kind: EventType, lead: LeadDocument | None = None, **changes: object) -> LeadDocument:
        """Append the event of a lead, now."""
        if lead is None:
            self._leads += 1
            lead = sample_lead(f"L20261123-{self._leads:06}")
        values = {
            "priority": Priority.P2,
            "state": LeadState.PENDING_VERIFY,
            "place": Place(division="110112", town="张家湾镇"),
        }
        lead = lead.model_copy(update=values | changes)
        with self.database.writing() as session:
            append_event(session, kind, lead.lead_id, self.now, lead=lead)
        return lead

    def deliver(self, courier: Courier | None = None) -> None:
        """Plan what is new and send what is due."""
        self.planner.turn()
        asyncio.run(self._send(courier or self.courier))

    async def _send(self, courier: Courier) -> None:
        for channel in courier.due():
            while await courier.turn(channel):
                pass

    def trial(self, channel: Channel, language: Language = Language.ZH) -> Answer:
        """Send a test message to a channel."""
        return asyncio.run(self.courier.trial(channel, language))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty store of each kind."""
    settings = Settings(data_dir=tmp_path / "data")
    if request.param == "postgresql":
        settings = over_postgresql(settings, tmp_path)
    with open_database(settings) as opened:
        yield opened


@pytest.fixture
def site(database: Database) -> Site:
    """A site over the store."""
    return Site(database)


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """A receiver of the desk's webhooks."""
    with receiver() as found:
        yield found


@pytest.fixture
def wired(site: Site, desk: Receiver) -> Callable[..., Site]:
    """Connect the site to the desk by a rule with these fields."""

    def wire(**fields: object) -> Site:
        site.channel(desk.url)
        site.rule(**fields)
        return site

    return wire
