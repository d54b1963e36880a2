"""A camera under watch: its look for the ledger and its health are of one mind."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from api.contract.reasons import GapReason
from models.pool import Discard
from streams.board import FrameBoard
from streams.camera import Camera, SourceUrl, StreamSettings, camera_id
from streams.ring import PacketRing
from streams.runner import StreamState, StreamStatus
from tests.vision.evidence.test_lead_document import a_lead
from tests.vision.faults import YARD, grain, hazy, yard
from tests.vision.moments import START, moment
from vision.config.camera import CameraConfig, ZoneConfig
from vision.coverage.account import Trouble
from vision.leads.lead import Lead, WorkerLeadState
from vision.leads.merging import Merger
from vision.scene.fog import FogWatch
from vision.scene.health import PictureFault, PictureHealth
from vision.worker.watched import WatchedCamera

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass
class Runner:
    """A stream whose counts are set by hand."""

    status: StreamStatus
    camera: Camera = field(
        default_factory=lambda: Camera(camera_id("gate"), "", SourceUrl("rtsp://10.0.0.7/1"), StreamSettings())
    )
    ring: PacketRing = field(default_factory=lambda: PacketRing(10, 1_000_000))

    @property
    def passed_over(self) -> int:
        return self.status.frames_passed_over

    def snapshot(self) -> StreamStatus:
        return self.status


@dataclass
class Analyser:
    """An analyser that says what is wrong with the picture."""

    picture_fault: PictureFault | None = None
    health: PictureHealth = field(default_factory=PictureHealth)
    merger: Merger = field(default_factory=Merger)
    fog: FogWatch = field(default_factory=FogWatch)
    open_leads: tuple[Lead, ...] = ()


def watched(status: StreamStatus, fault: PictureFault | None = None) -> WatchedCamera:
    config = CameraConfig(id="gate", source="rtsp://10.0.0.7/1")
    return WatchedCamera(config, Runner(status), Analyser(fault))  # type: ignore[arg-type]


def playing(**counts: int) -> StreamStatus:
    return StreamStatus(StreamState.PLAYING, NOW, **counts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "fault", "trouble"),
    [
        (StreamStatus(StreamState.CONNECTING, NOW), None, Trouble(GapReason.STARTING)),
        (StreamStatus(StreamState.LOST, NOW, error="refused"), None, Trouble(GapReason.STREAM_LOST, "refused")),
        (playing(packets=50, frames_decoded=3), None, None),
        (playing(packets=50, frames_decoded=3), PictureFault.COVERED, Trouble(GapReason.UNSIGHTED, "covered")),
        (
            StreamStatus(StreamState.LOST, NOW, error="refused"),
            PictureFault.COVERED,
            Trouble(GapReason.STREAM_LOST, "refused"),
        ),
        (playing(packets=50, frames_decoded=3), PictureFault.MOVED, None),
    ],
)
def test_the_look_and_the_health_name_the_same_trouble(
    status: StreamStatus, fault: PictureFault | None, trouble: Trouble | None
) -> None:
    """The stream's trouble counts first; a covered camera watches nothing, whatever is analysed, a moved one does."""
    camera = watched(status, fault)
    camera.analysed = 2
    board = FrameBoard()
    assert camera.look(board).trouble == trouble
    health = camera.health("w1", board)
    assert (health.trouble, health.trouble_detail) == (
        (None, "") if trouble is None else (trouble.reason, trouble.detail)
    )
    assert camera.is_sighted is (fault is not PictureFault.COVERED)


def test_drops_are_told_by_reason_and_in_all() -> None:
    """What decoding left out, what never came or not in order, what was too old and what the detector failed on."""
    counts = {"frames_skipped": 4, "frames_passed_over": 3, "frames_undelivered": 50}
    camera = watched(playing(packets=9, frames_decoded=9, **counts))
    camera.note_discarded(Discard.STALE)
    camera.note_discarded(Discard.STALE)
    camera.note_discarded(Discard.FAILED)
    camera.note_out_of_order()
    board = FrameBoard()
    dropped = camera.look(board).counters.dropped
    expected = {"replaced": 0, "skipped": 4, "passed_over": 3, "undelivered": 50, "out_of_order": 1}
    expected |= {"stale": 2, "failed": 1}
    assert dropped == expected
    health = camera.health("w1", board)
    assert camera.late(board) == 3 + 2
    assert (health.dropped, health.frames_dropped, health.interval_limit_s) == (dropped, 61, 5.0)


