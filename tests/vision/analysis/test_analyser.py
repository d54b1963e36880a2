"""The analyser: boxes in, changed leads out, one camera."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detections import Detections
from streams.frame import BgrImage, Frame
from streams.watch import WatchReason
from tests.vision.moments import CARD, boxes, flickering, frame, grainy, moment, still_image
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import WorkerConfig, parse_config
from vision.leads.lead import CloseReason, Lead, LeadChange, LeadState
from vision.rules.rule import View
from vision.rules.rule_set import RuleFailedError, RuleSet
from vision.scene.health import PictureFault

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


class _Witness:
    """A rule that keeps what it was shown and reports nothing."""

    id = "witness"
    states: Mapping[int, LeadState] = {}
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


def test_smoke_is_confirmed_after_four_pictures() -> None:
    """A plume that is seen in each picture at 2 fps becomes a candidate at once and a lead 1.5 s later."""
    a = analyser()
    watch(a, every_half_second(0, 2), NOTHING, still=True)
    changes = watch(a, every_half_second(2, 7))

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "confirmed")]
    lead = changes[1].lead
    assert (lead.key, lead.violation_code, lead.observations) == ("cam/0/smoke.visible/1", "V01_STACK_SMOKE", 4)
    assert (moment(2), moment(3.5), moment(3.5)) == (lead.first, lead.confirmed, lead.last)
    assert pytest.approx(60 * 60 / (320 * 180)) == lead.peak.measures["area_fraction"]
    assert lead.rule_params["threshold"] == 0.3


def test_the_lead_closes_a_minute_after_the_smoke() -> None:
    """60 s without a box end the lead; its last sighting is when the smoke was last seen, its peak the surest box."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, [5.0], boxes(("smoke", 0.9, PLUME)))
    changes = watch(a, every_half_second(5.5, 80), NOTHING)

    assert story(changes) == [("smoke.visible", "closed")]
    lead = changes[0].lead
    assert (CloseReason.GONE, moment(5)) == (lead.reason, lead.last)
    assert pytest.approx(lead.peak.confidence) == 0.9


