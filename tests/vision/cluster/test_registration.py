"""The node and its cameras made known to an API that may be down, or know more cameras than there are."""

import json
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import structlog

from api.contract.client import ApiRefusedError, ApiUnreachableError
from api.contract.trust.succession import Succession
from api.contract.wire.camera import CameraDocument
from vision.cluster.registration import Registrar, Registration
from vision.config.worker import WorkerConfig

NODE = SimpleNamespace(name="worker-01", number=7, certificate_pem=b"pem", successions=())


@dataclass
class FakeApi:
    """An API that is down for some calls, then remembers cameras."""

    down_for: int = 0
    cameras: dict[str, CameraDocument] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)
    refusals: dict[str, ApiRefusedError] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)

    def _answer(self) -> None:
        if self.down_for:
            self.down_for -= 1
            raise ApiUnreachableError("the API cannot be reached")

    def _refuse(self, what: str) -> None:
        if what in self.refusals:
            raise self.refusals[what]

    def enrol_node(self, name: str, _number: int, _pem: bytes, _successions: tuple[Succession, ...]) -> None:
        self._answer()
        self._refuse(name)
        self.nodes.append(name)

    def put_camera(self, camera: CameraDocument) -> None:
        self._answer()
        self.puts.append(camera.id)
        self._refuse(camera.id)
        self.cameras[camera.id] = camera

    def cameras_configured_by(self, node: str) -> list[str]:
        self._answer()
        return [camera.id for camera in self.cameras.values() if camera.configured_by == node]

    def remove_camera(self, camera_id: str) -> None:
        self._answer()
        self._refuse(camera_id)
        del self.cameras[camera_id]


@dataclass
class Hand:
    """A clock that only moves when told."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def refusal(status: int, detail: str) -> ApiRefusedError:
    """The API's answer with a problem document."""
    return ApiRefusedError(status, json.dumps({"status": status, "detail": detail}), None)


def registration(api: FakeApi, *sources: str, clock: Hand | None = None) -> Registration:
    """The registration of a worker that watches `sources`."""
    return Registration(api, NODE, WorkerConfig.for_sources(list(sources)), clock=clock or Hand())  # type: ignore[arg-type]


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


def test_a_camera_that_is_refused_stops_no_other() -> None:
    """It is an error that says what to do, once a minute; when its id is free it is registered without a restart."""
    api, clock = FakeApi(refusals={"cam-1": refusal(409, "camera cam-1 was registered by an admin")}), Hand()
    api.cameras["old"] = CameraDocument(id="old", source="rtsp://x/1", configured_by="worker-01")
    ours = registration(api, "rtsp://a/1", "rtsp://b/1", clock=clock)
    with structlog.testing.capture_logs() as logs:
        assert not ours.attempt()
        assert sorted(api.cameras) == ["cam-2"]
        for _ in range(19):
            clock.now += 3
            assert not ours.attempt()
    [error] = [line for line in logs if line["log_level"] == "error"]
    assert (error["event"], error["camera"]) == ("API refuses a camera", "cam-1")
    assert error["answer"] == "camera cam-1 was registered by an admin"
    assert "choose another id" in error["advice"]
    assert api.puts == ["cam-1", "cam-2"]
    api.refusals.clear()
    clock.now += 3
    assert ours.attempt()
    assert sorted(api.cameras) == ["cam-1", "cam-2"]


def test_an_old_camera_that_may_not_be_removed_stops_nothing() -> None:
    """The other old ones go; it is tried again after a minute."""
    api, clock = FakeApi(refusals={"old-1": refusal(409, "camera old-1 belongs to node worker-02")}), Hand()
    for camera in ("old-1", "old-2"):
        api.cameras[camera] = CameraDocument(id=camera, source="rtsp://x/1", configured_by="worker-01")
    ours = registration(api, "rtsp://a/1", clock=clock)
    assert not ours.attempt()
    assert sorted(api.cameras) == ["cam-1", "old-1"]
    api.refusals.clear()
    clock.now += 60
    assert ours.attempt()
    assert sorted(api.cameras) == ["cam-1"]