def test_what_is_wrong_with_a_connected_camera_is_found_and_named() -> None:
    """A picture fault, a clock that is more than 2 s off and a noisy camera are findings; a sound camera has none."""
    sound = watched(playing(clock_offset_s=1.9)).health("w", FrameBoard())  # type: ignore[arg-type]
    assert sound.findings == []

    faulty = watched(playing(clock_offset_s=-2.5), PictureFault.COVERED)  # type: ignore[arg-type]
    faulty.analyser.merger.suppressed, faulty.analyser.merger.merged = 2, 5
    health = faulty.health("w", FrameBoard())
    assert [(each.kind.value, each.detail) for each in health.findings] == [("covered", ""), ("clock_offset", "-2.5 s")]
    assert (health.leads_merged, health.leads_suppressed) == (5, 2)


def test_owners_that_the_register_does_not_know_are_told() -> None:
    """Each once, by the zones as they are now; the wall warns where they are drawn."""
    polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    owners = ("one works", "", "somebody", "914403001922038216", "somebody")
    zones = tuple(ZoneConfig(name=f"z{i}", polygon=polygon, owner=owner) for i, owner in enumerate(owners))
    camera = watched(playing())
    camera.register = {"one works"}
    assert camera.health("w", FrameBoard()).unknown_owners == []
    camera.config = camera.config.model_copy(update={"zones": zones})
    assert camera.health("w", FrameBoard()).unknown_owners == ["somebody", "914403001922038216"]


def test_a_moved_camera_is_a_finding_and_no_fault_of_its_picture() -> None:
    """The operator is told since when, and that it is watched; nothing says that it is blind."""
    camera = watched(playing())
    for number in range(60):
        image = grain(YARD if number < 30 else yard(2), number)
        fault = camera.analyser.health.observe(image, moment(float(number)))
    assert fault is PictureFault.MOVED
    moved = watched(playing(), fault)
    moved.analyser.health = camera.analyser.health  # type: ignore[misc]
    health = moved.health("w", FrameBoard())
    [finding] = health.findings
    assert (finding.kind.value, finding.since) == ("moved", moment(30.0).utc)
    assert finding.detail == "at once; the new view is watched, its zones may be off"
    assert health.picture_fault == ""


def test_fog_over_the_picture_is_a_finding_with_its_time() -> None:
    """It is told since when, and that smoke makes no lead meanwhile."""
    camera = watched(playing())
    for seconds in range(60):
        image = grain(YARD // 2, seconds) if seconds < 40 else hazy(seconds, 0.2)
        camera.analyser.fog.observe(image, moment(float(seconds)))
    [finding] = camera.health("w", FrameBoard()).findings  # type: ignore[arg-type]
    assert (finding.kind.value, finding.detail) == ("fog", "fog may pass for smoke")
    assert finding.since is not None
    assert 40 <= (finding.since - START).total_seconds() <= 44


def test_leads_that_go_on_are_told_as_they_stand() -> None:
    """How long by now, and what was measured so far; the wall finds the filed lead by rule and confirmation."""
    going = replace(
        a_lead(), rule_id="stack.grade", state=WorkerLeadState.CONFIRMED, first=moment(0), confirmed=moment(75),
        last=moment(1265), reason=None,
    )  # fmt: skip
    camera = watched(playing(packets=1))
    camera.analyser.open_leads = (going,)  # type: ignore[misc]
    (told,) = camera.health("w", FrameBoard()).open_leads

    assert (told.rule, told.confirmed, told.duration_s) == ("stack.grade", moment(75).utc, 1265.0)
    assert (told.grade, told.opacity_pct) == (None, None)
