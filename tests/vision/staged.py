"""One camera's packets, made in code, and a lead on them: numbered pictures, 25 a second, a key frame a second."""

import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from models.detections import Detections
from models.detector import ModelCard, Runtime
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.frame import Packet
from streams.ring import PacketRing
from streams.source import AvSource
from streams.timing.clock import CaptureTime, StreamClock, UtcSource
from vision.evidence.cases import CaseStore
from vision.evidence.clips import RingClips
from vision.evidence.lead_document import Site, Witness
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.package_files import DetectionLog
from vision.leads.lead import CloseReason, Finding, Lead, LeadKey, WorkerLeadState

FPS = 25
NOW = datetime(2026, 11, 23, 2, 31, tzinfo=UTC)
CAMERA = Camera(camera_id("gate-3"), "三号门", SourceUrl("rtsp://admin:secret@camera/1"), StreamSettings())
SITE = Site(CAMERA)
WITNESS = Witness(
    card=ModelCard("emissions-s", "1.0.0", ("fire", "smoke"), (640, 640), 0.25, "cd" * 32, "onnx-fp16"),
    runtime=Runtime("onnxruntime", "1.32.0", "cpu", "fp32"),
    node="worker-01",
    configuration=b'{"config":{},"schema":"config/1"}',
)


def read_packets(path: Path) -> list[Packet]:
    """All packets of a clip file, as the worker would read them from a camera."""
    camera = replace(CAMERA, source=SourceUrl(str(path)), settings=StreamSettings(pace=Pace.FREE))
    return list(AvSource(camera, StreamClock()).packets())


def ring_of(packets: list[Packet], until_s: float, span_s: float = 90.0) -> PacketRing:
    """A ring into which everything up to `until_s` has been received."""
    ring = PacketRing(span_s, 96 << 20)
    for packet in packets:
        if packet.time.pts_s <= until_s:
            ring.append(packet)
    return ring


def time_at(packets: list[Packet], seconds: float | Fraction) -> CaptureTime:
    """Capture time of the picture shown at `seconds`."""
    return next(packet.time for packet in sorted(packets, key=lambda p: p.pts) if packet.time.pts_s >= seconds)


def lead_on(packets: list[Packet], first: float, confirmed: float, peak: float, last: float) -> Lead:
    """A confirmed smoke lead with the given moments in seconds."""
    return Lead(
        key=LeadKey("gate-3/0/smoke.visible/1"),
        camera_id=CAMERA.id,
        rule_id="smoke.visible",
        rule_version="1.0.0",
        rule_params={"k": 4, "n": 6, "threshold": 0.35, "moving": True},
        violation_code="V04_WASTE_BURN",
        state=WorkerLeadState.CONFIRMED,
        track=1,
        first=time_at(packets, first),
        confirmed=time_at(packets, confirmed),
        last=time_at(packets, last),
        peak=Finding(
            "smoke", (40.0, 60.0, 200.0, 180.0), 0.875, time_at(packets, peak), "yard", {"area_fraction": 0.25}
        ),
        observations=7,
    )


def closed(lead: Lead) -> Lead:
    """The lead after the camera has lost it."""
    return replace(lead, state=WorkerLeadState.CLOSED, reason=CloseReason.GONE)


def log_of(packets: list[Packet], until_s: float) -> DetectionLog:
    """Two analysed pictures a second, smoke in each from second 8 on."""
    log = DetectionLog(90.0)
    smoke = Detections(np.array([[40, 60, 200, 180]], np.float32), np.array([0.8], np.float32), np.array([1], np.int32))
    for number in range(int(until_s * 2) + 1):
        time = time_at(packets, number / 2)
        log.append(time, smoke if number >= 16 else Detections.empty())
    return log


def some_time(seconds: float, epoch: int = 0) -> CaptureTime:
    """A capture time that belongs to no clip."""
    return CaptureTime(Fraction(seconds).limit_denominator(1000), NOW, UtcSource.ARRIVAL, 1.0, epoch)


def main(clip: str, folder: str) -> None:
    """Open a case like a worker does, say so, and be killed."""
    packets = read_packets(Path(clip))
    node = NodeIdentity.open(Path(folder) / "node", "worker-01", NOW)
    store = CaseStore(Path(folder), node, Outbox(Path(folder) / "outbox"), now=lambda: NOW)
    lead = lead_on(packets, 8, 11, 10, 11)
    store.open_case(
        lead, SITE, WITNESS, RingClips(ring_of(packets, 11)), log_of(packets, 11), pre_roll_s=5, post_roll_s=5
    )
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
