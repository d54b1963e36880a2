"""The families that watch boxes in zones: by-pass, burning, barbecue, fumes, production in an alert."""

import pytest

from api.contract.catalogue import catalogue
from api.contract.zones import ZONE_KINDS
from tests.vision.moments import moment
from tests.vision.rules.views import (
    ON_GROUND,
    USCC,
    box,
    nothing_from,
    rule_of,
    site,
    smoke_from,
    square,
    view,
)  # fmt: skip
from vision.leads.lead import CloseReason, WorkerLeadState
from vision.rules import tamper
from vision.rules.zone.families import Families


def test_without_zones_no_family_is_at_work() -> None:
    """A camera without zones has the standing rules alone, and cedes nothing."""
    families = Families(site().cameras[0], site(), ("smoke", "fire"))
    assert list(families.rules()) == []
    assert families.smoke_zones == frozenset()


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("outlet", ["V01_STACK_SMOKE", "V02_COLOR_PLUME", "V12_ALERT_STOP"]),
        ("premises", ["V01B_BYPASS"]),
        ("field", ["V03_STRAW_BURN"]),
        ("no_burn", ["V04_WASTE_BURN"]),
        ("no_bbq", ["V05_OPEN_BBQ"]),
        ("vent", ["V06_FUME_DIRECT"]),
        ("road", []),
        ("works", []),
        ("watch", []),
        ("mask", []),
    ],
)
def test_a_kind_of_zone_puts_its_families_to_work(kind: str, codes: list[str]) -> None:
    """And none where the model does not know smoke."""
    config = site(square(kind))
    assert [rule.violation_code for rule in Families(config.cameras[0], config, ("smoke", "fire")).rules()] == codes
    assert list(Families(config.cameras[0], config, ("person",)).rules()) == []


@pytest.mark.parametrize(
    ("kind", "code", "seconds"),
    [
        ("premises", "V01B_BYPASS", 60),
        ("field", "V03_STRAW_BURN", 60),
        ("no_burn", "V04_WASTE_BURN", 60),
        ("no_bbq", "V05_OPEN_BBQ", 180),
        ("vent", "V06_FUME_DIRECT", 60),
    ],
)
def test_smoke_that_lasts_as_long_as_the_catalogue_asks_is_a_lead(kind: str, code: str, seconds: float) -> None:
    """Seen in every picture it is one at that second and not before; it tells zone, code, time and frequency."""
    rule = rule_of(code, site(square(kind)))
    assert smoke_from(rule, 0, seconds - 2) == []
    candidate, confirmed = smoke_from(rule, seconds, seconds)
    assert (candidate.lead.state, confirmed.previous) == (WorkerLeadState.CANDIDATE, WorkerLeadState.CANDIDATE)
    lead = confirmed.lead
    assert (lead.violation_code, lead.peak.zone, lead.first, lead.confirmed) == (code, "z", moment(0), moment(seconds))
    assert lead.peak.measures["visible_s"] == seconds
    assert lead.peak.measures["emission_frequency"] == 1.0


def test_pauses_are_not_counted_and_the_window_is_kept() -> None:
    """60 s of 5 min: half of the time seen is enough after two minutes; 10 s a minute never is."""
    rule = rule_of("V06_FUME_DIRECT", site(square("vent")))
    changes = []
    for start in range(0, 130, 20):
        changes += smoke_from(rule, start, start + 10) + nothing_from(rule, start + 12, start + 18)
    assert [change.lead.confirmed for change in changes if change.lead.state is WorkerLeadState.CONFIRMED] == [
        moment(110)
    ]
    rare = rule_of("V06_FUME_DIRECT", site(square("vent")))
    for start in range(0, 1200, 60):
        assert smoke_from(rare, start, start + 10) + nothing_from(rare, start + 12, start + 58) == []


def test_a_lead_closes_a_minute_after_the_smoke_and_has_grown() -> None:
    """It lasts until it was last seen, counts its pictures and keeps its surest one."""
    rule = rule_of("V01B_BYPASS", site(square("premises")))
    smoke_from(rule, 0, 60)
    smoke_from(rule, 62, 70, confidence=0.8)
    (closed,) = nothing_from(rule, 72, 132)
    lead = closed.lead
    assert (lead.state, lead.reason, lead.last) == (WorkerLeadState.CLOSED, CloseReason.GONE, moment(70))
    assert (lead.observations, lead.peak.confidence) == (36, 0.8)
    assert rule.open_leads == ()


