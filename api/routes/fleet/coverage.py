"""Coverage: accounts from workers, and for operators the watched time of each camera with reasons for gaps."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.coverage import HOUR, CoverageReceipt, CoverageReport
from api.contract.reasons import GapReason
from api.contract.wire.identifiers import CAMERA_ID_PATTERN
from api.contract.wire.moment import UtcTime, rfc3339
from api.fleet.coverage import Gap, Watched, hour_of, in_one, watched_by_hour
from api.people.auth import AnyWorker, Reader
from api.problems import Problem
from api.routes.asked_time import AskedTime
from api.state import ApiState, State
from api.store.cameras import list_cameras
from api.store.coverage import Known, known_coverage, take_hours, take_losses
from api.store.workers import nodes_of

router = APIRouter(prefix="/v1", tags=["coverage"])

ONE_CAMERA_MOST = timedelta(days=31)
ALL_CAMERAS_MOST = timedelta(days=7)
USUAL = timedelta(hours=24)
WORST_GAPS = 3
CSV = "text/csv"
_CSV_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {}}}}
_COLUMNS = (
    *("camera_id", "hour_utc", "required_s", "watched_s", "share", "doubled_s", "analysed", "interval_median_s"),
    *("interval_p99_s", "interval_max_s", "interval_limit_s", "patrol_s", "focus_s", "dropped", "reconnects"),
    *("workers", "gaps"),
)

CameraIdPath = Annotated[str, Path(pattern=CAMERA_ID_PATTERN)]
From = Annotated[AskedTime | None, Query(alias="from", description="start; its hour counts whole")]
To = Annotated[AskedTime | None, Query(description="end; without it now")]


class Interval(BaseModel):
    """Seconds between analysed pictures; null where there are no two. Quantiles are at most one class too long."""

    median_s: float | None
    p99_s: float | None
    max_s: float | None
    limit_s: float | None = Field(description="what the worker allowed: a longer one is a gap")


class GapDocument(BaseModel):
    """A time of duty that was not watched."""

    start: UtcTime
    end: UtcTime
    seconds: float
    reason: GapReason
    detail: str = ""
    worker: str = Field("", description="whose account explains it; empty where none does")


class CoverageFigures(BaseModel):
    """What was watched in some time."""

    required_s: float = Field(description="seconds in which the camera was registered and enabled, as far as reported")
    watched_s: float = Field(description="seconds of these in which pictures were analysed in time")
    share: float | None = Field(description="watched_s / required_s; null without duty")
    doubled_s: float = Field(description="seconds of these that two workers watched")
    analysed: int
    interval: Interval
    patrol_s: float
    focus_s: float
    dropped: dict[str, int] = Field(description="pictures not analysed, by reason")
    reconnects: int
    workers: list[str]


class CoverageHourDocument(CoverageFigures):
    """One hour of one camera; required_s is watched_s and the seconds of all gaps."""

    hour: UtcTime
    gaps: list[GapDocument]


class CameraCoverage(CoverageFigures):
    """One camera, hour by hour."""

    camera_id: str
    start: UtcTime
    end: UtcTime
    hours: list[CoverageHourDocument]


class CameraSummary(CoverageFigures):
    """One camera in a summary."""

    camera_id: str
    name: str
    registered: bool
    shares: list[float | None] = Field(description="share watched of each hour from `start` on; null without duty")
    unwatched: dict[GapReason, float] = Field(description="seconds of gaps by reason")
    worst_gaps: list[GapDocument] = Field(description="the longest ones")


class CoverageSummary(BaseModel):
    """All cameras, those least watched first."""

    start: UtcTime
    end: UtcTime
    required_s: float
    watched_s: float
    share: float | None
    cameras: list[CameraSummary]


@router.post("/coverage")
def post_coverage(body: CoverageReport, worker: AnyWorker, state: State) -> CoverageReceipt:
    """
    Take in what a worker watched. The same may be posted any number of times and in any order.

    403 ``node-not-yours`` when it reports for a node that its key has not enrolled.
    """
    with state.database.writing() as session:
        nodes = nodes_of(session, worker)
        for name in ({entry.worker for entry in body.hours} | {loss.worker for loss in body.losses}) - nodes:
            raise Problem(403, "node-not-yours", f"this worker key has not enrolled node {name}")
        for entry in body.hours:
            if not entry.hour <= entry.start <= entry.end <= entry.hour + HOUR or entry.hour != hour_of(entry.hour):
                raise Problem(422, "invalid-input", f"hours: {entry.camera_id} does not lie within one hour")
        taken = take_hours(session, body.hours, utc_now())
        take_losses(session, body.losses)
    state.metrics.coverage_hours.labels(result="taken").inc(taken)
    state.metrics.coverage_hours.labels(result="repeated").inc(len(body.hours) - taken)
    return CoverageReceipt(taken=taken, repeated=len(body.hours) - taken)


@router.get("/coverage", response_model=CoverageSummary, responses=_CSV_ANSWER)
async def get_coverage(
    request: Request, _: Reader, state: State, start: From = None, to: To = None
) -> CoverageSummary | Response:
    """Sum up what was watched of all cameras (at most 7 days, usually the last 24 hours); CSV: one line an hour."""
    if _wants_csv(request):
        return await get_coverage_csv(_, state, start, to)
    window = _window(start, to, ALL_CAMERAS_MOST)
    return await run_in_threadpool(_summary, state, *window)


@router.get("/coverage.csv", response_class=Response, responses=_CSV_ANSWER)
async def get_coverage_csv(_: Reader, state: State, start: From = None, to: To = None) -> Response:
    """Give what was watched of all cameras as CSV, one line a camera and hour."""
    window = _window(start, to, ALL_CAMERAS_MOST)
    return await run_in_threadpool(_table, state, *window, None)


@router.get("/cameras/{camera_id}/coverage", response_model=CameraCoverage, responses=_CSV_ANSWER)
async def get_camera_coverage(
    request: Request, camera_id: CameraIdPath, _: Reader, state: State, start: From = None, to: To = None
) -> CameraCoverage | Response:
    """Show what was watched of a camera hour by hour (at most 31 days, usually the last 24 hours), with every gap."""
    if _wants_csv(request):
        return await get_camera_coverage_csv(camera_id, _, state, start, to)
    window = _window(start, to, ONE_CAMERA_MOST)
    return await run_in_threadpool(_camera, state, *window, camera_id)


@router.get("/cameras/{camera_id}/coverage.csv", response_class=Response, responses=_CSV_ANSWER)
async def get_camera_coverage_csv(
    camera_id: CameraIdPath, _: Reader, state: State, start: From = None, to: To = None
) -> Response:
    """Give what was watched of a camera as CSV, one line an hour."""
    window = _window(start, to, ONE_CAMERA_MOST)
    return await run_in_threadpool(_table, state, *window, camera_id)


def _wants_csv(request: Request) -> bool:
    return request.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower() == CSV


def _window(start: datetime | None, to: datetime | None, most: timedelta) -> tuple[datetime, datetime]:
    end = to or utc_now()
    begin = hour_of(start) if start is not None else hour_of(end) - USUAL + HOUR
    if begin >= end:
        raise Problem(422, "invalid-input", "from: must be before to")
    if end - begin > most + HOUR:
        raise Problem(422, "invalid-input", f"from: at most {most.days} days at once")
    return begin, end


def _known(state: ApiState, start: datetime, end: datetime, camera_id: str | None) -> dict[str, Known]:
    with state.database.reading() as session:
        return known_coverage(session, start, end, camera_id)


def _watched(known: Known, start: datetime, end: datetime) -> list[Watched]:
    return watched_by_hour(known, start, end, utc_now())


def _camera(state: ApiState, start: datetime, end: datetime, camera_id: str) -> CameraCoverage:
    known = _known(state, start, end, camera_id).get(camera_id)
    if known is None:
        raise Problem(404, "not-found", f"nothing is known of a camera {camera_id} in this time")
    hours = _watched(known, start, end)
    return CameraCoverage(
        camera_id=camera_id,
        start=start,
        end=end,
        hours=[
            CoverageHourDocument(hour=entry.start, gaps=[_gap(gap) for gap in entry.gaps], **_figures(entry))
            for entry in hours
        ],
        **_figures(in_one(hours)),
    )


def _summary(state: ApiState, start: datetime, end: datetime) -> CoverageSummary:
    with state.database.reading() as session:
        names = {camera.id: camera.name for camera in list_cameras(session)}
        known = known_coverage(session, start, end)
    cameras = []
    for camera_id, what in known.items():
        hours = _watched(what, start, end)
        whole = in_one(hours)
        if whole.share is None:
            continue
        unwatched: dict[GapReason, float] = {}
        for gap in sorted(whole.gaps, key=lambda gap: gap.reason):
            unwatched[gap.reason] = round(unwatched.get(gap.reason, 0.0) + gap.seconds, 3)
        worst = sorted(whole.gaps, key=lambda gap: -gap.seconds)[:WORST_GAPS]
        cameras.append(
            CameraSummary(
                camera_id=camera_id,
                name=names.get(camera_id) or camera_id,
                registered=camera_id in names,
                shares=[None if entry.share is None else round(entry.share, 4) for entry in hours],
                unwatched=unwatched,
                worst_gaps=[_gap(gap) for gap in worst],
                **_figures(whole),
            )
        )
    cameras.sort(key=lambda camera: (camera.share, camera.camera_id))
    required_s = sum(camera.required_s for camera in cameras)
    watched_s = sum(camera.watched_s for camera in cameras)
    return CoverageSummary(
        start=start,
        end=end,
        required_s=round(required_s, 3),
        watched_s=round(watched_s, 3),
        share=watched_s / required_s if required_s else None,
        cameras=cameras,
    )


def _figures(watched: Watched) -> dict[str, Any]:
    """Return the fields of `CoverageFigures`."""
    has_two = any(watched.intervals)
    return {
        "required_s": round(watched.required_s, 3),
        "watched_s": round(watched.watched_s, 3),
        "share": None if watched.share is None else round(watched.share, 6),
        "doubled_s": round(watched.doubled_s, 3),
        "analysed": watched.analysed,
        "interval": Interval(
            median_s=watched.quantile(0.5),
            p99_s=watched.quantile(0.99),
            max_s=watched.longest_s if has_two else None,
            limit_s=watched.limit_s or None,
        ),
        "patrol_s": round(watched.patrol_s, 1),
        "focus_s": round(watched.focus_s, 1),
        "dropped": dict(sorted(watched.dropped.items())),
        "reconnects": watched.reconnects,
        "workers": sorted(watched.workers),
    }


def _gap(gap: Gap) -> GapDocument:
    return GapDocument(
        start=gap.start,
        end=gap.end,
        seconds=round(gap.seconds, 3),
        reason=gap.reason,
        detail=gap.detail,
        worker=gap.worker,
    )


def _table(state: ApiState, start: datetime, end: datetime, camera_id: str | None) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for camera, known in _known(state, start, end, camera_id).items():
        writer.writerows(_row(camera, entry) for entry in _watched(known, start, end) if entry.required_s)
    name = "coverage.csv" if camera_id is None else f"coverage-{camera_id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _row(camera_id: str, watched: Watched) -> Iterable[object]:
    interval: Interval = _figures(watched)["interval"]
    return (
        camera_id,
        rfc3339(watched.start),
        f"{watched.required_s:.3f}",
        f"{watched.watched_s:.3f}",
        "" if watched.share is None else f"{watched.share:.6f}",
        f"{watched.doubled_s:.3f}",
        watched.analysed,
        interval.median_s,
        interval.p99_s,
        interval.max_s,
        interval.limit_s,
        f"{watched.patrol_s:.0f}",
        f"{watched.focus_s:.0f}",
        " ".join(f"{reason}={count}" for reason, count in sorted(watched.dropped.items())),
        watched.reconnects,
        " ".join(sorted(watched.workers)),
        "; ".join(f"{rfc3339(gap.start)}/{rfc3339(gap.end)} {gap.reason}" for gap in watched.gaps),
    )
