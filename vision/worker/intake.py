"""
The intake: where what a detector found in a frame goes: the camera's rules, evidence, ledger, focus, wall.

Called by the detector pool's threads for every frame taken from the board; of one camera for one at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from api.contract.wire.live import OverlayBox
from models.detections import Detections
from models.pool import Discard
from streams.board import FrameBoard
from streams.camera import CameraId
from streams.frame import Frame
from vision.cluster.focus import FocusTurns
from vision.leads.budget_store import BudgetStore
from vision.leads.lead import CloseReason, LeadChange
from vision.plume.readings import Reading
from vision.rules.rule_set import RuleFailedError
from vision.scene.look import in_source
from vision.worker.watched import WatchedCamera

log = structlog.get_logger(__name__)


class Desk(Protocol):
    """Keeps what evidence will show: `vision.worker.case_thread.CaseThread`."""

    def note(self, frame: Frame, detections: Detections, readings: Sequence[Reading] = ()) -> None:
        """Keep what was detected in a frame, in pixels of the source."""
        ...

    def take(self, watched: WatchedCamera, change: LeadChange) -> None:
        """Take in a lead's change."""
        ...


class Ledger(Protocol):
    """Accounts for what was watched: `vision.coverage.ledger.CoverageLedger`."""

    def analysed(self, camera_id: str, lag_s: float) -> None:
        """Note that a picture, captured `lag_s` before now, has been analysed."""
        ...


class Live(Protocol):
    """Shows the wall what was seen: `vision.worker.live.LivePublisher`."""

    def on_analysed(self, frame: Frame, boxes: Sequence[OverlayBox]) -> None:
        """Take in an analysed frame and its boxes."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """
    Takes in every frame that left the board, and says there when it is done. Thread-safe.

    Attributes:
        watched: the camera of this id that is watched now; ``None`` where none is.

        may_analyse: whether this worker may analyse a frame of the camera now (`vision.cluster.claims.Claims`).
    """

    board: FrameBoard
    watched: Callable[[CameraId], WatchedCamera | None]
    may_analyse: Callable[[CameraId], bool]
    desk: Desk
    ledger: Ledger
    live: Live
    focus: FocusTurns
    budgets: BudgetStore

    def analyse(self, frame: Frame, detections: Detections) -> None:
        """
        Show the camera's rules a frame and what was found in it, in pixels of ``frame.image``.

        Raises `RuleFailedError` after the leads of the other rules have been taken in.
        """
        try:
            watched = self._watched(frame)
            if watched is not None:
                self._show(watched, frame, detections)
        finally:
            self.board.done(frame)

    def give_up(self, frame: Frame, reason: Discard) -> None:
        """Count a frame that was taken and not analysed."""
        log.debug("frame not analysed", camera=frame.camera_id, reason=reason)
        watched = self._watched(frame)
        if watched is not None:
            watched.note_discarded(reason)
        self.board.done(frame)

    def report(self, watched: WatchedCamera, changes: Sequence[LeadChange]) -> None:
        """Hand on what became of a camera's leads; `watched.analysing` is held."""
        for change in changes:
            lead = change.lead
            if lead.reason in {CloseReason.MERGED, CloseReason.NOISY}:
                log.info("lead held back", lead=lead.key, code=lead.violation_code, reason=lead.reason)
            self.desk.take(watched, change)

    def _watched(self, frame: Frame) -> WatchedCamera | None:
        """
        Return whose frame it is; ``None`` where that camera was taken off meanwhile.

        Another one may be watched under its id by then, whose clock has begun anew: this frame would lie in its future.
        The board is asked last: who is watched has its slot already.
        """
        watched = self.watched(frame.camera_id)
        return watched if watched is not None and self.board.holds(frame) else None

    def _show(self, watched: WatchedCamera, frame: Frame, detections: Detections) -> None:
        with watched.analysing:
            if watched.is_over or not self.may_analyse(frame.camera_id):
                return
            try:
                is_new = self._observe(watched, frame, in_source(frame, detections))
            except Exception:
                watched.note_discarded(Discard.FAILED)
                raise  # the pool counts and tells it too; a picture that a rule did not see is no watch
            if not is_new:
                watched.note_out_of_order()
                return
            watched.note_analysed(frame)
            self.budgets.note(frame.camera_id, watched.analyser, frame.time)
            if watched.is_sighted:
                self.ledger.analysed(watched.config.id, watched.lag_s(frame))
            self.focus.note(frame.camera_id, watched.runner, watched.analyser.sign, frame.time)
            boxes = watched.overlay()
        self.live.on_analysed(frame, boxes)

    def _observe(self, watched: WatchedCamera, frame: Frame, detections: Detections) -> bool:
        """Show rules a frame and its boxes, in pixels of the source; return False for one not later than the last."""
        analyser = watched.analyser
        before = analyser.out_of_order
        fault = None
        try:
            changes = analyser.observe(frame, detections)
        except RuleFailedError as error:
            changes, fault = list(error.changes), error
        if analyser.out_of_order > before:
            return False
        try:
            if (shown := analyser.shown) is not None:
                watched.lookback.note(shown, analyser.new_readings)
            self.desk.note(frame, detections, analyser.new_readings)
        finally:  # after what its evidence shows, but whatever becomes of that: a lead is confirmed once
            self.report(watched, changes)
        if fault is not None:
            raise fault
        return True
