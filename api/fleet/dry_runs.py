"""
Dry runs: the API's side. Places an order with the worker that watches the camera, and reads its report.

A clip is in the data folder from its upload until the worker has fetched it; all that is left of a run goes with the
run, at the latest an hour after its last word.
"""

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog
from starlette.concurrency import run_in_threadpool

from api.contract.bus import (
    DRY_RUN_TTL_S,
    dry_run_key,
    dry_run_picture,
    dry_run_turn_key,
    dry_runs_key,
)
from api.contract.dry_run import DryRunFault, DryRunOrder, DryRunReport, DryRunSource, DryRunState
from api.contract.wire.camera import CameraDocument
from api.contract.wire.zone import ZoneDocument
from api.fleet.broker import bus_faults
from api.fleet.cameras import all_workers, health_of
from api.problems import Problem
from api.state import ApiState

log = structlog.get_logger(__name__)

FOLDER = "dry-runs"
SWEEP_PERIOD_S = 60.0
_TURN_MARGIN_S = 60
"""A worker's turn expires this long after the run's own time, so that a dead worker blocks no other run."""
_UNFINISHED = frozenset({DryRunState.WAITING, DryRunState.RUNNING})


@dataclass(frozen=True, slots=True)
class DryRun:
    """A dry run: its order and its latest report."""

    order: DryRunOrder
    report: DryRunReport


def clip_path(state: ApiState, run_id: str) -> Path:
    """Return where an uploaded clip waits for its worker."""
    return state.settings.data_dir / FOLDER / f"{run_id}.clip"


async def place_order(
    state: ApiState, camera: CameraDocument, zones: list[ZoneDocument], source: DryRunSource, clip: Path | None
) -> DryRun:
    """
    Order a dry run from the worker that watches the camera, for an uploaded clip from any.

    Raises `Problem`: 409 ``camera-not-watched``, 409 ``dry-run-busy``, 503 ``no-worker``; and `BusDown`.
    """
    settings = state.settings
    node = await _worker_for(state, camera.id, needs_ring=clip is None)
    order = DryRunOrder(
        id=secrets.token_hex(16),
        camera=camera.model_copy(update={"source": ""}),
        zones=zones,
        source=source,
        max_s=settings.dry_run_max_s,
        timeout_s=settings.dry_run_timeout_s,
    )
    redis = state.broker.redis
    turn_s = round(settings.dry_run_timeout_s) + _TURN_MARGIN_S
    with bus_faults():
        if not await redis.set(dry_run_turn_key(node), order.id, nx=True, ex=turn_s):
            detail = f"worker {node} is busy with another dry run; one is done at a time"
            raise Problem(409, "dry-run-busy", detail, headers={"Retry-After": "10"})
    report = DryRunReport(worker=node)
    try:
        if clip is not None:
            await run_in_threadpool(_keep, clip, clip_path(state, order.id))
        with bus_faults():
            async with redis.pipeline(transaction=True) as pipe:
                key, queue = dry_run_key(order.id), dry_runs_key(node)
                pipe.hset(key, mapping={"order": order.model_dump_json(), "report": report.model_dump_json()})
                pipe.expire(key, DRY_RUN_TTL_S)
                pipe.rpush(queue, order.id)
                pipe.expire(queue, turn_s)
                await pipe.execute()
    except BaseException:
        clip_path(state, order.id).unlink(missing_ok=True)
        with contextlib.suppress(Exception):
            await redis.delete(dry_run_turn_key(node))
        raise
    return DryRun(order, report)


async def find_run(state: ApiState, camera_id: str, run_id: str) -> DryRun:
    """Return a dry run of a camera; answer 404 for one that is unknown or expired."""
    run = await _told(state, camera_id, run_id)
    if run.report.state not in _UNFINISHED or await _has_turn(state, run.report.worker, run_id):
        return run
    # A turn ends after the worker's last report, which may have arrived since the first read.
    run = await _told(state, camera_id, run_id)
    if run.report.state not in _UNFINISHED:
        return run
    detail = f"worker {run.report.worker} says nothing any more"
    stopped = {"state": DryRunState.FAILED, "fault": DryRunFault.STOPPED, "detail": detail}
    return DryRun(run.order, run.report.model_copy(update=stopped))


