"""The outbox keeps leads whole through cuts at any point; the sender delivers each exactly when the API confirms it."""

import json
import os
import re
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from api.contract.client import ApiClient, ApiUnreachableError, Receipt
from api.contract.evidence.verification import verify_package
from api.contract.wire.lead import LeadDocument
from tests.api.contract.sample import TestSigner, make_package
from tests.vision.made_leads import lead_document
from vision.durable import StorageError
from vision.evidence.outbox import Outbox
from vision.evidence.sender import OutboxSender
from vision.retries import Backoff

IDS = ("L20261123-001001", "L20261123-001002", "L20261123-001003")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, LeadDocument]]:
    """Three sealed packages with their leads."""
    parent, signer = tmp_path_factory.mktemp("packages"), TestSigner()
    made = {}
    for lead_id in IDS:
        sealed = make_package(parent, signer, lead_id)
        made[lead_id] = (sealed.folder, lead_document(lead_id, sealed.sums_sha256))
    return made


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


def put(outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], *ids: str) -> None:
    for age, lead_id in enumerate(ids):
        outbox.put(*packages[lead_id])
        moment = 1_763_000_000_000_000_000 + age
        entry = next(entry for entry in outbox.entries() if entry.lead_id == lead_id)
        os.utime(entry.folder / "lead.json", ns=(moment, moment))


@dataclass
class ScriptedApi:
    """A real HTTP server on loopback: gives the scripted answers in turn, then confirms everything; keeps what came."""

    answers: list[Callable[[str, str], tuple[int, dict[str, str], bytes]]] = field(default_factory=list)
    posted: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for one request."""
        if path == "/v1/nodes":
            self.posted.append(("node", "", headers.get("Authorization", ""), body))
            lead_id = sums = ""
        else:
            lead_id, _, sums = headers["Idempotency-Key"].partition(":")
            self.posted.append((lead_id, sums, headers.get("Authorization", ""), body))
        if self.answers:
            return self.answers.pop(0)(lead_id, sums)
        return confirm(lead_id, sums)


def confirm(lead_id: str, sums: str) -> tuple[int, dict[str, str], bytes]:
    return 201, {}, json.dumps({"lead_id": lead_id, "evidence": {"sums_sha256": sums}}).encode()


def status(code: int, **headers: str) -> Callable[[str, str], tuple[int, dict[str, str], bytes]]:
    return lambda _lead, _sums: (code, {k.replace("_", "-"): v for k, v in headers.items()}, b'{"title":"no"}')


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    scripted = ScriptedApi()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code, headers, answer = scripted.answer(self.path, dict(self.headers), body)
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield scripted
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Hand:
    """A clock that only moves when told."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[ApiClient]:
    with ApiClient(api.url, "worker-key") as made:
        yield made


def sender_of(outbox: Outbox, client: ApiClient, clock: Hand, enrol: Callable[[], None] | None = None) -> OutboxSender:
    return OutboxSender(outbox, client, enrol, backoff=Backoff(1.0, 8.0), clock=clock, chance=lambda: 0.999_999)


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


def test_pauses_have_a_limit_and_jitter() -> None:
    """Doubling stops at the most; chance moves a pause between a half and the whole of it."""
    backoff = Backoff(1.0, 60.0)
    assert [backoff.pause_s(n, 1.0) for n in (1, 2, 3, 7, 1000)] == [1, 2, 4, 60, 60]
    assert backoff.pause_s(3, 0.0) == 2.0


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


# Cuts: what a killed process or a pulled plug leaves behind.


def test_putting_twice_is_putting_once(outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]]) -> None:
    """After a cut the worker puts again what it does not know to be there; another package for the lead is refused."""
    outbox.put(*packages[IDS[0]])
    outbox.put(*packages[IDS[0]])
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]
    with pytest.raises(StorageError, match="already holds another package"):
        outbox.put(packages[IDS[0]][0], lead_document(IDS[0], "ee" * 32))


@pytest.mark.parametrize("left", ["nothing", "lead", "half a package", "whole"])
def test_a_cut_while_putting_leaves_no_half_entry(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], tmp_path: Path, left: str
) -> None:
    """Whatever stands under the half-written name is never sent and is gone after the restart; putting works again."""
    outbox.put(*packages[IDS[0]])
    ready = tmp_path / "outbox" / "ready"
    partial = ready / f"{IDS[1]}.partial"
    shutil.copytree(ready / IDS[0], partial)
    if left in {"nothing", "lead"}:
        (partial / "package.tar").unlink()
    if left == "nothing":
        (partial / "lead.json").unlink()
    if left == "half a package":
        os.truncate(partial / "package.tar", 3000)
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]
    again = Outbox(tmp_path / "outbox")
    assert not partial.exists()
    again.put(*packages[IDS[1]])
    assert {entry.lead_id for entry in again.entries()} == {IDS[0], IDS[1]}


