"""Evidence: what a package shows, and that no cut between confirmation and posting loses a confirmed lead."""

import errno
import json
import math
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from api.contract.evidence.manifest import FIRST_PACKAGE, FileRole, Manifest
from api.contract.evidence.package import PackageError, PackageFiles, read_bytes
from api.contract.evidence.report import CheckName, Outcome
from api.contract.evidence.tarball import open_package
from api.contract.evidence.verification import verify_package
from api.contract.trust.sm2 import knows_sm2
from api.contract.trust.stamp import StampError
from api.contract.wire.lead import LeadDocument
from models.detections import Detections
from streams.decoding.decode import decode_stills
from streams.frame import BgrImage, Packet
from streams.ring import PacketRing
from streams.timing.clock import CaptureTime
from tests.streams.media import make_clip, number_of
from tests.vision.staged import (
    FPS,
    NOW,
    SITE,
    WITNESS,
    closed,
    lead_on,
    log_of,
    read_packets,
    ring_of,
    some_time,
    time_at,
)
from vision.durable import StorageError
from vision.evidence.cases import RESTARTED, CaseStore, OpenCase
from vision.evidence.clips import Clip, RingClips, Span
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.overlay import local_label
from vision.evidence.package_files import NO_STILLS, AnalysedFrame, DetectionLog, write_exhibits
from vision.evidence.sm2_key import Sm2Key
from vision.leads.lead import Lead
from vision.plume.reading_sheet import COLUMNS
from vision.plume.readings import Reading
from vision.plume.validity import Refusal


@pytest.fixture(scope="session")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("scene") / "scene.mp4", seconds=20, fps=FPS, gop=FPS, b_frames=2)


@pytest.fixture(scope="session")
def packets(clip_path: Path) -> list[Packet]:
    return read_packets(clip_path)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeIdentity]:
    identity = NodeIdentity.open(tmp_path / "node", "worker-01", NOW)
    yield identity
    identity.close()


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


@pytest.fixture
def desk(tmp_path: Path, node: NodeIdentity, packets: list[Packet]) -> Desk:
    return Desk(tmp_path / "evidence", node, packets)


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


def test_a_case_is_on_disk_before_it_is_announced(desk: Desk) -> None:
    """At confirmation the clip so far, stills, overlay, detections and facts are there; the lead names no evidence."""
    case = desk.open()
    place = desk.folder / "cases" / case.lead_id
    day = case.document.event.confirmed.astimezone(ZoneInfo("Asia/Shanghai"))
    assert case.lead_id == f"L{day:%Y%m%d}-{desk.node.number:03d}001"
    assert sorted(path.name for path in (place / "exhibits").iterdir()) == [
        "clip.mp4", "config.json", "detections.jsonl", "f0001.png", "f0002.png", "f0003.png", "overlay.jpg",
    ]  # fmt: skip
    assert case.document.evidence is None
    assert [number_of(still.image) for still in case.stills] == [8 * FPS, 10 * FPS, 11 * FPS]
    assert desk.outbox.entries() == []


def test_a_finished_case_shows_the_event_from_pre_roll_to_post_roll(desk: Desk, tmp_path: Path) -> None:
    """The clip holds every picture of the span; stills are first, peak, confirmed and last; nothing is missing."""
    document = desk.finish(desk.open())
    package, manifest = posted(desk, document)
    (tmp_path / "clip.mp4").write_bytes(read_bytes(package, "clip.mp4", 1 << 24))
    assert numbers_in(tmp_path / "clip.mp4") == list(range(3 * FPS, 16 * FPS + 1))
    stills = [name for name in package.sizes if name.startswith("f0")]
    assert [number_of(image(package, name)) for name in sorted(stills)] == [8 * FPS, 10 * FPS, 11 * FPS, 13 * FPS]
    assert manifest.gaps == []
    package.close()
    assert desk.case_folders() == []


