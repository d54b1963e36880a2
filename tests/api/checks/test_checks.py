"""Check codes over HTTP: issued, refused, scanned, finished, rated, run out; and the draw."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.checks.use import expire_checks
from api.clock import utc_now
from api.contract.checks.draw import draw
from api.contract.trust.stamp import canonical_json
from api.settings import Settings
from tests.api.checks.register import GREEN, LAPSED, LISTED, OFFICERS, RED, UNKNOWN, fill_register, later, request
from tests.api.conftest import PLAIN_HTTP, Posting, RunningApi
from tests.api.contract.sample import LEAD_ID
from tests.api.loop.people import PATH, move, staff
from tests.api.loop.test_transition import DISPATCH, VERIFIED
from tests.api.postgresql import over_postgresql

pytestmark = pytest.mark.usefixtures("agreement")
CODES = "/v1/check-codes"


@pytest.fixture
def desk(api: RunningApi, operator: httpx.Client) -> httpx.Client:
    """An operator of a site with a register."""
    fill_register(api)
    return operator


def issued(client: httpx.Client, **more: object) -> dict[str, object]:
    """A code that was issued."""
    answer = client.post(CODES, json=request(**more))
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


def change(client: httpx.Client, code: object, **what: object) -> httpx.Response:
    """Change a check as it stands."""
    etag = client.get(f"{CODES}/{code}").headers["ETag"]
    return client.post(f"{CODES}/{code}/changes", json={"reason": "记录", **what}, headers={"If-Match": etag})


def scan(client: httpx.Client, code: object, **more: object) -> httpx.Response:
    """Scan the red enterprise's code on its place."""
    body = {"uscc": RED, "officers": OFFICERS[:2], "lon": 116.6501, "lat": 39.9101, **more}
    return client.post(f"{CODES}/{code}/scans", json=body)


