"""The loop over HTTP: two people where the table says so, content and conditions, one answer a key."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID
from tests.api.loop.people import ANSWERS, PATH, move, staff

VERIFIED = {"review": ANSWERS, "reason_code": "smoke_seen"}
DISPATCH = {"team": "执法一队", "plan_match": {"basis": "lead"}}
CLOSING = {"feedback": {"colour": "keep"}, "advice": "检修布袋除尘器"}


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> None:
    """A filed lead that waits for its review."""
    assert make_posting().send(enrolled).status_code == 201


@pytest.mark.usefixtures("filed", "agreement")
def test_two_people_verify_a_lead(api: RunningApi) -> None:
    """The verifier alone moves nothing; the proposal is a record of its own; who proposed cannot confirm."""
    with staff(api, duty="D", verifier="V", both="DV") as people:
        alone = move(people["verifier"], "VERIFIED", **VERIFIED)
        assert (alone.status_code, "proposes first" in alone.json()["detail"]) == (409, True)
        proposed = move(people["both"], "VERIFIED", **VERIFIED)
        assert (proposed.status_code, proposed.json()["state"]) == (200, "PENDING_VERIFY")
        assert proposed.json()["proposal"]["by"] == "both"
        assert move(people["both"], "VERIFIED", **VERIFIED).status_code == 409
        other = move(people["verifier"], "REJECTED_FALSE", reason_code="steam")
        assert (other.status_code, "both proposed VERIFIED" in other.json()["detail"]) == (409, True)
        confirmed = move(people["verifier"], "VERIFIED", **VERIFIED)
        assert (confirmed.status_code, confirmed.json()["state"]) == (200, "VERIFIED"), confirmed.text
        assert confirmed.json()["proposal"] is None
        acts = [record.get("act", "") for record in people["duty"].get(f"{PATH}/transitions").json()["transitions"]]
        assert acts == ["", "proposed", ""]


@pytest.mark.usefixtures("filed", "agreement")
def test_a_proposal_can_be_declined(api: RunningApi) -> None:
    """The lead goes on waiting for the duty officer; the record says who declined."""
    with staff(api, duty="D", verifier="V") as people:
        assert move(people["duty"], "VERIFIED", **VERIFIED).status_code == 200
        assert [lead["lead_id"] for lead in queue(people["verifier"], "V")] == [LEAD_ID]
        assert queue(people["duty"], "D") == []
        declined = move(people["verifier"], "PENDING_VERIFY")
        assert (declined.status_code, declined.json()["proposal"]) == (200, None)
        assert [lead["lead_id"] for lead in queue(people["duty"], "D")] == [LEAD_ID]


@pytest.mark.usefixtures("filed", "agreement")
def test_a_lead_goes_from_the_wall_to_the_archive(api: RunningApi) -> None:
    """Verified, fixed, dispatched, checked from the office, not confirmed, closed: each with its own person."""
    with staff(api, duty="D", verifier="V", proof="E", post="P", officer="O", head="M") as people:
        assert move(people["duty"], "VERIFIED", **VERIFIED).status_code == 200
        assert move(people["verifier"], "VERIFIED", **VERIFIED).status_code == 200
        fixed = move(people["proof"], "EVIDENCE_FIXED")
        assert (fixed.status_code, fixed.json()["state"]) == (200, "EVIDENCE_FIXED"), fixed.text
        bare = move(people["post"], "DISPATCHED")
        assert (bare.status_code, "team, plan_match" in bare.json()["detail"]) == (422, True)
        sent = move(people["post"], "DISPATCHED", **DISPATCH)
        assert sent.json()["handling"]["team"] == "执法一队"
        assert "accept_by" in sent.json()["timers"]
        assert move(people["officer"], "ACCEPTED").status_code == 200
        no_code = move(people["officer"], "ON_SITE", check_code="JC110112202611230001X7Q2G")
        assert (no_code.status_code, no_code.json()["type"]) == (409, "urn:plumewatch:problem:illegal-transition")
        assert move(people["officer"], "NON_SITE_CHECK").status_code == 200
        answer = {"explanation": "在线监测数据无超标", "reason_code": "within_limits"}
        assert move(people["officer"], "NOT_CONFIRMED", **answer).status_code == 200
        assert move(people["officer"], "CLOSED", reason_code="within_limits", **CLOSING).status_code == 200
        closed = move(people["verifier"], "CLOSED", reason_code="within_limits", **CLOSING)
        assert (closed.status_code, closed.json()["state"]) == (200, "CLOSED"), closed.text
        assert closed.json()["handling"]["feedback"]["colour"] == "keep"
        history = people["head"].get(f"{PATH}/transitions").json()["transitions"]
        carried = [record.get("content", {}) for record in history]
        assert [each["explanation"] for each in carried if "explanation" in each] == ["在线监测数据无超标"]
        assert [each["advice"] for each in carried if "advice" in each] == ["检修布袋除尘器"] * 2
        assert move(people["head"], "REOPENED").json()["state"] == "REOPENED"


@pytest.mark.usefixtures("filed", "agreement")
def test_who_verified_does_not_inspect(api: RunningApi) -> None:
    """One person is not verifier and enforcement officer of the same lead."""
    with staff(api, duty="D", verifier="VO", proof="EP") as people:
        move(people["duty"], "VERIFIED", **VERIFIED)
        move(people["verifier"], "VERIFIED", **VERIFIED)
        move(people["proof"], "EVIDENCE_FIXED")
        move(people["proof"], "DISPATCHED", **DISPATCH)
        refused = move(people["verifier"], "ACCEPTED")
        assert (refused.status_code, "another person" in refused.json()["detail"]) == (409, True)


@pytest.mark.usefixtures("filed")
def test_roles_count_in_their_division_and_moves_say_what_they_take(api: RunningApi) -> None:
    """Nobody without the role; the list of moves names role, act, required fields and what blocks them."""
    with staff(api, duty="D", verifier="V", officer="O") as people:
        refused = move(people["officer"], "VERIFIED", **VERIFIED)
        assert refused.status_code in {403, 409}
        theirs = people["officer"].get(f"{PATH}/moves").json()
        assert (theirs["moves"], theirs["waits_for"]) == ([], ["D"])
        moves = people["duty"].get(f"{PATH}/moves").json()["moves"]
        assert [(each["to"], each["act"], each["role"]) for each in moves] == [
            ("VERIFIED", "propose", "D"),
            ("REJECTED_FALSE", "propose", "D"),
            ("NEED_MORE", "propose", "D"),
        ]
        assert moves[0]["requires"] == ["review", "reason_code"]
        smoke = {"code": "smoke_seen", "zh": "烟气清楚可见", "en": "smoke is clearly seen"}
        assert [each["reason_codes"][:1] for each in moves[::2]] == [[smoke], []]
        assert people["officer"].get("/v1/queue", params={"role": "V"}).status_code == 403
        assert move(people["duty"], "CLOSED").status_code == 409


@pytest.mark.usefixtures("filed")
def test_a_site_without_roles_works_as_one_desk(operator: httpx.Client) -> None:
    """One operator verifies alone, as before there were roles; the rest of the table holds, and offers stay whole."""
    moves = operator.get(f"{PATH}/moves").json()["moves"]
    assert [(each["requires"], each["offers"][:2]) for each in moves] == [
        ([], ["review", "reason_code"]),
        ([], ["reason_code", "review"]),
        ([], ["review", "reason_code"]),
    ]
    assert move(operator, "VERIFIED").json()["state"] == "VERIFIED"
    assert move(operator, "DISPATCHED").status_code == 409
    assert operator.get("/v1/loop/grants").json() == {"enforced": False, "grants": []}


@pytest.mark.usefixtures("filed", "agreement")
def test_the_same_key_moves_once(operator: httpx.Client) -> None:
    """A repeated call gets its first answer though the version has gone on; another body under the key is 422."""
    body = {"to": "NEED_MORE", "reason": "看不清"}
    headers = {"If-Match": '"1"', "Idempotency-Key": "a"}
    first = operator.post(f"{PATH}/transitions", json=body, headers=headers)
    again = operator.post(f"{PATH}/transitions", json=body, headers=headers)
    assert (first.status_code, first.content) == (200, again.content)
    other = operator.post(f"{PATH}/transitions", json=body | {"reason": "别的"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:plumewatch:problem:idempotency-key-reused")


@pytest.mark.usefixtures("filed", "agreement")
def test_of_two_at_once_one_wins(operator: httpx.Client) -> None:
    """Six moves of one version: one is made, five are 412."""
    body = {"to": "NEED_MORE", "reason": "看不清"}
    with ThreadPoolExecutor(6) as pool:
        send = lambda _: operator.post(f"{PATH}/transitions", json=body, headers={"If-Match": '"1"'})  # noqa: E731
        codes = sorted(answer.status_code for answer in pool.map(send, range(6)))
    assert codes.count(200) == 1
    assert set(codes) == {200, 412}


def queue(client: httpx.Client, role: str) -> list[dict[str, object]]:
    """The leads that wait for a role."""
    answer = client.get("/v1/queue", params={"role": role})
    assert answer.status_code == 200, answer.text
    leads: list[dict[str, object]] = answer.json()["leads"]
    return leads
