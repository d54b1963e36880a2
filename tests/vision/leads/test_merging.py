"""One event is one lead; three new leads an hour; nothing is held back without a trace."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detections import Xyxy
from streams.camera import camera_id
from tests.vision.moments import CARD, moment
from vision.config.worker import parse_config
from vision.leads.judgement import Judge
from vision.leads.lead import CloseReason, Finding, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.leads.merging import Merger
from vision.leads.recent_leads import MERGE_S, as_json, from_json

HERE: Xyxy = (100.0, 100.0, 200.0, 200.0)
FAR: Xyxy = (900.0, 100.0, 950.0, 150.0)
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
ZONES = [
    {"name": "stack", "kind": "outlet", "polygon": WHOLE, "owner": "one works", "outlet": "DA001"},
    {"name": "second view of it", "kind": "outlet", "polygon": WHOLE, "owner": "one works", "outlet": "DA001"},
    {"name": "other", "kind": "outlet", "polygon": WHOLE, "owner": "other works"},
    {"name": "field", "kind": "field", "polygon": WHOLE},
    *({"name": f"yard {n}", "polygon": WHOLE} for n in range(9)),
]
CONFIG = parse_config({"cameras": [{"id": "cam", "source": "x.mp4", "zones": ZONES}]})
JUDGE = Judge(CONFIG.cameras[0], CONFIG, CARD)


def lead(
    name: str, at: float, zone: str = "", code: str = "V01_STACK_SMOKE", class_name: str = "smoke", xyxy: Xyxy = HERE,
    confidence: float = 0.5, epoch: int = 0,
) -> Lead:  # fmt: skip
    """Return a judged lead of a rule, confirmed at a time and first seen two seconds before."""
    time = moment(at, epoch)
    bare = Lead(
        key=LeadKey(name), camera_id=camera_id("cam"), rule_id=f"{class_name}.rule", rule_version="1", rule_params={},
        violation_code=code, state=WorkerLeadState.CONFIRMED, track=1, first=moment(at - 2, epoch), confirmed=time,
        last=time,
        peak=Finding(class_name, xyxy, confidence, time, zone), observations=4,
    )  # fmt: skip
    return JUDGE.judged(bare, {})


def confirm(merger: Merger, *leads: Lead) -> list[tuple[str, str, str]]:
    """Confirm leads in one picture; return name, state and reason of what is told."""
    time = leads[0].confirmed
    assert time is not None
    told = merger.take([LeadChange(one, WorkerLeadState.CANDIDATE) for one in leads], time)
    return [(c.lead.key, c.lead.state.value, c.lead.reason.value if c.lead.reason else "") for c in told]


def close(merger: Merger, one: Lead, at: float) -> list[LeadChange]:
    """Close a lead that was last seen at a time."""
    over = replace(one, state=WorkerLeadState.CLOSED, last=moment(at), reason=CloseReason.GONE, observations=9)
    return merger.take([LeadChange(over, WorkerLeadState.CONFIRMED)], moment(at + 60))


def test_nothing_in_nothing_out() -> None:
    """Without changes nothing is told."""
    assert Merger().take([], moment(0)) == []


def test_candidates_and_what_was_dropped_pass() -> None:
    """Only what is confirmed can be part of something."""
    change = LeadChange(replace(lead("a", 9), state=WorkerLeadState.CANDIDATE, confirmed=None), None)
    assert Merger().take([change], moment(9)) == [change]


def test_the_same_target_within_half_an_hour_is_one_lead_that_grows() -> None:
    """The second becomes part of the first: longer, with both counts and the surer peak; it closes with the last."""
    merger = Merger()
    first, second = lead("a", 10), lead("b", 100, xyxy=FAR, confidence=0.9)
    assert confirm(merger, first) == [("a", "confirmed", "")]
    assert confirm(merger, second) == [("b", "dropped", "merged")]
    assert close(merger, first, 110) == []
    (over,) = close(merger, second, 130)
    assert (over.lead.key, over.lead.first, over.lead.last, over.lead.confirmed) == (
        "a", moment(8), moment(130), moment(10),
    )  # fmt: skip
    assert (over.lead.observations, over.lead.peak.confidence) == (18, 0.9)
    assert (merger.merged, merger.suppressed) == (1, 0)
    assert [(held.key, held.into, held.reason) for held in merger.held_back] == [("b", "a", CloseReason.MERGED)]


def test_a_closed_lead_goes_on_within_half_an_hour_and_not_after() -> None:
    """It is confirmed again from being closed; 31 minutes later there is a new one."""
    merger = Merger()
    first = lead("a", 10)
    confirm(merger, first)
    close(merger, first, 20)
    again = lead("b", 1500)
    assert confirm(merger, again) == [("b", "dropped", "merged"), ("a", "confirmed", "")]
    close(merger, again, 1510)
    assert confirm(merger, lead("c", 1510 + 1900)) == [("c", "confirmed", "")]


@pytest.mark.parametrize(
    ("zones", "is_one"),
    [
        (("", ""), True),
        (("stack", "stack"), True),
        (("stack", "second view of it"), True),
        (("stack", "other"), False),
        (("stack", ""), False),
        (("yard 1", "yard 2"), False),
    ],
)
def test_a_target_is_an_outlet_of_an_owner_or_a_zone_or_the_view(zones: tuple[str, str], *, is_one: bool) -> None:
    """Two zones on one outlet are one target; without zones the whole view is."""
    merger = Merger()
    confirm(merger, lead("a", 10, zones[0]))
    confirm(merger, lead("b", 20, zones[1]))
    assert (merger.merged == 1) is is_one


def test_smoke_that_touches_a_fire_is_the_fires() -> None:
    """Confirmed in the same picture or later; smoke elsewhere, and smoke of an outlet, is its own."""
    merger = Merger()
    fire = lead("f", 10, code="V04_WASTE_BURN", class_name="fire")
    assert confirm(merger, lead("s", 10), fire) == [("f", "confirmed", ""), ("s", "dropped", "merged")]
    assert confirm(merger, lead("t", 20, xyxy=FAR)) == [("t", "confirmed", "")]
    assert confirm(merger, lead("u", 30, "stack")) == [("u", "confirmed", "")]
    (over,) = [c for one in (lead("s", 10, confidence=0.99), fire) for c in close(merger, one, 40)]
    assert (over.lead.violation_code, over.lead.peak.class_name) == ("V04_WASTE_BURN", "fire")


def test_what_is_graver_is_never_hidden_in_what_is_not() -> None:
    """A lead on an outlet that was only watched so far, and a fire after its smoke, are leads of their own."""
    merger = Merger()
    watched = replace(lead("a", 10, "stack"), rule_id="smoke.visible")
    watched = JUDGE.judged(watched, {})
    assert watched.judgement is not None
    assert watched.judgement.disposition.action == "watch"
    confirm(merger, watched)
    assert confirm(merger, lead("b", 200, "stack")) == [("b", "confirmed", "")]
    assert confirm(merger, lead("f", 210, code="V04_WASTE_BURN", class_name="fire")) == [("f", "confirmed", "")]


def test_a_camera_makes_three_new_leads_an_hour() -> None:
    """The fourth is held back and named, the camera noisy for an hour; tampering is told all the same."""
    merger = Merger()
    for n in range(3):
        assert confirm(merger, lead(f"l{n}", 10.0 + n, f"yard {n}")) == [(f"l{n}", "confirmed", "")]
    assert merger.noisy_since is None
    fourth = lead("l3", 20, "yard 3")
    assert confirm(merger, fourth) == [("l3", "dropped", "noisy")]
    assert close(merger, fourth, 30) == []
    assert (merger.suppressed, merger.noisy_since) == (1, moment(20))
    assert [(held.key, held.zone, held.reason) for held in merger.held_back] == [("l3", "yard 3", CloseReason.NOISY)]
    assert confirm(merger, lead("t", 40, code="V17_DEVICE_TAMPER", class_name="covered"))[0][1] == "confirmed"
    merger.take([], moment(3700))
    assert merger.noisy_since is None
    assert confirm(merger, lead("l4", 3700, "yard 4")) == [("l4", "confirmed", "")]


def test_a_fire_is_told_however_noisy_the_camera_was_and_smoke_hides_none() -> None:
    """After three leads in the hour a fire is a fourth; a fire in smoke that was told is a lead of its own."""
    merger = Merger()
    for n in range(3):
        confirm(merger, lead(f"l{n}", 10.0 + n, f"yard {n}"))
    assert confirm(merger, lead("s", 20, "field", "V03_STRAW_BURN"))[0][1:] == ("dropped", "noisy")
    fire = lead("f", 30, "field", "V03_STRAW_BURN", "fire")
    assert confirm(merger, fire) == [("f", "confirmed", "")]
    quiet = Merger()
    confirm(quiet, lead("s", 20, "field", "V03_STRAW_BURN"))
    assert confirm(quiet, fire) == [("f", "confirmed", "")]


def test_a_fire_that_smoke_joins_stays_a_fire() -> None:
    """Smoke on the same ground grows its evidence; the surest flames stay its peak, and its priority."""
    merger = Merger()
    fire = lead("f", 10, "field", "V03_STRAW_BURN", "fire")
    confirm(merger, fire)
    assert confirm(merger, lead("s", 20, "field", "V03_STRAW_BURN", confidence=0.95)) == [("s", "dropped", "merged")]
    (told,) = merger.open_leads
    assert (told.peak.class_name, told.observations) == ("fire", 8)
    found = JUDGE.judge(told)
    assert (found.priority, found.disposition.reasons[0]) == ("P1", "fire_alarm")


def test_across_a_lost_stream_the_target_stays_the_same() -> None:
    """Pictures of two epochs are not compared, so the lead does not grow; that there was more is told."""
    merger = Merger()
    first = lead("a", 10)
    confirm(merger, first)
    close(merger, first, 20)
    assert confirm(merger, lead("b", 100, epoch=1)) == [("b", "dropped", "merged")]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 900), st.sampled_from(["", "stack", "other", "yard 1", "yard 2"])), max_size=40)
)
def test_every_confirmed_lead_is_told_or_named(steps: list[tuple[int, str]]) -> None:
    """Whatever comes when: each is a lead, part of one, or one too many; never more than three new ones an hour."""
    merger, now, opened = Merger(), 10.0, []
    for number, (step, zone) in enumerate(steps):
        now += step
        told = confirm(merger, lead(str(number), now, zone))
        opened += [now for name, state, _ in told if state == "confirmed" and name == str(number)]
    assert len(opened) + merger.merged + merger.suppressed == len(steps)
    assert all(sum(start <= t <= start + 3600 for t in opened) <= 3 for start in opened)


def test_what_an_earlier_run_told_is_not_told_again() -> None:
    """The same target within half an hour is merged into it, whatever the new run calls it; another is not."""
    before = Merger()
    assert confirm(before, lead("a", 10, zone="stack")) == [("a", "confirmed", "")]
    now = Merger()
    now.recall(from_json(as_json(before.told)))
    assert confirm(now, lead("a", 60, zone="second view of it", epoch=0)) == [("a", "dropped", "merged")]
    assert now.merged == 1
    assert now.held_back[0].into == "a"
    assert confirm(now, lead("b", 70, zone="other")) == [("b", "confirmed", "")]
    assert close(now, lead("a", 60), 80) == []


def test_what_an_earlier_run_told_is_over_after_half_an_hour() -> None:
    """Counted from when it was seen last, by this run too."""
    before, now = Merger(), Merger()
    confirm(before, lead("a", 0))
    now.recall(before.told)
    assert confirm(now, lead("b", MERGE_S - 1)) == [("b", "dropped", "merged")]
    assert confirm(now, lead("c", 2 * MERGE_S - 2)) == [("c", "dropped", "merged")]
    assert confirm(now, lead("d", 3 * MERGE_S)) == [("d", "confirmed", "")]


def test_what_is_graver_than_what_an_earlier_run_told_is_told() -> None:
    """A fire is never hidden in smoke."""
    before, now = Merger(), Merger()
    confirm(before, lead("a", 0))
    now.recall(before.told)
    fire = lead("b", 5, code="V13_FACILITY_FIRE", class_name="fire")
    assert confirm(now, fire) == [("b", "confirmed", "")]


@pytest.mark.parametrize("data", [b"", b"{}", b'[{"key": "a"}]', b"\xff"])
def test_what_is_no_list_of_leads_is_refused(data: bytes) -> None:
    """Cut short, or of another kind."""
    with pytest.raises(ValueError, match="valid"):
        from_json(data)
