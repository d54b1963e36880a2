"""Pictures as rules see them, and a camera with one zone, for tests of the catalogue's families."""

from collections import deque
from collections.abc import Iterable, Sequence

from models.detections import Xyxy
from tests.vision.moments import CARD, moment
from vision.config.worker import WorkerConfig, parse_config
from vision.confirm.tracks import Sighting, Track
from vision.leads.lead import LeadChange
from vision.plume.readings import PlumeColour, Reading
from vision.plume.validity import Refusal
from vision.rules.rule import TrackView, View
from vision.rules.zone.families import Families
from vision.rules.zone.zonal import ZoneRule

WH = (1000, 1000)
USCC = "91110000802100433B"
ON_GROUND: Xyxy = (450.0, 450.0, 550.0, 550.0)
"""A box whose base is in the middle of the zone."""


def square(kind: str, name: str = "z", **values: object) -> dict[str, object]:
    """Return a zone of some kind, the middle fifth of the picture."""
    polygon = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]
    return {"name": name, "kind": kind, "polygon": polygon, **values}


def site(*zones: dict[str, object], **tables: object) -> WorkerConfig:
    """Return a camera with these zones and these further tables of configuration."""
    return parse_config({"cameras": [{"id": "cam", "source": "x.mp4", "zones": list(zones)}], **tables})


def rule_of(code: str, config: WorkerConfig, class_names: tuple[str, ...] = CARD.class_names) -> ZoneRule:
    """Return the one rule of a code that the configuration puts to work."""
    (rule,) = [r for r in Families(config.cameras[0], config, class_names).rules() if r.violation_code == code]
    return rule


def box(
    seconds: float, xyxy: Xyxy = ON_GROUND, confidence: float = 0.6, *, number: int = 1, first: Xyxy | None = None,
    change: float = 9.0, class_name: str = "smoke", probability: float | None = None,
) -> TrackView:  # fmt: skip
    """Return a track with a box at a time, which began with the box `first`."""
    begun = Sighting(moment(0), first or xyxy, confidence)
    now = Sighting(moment(seconds), xyxy, confidence)
    return TrackView(Track(number, class_name, begun, deque([now])), now, change, probability=probability)


def view(
    seconds: float, *tracks: TrackView, is_steady: bool = True, readings: Sequence[Reading] = (), zone: str = "z"
) -> View:
    """Return what rules see of the picture at a time."""
    shown = {zone: readings} if readings else {}
    return View(moment(seconds), WH, is_steady, tracks, (), shown)


def smoke_from(rule: ZoneRule, start: float, end: float, step: float = 2.0, **values: object) -> list[LeadChange]:
    """Show smoke in each picture from `start` to `end`; return the leads that changed."""
    changes = []
    for number in range(int((end - start) / step) + 1):
        seconds = start + number * step
        changes += rule.observe(view(seconds, box(seconds, **values)))  # type: ignore[arg-type]
    return changes


def nothing_from(rule: ZoneRule, start: float, end: float, step: float = 2.0) -> list[LeadChange]:
    """Show empty pictures."""
    return [c for n in range(int((end - start) / step) + 1) for c in rule.observe(view(start + n * step))]


def reading(
    number: int, grade: float | None = None, colour: PlumeColour = PlumeColour.BLACK, refusal: Refusal | None = None
) -> Reading:
    """Return the reading of the 15 seconds of a number: of a grade, or refused."""
    if grade is None:
        refusal = refusal or Refusal.NO_CONTRAST
    opacity = None if refusal is not None else (grade or 0.0) / 5 + 0.001
    return Reading("z", moment(15 * number), moment(15 * number + 14.5), refusal, opacity, 0.02, None, colour)


def readings(grades: Iterable[float | None]) -> list[Reading]:
    """Return readings of these grades, one every 15 seconds."""
    return [reading(number, grade) for number, grade in enumerate(grades)]
