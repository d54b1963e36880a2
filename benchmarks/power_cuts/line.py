"""
The worker's half of the path as a process that dies on the way: case, package, outbox, post.

It first finishes what an earlier run left, confirms one lead, tells each stage, and ends when the outbox is empty. It
kills itself before a given step of its own: a file opened, renamed or removed, a folder made or read, a connection, all
as Python's audit hooks tell them.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

from api.contract.client import ApiClient
from models.detections import Detections
from models.detector import ModelCard, Runtime
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.frame import Packet
from streams.ring import PacketRing
from streams.source import AvSource
from streams.timing.clock import StreamClock
from vision.cluster.registration import Registration
from vision.config.worker import WorkerConfig
from vision.evidence.cases import CaseStore
from vision.evidence.clips import RingClips
from vision.evidence.lead_document import Site, Witness
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.package_files import DetectionLog
from vision.evidence.sender import OutboxSender
from vision.leads.lead import CloseReason, Finding, Lead, LeadKey, WorkerLeadState
from vision.retries import Backoff

CAMERA = "cut"
NODE = "power-cuts"
_WAIT_S = 120.0
_WITNESS = Witness(
    card=ModelCard("none", "0", ("fire", "smoke"), (640, 640), 0.25, "0" * 64, "none"),
    runtime=Runtime("none", "0", "none", "none"),
    node=NODE,
    configuration=b"{}",
)


class Steps:
    """Counts this process's steps once armed, and ends it before a certain one."""

    _EVENTS = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir", "socket.connect"})

    def __init__(self, cut: int) -> None:
        self._cut = cut
        self.taken = 0
        self.is_armed = False
        sys.addaudithook(self._on_event)

    def _on_event(self, event: str, _arguments: tuple[object, ...]) -> None:
        if self.is_armed and event in self._EVENTS:
            self.taken += 1
            if self.taken == self._cut:
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Errand:
    """
    What one process is to do.

    Attributes:
        folder: the node's.

        api_url, key: where leads are filed, and by what right.

        clip: the film of the lead.

        cut: number of the step before which it kills itself; 0: none.

        confirms: False: it only finishes what is left.
    """

    folder: Path
    api_url: str
    key: str = field(repr=False)
    clip: Path
    cut: int = 0
    confirms: bool = True


def walk(errand: Errand, told: Connection) -> None:
    """Go the whole way, telling ``READY``, ``CONFIRMED id``, ``SEALED id`` and ``STEPS n``; exit code 1: leads wait."""
    with (errand.folder / "line.log").open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    packets = _packets(errand.clip)
    steps = Steps(errand.cut)
    client = ApiClient(errand.api_url, errand.key)
    node = NodeIdentity.open(errand.folder / "node", NODE)
    outbox = Outbox(errand.folder / "outbox")
    store = CaseStore(errand.folder, node, outbox)
    registration = Registration(client, node, WorkerConfig())
    sender = OutboxSender(outbox, client, registration.enrol, backoff=Backoff(0.1, 1.0))
    told.send("READY")
    steps.is_armed = True
    store.recover()
    sender.start()
    if errand.confirms:
        _lead(store, packets, told)
    deadline = time.monotonic() + _WAIT_S
    while outbox.entries() and time.monotonic() < deadline:
        time.sleep(0.02)
    sender.close()
    steps.is_armed = False
    node.close()
    client.close()
    told.send(f"STEPS {steps.taken}")
    sys.exit(1 if outbox.entries() else 0)


def _lead(store: CaseStore, packets: list[Packet], told: Connection) -> None:
    """Confirm a lead at second 4 of the clip, and seal its package after second 6."""
    camera = Camera(camera_id(CAMERA), CAMERA, SourceUrl("rtsp://camera/1"), StreamSettings())
    lead = _confirmed(packets)
    ring, log = PacketRing(60, 64 << 20), DetectionLog(60)
    for packet in packets:
        ring.append(packet)
        log.append(packet.time, Detections.empty())
    case = store.open_case(lead, Site(camera), _WITNESS, RingClips(ring), log, pre_roll_s=2, post_roll_s=2)
    told.send(f"CONFIRMED {case.lead_id}")
    store.finish_case(case, replace(lead, state=WorkerLeadState.CLOSED, reason=CloseReason.GONE), RingClips(ring), log)
    told.send(f"SEALED {case.lead_id}")


def _confirmed(packets: list[Packet]) -> Lead:
    times = {second: next(p.time for p in packets if p.time.pts_s >= second) for second in (2, 3, 4)}
    return Lead(
        key=LeadKey(f"{CAMERA}/0/smoke.visible/1"),
        camera_id=camera_id(CAMERA),
        rule_id="smoke.visible",
        rule_version="1.0.0",
        rule_params={"k": 4, "n": 6},
        violation_code="V01_STACK_SMOKE",
        state=WorkerLeadState.CONFIRMED,
        track=1,
        first=times[2],
        confirmed=times[4],
        last=times[4],
        peak=Finding("smoke", (40.0, 60.0, 200.0, 180.0), 0.875, times[3], "", {}),
        observations=5,
    )


def _packets(clip: Path) -> list[Packet]:
    camera = Camera(camera_id(CAMERA), CAMERA, SourceUrl(str(clip)), StreamSettings(pace=Pace.FREE))
    return [packet for packet in AvSource(camera, StreamClock()).packets() if packet.time.pts_s <= Fraction(7)]
