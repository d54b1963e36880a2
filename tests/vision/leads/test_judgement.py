"""What is proposed for a lead: whose, under what law, what follows and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.camera import camera_id
from tests.vision.moments import CARD, moment
from vision.config.worker import WorkerConfig, parse_config
from vision.leads.judgement import Judge, priority_of
from vision.leads.lead import Finding, Judgement, Lead, LeadKey, LeadState
from vision.plume.readings import Measurement, PlumeColour

USCC = "91110000802100433B"
POLYGON = [[0, 0], [1, 0], [1, 1], [0, 1]]


def site(**enterprise: object) -> WorkerConfig:
    """Return a camera over an outlet of an enterprise with these values, and one alert on 2026-11-25."""
    zones = [
        {"name": "stack", "kind": "outlet", "polygon": POLYGON, "owner": USCC, "outlet": "DA001"},
        {"name": "yard", "polygon": POLYGON, "owner": "somebody"},
        {"name": "road", "kind": "road", "polygon": POLYGON},
        {"name": "works", "kind": "premises", "polygon": POLYGON},
        {"name": "market", "kind": "no_bbq", "polygon": POLYGON, "schedule": [{"from": "08:00", "to": "12:00"}]},
        {"name": "field", "kind": "field", "polygon": POLYGON},
        {"name": "straw", "polygon": POLYGON, "violation_code": "V03_STRAW_BURN"},
    ]
    return parse_config(
        {
            "cameras": [{"id": "cam", "source": "x.mp4", "zones": zones}],
            "enterprises": [{"uscc": USCC, "name": "one works", "registry_version": "2026-11-20", **enterprise}],
            "alerts": [{"level": "orange", "from": "2026-11-25T00:00:00", "to": "2026-11-26T00:00:00"}],
        }
    )


def lead(code: str = "V01_STACK_SMOKE", zone: str = "stack", seconds: float = 0.0, day: datetime | None = None) -> Lead:
    """Return a confirmed lead in a zone that lasted for so long."""
    first = moment(0)
    if day is not None:
        first = replace(first, utc=day)
    last = replace(first, pts_s=first.pts_s + int(seconds), utc=first.utc + timedelta(seconds=seconds))
    return Lead(
        key=LeadKey("cam/0/smoke.visible/1"),
        camera_id=camera_id("cam"),
        rule_id="smoke.visible",
        rule_version="1",
        rule_params={"min_change": 1.5, "grade_limit": 1.0},
        violation_code=code,
        state=LeadState.CONFIRMED,
        track=1,
        first=first,
        confirmed=first,
        last=last,
        peak=Finding("smoke", (1.0, 2.0, 3.0, 4.0), 0.83, first, zone, {"change_ratio": 7.25}),
        observations=4,
    )


def flames(zone: str = "", code: str = "V04_WASTE_BURN", **values: object) -> Lead:
    """Return a confirmed lead of flames in a zone."""
    one = lead(code, zone, **values)  # type: ignore[arg-type]
    return replace(one, rule_id="fire.visible", peak=replace(one.peak, class_name="fire"))


def measured(opacity: float | None, grade: float | None, validity: str = "valid", least: float = 0.0) -> Measurement:
    """Return a measurement with these figures."""
    return Measurement(
        zone="stack", method="m", validity=validity, readings=12, valid=12 if opacity else 0, opacity=opacity,
        sd=0.03, least=least, grade=grade, peak_grade=grade, six_minute_mean=None, frequency=0.5,
        colour=PlumeColour.BLACK, r2=0.9, sun_angle_deg=None, notes=(),
    )  # fmt: skip


def judged(one: Lead, **enterprise: object) -> Judgement:
    """Return what is proposed for a lead at a site whose enterprise has these values."""
    config = site(**enterprise)
    return Judge(config.cameras[0], config, CARD).judge(one)


def test_a_lead_outside_every_zone_has_no_target() -> None:
    """Nobody is named where no zone with an owner is concerned; the law of the day is."""
    found = judged(lead(zone=""))
    assert found.target is None
    assert judged(lead(zone="road")).target is None
    assert found.legal is not None
    assert (found.legal.in_force_at, found.legal.basis) == ("2026-11-23", ["Code-1107", "Code-221"])
    assert found.legal.text_zh == "《生态环境法典》第1107条、第221条"


def test_the_target_is_the_register_on_the_day() -> None:
    """Zone, enterprise, outlet, colour and list as they stood; an owner outside the register is a name."""
    listed = {"from": "2026-11-01", "to": "2026-11-30"}
    target = judged(lead(), risk="red", positive_list=listed).target
    assert target is not None
    assert target.model_dump() == {
        "zone": "stack", "uscc": USCC, "name": "one works", "outlet": "DA001", "risk": "red",
        "positive_list": True, "registry_version": "2026-11-20",
    }  # fmt: skip
    named = judged(lead(zone="yard")).target
    assert named is not None
    assert (named.uscc, named.name, named.risk) == ("", "somebody", "")


@pytest.mark.parametrize(
    ("owner", "uscc", "is_known"),
    [
        (USCC, USCC, True),
        ("one works", USCC, True),
        ("914403001922038216", "914403001922038216", False),
        ("914403001922038217", "", False),
        ("somebody", "", False),
    ],
)
def test_an_owner_outside_the_register_keeps_its_code_and_is_said_to_be_outside(
    owner: str, uscc: str, is_known: bool
) -> None:
    """Its code stays on the lead if it is one, and the reasons say that neither colour nor list is known."""
    config = site(risk="red", positive_list={"from": "2026-01-01"})
    zones = tuple(zone.model_copy(update={"owner": owner}) for zone in config.cameras[0].zones)
    found = Judge(config.cameras[0].model_copy(update={"zones": zones}), config, CARD).judge(lead("V01B_BYPASS"))
    assert found.target is not None
    assert (found.target.uscc, found.target.outlet) == (uscc, "DA001")
    assert found.target.name == ("one works" if is_known else owner)
    assert found.target.positive_list is is_known
    assert ("unregistered" in found.disposition.reasons) is not is_known
    assert found.legal is not None


def test_a_zone_without_an_owner_is_not_said_to_be_outside_the_register() -> None:
    """Nobody was named whom the register could know."""
    assert "unregistered" not in judged(lead(zone="road")).disposition.reasons
    assert "unregistered" not in judged(lead(zone="")).disposition.reasons


@pytest.mark.parametrize(
    ("utc", "day", "law"),
    [
        (datetime(2026, 8, 14, 15, 59, tzinfo=UTC), "2026-08-14", "Air-18"),
        (datetime(2026, 8, 14, 16, 0, tzinfo=UTC), "2026-08-15", "Code-1107"),
    ],
)
def test_the_law_is_that_of_the_local_day_of_the_act(utc: datetime, day: str, law: str) -> None:
    """The Code begins at midnight in Beijing, which is 16:00 UTC of the day before."""
    legal = judged(lead(day=utc)).legal
    assert legal is not None
    assert (legal.in_force_at, legal.basis[0]) == (day, law)


@pytest.mark.parametrize(
    ("enterprise", "points"),
    [
        ({}, 20),
        ({"risk": "red"}, 50),
        ({"risk": "yellow"}, 35),
        ({"risk": "green"}, 20),
        ({"risk": "red", "positive_list": {"from": "2026-01-01"}}, 10),
        ({"risk": "red", "positive_list": {"from": "2026-11-24"}}, 50),
        ({"confirmed": ["2026-01-02", "2025-11-22"]}, 25),
        ({"confirmed": ["2026-01-02", "2026-02-02", "2026-03-02", "2026-04-02"]}, 35),
    ],
)
def test_points_are_those_of_the_table(enterprise: dict[str, object], points: int) -> None:
    """Domain 6.5: colour, list, severity 20 of V01, five points for each confirmed violation of twelve months."""
    assert judged(lead(), **enterprise).score == points


@pytest.mark.parametrize(("seconds", "points"), [(119, 20), (120, 21), (3600, 30), (86_400, 30)])
def test_duration_counts_in_multiples_of_the_rules_own_time(seconds: float, points: int) -> None:
    """V01 must last for 120 s: each such time is a point, ten at most."""
    assert judged(lead(seconds=seconds)).score == points


def test_an_alert_adds_points_and_a_refused_reading_takes_some() -> None:
    """20 for the alert of that day, -15 where a number was to be had and is not valid; never below zero."""
    in_alert = lead(day=datetime(2026, 11, 25, 4, tzinfo=UTC))
    assert judged(in_alert).score == 40
    assert judged(in_alert).priority == "P2"
    assert "alert_in_force" in judged(in_alert).disposition.reasons
    assert judged(replace(lead(), measurement=measured(None, None, "no_contrast"))).score == 5
    listed = {"positive_list": {"from": "2026-01-01"}}
    assert judged(replace(lead(), measurement=measured(None, None, "no_contrast")), **listed).score == 0


@pytest.mark.parametrize(("score", "priority"), [(0, "P3"), (39, "P3"), (40, "P2"), (69, "P2"), (70, "P1")])
def test_priorities_follow_the_score(score: int, priority: str) -> None:
    """P1 from 70, P2 from 40."""
    assert priority_of(score) == priority


@pytest.mark.parametrize(
    ("enterprise", "action", "notify", "needs_approval"),
    [
        ({}, "lead", ["queue"], False),
        ({"risk": "red"}, "lead", ["wall_alarm", "duty_phone", "team_leader", "queue"], False),
        ({"risk": "yellow"}, "lead", ["duty_phone", "queue"], False),
        ({"risk": "green"}, "warn_only", ["queue"], False),
        ({"risk": "red", "positive_list": {"from": "2026-01-01"}}, "warn_only", ["queue", "company"], True),
        ({"risk": "green", "confirmed": ["2025-06-01"]}, "lead", ["queue"], False),
        ({"risk": "green", "confirmed": ["2024-06-01"]}, "warn_only", ["queue"], False),
    ],
)
def test_colour_and_list_decide_what_follows(
    enterprise: dict[str, object], action: str, notify: list[str], *, needs_approval: bool
) -> None:
    """Domain 6.5: warn only at a first minor finding of a green or listed enterprise; approval for a listed one."""
    found = judged(lead(), **enterprise).disposition
    assert (found.action, found.notify, found.approval_required) == (action, notify, needs_approval)


def test_what_is_only_watched_wakes_nobody() -> None:
    """Smoke at an outlet without a valid reading, or below the limit: in the queue, whatever the colour."""
    for measurement in (None, measured(None, None, "no_contrast"), measured(0.15, 0.75), measured(0.4, None)):
        seen = replace(lead(), rule_id="smoke.visible", measurement=measurement)
        config = site(risk="red")
        found = Judge(config.cameras[0], config, CARD).judged(seen, {}).judgement
        assert found is not None
        assert (found.disposition.action, found.disposition.notify) == ("watch", ["queue"])


@pytest.mark.parametrize(
    "one",
    [
        lead("V04_WASTE_BURN"),
        lead("V01B_BYPASS"),
        lead("V17_DEVICE_TAMPER"),
        replace(lead(), measurement=measured(0.61, 2.75)),
        replace(lead(), measurement=measured(0.5, 3.0)),
        replace(lead(), measurement=measured(None, None, "no_contrast", least=0.65)),
    ],
)
def test_some_things_are_never_merely_warned_of(one: Lead) -> None:
    """Open burning, by-pass, tampering, grade 3, opacity of 60 %: a lead, whatever colour and list."""
    found = judged(one, risk="green", positive_list={"from": "2026-01-01"}).disposition
    assert found.action == "lead"
    assert {"grave_class", "severe"} & set(found.reasons)
    assert found.approval_required


@pytest.mark.parametrize("zone", ["", "road", "yard", "field", "straw"])
@pytest.mark.parametrize("enterprise", [{}, {"risk": "green"}, {"positive_list": {"from": "2026-01-01"}}])
def test_flames_that_no_zone_explains_are_a_fire_alarm(zone: str, enterprise: dict[str, object]) -> None:
    """P1 at once, first of the reasons, told to the wall and by phone; never watched or warned of, whoever owns it."""
    found = judged(flames(zone), **enterprise)
    assert (found.priority, found.disposition.action, found.disposition.reasons[0]) == ("P1", "lead", "fire_alarm")
    assert {"wall_alarm", "duty_phone", "queue"} <= set(found.disposition.notify)
    assert found.factors[0].name == "fire_alarm"


@pytest.mark.parametrize(
    ("zone", "code", "when", "is_alarm"),
    [
        ("stack", "V04_WASTE_BURN", 2, False),
        ("works", "V04_WASTE_BURN", 2, False),
        ("market", "V05_OPEN_BBQ", 2, False),
        ("market", "V05_OPEN_BBQ", 14, True),
    ],
)
def test_flames_that_a_zone_explains_have_the_usual_priority(
    zone: str, code: str, when: int, *, is_alarm: bool
) -> None:
    """A flare, a boiler, a barbecue at its hours are no alarm; they say that they are flames and are explained."""
    found = judged(flames(zone, code, day=datetime(2026, 11, 23, when, tzinfo=UTC)))
    assert (found.priority, found.disposition.reasons[0]) == (
        ("P1", "fire_alarm") if is_alarm else ("P3", "flames_explained")
    )


def test_a_fire_alarm_comes_before_everything_else() -> None:
    """The smallest score of a fire is above the largest of anything else, on-line data and complaints included."""
    worst = {"risk": "red", "confirmed": [f"2026-0{month}-01" for month in range(1, 6)]}
    alarm = judged(flames(""), positive_list={"from": "2026-01-01"}).score
    other = judged(lead("V01B_BYPASS", seconds=90_000, day=datetime(2026, 11, 25, 4, tzinfo=UTC)), **worst).score
    assert other == 30 + 20 + 25 + 15 + 10
    assert alarm > other + 25 + 20


@pytest.mark.parametrize(
    ("one", "is_proposal"),
    [
        (lead(zone=""), True),
        (lead(zone="yard"), True),
        (lead(zone="road"), True),
        (flames("stack"), True),
        (lead(zone="stack"), False),
        (lead("V03_STRAW_BURN", "field"), False),
        (lead("V03_STRAW_BURN", "straw"), False),
        (lead("V01B_BYPASS", "works"), False),
    ],
)
def test_outside_a_zone_that_says_it_the_code_is_a_proposal(one: Lead, *, is_proposal: bool) -> None:
    """The code is the rule's usual one there; a zone of its kind, or one that names the code, stands for it."""
    assert ("code_proposed" in judged(one).disposition.reasons) is is_proposal


