"""Cameras that admins register at the API while the worker runs: read from the bus, compared with what is watched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import redis
import structlog
from pydantic import ValidationError

from api.contract import bus
from api.contract.schema import CameraDocument
from streams.camera import SourceUrl
from vision.sections import CameraConfig

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CameraChanges:
    """What is to be done so that the watched cameras are the desired ones; a changed camera is in both."""

    stop: tuple[str, ...] = ()
    start: tuple[CameraConfig, ...] = ()


@dataclass(slots=True)
class DesiredCameras:
    """
    The registered cameras as this worker last saw them. Own cameras (of its configuration) are not touched.

    A registered camera must be a network stream: an address typed into a form never opens a file of this machine.
    """

    node: str
    own: frozenset[str]
    _watched: dict[str, bytes] = field(default_factory=dict)
    _refused: dict[str, bytes] = field(default_factory=dict)

    def read(self, bus_client: redis.Redis) -> CameraChanges:
        """
        Return what has changed since the last call; raise `redis.RedisError` where the bus does not answer.

        A registered camera belongs to the worker that holds its owner key, renewed by each call: two workers on one
        bus never watch the same one, and a dead worker's cameras are free again after `bus.OWNER_TTL_S`. A bus that
        does not hold the list at all (it was restarted empty) changes nothing.
        """
        raw: Mapping[bytes, bytes] = bus_client.hgetall(bus.DESIRED_CAMERAS)  # type: ignore[assignment]
        if bus.DESIRED_MARKER.encode() not in raw:
            return CameraChanges()
        listed = {key.decode(): value for key, value in raw.items() if key != bus.DESIRED_MARKER.encode()}
        ours = {
            camera_id: document
            for camera_id, document in listed.items()
            if camera_id not in self.own and self._holds(bus_client, camera_id)
        }
        return self.compare(ours)

    def _holds(self, bus_client: redis.Redis, camera_id: str) -> bool:
        key = bus.owner_key(camera_id)
        if bus_client.set(key, self.node, nx=True, ex=bus.OWNER_TTL_S):
            return True
        if bus_client.get(key) != self.node.encode():
            return False
        bus_client.expire(key, bus.OWNER_TTL_S)
        return True

    def forget(self, camera_id: str) -> None:
        """Treat a camera as not watched: the next look asks for its start again."""
        self._watched.pop(camera_id, None)

    def compare(self, documents: Mapping[str, bytes]) -> CameraChanges:
        """Return the changes that make `documents` (JSON by camera id) the watched ones, and take them as made."""
        wanted: dict[str, CameraConfig] = {}
        for camera_id, document in documents.items():
            if camera_id in self.own or self._refused.get(camera_id) == document:
                continue
            config = self._config_of(camera_id, document)
            if config is None:
                self._refused[camera_id] = document
            else:
                wanted[camera_id] = config
        stop = [i for i, document in self._watched.items() if i not in wanted or documents[i] != document]
        start = [config for i, config in wanted.items() if self._watched.get(i) != documents[i]]
        self._watched = {camera_id: documents[camera_id] for camera_id in wanted}
        return CameraChanges(tuple(stop), tuple(start))

    @staticmethod
    def _config_of(camera_id: str, document: bytes) -> CameraConfig | None:
        try:
            camera = CameraDocument.model_validate_json(document)
            if not camera.enabled:
                return None
            if SourceUrl(camera.source).is_file:
                log.error("a registered camera must be a network stream", camera=camera_id)
                return None
            return CameraConfig(
                id=camera.id,
                name=camera.name,
                source=camera.source,
                gb_id=camera.gb_id,
                town=camera.place.town,
                lon=camera.place.lon,
                lat=camera.place.lat,
                stream=camera.stream,
            )
        except ValidationError as error:
            log.error("a registered camera cannot be watched", camera=camera_id, errors=error.error_count())  # noqa: TRY400
            return None
