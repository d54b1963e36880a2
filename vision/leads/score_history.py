"""
Score histories: a camera's history on disk, by the weights in use and by the weights before.

New weights give other probabilities for the same pictures (`vision.confirm.classifier`). Neither the old history alone
nor a fresh start sets the right value, so both histories count until the new one is long enough to prove the budget by
itself (decision 0072).
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from vision.durable import write_durably
from vision.leads.budget import UNSEEN
from vision.leads.camera_history import HISTORY_DAYS, LEAST_DAYS, CameraHistory
from vision.leads.verdicts import NO_VERDICTS, Verdicts


@dataclass(slots=True)
class ScoreHistories:
    """
    One camera's histories.

    Attributes:
        classifier_version: version of the weights in use; empty where *k* of *n* decide.

        now: by these weights.

        former: by other weights, until `now` is long enough.
    """

    classifier_version: str = ""
    now: CameraHistory = field(default_factory=CameraHistory)
    former: CameraHistory = field(default_factory=CameraHistory)

    def reckoned(self, most_a_day: float) -> CameraHistory:
        """Return the history for a budget of `most_a_day` false leads; drop `former` once `now` suffices."""
        if self.now.days >= proving_days(most_a_day):
            self.former = CameraHistory()
        return self.former.joined(self.now) if self.former.days > 0 else self.now


def proving_days(most_a_day: float) -> float:
    """Return the days without a false lead after which a history proves a budget (`vision.leads.budget.UNSEEN`)."""
    return min(max(LEAST_DAYS, UNSEEN / most_a_day), float(HISTORY_DAYS))


def read_histories(path: Path, classifier_version: str = "") -> tuple[ScoreHistories, Verdicts]:
    """
    Return the histories and verdicts at `path` for weights of that version; empty ones where there is no file.

    Raises `ValueError` where the file is damaged.
    """
    if not path.is_file():
        return ScoreHistories(classifier_version), NO_VERDICTS
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        days = document.get("days", document)  # older files hold only the days
        now = CameraHistory.from_document(days)
        former = CameraHistory.from_document(document.get("former", {}))
        verdicts = Verdicts.from_document(document.get("reviews", ()))
        if document.get("belief", "") != classifier_version:
            return ScoreHistories(classifier_version, former=former.joined(now)), verdicts
        return ScoreHistories(classifier_version, now, former), verdicts
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: is not a camera's history") from error


def write_histories(path: Path, histories: ScoreHistories, verdicts: Verdicts = NO_VERDICTS) -> None:
    """Write a camera's histories and verdicts to `path`; raise `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "belief": histories.classifier_version,
        "days": histories.now.as_document(),
        "former": histories.former.as_document(),
        "reviews": verdicts.as_document(),
    }
    write_durably(path, json.dumps(document, separators=(",", ":")).encode())


def history_path(folder: Path, camera: str) -> Path:
    """Return the path of a camera's history; raise `ValueError` for what is no camera id."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", camera):
        raise ValueError(f"{camera!r} is no camera id")
    return folder / f"{camera}.json"
