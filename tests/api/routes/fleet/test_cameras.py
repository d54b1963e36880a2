"""Cameras: registered, published to the bus, never showing their credentials."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
import redis

from api.contract.bus import DESIRED_CAMERAS, DESIRED_MARKER, snapshot_key, state_key
from api.contract.wire.camera import CameraDocument
from api.contract.wire.camera_health import CameraHealth, CameraState
from api.contract.wire.event import EventType
from api.people.accounts import create_worker_key, drop_worker_key, open_database
from api.settings import Settings
from api.store.events import append_event
from tests.api.conftest import NODE, RunningApi
from tests.api.contract.sample import TestSigner

SOURCE = "rtsp://admin:geheim@10.0.0.7:554/Streaming/Channels/101?token=abc"


def report(bus: redis.Redis, camera: str, state: CameraState, *, ttl_s: int = 15) -> CameraHealth:
    """What a worker writes of a camera."""
    now = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    health = CameraHealth(camera_id=camera, state=state, since=now, reported=now, codec="h264")
    bus.set(state_key(camera), health.model_dump_json(), ex=ttl_s)
    return health


def wait_for_events(client: httpx.Client, count: int) -> list[dict[str, object]]:
    """Return the events once there are so many."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        events: list[dict[str, object]] = client.get("/v1/events").json()["events"]
        if len(events) >= count:
            return events
        time.sleep(0.05)
    raise AssertionError(f"expected {count} events, found {events}")


def test_a_camera_is_registered_and_its_source_hidden(operator: httpx.Client, bus: redis.Redis) -> None:
    """PUT answers 201, then 200; the bus gets the full source, no answer shows it; an empty source keeps it."""
    camera = {"id": "gate-3", "name": "三号门", "source": SOURCE}
    created = operator.put("/v1/cameras/gate-3", json=camera)
    assert created.status_code == 201
    shown = created.json()["camera"]["source"]
    assert shown == "rtsp://***@10.0.0.7:554/Streaming/Channels/101?***"
    assert json.loads(bus.hget(DESIRED_CAMERAS, "gate-3") or b"{}")["source"] == SOURCE
    renamed = operator.put("/v1/cameras/gate-3", json=camera | {"name": "北门", "source": ""})
    assert (renamed.status_code, renamed.json()["camera"]["name"]) == (200, "北门")
    assert json.loads(bus.hget(DESIRED_CAMERAS, "gate-3") or b"{}") == CameraDocument.model_validate(
        camera | {"name": "北门"}
    ).model_dump(mode="json")
    assert operator.put("/v1/cameras/gate-3", json=camera | {"source": shown}).status_code == 422
    assert operator.put("/v1/cameras/gate-4", json=camera).status_code == 422
    assert operator.put("/v1/cameras/gate-4", json={"id": "gate-4"}).status_code == 422
    for path in ("/v1/cameras", "/v1/cameras/gate-3", "/v1/events"):
        assert "geheim" not in operator.get(path).text
    assert operator.delete("/v1/cameras/gate-3").status_code == 204
    assert bus.hkeys(DESIRED_CAMERAS) == [DESIRED_MARKER.encode()]
    assert operator.get("/v1/cameras/gate-3").status_code == 404
    assert [event["type"] for event in operator.get("/v1/events").json()["events"]] == [
        "camera.changed",
        "camera.changed",
        "camera.removed",
    ]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/var/clips/gate.mp4", "/var/clips/gate.mp4"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("gopher://admin:secret@10.0.0.9/1", "gopher://***@10.0.0.9/1"),
        ("rtsp:/10.0.0.9/1", "rtsp:/10.0.0.9/1"),
        ("rtsp://", "rtsp://"),
    ],
)
def test_what_no_worker_would_read_is_not_registered(operator: httpx.Client, source: str, shown: str) -> None:
    """An admin is told at once, without the password, instead of by a camera that stays lost."""
    refused = operator.put("/v1/cameras/gate-3", json={"id": "gate-3", "source": source})
    assert (refused.status_code, operator.get("/v1/cameras/gate-3").status_code) == (422, 404)
    assert refused.json()["detail"].startswith("source: must be the address of a network stream")
    assert refused.json()["detail"].endswith(f"got {shown}")