def test_a_package_holds_the_readings_of_the_half_hour_before_its_clip_ends(desk: Desk, packets: list[Packet]) -> None:
    """Those above the lead's outlet, with a number or a refusal, and not those of later; and the package verifies."""
    log = log_of(packets, 18)
    spans = [("yard", 0.0, None), ("other", 0.0, None), ("yard", 8.0, 0.6), ("yard", 17.0, 0.9)]
    for zone, start_s, opacity in spans:
        start, end = (time_at(packets, start_s + ahead) for ahead in (0.0, 1.0))
        refusal = Refusal.NO_CONTRAST if opacity is None else None
        log.append(end, Detections.empty(), [Reading(zone, start, end, refusal, opacity)])
    case = desk.open()
    newest = closed(replace(case.lead, last=time_at(packets, 13)))
    document = desk.store.finish_case(case, newest, RingClips(ring_of(packets, 18)), log)
    package, manifest = posted(desk, document)
    lines = read_bytes(package, "readings.csv", 1 << 20).decode().splitlines()
    package.close()
    rows = [dict(zip(COLUMNS, line.split(","), strict=True)) for line in lines[1:]]
    assert [(row["zone"], row["opacity_pct"], row["validity"]) for row in rows] == [
        ("yard", "", "no_contrast"),
        ("yard", "60.0", "valid"),
    ]
    (file,) = (file for file in manifest.files if file.name == "readings.csv")
    assert (file.role, file.source) == (FileRole.DERIVED, "stream")


def test_the_manifest_tells_what_is_known(desk: Desk, packets: list[Packet]) -> None:
    """Clocks, stream, model, rule and values are the worker's; the address is hashed; the rest is null."""
    package, manifest = posted(desk, desk.finish(desk.open()))
    package.close()
    assert manifest.time.first_utc == time_at(packets, 3).utc.replace(
        microsecond=time_at(packets, 3).utc.microsecond // 1000 * 1000
    )
    assert (manifest.time.source, manifest.time.uncertainty_s, manifest.time.epoch) == ("file", 86400, 0)
    assert manifest.time.first_pts == min(p.pts for p in packets if p.time.pts_s >= 3)
    assert (manifest.stream.codec, manifest.stream.width, manifest.stream.height) == ("h264", 320, 240)
    assert manifest.stream.fps == pytest.approx(FPS, abs=0.01)
    assert manifest.stream.url_sha256 == SITE.camera.source.sha256
    assert manifest.rule.params == {"k": 4, "n": 6, "threshold": 0.35, "moving": True}
    assert manifest.measurements.peak_xyxy == (40, 60, 200, 180)
    assert manifest.runtime.worker_id == "worker-01"
    assert manifest.config_sha256 == next(entry.sha256 for entry in manifest.files if entry.name == "config.json")
    assert manifest.camera.lon is None
    assert b"secret" not in manifest.to_bytes()
    roles = {entry.name: (entry.role, entry.source, entry.operation) for entry in manifest.files}
    assert roles["clip.mp4"][0] is FileRole.ORIGINAL
    assert roles["f0002.png"] == (FileRole.DERIVED, "clip.mp4", "decoded at 7.000 s: peak")
    assert roles["overlay.jpg"][1] == "f0002.png"
    assert all(entry.sm3 for entry in manifest.files)


def test_the_overlay_has_the_peak_and_its_box(desk: Desk) -> None:
    """The box is drawn on the picture in which it was found, around what was found."""
    package, _ = posted(desk, desk.finish(desk.open()))
    overlay, still = image(package, "overlay.jpg"), image(package, "f0002.png")
    package.close()
    assert number_of(overlay) == 10 * FPS
    assert overlay.shape == still.shape
    edge = overlay[100:140, 39:42].astype(int).mean(axis=(0, 1))
    assert edge[2] > 180
    assert edge[0] < 110
    assert np.abs(overlay[100:140, 100:140].astype(int) - still[100:140, 100:140]).mean() < 6


def test_detections_are_placed_in_the_clip(desk: Desk) -> None:
    """One line an analysed picture within the clip, with its second of the clip, empty results included."""
    package, _ = posted(desk, desk.finish(desk.open()))
    lines = [json.loads(line) for line in read_bytes(package, "detections.jsonl", 1 << 20).splitlines()]
    package.close()
    assert [line["clip_s"] for line in lines] == [math.ceil(n * FPS / 2) / FPS for n in range(27)]
    assert [line["pts_s"] for line in lines][:2] == [3.0, 3.52]
    assert lines[0]["boxes"] == []
    assert lines[-1]["boxes"] == [{"class": "smoke", "confidence": 0.8, "xyxy": [40, 60, 200, 180]}]


