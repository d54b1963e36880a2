"""
The fleet in Prometheus' terms: cameras and workers as they last reported, by data (`CAMERA`, `WORKER`, `MEMBER`).

Workers do not listen; they report to the bus and the API shows it. The number of series is bounded: by `CAMERAS_MOST`,
`WORKERS_MOST` and by labels that only take words of this code. What has not been reported for `FORGOTTEN_S` is gone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Generic, Literal, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from api.clock import utc_now
from api.contract.health import BATCH_BOUNDS_S, WorkerHealth
from api.contract.wire.camera_health import CameraHealth
from api.contract.wire.worker import WorkerReport

CAMERAS_MOST = 5000
WORKERS_MOST = 500
FORGOTTEN_S = 60.0

ReportT = TypeVar("ReportT", CameraHealth, WorkerHealth, WorkerReport)
Samples = Iterable[tuple[tuple[str, ...], float | None]]


@dataclass(frozen=True, slots=True)
class Figure(Generic[ReportT]):
    """One metric: its name without prefix, help text, own labels, and the samples of one report."""

    name: str
    kind: Literal["gauge", "counter"]
    says: str
    labels: tuple[str, ...]
    samples: Callable[[ReportT], Samples]


def _one(value: Callable[[ReportT], float | None]) -> Callable[[ReportT], Samples]:
    return lambda report: [((), value(report))]


def _each(values: Callable[[ReportT], Mapping[str, float | None]]) -> Callable[[ReportT], Samples]:
    return lambda report: [((label,), value) for label, value in values(report).items()]


def _age_s(report: CameraHealth | WorkerHealth) -> float:
    return max(0.0, (utc_now() - report.reported).total_seconds())


CAMERA: tuple[Figure[CameraHealth], ...] = (
    Figure("state", "gauge", "1 for the state of the stream", ("state",), lambda c: [((c.state.value,), 1)]),
    Figure(
        "trouble",
        "gauge",
        "1 for what keeps the camera from being watched; absent while it is watched",
        ("reason",),
        lambda c: [] if c.trouble is None else [((c.trouble.value,), 1)],
    ),
    Figure("report_age_seconds", "gauge", "Since its worker last reported it", (), _one(_age_s)),
    Figure(
        "stage_age_seconds",
        "gauge",
        "Since a packet arrived, a picture was decoded, a picture was analysed",
        ("stage",),
        _each(lambda c: {"packet": c.packet_age_s, "decoded": c.decoded_age_s, "analysed": c.analysed_age_s}),
    ),
    Figure("received_fps", "gauge", "Pictures a second that arrive", (), _one(lambda c: c.received_fps)),
    Figure("analysed_fps", "gauge", "Pictures a second that are analysed", (), _one(lambda c: c.analysed_fps)),
    Figure(
        "analysed_interval_seconds",
        "gauge",
        "Between analysed pictures, measured",
        (),
        _one(lambda c: c.analysed_interval_s),
    ),
    Figure(
        "interval_limit_seconds",
        "gauge",
        "Longest interval that counts as watched",
        (),
        _one(lambda c: c.interval_limit_s),
    ),
    Figure("analysis_delay_seconds", "gauge", "From capture to detections", (), _one(lambda c: c.analysis_delay_s)),
    Figure("gop_seconds", "gauge", "Between key frames, measured", (), _one(lambda c: c.gop_s)),
    Figure("focus", "gauge", "1 in focus, 0 on patrol", (), _one(lambda c: float(c.watch_mode == "focus"))),
    Figure("frames_received_total", "counter", "Pictures that arrived", (), _one(lambda c: c.frames_received)),
    Figure("frames_analysed_total", "counter", "Pictures analysed", (), _one(lambda c: c.frames_analysed)),
    Figure(
        "frames_dropped_total",
        "counter",
        "Pictures not analysed: replaced by a newer one, skipped in focus or passed over on patrol because decoding "
        "was behind, undelivered by the camera, out of order, stale, failed",
        ("reason",),
        _each(lambda c: dict(c.dropped)),
    ),
    Figure("reconnects_total", "counter", "Attempts to open the stream again", (), _one(lambda c: c.reconnects)),
    Figure(
        "clock_offset_seconds",
        "gauge",
        "Arrival minus the camera's own clock, where the camera sends it",
        (),
        _one(lambda c: c.clock_offset_s),
    ),
    Figure("ring_bytes", "gauge", "Encoded stream kept in memory", (), _one(lambda c: c.ring_bytes)),
    Figure(
        "finding",
        "gauge",
        "1 for what is wrong with a connected camera: its picture, its clock, too many leads",
        ("kind",),
        lambda c: [((found.kind.value,), 1) for found in c.findings],
    ),
    Figure(
        "leads_held_back_total",
        "counter",
        "Confirmed and no lead of their own: merged into another, suppressed as too many within an hour",
        ("reason",),
        _each(lambda c: {"merged": c.leads_merged, "suppressed": c.leads_suppressed}),
    ),
)
"""Metrics of each camera: ``plumewatch_camera_...`` with the labels ``camera`` and ``worker``."""

WORKER: tuple[Figure[WorkerHealth], ...] = (
    Figure("report_age_seconds", "gauge", "Since the worker last reported", (), _one(_age_s)),
    Figure("cameras", "gauge", "Cameras that it watches", (), _one(lambda w: w.cameras)),
    Figure("cpus", "gauge", "Processors that it may use", (), _one(lambda w: w.cpus)),
    Figure("cpu_seconds_total", "counter", "Processor time used", (), _one(lambda w: w.cpu_s)),
    Figure("resident_bytes", "gauge", "Memory in use", (), _one(lambda w: w.rss_bytes)),
    Figure("threads", "gauge", "Threads", (), _one(lambda w: w.threads)),
    Figure("ring_bytes", "gauge", "Encoded streams kept in memory", (), _one(lambda w: w.ring_bytes)),
    Figure(
        "detector_batches_total",
        "counter",
        "Runs of the detector by number of pictures",
        ("size",),
        _each(lambda w: dict(w.detector.batches)),
    ),
    Figure("detector_busy_seconds_total", "counter", "Time in the detector", (), _one(lambda w: w.detector.busy_s)),
    Figure("detector_threads", "gauge", "Detector threads", (), _one(lambda w: w.detector.threads)),
    Figure("detector_images_total", "counter", "Pictures detected in", (), _one(lambda w: w.detector.images)),
    Figure(
        "detector_lost_total",
        "counter",
        "Pictures taken and not analysed: too old, the detector failed, the analysis failed",
        ("reason",),
        _each(
            lambda w: {"stale": w.detector.stale, "failed": w.detector.failed, "refused": w.detector.refused},
        ),
    ),
    Figure(
        "outbox_leads",
        "gauge",
        "Leads on disk: pending ones wait for the API, parked ones for a person",
        ("state",),
        _each(lambda w: {"pending": w.outbox.pending, "parked": w.outbox.parked}),
    ),
    Figure(
        "outbox_oldest_seconds", "gauge", "Age of the oldest pending lead", (), _one(lambda w: w.outbox.oldest_age_s)
    ),
    Figure(
        "outbox_attempts_total",
        "counter",
        "What became of attempts to post a lead",
        ("result",),
        _each(
            lambda w: {
                "posted": w.outbox.posted,
                "rejected": w.outbox.rejected,
                "retried": w.outbox.retries,
                "unauthorised": w.outbox.unauthorised,
                "node_taken": w.outbox.node_taken,
            }
        ),
    ),
    Figure(
        "evidence_total",
        "counter",
        "Cases opened and finished, attempts that failed for want of space, announcements dropped",
        ("result",),
        _each(
            lambda w: {
                "opened": w.evidence.opened,
                "finished": w.evidence.finished,
                "storage_failed": w.evidence.storage_failures,
                "announcement_dropped": w.evidence.announcements_dropped,
            }
        ),
    ),
    Figure(
        "coverage_unsent_hours",
        "gauge",
        "Hours of coverage that the API does not have in their newest version",
        (),
        _one(lambda w: w.coverage_unsent),
    ),
)
"""Metrics of each worker: ``plumewatch_worker_...`` with the label ``worker``."""

MEMBER: tuple[Figure[WorkerReport], ...] = (
    Figure("claimed_cameras", "gauge", "Registered cameras that it has claimed", (), _one(lambda m: m.held)),
    Figure("capacity_cameras", "gauge", "Registered cameras that it would watch", (), _one(lambda m: m.capacity)),
    Figure(
        "pressure_ratio",
        "gauge",
        "Share of pictures that it lately had no time for; above 0.3 it takes no more cameras",
        (),
        _one(lambda m: m.pressure),
    ),
    Figure("draining", "gauge", "1 while it gives its cameras back to stop", (), _one(lambda m: float(m.draining))),
)
"""Metrics of each worker's part in watching registered cameras, named and labelled as those of `WORKER`."""

