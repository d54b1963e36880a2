"""Registration: this node and its cameras made known to the API, which may be down when the worker starts."""

import structlog

from api.contract.client import ApiClient, ApiRefusedError, ClientError
from api.contract.schema import CameraDocument, Place
from vision.config import WorkerConfig
from vision.node import NodeIdentity
from vision.sections import CameraConfig

log = structlog.get_logger(__name__)


class Registration:
    """Enrols the node and registers the cameras of its own configuration; both may be repeated without harm."""

    def __init__(self, client: ApiClient, node: NodeIdentity, config: WorkerConfig) -> None:
        self._client = client
        self._node = node
        self._config = config
        self._waiting = [camera.id for camera in config.cameras]
        self._enrolled = False
        self._retired = False

    def enrol(self) -> None:
        """Have the API pin this node's certificate; raise `ClientError` when it cannot now."""
        self._client.enrol_node(self._node.name, self._node.number, self._node.certificate_pem)
        self._enrolled = True

    def attempt(self) -> bool:
        """Register what is not registered yet; return whether everything is. A failure is logged and tried again."""
        try:
            if not self._enrolled:
                self.enrol()
            while self._waiting:
                camera = next(camera for camera in self._config.cameras if camera.id == self._waiting[0])
                self._client.put_camera(camera_document(camera, self._config, self._node.name))
                self._waiting.pop(0)
            if not self._retired:
                self._retire()
        except ApiRefusedError as error:
            log.error("the API refuses to register", error=str(error))  # noqa: TRY400 (the sentence says it all)
        except ClientError as error:
            log.info("registration waits for the API", error=str(error))
        return self._retired

    def _retire(self) -> None:
        """Take the cameras off the API's list that this node's configuration no longer names."""
        named = {camera.id for camera in self._config.cameras}
        for camera in self._client.cameras_configured_by(self._node.name):
            if camera not in named:
                self._client.remove_camera(camera)
        self._retired = True


def place_of(camera: CameraConfig, config: WorkerConfig) -> Place:
    """Return where a camera looks."""
    return Place(division=config.site.division, town=camera.town or config.site.town, lon=camera.lon, lat=camera.lat)


def camera_document(camera: CameraConfig, config: WorkerConfig, node: str) -> CameraDocument:
    """Return a camera of this worker's own configuration as the API lists it."""
    return CameraDocument(
        id=camera.id,
        name=camera.name or camera.id,
        source=camera.source,
        gb_id=camera.gb_id,
        place=place_of(camera, config),
        configured_by=node,
    )