def test_every_factor_of_the_score_is_told() -> None:
    """Name, points and the input of each, zeros included; what has no input yet is absent."""
    one = replace(
        lead(seconds=250, day=datetime(2026, 11, 25, 4, tzinfo=UTC)), measurement=measured(None, None, "dark")
    )
    found = judged(one, risk="yellow", confirmed=["2026-01-02"])
    assert [(factor.name, factor.points, factor.says) for factor in found.factors] == [
        ("risk", 15, "yellow"),
        ("alert", 20, "orange"),
        ("severity", 20, "V01_STACK_SMOKE"),
        ("confirmed", 5, "1"),
        ("duration", 2, "250 s / 120 s"),
        ("validity", -15, "dark"),
    ]
    assert (found.score, found.priority) == (47, "P2")
    bare = judged(lead(zone=""))
    assert [(factor.name, factor.points) for factor in bare.factors] == [
        ("risk", 0), ("alert", 0), ("severity", 20), ("confirmed", 0), ("duration", 0),
    ]  # fmt: skip
    assert judged(flames(seconds=65)).factors[-1].says == "65 s / 30 s"


def test_what_is_known_makes_priorities_differ() -> None:
    """A fire, a red owner in an alert, a red owner, nobody known: P1, P1, P2, P3."""
    in_alert = datetime(2026, 11, 25, 4, tzinfo=UTC)
    found = [
        judged(flames()),
        judged(lead(day=in_alert), risk="red"),
        judged(lead(), risk="red"),
        judged(lead(zone="")),
    ]
    assert [one.priority for one in found] == ["P1", "P1", "P2", "P3"]


