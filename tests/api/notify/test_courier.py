"""Messages reach a real receiver, signed; they are tried again, gathered, given up, and never lost."""

import hashlib
import hmac
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from api.contract.notify.deliveries import DeliveryState
from api.notify.answer import Answer
from api.store.faults import IllegalMove, RecordConflict, UnknownRecord
from api.store.notify.channels import delete_channel
from api.store.notify.log import notification_queue, purge_deliveries, retry_delivery
from api.store.notify.outbox import LEASE, take_next
from api.store.notify.rules import delete_rule
from tests.api.notify.conftest import NOON, SECRET, Site
from tests.api.notify.delivered import counted, deliveries
from tests.api.notify.receiver import Receiver

ROOT = Path(__file__).resolve().parents[3]


def test_a_message_is_signed_over_time_and_body(wired: Callable[..., Site], desk: Receiver) -> None:
    """The receiver works the signature out by the documented rule, and finds the lead in both forms."""
    site = wired()
    (lead,) = site.file()
    site.deliver()
    (received,) = desk.received
    fields = dict(part.split("=") for part in received.headers["x-plumewatch-signature"].split(","))
    signed = fields["t"].encode() + b"." + received.body
    assert fields["v1"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert int(fields["t"]) == int(NOON.timestamp())
    document = received.document
    assert document["notice"]["lead_id"] == lead.lead_id
    assert document["link"] == f"https://centre.example/#lead={lead.lead_id}"
    assert "张家湾镇" in document["text"]
    assert received.headers["x-plumewatch-event"] == "lead.filed"
    (delivery,) = deliveries(site)
    assert (delivery.state, delivery.answer, delivery.attempts) == (DeliveryState.SENT, "200 taken", 1)
    assert received.headers["x-plumewatch-id"] == delivery.id == document["id"]
    assert counted(site) == {"sent": 1}


def test_a_fault_of_the_other_side_is_tried_again(wired: Callable[..., Site], desk: Receiver) -> None:
    """After a 500 and a time-out the same message comes again, with growing pauses and the same id."""
    site = wired()
    site.file()
    desk.answers = [500]
    site.deliver()
    site.deliver()
    assert len(desk.received) == 1
    (delivery,) = deliveries(site)
    assert (delivery.state, delivery.answer) == (DeliveryState.WAITING, "500 taken")
    assert delivery.next_try is not None
    assert timedelta(seconds=4.9) < delivery.next_try - NOON <= timedelta(seconds=5)
    site.pass_time(seconds=5)
    desk.is_silent.set()
    site.deliver()
    (delivery,) = deliveries(site)
    assert delivery.answer == "no answer within 1 s"
    desk.is_silent.clear()
    site.pass_time(seconds=9)
    site.deliver()
    assert len(desk.received) == 2
    site.pass_time(seconds=1)
    site.deliver()
    assert len(desk.received) == 3
    assert {each.headers["x-plumewatch-id"] for each in desk.received} == {delivery.id}
    assert [each.state for each in deliveries(site)] == [DeliveryState.SENT]
    assert counted(site) == {"failed": 2, "sent": 1}


def test_a_channel_that_is_away_rests_as_a_whole(wired: Callable[..., Site], desk: Receiver) -> None:
    """Ten waiting messages are not ten attempts; when it is back all of them come."""
    site = wired()
    site.file(4)
    desk.answers = [503]
    site.deliver()
    site.pass_time(seconds=1)
    site.deliver()
    assert len(desk.received) == 1
    site.pass_time(seconds=5)
    site.deliver()
    assert len(desk.received) == 5
    assert {each.state for each in deliveries(site)} == {DeliveryState.SENT}


def test_what_is_refused_is_given_up_and_keeps_nobody_waiting(wired: Callable[..., Site], desk: Receiver) -> None:
    """A message that the other side refuses ten times is dead; another one goes meanwhile; a person tries it again."""
    site = wired()
    site.file()
    desk.answers = [422]
    site.deliver()
    site.file()
    desk.answers = []
    site.deliver()
    assert [each.state for each in deliveries(site)] == [DeliveryState.WAITING, DeliveryState.SENT]
    desk.answers = [422] * 9
    for _ in range(9):
        site.pass_time(minutes=5)
        site.deliver()
    (dead,) = deliveries(site, DeliveryState.DEAD)
    assert (dead.attempts, dead.answer) == (10, "422 taken")
    with site.database.reading() as session:
        queue = notification_queue(session, site.now)
    assert (queue.waiting, queue.dead) == (0, 1)
    assert queue.warning(site.now) == "1 messages were given up within 24 hours: see /v1/notifications"
    assert counted(site)["dead"] == 1
    with site.database.writing() as session:
        retry_delivery(session, dead.id, site.now)
        with pytest.raises(IllegalMove, match="only one that is dead"):
            retry_delivery(session, dead.id, site.now)
        with pytest.raises(UnknownRecord):
            retry_delivery(session, "0" * 32, site.now)
    site.deliver()
    assert {each.state for each in deliveries(site)} == {DeliveryState.SENT}


def test_only_refusals_are_counted_as_such(wired: Callable[..., Site], desk: Receiver) -> None:
    """After an hour of faults the first refusal is not the last try."""
    site = wired()
    site.file()
    desk.answers = [503] * 12
    for _ in range(12):
        site.deliver()
        site.pass_time(minutes=5)
    desk.answers = [404]
    site.deliver()
    assert [(each.state, each.attempts) for each in deliveries(site)] == [(DeliveryState.WAITING, 13)]
    site.pass_time(minutes=5)
    site.deliver()
    assert [each.state for each in deliveries(site)] == [DeliveryState.SENT]


def test_a_day_without_the_other_side_ends_in_a_dead_letter(wired: Callable[..., Site], desk: Receiver) -> None:
    """What could not be delivered within 24 hours is given up, with the last fault; a long wait is told before."""
    site = wired()
    site.file()
    desk.answers = [500] * 3
    site.deliver()
    site.pass_time(hours=2)
    with site.database.reading() as session:
        assert notification_queue(session, site.now).warning(site.now).startswith("1 messages wait, the oldest for 2.0")
    site.pass_time(hours=23)
    site.deliver()
    (dead,) = deliveries(site)
    assert (dead.state, dead.answer) == (DeliveryState.DEAD, "500 taken")
    assert len(desk.received) == 1


def test_redirects_are_not_followed(wired: Callable[..., Site], desk: Receiver) -> None:
    """An answer that leads elsewhere is a refusal; nothing goes there."""
    site = wired()
    site.file()
    desk.answers = [307]
    site.deliver()
    assert [each.path for each in desk.received] == ["/hooks/key-in-the-path"]
    assert [each.answer for each in deliveries(site)] == ["307 taken"]


def test_an_answer_is_read_to_its_bound_without_our_secrets(wired: Callable[..., Site], desk: Receiver) -> None:
    """A long answer is cut, and one that repeats address or secret does not bring them into the log."""
    site = wired()
    desk.says = f"{SECRET} key-in-the-path " + "x" * 100_000
    site.file()
    site.deliver()
    (delivery,) = deliveries(site)
    assert delivery.answer.startswith("200 *** *** xxx")
    assert len(delivery.answer) == 300


def test_a_message_has_one_process_at_a_time(wired: Callable[..., Site], desk: Receiver) -> None:
    """While one holds it no other finds it; one that is never heard of again leaves it after its lease."""
    site = wired()
    site.file()
    site.planner.turn()
    with site.database.writing() as session:
        held = take_next(session, "desk", site.now).claimed
        assert take_next(session, "desk", site.now).claimed is None
    assert held is not None
    other = site.new_courier()
    site.deliver(other)
    assert desk.received == []
    site.pass_time(seconds=LEASE.total_seconds())
    site.deliver(other)
    assert len(desk.received) == 1
    site.courier._note(held, Answer(delivered=False, is_refusal=True, text="too late"))
    assert [(each.state, each.attempts) for each in deliveries(site)] == [(DeliveryState.SENT, 2)]


def test_processes_that_send_at_once_send_each_message_once(wired: Callable[..., Site], desk: Receiver) -> None:
    """Four couriers over one store share forty messages; no receiver sees one twice."""
    site = wired()
    site.file(40)
    site.planner.turn()
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(site.deliver, site.new_courier()) for _ in range(4)]:
            done.result()
    assert len(desk.received) == 40
    assert len({each.headers["x-plumewatch-id"] for each in desk.received}) == 40
    assert [each.attempts for each in deliveries(site, DeliveryState.SENT)] == [1] * 40


