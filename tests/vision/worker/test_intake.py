"""The intake: what is done with a frame that left the board, and with one that comes too late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import pytest

from api.contract.wire.live import OverlayBox
from models.detections import Detections
from models.pool import Discard
from streams.board import FrameBoard
from streams.camera import Camera, CameraId, SourceUrl, camera_id
from streams.frame import BgrImage, Frame
from streams.runner import CameraRunner
from streams.timing.clock import CaptureTime
from streams.watch import WatchReason
from tests.vision.moments import CARD, boxes, flickering, frame, grainy, moment, still_image
from vision.analysis.analyser import CameraAnalyser
from vision.analysis.lookback import Lookback
from vision.cluster.focus import FocusTurns
from vision.config.worker import BudgetConfig, parse_config
from vision.leads.budget_store import BudgetStore
from vision.leads.lead import CloseReason, Lead, LeadChange, WorkerLeadState
from vision.plume.readings import Reading
from vision.rules.rule import View
from vision.rules.rule_set import RuleFailedError
from vision.worker.intake import Intake
from vision.worker.watched import WatchedCamera

CAM = camera_id("cam")
NOTHING = Detections.empty()
PLUME = (100, 60, 160, 120)
SMOKE = boxes(("smoke", 0.6, PLUME))


@dataclass
class Runner:
    """A camera's thread in name only: nothing comes of itself."""

    camera: Camera = field(default_factory=lambda: Camera(CAM, "", SourceUrl("rtsp://10.0.0.7/1")))
    takes_turns: bool = False

    def focus(self, reason: WatchReason, since: CaptureTime) -> None:
        """Nothing is decoded."""

    def relax(self, reason: WatchReason = WatchReason.USUAL) -> None:
        """Nothing is decoded."""


@dataclass
class Outside:
    """Cases, ledger and wall at once: what they were given, as the seconds of the frame."""

    noted: list[Fraction] = field(default_factory=list)
    changes: list[LeadChange] = field(default_factory=list)
    accounted: int = 0
    shown: list[Fraction] = field(default_factory=list)

    def note(self, frame: Frame, detections: Detections, readings: Sequence[Reading] = ()) -> None:  # noqa: ARG002
        """Note it."""
        self.noted.append(frame.time.pts_s)

    def take(self, watched: WatchedCamera, change: LeadChange) -> None:  # noqa: ARG002
        """Note it."""
        self.changes.append(change)

    def analysed(self, camera_id: str, lag_s: float) -> None:
        """Count it."""
        assert (camera_id, lag_s) == (CAM, 0.0)
        self.accounted += 1

    def on_analysed(self, frame: Frame, boxes: Sequence[OverlayBox]) -> None:  # noqa: ARG002
        """Note it."""
        self.shown.append(frame.time.pts_s)


class Broken:
    """A rule that fails on every picture."""

    id = "broken"
    states: Mapping[int, WorkerLeadState] = {}
    held = undecided = renounced = frozenset[int]()
    open_leads: Sequence[Lead] = ()

    def observe(self, view: View) -> list[LeadChange]:
        """Fail."""
        raise ValueError(view.resolution_wh)

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """End nothing."""
        assert reason is not None
        return []


class Site:
    """A worker's board, its one camera and whoever is told of what its frames show."""

    def __init__(self, folder: Path) -> None:
        self.board = FrameBoard()
        self.cameras: dict[CameraId, WatchedCamera] = {}
        self.outside = Outside()
        self.may_analyse = True
        self.intake = Intake(
            board=self.board,
            watched=self.cameras.get,
            may_analyse=lambda _: self.may_analyse,
            cases=self.outside,
            ledger=self.outside,
            live=self.outside,
            focus=FocusTurns(1),
            budgets=BudgetStore(folder, BudgetConfig()),
        )

    def watch(self) -> WatchedCamera:
        """Begin to watch the camera; where it is watched already, end that before."""
        self.board.remove(CAM)
        self.board.add(CAM)
        config = parse_config({"cameras": [{"id": CAM, "source": "rtsp://10.0.0.7/1"}]})
        analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
        runner = cast("CameraRunner", Runner())
        watched = WatchedCamera(config.cameras[0], runner, analyser, lookback=Lookback(CARD.class_names))
        self.cameras[CAM] = watched
        return watched

    def take(self, seconds: float, image: BgrImage | None = None) -> Frame:
        """Return the frame of this time, posted and taken."""
        shown = grainy(still_image(), seconds) if image is None else image
        self.board.post(frame(shown, moment(seconds)))
        (taken,) = self.board.take(1, 0)
        return taken


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site where nothing is watched yet."""
    return Site(tmp_path)


def test_a_frame_of_no_camera_is_let_go(site: Site) -> None:
    """Without a camera under watch nothing is told, and nothing fails."""
    lone = frame(still_image(), moment(1.0))
    site.intake.analyse(lone, NOTHING)
    site.intake.give_up(lone, Discard.STALE)
    assert site.outside == Outside()


def test_an_analysed_frame_reaches_evidence_ledger_and_wall(site: Site) -> None:
    """Each of them is told once, and the camera's next frame may be taken."""
    watched = site.watch()
    for second in (1.0, 2.0):
        site.intake.analyse(site.take(second), NOTHING)
    assert site.outside == Outside(noted=[1, 2], accounted=2, shown=[1, 2])
    assert (watched.analysed, site.board.is_idle(CAM)) == (2, True)