def of_node(camera: str, node: str) -> dict[str, str]:
    """A camera as a worker registers it."""
    return {"id": camera, "source": SOURCE, "configured_by": node}


@pytest.fixture
def stranger(api: RunningApi) -> Iterator[httpx.Client]:
    """Another worker, with a key and a node of its own."""
    headers = {"Authorization": f"Bearer {create_worker_key(api.settings, 'stranger')}"}
    with httpx.Client(base_url=api.url, headers=headers, timeout=20) as client:
        pem = TestSigner(name="worker-02").certificate_pem.decode()
        document = {"name": "worker-02", "number": 2, "certificate_pem": pem}
        assert client.post("/v1/nodes", json=document).status_code == 201
        yield client


def test_a_worker_registers_cameras_of_its_own_node(enrolled: httpx.Client, operator: httpx.Client) -> None:
    """New, changed and taken off again; not for any worker, and not for a node that its key has not enrolled."""
    assert enrolled.put("/v1/cameras/demo", json=of_node("demo", NODE)).status_code == 201
    assert enrolled.put("/v1/cameras/demo", json=of_node("demo", NODE) | {"name": "北门"}).status_code == 200
    for node in ("", "worker-02"):
        refused = enrolled.put("/v1/cameras/other", json=of_node("other", node))
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:plumewatch:problem:node-not-yours")
    assert operator.get("/v1/cameras/other").status_code == 404
    assert enrolled.delete("/v1/cameras/demo").status_code == 204


def test_a_worker_leaves_the_cameras_of_others_alone(
    enrolled: httpx.Client, stranger: httpx.Client, operator: httpx.Client
) -> None:
    """A camera of an admin or of another node is neither changed nor removed; the answer names the owner."""
    assert operator.put("/v1/cameras/gate", json={"id": "gate", "source": SOURCE}).status_code == 201
    assert enrolled.put("/v1/cameras/roof", json=of_node("roof", NODE)).status_code == 201
    before = operator.get("/v1/cameras").json()["cameras"]
    for camera, owner in (("gate", "an admin"), ("roof", f"node {NODE}")):
        for node in ("worker-02", ""):
            refused = stranger.put(f"/v1/cameras/{camera}", json=of_node(camera, node))
            assert (refused.status_code, refused.json()["type"]) == (409, "urn:plumewatch:problem:camera-taken")
            assert owner in refused.json()["detail"]
        pretended = stranger.put(f"/v1/cameras/{camera}", json=of_node(camera, NODE))
        assert pretended.status_code == (403 if camera == "roof" else 409)
        kept = stranger.delete(f"/v1/cameras/{camera}")
        assert (kept.status_code, kept.json()["type"]) == (409, "urn:plumewatch:problem:camera-taken")
    assert operator.get("/v1/cameras").json()["cameras"] == before
    assert len(operator.get("/v1/events").json()["events"]) == 2


def test_an_admin_may_take_a_camera_from_a_node(enrolled: httpx.Client, operator: httpx.Client) -> None:
    """After that it is the admin's, until he removes it."""
    assert enrolled.put("/v1/cameras/roof", json=of_node("roof", NODE)).status_code == 201
    assert operator.put("/v1/cameras/roof", json={"id": "roof", "source": SOURCE}).status_code == 200
    assert enrolled.put("/v1/cameras/roof", json=of_node("roof", NODE)).status_code == 409
    assert operator.delete("/v1/cameras/roof").status_code == 204
    assert enrolled.put("/v1/cameras/roof", json=of_node("roof", NODE)).status_code == 201