def test_a_check_from_its_code_to_its_rating(desk: httpx.Client) -> None:
    """Issued, scanned on the spot, its record filed, rated; the trail has every step with its leaf of the log."""
    check = issued(desk)
    code = check["check_code"]
    assert (check["state"], check["company"]) == ("ISSUED", "测试企业 433B")
    assert [officer["name"] for officer in check["officers"]] == ["执法员 11-0001", "执法员 11-0002"]
    assert change(desk, code, record_sha256="ab" * 32).json()["type"].endswith("wrong-state")
    scanned = scan(desk, code, ecode_record_id="EC-77")
    assert (scanned.status_code, scanned.json()["state"]) == (201, "ACTIVE"), scanned.text
    assert (scanned.json()["scans"][0]["warning"], scanned.json()["ecode_record_id"]) == ("", "EC-77")
    assert change(desk, code, record_sha256="ab" * 32).json()["state"] == "DONE"
    assert scan(desk, code).json()["type"].endswith("wrong-state")
    assert change(desk, code, company_rating=5).json()["state"] == "RATED"
    trail = desk.get(f"{CODES}/{code}/trail").json()
    assert [each["record"]["event"] for each in trail["events"]] == ["issued", "scanned", "done", "rated"]
    assert all(isinstance(each["log_index"], int) for each in trail["events"])
    stale = desk.post(f"{CODES}/{code}/changes", json={"reason": "x", "cancel": True}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    shown = desk.get(CODES, params={"uscc": RED}).json()
    assert [each["check_code"] for each in shown["checks"]] == [code]


def test_a_check_is_found_by_the_beginning_of_its_code(desk: httpx.Client) -> None:
    """However it is typed, together with what else is asked for, and in pages; another beginning finds nothing."""
    first = str(issued(desk)["check_code"])
    assert change(desk, first, cancel=True).status_code == 200
    second = str(issued(desk)["check_code"])

    def found(**query: object) -> list[str]:
        answer = desk.get(CODES, params={key: str(value) for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        return [each["check_code"] for each in answer.json()["checks"]]

    assert found(code="") == found(code="jc") == found(code=first[:18]) == [second, first]
    assert found(code=second) == found(code=second.lower()) == found(code=f" {second[:8]} {second[8:16]}-{second[16:]}")
    assert (found(code=first[:20]), found(code=second[:20])) == ([first], [second])
    assert found(code=first[:20].replace("0", "o").replace("1", "l")) == [first]
    assert found(code=first[:18], status="CANCELLED") == [first]
    page = desk.get(CODES, params={"code": first[:10], "limit": 1}).json()
    assert found(code=first[:10], cursor=page["next"]) == [first]
    assert found(code="JC99") == found(code=first + "0") == found(code="X") == []
    for wrong in ("JC%", "JC_", "京", "J" * 65):
        assert desk.get(CODES, params={"code": wrong}).status_code == 422


def test_the_public_page_shows_four_facts_and_no_more(api: RunningApi, desk: httpx.Client) -> None:
    """Bureau, date, items, basis; neither enterprise nor officers; nothing of a code that ended; the QR leads there."""
    check = issued(desk, items=["<b>大气</b>"])
    with httpx.Client(base_url=api.url, verify=PLAIN_HTTP) as anybody:
        page = anybody.get(f"/jc/{check['check_code']}")
        assert page.status_code == 200
        assert "&lt;b&gt;大气&lt;/b&gt;" in page.text
        assert "投诉举报" in page.text
        for hidden in (RED, "测试企业", "执法员", *OFFICERS, str(check["check_code"])):
            assert hidden not in page.text
        assert change(desk, check["check_code"], cancel=True).json()["state"] == "CANCELLED"
        for gone in (check["check_code"], "JC110112202611230001X7Q2G", "nonsense"):
            assert anybody.get(f"/jc/{gone}").status_code == 404
        assert anybody.get(f"{CODES}/{check['check_code']}").status_code == 401
    drawn = desk.get(f"{CODES}/{check['check_code']}/qr.svg")
    assert (drawn.headers["Content-Type"], b"<svg" in drawn.content) == ("image/svg+xml", True)


@pytest.mark.parametrize(
    ("slug", "asked"),
    [
        ("unknown-enterprise", request(UNKNOWN)),
        ("certificate-invalid", request(officers=[OFFICERS[0], LAPSED])),
        ("certificate-invalid", request(valid_to=later(400), officers=[OFFICERS[0], "11-7777"])),
        ("approval-required", request(LISTED)),
        ("approval-required", request(GREEN)),
        ("unknown-plan", request(basis="plan", plan_id="P-9")),
        ("wrong-enterprise", request(GREEN, basis="plan", plan_id="P-1", approved_by="赵", approval_ref="2026-7")),
        ("invalid-input", request(officers=[OFFICERS[0]])),
        ("invalid-input", request(officers=[OFFICERS[0], OFFICERS[0]])),
        ("invalid-input", request(basis="plan")),
        ("invalid-input", request("91110000802100433C")),
    ],
)
def test_what_is_refused(desk: httpx.Client, slug: str, asked: dict[str, object]) -> None:
    """Each refusal has its word for programs and a sentence for people."""
    answer = desk.post(CODES, json=asked)
    assert answer.json()["type"].endswith(slug), answer.text
    assert answer.status_code == (422 if slug == "invalid-input" else 409)


def test_an_open_code_is_joined_and_a_visit_is_not_repeated(desk: httpx.Client) -> None:
    """Overlapping items offer the open code; after a visit another within 30 days takes a complaint or an emergency."""
    code = issued(desk)["check_code"]
    again = desk.post(CODES, json=request(items=["大气污染防治设施", "噪声"]))
    assert (again.status_code, again.json()["join"]) == (409, code)
    joined = change(desk, code, join={"officers": [OFFICERS[2]], "items": ["噪声"], "units": ["城管"]}).json()
    assert (len(joined["officers"]), joined["items"], joined["units"]) == (3, ["大气污染防治设施", "噪声"], ["城管"])
    wrong = scan(desk, code, uscc=GREEN).json()
    stranger = scan(desk, code, officers=[OFFICERS[0], LAPSED]).json()
    assert (wrong["type"][-16:], stranger["type"][-15:]) == ("wrong-enterprise", "unknown-officer")
    far = scan(desk, code, lat=39.95).json()
    assert far["scans"][0]["warning"].endswith("from the registered place")
    assert change(desk, code, record_sha256="cd" * 32).status_code == 200
    lately = desk.post(CODES, json=request(basis="plan", plan_id="P-1"))
    assert lately.json()["type"].endswith("visited-lately")
    assert issued(desk, basis="plan", plan_id="P-1", mode="non_site")["state"] == "ISSUED"


def test_an_emergency_is_justified_before_its_record(desk: httpx.Client) -> None:
    """It needs no approval beforehand, and a reason afterwards: without it neither record nor another emergency."""
    check = issued(desk, basis="emergency")
    code = check["check_code"]
    assert check["justify_by"] is not None
    assert scan(desk, code).status_code == 201
    assert change(desk, code, record_sha256="ab" * 32).json()["type"].endswith("justification-owed")
    assert change(desk, code, justification="化学品泄漏，来不及报批").json()["justify_by"] is None
    assert change(desk, code, record_sha256="ab" * 32).json()["state"] == "DONE"


def test_a_code_that_nobody_used_runs_out(api: RunningApi, desk: httpx.Client) -> None:
    """After its last day it is EXPIRED, once, and cannot be scanned."""
    code = issued(desk)["check_code"]
    with api.state.database.writing() as session:
        assert expire_checks(session, utc_now() + timedelta(days=30), 10) == 1
        assert expire_checks(session, utc_now() + timedelta(days=30), 10) == 0
    assert scan(desk, code).json()["detail"].startswith(f"code {code} is EXPIRED")


@pytest.mark.usefixtures("enrolled")
def test_no_site_is_entered_without_a_code(
    api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """A lead goes to ON_SITE by a code that answers it, and on by its scan and record, which finish the check."""
    fill_register(api)
    assert make_posting().send(enrolled).status_code == 201
    with staff(api, duty="D", verifier="V", proof="E", post="P", officer="O") as people:
        officer = people["officer"]
        assert move(people["duty"], "VERIFIED", **VERIFIED).status_code == 200
        assert move(people["verifier"], "VERIFIED", **VERIFIED).status_code == 200
        assert move(people["proof"], "EVIDENCE_FIXED").status_code == 200
        assert move(people["post"], "DISPATCHED", **DISPATCH).status_code == 200
        assert move(officer, "ACCEPTED").status_code == 200
        assert people["duty"].post(CODES, json=request()).status_code == 403
        lead = officer.get(PATH).json()
        uscc = lead["target"]["uscc"] if lead["target"] and lead["target"]["uscc"] else RED
        other = officer.post(CODES, json=request(uscc)).json()["check_code"]
        unfit = move(officer, "ON_SITE", check_code=other)
        assert (unfit.status_code, "does not answer this lead" in unfit.json()["detail"]) == (409, True)
        assert change(officer, other, join={"lead_id": LEAD_ID}).status_code == 200
        assert move(officer, "ON_SITE", check_code=other).json()["state"] == "ON_SITE"
        found = {
            "attachments": [{"name": "笔录.pdf", "sha256": "ef" * 32, "kind": "record"}],
            "measurement": "林格曼 2 级",
        }
        early = move(officer, "CONFIRMED", **found)
        assert (early.status_code, "was not scanned" in early.json()["detail"]) == (409, True)
        assert scan(officer, other, uscc=uscc).status_code == 201
        confirmed = move(officer, "CONFIRMED", **found)
        assert confirmed.json()["state"] == "CONFIRMED", confirmed.text
        check = officer.get(f"{CODES}/{other}").json()
        assert (check["state"], check["record_sha256"]) == ("DONE", "ef" * 32)
        trail = officer.get(f"{CODES}/{other}/trail").json()
        assert trail["leads"][LEAD_ID][-1]["to"] == "CONFIRMED"
        share = officer.get("/v1/checks/share", params={"from": later(-1), "to": later(1)}).json()
        assert share == {"on_site": 1, "non_site": 0, "share": "0.00"}


def test_a_draw_is_frozen_and_can_be_drawn_again(desk: httpx.Client) -> None:
    """The answer holds seed and pools; drawing again from them gives the same; its id is used once."""
    asked = {"id": "2026-Q4-1", "seed": "福彩 3D 2026325: 4 7 1", "seed_source": "中国福彩网 2026-12-02", "count": 2}
    made = desk.post("/v1/draws", json=asked)
    assert made.status_code == 201, made.text
    drawn = desk.get(made.headers["Location"]).json()
    assert drawn == made.json()
    pools = {"pool": [[each["uscc"], each["weight"]] for each in drawn["pool"]], "officers": drawn["officers"]}
    assert hashlib.sha256(canonical_json(json.loads(json.dumps(pools)))).hexdigest() == drawn["pool_sha256"]
    again = draw(asked["seed"], dict(pools["pool"]), 2, drawn["officers"], 2)
    assert again == [(each["uscc"], each["officers"]) for each in drawn["drawn"]]
    assert desk.post("/v1/draws", json=asked).json()["type"].endswith("draw-made")
    assert desk.get("/v1/draws").json() == {"draws": ["2026-Q4-1"]}
    small = desk.post("/v1/draws", json={**asked, "id": "2", "officers_each": 8})
    assert small.json()["type"].endswith("empty-pool")


class TestOverPostgresql:
    """The same over the other database."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        """Settings over PostgreSQL."""
        return over_postgresql(settings, tmp_path)

    def test_a_check_is_found_by_the_beginning_of_its_code(self, desk: httpx.Client) -> None:
        """However it is typed; another beginning finds nothing."""
        test_a_check_is_found_by_the_beginning_of_its_code(desk)