def test_a_cut_after_the_confirmation_posts_again_with_the_same_key(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The entry was not deleted yet: it is posted once more, byte for byte the same, and makes no second lead."""
    put(outbox, packages, IDS[0])
    shutil.copytree(tmp_path / "outbox", tmp_path / "after the cut")
    for folder in ("outbox", "after the cut"):
        sender = sender_of(Outbox(tmp_path / folder), client, clock)
        assert [sender.step(), sender.step()] == [0.0, None]
    first, second = api.posted
    assert first[:3] == second[:3]

    def content(body: bytes) -> bytes:
        return body.replace(body.split(b"\r\n", 1)[0][2:], b"boundary")

    assert content(first[3]) == content(second[3])


@pytest.mark.parametrize("name", ["removed.partial", "ready"])
def test_a_cut_while_deleting_leaves_rubbish_that_is_removed(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], tmp_path: Path, name: str
) -> None:
    """Deleting renames first: after a cut the entry is whole, or rubbish that the next start removes."""
    put(outbox, packages, IDS[0])
    ready = tmp_path / "outbox" / "ready"
    if name == "removed.partial":
        (ready / IDS[0]).rename(ready / f"{IDS[0]}.{name}")
        (ready / f"{IDS[0]}.{name}" / "lead.json").unlink()
    again = Outbox(tmp_path / "outbox")
    assert [entry.lead_id for entry in again.entries()] == ([] if name == "removed.partial" else [IDS[0]])
    assert len(list(ready.iterdir())) == len(again.entries())


def test_a_cut_while_parking_posts_once_more(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The answer was written but the entry not moved: it is posted again, refused again and parked."""
    put(outbox, packages, IDS[0])
    (tmp_path / "outbox" / "ready" / IDS[0] / "answer.json").write_text("{}")
    api.answers = [status(400)]
    sender = sender_of(Outbox(tmp_path / "outbox"), client, clock)
    assert [sender.step(), sender.step()] == [0.0, None]
    assert outbox.rejected() == [IDS[0]]


@pytest.mark.parametrize("content", [b"", b"{}", None])
def test_a_damaged_entry_is_parked_and_does_not_stop_the_others(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path, content: bytes | None,
) -> None:  # fmt: skip
    """A lead file that the disk has spoilt cannot be sent by anybody: it is put aside for a person."""
    put(outbox, packages, IDS[0], IDS[1])
    spoilt = tmp_path / "outbox" / "ready" / IDS[0] / "lead.json"
    if content is None:
        spoilt.unlink()
    else:
        spoilt.write_bytes(content)
    sender = sender_of(outbox, client, clock)
    while sender.step() is not None:
        pass
    assert [lead_id for lead_id, *_ in api.posted] == [IDS[1]]
    assert outbox.rejected() == [IDS[0]]


def test_a_lead_that_cannot_be_read_is_tried_again(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """Where the system cannot open its file nobody knows what is in it: it is not put aside, and the others go on."""
    put(outbox, packages, IDS[0], IDS[1])
    file = tmp_path / "outbox" / "ready" / IDS[0] / "lead.json"
    file.rename(tmp_path / "away.json")
    file.symlink_to(file)  # too many levels of links: an error of reading that root gets too
    sender = sender_of(outbox, client, clock)
    assert [sender.step(), sender.step(), sender.step()] == [0.0, 0.0, pytest.approx(1.0)]
    assert ([lead_id for lead_id, *_ in api.posted], outbox.rejected()) == ([IDS[1]], [])
    assert outbox.oldest_age_s() < 3600  # not since 1970
    file.unlink()
    (tmp_path / "away.json").rename(file)
    clock.now += 10
    assert [sender.step(), sender.step()] == [0.0, None]
    assert outbox.rejected() == []


def test_a_package_that_cannot_be_read_is_tried_again(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """A disk error while reading is no verdict on the lead."""
    put(outbox, packages, IDS[0])
    tar = tmp_path / "outbox" / "ready" / IDS[0] / "package.tar"
    tar.rename(tmp_path / "away.tar")
    sender = sender_of(outbox, client, clock)
    assert sender.step() == 0.0
    assert api.posted == []
    (tmp_path / "away.tar").rename(tar)
    clock.now += 10
    assert [sender.step(), sender.step()] == [0.0, None]


def test_a_full_disk_keeps_nothing_and_says_so(
    packages: dict[str, tuple[Path, LeadDocument]], tmp_path: Path, outbox: Outbox
) -> None:
    """A put that the system does not take whole raises, leaves no entry, and works once there is space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(StorageError, match=r"package\.tar could not be stored: File too large"):
            outbox.put(*packages[IDS[0]])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outbox.entries() == []
    assert list((tmp_path / "outbox" / "ready").iterdir()) == []
    outbox.put(*packages[IDS[0]])
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]


def test_the_age_of_the_oldest_is_told(outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]]) -> None:
    """A lead that has waited since 2025 shows in the figures."""
    put(outbox, packages, IDS[0])
    assert outbox.oldest_age_s() > 86_400
