"""
Registration: registers this node and its cameras at the API, which may be down when the worker starts.

A name that is taken, of node or camera, needs a person: an error at most once a minute says what to do, and the attempt
is repeated, so that the worker need not be restarted.
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog

from api.contract.client import ApiClient, ApiRefusedError, ClientError
from api.contract.wire.camera import CameraDocument
from api.contract.wire.zone import ZoneDocument, ZoneHours
from vision.config.camera import CameraConfig, ZoneConfig
from vision.config.worker import WorkerConfig
from vision.evidence.lead_document import place_of
from vision.evidence.node import NodeIdentity
from vision.evidence.sender import NODE_TAKEN
from vision.retries import ELSEWHERE, RETRIED, UNAUTHORISED

log = structlog.get_logger(__name__)

REFUSED_PAUSE_S = 60.0
"""Seconds between two attempts at a refused camera, and between two log lines about a refused node."""

PERIOD_S = 3.0
"""Seconds between two attempts, until all is registered."""

GONE = 404
"""Answer to the removal of what is removed already."""

NODE_ADVICE = (
    "a node that has filed nothing yet: stop the worker, delete the node folder in its data folder and start it again,"
    " for another name with plumewatch worker --node NAME; the number is drawn anew"
)
"""See docs/decisions/0006-node-identity.md."""

CAMERA_ADVICE = {
    409: "the id is somebody else's: choose another id for this camera in the worker's configuration",
    422: "correct this camera in the worker's configuration",
}
"""What to do, by the status of the answer."""


class Registration:
    """
    Enrols the node and registers the cameras of its own configuration; both can be repeated.

    Args:
        client: the API.

        node: to enrol; the API lists its configured cameras.

        config: names the cameras.

        clock: monotonic seconds.
    """

    def __init__(
        self,
        client: ApiClient,
        node: NodeIdentity,
        config: WorkerConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._node = node
        self._config = config
        self._clock = clock
        self._waiting = {camera.id: camera for camera in config.cameras}
        self._dropped: list[str] | None = None
        self._not_before: dict[str, float] = {}
        self._enrolled = False

    def enrol(self) -> None:
        """
        Have the API pin this node's certificate; raise `ClientError` where that fails.

        A name or number that another node has is logged here, for all callers.
        """
        try:
            self._client.enrol_node(
                self._node.name, self._node.number, self._node.certificate_pem, self._node.successions
            )
        except ApiRefusedError as error:
            if error.status == NODE_TAKEN:
                self._complain(
                    "this node is taken: nothing can be filed",
                    node=self._node.name,
                    number=self._node.number,
                    answer=error.detail,
                    advice=NODE_ADVICE,
                )
            raise
        self._enrolled = True

    def attempt(self) -> bool:
        """Register what is not registered yet; return whether everything is. A failure is logged and retried."""
        try:
            if not self._enrolled:
                self.enrol()
            self._register()
            self._retire()
        except ApiRefusedError as error:
            if _passes(error):
                log.info("registration waits for the API", error=str(error))
            elif self._enrolled or error.status != NODE_TAKEN:
                self._complain("the API refuses to register", status=error.status, answer=error.detail)
        except ClientError as error:
            log.info("registration waits for the API", error=str(error))
        return self._enrolled and not self._waiting and self._dropped == []

    def _register(self) -> None:
        for camera in list(self._waiting.values()):
            document = camera_document(camera, self._config, self._node.name)
            if self._settle(camera.id, partial(self._client.put_camera, document)):
                del self._waiting[camera.id]

    def _retire(self) -> None:
        """Remove the cameras from the API's list that this node's configuration no longer has."""
        if self._dropped is None:
            named = {camera.id for camera in self._config.cameras}
            self._dropped = [
                camera for camera in self._client.cameras_configured_by(self._node.name) if camera not in named
            ]
        for camera in list(self._dropped):
            if self._settle(camera, partial(self._remove, camera)):
                self._dropped.remove(camera)

    def _remove(self, camera: str) -> None:
        try:
            self._client.remove_camera(camera)
        except ApiRefusedError as error:
            if error.status != GONE:
                raise

    def _settle(self, camera: str, call: Callable[[], None]) -> bool:
        """Return whether a camera is handled; one that is refused is retried later."""
        if self._clock() < self._not_before.get(camera, float("-inf")):
            return False
        try:
            call()
        except ApiRefusedError as error:
            if _passes(error) or error.status in UNAUTHORISED | ELSEWHERE:
                raise
            self._not_before[camera] = self._clock() + REFUSED_PAUSE_S
            log.error(  # noqa: TRY400  (the sentence says it all)
                "API refuses a camera",
                camera=camera,
                status=error.status,
                answer=error.detail,
                advice=CAMERA_ADVICE.get(error.status, ""),
            )
            return False
        return True

    def _complain(self, event: str, **facts: str | int) -> None:
        """Log a lasting error, at most once in `REFUSED_PAUSE_S`."""
        if self._clock() >= self._not_before.get(event, float("-inf")):
            self._not_before[event] = self._clock() + REFUSED_PAUSE_S
            log.error(event, **facts)


class Attempt(Protocol):
    """Something to repeat until it succeeds: `Registration`."""

    def attempt(self) -> bool:
        """Try; return whether all is done."""
        ...


class Registrar:
    """One thread that attempts a registration until all is registered, so that a hanging API blocks nothing else."""

    def __init__(self, registration: Attempt, *, period_s: float = PERIOD_S) -> None:
        self._registration = registration
        self._period_s = period_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registration")

    def start(self) -> None:
        """Start registering."""
        self._thread.start()

    def stop(self, deadline_s: float = 5.0) -> bool:
        """Stop; return whether the thread ended by the deadline. A call in flight ends by its own time-outs."""
        self._stopping.set()
        self._thread.join(deadline_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._registration.attempt():
                    return
            except Exception:
                log.exception("registration failed, continuing")
            self._stopping.wait(self._period_s)


def _passes(error: ApiRefusedError) -> bool:
    """Whether an answer is not about this request."""
    return error.status in RETRIED or not 400 <= error.status < 500


def camera_document(camera: CameraConfig, config: WorkerConfig, node: str) -> CameraDocument:
    """Return a camera of this worker's own configuration as a document for the API."""
    return CameraDocument(
        id=camera.id,
        name=camera.name or camera.id,
        source=camera.source,
        gb_id=camera.gb_id,
        place=place_of(camera, config),
        zones=[zone_document(zone) for zone in camera.zones],
        configured_by=node,
    )


def zone_document(zone: ZoneConfig) -> ZoneDocument:
    """Return a zone of the configuration as a document for the API, which has no field for some keys."""
    values = zone.model_dump(mode="json", exclude={"schedule"})
    hours = [
        ZoneHours(days=list(span.days), from_=f"{span.from_:%H:%M}", to=f"{span.to:%H:%M}") for span in zone.schedule
    ]
    known = {name: values[name] for name in ZoneDocument.model_fields if name in values}
    return ZoneDocument.model_validate({**known, "schedule": hours})