def test_a_killed_process_loses_no_message(wired: Callable[..., Site], desk: Receiver, tmp_path: Path) -> None:
    """It dies by SIGKILL while the other side keeps it waiting; another one sends the message again, by the same id."""
    site = wired()
    (lead,) = site.file()
    if site.database.engine.dialect.name != "sqlite":
        pytest.skip("one kind of store is enough: the other process opens it by its file")
    desk.is_silent.set()
    program = f"""
import datetime, pathlib
from api.settings import Settings
from api.people.accounts import open_database
from tests.api.notify.conftest import Site
with open_database(Settings(data_dir=pathlib.Path({str(tmp_path / "data")!r}))) as database:
    site = Site(database)
    site.deliver()
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=ROOT) as process:
        desk.wait_for(1)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    desk.is_silent.clear()
    assert [each.state for each in deliveries(site)] == [DeliveryState.WAITING]
    site.pass_time(seconds=LEASE.total_seconds() + 1)
    site.deliver()
    assert [each.document["notice"]["lead_id"] for each in desk.received] == [lead.lead_id] * 2
    assert len({each.headers["x-plumewatch-id"] for each in desk.received}) == 1
    assert [each.state for each in deliveries(site)] == [DeliveryState.SENT]


def test_a_removed_channel_gives_its_messages_up(wired: Callable[..., Site], desk: Receiver) -> None:
    """A rule keeps its channel; without it the channel goes, and what waits is dead and cannot be tried again."""
    site = wired()
    site.file()
    site.planner.turn()
    with site.database.writing() as session:
        with pytest.raises(RecordConflict, match="named by the rules desk"):
            delete_channel(session, "desk", "operator:admin", site.now)
        delete_rule(session, "desk", "operator:admin", site.now)
        delete_channel(session, "desk", "operator:admin", site.now)
    site.deliver()
    (dead,) = deliveries(site)
    assert (dead.state, dead.answer) == (DeliveryState.DEAD, "the channel was removed")
    with pytest.raises(RecordConflict), site.database.writing() as session:
        retry_delivery(session, dead.id, site.now)
    assert desk.received == []


def test_the_log_forgets_what_is_done_with(wired: Callable[..., Site], desk: Receiver) -> None:
    """Old messages go, those that wait stay."""
    site = wired()
    site.file()
    site.deliver()
    desk.answers = [500]
    site.file()
    site.deliver()
    with site.database.writing() as session:
        assert purge_deliveries(session, site.now) == 0
        assert purge_deliveries(session, site.now + timedelta(seconds=1)) == 1
    assert [each.state for each in deliveries(site)] == [DeliveryState.WAITING]
