"""What closes a lead: watching the result, filing a case, a longer limit, the site's calendar."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from api.clock import utc_now
from api.loop.timers import Timers
from api.store.lead_rows import lead_row
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID
from tests.api.loop.people import PATH, move, staff
from tests.api.loop.test_transition import CLOSING, DISPATCH, VERIFIED

CODE = "V04_WASTE_BURN"
RECORD = {"attachments": [{"name": "笔录.pdf", "sha256": "ef" * 32, "kind": "record"}]}


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> None:
    """A filed lead that waits for its review."""
    assert make_posting().send(enrolled).status_code == 201


def walk(people: dict[str, httpx.Client], *steps: tuple[str, str, dict[str, object]]) -> dict[str, object]:
    """Make moves one after the other and return the lead after the last."""
    for name, to, content in steps:
        answer = move(people[name], to, **content)
        assert (answer.status_code, answer.json().get("state")) in {(200, to), (200, "PENDING_VERIFY")}, answer.text
        moved: dict[str, object] = answer.json()
    return moved


TO_CONFIRMED: list[tuple[str, str, dict[str, object]]] = [
    ("duty", "VERIFIED", VERIFIED),
    ("verifier", "VERIFIED", VERIFIED),
    ("proof", "EVIDENCE_FIXED", {}),
    ("proof", "DISPATCHED", DISPATCH),
    ("officer", "ACCEPTED", {}),
    ("officer", "NON_SITE_CHECK", {}),
    ("officer", "CONFIRMED", {"explanation": "企业承认除尘器停运"}),
]


@pytest.mark.usefixtures("filed", "agreement")
def test_a_case_from_confirmation_to_the_archive(api: RunningApi) -> None:
    """Filed once the legal section confirmed the row, with a longer limit, decided, watched for seven days, closed."""
    with staff(api, duty="D", verifier="V", proof="E", officer="O", legal="R", head="M") as people:
        walk(people, *TO_CONFIRMED)
        case = {"case_no": "通环罚立〔2026〕7 号"}
        refused = move(people["legal"], "CASE_FILED", **case)
        assert (refused.status_code, "has not confirmed" in refused.json()["detail"]) == (409, True)
        body = {"confirmed": True, "reference": "法制审核意见 2026-3"}
        where = f"/v1/catalogue/{CODE}/confirmation"
        assert people["head"].put(where, json=body).status_code == 403
        assert people["legal"].put(where, json=body).status_code == 204
        [shown] = people["duty"].get("/v1/catalogue/confirmations").json()["confirmations"]
        assert (shown["code"], shown["confirmed"]) == (CODE, True)
        filed = walk(people, ("legal", "CASE_FILED", case))
        before = filed["timers"]["decide_by"]
        offered = people["head"].get(f"{PATH}/moves").json()["extension"]
        assert (offered["act"], offered["role"], offered["requires"]) == ("extend", "M", ["reason"])
        assert (offered["blocked"], offered["until"] > before) == ("", True)
        assert people["legal"].get(f"{PATH}/moves").json()["extension"] is None
        etag = {"If-Match": f'"{filed["version"]}"'}
        extend = {"reason": "案情复杂"}
        assert people["legal"].post(f"{PATH}/extension", json=extend, headers=etag).status_code == 403
        longer = people["head"].post(f"{PATH}/extension", json=extend, headers=etag).json()
        assert offered["until"] == longer["timers"]["decide_by"]
        assert longer["timers"]["decide_by"][:7] != before[:7]
        again = people["head"].post(f"{PATH}/extension", json=extend, headers={"If-Match": f'"{longer["version"]}"'})
        assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
        assert longer["timers"]["decide_by"] == offered["until"]
        blocked = people["head"].get(f"{PATH}/moves").json()["extension"]
        assert (blocked["until"], blocked["blocked"]) == (None, again.json()["detail"])
        publicity = {"by": "通州区生态环境局", "from": "2026-12-10", "until": "2027-06-10"}
        walk(people, ("legal", "DECIDED", {"decision_no": "通环罚〔2026〕7 号", "publicity": publicity}))
        listed = people["duty"].get("/v1/publicity", params={"until": "2027-06-10"}).json()["penalties"]
        assert [(each["decision_no"], each["is_over"]) for each in listed] == [("通环罚〔2026〕7 号", False)]
        assert people["duty"].get("/v1/publicity", params={"until": "2027-06-09"}).json() == {"penalties": []}
        assert people["head"].get(f"{PATH}/moves").json()["extension"] is None
        walk(people, ("officer", "RECTIFIED", {}))
        early = move(people["officer"], "REVIEWED")
        assert (early.status_code, "still being watched" in early.json()["detail"]) == (409, True)
        timers = Timers(api.state)
        assert timers.turn(utc_now() + timedelta(days=6)) == 0
        assert timers.turn(utc_now() + timedelta(days=7, minutes=1)) >= 1
        recurrence = people["head"].get(PATH).json()["handling"]["recurrence"]
        assert (recurrence["seen"], recurrence["leads"], recurrence["watched_share"]) == ("unknown", [], 0)
        walk(people, ("officer", "REVIEWED", {}))
        walk(people, ("head", "CLOSED", CLOSING))
        assert timers.turn(utc_now() + timedelta(days=31)) >= 1
        assert people["head"].get(PATH).json()["state"] == "ARCHIVED"


@pytest.mark.usefixtures("filed", "agreement")
def test_a_lead_of_the_same_place_is_a_recurrence(
    api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """What the analyser files in the seven days, of the same camera, code and target, makes the answer yes."""
    with staff(api, duty="D", verifier="V", proof="E", officer="O", legal="R") as people:
        walk(people, *TO_CONFIRMED)
        soon = (utc_now() + timedelta(days=3)).isoformat()
        walk(people, ("legal", "RECTIFY_NO_PENALTY", {"deadline": soon}))
        walk(people, ("officer", "RECTIFIED", {}))
        with api.state.database.writing() as session:
            row = lead_row(session, LEAD_ID)
            assert row.entered is not None
            row.entered = row.event_start - timedelta(hours=1)
            row.due = row.alarm_at = row.entered + timedelta(days=7)
        other = make_posting("L20261123-000124")
        assert other.send(enrolled).status_code == 201
        assert Timers(api.state).turn(utc_now()) >= 1
        recurrence = people["duty"].get(PATH).json()["handling"]["recurrence"]
        assert (recurrence["seen"], recurrence["leads"]) == ("yes", ["L20261123-000124"])


@pytest.mark.usefixtures("agreement")
def test_the_sites_own_working_days(operator: httpx.Client) -> None:
    """A day is set, shown and left to the calendar of holidays again; both are in the log."""
    day = "/v1/calendar/2026-12-05"
    assert operator.put(day, json={"working": True, "reason": "重污染应急值守"}).status_code == 204
    [shown] = operator.get("/v1/calendar", params={"year": 2026}).json()["days"]
    assert (shown["day"], shown["working"], shown["changed_by"]) == ("2026-12-05", True, "operator:admin")
    assert operator.delete(day, params={"reason": "取消"}).status_code == 204
    assert operator.delete(day, params={"reason": "取消"}).status_code == 404
    assert operator.get("/v1/calendar", params={"year": 2026}).json() == {"days": []}