def test_a_node_moves_to_a_new_key_once_the_old_one_is_revoked(
    api: RunningApi, enrolled: httpx.Client, signer: TestSigner
) -> None:
    """A second key that merely names the node's certificate, which is public, gets none of its cameras."""
    node = {"name": NODE, "number": 1, "certificate_pem": signer.certificate_pem.decode()}
    assert enrolled.put("/v1/cameras/roof", json=of_node("roof", NODE)).status_code == 201
    key = create_worker_key(api.settings, "new")
    with httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as renewed:
        assert renewed.post("/v1/nodes", json=node).status_code == 200
        refused = renewed.put("/v1/cameras/roof", json=of_node("roof", NODE))
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:plumewatch:problem:node-not-yours")
        drop_worker_key(api.settings, enrolled.headers["Authorization"].removeprefix("Bearer "))
        assert renewed.post("/v1/nodes", json=node).status_code == 200
        assert renewed.put("/v1/cameras/roof", json=of_node("roof", NODE)).status_code == 200


def test_what_was_written_is_answered(operator: httpx.Client, bus: redis.Redis) -> None:
    """An address that no parser takes, and a report that cannot be read: 201 and 200, never a fault after writing."""
    source = "rtsp://admin:p[w/?#@h/"
    created = operator.put("/v1/cameras/gate-3", json={"id": "gate-3", "source": source})
    assert (created.status_code, created.json()["camera"]["source"]) == (201, "rtsp://***@h/")
    bus.set(state_key("gate-3"), b"not a report")
    changed = operator.put("/v1/cameras/gate-3", json={"id": "gate-3", "name": "北门"})
    assert (changed.status_code, changed.json()["health"]) == (200, None)
    assert operator.get("/v1/cameras/gate-3").json()["camera"]["source"] == "rtsp://***@h/"
    assert operator.get("/v1/cameras").json()["cameras"][0]["health"] is None
    assert operator.get("/v1/cameras/gate-3/health").status_code == 404


def test_reported_cameras_are_listed_and_their_changes_told(operator: httpx.Client, bus: redis.Redis) -> None:
    """A camera that only a worker names is listed; each change of state, and silence, is one event."""
    health = report(bus, "roof", CameraState.PLAYING)
    listed = operator.get("/v1/cameras").json()
    assert [(view["camera"]["id"], view["registered"]) for view in listed["cameras"]] == [("roof", False)]
    assert CameraHealth.model_validate(operator.get("/v1/cameras/roof/health").json()) == health
    wait_for_events(operator, 1)
    report(bus, "roof", CameraState.LOST)
    wait_for_events(operator, 2)
    bus.delete(state_key("roof"))
    events = wait_for_events(operator, 3)
    assert [(event["type"], event["subject"], event["data"]["state"]) for event in events] == [  # type: ignore[index]
        ("camera.changed", "roof", "playing"),
        ("camera.changed", "roof", "lost"),
        ("camera.changed", "roof", "silent"),
    ]
    assert operator.get("/v1/cameras/roof/health").status_code == 404
    assert 'plumewatch_cameras{state="silent"} 1.0' in operator.get("/metrics").text


def test_a_camera_that_is_removed_is_told_of_no_more(operator: httpx.Client, bus: redis.Redis) -> None:
    """Its worker's last report, and the silence after it, change nothing: no event, view or count of silent ones."""
    for camera in ("gate-3", "gate-4"):
        assert operator.put(f"/v1/cameras/{camera}", json={"id": camera, "source": SOURCE}).status_code == 201
        report(bus, camera, CameraState.PLAYING)
    wait_for_events(operator, 4)
    assert operator.delete("/v1/cameras/gate-3").status_code == 204
    report(bus, "gate-3", CameraState.LOST)
    assert [view["camera"]["id"] for view in operator.get("/v1/cameras").json()["cameras"]] == ["gate-4"]
    assert operator.get("/v1/cameras/gate-3").status_code == 404
    assert operator.get("/v1/cameras/gate-3/health").status_code == 404
    bus.delete(state_key("gate-3"))
    bus.delete(state_key("gate-4"))
    told = [(event["type"], event["subject"]) for event in wait_for_events(operator, 6)[4:]]
    assert told == [("camera.removed", "gate-3"), ("camera.changed", "gate-4")]
    assert 'plumewatch_cameras{state="silent"} 1.0' in operator.get("/metrics").text


