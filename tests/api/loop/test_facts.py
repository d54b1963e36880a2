"""Scores by what the API knows: the register at the event's moment, alerts, confirmed violations (domain.md 6.5)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.clock import utc_now
from api.contract.evidence.article41 import local_day
from api.contract.register.alert import AlertLevel, AlertOrder
from api.contract.register.enterprise import Enterprise, Listing, Risk, RiskEntry
from api.contract.register.entry import Entry
from api.contract.register.leniency import NoPenaltyItem
from api.contract.register.plan import Plan
from api.contract.wire.lead import LeadDisposition, LeadDocument, LeadFactor, LeadTarget
from api.contract.wire.moment import rfc3339
from api.contract.wire.state import Priority
from api.store.loop.facts import assessed
from api.store.register.changes import put_entry
from tests.api.conftest import Posting, RunningApi, sample_lead
from tests.api.contract.sample import START
from tests.api.loop.people import staff
from tests.api.loop.test_closing import TO_CONFIRMED, walk

pytestmark = pytest.mark.usefixtures("agreement")
USCC = "91110000802100433B"
FACTORS = [
    LeadFactor(name="risk", points=0),
    LeadFactor(name="severity", points=20),
    LeadFactor(name="confirmed", points=0),
]
BEFORE = START - timedelta(days=30)


def enter(api: RunningApi, at: datetime, *entries: Entry) -> None:
    """Enter entries as of a time."""
    with api.state.database.writing() as session:
        for entry in entries:
            put_entry(session, entry, None, who="operator:test", reason="test", at=at)


def coloured(colour: Risk, **more: Any) -> Enterprise:
    """The enterprise with a colour since the beginning of the year."""
    risk = [RiskEntry(colour=colour, valid_from=date(2026, 1, 1))]
    return Enterprise(uscc=USCC, name="通州某热力有限公司", risk=risk, **more)


def of_enterprise(posting: Posting, start: datetime = START) -> Posting:
    """The posting, on the enterprise, as a worker without a register reports it."""
    lead = posting.lead
    update = {
        "target": LeadTarget(zone="烟囱", uscc=USCC, outlet="DA001"),
        "factors": FACTORS,
        "score": 20,
        "priority": Priority.P3,
        "disposition": LeadDisposition(reasons=["unregistered"]),
        "event": lead.event.model_copy(update={"start": start}),
    }
    return replace(posting, lead=lead.model_copy(update=update))


def of_nobody_yet() -> LeadDocument:
    """The sample lead on the enterprise."""
    return of_enterprise(Posting(sample_lead(), b"")).lead


def points(lead: dict[str, Any]) -> dict[str, int]:
    """The factors by name."""
    return {factor["name"]: factor["points"] for factor in lead["factors"]}


def test_what_held_at_the_event_counts(
    api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """Red and in an alert when it happened: 70 points, P1, alarm; green and listed only since then."""
    order = AlertOrder(id="A-1", level=AlertLevel.RED, **{"from": BEFORE, "to": START + timedelta(days=1)})
    enter(api, BEFORE, coloured(Risk.RED), order)
    enter(api, START + timedelta(hours=1), coloured(Risk.GREEN, positive_list=[Listing(valid_from=date(2026, 1, 1))]))
    lead = of_enterprise(make_posting()).send(enrolled).json()
    assert points(lead) == {"risk": 30, "severity": 20, "confirmed": 0, "alert": 20}
    assert (lead["score"], lead["priority"]) == (70, "P1")
    assert (lead["target"]["risk"], lead["target"]["positive_list"]) == ("red", False)
    assert lead["target"]["name"] == "通州某热力有限公司"
    assert lead["target"]["registry_version"].endswith(".2")
    disposition = lead["disposition"]
    assert disposition["reasons"] == ["grave_class", "alert_in_force", "red_risk"]
    assert (disposition["action"], disposition["notify"][0]) == ("lead", "wall_alarm")
    assert lead["penalty_hint"]["first_in_24_months"] is True


@pytest.mark.parametrize(
    ("listed", "reasons"), [(False, ["green_risk", "non_site_first"]), (True, ["positive_list", "green_risk"])]
)
def test_a_first_minor_finding_is_a_warning(api: RunningApi, listed: bool, reasons: list[str]) -> None:
    """Of a green or listed enterprise; of a grave class it never is."""
    listing = [Listing(valid_from=date(2026, 1, 1))] if listed else []
    enter(api, BEFORE, coloured(Risk.GREEN, positive_list=listing))
    grave = of_nobody_yet()
    with api.state.database.reading() as session:
        soil = assessed(session, grave.model_copy(update={"violation_code": "V07_BARE_SOIL"})).disposition
        burnt = assessed(session, grave).disposition
    assert soil is not None
    assert (soil.action, soil.approval_required, soil.reasons) == ("warn_only", listed, [*reasons, "first_minor"])
    assert burnt is not None
    assert (burnt.action, burnt.reasons) == ("lead", ["grave_class", *reasons])


def test_what_the_no_penalty_list_and_the_plan_propose(
    api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """An item that fits a first violation, with until when it must be corrected; a planned check to be made with it."""
    since = date(2026, 1, 1)
    item = NoPenaltyItem(
        id="京环不罚-04",
        title="裸土未苫盖",
        version="2025-1",
        codes=["V07_BARE_SOIL"],
        corrected_within_h=24,
        valid_from=since,
    )
    today = local_day(utc_now())
    plans = [Plan(id=f"P-{year}", year=year, uscc=USCC, items=["大气"]) for year in (today.year - 1, today.year)]
    enter(api, BEFORE, coloured(Risk.YELLOW), item, *plans)
    posting = of_enterprise(make_posting())
    assert posting.send(enrolled).json()["penalty_hint"]["harm"] == "serious"
    with api.state.database.reading() as session:
        soil = assessed(session, of_nobody_yet().model_copy(update={"violation_code": "V07_BARE_SOIL"}))
    assert soil.penalty_hint is not None
    hint = soil.penalty_hint.model_dump(mode="json")
    assert (hint["list_item"], hint["list_version"]) == ("京环不罚-04", "2025-1")
    assert hint["correct_by"] == rfc3339(START + timedelta(hours=24))
    with staff(api, duty="D", verifier="V", proof="E", officer="O") as people:
        walk(people, *TO_CONFIRMED[:3])
        moves = people["proof"].get(f"/v1/leads/{posting.lead.lead_id}/moves").json()
        assert [plan["id"] for plan in moves["planned"]] == [f"P-{today.year}"]


def test_a_confirmed_violation_counts_for_those_that_wait(
    api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """When it is confirmed, a later lead of the same enterprise is scored anew, with a record that says why."""
    enter(api, BEFORE, coloured(Risk.YELLOW))
    later = of_enterprise(make_posting("L20261123-000124"), START + timedelta(hours=2))
    assert of_enterprise(make_posting()).send(enrolled).status_code == 201
    assert later.send(enrolled).json()["score"] == 35
    with staff(api, duty="D", verifier="V", proof="E", officer="O") as people:
        walk(people, *TO_CONFIRMED)
        where = "/v1/leads/L20261123-000124"
        lead = people["duty"].get(where).json()
        assert (lead["score"], points(lead)["confirmed"], lead["version"]) == (40, 5, 2)
        assert (lead["priority"], lead["penalty_hint"]["first_in_24_months"]) == ("P2", False)
        assert "repeated" in lead["disposition"]["reasons"]
        record = people["duty"].get(f"{where}/transitions").json()["transitions"][-1]
        assert (record["act"], record["role"], record["reason"][:14]) == ("reassessed", "A", "score 35 -> 40")
