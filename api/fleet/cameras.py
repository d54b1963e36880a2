"""Cameras as the API sees them: what is registered, what workers report, and announcing changes to the wall."""

import asyncio
import re
from typing import TypeVar

import structlog
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.bus import state_key, vitals_key, worker_key
from api.contract.health import WorkerHealth
from api.contract.wire.camera import CameraDocument
from api.contract.wire.camera_health import CameraHealth
from api.contract.wire.document import Wire
from api.contract.wire.event import EventType
from api.contract.wire.worker import WorkerReport
from api.fleet.broker import BusDown
from api.fleet.removals import LETTING_GO
from api.state import ApiState
from api.store.events import append_event, last_camera_states

log = structlog.get_logger(__name__)

WireT = TypeVar("WireT", bound=Wire)
WATCH_PERIOD_S = 1.0
RECONCILE_PERIOD_S = 5.0
"""An emptied bus holds the cameras again within this time; nothing is written while nothing differs."""
CAMERA_ROW = "camera report"
WORKER_ROW = "worker report"
"""Kinds of `api.contract.shared_rows`."""
HIDDEN = "***"
SILENT = "silent"
"""State of a camera without any report for 15 s."""
_KIND = "(?:rtsps?|rtmps?|https?|srt|udp)"
_SCHEME = re.compile(rf"[^@:]*://|{_KIND}[:/\\]+", re.IGNORECASE)
"""How an address begins, the usual slips of the hand included."""


def redacted(source: str) -> str:
    """
    Return a source without what may be secret: user, password, query, fragment. Takes any text.

    Everything up to the last ``@`` is removed, because real passwords hold ``/``, ``?``, ``#`` and ``[``, which no
    parser of addresses accepts. The same applies to a mistyped scheme, and without a scheme if a ``:`` stands before
    the ``@``. Same rule as `streams.camera.SourceUrl.redacted`, which the API may not import.
    """
    scheme = _SCHEME.match(source)
    before, at, address = source[scheme.end() if scheme else 0 :].rpartition("@")
    is_path = ":" not in before and "://" not in source if scheme is None else scheme[0].lower() == "file://"
    if is_path:
        return source
    shown, *secret = re.split(r"[?#]", address, maxsplit=1)
    return f"{'' if scheme is None else scheme[0]}{HIDDEN + '@' if at else ''}{shown}{'?' + HIDDEN if secret else ''}"


def redacted_camera(camera: CameraDocument) -> CameraDocument:
    """Return a camera as answers show it."""
    return camera.model_copy(update={"source": redacted(camera.source)})


async def all_health(state: ApiState) -> dict[str, CameraHealth]:
    """Return the newest report of each camera, without cameras that were just removed; raise `BusDown`."""
    reports = await state.broker.get_matching(state_key("*"))
    left = await _left(state)
    documents = state.broker.rows.read_all(CAMERA_ROW, CameraHealth.model_validate_json, reports)
    return {health.camera_id: health for health in documents if health.camera_id not in left}


async def all_workers(state: ApiState) -> list[WorkerHealth]:
    """Return the newest report of each worker, by name; raise `BusDown`."""
    return sorted(await _documents(state, vitals_key("*"), WorkerHealth), key=lambda worker: worker.worker)


async def all_members(state: ApiState) -> list[WorkerReport]:
    """Return the newest report of each member of the watchers' group, by name; raise `BusDown`."""
    return sorted(await _documents(state, worker_key("*"), WorkerReport), key=lambda member: member.member)


async def _documents(state: ApiState, pattern: str, kind: type[WireT]) -> list[WireT]:
    reports = await state.broker.get_matching(pattern)
    return state.broker.rows.read_all(WORKER_ROW, kind.model_validate_json, reports)


async def health_of(state: ApiState, camera_id: str) -> CameraHealth | None:
    """Return the newest report of a camera, ``None`` without a valid one; raise `BusDown`."""
    key = state_key(camera_id)
    report = await state.broker.get(key)
    if report is None or camera_id in await _left(state):
        return None
    return state.broker.rows.read(CAMERA_ROW, CameraHealth.model_validate_json, key, report)


async def _left(state: ApiState) -> set[str]:
    """Return the cameras that were removed and that workers may still watch: their reports do not count."""
    removed = await run_in_threadpool(state.removals.look)
    since = utc_now() - LETTING_GO
    return {camera for camera, at in removed.items() if at > since}


async def tell_workers(state: ApiState) -> None:
    """Notify walls and workers of a changed camera; workers at the latest once the bus is back."""
    await state.broker.ring()
    try:
        await state.roster.publish()
    except BusDown as fault:  # CameraWatch publishes later
        log.warning("cameras not published yet", error=str(fault))


class CameraWatch:
    """
    Writes an event for each change of a camera's state.

    A camera without reports is *silent*, unless it was removed.
    """

    def __init__(self, state: ApiState) -> None:
        self._state = state
        self._known: dict[str, str] = {}

    async def run(self) -> None:
        """Watch until cancelled; to be run by `api.fleet.broker.keep_running`."""
        loop = asyncio.get_running_loop()
        self._known = await run_in_threadpool(self._last_told) | self._known
        reconcile_at = loop.time()
        while True:
            if loop.time() >= reconcile_at:
                await self._state.roster.reconcile()
                await self._state.reviews.reconcile()
                await self._state.register.reconcile()
                reconcile_at = loop.time() + RECONCILE_PERIOD_S
            await self.look()
            await asyncio.sleep(WATCH_PERIOD_S)

    async def look(self) -> None:
        """Compare what workers report now with the last look, and write an event for each difference."""
        health = await all_health(self._state)
        now = {camera: report.state.value for camera, report in health.items()}
        silent = self._known.keys() - now.keys()
        if silent:
            silent -= (await run_in_threadpool(self._state.removals.look)).keys()
        now |= dict.fromkeys(silent, SILENT)
        changed = {camera: state for camera, state in now.items() if self._known.get(camera) != state}
        if changed:
            await run_in_threadpool(self._write, changed, health)
            await self._state.broker.ring()
        self._known = now
        self._count(now)
        metrics = self._state.metrics
        metrics.fleet.take(health.values(), await all_workers(self._state), await all_members(self._state))
        metrics.unclaimed.set(await self._state.roster.unclaimed())

    def _last_told(self) -> dict[str, str]:
        """Return the states in the newest events, so that a restart of the API repeats none."""
        with self._state.database.reading() as session:
            return last_camera_states(session)

    def _write(self, changed: dict[str, str], health: dict[str, CameraHealth]) -> None:
        with self._state.database.writing() as session:
            for camera, state in changed.items():
                error = health[camera].error if camera in health else "no worker reports this camera"
                append_event(
                    session,
                    EventType.CAMERA_CHANGED,
                    camera,
                    utc_now(),
                    data={"state": state, "before": self._known.get(camera), "error": error},
                )

    def _count(self, now: dict[str, str]) -> None:
        self._state.metrics.cameras.clear()
        for state in now.values():
            self._state.metrics.cameras.labels(state=state).inc()