def test_packages_of_a_camera_are_chained(desk: Desk) -> None:
    """Each names the hash of the one before it; another camera has a chain of its own; a restart goes on."""
    first = desk.finish(desk.open())
    second = desk.finish(desk.open())
    other = desk.finish(desk.open(camera="gate-4"))
    again = Desk(desk.folder, desk.node, desk.packets)
    third = again.finish(again.open())
    previous = [posted(again, document)[1].prev_package_sha256 for document in (first, second, other, third)]
    sums = [document.evidence.sums_sha256 for document in (first, second) if document.evidence]
    assert previous == [FIRST_PACKAGE, sums[0], FIRST_PACKAGE, sums[1]]


def test_a_lost_chain_is_told_and_begun_anew(desk: Desk) -> None:
    """Guessing the previous package would be a lie; the gap is stated in the package, the next one is chained again."""
    desk.finish(desk.open())
    (desk.folder / "chain" / "gate-3.json").write_bytes(b"{")
    second = desk.finish(desk.open())
    third = desk.finish(desk.open())
    _, manifest = posted(desk, second)
    assert manifest.prev_package_sha256 == FIRST_PACKAGE
    assert "previous package was lost" in manifest.gaps[0].reason
    assert second.evidence is not None
    assert posted(desk, third)[1].prev_package_sha256 == second.evidence.sums_sha256


def test_a_stream_that_ends_early_leaves_a_stated_gap(desk: Desk) -> None:
    """The post-roll that never came, and the pre-roll that the ring had no more, are in the manifest."""
    case = desk.open()
    document = desk.store.finish_case(
        case,
        closed(case.lead),
        RingClips(ring_of([p for p in desk.packets if p.time.pts_s >= 5], 12.5)),
        log_of(desk.packets, 12.5),
    )
    _, manifest = posted(desk, document)
    assert [(gap.reason, gap.start_s, gap.end_s) for gap in manifest.gaps] == [
        ("no pictures held from before", 3.0, 5.0),
        ("post-roll not complete", pytest.approx(12.5, abs=0.1), 16.0),
    ]


def test_a_pre_roll_that_the_ring_lost_meanwhile_is_in_the_package(desk: Desk, tmp_path: Path) -> None:
    """With a ring too small for the span the clip of the confirmation goes in beside the later one, as an original."""
    case = desk.open()
    ring = ring_of([p for p in desk.packets if p.time.pts_s >= 9], 18)
    package, manifest = posted(desk, desk.store.finish_case(case, case.lead, RingClips(ring), log_of(desk.packets, 18)))
    (tmp_path / "early.mp4").write_bytes(read_bytes(package, "clip-confirmed.mp4", 1 << 24))
    (tmp_path / "late.mp4").write_bytes(read_bytes(package, "clip.mp4", 1 << 24))
    package.close()
    shown = set(numbers_in(tmp_path / "early.mp4")) | set(numbers_in(tmp_path / "late.mp4"))
    assert shown == set(range(3 * FPS, 16 * FPS + 1))
    assert [entry.name for entry in manifest.files if entry.role is FileRole.ORIGINAL] == [
        "clip-confirmed.mp4",
        "clip.mp4",
    ]
    assert [gap.reason for gap in manifest.gaps] == ["no pictures held from before"]


@pytest.mark.parametrize("edge", [math.nan, math.inf, 1e30])
def test_a_box_that_cannot_be_drawn_costs_only_the_overlay(desk: Desk, tmp_path: Path, edge: float) -> None:
    """The drawing is a courtesy; clip, stills and detections are written all the same."""
    lead = lead_on(desk.packets, 8, 11, 10, 11)
    lead = replace(lead, peak=replace(lead.peak, xyxy=(0.0, 0.0, edge, edge)))
    span = Span(0, Fraction(5), Fraction(12), Fraction(11))
    exhibits = write_exhibits(
        tmp_path, "L20261123-001001", lead, span, RingClips(ring_of(desk.packets, 12)), log_of(desk.packets, 12),
        WITNESS, stills=4, zone=ZoneInfo("Asia/Shanghai"),
    )  # fmt: skip
    assert sorted(exhibits.origins) == [
        "clip.mp4",
        "config.json",
        "detections.jsonl",
        "f0001.png",
        "f0002.png",
        "f0003.png",
    ]


