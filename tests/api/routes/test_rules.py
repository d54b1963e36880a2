"""The rules of the catalogue, for who draws zones."""

import httpx

from api.contract.catalogue import catalogue


def test_rules_name_the_kinds_of_zone_they_need(operator: httpx.Client) -> None:
    """All rows are there, with what must be seen in both languages; those without a rule say so."""
    answer = operator.get("/v1/rules").json()
    rules = {rule["code"]: rule for rule in answer["rules"]}
    assert set(rules) == set(catalogue().by_code)
    assert rules["V01_STACK_SMOKE"]["zones"] == ["outlet"]
    assert {rule["detectable"] for rule in rules.values()} == {True, False}
    assert all(rule["seen"] and rule["seen_zh"] for rule in rules.values())


def test_rules_are_not_for_everybody(operator: httpx.Client) -> None:
    """They need a login."""
    assert httpx.get(f"{operator.base_url}/v1/rules").status_code == 401


def test_rules_say_how_they_stand(operator: httpx.Client) -> None:
    """Where no worker reports its model little is at work; each row says why, and today's law."""
    answer = operator.get("/v1/rules").json()
    assert answer["classes"] == []
    rules = {rule["code"]: rule for rule in answer["rules"]}
    assert {rule["reason"] for rule in rules.values() if rule["missing_classes"]} == {"no worker reports its model"}
    assert {rule["status"] for rule in rules.values()} <= {"active", "needs_zone", "not_detectable"}
    assert all(rule["legal"]["basis"] and rule["reason_zh"] for rule in rules.values())
