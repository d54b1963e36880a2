"""Budgets: every watched camera held to its budget of false leads, its history kept on disk."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from api.contract.schema import FalseLeadBudget
from streams.camera import CameraId
from streams.clock import CaptureTime
from vision.budget import BudgetConfig, CameraHistory, Climb, history_path, read_history, write_history
from vision.durable import StorageError
from vision.sections import CameraConfig

log = structlog.get_logger(__name__)

RENEWED_S = 600.0
"""Seconds of watching after which a history is written and the probability set anew."""

LONGEST_STEP_S = 10.0
"""Pictures further apart than this watched nothing in between."""


class Budgeted(Protocol):
    """What a budget needs of a camera's analyser: `vision.analyser.CameraAnalyser`."""

    @property
    def budget_range(self) -> tuple[float, float] | None:
        """The lowest probability that may be set, and the fitted one; ``None`` where none may be set."""
        ...

    def adopt(self, probability: float) -> None:
        """Open leads at this probability."""
        ...

    def take_climbs(self) -> Sequence[Climb]:
        """Return what the tracks that ended since the last call had reached."""
        ...


@dataclass(slots=True)
class _Camera:
    history: CameraHistory
    most_a_day: float
    range: tuple[float, float]
    probability: float
    last: CaptureTime | None = None
    unsaved_s: float = 0.0


class Budgets:
    """
    Keeps a worker's cameras to their budgets; of one camera one call at a time.

    Only what was watched live counts: a replay of a file knows no history, and gives the same verdict every time.
    """

    def __init__(self, folder: Path, config: BudgetConfig) -> None:
        self._folder = folder
        self._config = config
        self._cameras: dict[CameraId, _Camera] = {}

    def begin(self, camera: CameraConfig, analyser: Budgeted) -> None:
        """Read a camera's history and let its analyser open leads at what follows from it."""
        most = self._config.false_leads_a_day if camera.false_leads_a_day is None else camera.false_leads_a_day
        limits = analyser.budget_range
        camera_id = CameraId(camera.id)
        self.end(camera_id)
        if most <= 0 or limits is None:
            return
        path = history_path(self._folder, camera.id)
        try:
            history = read_history(path)
        except (ValueError, OSError) as fault:
            log.warning("history of false leads cannot be read, begun anew", camera=camera.id, error=str(fault))
            history = CameraHistory()
        kept = self._cameras[camera_id] = _Camera(history, most, limits, limits[1])
        self._renew(camera_id, kept, analyser)

    def note(self, camera_id: CameraId, analyser: Budgeted, time: CaptureTime) -> None:
        """Take in that a camera was looked at, and what its tracks reached; now and then renew its probability."""
        kept = self._cameras.get(camera_id)
        if kept is None:
            return
        last, kept.last = kept.last, time
        step_s = 0.0 if last is None or last.epoch != time.epoch else time.seconds_since(last)
        watched_s = step_s if 0 < step_s <= LONGEST_STEP_S else 0.0
        kept.history.watch(time.utc.date(), watched_s, analyser.take_climbs())
        kept.unsaved_s += watched_s
        if kept.unsaved_s >= RENEWED_S:
            self._write(camera_id, kept)
            self._renew(camera_id, kept, analyser)

    def end(self, camera_id: CameraId) -> None:
        """Keep what is known of a camera that is watched no more."""
        kept = self._cameras.pop(camera_id, None)
        if kept is not None:
            self._write(camera_id, kept)

    def report(self, camera_id: CameraId) -> FalseLeadBudget | None:
        """Return what the API is told; ``None`` where no budget was set or may be."""
        kept = self._cameras.get(camera_id)
        if kept is None:
            return None
        told = kept.history.forecast(kept.probability)
        return FalseLeadBudget(
            most_a_day=kept.most_a_day,
            probability=kept.probability,
            fitted_probability=kept.range[1],
            days=round(told.days, 3),
            expected_false_a_day=round(told.false_a_day, 3) if math.isfinite(told.false_a_day) else None,
            expected_recall=None if told.recall is None else round(told.recall, 3),
            expected_delay_s=None if told.delay_s is None else round(told.delay_s, 1),
        )

    def _renew(self, camera_id: CameraId, kept: _Camera, analyser: Budgeted) -> None:
        least, fitted = kept.range
        probability = kept.history.threshold(kept.most_a_day, least, fitted)
        if probability != kept.probability:
            log.info("leads open at another probability", camera=camera_id, before=kept.probability, now=probability)
        kept.probability = probability
        analyser.adopt(probability)

    def _write(self, camera_id: CameraId, kept: _Camera) -> None:
        kept.unsaved_s = 0.0
        try:
            write_history(history_path(self._folder, camera_id), kept.history)
        except (StorageError, OSError) as fault:
            log.warning("history of false leads not kept", camera=camera_id, error=str(fault))