@pytest.mark.parametrize(
    ("most", "numbers"),
    [(1, [250]), (2, [200, 250]), (4, [200, 250, 275, 325]), (6, [200, 242, 250, 275, 283, 325])],
)
def test_a_package_holds_as_many_stills_as_configured(
    tmp_path: Path, node: NodeIdentity, packets: list[Packet], most: int, numbers: list[int]
) -> None:
    """The peak comes first (its overlay is there even with one still), then the moments, then pictures between them."""
    desk = Desk(tmp_path / "evidence", node, packets)
    desk.store = CaseStore(desk.folder, node, desk.outbox, stills=most, now=lambda: NOW)
    package, manifest = posted(desk, desk.finish(desk.open()))
    names = sorted(name for name in package.sizes if name.startswith("f0"))
    assert [number_of(image(package, name)) for name in names] == pytest.approx(numbers, abs=1)
    assert "overlay.jpg" in package.sizes
    package.close()
    between = [entry for entry in manifest.files if (entry.operation or "").endswith("between first and last seen")]
    assert len(between) == max(0, most - 4)


@pytest.mark.skipif(not knows_sm2(), reason="the openssl of this machine knows no SM2")
def test_a_case_is_signed_by_sm2_too_where_that_is_wanted(
    tmp_path: Path, node: NodeIdentity, packets: list[Packet]
) -> None:
    """The package that is handed to the outbox has both signatures, and both hold."""
    desk = Desk(tmp_path / "evidence", node, packets)
    (tmp_path / "keys").mkdir(mode=0o700)
    key = Sm2Key.open(tmp_path / "keys", node.name)
    desk.store = CaseStore(desk.folder, node, desk.outbox, sm2=key, now=lambda: NOW)
    package, _ = posted(desk, desk.finish(desk.open()))
    report = verify_package(package, node.certificate_pem)
    package.close()
    assert {check.name for check in report.checks if check.outcome is Outcome.OK} >= {
        CheckName.SIGNATURE,
        CheckName.SM2,
    }


def test_a_lead_carries_the_zone_of_its_site(tmp_path: Path, node: NodeIdentity, packets: list[Packet]) -> None:
    """People read its times in the site's zone, at confirmation and at the end."""
    desk = Desk(tmp_path / "evidence", node, packets)
    desk.store = CaseStore(desk.folder, node, desk.outbox, zone=ZoneInfo("Asia/Urumqi"), now=lambda: NOW)
    case = desk.open()
    assert case.document.event.timezone == "Asia/Urumqi"
    assert desk.finish(case).event.timezone == "Asia/Urumqi"


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        ("Asia/Shanghai", "2026-11-23 10:31:00.000 UTC+8  到达时间（本机时钟），±1.00 s"),
        ("Asia/Kolkata", "2026-11-23 08:01:00.000 UTC+5:30  到达时间（本机时钟），±1.00 s"),
        ("America/St_Johns", "2026-11-22 23:01:00.000 UTC-3:30  到达时间（本机时钟），±1.00 s"),
        ("UTC", "2026-11-23 02:31:00.000 UTC+0  到达时间（本机时钟），±1.00 s"),
    ],
)
def test_the_overlay_s_time_is_the_site_s(zone: str, label: str) -> None:
    """The drawn time is local and names its distance from UTC."""
    assert local_label(some_time(1), ZoneInfo(zone)) == label


class OddClips(RingClips):
    """A ring whose pictures the decoder chokes on."""

    def write(self, span: Span, still_times: Sequence[CaptureTime], path: Path) -> Clip:
        """Fail after the clip is written, as a decoder does."""
        clip = super().write(span, (), path)
        if still_times:
            raise RuntimeError("no conversion for this picture")
        return clip


def test_odd_pictures_cost_no_lead(desk: Desk) -> None:
    """Where no still can be decoded the case opens and is sealed with the clip alone, and says so."""
    lead = lead_on(desk.packets, 8, 11, 10, 11)
    ring = OddClips(ring_of(desk.packets, 18))
    case = desk.store.open_case(lead, SITE, WITNESS, ring, log_of(desk.packets, 11), pre_roll_s=5, post_roll_s=5)
    assert case.stills == ()
    package, manifest = posted(desk, desk.store.finish_case(case, closed(lead), ring, log_of(desk.packets, 18)))
    package.close()
    assert [entry.name for entry in manifest.files] == ["clip.mp4", "config.json", "detections.jsonl"]
    assert [gap.reason for gap in manifest.gaps] == [NO_STILLS]


