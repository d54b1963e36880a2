"""The API's composition root: `create_app`, its background tasks, and `serve`."""

import asyncio
import contextlib
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable
from functools import cache, partial
from importlib import metadata

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.shared_rows import SharedRows
from api.evidence.backlog import index_backlog
from api.evidence.retention import Retention
from api.evidence.scrub import ScrubOutcome, last_outcome
from api.evidence.upload import clear_uploads
from api.evidence.vault_address import open_vault
from api.fleet.announcements import AnnouncementReader
from api.fleet.broker import Broker, keep_running, stop_tasks
from api.fleet.camera_roster import CameraRoster
from api.fleet.cameras import CameraWatch
from api.fleet.dry_runs import sweep_clips
from api.fleet.removals import Removals
from api.fleet.reviews import ReviewBoard
from api.headers import BodyLimit, RequestTimes, SecurityHeaders
from api.loop.after_stills import AfterStills
from api.loop.timers import Timers
from api.metrics import Metrics
from api.notify.notifier import Notifier
from api.people.access import AccessLog
from api.people.accounts import ensure_first_operator, open_database
from api.people.logins import LoginLimit
from api.problems import ProblemApi, ProblemDocument, add_problem_handlers
from api.register.board import RegisterBoard
from api.routes import events, health, leads, rules, session
from api.routes.checks import codes, draws, page
from api.routes.evidence import (
    admissibility,
    clip_redactions,
    corrections,
    credentials,
    custody,
    exports,
    holdings,
    redactions,
    report,
    tlog,
    vault,
)
from api.routes.evidence import packages as evidence
from api.routes.fleet import camera_files, cameras, coverage, dry_runs, live, nodes, workers, zones
from api.routes.loop import attachments, moves, pairs, queue, site
from api.routes.notify import channels, deliveries
from api.routes.notify import rules as notification_rules
from api.routes.register import entries, tables
from api.routes.wall import wall_file, wall_page
from api.settings import Settings
from api.state import ApiState
from api.store.database import Database
from api.store.evidence.stamps import StampQueue, stamp_queue
from api.store.leads import count_by_state
from api.store.notify.log import NotificationQueue, notification_queue
from api.trust.services import open_provers

log = structlog.get_logger(__name__)

ROUTERS = (
    leads,
    moves,
    queue,
    site,
    attachments,
    pairs,
    codes,
    draws,
    page,
    corrections,
    holdings,
    evidence,
    admissibility,
    custody,
    redactions,
    clip_redactions,
    credentials,
    report,
    exports,
    tlog,
    vault,
    cameras,
    camera_files,
    zones,
    dry_runs,
    rules,
    entries,
    tables,
    coverage,
    live,
    events,
    notification_rules,
    channels,
    deliveries,
    nodes,
    workers,
    session,
    health,
)
UPLOAD_PATHS = re.compile(
    "/v1/leads|/v1/leads/[^/]+/attachments/[^/]+|/v1/cameras/[^/]+/dry-runs|"
    "/v1/evidence/[^/]+/redactions/clips/[^/]+/copy|/v1/registry/import"
)
"""Have limits of their own, as they read packages, clips and tables from the body."""
WS_MAX_BYTES = 64 * 1024
"""Clients have nothing long to say over a WebSocket."""