def test_what_is_not_smoke_in_its_place_does_not_count() -> None:
    """Boxes too unsure, still, of fire, off the zone, or in unsteady pictures: nothing, however long."""
    config = site(square("no_burn"))
    for values in (
        {"confidence": 0.2},
        {"change": 1.0},
        {"class_name": "fire"},
        {"xyxy": (450.0, 100.0, 550.0, 200.0)},
    ):
        assert smoke_from(rule_of("V04_WASTE_BURN", config), 0, 200, **values) == []
    rule = rule_of("V04_WASTE_BURN", config)
    assert [c for s in range(0, 200, 2) for c in rule.observe(view(s, box(s), is_steady=False))] == []


def test_what_may_be_of_something_else_is_no_lead_by_itself() -> None:
    """Doubtful boxes alone show nothing, however long; after four undoubted ones they make the time go on."""
    config = site(square("no_burn"))
    doubted = rule_of("V04_WASTE_BURN", config)
    assert smoke_from(doubted, 0, 200, probability=0.1) == []
    assert len(smoke_from(doubted, 202, 208)) == 2
    usual = rule_of("V04_WASTE_BURN", config)
    assert smoke_from(usual, 0, 6) == []
    assert smoke_from(usual, 8, 58, probability=0.1) == []
    assert len(smoke_from(usual, 60, 60, probability=0.1)) == 2
    gone = rule_of("V04_WASTE_BURN", config)
    assert smoke_from(gone, 0, 6) + nothing_from(gone, 8, 400) == []
    assert smoke_from(gone, 402, 600, probability=0.1) == []


def test_smoke_that_moves_along_the_ground_is_no_fire() -> None:
    """A base that wandered by more than its size is dust behind a tractor or a bank of fog."""
    first = (420.0, 380.0, 440.0, 400.0)
    moved = smoke_from(rule_of("V03_STRAW_BURN", site(square("field"))), 0, 100, first=first)
    assert moved == []


def test_smoke_of_an_outlet_is_no_bypass() -> None:
    """What touched an outlet's mouth stays the outlet's when it drifts over the plant; beside it smoke is a by-pass."""
    outlet = {"name": "DA001", "kind": "outlet", "polygon": [[0.48, 0.3], [0.52, 0.3], [0.52, 0.4], [0.48, 0.4]]}
    rule = rule_of("V01B_BYPASS", site(square("premises"), outlet))
    assert rule.observe(view(0, box(0, (470.0, 200.0, 530.0, 310.0)))) == []
    assert smoke_from(rule, 2, 200) == []
    assert len(smoke_from(rule, 202, 300, number=2)) == 2


def test_a_ban_has_its_hours() -> None:
    """02:00 UTC is 10:00 in Beijing: a barbecue ban of the evening does not hold then, one of the morning does."""
    evening = {"V05_OPEN_BBQ": {"schedule": [{"from": "17:00", "to": "24:00"}]}}
    morning = {"V05_OPEN_BBQ": {"schedule": [{"from": "09:00", "to": "12:00"}], "seen_s": 30}}
    assert smoke_from(rule_of("V05_OPEN_BBQ", site(square("no_bbq"), violations=evening)), 0, 400) == []
    assert len(smoke_from(rule_of("V05_OPEN_BBQ", site(square("no_bbq"), violations=morning)), 0, 30)) == 2


@pytest.mark.parametrize(
    ("enterprise", "seconds", "confidence"),
    [
        ({}, 60, 0.3),
        ({"risk": "red"}, 60, 0.25),
        ({"risk": "yellow"}, 60, 0.3),
        ({"risk": "green"}, 90, 0.35),
        ({"risk": "red", "positive_list": {"from": "2026-01-01"}}, 90, 0.35),
    ],
)
def test_colour_and_list_of_the_owner_move_threshold_and_persistence(
    enterprise: dict[str, object], seconds: float, confidence: float
) -> None:
    """Domain 6.5: 0.05 less for red, 0.05 more and half as long again for green and for the positive list."""
    register = [{"uscc": USCC, "name": "works", **enterprise}]
    config = site(square("premises", owner=USCC), enterprises=register)
    assert smoke_from(rule_of("V01B_BYPASS", config), 0, 400, confidence=confidence - 0.01) == []
    (_, confirmed) = smoke_from(rule_of("V01B_BYPASS", config), 0, seconds, confidence=confidence + 0.001)
    assert confirmed.lead.confirmed == moment(seconds)