def test_an_old_camera_that_is_gone_already_is_dealt_with() -> None:
    """Somebody else removed it in between: that is what was wanted."""
    api = FakeApi(refusals={"old": refusal(404, "there is no camera old")})
    api.cameras["old"] = CameraDocument(id="old", source="rtsp://x/1", configured_by="worker-01")
    assert registration(api, "rtsp://a/1").attempt()


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
def test_an_answer_that_concerns_all_cameras_is_tried_again_with_all(status: int) -> None:
    """A wrong key, a busy API or none at the address says nothing about the one camera: nothing is put off."""
    api = FakeApi(refusals={"cam-1": refusal(status, "not now")})
    ours = registration(api, "rtsp://a/1", "rtsp://b/1")
    assert not ours.attempt()
    assert api.puts == ["cam-1"]
    api.refusals.clear()
    assert ours.attempt()
    assert sorted(api.cameras) == ["cam-1", "cam-2"]


@pytest.mark.parametrize(
    ("detail", "advice"),
    [
        ("the name belongs to node worker-01, number 3", "plumewatch worker --node NAME"),
        ("the number belongs to node other, number 7", "delete the node folder"),
    ],
)
def test_a_node_that_is_taken_is_an_error_that_says_what_to_do(detail: str, advice: str) -> None:
    """At most once a minute, whoever asks: registration and the outbox's sender both enrol."""
    api, clock = FakeApi(refusals={"worker-01": refusal(409, detail)}), Hand()
    ours = registration(api, "rtsp://a/1", clock=clock)
    with structlog.testing.capture_logs() as logs:
        for _ in range(21):
            assert not ours.attempt()
            with pytest.raises(ApiRefusedError):
                ours.enrol()
            clock.now += 3
    errors = [line for line in logs if line["log_level"] == "error"]
    assert len(errors) == 2
    assert {(line["event"], line["node"], line["number"], line["answer"]) for line in errors} == {
        ("this node is taken: nothing can be filed", "worker-01", 7, detail)
    }
    assert advice in errors[0]["advice"]
    assert api.cameras == {}
    api.refusals.clear()
    assert ours.attempt()


def test_the_zones_of_the_file_are_registered() -> None:
    """The wall shows what the file says, owner and outlet included."""
    zone = {
        "name": "一号",
        "kind": "outlet",
        "polygon": [[0, 0], [0.5, 0], [0, 0.5]],
        "owner": "某厂",
        "outlet": "DA001",
    }
    camera = {"id": "gate", "source": "rtsp://a/1", "zones": [zone]}
    api = FakeApi()
    assert Registration(api, NODE, WorkerConfig.model_validate({"cameras": [camera]})).attempt()
    (shown,) = api.cameras["gate"].zones
    assert (shown.name, shown.kind, shown.owner, shown.outlet) == ("一号", "outlet", "某厂", "DA001")


class Attempts:
    """Attempts that end as scripted; the last one has registered all."""

    def __init__(self, *ends: bool | Exception) -> None:
        self.ends = list(ends)

    def attempt(self) -> bool:
        """End as scripted."""
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def test_it_is_attempted_until_all_is_registered() -> None:
    """Neither a failure nor a fault of ours ends it before; then its thread is gone."""
    attempts = Attempts(False, KeyError("odd"), False, True)  # noqa: FBT003
    registrar = Registrar(attempts, period_s=0.0)
    registrar.start()
    registrar._thread.join(20)
    assert attempts.ends == []
    assert registrar.stop()


def test_an_api_that_hangs_holds_up_no_end() -> None:
    """Stopping waits no longer than its deadline for an answer; the thread ends after it, without another attempt."""
    called, answer = threading.Event(), threading.Event()

    class Hanging:
        attempts = 0

        def attempt(self) -> bool:
            self.attempts += 1
            called.set()
            return not answer.wait(20)

    api = Hanging()
    registrar = Registrar(api, period_s=0.0)
    registrar.start()
    assert called.wait(20)
    assert not registrar.stop(deadline_s=0.0)
    answer.set()
    assert registrar.stop(deadline_s=20.0)
    assert api.attempts == 1
