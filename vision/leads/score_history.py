"""
Histories: a camera's history for its budget as it is kept on disk, by the weights that decide now and by those before.

Other weights give the same pictures other probabilities (`vision.confirm.classifier`). A history by the former ones
holds a camera back for two weeks where the new weights know its look-alikes, and tells too much where they do not;
without any history a camera that had become strict begins at the fitted value again. So both are reckoned with together
until the new one is long enough to prove the budget by itself (decision 0072).
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from vision.durable import write_durably
from vision.leads.budget import HISTORY_DAYS, LEAST_DAYS, UNSEEN, CameraHistory
from vision.leads.verdicts import NO_VERDICTS, Verdicts


@dataclass(slots=True)
class ScoreHistories:
    """
    What one camera's tracks reached.

    Attributes:
        belief: version of the weights that decide now; empty where *k* of *n* do.

        now: by these weights.

        former: by others, until `now` can do without it.
    """

    belief: str = ""
    now: CameraHistory = field(default_factory=CameraHistory)
    former: CameraHistory = field(default_factory=CameraHistory)

    def reckoned(self, most_a_day: float) -> CameraHistory:
        """Return the history from which a budget of so many false leads a day follows; the former ends here."""
        if self.now.days >= proving_days(most_a_day):
            self.former = CameraHistory()
        return self.former.joined(self.now) if self.former.days > 0 else self.now


def proving_days(most_a_day: float) -> float:
    """Return after how many days without a false lead a history proves a budget (`vision.leads.budget.UNSEEN`)."""
    return min(max(LEAST_DAYS, UNSEEN / most_a_day), float(HISTORY_DAYS))


def read_histories(path: Path, belief: str = "") -> tuple[ScoreHistories, Verdicts]:
    """
    Return what is kept at `path` for a camera on which weights of version `belief` decide; nothing where nothing is.

    Raises `ValueError` where the file is damaged.
    """
    if not path.is_file():
        return ScoreHistories(belief), NO_VERDICTS
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        days = document.get("days", document)  # before there were verdicts the days stood alone
        now = CameraHistory.from_document(days)
        former = CameraHistory.from_document(document.get("former", {}))
        verdicts = Verdicts.from_document(document.get("reviews", ()))
        if document.get("belief", "") != belief:
            return ScoreHistories(belief, former=former.joined(now)), verdicts
        return ScoreHistories(belief, now, former), verdicts
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: is not a camera's history") from error


def write_histories(path: Path, histories: ScoreHistories, verdicts: Verdicts = NO_VERDICTS) -> None:
    """Keep a camera's histories and what reviewers said at `path`; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "belief": histories.belief,
        "days": histories.now.as_document(),
        "former": histories.former.as_document(),
        "reviews": verdicts.as_document(),
    }
    write_durably(path, json.dumps(document, separators=(",", ":")).encode())


def history_path(folder: Path, camera: str) -> Path:
    """Return where a camera's history stands; ids hold nothing that a file's name may not (`streams.camera`)."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", camera):
        raise ValueError(f"{camera!r} is no camera id")
    return folder / f"{camera}.json"
