"""Cameras that admins register: made into what a worker can watch, or refused with a reason."""

import pytest

from api.contract.wire.camera import CameraDocument
from vision.cluster.registered_cameras import RefusedCameraError, registered_camera
from vision.config.zones import ZoneKind

CORNER = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)]


def document(camera: str, source: str = "rtsp://camera/1", **more: object) -> bytes:
    """A registered camera as the bus holds it."""
    return CameraDocument.model_validate({"id": camera, "source": source, **more}).model_dump_json().encode()


def test_a_registered_camera_keeps_its_name_and_settings() -> None:
    """Name, place and stream settings of the document are the camera's."""
    camera = registered_camera(document("gate", name="三号门", place={"lon": 116.6}, stream={"transport": "udp"}))
    assert (camera.id, camera.name, camera.lon, camera.stream.transport.value) == ("gate", "三号门", 116.6, "udp")


def test_a_registered_camera_keeps_its_zones() -> None:
    """Zones that were drawn on the wall are the camera's, owner and outlet included."""
    zone = {"name": "一号", "kind": "outlet", "polygon": CORNER, "owner": "某热力公司", "outlet": "DA001"}
    (kept,) = registered_camera(document("gate", zones=[zone])).zones
    assert (kept.name, kept.kind, kept.owner, kept.outlet) == ("一号", ZoneKind.OUTLET, "某热力公司", "DA001")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "EOF"),
        (b"{", "EOF"),
        (document("gate", source="/etc/passwd"), "network stream"),
        (document("gate", source="file:///etc/passwd"), "network stream"),
        (document("gate", source="srt://h/1"), "network stream"),
        (document("gate", source="rtsp://h/a b"), "holds a blank"),
        (document("gate").replace(b'"name":""', b'"name":"\\u0000"'), "name"),
        (document("gate", stream={"colour": "red"}), "stream.colour"),
        (document("gate", zones=[{"name": "a", "polygon": CORNER}]).replace(b'"watch"', b'"moat"'), "zones.0.kind"),
        (document("gate", source="rtsp://admin:geheim@h/1", stream={"ring_s": -1}), "stream.ring_s"),
    ],
)
def test_what_no_worker_can_watch_is_refused_with_a_reason(text: bytes, reason: str) -> None:
    """Broken JSON, a file of the worker's machine, and unknown or wrong settings; no reason holds credentials."""
    with pytest.raises(RefusedCameraError) as refused:
        registered_camera(text)
    assert reason in str(refused.value)
    assert "geheim" not in str(refused.value)
