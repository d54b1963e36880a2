"""The analyser: boxes in, changed leads out, one camera."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.frame import BgrImage, Frame
from tests.vision.analysis.made_analysers import (
    LEFT_HALF,
    NOTHING,
    PLUME,
    RIGHT_HALF,
    SMOKE,
    analyser,
    every_half_second,
    story,
    watch,
)
from tests.vision.moments import CARD, boxes, flickering, frame, grainy, moment, still_image
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import WorkerConfig, parse_config
from vision.leads.lead import CloseReason, Lead, LeadChange, WorkerLeadState
from vision.rules.rule import View
from vision.rules.rule_set import RuleFailedError, RuleSet
from vision.scene.health import PictureFault


class _Witness:
    """A rule that keeps what it was shown and reports nothing."""

    id = "witness"
    states: Mapping[int, WorkerLeadState] = {}
    held = undecided = renounced = frozenset[int]()
    open_leads: Sequence[Lead] = ()

    def __init__(self) -> None:
        self.views: list[View] = []

    def observe(self, view: View) -> list[LeadChange]:
        self.views.append(view)
        return []

    def end(self, reason: CloseReason) -> list[LeadChange]:  # noqa: ARG002
        return []


def test_rules_see_what_was_read_above_outlets() -> None:
    """Every 15 seconds the outlet's newest reading is among those that rules are shown, by its zone."""
    outlet = {"name": "DA001", "kind": "outlet", "polygon": [[0.45, 0.6], [0.55, 0.6], [0.55, 0.9], [0.45, 0.9]]}
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4", "zones": [outlet]}]})
    witness = _Witness()
    a = CameraAnalyser(config.cameras[0], RuleSet("cam", [witness]), CARD.class_names)
    watch(a, every_half_second(0, 31), NOTHING, still=True)
    assert [len(view.readings.get("DA001", ())) for view in witness.views] == [0] * 30 + [1] * 30 + [2] * 2
    assert [reading.observed_s for reading in witness.views[-1].readings["DA001"]] == [14.5, 14.5]


def test_an_empty_scene_reports_nothing() -> None:
    """No boxes: no leads, no overlay."""
    a = analyser()

    assert watch(a, every_half_second(0, 10), NOTHING) == []
    assert a.overlay() == []


@given(st.floats(0.05, 0.45), st.floats(0.1, 0.5))
@settings(max_examples=20, deadline=None)
def test_nothing_in_a_mask_is_reported(x: float, width: float) -> None:
    """A box that lies in a mask by half makes no track, no lead and no overlay, whatever its confidence."""
    left = x * 320
    box = (left, 40.0, left + width * 160, 160.0)
    a = analyser([{"name": "neighbour", "kind": "mask", "polygon": [[0, 0], [0.8, 0], [0.8, 1], [0, 1]]}])

    assert watch(a, every_half_second(0, 4), boxes(("smoke", 0.99, box), ("fire", 0.99, box))) == []
    assert a.overlay() == []


def test_a_rule_confined_to_a_zone_looks_nowhere_else() -> None:
    """The plume on the left is reported by the rule for the left half and not by that for the right half."""
    zones = [{"name": "left", "polygon": LEFT_HALF}, {"name": "right", "polygon": RIGHT_HALF}]
    a = analyser(
        zones,
        smoke={"enabled": False},
        west={"kind": "smoke", "zones": ["left"]},
        east={"kind": "smoke", "zones": ["right"]},
    )
    changes = watch(a, every_half_second(0, 5))

    assert story(changes) == [("smoke.visible.west", "candidate"), ("smoke.visible.west", "confirmed")]
    assert changes[1].lead.peak.zone == "left"


def test_a_zone_proposes_its_violation_code() -> None:
    """What burns in the yard is not stack smoke: the zone's code goes before the rule's."""
    a = analyser([{"name": "yard", "polygon": LEFT_HALF, "violation_code": "V03_STRAW_BURN"}])

    assert watch(a, every_half_second(0, 5))[-1].lead.violation_code == "V03_STRAW_BURN"


def test_a_rule_off_duty_reports_nothing() -> None:
    """02:00 UTC is 10:00 in Beijing: a rule for the night sleeps, and one for the morning works."""
    night = {"schedule": [{"from": "20:00", "to": "06:00"}]}
    morning = {"schedule": [{"from": "09:30", "to": "10:30"}]}

    assert watch(analyser(smoke=night), every_half_second(0, 5)) == []
    assert len(watch(analyser(smoke=morning), every_half_second(0, 5))) == 2


def test_a_rule_for_other_cameras_does_not_apply() -> None:
    """The camera filter keeps a rule to its cameras."""
    config = parse_config(
        {
            "cameras": [{"id": "a", "source": "a.mp4"}, {"id": "b", "source": "b.mp4"}],
            "rules": {"smoke": {"cameras": ["b"]}},
        }
    )
    a, b = (CameraAnalyser.for_camera(camera, config, CARD) for camera in config.cameras)

    assert (watch(a, every_half_second(0, 5)), len(watch(b, every_half_second(0, 5)))) == ([], 2)


