"""
A camera that an admin registered, as the bus lists it, made into one that a worker can watch.

    RefusedCameraError    the document makes no sense, or names a file: the message says why, without credentials
"""

from pydantic import ValidationError

from api.contract.schema import CameraDocument
from streams.camera import SourceUrl
from vision.sections import CameraConfig


class RefusedCameraError(ValueError):
    """A registered camera that no worker can watch."""


def registered_camera(document: bytes) -> CameraConfig:
    """
    Return the configuration of a registered camera.

    It must be a network stream: an address typed into a form never opens a file of this machine.
    """
    try:
        camera = CameraDocument.model_validate_json(document)
        if SourceUrl(camera.source).is_file:
            raise RefusedCameraError("a registered camera must be a network stream")
        return CameraConfig(
            id=camera.id,
            name=camera.name,
            source=camera.source,
            gb_id=camera.gb_id,
            town=camera.place.town,
            lon=camera.place.lon,
            lat=camera.place.lat,
            stream=camera.stream,
            zones=[zone.model_dump() for zone in camera.zones],
        )
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RefusedCameraError(f"{where}: {first['msg']}" if where else first["msg"]) from None