BATCH_SECONDS = ("plumewatch_worker_detector_batch_seconds", "Duration of a run of the detector")


class Fleet(Collector):
    """The newest reports, as metrics."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self.cameras: list[CameraHealth] = []
        self.workers: list[WorkerHealth] = []
        self.members: list[WorkerReport] = []
        self._taken = now()

    def take(
        self, cameras: Iterable[CameraHealth], workers: Iterable[WorkerHealth], members: Iterable[WorkerReport] = ()
    ) -> None:
        """Replace the reports; members' reports carry no time and count as made now."""
        self.cameras = sorted(cameras, key=lambda camera: camera.camera_id)[:CAMERAS_MOST]
        self.workers = sorted(workers, key=lambda worker: worker.worker)[:WORKERS_MOST]
        self.members = sorted(members, key=lambda member: member.name)[:WORKERS_MOST]
        self._taken = self._now()

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without samples."""
        return self._families((), (), ())

    def collect(self) -> Iterable[Metric]:
        """Show the reports that are not forgotten."""
        now = self._now()
        return self._families(
            [camera for camera in self.cameras if (now - camera.reported).total_seconds() < FORGOTTEN_S],
            [worker for worker in self.workers if (now - worker.reported).total_seconds() < FORGOTTEN_S],
            self.members if (now - self._taken).total_seconds() < FORGOTTEN_S else (),
        )

    @staticmethod
    def _families(
        cameras: Sequence[CameraHealth], workers: Sequence[WorkerHealth], members: Sequence[WorkerReport]
    ) -> Iterable[Metric]:
        for camera_figure in CAMERA:
            by_camera = [((camera.camera_id, camera.worker), camera) for camera in cameras]
            yield _family("plumewatch_camera_", ("camera", "worker"), camera_figure, by_camera)
        for worker_figure in WORKER:
            by_worker = [((worker.worker,), worker) for worker in workers]
            yield _family("plumewatch_worker_", ("worker",), worker_figure, by_worker)
        for member_figure in MEMBER:
            by_member = [((member.name,), member) for member in members]
            yield _family("plumewatch_worker_", ("worker",), member_figure, by_member)
        family = HistogramMetricFamily(*BATCH_SECONDS, labels=["worker"])
        bounds = [*(str(bound) for bound in BATCH_BOUNDS_S), "+Inf"]
        for worker in workers:
            counts = accumulate(worker.detector.durations)
            family.add_metric([worker.worker], list(zip(bounds, counts, strict=True)), worker.detector.busy_s)
        yield family


def _family(
    prefix: str, labels: tuple[str, ...], figure: Figure[ReportT], reports: Sequence[tuple[tuple[str, ...], ReportT]]
) -> Metric:
    names = [*labels, *figure.labels]
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    family = kind(prefix + figure.name, figure.says, labels=names)
    for key, report in reports:
        samples: Samples = figure.samples(report)
        for own, value in samples:
            if value is not None:
                family.add_metric(list(key + own), value)
    return family
