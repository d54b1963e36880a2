"""The case thread: leads go through it to the store, whatever fails on the way."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
import redis

from api.contract.evidence.package import PackageError
from streams.ring import PacketRing
from streams.runner import StreamState
from tests.vision.moments import moment
from tests.vision.staged import CAMERA, SITE, WITNESS
from vision.config.worker import WorkerConfig
from vision.durable import StorageError
from vision.evidence.lead_document import lead_document
from vision.leads.lead import CloseReason, Finding, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.worker.case_thread import CaseThread

WAIT_S = 10.0


@dataclass
class FakeBus:
    """A bus that fails as often as it is told to, then keeps what is added; it holds calls while `answers` is clear."""

    failures: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)
    entries: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers.set()

    def xadd(self, _stream: str, entry: dict[str, str], maxlen: int) -> None:
        assert maxlen > 0
        self.asked.set()
        self.answers.wait(3 * WAIT_S)
        if self.failures:
            self.failures -= 1
            raise redis.ConnectionError("away")
        self.entries.append(entry["announcement"].encode())


@dataclass
class FakeStore:
    """A store that records what it is asked, and fails for the leads and as often as it is told to."""

    open_faults: dict[str, list[Exception]] = field(default_factory=dict)
    finish_faults: list[Exception] = field(default_factory=list)
    recover_faults: list[Exception] = field(default_factory=list)
    recoveries: int = 0
    opened: list[str] = field(default_factory=list)
    finished: list[Lead] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    wanted: int = 1
    stills: tuple[object, ...] = ()

    def recover(self) -> list[object]:
        self.recoveries += 1
        if self.recover_faults:
            raise self.recover_faults.pop(0)
        return []

    def open_case(self, lead: Lead, *_: object, **__: float) -> SimpleNamespace:
        if faults := self.open_faults.get(lead.key):
            raise faults.pop(0)
        self.opened.append(lead.key)
        document = lead_document(f"L20261123-0010{len(self.opened):02d}", lead, SITE, WITNESS)
        span = SimpleNamespace(epoch=lead.first.epoch, end_s=lead.last.pts_s + 10)
        return SimpleNamespace(lead_id=document.lead_id, lead=lead, document=document, stills=self.stills, span=span)

    def finish_case(self, _case: object, lead: Lead, *_: object) -> None:
        if self.finish_faults:
            raise self.finish_faults.pop(0)
        self.finished.append(lead)
        if len(self.finished) >= self.wanted:
            self.done.set()


def lead(number: int = 1) -> Lead:
    """A lead that was just confirmed."""
    finding = Finding("smoke", (10, 10, 90, 90), 0.8, moment(2))
    return Lead(
        key=LeadKey(f"gate-3/0/smoke/{number}"),
        camera_id=CAMERA.id,
        rule_id="smoke.visible",
        rule_version="1",
        rule_params={},
        violation_code="V01_STACK_SMOKE",
        state=WorkerLeadState.CONFIRMED,
        track=number,
        first=moment(1),
        confirmed=moment(3),
        last=moment(3),
        peak=finding,
        observations=5,
    )


def run_cases(
    store: FakeStore,
    bus: FakeBus,
    feed: Callable[[CaseThread, SimpleNamespace], None],
    state: StreamState = StreamState.PLAYING,
    on_opened: Callable[[Lead], None] | None = None,
) -> CaseThread:
    """Run a case thread over what `feed` gives it until the store is done; a camera that plays is taken away then."""
    config = WorkerConfig.for_sources(["rtsp://camera/1"])
    cases = CaseThread(store, config, WITNESS, bus, on_opened=on_opened)  # type: ignore[arg-type]
    cases.camera_added(CAMERA)
    runner = SimpleNamespace(camera=CAMERA, ring=PacketRing(90, 1 << 20), snapshot=lambda: SimpleNamespace(state=state))
    watched = SimpleNamespace(config=config.cameras[0], common=config, runner=runner, lead=lambda _: None)
    cases.start()
    feed(cases, watched)
    if state is StreamState.PLAYING:
        cases.camera_gone(CAMERA.id)
    assert store.done.wait(WAIT_S)
    cases.stop()
    return cases


def confirm(cases: CaseThread, watched: SimpleNamespace, confirmed: Lead) -> None:
    """Tell the case thread of a confirmed lead."""
    cases.take(watched, LeadChange(confirmed, WorkerLeadState.CANDIDATE))  # type: ignore[arg-type]


def test_a_confirmed_lead_is_opened_announced_and_finished() -> None:
    """A confirmed lead goes to disk, to the wall as a candidate, and to the outbox when its camera ends."""
    store, bus = FakeStore(), FakeBus()
    cases = run_cases(store, bus, lambda cases, watched: confirm(cases, watched, lead()))
    assert (cases.stats.opened, cases.stats.finished) == (1, 1)
    assert b'"state":"CANDIDATE"' in bus.entries[0]


def test_what_happens_after_confirmation_is_in_the_package() -> None:
    """A change that follows the confirmation at once, before the case is open, is in the finished lead."""
    store = FakeStore()
    closed = replace(lead(), state=WorkerLeadState.CLOSED, last=moment(9), reason=CloseReason.GONE)

    def feed(cases: CaseThread, watched: SimpleNamespace) -> None:
        confirm(cases, watched, lead())
        cases.take(watched, LeadChange(closed, WorkerLeadState.CONFIRMED))  # type: ignore[arg-type]

    run_cases(store, FakeBus(), feed)
    assert store.finished == [closed]


def test_another_lead_of_the_same_key_lends_a_package_nothing() -> None:
    """With new zones tracks are counted anew: what is confirmed then under the key of an open case is another lead."""
    store = FakeStore(wanted=2)
    first, second = lead(), replace(lead(), confirmed=moment(8), last=moment(9), violation_code="V03_OPEN_BURNING")
    over = replace(first, state=WorkerLeadState.CLOSED, last=moment(6), reason=CloseReason.SHUTDOWN)

    def feed(cases: CaseThread, watched: SimpleNamespace) -> None:
        watched.lead = lambda _: second
        confirm(cases, watched, first)
        cases.take(watched, LeadChange(over, WorkerLeadState.CONFIRMED))  # type: ignore[arg-type]
        confirm(cases, watched, second)

    run_cases(store, FakeBus(), feed)
    assert store.finished == [over, second]


def test_a_lead_that_cannot_be_opened_does_not_block_the_next() -> None:
    """A fault in one lead puts off that one alone; it is tried again and comes through."""
    first, second = lead(1), lead(2)
    store = FakeStore(open_faults={first.key: [ValueError("odd")]}, wanted=2)

    def feed(cases: CaseThread, watched: SimpleNamespace) -> None:
        confirm(cases, watched, first)
        confirm(cases, watched, second)

    run_cases(store, FakeBus(), feed)
    assert sorted(store.opened) == [first.key, second.key]
    assert store.opened[0] == second.key


def test_a_full_disk_delays_a_lead_and_loses_none() -> None:
    """A lead whose case finds no space is opened once there is space."""
    store = FakeStore(open_faults={lead().key: [StorageError("no space left on device")]})
    cases = run_cases(store, FakeBus(), lambda cases, watched: confirm(cases, watched, lead()))
    assert (cases.stats.storage_failures, cases.stats.waits) == (1, "")
    assert store.opened == [lead().key]


@pytest.mark.parametrize("fault", [StorageError("no space left on device"), PackageError("too large"), KeyError("odd")])
def test_a_recovery_that_fails_stops_no_lead(fault: Exception) -> None:
    """Whatever an earlier run has left, leads of this one are opened and finished."""
    store = FakeStore(recover_faults=[fault])
    cases = run_cases(store, FakeBus(), lambda cases, watched: confirm(cases, watched, lead()))
    assert (cases.stats.opened, cases.stats.finished) == (1, 1)
    assert store.recoveries >= 1


def test_a_lead_is_said_to_be_opened_once_its_case_is_on_disk() -> None:
    """While it waits for space nobody is told that it will not be lost."""
    store = FakeStore(open_faults={lead().key: [StorageError("full")]}, wanted=1)
    said: list[tuple[str, list[str]]] = []

    def on_opened(opened: Lead) -> None:
        said.append((opened.key, list(store.opened)))

    run_cases(store, FakeBus(), lambda cases, watched: confirm(cases, watched, lead()), on_opened=on_opened)
    assert said == [(lead().key, [lead().key])]


def test_a_recovery_is_tried_again_until_nothing_is_left() -> None:
    """It is tried again after a pause that grows, and no more once it has come through."""
    now = [0.0]
    store = FakeStore(recover_faults=[StorageError("full"), StorageError("full")])
    cases = CaseThread(
        store,  # type: ignore[arg-type]
        WorkerConfig.for_sources(["rtsp://camera/1"]),
        WITNESS,
        FakeBus(),  # type: ignore[arg-type]
        monotonic=lambda: now[0],
    )
    attempts = []
    for second in range(200):
        before, now[0] = store.recoveries, float(second)
        cases.recover_what_is_left()
        attempts += [second] * (store.recoveries - before)
    assert attempts == [0, 5, 15]


def test_an_announcement_waits_for_the_bus() -> None:
    """A bus that is away costs time and no announcement."""
    bus = FakeBus(failures=1)
    store = FakeStore()
    cases = run_cases(store, bus, lambda cases, watched: confirm(cases, watched, lead()))
    assert len(bus.entries) == 1
    assert cases.stats.announcements_dropped == 0


def test_a_bus_that_does_not_answer_holds_up_no_lead() -> None:
    """Leads are opened and finished while the bus still holds the first announcement."""
    store, bus = FakeStore(wanted=2), FakeBus()
    bus.answers.clear()

    def feed(cases: CaseThread, watched: SimpleNamespace) -> None:
        confirm(cases, watched, lead(1))
        assert bus.asked.wait(WAIT_S)
        confirm(cases, watched, lead(2))
        cases.camera_gone(CAMERA.id)
        assert store.done.wait(WAIT_S)
        assert bus.entries == []
        bus.answers.set()

    run_cases(store, bus, feed)
    assert len(bus.entries) == 2


def test_a_file_that_ended_is_not_waited_for() -> None:
    """A lead at the end of a file is finished at once: its post-roll will never come."""
    store = FakeStore()
    run_cases(store, FakeBus(), lambda cases, watched: confirm(cases, watched, lead()), StreamState.ENDED)
    assert store.finished == [lead()]


def test_a_picture_that_cannot_be_made_costs_only_the_picture() -> None:
    """A lead whose still cannot be made small is announced without one, and its case is opened once."""
    store, bus = FakeStore(stills=(SimpleNamespace(image=None),)), FakeBus()
    run_cases(store, bus, lambda cases, watched: confirm(cases, watched, lead()))
    assert store.opened == [lead().key]
    assert b'"still_jpeg_b64":""' in bus.entries[0]