def test_a_frame_that_may_not_be_analysed_any_more_counts_as_nothing(site: Site) -> None:
    """Another worker has the camera: this one's rules are not shown its frame."""
    watched = site.watch()
    late = site.take(1.0)
    site.may_analyse = False
    site.intake.analyse(late, NOTHING)
    assert (site.outside, watched.analysed, site.board.is_idle(CAM)) == (Outside(), 0, True)


def test_a_frame_of_the_camera_before_does_not_blind_the_one_that_replaces_it(site: Site) -> None:
    """An hour into a stream its camera is edited: the new one's clock begins at 0, and its pictures are analysed."""
    before = site.watch()
    old = site.take(3600.0)
    after = site.watch()
    first = site.take(1.0)
    site.intake.analyse(old, NOTHING)
    assert site.board.holds(first)
    site.intake.analyse(first, NOTHING)
    for second in (2.0, 3.0):
        site.intake.analyse(site.take(second), NOTHING)
    assert (before.analysed, after.analysed, after.analyser.out_of_order) == (0, 3, 0)
    assert site.outside == Outside(noted=[1, 2, 3], accounted=3, shown=[1, 2, 3])


def test_a_given_up_frame_of_the_camera_before_is_not_the_new_one_s_loss(site: Site) -> None:
    """It is counted at nobody's and frees nobody's place; a frame of its own is, and does."""
    site.watch()
    old = site.take(3600.0)
    after = site.watch()
    own = site.take(1.0)
    site.intake.give_up(old, Discard.FAILED)
    assert (after.discarded[Discard.FAILED], site.board.holds(own)) == (0, True)
    site.intake.give_up(own, Discard.FAILED)
    assert (after.discarded[Discard.FAILED], site.board.holds(own)) == (1, False)


def test_a_picture_that_rules_were_not_shown_is_not_watched(site: Site) -> None:
    """One that is not later than the last is counted as such, and neither evidence, ledger nor wall are told of it."""
    watched = site.watch()
    for second in (5.0, 4.0, 5.0, 6.0):
        site.intake.analyse(site.take(second), NOTHING)
    assert (watched.analysed, watched.out_of_order) == (2, 2)
    assert site.outside == Outside(noted=[5, 6], accounted=2, shown=[5, 6])
    assert site.board.is_idle(CAM)


def test_a_rule_that_fails_costs_the_watch_and_not_the_others_leads(site: Site) -> None:
    """Its pictures are counted as failed at their camera and not as watched; what other rules find is told."""
    watched = site.watch()
    bench = watched.analyser._rule_set
    bench._rules = (Broken(), *bench._rules)
    for number in range(8):
        with pytest.raises(RuleFailedError, match="broken"):
            site.intake.analyse(site.take(number / 2, flickering(number / 2, PLUME)), SMOKE)
    assert (watched.discarded[Discard.FAILED], watched.analysed, site.outside.accounted) == (8, 0, 0)
    assert {change.lead.rule_id for change in site.outside.changes} == {"smoke.visible"}
    assert site.board.is_idle(CAM)


def test_what_cannot_be_noted_costs_no_lead(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lead is confirmed in one picture: a fault over what is kept of that picture loses a box, and not the lead."""
    watched = site.watch()

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(site.outside, "note", fail)
    for number in range(40):
        with pytest.raises(MemoryError):
            site.intake.analyse(site.take(number / 2, flickering(number / 2, PLUME)), SMOKE)
    assert watched.discarded[Discard.FAILED] == 40
    assert WorkerLeadState.CONFIRMED in {change.lead.state for change in site.outside.changes}
    assert site.board.is_idle(CAM)
