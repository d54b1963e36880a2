"""Corrections over HTTP: what may be put right, both versions in the log, and what stays."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import httpx
import pytest

from api.contract.catalogue import catalogue
from api.contract.wire.lead import LeadDisposition
from api.store.evidence.tlog import LeafKind, leaves_about
from api.store.leads import announce_lead
from tests.api.conftest import Posting, RunningApi, sample_lead
from tests.api.contract.sample import LEAD_ID, START

PATH = f"/v1/leads/{LEAD_ID}/corrections"
WHY = "现场核对排污许可证"


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> Posting:
    """A filed lead."""
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    return posting


def correct(client: httpx.Client, field: str, value: str, version: int = 1) -> httpx.Response:
    """Correct the lead."""
    return client.post(PATH, json={"field": field, "value": value, "reason": WHY}, headers={"If-Match": f'"{version}"'})


@pytest.mark.usefixtures("filed")
def test_nothing_is_corrected_at_first(operator: httpx.Client) -> None:
    """A lead without corrections has an empty list; an unknown lead is 404."""
    assert operator.get(PATH).json() == {"corrections": []}
    assert operator.get("/v1/leads/L20261123-999999/corrections").status_code == 404


@pytest.mark.usefixtures("filed")
def test_both_versions_are_kept(api: RunningApi, operator: httpx.Client) -> None:
    """The lead shows the new value and is found by it; before, after, who and why are a leaf of the log, in order."""
    assert correct(operator, "target.name", "示例热力有限公司").json()["target"]["name"] == "示例热力有限公司"
    second = correct(operator, "target.name", " 示例热力有限公司一分厂 ", version=2)
    assert (second.status_code, second.headers["etag"]) == (200, '"3"')
    found = operator.get("/v1/leads", params={"enterprise": "一分厂"}).json()["leads"]
    assert [(lead["lead_id"], lead["version"], lead["state"]) for lead in found] == [(LEAD_ID, 3, "PENDING_VERIFY")]
    listed = operator.get(PATH).json()["corrections"]
    assert [(each["before"], each["after"], each["version"]) for each in listed] == [
        ("", "示例热力有限公司", 2),
        ("示例热力有限公司", "示例热力有限公司一分厂", 3),
    ]
    assert {(each["user"], each["reason"]) for each in listed} == {("admin", WHY)}
    with api.state.database.reading() as session:
        leaves = [leaf for leaf in leaves_about(session, LEAD_ID) if leaf.kind is LeafKind.CORRECTION]
    assert [leaf.index for leaf in leaves] == [each["log_index"] for each in listed]
    assert json.loads(leaves[1].data)["before"] == "示例热力有限公司"


@pytest.mark.usefixtures("filed")
def test_the_package_stays_what_it_was(operator: httpx.Client, filed: Posting, enrolled: httpx.Client) -> None:
    """It verifies as before and tells the old value; a node that posts it again gets the lead as it stands."""
    assert correct(operator, "violation_code", "V03_STRAW_BURN").status_code == 200
    assert operator.get(f"/v1/evidence/{LEAD_ID}/verification").json()["ok"] is True
    assert operator.get(f"/v1/evidence/{LEAD_ID}").json()["violation_code"] == "V04_WASTE_BURN"
    again = filed.send(enrolled, key="another")
    assert (again.status_code, again.json()["violation_code"]) == (200, "V03_STRAW_BURN")


def test_a_code_that_a_person_chose_is_no_proposal_any_more(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """Of the reasons only that one goes."""
    posting = make_posting()
    disposition = LeadDisposition(reasons=["code_proposed", "unattributed"])
    proposed = replace(posting, lead=posting.lead.model_copy(update={"disposition": disposition}))
    assert proposed.send(enrolled).status_code == 201
    assert correct(operator, "violation_code", "V03_STRAW_BURN").json()["disposition"]["reasons"] == ["unattributed"]


@pytest.mark.usefixtures("filed")
def test_another_act_brings_its_law(operator: httpx.Client) -> None:
    """Articles, penalty and authority are those of the corrected act on the day of the act."""
    lead = correct(operator, "violation_code", "V10_BLACK_CAR").json()
    assert (lead["violation_code"], lead["legal"]["in_force_at"]) == ("V10_BLACK_CAR", "2026-11-23")
    expected = catalogue().legal_at("V10_BLACK_CAR", date(2026, 11, 23))
    assert expected is not None
    assert lead["legal"] == expected.model_dump(mode="json")
    assert lead["class"] == "lead_only", "the camera has no file under article 41"


@pytest.mark.usefixtures("filed")
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("violation_code", "V99_NOTHING", "not a code of the catalogue"),
        ("violation_code", "V04_WASTE_BURN", "already"),
        ("target.uscc", "91110000802100433I", "cannot be"),
        ("place.lon", "east", "cannot be"),
        ("place.lat", "91", "cannot be"),
        ("place.town", "", "is empty already"),
    ],
)
def test_a_value_that_cannot_be_is_refused(operator: httpx.Client, field: str, value: str, said: str) -> None:
    """422 with what is wrong, and nothing is changed."""
    answer = correct(operator, field, value)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:wrong-value")
    assert said in answer.json()["detail"]
    assert operator.get(f"/v1/leads/{LEAD_ID}").json()["version"] == 1


@pytest.mark.usefixtures("filed")
def test_places_are_corrected_as_numbers(operator: httpx.Client) -> None:
    """A coordinate is a number, and none where there is none."""
    assert correct(operator, "place.lon", "116.65123").json()["place"]["lon"] == 116.65123
    assert correct(operator, "place.lon", "", version=2).json()["place"]["lon"] is None


@pytest.mark.usefixtures("filed")
def test_who_may_correct_and_when(operator: httpx.Client, worker: httpx.Client) -> None:
    """An operator alone, of the version that he has read, a field that people may know better."""
    body = {"field": "place.town", "value": "梨园镇", "reason": WHY}
    assert worker.post(PATH, json=body, headers={"If-Match": '"1"'}).status_code == 403
    assert operator.post(PATH, json=body).status_code == 428
    assert correct(operator, "place.town", "梨园镇", version=7).status_code == 412
    assert correct(operator, "measure.opacity_pct", "12").status_code == 422
    assert operator.post(PATH, json=body | {"reason": " "}, headers={"If-Match": '"1"'}).status_code == 422
    assert operator.get(PATH).json() == {"corrections": []}


def test_an_announced_lead_waits_for_its_package(api: RunningApi, operator: httpx.Client) -> None:
    """Before it is filed the node may still tell more: 409."""
    with api.state.database.writing() as session:
        announce_lead(session, sample_lead(), None, START)
    assert correct(operator, "place.town", "梨园镇").status_code == 409
