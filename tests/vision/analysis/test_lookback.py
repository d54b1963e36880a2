"""The last hour without pictures: judged again it gives the leads that were given live, and other zones give others."""

from collections.abc import Sequence

import pytest

from models.detections import Xyxy
from tests.vision.moments import CARD, boxes, flickering, frame, moment
from tests.vision.plume.test_outlets import SIZE_WH, ZONE, picture
from tests.vision.rules.views import box, square, view
from vision.analysis.analyser import CameraAnalyser
from vision.analysis.lookback import MOST_BYTES, SPAN_S, Lookback
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig, parse_config
from vision.leads.lead import Lead, WorkerLeadState
from vision.rules.rule import View

PLUME = (100, 60, 160, 120)
GROUND = [[0.2, 0.2], [0.7, 0.2], [0.7, 0.9], [0.2, 0.9]]


def camera(*zones: dict[str, object]) -> WorkerConfig:
    """Return a camera with these zones."""
    return parse_config({"cameras": [{"id": "cam", "source": "x.mp4", "zones": list(zones)}]})


def watched(config: WorkerConfig, seconds: float = 100.0, begin: float = 10.0) -> tuple[Lookback, list[Lead]]:
    """Watch a plume that comes, lasts and goes; return what is kept of it and the leads that it was."""
    analyser, kept = CameraAnalyser.for_camera(config.cameras[0], config, CARD), Lookback(CARD.class_names)
    leads: list[Lead] = []
    for i in range(int(seconds * 2)):
        at = i / 2
        is_there = begin <= at < seconds - 70
        found = boxes(("smoke", 0.7, PLUME)) if is_there else boxes()
        changes = analyser.observe(frame(flickering(at, PLUME), moment(at)), found)
        leads += [change.lead for change in changes if change.lead.state is WorkerLeadState.CLOSED]
        assert analyser.shown is not None
        kept.note(analyser.shown, analyser.new_readings)
    return kept, leads


def again(kept: Lookback, draft: WorkerConfig, live: CameraConfig) -> list[Lead]:
    """Return the leads of a draft over what was kept."""
    return [lead for _, leads in kept.judged(draft.cameras[0], live, draft, CARD) for lead in leads]


def facts(leads: Sequence[Lead]) -> list[tuple[object, ...]]:
    """Return what makes leads the same."""
    return [
        (
            lead.rule_id,
            lead.violation_code,
            lead.peak.zone,
            float(lead.first.pts_s),
            None if lead.confirmed is None else float(lead.confirmed.pts_s),
            float(lead.last.pts_s),
            lead.observations,
            tuple(round(edge) for edge in lead.peak.xyxy),
            round(lead.peak.confidence, 5),
        )
        for lead in leads
    ]


def test_nothing_was_watched() -> None:
    """An empty lookback says so and gives no lead."""
    config = camera()
    assert Lookback(CARD.class_names).outlook() is None
    assert again(Lookback(CARD.class_names), config, config.cameras[0]) == []


@pytest.mark.parametrize("zones", [(), ({"name": "z", "kind": "watch", "polygon": GROUND},)])
def test_the_same_zones_give_the_leads_that_were_given_live(zones: tuple[dict[str, object], ...]) -> None:
    """Rule, code, zone, times, box and confidence are those of the live judgement."""
    config = camera(*zones)
    kept, leads = watched(config)
    held = kept.outlook()

    assert len(leads) == 1
    assert facts(again(kept, config, config.cameras[0])) == facts(leads)
    assert held is not None
    assert (held.seconds, held.looks, held.resolution_wh) == (99.5, 200, (320, 180))


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ({"name": "n", "kind": "mask", "polygon": GROUND}, []),
        ({"name": "n", "kind": "no_burn", "polygon": GROUND}, [("V04_WASTE_BURN", "n")]),
        ({"name": "n", "kind": "no_burn", "polygon": GROUND, "schedule": [{"from": "13:00", "to": "14:00"}]}, []),
        ({"name": "n", "kind": "watch", "polygon": GROUND}, [("V01_STACK_SMOKE", "n")]),
    ],
)
def test_a_draft_is_told_what_it_would_have_made(zone: dict[str, object], told: list[tuple[str, str]]) -> None:
    """A mask silences, ground is judged by its family, hours hold."""
    live = camera()
    kept, _ = watched(live, seconds=170.0)

    assert [(lead.violation_code, lead.peak.zone) for lead in again(kept, camera(zone), live.cameras[0])] == told


def outlet(**changes: object) -> WorkerConfig:
    """Return the camera over the outlet before the wall."""
    return camera(ZONE.model_dump(mode="json") | changes)


def test_readings_count_where_the_outlet_was_left_alone() -> None:
    """An outlet that the draft moves has none: nobody is accused by what was read elsewhere."""
    live = outlet()
    analyser, kept = CameraAnalyser.for_camera(live.cameras[0], live, CARD), Lookback(CARD.class_names)
    for i in range(210):
        at = i / 2
        analyser.observe(frame(picture(at, 0.6 if at >= 15 else 0.0, 0.01), moment(at)), boxes())
        assert analyser.shown is not None
        kept.note(analyser.shown, analyser.new_readings)
    moved = outlet(polygon=[[0.3, 0.6], [0.4, 0.6], [0.4, 0.9], [0.3, 0.9]])

    assert [lead.rule_id for lead in again(kept, live, live.cameras[0])] == ["stack.grade"]
    assert [lead.rule_id for lead in again(kept, outlet(grade_limit=4), live.cameras[0])] == []
    assert again(kept, moved, live.cameras[0]) == []
    kept.rezone(live.cameras[0], moved.cameras[0])
    assert again(kept, live, live.cameras[0]) == []
    assert SIZE_WH == (320, 240)


def shown(seconds: float, count: int = 0) -> View:
    """Return a picture with so many tracks."""
    live = camera()
    analyser = CameraAnalyser.for_camera(live.cameras[0], live, CARD)
    box: Xyxy = (0.0, 0.0, 9.0, 9.0)
    rows = [("smoke", 0.9, (10.0 * i, 10.0 * i, 10.0 * i + box[2], 10.0 * i + box[3])) for i in range(count)]
    analyser.observe(frame(flickering(0, PLUME), moment(seconds)), boxes(*rows))
    assert analyser.shown is not None
    return analyser.shown


def test_memory_is_bounded_in_time_and_bytes() -> None:
    """An hour at most, and less where boxes rain; a quiet patrol takes 55 kB."""
    kept, quiet = Lookback(CARD.class_names), shown(0.0)
    for _ in range(1800):
        kept.note(quiet)
    assert kept.byte_size < 60_000
    kept.note(shown(SPAN_S + 1))
    held = kept.outlook()
    assert held is not None
    assert held.looks == 1
    crowded = shown(SPAN_S + 2, 15)
    for _ in range(5000):
        kept.note(crowded)
    assert kept.byte_size <= MOST_BYTES


@pytest.mark.parametrize("probability", [0.9, 0.1, None])
def test_how_probable_a_box_is_is_kept_with_it(*, probability: float | None) -> None:
    """What is more probably something else shows nothing by itself; where nothing was fitted each box counts."""
    config, kept = camera(square("no_burn")), Lookback(CARD.class_names)
    for number in range(60):
        kept.note(view(2.0 * number, box(2.0 * number, probability=probability)))

    assert bool(again(kept, config, config.cameras[0])) == (probability != 0.1)
