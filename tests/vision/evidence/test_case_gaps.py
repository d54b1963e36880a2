"""Cases whose stream, ring or pictures are incomplete."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api.contract.evidence.manifest import FileRole
from api.contract.evidence.package import read_bytes
from streams.ring import PacketRing
from streams.timing.clock import CaptureTime
from tests.streams.media import number_of
from tests.vision.evidence.made_cases import Desk, numbers_in, posted
from tests.vision.staged import (
    FPS,
    SITE,
    WITNESS,
    closed,
    lead_on,
    log_of,
    ring_of,
    time_at,
)
from vision.evidence.clips import Clip, RingClips, Span
from vision.evidence.package_files import NO_STILLS, write_exhibits


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