def test_smoke_that_comes_back_within_the_minute_is_the_same_lead() -> None:
    """A lead waits for its plume: forty seconds behind a lorry do not make two leads of it."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, every_half_second(5, 45), NOTHING)

    assert watch(a, every_half_second(45, 60)) == []


def test_smoke_that_comes_back_within_half_an_hour_is_the_same_lead_going_on() -> None:
    """The closed lead is confirmed again and grows: from its first picture, with all that was seen of it."""
    a = analyser()
    first = watch(a, every_half_second(0, 5))
    watch(a, every_half_second(5, 80), NOTHING)
    second = watch(a, every_half_second(80, 85))
    closed = a.end(CloseReason.SHUTDOWN)

    assert story(second) == [("smoke.visible", state) for state in ("candidate", "dropped", "confirmed")]
    assert (second[1].lead.reason, second[2].previous) == (CloseReason.MERGED, LeadState.CLOSED)
    assert first[1].lead.key == second[2].lead.key == closed[0].lead.key
    assert (closed[0].lead.first, closed[0].lead.last, closed[0].lead.observations) == (moment(0), moment(84.5), 20)


def test_smoke_that_comes_back_after_half_an_hour_is_a_new_lead() -> None:
    """What is half an hour apart is told apart."""
    a = analyser()
    first = watch(a, every_half_second(0, 5))
    watch(a, range(5, 1820, 5), NOTHING)
    second = watch(a, every_half_second(1820, 1825))

    assert [change.lead.state.value for change in second] == ["candidate", "confirmed"]
    assert first[0].lead.key != second[0].lead.key


def test_a_candidate_that_goes_away_is_dropped() -> None:
    """Two boxes and nothing more: a candidate, dropped when its track ends."""
    a = analyser()
    changes = watch(a, [0, 0.5]) + watch(a, every_half_second(1, 10), NOTHING)

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "dropped")]
    assert CloseReason.GONE is changes[1].lead.reason


def test_a_sign_is_never_reported() -> None:
    """A sure box over pixels that never change is dropped as static after a minute, once."""
    changes = watch(analyser(), every_half_second(0, 200), still=True)

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "dropped")]
    assert CloseReason.STATIC is changes[1].lead.reason


def test_a_stack_taken_for_smoke_does_not_hide_its_smoke() -> None:
    """Where a box was dropped as static and later the pixels begin to change, a new lead is made."""
    a = analyser()
    watch(a, every_half_second(0, 100), still=True)
    changes = watch(a, every_half_second(100, 106))

    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "confirmed")]
    assert changes[0].lead.key == "cam/0/smoke.visible/2"


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


def test_a_new_epoch_ends_leads_and_begins_anew() -> None:
    """
    When the stream was lost, open leads are closed for that reason; keys name the epoch.

    What is confirmed after it of the same target is no second lead, and it is told that it was not.
    """
    a = analyser()
    watch(a, every_half_second(0, 5))
    changes = watch(a, every_half_second(0, 5), epoch=1)

    states = [("smoke.visible", state) for state in ("closed", "candidate", "dropped")]
    assert states == story(changes)
    assert [change.lead.reason for change in changes] == [CloseReason.STREAM_LOST, None, CloseReason.MERGED]
    assert changes[1].lead.key == "cam/1/smoke.visible/1"
    assert [(held.key, held.into) for held in a.merger.held_back] == [
        ("cam/1/smoke.visible/1", "cam/0/smoke.visible/1")
    ]


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


def test_end_closes_what_is_open() -> None:
    """At shutdown confirmed leads are closed and candidates dropped; a second end has nothing left to say."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, [5.0], boxes(("smoke", 0.6, PLUME), ("fire", 0.5, (250, 100, 300, 160))))

    assert story(a.end(CloseReason.SHUTDOWN)) == [("fire.visible", "dropped"), ("smoke.visible", "closed")]
    assert a.end(CloseReason.SHUTDOWN) == []


def test_overlay_shows_the_tracks_of_the_newest_picture() -> None:
    """Every tracked box of the last picture with its track and the state of its lead; none that was missed."""
    a = analyser()
    watch(a, every_half_second(0, 5))
    watch(a, [5.0], boxes(("smoke", 0.6, PLUME), ("fire", 0.27, (250, 100, 300, 160))))

    shown = [(box.class_name, box.track, box.state) for box in a.overlay()]
    assert shown == [("smoke", 1, LeadState.CONFIRMED), ("fire", 2, None)]
    watch(a, [5.5], NOTHING)
    assert a.overlay() == []


def test_two_plumes_are_one_lead_unless_zones_tell_them_apart() -> None:
    """Nobody knows whose they are without zones: one lead of the view; in two zones they are two."""
    both = boxes(("smoke", 0.6, PLUME), ("smoke", 0.7, (250, 60, 310, 120)))
    zones = [{"name": "left", "polygon": LEFT_HALF}, {"name": "right", "polygon": RIGHT_HALF}]
    for drawn, leads in (([], 1), (zones, 2)):
        a = analyser(drawn, smoke={"min_change": 0})
        changes = watch(a, every_half_second(0, 5), both)
        assert len({change.lead.key for change in changes if change.lead.state is LeadState.CONFIRMED}) == leads


def test_a_model_without_the_class_is_refused() -> None:
    """A fire rule on a model that knows no fire would sleep for ever; it is refused when the worker is built."""
    config = WorkerConfig.for_sources(["x.mp4"])
    card = type(CARD)(**{**{name: getattr(CARD, name) for name in CARD.__slots__}, "class_names": ("smoke",)})

    with pytest.raises(ValueError, match=r"rule fire.visible needs class 'fire'; model test knows smoke"):
        CameraAnalyser.for_camera(config.cameras[0], config, card)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.2, 0.25, 0.31, 0.6]), max_size=40), st.integers(1, 10**6))
