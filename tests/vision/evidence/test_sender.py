"""The thread that posts packages from the outbox."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.contract.client import ApiClient, Receipt
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


def test_an_empty_outbox_has_nothing_to_send(outbox: Outbox, client: ApiClient, clock: Hand) -> None:
    """Nothing waits, nothing is posted, the figures are zero."""
    sender = sender_of(outbox, client, clock)
    assert sender.step() is None
    stats = sender.stats()
    assert (stats.pending, stats.oldest_age_s, stats.posted, stats.rejected, stats.retries) == (0, 0.0, 0, 0, 0)


def test_a_lead_is_posted_with_its_package_and_forgotten_when_confirmed(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The API gets the lead, a tar that verifies, the worker's key and the idempotency key; then the disk is empty."""
    put(outbox, packages, IDS[0])
    sender = sender_of(outbox, client, clock)
    assert sender.step() == 0.0
    assert sender.step() is None
    [(lead_id, sums, authorization, body)] = api.posted
    lead = packages[IDS[0]][1]
    assert lead.evidence is not None
    assert (lead_id, sums, authorization) == (IDS[0], lead.evidence.sums_sha256, "Bearer worker-key")
    fields = {
        re.search(rb'name="(\w+)"', part).group(1): part.split(b"\r\n\r\n", 1)[1]  # type: ignore[union-attr]
        for part in body.split(b"\r\n--")[0:2]
    }
    assert LeadDocument.model_validate_json(fields[b"lead"]) == lead
    (tmp_path / "posted.tar").write_bytes(fields[b"package"])
    assert verify_package(tmp_path / "posted.tar", lead_id=IDS[0]).ok
    assert list((tmp_path / "outbox" / "ready").iterdir()) == []
    assert sender.stats().posted == 1


def test_the_oldest_goes_first(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand
) -> None:
    """Order is the order of putting, not of ids."""
    put(outbox, packages, IDS[2], IDS[0], IDS[1])
    sender = sender_of(outbox, client, clock)
    while sender.step() is not None:
        pass
    assert [lead_id for lead_id, *_ in api.posted] == [IDS[2], IDS[0], IDS[1]]


def test_pauses_have_a_limit_and_jitter() -> None:
    """Doubling stops at the most; chance moves a pause between a half and the whole of it."""
    backoff = Backoff(1.0, 60.0)
    assert [backoff.pause_s(n, 1.0) for n in (1, 2, 3, 7, 1000)] == [1, 2, 4, 60, 60]
    assert backoff.pause_s(3, 0.0) == 2.0


def test_the_node_is_enrolled_before_the_first_lead(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand
) -> None:
    """Enrolment is repeated until it works; a 422 enrols anew once, and only the second 422 parks the lead."""
    put(outbox, packages, IDS[0])
    api.answers = [status(503), confirm, status(422), confirm, status(422)]
    sender = sender_of(outbox, client, clock, lambda: client.enrol_node("worker-01", 7, b"pem"))
    while (pause := sender.step()) is not None:
        clock.now += pause
    assert [lead_id for lead_id, *_ in api.posted] == ["node", "node", IDS[0], "node", IDS[0]]
    assert json.loads(api.posted[0][3]) == {"name": "worker-01", "number": 7, "certificate_pem": "pem"}
    assert outbox.rejected() == [IDS[0]]


def test_a_node_that_is_taken_is_counted_and_loses_nothing(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand
) -> None:
    """409 from the enrolment posts and parks nothing; other failures to enrol are not counted as that."""
    put(outbox, packages, IDS[0])
    api.answers = [status(409), status(503), status(409)]
    sender = sender_of(outbox, client, clock, lambda: client.enrol_node("worker-01", 7, b"pem"))
    for pause_s in (1, 2, 4):
        assert sender.step() == 0.0
        assert sender.step() == pytest.approx(pause_s, abs=0.01)
        clock.now += pause_s
    assert (sender.stats().node_taken, sender.stats().pending, sender.stats().parked) == (2, 1, 0)
    assert [sender.step(), sender.step(), sender.step()] == [0.0, None, None]
    assert (sender.stats().node_taken, sender.stats().posted) == (2, 1)


def test_a_started_sender_delivers_and_closes(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient
) -> None:
    """The thread delivers what is put later, and what is put before closing; then it has ended."""
    sender = OutboxSender(outbox, client)
    sender.start()
    outbox.put(*packages[IDS[0]])
    outbox.put(*packages[IDS[1]])
    sender.close(flush_s=30)
    assert {lead_id for lead_id, *_ in api.posted} == {IDS[0], IDS[1]}
    assert sender.stats().pending == 0
    assert "outbox-sender" not in {thread.name for thread in threading.enumerate()}


def test_what_is_put_while_a_look_ends_is_sent_before_closing(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient
) -> None:
    """A look found nothing; a lead is put and the sender closed before the thread goes on: it looks once more."""
    looked, go_on = threading.Event(), threading.Event()

    class Slow(OutboxSender):
        def step(self) -> float | None:
            pause = super().step()
            looked.set()
            go_on.wait(30)
            return pause

    sender = Slow(outbox, client)
    sender.start()
    assert looked.wait(30)
    outbox.put(*packages[IDS[0]])
    threading.Timer(0.2, go_on.set).start()
    sender.close(flush_s=30)
    assert [lead_id for lead_id, *_ in api.posted] == [IDS[0]]


def test_closing_does_not_wait_for_a_dead_api(outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]]) -> None:
    """What cannot be sent stays on disk; closing ends although a pause is running."""
    put(outbox, packages, IDS[0])
    with ApiClient("http://127.0.0.1:9", "worker-key") as client:
        sender = OutboxSender(outbox, client, backoff=Backoff(3600.0, 3600.0))
        sender.start()
        sender.close(flush_s=30)
    assert sender.stats().pending == 1


def test_closing_ends_an_upload_that_takes_too_long(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], clock: Hand
) -> None:
    """A line that takes a piece now and then breaks no time-out; when the worker stops the rest is not sent."""

    def read_whole(request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(500)

    class SlowLine:
        pieces = 0

        def post_lead(self, lead: LeadDocument, package: Path, is_given_up: Callable[[], bool]) -> Receipt:
            def a_piece_later() -> bool:
                self.pieces += 1
                sender.close(flush_s=1.0)
                clock.now += 2.0
                return is_given_up()

            with ApiClient("http://api", "worker-key", transport=httpx.MockTransport(read_whole)) as client:
                return client.post_lead(lead, package, a_piece_later)

    put(outbox, packages, IDS[0])
    line = SlowLine()
    sender = OutboxSender(outbox, line, clock=clock)
    assert sender.step() == 0.0
    assert (line.pieces, sender.stats().posted) == (1, 0)
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]
