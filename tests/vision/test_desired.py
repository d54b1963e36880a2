"""Cameras that admins register: taken up, changed, taken off, refused."""

from api.contract.schema import CameraDocument
from vision.desired import CameraChanges, DesiredCameras


def document(camera: str, source: str = "rtsp://camera/1", **more: object) -> bytes:
    """A registered camera as the bus holds it."""
    return CameraDocument.model_validate({"id": camera, "source": source, **more}).model_dump_json().encode()


def test_nothing_registered_changes_nothing() -> None:
    """An empty list asks for nothing."""
    assert DesiredCameras(frozenset()).compare({}) == CameraChanges()


def test_a_registered_camera_is_started_once() -> None:
    """A new camera is to be started, with its name and its own stream settings; the next look asks for nothing."""
    desired = DesiredCameras(frozenset())
    listed = {"gate": document("gate", name="三号门", stream={"transport": "udp"})}
    started = desired.compare(listed).start
    assert [(camera.id, camera.name, camera.stream.transport.value) for camera in started] == [
        ("gate", "三号门", "udp")
    ]
    assert desired.compare(listed) == CameraChanges()


def test_a_changed_camera_is_stopped_and_started() -> None:
    """A camera whose document changed is begun anew."""
    desired = DesiredCameras(frozenset())
    desired.compare({"gate": document("gate")})
    changes = desired.compare({"gate": document("gate", source="rtsp://camera/2")})
    assert changes.stop == ("gate",)
    assert [camera.source for camera in changes.start] == ["rtsp://camera/2"]


def test_a_removed_or_disabled_camera_is_stopped() -> None:
    """What is taken off the list, or switched off, is watched no more."""
    desired = DesiredCameras(frozenset())
    desired.compare({"a": document("a"), "b": document("b")})
    assert desired.compare({"b": document("b", enabled=False)}) == CameraChanges(stop=("a", "b"))


def test_own_cameras_are_left_alone() -> None:
    """A camera of the worker's own configuration is never touched by a registered one of the same id."""
    assert DesiredCameras(frozenset({"gate"})).compare({"gate": document("gate")}) == CameraChanges()


def test_a_registered_file_is_refused() -> None:
    """An address typed into a form opens no file of the worker's machine."""
    desired = DesiredCameras(frozenset())
    assert desired.compare({"gate": document("gate", source="/etc/passwd")}) == CameraChanges()


def test_a_document_that_makes_no_sense_is_refused() -> None:
    """Unknown stream settings or broken JSON start nothing and stop nothing else."""
    desired = DesiredCameras(frozenset())
    changes = desired.compare({"a": document("a", stream={"colour": "red"}), "b": b"{", "c": document("c")})
    assert [camera.id for camera in changes.start] == ["c"]
