"""Coverage over HTTP: told by workers any number of times, shown hour by hour, as JSON and CSV."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.contract.client import ApiClient, ApiRefusedError
from api.contract.coverage import HOUR, AccountHour, AccountLoss, CoverageGap, CoverageReport
from api.contract.reasons import GapReason
from api.store.coverage import note_duty
from tests.api.conftest import NODE, RunningApi

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
WINDOW = {"from": "2026-11-20T08:00:00Z", "to": "2026-11-20T10:00:00Z"}
LOST = CoverageGap(
    start=START + timedelta(minutes=10),
    end=START + timedelta(minutes=16),
    reason=GapReason.STREAM_LOST,
    detail="connection refused",
)


def told(camera: str = "gate", sequence: int = 1, hour: int = 0, **fields: object) -> AccountHour:
    """A whole hour of a camera, watched but for six minutes."""
    start = START + hour * HOUR
    values = {
        "camera_id": camera,
        "hour": start,
        "worker": NODE,
        "account": "00000000000000aa",
        "sequence": sequence,
        "start": start,
        "end": start + HOUR,
        "limit_s": 5.0,
        "analysed": 1620,
        "gaps": [LOST] if hour == 0 else [],
        "dropped": {"replaced": 3},
        "reconnects": 2,
    }
    return AccountHour.model_validate(values | fields)


def post(client: httpx.Client, *hours: AccountHour) -> httpx.Response:
    return client.post("/v1/coverage", json=CoverageReport(hours=list(hours)).model_dump(mode="json"))


@pytest.fixture
def on_duty(api: RunningApi) -> None:
    """Two cameras that were to be watched since before the window."""
    with api.state.database.writing() as session:
        for camera in ("gate", "roof"):
            note_duty(session, camera, START - HOUR, on_duty=True)


@pytest.mark.usefixtures("on_duty")
def test_what_workers_tell_is_shown_hour_by_hour(enrolled: httpx.Client, operator: httpx.Client) -> None:
    """Watched seconds, intervals and the gap with its reason and error; required is watched plus gaps."""
    assert post(enrolled, told(), told(hour=1)).json() == {"taken": 2, "repeated": 0}
    shown = operator.get("/v1/cameras/gate/coverage", params=WINDOW).json()
    assert (shown["required_s"], shown["watched_s"], shown["share"]) == (7200, 6840, 0.95)
    first, second = shown["hours"]
    assert (first["watched_s"], first["analysed"], first["reconnects"], first["dropped"]) == (
        3240,
        1620,
        2,
        {"replaced": 3},
    )
    assert first["gaps"] == [
        {
            "start": "2026-11-20T08:10:00.000Z",
            "end": "2026-11-20T08:16:00.000Z",
            "seconds": 360.0,
            "reason": "stream_lost",
            "detail": "connection refused",
            "worker": NODE,
        }
    ]
    assert (second["share"], second["gaps"]) == (1.0, [])


@pytest.mark.usefixtures("on_duty")
def test_the_newest_version_of_an_hour_counts(enrolled: httpx.Client, operator: httpx.Client) -> None:
    """Repeats and older versions change nothing, whatever order they come in."""
    assert post(enrolled, told(sequence=5)).json() == {"taken": 1, "repeated": 0}
    assert post(enrolled, told(sequence=5), told(sequence=4, analysed=7)).json() == {"taken": 0, "repeated": 2}
    assert post(enrolled, told(sequence=6, analysed=1700)).json() == {"taken": 1, "repeated": 0}
    assert operator.get("/v1/cameras/gate/coverage", params=WINDOW).json()["analysed"] == 1700


@pytest.mark.usefixtures("on_duty")
def test_the_summary_begins_with_the_least_watched(enrolled: httpx.Client, operator: httpx.Client) -> None:
    """A camera that nobody speaks of comes first, with its reason and its longest gap."""
    post(enrolled, told(), told(hour=1))
    summary = operator.get("/v1/coverage", params=WINDOW).json()
    assert [(c["camera_id"], c["share"], c["shares"]) for c in summary["cameras"]] == [
        ("roof", 0.0, [0.0, 0.0]),
        ("gate", 0.95, [0.9, 1.0]),
    ]
    assert summary["share"] == pytest.approx(6840 / 14400)
    roof, gate = summary["cameras"]
    assert (roof["unwatched"], roof["worst_gaps"][0]["seconds"]) == ({"unclaimed": 7200.0}, 7200.0)
    assert gate["unwatched"] == {"stream_lost": 360.0}


@pytest.mark.usefixtures("on_duty")
def test_tables_come_by_name_and_by_accept(enrolled: httpx.Client, operator: httpx.Client) -> None:
    """CSV with a line a camera and hour, the same by ``.csv`` and by ``Accept: text/csv``."""
    post(enrolled, told(), told(hour=1))
    for path in ("/v1/cameras/gate/coverage", "/v1/coverage"):
        by_name = operator.get(path + ".csv", params=WINDOW)
        by_accept = operator.get(path, params=WINDOW, headers={"Accept": "text/csv"})
        assert by_name.headers["content-type"] == "text/csv; charset=utf-8"
        assert by_name.text == by_accept.text
        rows = list(csv.DictReader(io.StringIO(by_name.text)))
        assert [row["camera_id"] for row in rows] == ["gate", "gate", "roof", "roof"][: 2 if "gate" in path else 4]
        assert (rows[0]["hour_utc"], rows[0]["share"]) == ("2026-11-20T08:00:00.000Z", "0.900000")
        assert rows[0]["gaps"] == "2026-11-20T08:10:00.000Z/2026-11-20T08:16:00.000Z stream_lost"


def test_a_camera_is_on_duty_from_its_registration_to_its_removal(operator: httpx.Client) -> None:
    """Registered and enabled is on duty; disabled or removed is not; what was stays."""
    camera = {"id": "yard", "source": "rtsp://10.0.0.8/1"}
    assert operator.get("/v1/cameras/yard/coverage").status_code == 404
    operator.put("/v1/cameras/yard", json=camera)
    assert operator.get("/v1/cameras/yard/coverage").json()["share"] is None
    operator.put("/v1/cameras/yard", json=camera | {"enabled": False})
    operator.put("/v1/cameras/yard", json=camera)
    operator.put("/v1/cameras/yard", json=camera | {"name": "East yard"})
    operator.delete("/v1/cameras/yard")
    assert operator.get("/v1/cameras/yard/coverage").status_code == 200


def test_a_worker_speaks_only_for_its_own_nodes(api: RunningApi, worker: httpx.Client, operator: httpx.Client) -> None:
    """403 for a node that the key has not enrolled, 401 for an operator; nothing is kept."""
    assert post(worker, told()).json()["type"] == "urn:plumewatch:problem:node-not-yours"
    loss = AccountLoss(camera_id="gate", worker="other", start=START, end=START + HOUR)
    report = CoverageReport(losses=[loss]).model_dump(mode="json")
    assert worker.post("/v1/coverage", json=report).status_code == 403
    assert post(operator, told()).status_code == 401
    with ApiClient(api.url, "no-key") as client, pytest.raises(ApiRefusedError):
        client.post_coverage(CoverageReport(hours=[told()]))
    assert operator.get("/v1/coverage", params=WINDOW).json()["cameras"] == []


def test_what_is_no_hour_is_refused(enrolled: httpx.Client) -> None:
    """An account outside its hour, or an hour that begins in the middle: 422."""
    for odd in (
        told(end=START + 2 * HOUR),
        told(start=START - HOUR),
        told(hour=0, start=START + HOUR, end=START),
    ):
        assert post(enrolled, odd).status_code == 422
    shifted = told().model_dump(mode="json") | {"hour": "2026-11-20T08:30:00Z", "start": "2026-11-20T08:30:00Z"}
    assert enrolled.post("/v1/coverage", json={"hours": [shifted]}).status_code == 422


def test_windows_are_bounded(operator: httpx.Client) -> None:
    """A week of all cameras, a month of one; none backwards or before all time; without a window the last 24 hours."""
    assert operator.get("/v1/coverage", params={"from": "2026-11-01T00:00:00Z"}).status_code == 422
    assert operator.get("/v1/coverage", params={"from": WINDOW["to"], "to": WINDOW["from"]}).status_code == 422
    for edge in (
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "0001-01-01T00:00:00Z"},
        {"from": "9999-12-31T23:59:59-14:00"},
    ):
        assert operator.get("/v1/coverage", params=edge).status_code == 422
    usual = operator.get("/v1/coverage").json()
    length = datetime.fromisoformat(usual["end"]) - datetime.fromisoformat(usual["start"])
    assert 23 * HOUR < length <= 24 * HOUR


@pytest.mark.parametrize("moment", ["0.5", "1763865006", "2026-11-23", "23:59"])
def test_a_time_that_is_not_written_out_is_refused(operator: httpx.Client, moment: str) -> None:
    """A number is no time, though pydantic would count it from 1970: 422 that names the field."""
    answer = operator.get("/v1/coverage.csv", params={"to": moment})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:invalid-input")
    assert answer.json()["detail"].startswith("query.to: ")
