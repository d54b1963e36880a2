"""Zones: drawn by admins, read by everybody, told to the workers."""

import json

import httpx
import pytest
import redis

from api.contract.bus import CAMERAS, DESIRED_CAMERAS
from api.people.accounts import create_operator
from api.store.people import Role
from tests.api.conftest import CSRF, NODE, PASSWORD, RunningApi

SOURCE = "rtsp://10.0.0.7/1"
PATH = "/v1/cameras/gate-3/zones"
SQUARE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]
OUTLET = {"name": "一号排放口", "kind": "outlet", "polygon": SQUARE, "owner": "91110000802100433B", "outlet": "DA001"}


@pytest.fixture
def gate(operator: httpx.Client) -> httpx.Client:
    """An admin with a registered camera."""
    document = {"id": "gate-3", "name": "三号门", "source": SOURCE}
    assert operator.put("/v1/cameras/gate-3", json=document).status_code == 201
    return operator


def test_zones_are_replaced_told_to_workers_and_kept_on_record(gate: httpx.Client, bus: redis.Redis) -> None:
    """The camera's document on the bus has them, its entry is a new one, and the event says who drew what."""
    read = gate.get(PATH)
    assert (read.status_code, read.json()) == (200, {"camera_id": "gate-3", "zones": [], "configured_by": ""})
    before = bus.xrange(CAMERAS)[0][1][b"generation"]
    put = gate.put(PATH, json={"zones": [OUTLET]}, headers={"If-Match": read.headers["ETag"]})
    assert put.status_code == 200
    assert put.headers["ETag"] == gate.get(PATH).headers["ETag"] != read.headers["ETag"]
    assert put.json()["zones"] == [
        OUTLET | {"violation_code": "", "grade_limit": 1.0, "distance_m": None, "schedule": []}
    ]
    told = json.loads(bus.hget(DESIRED_CAMERAS, "gate-3") or b"{}")
    assert (told["zones"], told["source"]) == (put.json()["zones"], SOURCE)
    assert bus.xrange(CAMERAS)[0][1][b"generation"] != before
    event = gate.get("/v1/events").json()["events"][-1]
    assert (event["type"], event["data"]["by"], event["data"]["change"]) == (
        "camera.changed",
        "operator:admin",
        "zones",
    )
    assert json.loads(event["data"]["zones"]) == put.json()["zones"]


def test_a_race_between_two_who_draw_is_told(gate: httpx.Client) -> None:
    """Without If-Match 428, with that of older zones 412; nothing is changed."""
    stale = gate.get(PATH).headers["ETag"]
    assert gate.put(PATH, json={"zones": [OUTLET]}).status_code == 428
    assert gate.put(PATH, json={"zones": [OUTLET]}, headers={"If-Match": stale}).status_code == 200
    late = gate.put(PATH, json={"zones": []}, headers={"If-Match": stale})
    assert (late.status_code, late.json()["type"]) == (412, "urn:plumewatch:problem:stale-version")
    assert len(gate.get(PATH).json()["zones"]) == 1


@pytest.mark.parametrize(
    ("zones", "reason"),
    [
        ([OUTLET | {"polygon": [[0.1, 0.1], [0.4, 0.4], [0.4, 0.1], [0.1, 0.4]]}], "cross"),
        ([OUTLET, OUTLET], "used twice"),
        ([OUTLET | {"kind": "moat"}], "must be one of"),
        ([OUTLET | {"violation_code": "smoke"}], "violation_code"),
        ([OUTLET | {"name": ""}], "name"),
    ],
)
def test_what_is_no_zone_is_refused(gate: httpx.Client, zones: list[dict[str, object]], reason: str) -> None:
    """422 with the place and the reason; what was there stays."""
    etag = gate.get(PATH).headers["ETag"]
    refused = gate.put(PATH, json={"zones": zones}, headers={"If-Match": etag})
    assert refused.status_code == 422
    assert reason in refused.json()["detail"]
    assert gate.get(PATH).json()["zones"] == []


def test_zones_of_a_worker_s_own_file_are_read_only(enrolled: httpx.Client, operator: httpx.Client) -> None:
    """They are shown with the node whose file holds them; 409 says where to change them."""
    document = {"id": "gate-3", "source": SOURCE, "configured_by": NODE, "zones": [OUTLET]}
    assert enrolled.put("/v1/cameras/gate-3", json=document).status_code == 201
    read = operator.get(PATH)
    assert (read.json()["configured_by"], len(read.json()["zones"])) == (NODE, 1)
    refused = operator.put(PATH, json={"zones": []}, headers={"If-Match": read.headers["ETag"]})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:plumewatch:problem:zones-in-a-file")
    assert refused.json()["configured_by"] == NODE


def test_a_change_of_the_camera_keeps_zones_it_does_not_name(gate: httpx.Client) -> None:
    """A new name leaves the zones as drawn; an empty list takes them away."""
    etag = gate.get(PATH).headers["ETag"]
    assert gate.put(PATH, json={"zones": [OUTLET]}, headers={"If-Match": etag}).status_code == 200
    document: dict[str, object] = {"id": "gate-3", "name": "北门", "source": ""}
    assert gate.put("/v1/cameras/gate-3", json=document).status_code == 200
    assert len(gate.get(PATH).json()["zones"]) == 1
    assert gate.put("/v1/cameras/gate-3", json=document | {"zones": []}).status_code == 200
    assert gate.get(PATH).json()["zones"] == []


def test_who_may_draw(api: RunningApi, gate: httpx.Client) -> None:
    """Operators look; only admins draw, for a mask blinds; unknown cameras have no zones."""
    assert gate.get("/v1/cameras/nowhere/zones").status_code == 404
    first = create_operator(api.settings, "duty", Role.OPERATOR)
    with httpx.Client(base_url=api.url, headers=CSRF, timeout=20) as duty:
        assert duty.get(PATH).status_code == 401
        assert duty.post("/v1/session", json={"username": "duty", "password": first.password}).status_code == 201
        change = duty.post("/v1/session/password", json={"current": first.password, "new": PASSWORD})
        assert change.status_code == 200
        read = duty.get(PATH)
        assert read.status_code == 200
        refused = duty.put(PATH, json={"zones": []}, headers={"If-Match": read.headers["ETag"]})
        assert refused.status_code == 403