def test_same_pictures_same_leads_at_any_time(confidences: list[float], offset_s: int) -> None:
    """Running again, or at another absolute time, gives the same moves of the same leads; every move is legal."""

    def run(start: float) -> list[tuple[str, str, float]]:
        a, moves = analyser(), []
        for i, confidence in enumerate(confidences):
            detections = boxes(("smoke", confidence, PLUME)) if confidence else NOTHING
            changes = a.observe(frame(flickering(i / 2, PLUME), moment(start + i / 2)), detections)
            moves += [(c.lead.key, c.lead.state.value, float(c.lead.first.pts_s) - start) for c in changes]
        return moves + [(c.lead.key, c.lead.state.value, 0.0) for c in a.end(CloseReason.SHUTDOWN)]

    assert run(0) == run(0) == run(offset_s)


def test_what_shows_nothing_asks_for_nothing() -> None:
    """Without a picture, and without boxes that count, no closer look is asked for."""
    a = analyser()
    assert a.sign is None
    watch(a, every_half_second(0, 3), boxes(("smoke", 0.2, PLUME)))
    assert a.sign is None


def test_a_box_that_counts_asks_for_a_closer_look_until_it_is_decided() -> None:
    """One box is a sign, a confirmed lead is a lead, and nothing is left when it has closed."""
    a = analyser()
    seen = []
    watch(a, every_half_second(0, 2), NOTHING, still=True)
    for s in every_half_second(2, 72):
        watch(a, [s], SMOKE if s < 7 else NOTHING)
        seen.append(a.sign)
    assert seen[:4] == [WatchReason.SIGN] * 3 + [WatchReason.LEAD]
    assert seen[20] is WatchReason.LEAD
    assert seen[-1] is None


def test_a_box_that_goes_away_asks_no_more() -> None:
    """After as many pictures as a verdict looks back on, a box that came once is forgotten."""
    a = analyser()
    watch(a, [0.0], SMOKE)
    watch(a, every_half_second(0.5, 3), NOTHING)
    assert a.sign is WatchReason.SIGN
    watch(a, every_half_second(3, 6), NOTHING)
    assert a.sign is None


def test_what_was_found_static_asks_no_more() -> None:
    """A sign that never changed is dropped after a minute, and is no reason to look closely."""
    a = analyser()
    watch(a, every_half_second(0, 65), still=True)
    assert a.sign is None


def test_smoke_is_confirmed_on_patrol_too() -> None:
    """Pictures two seconds apart hold a track together and confirm it with the fourth."""
    a = analyser()
    watch(a, [0, 2], NOTHING, still=True)
    changes = watch(a, [4, 6, 8, 10, 12])
    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "confirmed")]
    assert changes[1].lead.confirmed == moment(10)


def test_focus_takes_up_what_patrol_began() -> None:
    """One picture of the patrol and three of the past that focus decoded are a lead, 1.5 s after the first."""
    a = analyser()
    watch(a, [0], NOTHING, still=True)
    changes = watch(a, [2, 4, 4.5, 5.0, 5.5])
    assert [change.lead.confirmed for change in changes] == [None, moment(5.0)]


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


def test_a_change_without_a_box_asks_for_a_closer_look() -> None:
    """What the detector does not see but the picture's history does not explain is a sign, the weakest one."""
    a = analyser()
    for s in range(0, 60, 2):
        a.observe(frame(grainy(still_image(), s), moment(s)), NOTHING)
    assert a.sign is None
    for s in (60, 62):
        image = grainy(still_image(), s)
        image[60:120, 100:160] = 10
        a.observe(frame(image, moment(s)), NOTHING)
    assert a.sign is WatchReason.CHANGE
    a.end(CloseReason.STREAM_LOST)
    assert a.sign is None
