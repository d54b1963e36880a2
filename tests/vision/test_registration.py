"""The node and its cameras made known to an API that may be down, or know more cameras than there are."""

from dataclasses import dataclass, field
from types import SimpleNamespace

from api.contract.client import ApiUnreachableError
from api.contract.schema import CameraDocument
from vision.config import WorkerConfig
from vision.registration import Registration

NODE = SimpleNamespace(name="worker-01", number=7, certificate_pem=b"pem")


@dataclass
class FakeApi:
    """An API that is down for some calls, then remembers cameras."""

    down_for: int = 0
    cameras: dict[str, CameraDocument] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)

    def _answer(self) -> None:
        if self.down_for:
            self.down_for -= 1
            raise ApiUnreachableError("the API cannot be reached")

    def enrol_node(self, name: str, _number: int, _pem: bytes) -> None:
        self._answer()
        self.nodes.append(name)

    def put_camera(self, camera: CameraDocument) -> None:
        self._answer()
        self.cameras[camera.id] = camera

    def cameras_configured_by(self, node: str) -> list[str]:
        self._answer()
        return [camera.id for camera in self.cameras.values() if camera.configured_by == node]

    def remove_camera(self, camera_id: str) -> None:
        self._answer()
        del self.cameras[camera_id]


def registration(api: FakeApi, *sources: str) -> Registration:
    """The registration of a worker that watches `sources`."""
    return Registration(api, NODE, WorkerConfig.for_sources(list(sources)))  # type: ignore[arg-type]


def test_node_and_cameras_are_registered() -> None:
    """One attempt enrols the node and lists its cameras as configured by it."""
    api = FakeApi()
    assert registration(api, "rtsp://a/1", "rtsp://b/1").attempt()
    assert api.nodes == ["worker-01"]
    assert {camera.configured_by for camera in api.cameras.values()} == {"worker-01"}
    assert sorted(api.cameras) == ["cam-1", "cam-2"]


def test_an_api_that_is_down_is_tried_again() -> None:
    """An attempt that fails says so; later ones go on from where it stopped and enrol the node only once."""
    api = FakeApi(down_for=1)
    ours = registration(api, "rtsp://a/1", "rtsp://b/1")
    assert not ours.attempt()
    api.down_for = 0
    assert ours.attempt()
    assert api.nodes == ["worker-01"]
    assert sorted(api.cameras) == ["cam-1", "cam-2"]


def test_cameras_of_an_earlier_configuration_are_taken_off() -> None:
    """What this node's configuration no longer names leaves the list; what others registered stays."""
    api = FakeApi()
    for camera, node in (("old", "worker-01"), ("foreign", "worker-02"), ("registered", "")):
        api.cameras[camera] = CameraDocument(id=camera, source="rtsp://x/1", configured_by=node)
    assert registration(api, "rtsp://a/1").attempt()
    assert sorted(api.cameras) == ["cam-1", "foreign", "registered"]
