"""Poison: what no reader could read is refused before it is kept, and a row spoilt all the same harms no other."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import pytest
from structlog.testing import capture_logs

from api.contract.coverage import AccountHour, CoverageReport
from api.contract.wire.lead import LeadDocument
from api.store.evidence.tables import CameraFileRow
from api.store.tables import CameraRow, CoverageRow, EventRow, LeadRow
from tests.api.conftest import NODE, RunningApi, sample_lead
from tests.api.routes.fleet.test_coverage import START, WINDOW, told

CAMERA = {"id": "gate", "source": "rtsp://10.0.0.7/1"}
INVALID = (422, "application/problem+json", "urn:plumewatch:problem:invalid-input")


def put(client: httpx.Client, document: str, path: str = "/v1/cameras/gate", method: str = "PUT") -> httpx.Response:
    """Send a body as it is: `json=` would refuse what these tests send."""
    return client.request(method, path, content=document.encode(), headers={"Content-Type": "application/json"})


def kind_of(answer: httpx.Response) -> tuple[int, str, str]:
    """What sort of answer it is."""
    return answer.status_code, answer.headers["content-type"], answer.json()["type"]


@pytest.mark.parametrize("number", ["1e309", "NaN", "-Infinity"])
@pytest.mark.parametrize(
    "field", ['"stream":{"a":%s}', '"place":{"lon":%s}', '"stream":{"open_timeout_s":1,"a":%s}', '"enabled":%s']
)
def test_a_number_that_is_not_finite_is_refused(operator: httpx.Client, field: str, number: str) -> None:
    """422 and nothing is kept: the list of cameras stays what it was."""
    body = '{"id":"gate","source":"rtsp://10.0.0.7/1",' + field % number + "}"
    assert kind_of(put(operator, body)) == INVALID
    assert operator.get("/v1/cameras").json()["cameras"] == []


@pytest.mark.parametrize("field", ["limit_s", "longest_s", "patrol_s", "focus_s"])
@pytest.mark.parametrize("number", ["1e309", "NaN", "1e300"])
def test_coverage_takes_finite_seconds(enrolled: httpx.Client, operator: httpx.Client, field: str, number: str) -> None:
    """Neither infinite ones nor such that their sum is; the summary can be read afterwards."""
    hour = told().model_dump(mode="json") | {field: "NUMBER"}
    body = json.dumps({"hours": [hour]}).replace('"NUMBER"', number)
    assert kind_of(put(enrolled, body, "/v1/coverage", "POST")) == INVALID
    assert operator.get("/v1/coverage", params=WINDOW).status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        {"name": "\ud800"},
        {"name": "a\nb"},
        {"name": "长" * 100_000},
        {"source": "rtsp://127.0.0.1:18379/a\r\nSET x y"},
        {"source": "rtsp://10.0.0.7/\ud800"},
        {"stream": {"transport": "\ud800"}},
        {"stream": {"\ud800": 1}},
        {"stream": {f"k{number}": 1 for number in range(100)}},
        {"\ud800": 1},
        {"k" * 500_000: 1},
    ],
)
def test_text_is_short_unicode_without_control_characters(operator: httpx.Client, document: dict[str, object]) -> None:
    """422, by an answer that is UTF-8 itself and not as long as what it refuses."""
    answer = put(operator, json.dumps(CAMERA | document))
    assert kind_of(answer) == INVALID
    assert len(answer.content) < 20_000
    assert operator.get("/v1/cameras").json()["cameras"] == []


@pytest.mark.parametrize("source", ["file:///etc/passwd", "/etc/passwd", "srt://10.0.0.7/1", "gopher://10.0.0.7/1"])
@pytest.mark.parametrize("node", ["", NODE, "nobody"])
def test_an_admin_registers_streams_alone(operator: httpx.Client, source: str, node: str) -> None:
    """Whatever node the document names: a file is opened only where the worker's own configuration says so."""
    answer = operator.put("/v1/cameras/gate", json=CAMERA | {"source": source, "configured_by": node})
    assert kind_of(answer) == INVALID
    assert operator.get("/v1/cameras/gate").status_code == 404


@pytest.mark.parametrize(("source", "status"), [("/srv/a b.mp4", 201), ("a\nb.mp4", 422), ("srt://h/1", 422)])
def test_a_worker_registers_its_own_files(enrolled: httpx.Client, source: str, status: int) -> None:
    """The path of a file, but no text that is none."""
    answer = enrolled.put("/v1/cameras/gate", json=CAMERA | {"source": source, "configured_by": NODE})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/session", '{"username":"admin","password":"\\ud800"}'),
        ("/v1/session", '{"username":"\\ud800","password":"long enough"}'),
        ("/v1/session", '{"username":"admin","password":"a\\u0000b"}'),
        ("/v1/session/password", '{"current":"\\ud800","new":"a-new-one-of-mine"}'),
        ("/v1/session/password", '{"current":"the-officer-on-duty","new":"\\ud800\\ud800\\ud800\\ud800 0123456789"}'),
    ],
)
def test_a_password_is_text(operator: httpx.Client, path: str, body: str) -> None:
    """A lone surrogate or a control character is refused as invalid, never a fault inside."""
    assert kind_of(put(operator, body, path, "POST")) == INVALID


def test_a_login_that_is_no_text_counts_as_a_failed_one(api: RunningApi) -> None:
    """As many such tries as wrong passwords, and the name has to wait."""
    with httpx.Client(base_url=api.url, timeout=20) as client:
        for _ in range(api.settings.login_attempts):
            body = '{"username":"admin","password":"\\ud800"}'
            assert kind_of(put(client, body, "/v1/session", "POST")) == INVALID
        answer = client.post("/v1/session", json={"username": "admin", "password": "wrong, but text"})
        assert answer.status_code == 429


