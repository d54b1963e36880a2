"""Cameras that admins register: taken up, changed, taken off, refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from api.contract import bus
from api.contract.schema import CameraDocument
from plumewatch.embedded import EmbeddedValkey
from vision.desired import CameraChanges, DesiredCameras


def document(camera: str, source: str = "rtsp://camera/1", **more: object) -> bytes:
    """A registered camera as the bus holds it."""
    return CameraDocument.model_validate({"id": camera, "source": source, **more}).model_dump_json().encode()


def test_nothing_registered_changes_nothing() -> None:
    """An empty list asks for nothing."""
    assert DesiredCameras("worker-01", frozenset()).compare({}) == CameraChanges()


def test_a_registered_camera_is_started_once() -> None:
    """A new camera is to be started, with its name and its own stream settings; the next look asks for nothing."""
    desired = DesiredCameras("worker-01", frozenset())
    listed = {"gate": document("gate", name="三号门", stream={"transport": "udp"})}
    started = desired.compare(listed).start
    assert [(camera.id, camera.name, camera.stream.transport.value) for camera in started] == [
        ("gate", "三号门", "udp")
    ]
    assert desired.compare(listed) == CameraChanges()


def test_a_changed_camera_is_stopped_and_started() -> None:
    """A camera whose document changed is begun anew."""
    desired = DesiredCameras("worker-01", frozenset())
    desired.compare({"gate": document("gate")})
    changes = desired.compare({"gate": document("gate", source="rtsp://camera/2")})
    assert changes.stop == ("gate",)
    assert [camera.source for camera in changes.start] == ["rtsp://camera/2"]


def test_a_removed_or_disabled_camera_is_stopped() -> None:
    """What is taken off the list, or switched off, is watched no more."""
    desired = DesiredCameras("worker-01", frozenset())
    desired.compare({"a": document("a"), "b": document("b")})
    assert desired.compare({"b": document("b", enabled=False)}) == CameraChanges(stop=("a", "b"))


def test_own_cameras_are_left_alone() -> None:
    """A camera of the worker's own configuration is never touched by a registered one of the same id."""
    assert DesiredCameras("worker-01", frozenset({"gate"})).compare({"gate": document("gate")}) == CameraChanges()


def test_a_registered_file_is_refused() -> None:
    """An address typed into a form opens no file of the worker's machine."""
    desired = DesiredCameras("worker-01", frozenset())
    assert desired.compare({"gate": document("gate", source="/etc/passwd")}) == CameraChanges()


def test_a_document_that_makes_no_sense_is_refused() -> None:
    """Unknown stream settings or broken JSON start nothing and stop nothing else."""
    desired = DesiredCameras("worker-01", frozenset())
    changes = desired.compare({"a": document("a", stream={"colour": "red"}), "b": b"{", "c": document("c")})
    assert [camera.id for camera in changes.start] == ["c"]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[redis.Redis]:
    """A bus of this test's own that holds the list of one registered camera."""
    server = EmbeddedValkey(tmp_path / "bus").start()
    with redis.Redis.from_url(server.url) as connection:
        connection.hset(bus.DESIRED_CAMERAS, mapping={bus.DESIRED_MARKER: b"", "gate": document("gate")})
        yield connection
    server.stop()


def test_a_registered_camera_has_one_worker(client: redis.Redis) -> None:
    """Of two workers on one bus the first watches the camera; when it is gone the other takes over."""
    first, second = DesiredCameras("worker-01", frozenset()), DesiredCameras("worker-02", frozenset())
    assert [camera.id for camera in first.read(client).start] == ["gate"]
    assert second.read(client) == CameraChanges()
    assert first.read(client) == CameraChanges()
    assert 0 < client.ttl(bus.owner_key("gate")) <= bus.OWNER_TTL_S  # type: ignore[operator]
    client.delete(bus.owner_key("gate"))
    assert [camera.id for camera in second.read(client).start] == ["gate"]
    assert first.read(client).stop == ("gate",)


def test_a_bus_that_lost_the_list_stops_no_camera(client: redis.Redis) -> None:
    """An empty bus is no order to stop; a list that is there and empty is one."""
    desired = DesiredCameras("worker-01", frozenset())
    desired.read(client)
    client.delete(bus.DESIRED_CAMERAS)
    assert desired.read(client) == CameraChanges()
    client.hset(bus.DESIRED_CAMERAS, bus.DESIRED_MARKER, b"")
    assert desired.read(client) == CameraChanges(stop=("gate",))


def test_a_camera_whose_start_failed_is_asked_for_again() -> None:
    """What was forgotten is started at the next look."""
    desired = DesiredCameras("worker-01", frozenset())
    listed = {"gate": document("gate")}
    desired.compare(listed)
    desired.forget("gate")
    assert [camera.id for camera in desired.compare(listed).start] == ["gate"]
