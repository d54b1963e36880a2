"""What the sender does with refusals, broken connections and a dead API."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from api.contract.client import ApiClient, ApiUnreachableError, Receipt
from api.contract.evidence.verification import verify_package
from api.contract.wire.lead import LeadDocument
from tests.vision.evidence.made_outbox import (
    IDS,
    Hand,
    ScriptedApi,
    api,
    client,
    clock,
    confirm,
    outbox,
    packages,
    put,
    sender_of,
    status,
)
from vision.evidence.outbox import Outbox
from vision.evidence.sender import OutboxSender
from vision.retries import Backoff

__all__ = ["api", "client", "clock", "outbox", "packages"]


@pytest.mark.parametrize("code", [408, 425, 500, 502, 503, 504])
def test_a_lead_the_api_cannot_take_now_does_not_hold_up_the_others(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    code: int,
) -> None:  # fmt: skip
    """The first lead fails and waits its pause; the second goes through at once; the first is tried again for ever."""
    put(outbox, packages, IDS[0], IDS[1])
    api.answers = [status(code), confirm, status(code), status(code)]
    sender = sender_of(outbox, client, clock)
    pauses = []
    for _ in range(4):
        assert sender.step() == 0.0
        if (pause := sender.step()) == 0.0:
            pause = sender.step()
        pauses.append(pause)
        if pause is None:
            break
        clock.now += pause + 1e-3
    assert [lead_id for lead_id, *_ in api.posted] == [IDS[0], IDS[1], IDS[0], IDS[0], IDS[0]]
    assert pauses == [pytest.approx(1.0, abs=0.01), pytest.approx(2.0, abs=0.01), pytest.approx(4.0, abs=0.01), None]
    assert sender.stats().retries == 3


@pytest.mark.parametrize(("code", "pause_s"), [(429, 30.0), (401, 1.0), (403, 1.0), (404, 1.0), (405, 1.0)])
def test_answers_that_concern_every_lead_hold_back_all(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    code: int, pause_s: float,
) -> None:  # fmt: skip
    """Too many requests, a wrong worker key, no API at the address: nothing is parked, and all wait for the pause."""
    put(outbox, packages, IDS[0], IDS[1])
    api.answers = [status(code, Retry_After="30") if code == 429 else status(code)]
    sender = sender_of(outbox, client, clock)
    assert sender.step() == 0.0
    assert sender.step() == pytest.approx(pause_s, abs=0.01)
    clock.now += pause_s
    assert [sender.step(), sender.step(), sender.step()] == [0.0, 0.0, None]
    assert outbox.rejected() == []
    assert sender.stats().unauthorised == (1 if code in {401, 403} else 0)


@pytest.mark.parametrize("code", [400, 409, 410, 413, 422])
def test_a_lead_the_api_never_takes_is_parked_with_the_answer(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path, code: int,
) -> None:  # fmt: skip
    """It leaves the queue whole, with what the API said, is counted, and can be sent again by a person."""
    put(outbox, packages, IDS[0], IDS[1])
    api.answers = [status(code)]
    sender = sender_of(outbox, client, clock)
    assert [sender.step(), sender.step(), sender.step()] == [0.0, 0.0, None]
    assert outbox.rejected() == [IDS[0]]
    parked = tmp_path / "outbox" / "rejected" / IDS[0]
    assert json.loads((parked / "answer.json").read_bytes()) == {"status": code, "body": '{"title":"no"}'}
    assert verify_package(parked / "package.tar").ok
    assert (sender.stats().rejected, sender.stats().parked, sender.stats().posted) == (1, 1, 1)
    outbox.requeue(IDS[0])
    assert [sender.step(), sender.step()] == [0.0, None]
    assert [lead_id for lead_id, *_ in api.posted] == [IDS[0], IDS[1], IDS[0]]


@pytest.mark.parametrize(
    "answer",
    [
        lambda _lead, _sums: (201, {}, b""),
        lambda _lead, _sums: (201, {}, b"<html>proxy login</html>"),
        lambda _lead, _sums: (200, {}, b"[]"),
        lambda _lead, sums: confirm(IDS[1], sums),
        lambda lead, _sums: confirm(lead, "00" * 32),
        lambda _lead, _sums: (204, {}, b""),
        lambda _lead, _sums: (302, {"Location": "/login"}, b""),
    ],
)
def test_only_a_confirmation_of_the_same_lead_and_hash_deletes(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    answer: Callable[[str, str], tuple[int, dict[str, str], bytes]],
) -> None:  # fmt: skip
    """A proxy's page, an empty answer or another lead's confirmation deletes nothing; the lead is posted again."""
    put(outbox, packages, IDS[0])
    api.answers = [answer]
    sender = sender_of(outbox, client, clock)
    assert sender.step() == 0.0
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]
    clock.now += 10
    assert [sender.step(), sender.step()] == [0.0, None]


def test_a_dead_api_is_tried_for_ever(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], clock: Hand
) -> None:
    """Connection refused holds back everything, with growing pauses, and loses nothing."""
    put(outbox, packages, IDS[0], IDS[1])
    with ApiClient("http://127.0.0.1:9", "worker-key") as client:
        sender = sender_of(outbox, client, clock)
        for pause_s in (1, 2, 4, 8, 8):
            assert sender.step() == 0.0
            assert sender.step() == pytest.approx(pause_s, abs=0.01)
            clock.now += pause_s
    assert sender.stats().pending == 2
    assert sender.stats().retries == 5


def test_an_unexpected_fault_holds_up_no_other_lead(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], clock: Hand
) -> None:
    """A programming fault over one lead is logged and that lead put off; the others are delivered."""
    posted = []

    class Broken:
        def post_lead(self, lead: LeadDocument, package: Path, is_given_up: Callable[[], bool]) -> Receipt:
            assert package.is_file()
            assert not is_given_up()
            if lead.lead_id == IDS[0]:
                raise KeyError(lead.lead_id)
            posted.append(lead.lead_id)
            return Receipt(lead.lead_id, "", created=True)

    put(outbox, packages, *IDS)
    sender = OutboxSender(outbox, Broken(), backoff=Backoff(1.0, 8.0), clock=clock, chance=lambda: 0.5)
    assert [sender.step() for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(0.75)]
    assert posted == [IDS[1], IDS[2]]
    assert sender.stats().pending == 1


def test_a_package_on_which_the_line_breaks_holds_up_no_other_lead(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], clock: Hand
) -> None:
    """After a broken connection it is the other leads' turn; the one whose upload never ends is tried again last."""
    attempts = []

    class Line:
        def post_lead(self, lead: LeadDocument, package: Path, is_given_up: Callable[[], bool]) -> Receipt:
            assert package.is_file()
            assert not is_given_up()
            attempts.append(lead.lead_id)
            if lead.lead_id == IDS[0]:
                raise ApiUnreachableError("the write operation timed out")
            return Receipt(lead.lead_id, "", created=True)

    put(outbox, packages, *IDS)
    sender = OutboxSender(outbox, Line(), backoff=Backoff(1.0, 8.0), clock=clock, chance=lambda: 0.999_999)
    for _ in range(12):
        clock.now += sender.step() or 0.0
    assert attempts[:4] == [IDS[0], IDS[1], IDS[2], IDS[0]]
    assert set(attempts[4:]) == {IDS[0]}
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]