def test_a_spoilt_row_harms_no_other(api: RunningApi, operator: httpx.Client, enrolled: httpx.Client) -> None:
    """
    Cameras, coverage, events and leads that cannot be read are left out of every list, and counted in ``/readyz``.

    The log has each once. A spoilt camera can be written anew.
    """
    for camera in ("gate", "roof"):
        assert operator.put(f"/v1/cameras/{camera}", json=CAMERA | {"id": camera}).status_code == 201
    report = CoverageReport(hours=[told(), told(hour=1)]).model_dump(mode="json")
    assert enrolled.post("/v1/coverage", json=report).status_code == 200
    good, bad = _leads(api)
    _spoil(api, bad.lead_id)
    with capture_logs() as logs:
        for _ in range(2):
            shown = operator.get("/v1/cameras").json()["cameras"]
            assert [view["camera"]["id"] for view in shown] == ["roof"]
            assert operator.get("/v1/coverage", params=WINDOW).status_code == 200
            assert [lead["lead_id"] for lead in operator.get("/v1/leads").json()["leads"]] == [good.lead_id]
            events = operator.get("/v1/events", params={"limit": 1}).json()["events"]
            assert [event["cursor"] for event in events] == [2]
    assert operator.get("/v1/cameras/gate").status_code == 404
    assert operator.get(f"/v1/leads/{bad.lead_id}").status_code == 404
    assert operator.get(f"/v1/leads/{good.lead_id}").status_code == 200
    ready = operator.get("/readyz")
    assert ready.status_code == 200
    sentence = ready.json()["warnings"]["rows"]
    for part in ("1 of cameras (gate)", "1 of hours of coverage (gate ", f"1 of leads ({bad.lead_id})", "events (1"):
        assert part in sentence
    told_of = [entry["kind"] for entry in logs if entry["event"] == "stored row cannot be read and is left out"]
    assert sorted(told_of) == ["cameras", "events", "hours of coverage", "leads"]
    assert operator.put("/v1/cameras/gate", json=CAMERA).status_code == 200
    assert len(operator.get("/v1/cameras").json()["cameras"]) == 2
    assert "cameras" not in operator.get("/readyz").json()["warnings"]["rows"]


def test_a_spoilt_camera_is_told_at_once_and_can_be_removed(api: RunningApi, operator: httpx.Client) -> None:
    """``/readyz`` looks itself, as after a restart; nobody but an admin may do away with what cannot be read."""
    with api.state.database.writing() as session:
        session.add(CameraRow(camera_id="gate", document='{"id":"gate","name":null}', changed=datetime.now(UTC)))
    assert "1 of cameras (gate)" in operator.get("/readyz").json()["warnings"]["rows"]
    assert operator.delete("/v1/cameras/gate").status_code == 204
    assert operator.get("/readyz").json()["warnings"] == {}


def test_a_worker_does_not_replace_what_cannot_be_read(api: RunningApi, enrolled: httpx.Client) -> None:
    """Whose camera it is cannot be told: 409, for a change and for a removal."""
    with api.state.database.writing() as session:
        session.add(CameraRow(camera_id="gate", document="{}", changed=datetime.now(UTC)))
    document = CAMERA | {"configured_by": NODE}
    assert enrolled.put("/v1/cameras/gate", json=document).json()["type"] == "urn:plumewatch:problem:camera-taken"
    assert enrolled.delete("/v1/cameras/gate").status_code == 409


def test_a_spoilt_file_of_a_camera_counts_as_none(api: RunningApi, operator: httpx.Client) -> None:
    """Its leads point and prove nothing, as where nobody has entered anything; they are not refused."""
    assert operator.put("/v1/cameras/gate", json=CAMERA).status_code == 201
    with api.state.database.writing() as session:
        now = datetime.now(UTC)
        row = CameraFileRow(camera_id="gate", version=1, document='{"a":1}', by="x", at=now, log_index=0)
        session.add(row)
    shown = operator.get("/v1/cameras/gate/article41").json()
    assert (shown["version"], shown["class_today"]) == (1, "lead_only")
    assert "1 of cameras' files (gate version 1)" in operator.get("/readyz").json()["warnings"]["rows"]


def _leads(api: RunningApi) -> Sequence[LeadDocument]:
    from api.store.leads import announce_lead  # noqa: PLC0415

    leads = [sample_lead("L20261123-000001"), sample_lead("L20261123-000002")]
    with api.state.database.writing() as session:
        for lead in leads:
            announce_lead(session, lead, None, datetime.now(UTC))
    return leads


def _spoil(api: RunningApi, lead_id: str) -> None:
    """Write into one row of each table what older versions and foreign programs may have left there."""
    with api.state.database.writing() as session:
        for row in (session.get(CameraRow, "gate"), session.get(EventRow, 1), session.get(LeadRow, lead_id)):
            assert row is not None
            row.document = row.document.replace('"gate"', '"\\ud800"').replace(lead_id, "").replace(":true", ":null")
            row.document = row.document.removesuffix("}") + ',"poison":null}'
        hour = session.get(CoverageRow, ("gate", START, told().account))
        assert hour is not None
        assert AccountHour.model_validate_json(hour.document)
        hour.document = hour.document.replace('"limit_s":', '"limit_s":null,"was":')