def test_a_camera_that_was_silent_already_is_forgotten_when_removed(
    operator: httpx.Client, api: RunningApi, bus: redis.Redis
) -> None:
    """One whose worker is long gone leaves the metrics with its removal, and comes back when it is registered again."""
    camera = {"id": "gate-3", "source": SOURCE}
    assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 201
    report(bus, "gate-3", CameraState.PLAYING)
    wait_for_events(operator, 2)
    bus.delete(state_key("gate-3"))
    wait_for_events(operator, 3)
    assert operator.delete("/v1/cameras/gate-3").status_code == 204
    deadline = time.monotonic() + 15
    while 'plumewatch_cameras{state="silent"}' in operator.get("/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 201
    report(bus, "gate-3", CameraState.PLAYING)
    assert wait_for_events(operator, 6)[5]["data"] == {"state": "playing", "before": None, "error": ""}
    assert api.state.removals.look() == {}


def test_a_camera_that_a_worker_watches_in_spite_of_its_removal_is_shown(
    settings: Settings, start_api: Callable[[Settings], RunningApi], bus: redis.Redis
) -> None:
    """
    Long after the removal a report means that a worker's own configuration names the camera; silence that an older
    version told of a removed one is forgotten at the start.
    """
    report(bus, "roof", CameraState.PLAYING)
    longago = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    with open_database(settings) as database, database.writing() as session:
        for camera in ("roof", "gate"):
            append_event(session, EventType.CAMERA_REMOVED, camera, longago, data={"by": "chief"})
            append_event(session, EventType.CAMERA_CHANGED, camera, longago, data={"state": "silent", "before": "lost"})
    headers = {"Authorization": f"Bearer {create_worker_key(settings, 'reader')}"}
    api = start_api(settings)
    with httpx.Client(base_url=api.url, headers=headers) as client:
        told = [(event["subject"], event["data"]) for event in wait_for_events(client, 5)[4:]]  # type: ignore[index]
        assert [view["camera"]["id"] for view in client.get("/v1/cameras").json()["cameras"]] == ["roof"]
        deadline = time.monotonic() + 15
        while 'plumewatch_cameras{state="playing"} 1.0' not in (text := httpx.get(api.url + "/metrics").text):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert told == [("roof", {"state": "playing", "before": "silent", "error": ""})]
    assert 'plumewatch_cameras{state="silent"}' not in text


def test_a_snapshot_tells_when_it_was_taken(operator: httpx.Client, bus: redis.Redis) -> None:
    """404 without a picture; else the JPEG with its capture time, never cached."""
    missing = operator.get("/v1/cameras/roof/snapshot.jpg")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:plumewatch:problem:no-snapshot")
    fields = {"jpeg": b"\xff\xd8\xffpicture", "utc": "2026-11-23T02:30:05.120Z", "width": 640, "height": 360}
    bus.hset(snapshot_key("roof"), mapping=fields)
    answer = operator.get("/v1/cameras/roof/snapshot.jpg")
    assert answer.content == fields["jpeg"]
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-capture-utc"] == fields["utc"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_restart_of_the_api_repeats_no_state(
    settings: Settings, start_api: Callable[[Settings], RunningApi], bus: redis.Redis
) -> None:
    """After a restart only what has changed meanwhile is told: a state, or the silence of a worker."""
    for camera in ("east", "north", "west"):
        report(bus, camera, CameraState.PLAYING)
    key = create_worker_key(settings, "reader")
    headers = {"Authorization": f"Bearer {key}"}
    api = start_api(settings)
    with httpx.Client(base_url=api.url, headers=headers) as client:
        wait_for_events(client, 3)
    api.stop()
    report(bus, "north", CameraState.LOST)
    bus.delete(state_key("west"))
    api = start_api(settings)
    with httpx.Client(base_url=api.url, headers=headers) as client:
        events = wait_for_events(client, 5)[3:]
        told = {event["subject"]: event["data"]["state"] for event in events}  # type: ignore[index]
    assert told == {"north": "lost", "west": "silent"}
