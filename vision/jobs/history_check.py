"""History check: a draft held against what a camera's rules saw in the last hour, reported like a dry run."""

from collections.abc import Iterator

from models.detector import ModelCard, Runtime
from vision.analysis.lookback import Lookback, Outlook
from vision.config.camera import CameraConfig
from vision.evidence.lead_document import Witness
from vision.jobs.dry_run_process import Far, Found, Message, Trial, dry_lead

_STEP = 500
"""Pictures between two accounts of how far it is."""

_NO_ENGINE = Runtime("", "", "", "")
"""No picture is looked at: a lead's document names the model alone."""


class HistoryCheck:
    """One draft over one camera's last hour."""

    def __init__(self, lookback: Lookback, trial: Trial, watched: CameraConfig, card: ModelCard) -> None:
        """`trial` holds the draft and the rules, `watched` the camera as it is watched."""
        self._lookback = lookback
        self._trial = trial
        self._watched = watched
        self._card = card
        self.outlook: Outlook | None = lookback.outlook()

    def messages(self) -> Iterator[Message]:
        """Yield how far it is, then each lead that would have been made, then that it is done."""
        held = self.outlook
        if held is None:
            return
        start = self._lookback.start()
        witness = Witness(self._card, _NO_ENGINE, self._trial.node)
        for number, leads in self._lookback.judged(self._trial.camera, self._watched, self._trial.config, self._card):
            if number and number % _STEP == 0:
                share = min(1.0, number / held.looks)
                yield Far(held.seconds * share, held.resolution_wh, looks=held.looks, duration_s=held.seconds)
            for lead in leads:
                yield Found(dry_lead(self._trial, witness, lead, start))
        yield Far(held.seconds, held.resolution_wh, is_done=True, looks=held.looks, duration_s=held.seconds)
