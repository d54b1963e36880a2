"""Evidence: what a package shows, and that no cut between confirmation and posting loses a confirmed lead."""

import json
import math
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api.contract.evidence.manifest import FIRST_PACKAGE, FileRole
from api.contract.evidence.package import read_bytes
from api.contract.evidence.report import CheckName, Outcome
from api.contract.evidence.verification import verify_package
from api.contract.trust.sm2 import knows_sm2
from models.detections import Detections
from streams.frame import Packet
from streams.ring import PacketRing
from tests.streams.media import number_of
from tests.vision.evidence.made_cases import Desk, image, numbers_in, posted
from tests.vision.staged import (
    FPS,
    NOW,
    SITE,
    WITNESS,
    closed,
    lead_on,
    log_of,
    ring_of,
    some_time,
    time_at,
)
from vision.evidence.cases import CaseStore
from vision.evidence.clips import RingClips
from vision.evidence.node import NodeIdentity
from vision.evidence.overlay import local_label
from vision.evidence.sm2_key import Sm2Key
from vision.plume.reading_sheet import COLUMNS
from vision.plume.readings import Reading
from vision.plume.validity import Refusal


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


def test_an_unconfirmed_lead_opens_no_case(desk: Desk) -> None:
    """Evidence is made of confirmed leads only."""
    lead = replace(lead_on(desk.packets, 8, 11, 10, 11), confirmed=None)
    with pytest.raises(ValueError, match="not confirmed"):
        desk.store.open_case(lead, SITE, WITNESS, RingClips(PacketRing(1, 1)), log_of(desk.packets, 1))
    assert desk.case_folders() == []