def test_smoke_is_confirmed_in_the_first_seconds_of_an_epoch_though_an_outlet_was_read_before() -> None:
    """What was read above an outlet before the stream was lost is of another time, and hinders no rule."""
    outlet = {"name": "DA001", "kind": "outlet", "polygon": [[0.85, 0.6], [0.95, 0.6], [0.95, 0.9], [0.85, 0.9]]}
    a = analyser([outlet])
    watch(a, every_half_second(0, 31), NOTHING, still=True)

    assert ("smoke.visible", "confirmed") in story(watch(a, every_half_second(0, 5), epoch=1))
    assert a.shown is not None
    assert a.shown.readings == {}
    watch(a, every_half_second(5, 16), NOTHING, epoch=1)
    assert [reading.time.epoch for reading in a.shown.readings["DA001"]] == [1]


def test_a_rule_that_fails_costs_the_others_nothing() -> None:
    """Whatever one rule raises, what another confirms in the same picture is told, and the fault is told too."""

    class Broken(_Witness):
        id = "broken"

        def observe(self, view: View) -> list[LeadChange]:  # noqa: ARG002
            raise ValueError("odd")

    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4"}]})
    bench = RuleSet.for_camera(config.cameras[0], config, CARD)
    bench._rules = (Broken(), *bench._rules)
    a = CameraAnalyser(config.cameras[0], bench, CARD.class_names)
    told: list[LeadChange] = []
    for second in every_half_second(0, 5):
        with pytest.raises(RuleFailedError, match="broken") as failed:
            watch(a, [second])
        assert isinstance(failed.value.__cause__, ValueError)
        told += failed.value.changes

    assert ("smoke.visible", "confirmed") in story(told)


def test_another_picture_size_begins_anew() -> None:
    """A camera that changes its resolution has other pixels; nothing is compared across, no key is used twice."""
    a = analyser()
    first = watch(a, every_half_second(0, 5))
    large = still_image(640, 360)
    changes = a.observe(frame(large, moment(6)), SMOKE)

    assert story(changes) == [("smoke.visible", "closed"), ("smoke.visible", "candidate")]
    assert first[0].lead.key != changes[1].lead.key


def test_pictures_out_of_order_are_counted_and_ignored() -> None:
    """A picture that is not later than the last one changes nothing."""
    a = analyser()
    watch(a, [1.0, 0.5, 1.0])

    assert a.out_of_order == 2


def test_nothing_is_confirmed_in_the_picture_after_a_switch_of_the_camera() -> None:
    """A whole-picture change does not count as a sighting, and what a box was before is forgotten."""
    a = analyser()
    watch(a, [0, 0.5, 1.0])
    dark: BgrImage = still_image() // 4
    changes = a.observe(frame(dark, moment(1.5)), SMOKE)

    assert changes == []
    assert a.overlay()[0].state == "candidate"


def test_nothing_is_confirmed_while_the_camera_is_covered() -> None:
    """What a detector finds in a picture of a bag over the lens is no violation, and the fault is named."""
    a = analyser()
    watch(a, every_half_second(0, 20), NOTHING, still=True)
    bag = np.full_like(still_image(), 90)
    changes = [a.observe(frame(grainy(bag, s), moment(s)), NOTHING) for s in every_half_second(20, 32)]
    assert a.picture_fault is PictureFault.COVERED
    for s in every_half_second(32, 40):
        image = grainy(bag, s)
        image[60:120, 100:160] = flickering(s, PLUME)[60:120, 100:160]
        changes.append(a.observe(frame(image, moment(s)), SMOKE))

    assert {state for change in changes for _, state in story(change)} <= {"candidate"}


def test_overlay_shows_the_tracks_of_the_newest_picture() -> None:
    """Every tracked box of the last picture with its track and the state of its lead; none that was missed."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, [5.0], boxes(("smoke", 0.6, PLUME), ("fire", 0.27, (250, 100, 300, 160))))

    shown = [(box.class_name, box.track, box.state) for box in a.overlay()]
    assert shown == [("smoke", 1, WorkerLeadState.CONFIRMED), ("fire", 2, None)]
    watch(a, [5.5], NOTHING)
    assert a.overlay() == []


def test_a_model_without_the_class_is_refused() -> None:
    """A fire rule on a model that knows no fire would sleep for ever; it is refused when the worker is built."""
    config = WorkerConfig.for_sources(["x.mp4"])
    card = type(CARD)(**{**{name: getattr(CARD, name) for name in CARD.__slots__}, "class_names": ("smoke",)})

    with pytest.raises(ValueError, match=r"rule fire.visible needs class 'fire'; model test knows smoke"):
        CameraAnalyser.for_camera(config.cameras[0], config, card)


def test_pictures_are_compared_in_the_size_of_the_look() -> None:
    """A source of 1080p looked at in 320x180 gives the same leads, told in the source's pixels."""
    a = analyser()
    large = boxes(("smoke", 0.6, (600, 360, 960, 720)))
    changes = []
    for s in every_half_second(0, 5):
        image = flickering(s, PLUME)
        look = frame(image, moment(s))
        changes += a.observe(Frame(look.camera_id, look.time, image, source_wh=(1920, 1080)), large)
    small = watch(analyser(), every_half_second(0, 5))
    assert story(changes) == story(small)
    assert changes[1].lead.peak.xyxy == (600, 360, 960, 720)
    assert changes[1].lead.peak.measures == pytest.approx(small[1].lead.peak.measures)
