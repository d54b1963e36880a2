"""Digests: storms, outages and quiet hours end in one message that counts."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from api.contract.notify.deliveries import DeliveryState, MessageKind
from api.contract.wire.event import EventType
from api.contract.wire.state import LeadState, Priority
from api.store.notify.log import notification_queue
from api.store.notify.storm import LATE_AFTER
from tests.api.notify.conftest import NOON, Site
from tests.api.notify.delivered import counted, deliveries
from tests.api.notify.receiver import Receiver

ROOT = Path(__file__).resolve().parents[3]


def test_sixty_leads_in_a_minute_become_one_digest(wired: Callable[..., Site], desk: Receiver) -> None:
    """It counts by priority, code and state and names the first twenty, the most urgent first."""
    site = wired()
    site.file(57)
    urgent = site.file(3, priority=Priority.P1)
    site.deliver()
    (received,) = desk.received
    digest = received.document["digest"]
    assert (digest["messages"], digest["leads"]) == (60, 60)
    assert digest["priorities"] == {"P1": 3, "P2": 57}
    assert digest["states"] == {"PENDING_VERIFY": 60}
    assert digest["codes"] == {urgent[0].violation_code: 60}
    assert len(digest["named"]) == 20
    assert [each["lead_id"] for each in digest["named"][:3]] == [lead.lead_id for lead in urgent]
    assert received.document["title"] == "线索汇总：60 条线索，60 条消息"
    assert "另有 40 条" in received.document["text"]
    told = deliveries(site, DeliveryState.GATHERED)
    assert (len(told), {each.digest for each in told}) == (60, {received.document["id"]})
    assert counted(site) == {"gathered": 60, "sent": 1}


def test_what_trickles_beyond_the_limit_waits_a_minute_for_its_digest(
    wired: Callable[..., Site], desk: Receiver
) -> None:
    """Fifty of sixty leads, one a second, come by themselves; the rest in one digest, within a minute."""
    site = wired()
    for _ in range(60):
        site.file()
        site.deliver()
        site.pass_time(seconds=1)
    assert len(desk.received) == 50
    site.pass_time(seconds=50)
    site.deliver()
    assert len(desk.received) == 51
    assert desk.received[-1].document["digest"]["leads"] == 10
    site.pass_time(minutes=2)
    site.file()
    site.deliver()
    assert desk.received[-1].document["kind"] == "notice"


def test_between_two_digests_lies_a_minute(wired: Callable[..., Site], desk: Receiver) -> None:
    """A storm that goes on is one message a minute."""
    site = wired()
    for _ in range(10):
        site.file(60)
        site.deliver()
        site.pass_time(seconds=6)
    assert len(desk.received) == 1
    site.deliver()
    assert [each.document["digest"]["leads"] for each in desk.received] == [60, 540]


def test_a_catch_up_after_an_outage_is_one_digest(wired: Callable[..., Site], desk: Receiver) -> None:
    """Six leads of an hour ago are told together, with how they stand by now; one of two is not a storm."""
    site = wired(events=["lead.filed", "lead.changed"])
    leads = site.file(6)
    site.tell(EventType.LEAD_CHANGED, leads[0], state=LeadState.VERIFIED)
    site.pass_time(hours=1)
    site.deliver()
    (received,) = desk.received
    digest = received.document["digest"]
    assert (digest["messages"], digest["leads"]) == (7, 6)
    assert digest["states"] == {"PENDING_VERIFY": 5, "VERIFIED": 1}
    site.file(2)
    site.pass_time(seconds=LATE_AFTER.total_seconds() + 1)
    site.deliver()
    assert [each.document["kind"] for each in desk.received[1:]] == ["notice", "notice"]


def test_a_long_outage_under_load_ends_in_one_digest(wired: Callable[..., Site], desk: Receiver) -> None:
    """A digest that could not be delivered goes into the next; its receiver gets each lead once."""
    site = wired()
    desk.answers = [503] * 500
    for _ in range(60):
        site.file(2)
        site.deliver()
        site.pass_time(minutes=1)
    assert {each.document["kind"] for each in desk.received} == {"notice", "digest"}
    with site.database.reading() as session:
        queue = notification_queue(session, site.now)
    assert queue.waiting < 20
    assert queue.oldest == NOON
    desk.answers = []
    desk.received.clear()
    site.pass_time(minutes=5)
    site.deliver()
    (received,) = desk.received
    assert (received.document["digest"]["leads"], received.document["digest"]["messages"]) == (120, 120)
    told = deliveries(site, DeliveryState.GATHERED)
    assert {each.digest for each in told if each.kind is MessageKind.NOTICE} == {received.document["id"]}


def test_quiet_hours_end_in_one_digest(wired: Callable[..., Site], desk: Receiver) -> None:
    """What waited for the morning comes together; what breaks through came at once."""
    site = wired(quiet_hours=[{"from": "22:00", "to": "06:30"}])
    site.now = NOON + timedelta(hours=12)  # midnight in Beijing
    site.file(8)
    site.file(1, priority=Priority.P1)
    site.deliver()
    assert [each.document["notice"]["priority"] for each in desk.received] == ["P1"]
    site.pass_time(hours=6, minutes=29)
    site.deliver()
    assert len(desk.received) == 1
    site.pass_time(minutes=1)
    site.deliver()
    assert desk.received[-1].document["digest"]["leads"] == 8
