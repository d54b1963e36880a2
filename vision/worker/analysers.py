"""Analysers of the watched cameras: made by zones, configuration and register, and made anew where these change."""

import threading
from collections.abc import Callable, Iterable, Sequence

from api.contract.register.standing import RegisterStanding
from models.detector import ModelCard
from streams.runner import CameraRunner
from vision.analysis.analyser import CameraAnalyser
from vision.analysis.lookback import Lookback
from vision.config.camera import CameraConfig
from vision.config.enterprises import register_of
from vision.config.worker import WorkerConfig
from vision.evidence.effective_config import in_force
from vision.leads.budget_store import BudgetStore
from vision.leads.lead import CloseReason, LeadChange
from vision.worker.register import with_register
from vision.worker.watched import WatchedCamera

Report = Callable[[WatchedCamera, Sequence[LeadChange]], None]
"""Passes on the last changes of leads whose analyser ends."""


class Analysers:
    """Makes the analysers by the configuration of now; one change of it at a time."""

    def __init__(self, own: WorkerConfig, budgets: BudgetStore) -> None:
        """Begin with a worker's `own` configuration alone."""
        self._own = self._config = own
        self._budgets = budgets
        self._changing = threading.Lock()

    def current(self) -> WorkerConfig:
        """Return the worker's configuration with the register laid over it."""
        return self._config

    def begin(
        self, camera: CameraConfig, runner: CameraRunner, card: ModelCard, add: Callable[[WatchedCamera], None]
    ) -> WatchedCamera:
        """Return a camera that is to be watched; `add` puts it among those that `adopt` is given."""
        with self._changing:
            watched = WatchedCamera(
                camera,
                runner,
                CameraAnalyser.for_camera(camera, self._config, card),
                self._budgets,
                Lookback(card.class_names),
                common=self._config,
                register=register_of(self._config.enterprises),
            )
            add(watched)
            return watched

    def rezone(self, watched: WatchedCamera, camera: CameraConfig, card: ModelCard, report: Report) -> None:
        """Give a camera a new analyser for new zones; its open leads are closed."""
        with self._changing:
            self._make_anew(watched, camera, card, report)

    def adopt(
        self,
        standing: RegisterStanding,
        cameras: Callable[[], Iterable[WatchedCamera]],
        card: ModelCard,
        report: Report,
    ) -> None:
        """Apply the register: cameras whose owners or alerts it changes get a new analyser, as with new zones."""
        with self._changing:
            self._config = with_register(self._own, standing)
            for watched in cameras():
                if in_force(watched.common, watched.config) != in_force(self._config, watched.config):
                    self._make_anew(watched, watched.config, card, report)

    def _make_anew(self, watched: WatchedCamera, camera: CameraConfig, card: ModelCard, report: Report) -> None:
        common, key = self._config, watched.runner.camera.id
        analyser = CameraAnalyser.for_camera(camera, common, card)
        with watched.analysing:
            if watched.is_over:
                return
            report(watched, watched.analyser.end(CloseReason.SHUTDOWN))
            self._budgets.end(key, watched.analyser)
            watched.lookback.rezone(watched.config, camera)
            watched.config, watched.analyser = camera, analyser
            watched.common, watched.register = common, register_of(common.enterprises)
            self._budgets.begin(camera, analyser)
