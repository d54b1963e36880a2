"""Whose smoke it is that hangs downwind of every zone."""

import pytest

from models.detections import Xyxy
from tests.vision.moments import CARD, boxes, frame, moment
from tests.vision.plume.test_outlets import SIZE_WH, ZONE, picture
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.config.zones import Zone, ZoneKind
from vision.confirm.tracks import Sighting
from vision.leads.lead import WorkerLeadState
from vision.rules.whereabouts import Place

LEFT = Zone("left", [(0.2, 0.5), (0.3, 0.5), (0.3, 0.9), (0.2, 0.9)], kind=ZoneKind.OUTLET)
RIGHT = Zone("right", [(0.7, 0.6), (0.8, 0.6), (0.8, 0.9), (0.7, 0.9)], kind=ZoneKind.OUTLET)
DOWNWIND: Xyxy = (400.0, 50.0, 600.0, 250.0)
LOW: Xyxy = (400.0, 700.0, 600.0, 900.0)


@pytest.mark.parametrize(
    ("box", "emitting", "zone"),
    [
        (DOWNWIND, set(), None),
        (DOWNWIND, {"left"}, "left"),
        (DOWNWIND, {"right"}, "right"),
        (DOWNWIND, {"left", "right"}, None),
        (DOWNWIND, {"elsewhere"}, None),
        (LOW, {"left"}, None),
        ((230.0, 380.0, 280.0, 510.0), {"right"}, "left"),
    ],
)
def test_smoke_in_no_zone_is_the_one_emitting_outlets(box: Xyxy, emitting: set[str], zone: str | None) -> None:
    """Above the lip of the only outlet that smokes it is that outlet's; of two or none nobody's; a zone goes first."""
    found = Place(zones=[LEFT, RIGHT]).zone(Sighting(moment(0), box, 0.6), (1000, 1000), emitting)

    assert (None if found is None else found.name) == zone


@pytest.mark.parametrize(
    ("opacity", "class_name", "zone"), [(0.6, "smoke", "DA001"), (0.0, "smoke", ""), (0.6, "fire", "")]
)
def test_a_box_far_from_a_smoking_outlet_names_it(opacity: float, class_name: str, zone: str) -> None:
    """The detector sees the plume downwind alone; what stands above the lip says whose it is. Flames are not asked."""
    drawn = ZONE.model_dump(mode="json") | {"owner": "one works"}
    rules = {class_name: {"min_change": 0}}
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4", "zones": [drawn]}], "rules": rules})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    downwind = (SIZE_WH[0] - 90.0, 10.0, SIZE_WH[0] - 10.0, 70.0)
    leads = []
    for i in range(60):
        seconds = i / 2
        found = boxes((class_name, 0.6, downwind)) if seconds >= 20 else boxes()
        leads += analyser.observe(
            frame(picture(seconds, opacity if seconds >= 12 else 0.0, 0.01), moment(seconds)), found
        )
    confirmed = [change.lead for change in leads if change.lead.state is WorkerLeadState.CONFIRMED]

    assert [lead.peak.zone for lead in confirmed] == [zone]
    assert confirmed[0].judgement is not None
    assert (confirmed[0].judgement.target is not None) == bool(zone)