async def picture_of(state: ApiState, run: DryRun, number: int) -> bytes:
    """Return the picture of a lead, JPEG; answer 404 where there is none."""
    with bus_faults():
        jpeg = await cast(
            "Awaitable[bytes | None]", state.broker.redis.hget(dry_run_key(run.order.id), dry_run_picture(number))
        )
    if jpeg is None:
        raise Problem(404, "not-found", f"lead {number} of this dry run has no picture")
    return jpeg


async def call_off(state: ApiState, run: DryRun) -> None:
    """End a dry run, or forget its result; the worker notices within a second."""
    run_id, node = run.order.id, run.report.worker
    with bus_faults():
        await state.broker.redis.delete(dry_run_key(run_id))
        await state.broker.redis.lrem(dry_runs_key(node), 0, run_id)
        if run.report.state is DryRunState.WAITING and await _has_turn(state, node, run_id):
            await state.broker.redis.delete(dry_run_turn_key(node))
    await run_in_threadpool(clip_path(state, run_id).unlink, missing_ok=True)


async def sweep_clips(state: ApiState) -> None:
    """Remove clips of ended runs until cancelled; to be run by `api.fleet.broker.keep_running`."""
    while True:
        for path in await run_in_threadpool(_old_clips, state):
            await run_in_threadpool(path.unlink, missing_ok=True)
            log.info("dry run clip removed", clip=path.name)
        await asyncio.sleep(SWEEP_PERIOD_S)


def _old_clips(state: ApiState) -> list[Path]:
    oldest = time.time() - state.settings.dry_run_timeout_s - _TURN_MARGIN_S
    return [path for path in (state.settings.data_dir / FOLDER).glob("*.clip") if path.stat().st_mtime < oldest]


async def _worker_for(state: ApiState, camera_id: str, *, needs_ring: bool) -> str:
    health = await health_of(state, camera_id)
    workers = await all_workers(state)
    if health is not None and health.worker and any(worker.worker == health.worker for worker in workers):
        return health.worker
    if needs_ring:
        detail = f"no worker watches {camera_id} now: upload a clip instead"
        raise Problem(409, "camera-not-watched", detail)
    if not workers:
        raise Problem(503, "no-worker", "no worker is running that could try the clip", headers={"Retry-After": "30"})
    return min(workers, key=lambda worker: worker.cpu_share / max(1, worker.cpus)).worker


async def _told(state: ApiState, camera_id: str, run_id: str) -> DryRun:
    """Return a dry run with its worker's latest report; answer 404 for one that is unknown or expired."""
    fields = await state.broker.get_hash(dry_run_key(run_id))
    if not {"order", "report"} <= fields.keys():
        raise _gone(run_id)
    key, rows = dry_run_key(run_id), state.broker.rows
    order = rows.read("dry run order", DryRunOrder.model_validate_json, f"{key} order", fields["order"])
    report = rows.read("dry run report", DryRunReport.model_validate_json, f"{key} report", fields["report"])
    if order is None or report is None or order.camera.id != camera_id:
        raise _gone(run_id)
    return DryRun(order, report)


async def _has_turn(state: ApiState, node: str, run_id: str) -> bool:
    return await state.broker.get(dry_run_turn_key(node)) == run_id.encode()


def _keep(clip: Path, target: Path) -> None:
    """Link an upload, which is removed at the end of its request, to the name under which it waits."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.link(clip, target)


def _gone(run_id: str) -> Problem:
    return Problem(404, "not-found", f"there is no dry run {run_id}: it was called off, or its hour is over")