class WrongStill(RingClips):
    """A ring one of whose pictures cannot be encoded."""

    def write(self, span: Span, still_times: Sequence[CaptureTime], path: Path) -> Clip:
        """Give the peak's picture no content."""
        clip = super().write(span, still_times, path)
        empty = replace(clip.stills[1], image=np.zeros((0, 0, 3), np.uint8))
        return replace(clip, stills=(clip.stills[0], empty, *clip.stills[2:]))


def test_a_picture_that_cannot_be_stored_costs_only_itself(desk: Desk) -> None:
    """The other stills and the clip are kept."""
    lead = lead_on(desk.packets, 8, 11, 10, 11)
    ring = WrongStill(ring_of(desk.packets, 11))
    case = desk.store.open_case(lead, SITE, WITNESS, ring, log_of(desk.packets, 11), pre_roll_s=5, post_roll_s=5)
    assert [number_of(still.image) for still in case.stills] == [8 * FPS, 11 * FPS]
    names = sorted(path.name for path in (desk.folder / "cases" / case.lead_id / "exhibits").iterdir())
    assert names == ["clip.mp4", "config.json", "detections.jsonl", "f0001.png", "f0003.png"]


@pytest.mark.parametrize("fault", [KeyError("odd"), KeyboardInterrupt()])
def test_a_case_that_cannot_be_opened_leaves_nothing(desk: Desk, fault: BaseException) -> None:
    """Whatever goes wrong is raised again, and no half-made folder stays."""

    class Broken(DetectionLog):
        def between(self, *_: object) -> list[AnalysedFrame]:
            raise fault

    lead = lead_on(desk.packets, 8, 11, 10, 11)
    with pytest.raises(type(fault)):
        desk.store.open_case(lead, SITE, WITNESS, RingClips(ring_of(desk.packets, 11)), Broken(90.0))
    assert desk.case_folders() == []


def test_packets_lost_on_the_way_are_a_stated_gap(desk: Desk) -> None:
    """A silence inside the clip is neither filled nor hidden."""
    case = desk.open()
    ring = ring_of([p for p in desk.packets if not 13 <= p.time.pts_s < 15], 18)
    document = desk.store.finish_case(case, closed(case.lead), RingClips(ring), log_of(desk.packets, 18))
    _, manifest = posted(desk, document)
    assert [(gap.reason, gap.end_s) for gap in manifest.gaps] == [("no pictures received", 15.0)]
    assert manifest.gaps[0].start_s == pytest.approx(13.0, abs=0.2)


def test_a_lead_without_any_picture_is_still_reported(desk: Desk) -> None:
    """An empty ring costs the clip, not the lead: the package says so and verifies."""
    lead = lead_on(desk.packets, 8, 11, 10, 11)
    empty = RingClips(PacketRing(90.0, 1 << 20))
    case = desk.store.open_case(lead, SITE, WITNESS, empty, log_of(desk.packets, 11), pre_roll_s=5, post_roll_s=5)
    document = desk.store.finish_case(case, closed(lead), empty, log_of(desk.packets, 16))
    package, manifest = posted(desk, document)
    package.close()
    assert [entry.name for entry in manifest.files] == ["config.json", "detections.jsonl"]
    assert manifest.time.first_utc is None
    assert "no clip" in manifest.gaps[0].reason


def test_an_emptied_ring_falls_back_on_the_pictures_of_the_confirmation(desk: Desk, tmp_path: Path) -> None:
    """If the ring has nothing any more when the case is finished, what was saved at once is sealed."""
    case = desk.open()
    empty = RingClips(PacketRing(90.0, 1 << 20))
    package, manifest = posted(desk, desk.store.finish_case(case, case.lead, empty, log_of(desk.packets, 16)))
    (tmp_path / "clip.mp4").write_bytes(read_bytes(package, "clip.mp4", 1 << 24))
    package.close()
    assert numbers_in(tmp_path / "clip.mp4")[:3] == [3 * FPS, 3 * FPS + 1, 3 * FPS + 2]
    assert [gap.start_s for gap in manifest.gaps] == [pytest.approx(11.0, abs=0.1)]
    assert "no clip" in manifest.gaps[0].reason


def test_a_peak_after_the_clip_is_not_what_the_package_measures(desk: Desk) -> None:
    """The overlay and the measured values are of a picture that the clip shows."""
    case = desk.open()
    late = replace(case.lead.peak, time=time_at(desk.packets, 17), confidence=0.99)
    document = desk.finish(case, lead=replace(case.lead, peak=late))
    assert document.measure.peak_confidence == 0.875
    package, _ = posted(desk, document)
    assert "overlay.jpg" in package.sizes
    package.close()


