"""
Registered cameras: documents on the bus as configurations that a worker can watch.

    RefusedCameraError    the document is invalid, or names a file: the message says why, without credentials
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from api.contract.source import SourceError, checked_stream
from api.contract.wire.camera import CameraDocument
from api.contract.wire.zone import Zones
from vision.config.camera import CameraConfig, ZoneConfig


class RefusedCameraError(ValueError):
    """A registered camera that no worker can watch."""


def registered_camera(document: bytes) -> CameraConfig:
    """
    Return the configuration of a registered camera.

    It must be a network stream: an address from a form never opens a local file.
    """
    with _refusals():
        camera = CameraDocument.model_validate_json(document)
        try:
            checked_stream(camera.source)
        except SourceError as fault:
            raise RefusedCameraError(f"source: {fault}") from None
        return _configured(camera, camera.source)


def drafted_camera(document: CameraDocument, zones: Zones, clip: Path, watched: CameraConfig | None) -> CameraConfig:
    """
    Return a camera with draft zones over a clip that this worker wrote.

    It is the camera as `watched` here, else as in its `document`.
    """
    with _refusals():
        base = _configured(document, str(clip)) if watched is None else watched
        drawn = tuple(ZoneConfig.model_validate(zone.model_dump()) for zone in zones)
        return base.model_copy(update={"source": str(clip), "zones": drawn})


def _configured(camera: CameraDocument, source: str) -> CameraConfig:
    return CameraConfig(
        id=camera.id,
        name=camera.name,
        source=source,
        gb_id=camera.gb_id,
        town=camera.place.town,
        lon=camera.place.lon,
        lat=camera.place.lat,
        stream=camera.stream,
        zones=[zone.model_dump() for zone in camera.zones],
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn pydantic's first fault into a `RefusedCameraError` that repeats no input."""
    try:
        yield
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RefusedCameraError(f"{where}: {first['msg']}" if where else first["msg"]) from None