ENTERPRISES = st.fixed_dictionaries(
    {"risk": st.sampled_from(["red", "yellow", "green", ""])},
    optional={"positive_list": st.just({"from": "2026-01-01"}), "confirmed": st.just(["2026-05-05"])},
)


@settings(deadline=None)
@given(ENTERPRISES, st.sampled_from(["V01_STACK_SMOKE", "V04_WASTE_BURN", "V06_FUME_DIRECT"]))
def test_colour_and_list_never_change_what_was_measured(enterprise: dict[str, object], code: str) -> None:
    """Whatever the register says of the owner, law, votes and the lead's own figures are the same."""
    one = replace(lead(code), measurement=measured(0.4, 1.75))
    bare, found = judged(one), judged(one, **enterprise)
    assert (found.legal, found.votes) == (bare.legal, bare.votes)
    assert found.score == max(0, sum(factor.points for factor in found.factors))


def test_votes_name_model_physics_and_rule() -> None:
    """The confidence, the change of the pixels, the opacity with its spread and the limit each speak for themselves."""
    votes = judged(replace(lead(seconds=30), measurement=measured(0.4, 1.75))).votes
    assert [(vote.source, vote.name, vote.says) for vote in votes] == [
        ("model", "test 1", "smoke 0.83"),
        ("physics", "change", "7.2 ≥ 1.5"),
        ("physics", "opacity", "40 ± 3 %"),
        ("rule", "grade_limit", "1.75 > 1"),
        ("rule", "persistence", "30 s, n = 4"),
    ]
