"""Health: is the process alive, can it work, and its numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.durable import check_room, why_not
from api.evidence.scrub import last_outcome
from api.evidence.vault import VaultError
from api.fleet.broker import BusDown
from api.fleet.cameras import all_workers
from api.people.auth import require_insider
from api.state import ApiState, State
from api.store.cameras import list_cameras
from api.store.notify.log import notification_queue

router = APIRouter(tags=["health"])
INSIDERS = [Depends(require_insider)]


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Whether each part works: ``ok`` or why not. Without the bus leads are still taken, live pictures are not."""

    status: Literal["ok", "degraded"]
    parts: dict[str, str] = Field(description="database, disk (of the data folder), bus, vault")
    warnings: dict[str, str] = Field(
        default_factory=dict,
        description="no reason for a 503: vault, whose room will not last; scrub, where the newest one found faults; "
        "workers, whose evidence waits for room on their disks; rows, stored ones that cannot be read; notifications, "
        "where messages wait for long or were given up",
    )


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> Liveness:
    """Answer while the process lives."""
    return Liveness()


@router.head("/readyz", include_in_schema=False, dependencies=INSIDERS)
@router.get("/readyz", responses={503: {"model": Readiness}}, dependencies=INSIDERS)
async def readyz(state: State, response: Response) -> Readiness:
    """
    Answer 200 when database, disk, bus and vault work, else 503 with the part that does not.

    Open to programs of the same machine, to workers and to operators; 401 to others, for whom there is ``/healthz``.
    """
    parts = {
        "database": await _try(state.database.check),
        "disk": await run_in_threadpool(_disk, state.settings.data_dir),
        "vault": await _try(state.vault.check),
    }
    warnings = {
        "vault": state.room.warning(),
        "scrub": await run_in_threadpool(_scrub_warning, state),
        "rows": await run_in_threadpool(_rows_warning, state),
        "notifications": await run_in_threadpool(_notification_warning, state),
    }
    try:
        await state.broker.check()
        waiting = [worker for worker in await all_workers(state) if worker.evidence.waits]
        warnings["workers"] = "; ".join(f"{worker.worker}: {worker.evidence.waits}" for worker in waiting)
        parts["bus"] = "ok"
    except BusDown as fault:
        parts["bus"] = str(fault)
    ready = all(part == "ok" for part in parts.values())
    response.status_code = 200 if ready else 503
    return Readiness(
        status="ok" if ready else "degraded",
        parts=parts,
        warnings={name: warning for name, warning in warnings.items() if warning},
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    dependencies=INSIDERS,
)
def metrics(state: State) -> Response:
    """
    Give all metrics in Prometheus' text form.

    Open to programs of the same machine, to workers and to operators: it names every camera. 401 to others.
    """
    return Response(state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _scrub_warning(state: ApiState) -> str:
    try:
        with state.database.reading() as session:
            outcome = last_outcome(session)
    except SQLAlchemyError:
        return ""  # the database is reported as a failed part
    return "" if outcome is None else outcome.warning()


def _disk(folder: Path) -> str:
    try:
        check_room(folder)
    except OSError as fault:
        return why_not(folder, fault)
    return "ok"


def _rows_warning(state: ApiState) -> str:
    try:
        with state.database.reading() as session:
            list_cameras(session)  # the others are found when they are read
    except SQLAlchemyError:
        return ""
    return state.database.unreadable.sentence()


def _notification_warning(state: ApiState) -> str:
    now = utc_now()
    try:
        with state.database.reading() as session:
            return notification_queue(session, now).warning(now)
    except SQLAlchemyError:
        return ""


async def _try(check: Callable[[], None]) -> str:
    try:
        await run_in_threadpool(check)
    except VaultError as fault:
        return str(fault)
    except (SQLAlchemyError, OSError) as fault:
        return f"does not work: {type(fault).__name__}"
    return "ok"
