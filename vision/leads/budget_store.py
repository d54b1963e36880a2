"""Budget store: keeps each watched camera to its budget of false leads, and its history on disk."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from api.contract.review import LeadReview
from api.contract.wire.camera_health import BudgetDay, FalseLeadBudget
from streams.camera import CameraId
from streams.timing.clock import CaptureTime
from vision.config.camera import CameraConfig
from vision.config.sections import BudgetConfig
from vision.durable import StorageError
from vision.leads.budget import Range
from vision.leads.climb import Climb
from vision.leads.score_history import ScoreHistories, history_path, read_histories, write_histories
from vision.leads.verdicts import NO_VERDICTS, Verdicts

log = structlog.get_logger(__name__)

RENEWED_S = 600.0
"""Seconds of watching after which a history is written and the value updated."""

RETOLD_S = 60.0
"""Seconds of watching after which the report for the API is updated."""

LONGEST_STEP_S = 10.0
"""Seconds between two pictures beyond which the time between them was not watched."""


class Budgeted(Protocol):
    """A camera's analyser: `vision.analysis.analyser.CameraAnalyser`."""

    @property
    def budget_range(self) -> Range | None:
        """What a budget may set; ``None`` where it may set nothing."""
        ...

    def adopt(self, value: float) -> None:
        """Open leads at this value."""
        ...

    def take_climbs(self) -> Sequence[Climb]:
        """Return the climbs of the tracks that ended since the last call."""
        ...


@dataclass(slots=True)
class _Camera:
    histories: ScoreHistories
    verdicts: Verdicts
    most_a_day: float
    range: Range
    value: float
    last: CaptureTime | None = None
    unsaved_s: float = 0.0
    untold_s: float = 0.0
    told: FalseLeadBudget | None = None


class BudgetStore:
    """
    Keeps a worker's cameras to their budgets; one call a camera at a time, except `report`.

    Only live cameras count: a replay has no history and gives the same leads every time.
    """

    def __init__(self, folder: Path, config: BudgetConfig) -> None:
        self._folder = folder
        self._config = config
        self._cameras: dict[CameraId, _Camera] = {}

    def begin(self, camera: CameraConfig, analyser: Budgeted) -> None:
        """Read a camera's history and set the value that follows from it."""
        most = self._config.false_leads_a_day if camera.false_leads_a_day is None else camera.false_leads_a_day
        limits = analyser.budget_range
        camera_id = CameraId(camera.id)
        self.end(camera_id, analyser)
        if most <= 0 or limits is None:
            return
        path = history_path(self._folder, camera.id)
        try:
            histories, verdicts = read_histories(path, limits.classifier_version)
        except (ValueError, OSError) as fault:
            log.warning("history of false leads cannot be read, starting without", camera=camera.id, error=str(fault))
            histories, verdicts = ScoreHistories(limits.classifier_version), NO_VERDICTS
        kept = _Camera(histories, verdicts.sorted_by(limits.rules), most, limits, limits.fitted)
        self._renew(camera_id, kept, analyser)
        self._cameras[camera_id] = kept

    def note(self, camera_id: CameraId, analyser: Budgeted, time: CaptureTime) -> None:
        """Add an analysed picture and the climbs of ended tracks; update the value every `RENEWED_S`."""
        kept = self._cameras.get(camera_id)
        if kept is None:
            return
        last, kept.last = kept.last, time
        step_s = 0.0 if last is None or last.epoch != time.epoch else time.seconds_since(last)
        watched_s = step_s if 0 < step_s <= LONGEST_STEP_S else 0.0
        kept.histories.now.watch(time.utc, watched_s, analyser.take_climbs())
        kept.unsaved_s += watched_s
        kept.untold_s += watched_s
        if kept.unsaved_s >= RENEWED_S:
            self._renew(camera_id, kept, analyser)
            self._write(camera_id, kept)
        elif kept.untold_s >= RETOLD_S:
            _draw_up(kept)

    def review(self, camera_id: CameraId, analyser: Budgeted, reviews: Sequence[LeadReview]) -> None:
        """Set the reviews of a camera's leads; unchanged ones have no effect."""
        kept = self._cameras.get(camera_id)
        if kept is None:
            return
        verdicts = Verdicts.of_reviews(reviews, kept.range.rules)
        if verdicts == kept.verdicts:
            return
        log.info("reviews received", camera=camera_id, leads=len(verdicts.reviews), elsewhere=len(verdicts.elsewhere))
        kept.verdicts = verdicts
        self._renew(camera_id, kept, analyser)
        self._write(camera_id, kept)

    def end(self, camera_id: CameraId, analyser: Budgeted) -> None:
        """Write the history of a camera that is no longer watched, with the climbs of its last tracks."""
        kept = self._cameras.pop(camera_id, None)
        if kept is None:
            return
        climbs = analyser.take_climbs()
        if kept.last is not None:
            kept.histories.now.watch(kept.last.utc, 0.0, climbs)
        self._write(camera_id, kept)

    @property
    def cameras(self) -> Sequence[CameraId]:
        """The cameras that have a budget."""
        return tuple(self._cameras)

    def report(self, camera_id: CameraId) -> FalseLeadBudget | None:
        """Return the report for the API, at most `RETOLD_S` old; ``None`` where there is no budget."""
        kept = self._cameras.get(camera_id)
        return None if kept is None else kept.told

    def _renew(self, camera_id: CameraId, kept: _Camera, analyser: Budgeted) -> None:
        value = kept.histories.reckoned(kept.most_a_day).threshold(kept.most_a_day, kept.range, kept.verdicts)
        if value != kept.value:
            log.info("budget value changed", camera=camera_id, before=kept.value, now=value)
        kept.value = value
        analyser.adopt(value)
        _draw_up(kept)

    def _write(self, camera_id: CameraId, kept: _Camera) -> None:
        kept.unsaved_s = 0.0
        try:
            write_histories(history_path(self._folder, camera_id), kept.histories, kept.verdicts)
        except (StorageError, OSError) as fault:
            log.warning("history of false leads cannot be written", camera=camera_id, error=str(fault))


def _draw_up(kept: _Camera) -> None:
    """Update the report of one camera for the API."""
    kept.untold_s = 0.0
    history = kept.histories.reckoned(kept.most_a_day)
    told = history.forecast(kept.value, kept.verdicts, kept.range.scale)
    judged = kept.verdicts.by_day()
    watched = history.days_told(kept.value)
    days = []
    for day in sorted(watched.keys() | judged.keys()):
        watched_s, tracks = watched.get(day, (0.0, 0))
        verified, rejected = judged.get(day, (0, 0))
        days.append(
            BudgetDay(day=day, watched_s=round(watched_s, 1), tracks=tracks, verified=verified, rejected=rejected)
        )
    kept.told = FalseLeadBudget(
        most_a_day=kept.most_a_day,
        scale=kept.range.scale.value,
        probability=kept.value,
        fitted_probability=kept.range.fitted,
        days=round(told.days, 3),
        expected_false_a_day=round(told.false_a_day, 3) if math.isfinite(told.false_a_day) else None,
        expected_recall=None if told.recall is None else round(told.recall, 3),
        expected_delay_s=None if told.delay_s is None else round(told.delay_s, 1),
        verified=sum(verified for verified, _ in judged.values()),
        rejected=sum(rejected for _, rejected in judged.values()),
        rejected_elsewhere=kept.verdicts.rejected_elsewhere,
        unwatched=history.unwatched(kept.verdicts),
        history=days[-32:],
    )
