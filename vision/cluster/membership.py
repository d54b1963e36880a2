"""
Membership: the two threads by which a worker takes part in the group of watchers.

One takes turns with the bus (`vision.cluster.claims`) and does nothing else, so that no stream or call delays it. The
other starts and stops cameras by the claims.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import redis
import structlog

from api.contract.client import ClientError
from api.contract.fields import one_line
from api.contract.wire.camera_health import CameraHealth, CameraState
from api.contract.wire.worker import WorkerReport
from streams.camera import CameraId
from streams.timing.clock import utc_now
from vision.cluster.claims import Assignment, Claims
from vision.cluster.group import WatcherGroup
from vision.cluster.load import Load, Tally
from vision.config.camera import CameraConfig
from vision.config.sections import CutOff
from vision.leads.lead import CloseReason

log = structlog.get_logger(__name__)

TURN_S = 0.5
"""Seconds between two turns: a new camera is watched after this and the opening of its stream."""

BUS_TIMEOUT_S = 1.5
"""Seconds for one answer of the bus. A turn that fails, the call of the API after it and the pause together fit into
`vision.cluster.claims.FENCE_S`."""

WITNESS_TIMEOUT_S = 1.5
_PAUSES_S = (0.1, 0.8)
_SAY_AGAIN_S = 10.0
_TELL_S = 5.0
_STOP_CAMERA_S = 1.0
"""Seconds to wait for a stream to stop, while others wait too; its thread ends by itself later."""

_START_AGAIN_S = 5.0
DRAIN_S = 4.0
"""Seconds to give cameras back and for others to take them; ending the two threads takes less than twice as long."""

_OPENING_S = 2.5
"""Seconds for which cameras are still watched after others have claimed them, while those open the streams."""


class Witness(Protocol):
    """Another client of the bus: `api.contract.client.ApiClient`."""

    def bus_answers(self, timeout_s: float) -> bool:
        """Return whether the bus answers the API; raise `ClientError` where the API itself does not answer."""
        ...


class Watching(Protocol):
    """Watches cameras: `vision.worker.worker.Worker`."""

    def watch(self, camera: CameraConfig) -> None:
        """Start to watch a camera."""
        ...

    def unwatch(self, camera: CameraId, reason: CloseReason, deadline_s: float) -> None:
        """Stop watching a camera."""
        ...

    def rezone(self, camera: CameraConfig) -> None:
        """Replace a camera's zones; its stream and ring stay."""
        ...

    def tallies(self) -> Mapping[str, Tally]:
        """Return the frames of every watched camera, own cameras included."""
        ...


