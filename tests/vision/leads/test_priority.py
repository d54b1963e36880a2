"""The score of a lead and its class."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.contract.loop.priority import priority_of
from tests.vision.leads.judged_leads import flames, judged, lead, measured


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


def test_a_fire_alarm_comes_before_everything_else() -> None:
    """The smallest score of a fire is above the largest of anything else, on-line data and complaints included."""
    worst = {"risk": "red", "confirmed": [f"2026-0{month}-01" for month in range(1, 6)]}
    alarm = judged(flames(""), positive_list={"from": "2026-01-01"}).score
    other = judged(lead("V01B_BYPASS", seconds=90_000, day=datetime(2026, 11, 25, 4, tzinfo=UTC)), **worst).score
    assert other == 30 + 20 + 25 + 15 + 10
    assert alarm > other + 25 + 20


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