def create_app(settings: Settings) -> FastAPI:
    """
    Return the API over the store, vault and bus of ``settings``.

    Nothing is opened before the app's lifespan starts. Without the bus the app starts and works but for live pictures
    and announcements; it connects when the bus is there.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            database = await run_in_threadpool(stack.enter_context, open_database(settings))
            holder.database = database
            vault = await run_in_threadpool(open_vault, settings.vault_url.get_secret_value(), settings.data_dir)
            await run_in_threadpool(clear_uploads, settings.data_dir)
            rows = SharedRows(lambda kind: metrics.rows_left_out.labels(kind=kind).inc())
            broker = Broker(settings.redis_url.get_secret_value(), rows)
            stack.push_async_callback(broker.close)
            logins = LoginLimit(settings.login_attempts, settings.login_window_s)
            provers = await run_in_threadpool(
                open_provers, settings, database, utc_now, stack.enter_context(contextlib.ExitStack())
            )
            state = ApiState(
                settings,
                database,
                vault,
                broker,
                CameraRoster(broker, database),
                Removals(database),
                ReviewBoard(broker, database),
                RegisterBoard(broker, database),
                metrics,
                logins,
                provers,
                Notifier.open(settings, database, broker, metrics, utc_now),
            )
            app.state.api = state
            tasks = [
                asyncio.create_task(keep_running("announcements", AnnouncementReader(broker, database, metrics).run)),
                asyncio.create_task(keep_running("cameras", CameraWatch(state).run)),
                asyncio.create_task(keep_running("bell", broker.hear_bells)),
                asyncio.create_task(keep_running("dry-runs", partial(sweep_clips, state))),
                asyncio.create_task(keep_running("accesses", AccessLog(state).run)),
                asyncio.create_task(keep_running("retention", Retention(state).run)),
                asyncio.create_task(keep_running("timers", Timers(state).run)),
                asyncio.create_task(keep_running("after-stills", AfterStills(state).run)),
                asyncio.create_task(index_backlog(state)),
                asyncio.create_task(keep_running("time-stamps", provers.stamper.run)),
                asyncio.create_task(keep_running("checkpoints", provers.checkpoints.run)),
                asyncio.create_task(keep_running("notifications", state.notifier.run)),
            ]
            stack.push_async_callback(stop_tasks, tasks)
            yield

    holder = _Holder()
    metrics = Metrics(holder.leads_by_state, holder.stamp_queue, holder.last_scrub, holder.notification_queue)
    app = ProblemApi(
        title="Plumewatch",
        summary="Evidence-stamped leads of smoke, fume and fire",
        version=metadata.version("plumewatch"),
        lifespan=lifespan,
        docs_url=None,  # its scripts would come from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        routes=_routes().routes,
    )
    add_problem_handlers(app)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, free=UPLOAD_PATHS)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestTimes, metrics=metrics)
    return app


@cache
def _routes() -> APIRouter:
    """Return the routes, which need no settings: FastAPI analyses them once a process."""
    router = APIRouter(responses={"default": {"model": ProblemDocument, "description": "A problem"}})
    for module in ROUTERS:
        router.include_router(module.router)
    router.add_route("/", wall_page, methods=["GET"], include_in_schema=False)
    router.add_route("/wall/{path:path}", wall_file, methods=["GET"], include_in_schema=False)
    return router


class _Holder:
    """Gives the metrics a database that is opened after they are made."""

    database: Database | None = None

    def leads_by_state(self) -> dict[str, int]:
        if self.database is None:
            return {}
        with self.database.reading() as session:
            return count_by_state(session)

    def stamp_queue(self) -> StampQueue:
        if self.database is None:
            return StampQueue(0, None, "")
        with self.database.reading() as session:
            return stamp_queue(session)

    def last_scrub(self) -> ScrubOutcome | None:
        if self.database is None:
            return None
        with self.database.reading() as session:
            return last_outcome(session)

    def notification_queue(self) -> NotificationQueue:
        if self.database is None:
            return NotificationQueue()
        with self.database.reading() as session:
            return notification_queue(session, utc_now())


def serve(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """
    Run the API until SIGINT or SIGTERM.

    At the very first start the one-time password of the operator ``admin`` is written to standard output, once.

    Args:
        settings: see `api.settings.Settings`.

        ready: called with the API's address once it listens (with port 0: the one it got).
    """
    operator = ensure_first_operator(settings)
    if operator is not None:
        sys.stdout.write(f"first start: log in as {operator.username} with the password {operator.password}\n")
        sys.stdout.flush()
    asyncio.run(_Server(server_config(create_app(settings), settings), ready).serve())


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn runs the API."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=WS_MAX_BYTES,
        ws_per_message_deflate=False,  # video does not get smaller
        timeout_graceful_shutdown=5,
        lifespan="on",
    )


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started and self._ready is not None:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            log.info("api listens", host=host, port=port)
            self._ready(f"http://{host}:{port}")
