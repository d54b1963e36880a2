"""The judgement of a lead: responsible party, law, votes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.leads.judged_leads import USCC, judged, lead, measured, site
from tests.vision.moments import CARD
from vision.leads.judgement import Judge


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
