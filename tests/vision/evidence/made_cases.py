"""A case store with the steps of its usual lead, and what its packages hold."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import PackageFiles, read_bytes
from api.contract.evidence.tarball import open_package
from api.contract.evidence.verification import verify_package
from api.contract.wire.lead import LeadDocument
from streams.decoding.decode import decode_stills
from streams.frame import BgrImage, Packet
from tests.streams.media import number_of
from tests.vision.staged import (
    NOW,
    SITE,
    WITNESS,
    closed,
    lead_on,
    log_of,
    read_packets,
    ring_of,
    time_at,
)
from vision.evidence.cases import CaseStore, OpenCase
from vision.evidence.clips import RingClips
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.leads.lead import Lead


class Desk:
    """A case store with its folders, and the steps of the usual lead on it."""

    def __init__(self, folder: Path, node: NodeIdentity, packets: list[Packet], outbox: Outbox | None = None) -> None:
        self.folder = folder
        self.node = node
        self.packets = packets
        self.outbox = outbox or Outbox(folder / "outbox")
        self.store = CaseStore(folder, node, self.outbox, now=lambda: NOW)

    def open(self, until_s: float = 11.0, camera: str = "gate-3") -> OpenCase:
        """Confirm the lead at second 11."""
        lead = replace(lead_on(self.packets, 8, 11, 10, 11), camera_id=camera)
        ring, log = ring_of(self.packets, until_s), log_of(self.packets, until_s)
        return self.store.open_case(lead, SITE, WITNESS, RingClips(ring), log, pre_roll_s=5, post_roll_s=5)

    def finish(self, case: OpenCase, until_s: float = 18.0, lead: Lead | None = None) -> LeadDocument:
        """Finish a case after its post-roll."""
        newest = lead or closed(replace(case.lead, last=time_at(self.packets, 13)))
        return self.store.finish_case(
            case, newest, RingClips(ring_of(self.packets, until_s)), log_of(self.packets, until_s)
        )

    def case_folders(self) -> list[str]:
        """Names of the cases on disk."""
        return sorted(path.name for path in (self.folder / "cases").iterdir())


def posted(desk: Desk, document: LeadDocument) -> tuple[PackageFiles, Manifest]:
    """The package in the outbox for a lead, verified with the node's certificate and held against the lead."""
    entry = next(entry for entry in desk.outbox.entries() if entry.lead_id == document.lead_id)
    assert entry.lead() == document
    report = verify_package(entry.package, desk.node.certificate_pem, lead_id=document.lead_id)
    assert report.failures == ()
    assert document.evidence is not None
    assert document.evidence.sums_sha256 == report.sums_sha256
    assert report.manifest is not None
    return open_package(entry.package), report.manifest


def image(package: PackageFiles, name: str) -> BgrImage:
    data = np.frombuffer(read_bytes(package, name, 1 << 24), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def numbers_in(clip: Path) -> list[int]:
    packets = read_packets(clip)
    stills = decode_stills(packets, [packet.pts for packet in packets])
    return [number_of(stills[pts]) for pts in sorted(stills)]
