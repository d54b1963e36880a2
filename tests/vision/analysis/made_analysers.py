"""An analyser, the pictures that it is shown, and the leads that follow."""

from collections.abc import Iterable

from models.detections import Detections
from tests.vision.moments import CARD, boxes, flickering, frame, grainy, moment, still_image
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.leads.lead import LeadChange

PLUME = (100, 60, 160, 120)

SMOKE = boxes(("smoke", 0.6, PLUME))

NOTHING = Detections.empty()

RIGHT_HALF = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]

LEFT_HALF = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]


def analyser(zones: Iterable[dict[str, object]] = (), **rules: dict[str, object]) -> CameraAnalyser:
    """Return the analyser of a camera with these zones and rules."""
    camera = {"id": "cam", "source": "x.mp4", "zones": list(zones)}
    config = parse_config({"cameras": [camera], "rules": rules})
    return CameraAnalyser.for_camera(config.cameras[0], config, CARD)


def watch(
    a: CameraAnalyser,
    seconds: Iterable[float],
    detections: Detections = SMOKE,
    *,
    still: bool = False,
    epoch: int = 0,
) -> list[LeadChange]:
    """Show pictures at these times, all with these boxes; return the leads that changed."""
    changes = []
    for s in seconds:
        image = grainy(still_image(), s) if still else flickering(s, PLUME)
        changes += a.observe(frame(image, moment(s, epoch)), detections)
    return changes


def story(changes: list[LeadChange]) -> list[tuple[str, str]]:
    """Return rule and state of each change."""
    return [(change.lead.rule_id, change.lead.state.value) for change in changes]


def every_half_second(start: float, end: float) -> list[float]:
    """Return the times of pictures at 2 fps."""
    return [start + i / 2 for i in range(int((end - start) * 2))]