class GroupMember:
    """
    Takes part in the group of watchers until it is drained.

    Args:
        claims: what this worker may watch.

        group: the bus.

        load: gives this worker's capacity.

        watching: starts and stops cameras.

        witness: called when the bus does not answer.

        cut_off: what to do when neither answers.

        about: name, version and start of this worker, for its report.
    """

    def __init__(
        self,
        claims: Claims,
        group: WatcherGroup,
        load: Load,
        watching: Watching,
        witness: Witness,
        cut_off: CutOff,
        about: WorkerReport,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._claims = claims
        self._group = group
        self._load = load
        self._watching = watching
        self._witness = witness
        self._cut_off = cut_off
        self._about = about
        self._monotonic = monotonic
        self._running: dict[str, Assignment] = {}
        self._not_before: dict[str, float] = {}
        self._failures = 0
        self._say_at = 0.0
        self._tell_at = 0.0
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._settled = threading.Event()
        self._turns = threading.Thread(target=self._run_turns, name="claims")
        self._changes = threading.Thread(target=self._run_changes, name="cameras")

    def start(self) -> None:
        """Start both threads."""
        self._turns.start()
        self._changes.start()

    def drain(self) -> None:
        """
        Give all cameras back, watch them until others do or 4 s have passed, and end both threads.

        The worker stops the cameras with its own.
        """
        self._stopping.set()
        self._turns.join()
        try:
            given = self._claims.drain(DRAIN_S)
            log.info("cameras given back", cameras=given, other_workers=self._claims.others)
            if given and self._claims.others:
                self._wait_taken()
        except redis.RedisError as error:
            log.warning("cameras not given back, others take them over", error=str(error))
        self._over.set()
        self._settled.set()
        self._changes.join()

    def _wait_taken(self) -> None:
        deadline = self._monotonic() + DRAIN_S - _OPENING_S
        while self._claims.untaken() and self._monotonic() < deadline:
            self._over.wait(0.1)
        self._over.wait(_OPENING_S)

    def _run_turns(self) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            pause_s = TURN_S
            try:
                self._turn()
            except redis.RedisError as error:
                pause_s = self._without_bus(error)
            except Exception:
                log.exception("turn with the group failed, continuing")
            self._settled.set()

    def _turn(self) -> None:
        tallies = self._watching.tallies()
        self._load.note(tallies, self._claims.held)
        registered = self._claims.wanted()
        self._claims.turn(
            self._about.model_copy(
                update={
                    "cameras": {i: tally.analysed for i, tally in tallies.items() if i in registered},
                    "held": self._claims.held,
                    "own": self._load.own,
                    "capacity": self._load.capacity,
                    "pressure": round(self._load.pressure, 3),
                }
            )
        )
        if self._failures:
            log.info("bus answers again", failures=self._failures)
            self._failures, self._say_at = 0, 0.0
        if self._monotonic() >= self._tell_at:
            self._tell_at = self._monotonic() + _TELL_S
            self._tell_refusals()

    def _without_bus(self, error: redis.RedisError) -> float:
        """Ask the API whether it reaches the bus, and return the pause before the next attempt."""
        asked_at = self._monotonic()
        try:
            is_outage, api = not self._witness.bus_answers(WITNESS_TIMEOUT_S), "answers"
        except ClientError:
            is_outage, api = self._cut_off is CutOff.WATCH, "does not answer"
        if is_outage:
            self._claims.nobody_can_take(asked_at)
        self._failures += 1
        if asked_at >= self._say_at:
            self._say_at = asked_at + _SAY_AGAIN_S
            log.warning(
                "bus does not answer",
                error=str(error),
                api=api,
                registered="watched on" if is_outage else "left to other workers until it answers",
                cameras=self._claims.held,
                failures=self._failures,
            )
        shortest, longest = _PAUSES_S
        pause_s = min(longest, shortest * 2.0 ** min(self._failures, 16))
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311  (jitter)

    def _tell_refusals(self) -> None:
        now = utc_now()
        self._group.tell(
            [
                CameraHealth(
                    camera_id=camera,
                    state=CameraState.LOST,
                    worker=self._about.name,
                    since=now,
                    reported=now,
                    error=one_line(f"cannot be watched: {reason}"),
                )
                for camera, reason in self._claims.refusals.items()
            ]
        )

    def _run_changes(self) -> None:
        while not self._over.is_set():
            self._settled.wait(TURN_S / 2)
            self._settled.clear()
            if not self._over.is_set():
                self._apply(self._claims.wanted())

    def _apply(self, wanted: Mapping[str, Assignment]) -> None:
        """Start new cameras, then stop those no longer wanted, then restart those that changed."""
        for camera in wanted.keys() - self._running.keys():
            self._start(camera, wanted[camera])
        for camera in self._running.keys() - wanted.keys():
            self._stop(camera)
        for camera, running in list(self._running.items()):
            if wanted[camera].generation == running.generation:
                continue
            if _differs_in_zones_alone(running.config, wanted[camera].config):
                self._rezone(camera, wanted[camera])
            else:
                self._stop(camera)
                self._start(camera, wanted[camera])

    def _start(self, camera: str, assignment: Assignment) -> None:
        if self._monotonic() < self._not_before.get(camera, float("-inf")):
            return
        try:
            self._watching.watch(assignment.config)
        except Exception:
            self._not_before[camera] = self._monotonic() + _START_AGAIN_S
            log.exception("registered camera cannot be watched, will retry", camera=camera)
        else:
            self._running[camera] = assignment
            log.info("camera added", camera=camera)

    def _rezone(self, camera: str, assignment: Assignment) -> None:
        try:
            self._watching.rezone(assignment.config)
        except Exception:
            log.exception("zones cannot be replaced, camera restarts", camera=camera)
            self._stop(camera)
            self._start(camera, assignment)
        else:
            self._running[camera] = assignment
            log.info("zones changed", camera=camera, zones=len(assignment.config.zones))

    def _stop(self, camera: str) -> None:
        del self._running[camera]
        log.info("camera removed", camera=camera)
        try:
            self._watching.unwatch(CameraId(camera), CloseReason.SHUTDOWN, _STOP_CAMERA_S)
        except Exception:
            log.exception("camera could not be stopped", camera=camera)


def _differs_in_zones_alone(before: CameraConfig, after: CameraConfig) -> bool:
    return before.zones != after.zones and before.model_copy(update={"zones": after.zones}) == after