def test_a_lead_that_breaks_the_line_alone_does_not_hold_up_the_next_one(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], clock: Hand
) -> None:
    """It waits longer and longer by itself; a lead that comes is sent at once, and a dead API holds back all again."""
    attempts: list[tuple[str, float]] = []
    unreachable = {IDS[0]}

    class Line:
        def post_lead(self, lead: LeadDocument, package: Path, is_given_up: Callable[[], bool]) -> Receipt:
            assert package.is_file()
            assert not is_given_up()
            attempts.append((lead.lead_id, clock.now))
            if lead.lead_id in unreachable:
                raise ApiUnreachableError("the write operation timed out")
            return Receipt(lead.lead_id, "", created=True)

    put(outbox, packages, IDS[0])
    sender = OutboxSender(outbox, Line(), backoff=Backoff(1.0, 64.0), clock=clock, chance=lambda: 0.999_999)
    while len(attempts) < 8:
        clock.now += sender.step() or 0.0
    assert attempts[-1][1] - attempts[-2][1] == pytest.approx(32, abs=0.1)
    put(outbox, packages, IDS[1])
    assert sender.step() == 0.0
    assert attempts[-1] == (IDS[1], clock.now)
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]
    assert sender.step() == pytest.approx(64, abs=0.1)

    unreachable |= {IDS[2]}
    put(outbox, packages, IDS[2])
    began = clock.now
    while clock.now < began + 600:
        clock.now += sender.step() or 0.0
    while_dead = [lead for lead, at in attempts if at > began]
    assert set(while_dead) == {IDS[0], IDS[2]}
    assert len(while_dead) < 20