# Cuts.


def test_kill_9_after_confirmation_loses_only_the_post_roll(
    clip_path: Path, tmp_path: Path, packets: list[Packet]
) -> None:
    """A worker killed right after opening a case: the next start seals and queues it, and says what is missing."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.vision.staged", str(clip_path), str(folder)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    node = NodeIdentity.open(folder / "node", "worker-01", NOW)
    desk = Desk(folder, node, packets)
    [document] = desk.store.recover()
    package, manifest = posted(desk, document)
    (tmp_path / "clip.mp4").write_bytes(read_bytes(package, "clip.mp4", 1 << 24))
    package.close()
    node.close()
    shown = numbers_in(tmp_path / "clip.mp4")
    assert shown[0] == 3 * FPS
    assert shown[-1] >= 11 * FPS - 2
    assert [(gap.reason, gap.end_s) for gap in manifest.gaps] == [(RESTARTED, 16.0)]
    assert desk.case_folders() == []
    assert desk.store.recover() == []


class FullOutbox(Outbox):
    """An outbox whose disk is full."""

    def put(self, package: Path, lead: LeadDocument) -> None:
        """Refuse."""
        raise StorageError(f"{package} of {lead.lead_id} could not be stored: No space left on device")


def leave_half_case(desk: Desk, lead_id: str) -> None:
    (desk.folder / "cases" / lead_id).rename(desk.folder / "cases" / f"{lead_id}.partial")


def leave_half_package(desk: Desk, lead_id: str) -> None:
    place = desk.folder / "cases" / lead_id
    shutil.copytree(place / "exhibits", place / f"{lead_id}.partial")
    (place / f"{lead_id}.partial" / "manifest.json").write_bytes(b"{")
    (place / "lead.json").write_bytes(b'{"half')


@pytest.mark.parametrize(("cut", "recovered"), [(leave_half_case, 0), (leave_half_package, 1)])
def test_what_is_half_written_is_made_anew_or_removed(
    desk: Desk, cut: Callable[[Desk, str], None], recovered: int
) -> None:
    """A case that was not yet opened is gone (it was not announced either); a half-made package is made again."""
    cut(desk, desk.open().lead_id)
    again = Desk(desk.folder, desk.node, desk.packets)
    documents = again.store.recover()
    assert len(documents) == recovered
    for document in documents:
        posted(again, document)[0].close()
    assert again.case_folders() == []


def test_a_sealed_package_is_delivered_as_it_is(desk: Desk) -> None:
    """Cut (or full disk) between sealing and queueing: recovery queues the same bytes and forks no chain."""
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    case = full.open()
    with pytest.raises(StorageError):
        full.finish(case)
    sealed = full.folder / "cases" / case.lead_id / case.lead_id
    sums = (sealed / "SHA256SUMS").read_bytes()
    again = Desk(desk.folder, desk.node, desk.packets)
    [document] = again.store.recover()
    package, manifest = posted(again, document)
    assert read_bytes(package, "SHA256SUMS", 1 << 20) == sums
    assert manifest.gaps == []
    package.close()
    following = again.finish(again.open())
    assert document.evidence is not None
    assert posted(again, following)[1].prev_package_sha256 == document.evidence.sums_sha256


def test_recovery_touches_no_case_of_this_run(desk: Desk) -> None:
    """A recovery that had to be repeated (a full disk) does not seal what is still being received."""
    left = desk.open()
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    with pytest.raises(StorageError, match="No space left"):
        full.store.recover()
    again = Desk(desk.folder, desk.node, desk.packets)
    case = again.open()
    assert [document.lead_id for document in again.store.recover()] == [left.lead_id]
    assert again.store.recover() == []
    assert again.case_folders() == [case.lead_id]
    posted(again, again.finish(case))[0].close()


def test_a_case_can_be_finished_again_after_a_full_disk(desk: Desk) -> None:
    """The chain holds although a later package of the camera was delivered before the earlier one."""
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    case = full.open()
    with pytest.raises(StorageError, match="No space left"):
        full.finish(case)
    second = desk.finish(desk.open())
    first = desk.finish(case)
    third = desk.finish(desk.open())
    sums = [document.evidence.sums_sha256 for document in (first, second) if document.evidence]
    previous = [posted(desk, document)[1].prev_package_sha256 for document in (first, second, third)]
    assert previous == [FIRST_PACKAGE, *sums]


def test_a_cut_between_queueing_and_forgetting_queues_nothing_twice(desk: Desk) -> None:
    """The case is still there although its package is in the outbox: recovery only forgets it."""
    case = desk.open()
    place = desk.folder / "cases" / case.lead_id
    saved = desk.folder / "saved"
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    with pytest.raises(StorageError):
        full.finish(case)
    shutil.copytree(place, saved)
    desk.finish(case)
    saved.rename(place)
    again = Desk(desk.folder, desk.node, desk.packets)
    [document] = again.store.recover()
    assert [entry.lead_id for entry in again.outbox.entries()] == [document.lead_id]
    assert again.case_folders() == []


@pytest.mark.parametrize("damage", ["case.json", "clip.mp4", "empty"])
def test_a_damaged_case_is_put_aside_and_the_others_recovered(desk: Desk, damage: str) -> None:
    """What the disk has spoilt stops nobody else and is kept for a person to look at."""
    spoilt, whole = desk.open(), desk.open()
    place = desk.folder / "cases" / spoilt.lead_id
    if damage == "case.json":
        (place / "case.json").write_bytes(b"")
    elif damage == "clip.mp4":
        (place / "exhibits" / "clip.mp4").unlink()
    else:
        shutil.rmtree(place)
        place.mkdir()
    again = Desk(desk.folder, desk.node, desk.packets)
    assert [document.lead_id for document in again.store.recover()] == [whole.lead_id]
    assert [path.name for path in (desk.folder / "damaged").iterdir()] == [spoilt.lead_id]


class ShyNode:
    """A node whose signature fails as often as it has faults left."""

    def __init__(self, node: NodeIdentity, *faults: Exception) -> None:
        self._node = node
        self._faults = list(faults)
        self.certificate_pem = node.certificate_pem

    def sign(self, data: bytes) -> bytes:
        """Raise the next fault; sign where none is left."""
        if self._faults:
            raise self._faults.pop(0)
        return self._node.sign(data)


@pytest.mark.parametrize(
    "fault",
    [
        StampError("openssl dgst does not do SM2 on this machine"),
        PackageError("clip.mp4 has 600000000 bytes, more than the 536870912 allowed"),
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        RuntimeError("odd"),
    ],
)
def test_a_sound_case_that_cannot_be_sealed_now_is_recovered_later(desk: Desk, fault: Exception) -> None:
    """Whatever fails but reading says nothing of the case: it stays where it is, the others are recovered meanwhile."""
    first, second = desk.open(), desk.open()
    node = ShyNode(desk.node, fault)
    store = CaseStore(desk.folder, node, desk.outbox, now=lambda: NOW)  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        store.recover()
    assert [entry.lead_id for entry in desk.outbox.entries()] == [second.lead_id]
    assert list((desk.folder / "damaged").iterdir()) == []
    [document] = store.recover()
    assert document.lead_id == first.lead_id
    posted(desk, document)[0].close()


def test_a_machine_without_a_free_file_damages_no_case(desk: Desk) -> None:
    """A case that cannot be opened because too many files are open is read once there are some again."""
    case = desk.open()
    again = Desk(desk.folder, desk.node, desk.packets)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(StorageError, match="Too many open files"):
            again.store.recover()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert again.case_folders() == [case.lead_id]
    [document] = again.store.recover()
    posted(again, document)[0].close()


def test_a_full_disk_at_confirmation_leaves_nothing_half_written(desk: Desk) -> None:
    """Opening raises, leaves no case, and works once there is space; no number is lost over it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match="File too large"):
            desk.open()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert desk.case_folders() == []
    assert desk.open().lead_id.endswith("001")
    assert desk.open().lead_id.endswith("002")


def test_an_unconfirmed_lead_opens_no_case(desk: Desk) -> None:
    """Evidence is made of confirmed leads only."""
    lead = replace(lead_on(desk.packets, 8, 11, 10, 11), confirmed=None)
    with pytest.raises(ValueError, match="not confirmed"):
        desk.store.open_case(lead, SITE, WITNESS, RingClips(PacketRing(1, 1)), log_of(desk.packets, 1))
    assert desk.case_folders() == []