def test_an_owner_outside_the_register_loses_no_lead() -> None:
    """The zone's own code and kind are proposed at the usual threshold and time, as without an owner."""
    config = site(square("premises", owner="914403001922038216", violation_code="V14_DUMPING"))
    (_, confirmed) = smoke_from(rule_of("V14_DUMPING", config), 0, 60, confidence=0.301)
    assert (confirmed.lead.violation_code, confirmed.lead.rule_params["zone_kind"]) == ("V14_DUMPING", "premises")
    assert confirmed.lead.confirmed == moment(60)


def alerted(*measures: str, **enterprise: object) -> list[object]:
    """Return what V12 reports in 15 minutes of smoke at an outlet, in an alert that stops these measures."""
    alert = {"level": "red", "from": "2026-11-23T09:00:00", "to": "2026-11-23T12:00:00", "measures": list(measures)}
    config = site(
        square("outlet", owner=USCC), alerts=[alert], enterprises=[{"uscc": USCC, "name": "works", **enterprise}]
    )
    return list(smoke_from(rule_of("V12_ALERT_STOP", config), 0, 600))


def test_production_in_an_alert_is_reported_where_the_order_stops_it() -> None:
    """Ten minutes of smoke at an outlet, in an alert that stops production, of an enterprise that must follow it."""
    assert len(alerted("production")) == 2
    assert alerted("transport") == []
    assert alerted() == []
    assert alerted("production", exempt_measures=["production"]) == []


def test_a_family_that_is_off_gives_its_smoke_back() -> None:
    """`enabled = false` and another camera's rule leave the zone to the smoke rule."""
    for settings in ({"enabled": False}, {"cameras": []}):
        config = site(square("premises"), violations={"V01B_BYPASS": settings})
        families = Families(config.cameras[0], config, ("smoke",))
        is_on = settings == {"cameras": []}
        assert (len(list(families.rules())), families.smoke_zones) == (int(is_on), frozenset({"z"} if is_on else ()))


def test_a_lost_stream_ends_the_lead_and_what_was_counted() -> None:
    """The lead is closed for that reason; the next picture begins at nothing."""
    rule = rule_of("V01B_BYPASS", site(square("premises")))
    smoke_from(rule, 0, 60)
    (closed,) = rule.end(CloseReason.STREAM_LOST)
    assert closed.lead.reason is CloseReason.STREAM_LOST
    assert smoke_from(rule, 62, 118) == []
    assert rule.end(CloseReason.SHUTDOWN) == []


def test_states_name_the_tracks_in_the_zone() -> None:
    """For drawing: a candidate until it has lasted, then confirmed; nothing elsewhere."""
    rule = rule_of("V01B_BYPASS", site(square("premises")))
    rule.observe(view(0, box(0, number=7), box(0, (0.0, 0.0, 9.0, 9.0), number=8)))
    assert dict(rule.states) == {7: WorkerLeadState.CANDIDATE}
    smoke_from(rule, 2, 62, xyxy=ON_GROUND, number=7)
    assert dict(rule.states) == {7: WorkerLeadState.CONFIRMED}


def test_every_family_of_the_catalogue_has_a_rule_and_no_other_has() -> None:
    """What the catalogue says has a rule is made by exactly the kinds of zone it names; V17 is the camera's own."""
    made: dict[str, set[str]] = {}
    for kind in ZONE_KINDS:
        config = site(square(kind))
        for rule in Families(config.cameras[0], config, ("smoke", "fire")).rules():
            made.setdefault(rule.violation_code, set()).add(kind)
    wanted = {row.code: set(row.zones) for row in catalogue().violations if row.rule}
    assert set(wanted.pop(tamper.CODE)) == {kind.value for kind in tamper.PLANT}
    assert made == wanted
