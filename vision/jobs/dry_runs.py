"""
Dry runs: the worker's side. Takes the orders that wait for it on the bus, one at a time, and reports there what comes.

The clip lies in a folder of its own that is gone when the run ends; the analysis runs in a child process
(`vision.jobs.dry_run_process`), so that it can be ended at any moment and takes only the time that nothing else wants.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import redis
import structlog
from pydantic import ValidationError
from redis.typing import EncodableT, FieldT

from api.contract import bus
from api.contract.client import ApiClient, ClientError
from api.contract.dry_run import (
    MOST_LEADS,
    DryRunFault,
    DryRunLead,
    DryRunOrder,
    DryRunReport,
    DryRunSource,
    DryRunState,
)
from api.contract.fields import one_line
from models.detector import ModelCard
from streams.camera import CameraId
from streams.errors import StreamError
from streams.ring import PacketRing
from streams.runner import CameraRunner
from vision.analysis.lookback import Lookback
from vision.cluster.registered_cameras import RefusedCameraError, drafted_camera
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig
from vision.evidence.clips import RingClips, Span
from vision.jobs.dry_run_process import Far, Fault, Found, Message, Picture, Trial, run
from vision.jobs.history_check import HistoryCheck
from vision.jobs.orders import OrderThread, child_process, heard, write_report

log = structlog.get_logger(__name__)

_FOR_EVER_S = 1e9
"""Later than any picture of an epoch."""


class Watched(Protocol):
    """What is asked of a camera under watch: `vision.worker.watched.WatchedCamera`."""

    config: CameraConfig
    runner: CameraRunner
    lookback: Lookback


class DryRunError(Exception):
    """A dry run cannot begin: what goes into its report."""

    def __init__(self, fault: DryRunFault, detail: str = "") -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


@dataclass(slots=True)
class _Account:
    """What is known of the run under way; leads by number, pictures that were not told yet."""

    report: DryRunReport
    leads: list[DryRunLead] = field(default_factory=list)
    pictures: dict[int, bytes] = field(default_factory=dict)
    is_over: bool = False

    def take(self, message: Message) -> None:
        """Take in what the child says."""
        update: dict[str, object] = {}
        match message:
            case Far():
                width, height = message.resolution_wh
                update = {"analysed_s": message.analysed_s, "width": width, "height": height, "is_cut": message.is_cut}
                if message.looks:
                    update |= {"looks": message.looks, "duration_s": message.duration_s}
                if message.is_done:
                    update["state"] = DryRunState.DONE
                    self.is_over = True
            case Found() if len(self.leads) < MOST_LEADS:
                self.leads.append(message.lead)
            case Found():
                update = {"more": self.report.more + 1}
            case Picture() if message.number < len(self.leads):
                self.pictures[message.number] = message.jpeg
                lead = self.leads[message.number]
                self.leads[message.number] = lead.model_copy(update={"has_picture": True})
            case Fault():
                self.fail(message.fault, message.detail)
        self.report = self.report.model_copy(update={**update, "leads": list(self.leads)})

    def fail(self, fault: DryRunFault, detail: str = "") -> None:
        """End it without a result; what was found so far stays."""
        self.report = self.report.model_copy(
            update={"state": DryRunState.FAILED, "fault": fault, "detail": one_line(detail, 500)}
        )
        self.is_over = True


class DryRuns:
    """One thread that runs the orders for this worker; `find` gives a camera that it watches."""

    def __init__(
        self,
        node: str,
        config: Callable[[], WorkerConfig],
        card: ModelCard,
        bus_client: redis.Redis,
        client: ApiClient,
        folder: Path,
        find: Callable[[CameraId], Watched | None],
        *,
        body: Callable[[Trial, Connection], None] = run,
    ) -> None:
        """Keep clips under `folder` while they are needed; `body` is what the child process does."""
        self._node = node
        self._config = config
        self._card = card
        self._model = f"{card.name} {card.version}"
        self._redis = bus_client
        self._client = client
        self._folder = folder
        self._find = find
        self._body = body
        self._thread = OrderThread("dry-runs", self._take_turn)

    def start(self) -> None:
        """Start taking orders; clips that a killed worker left are removed."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in self._folder.glob("run-*/clip"):
            left_over.unlink(missing_ok=True)
            left_over.parent.rmdir()
        self._thread.start()

    def stop(self, deadline_s: float = 5.0) -> None:
        """Give up the run under way and end."""
        self._thread.stop(deadline_s)

    def _take_turn(self) -> None:
        taken = self._redis.lpop(bus.dry_runs_key(self._node))
        if not isinstance(taken, bytes):
            return
        run_id = taken.decode()
        key = bus.dry_run_key(run_id)
        try:
            document = self._redis.hget(key, "order")
            if document is not None:
                self._serve(DryRunOrder.model_validate_json(document), key)
        except ValidationError as error:
            log.warning("dry run order cannot be read", run=run_id, errors=error.error_count())
        finally:
            if self._redis.get(bus.dry_run_turn_key(self._node)) == taken:
                self._redis.delete(bus.dry_run_turn_key(self._node))

    def _serve(self, order: DryRunOrder, key: str) -> None:
        account = _Account(DryRunReport(state=DryRunState.RUNNING, worker=self._node, model=self._model))
        log.info("dry run begins", camera=order.camera.id, source=order.source.value, zones=len(order.zones))
        self._tell(key, account)
        if order.source is DryRunSource.HOUR:
            self._look_back(order, key, account)
            return
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="run-") as folder:
            clip = Path(folder) / "clip"
            try:
                duration_s = self._fetch(order, clip)
                trial = self._trial(order, clip)
            except DryRunError as error:
                account.fail(error.fault, error.detail)
            except OSError as error:
                account.fail(DryRunFault.BROKEN, error.strerror or "")
            else:
                rules = [name for name, rule in trial.config.rules.items() if rule.enabled]
                account.report = account.report.model_copy(update={"duration_s": duration_s, "rules": rules})
                self._try(trial, order, key, account)
        self._tell(key, account)
        log.info("dry run ends", camera=order.camera.id, state=account.report.state.value, leads=len(account.leads))

    def _look_back(self, order: DryRunOrder, key: str, account: _Account) -> None:
        """Hold the draft against the last hour of the camera, in this thread: it takes a second or two."""
        try:
            for message in self._hindsight(order).messages():
                account.take(message)
                if self._thread.stopping.is_set() and not account.is_over:
                    account.fail(DryRunFault.STOPPED)
                if account.is_over or not self._tell(key, account):
                    break
        except DryRunError as error:
            account.fail(error.fault, error.detail)
        except ValueError as error:
            account.fail(DryRunFault.REFUSED, str(error))
        self._tell(key, account)
        log.info("dry run ends", camera=order.camera.id, state=account.report.state.value, leads=len(account.leads))

    def _hindsight(self, order: DryRunOrder) -> HistoryCheck:
        """Return the draft over what is known of the camera's last hour; raise `DryRunError`."""
        watched = self._find(CameraId(order.camera.id))
        if watched is None:
            raise DryRunError(DryRunFault.NOT_WATCHED)
        found = HistoryCheck(watched.lookback, self._trial(order, Path("hour")), watched.config, self._card)
        if found.outlook is None:
            raise DryRunError(DryRunFault.EMPTY_RING)
        return found

    def _fetch(self, order: DryRunOrder, clip: Path) -> float | None:
        """Write the order's clip; return its seconds where they are known. Raises `DryRunError`, `OSError`."""
        if order.source is DryRunSource.UPLOAD:
            try:
                self._client.fetch_dry_run_clip(order.camera.id, order.id, clip)
            except ClientError as error:
                raise DryRunError(DryRunFault.CLIP_LOST, str(error)) from error
            return None
        watched = self._find(CameraId(order.camera.id))
        if watched is None:
            raise DryRunError(DryRunFault.NOT_WATCHED)
        ring = watched.runner.ring
        span = _longest(ring)
        if span is None:
            raise DryRunError(DryRunFault.EMPTY_RING)
        try:
            written = RingClips(ring).write(span, (), clip)
        except StreamError as error:
            raise DryRunError(DryRunFault.EMPTY_RING, str(error)) from error
        # A file tells by its time when it was recorded, and schedules and the law in force go by that.
        os.utime(clip, (written.last.utc.timestamp(),) * 2)
        return written.last.seconds_since(written.first)

    def _trial(self, order: DryRunOrder, clip: Path) -> Trial:
        camera = self._camera(order, clip)
        common = self._config()
        rules = {name: rule for name, rule in common.rules.items() if not rule.cameras or camera.id in rule.cameras}
        names = {zone.name for zone in camera.zones}
        for name, rule in rules.items():
            if missing := [zone for zone in rule.zones if rule.enabled and zone not in names]:
                raise DryRunError(
                    DryRunFault.REFUSED, f"rule {name} is confined to zone {missing[0]!r}, which the draft lacks"
                )
        config = common.model_copy(update={"cameras": (camera,), "rules": rules})
        return Trial(camera, config, self._node, order.max_s)

    def _camera(self, order: DryRunOrder, clip: Path) -> CameraConfig:
        """Return the camera with the draft zones over its clip: as it is watched here, else as it is registered."""
        watched = self._find(CameraId(order.camera.id))
        try:
            return drafted_camera(order.camera, order.zones, clip, None if watched is None else watched.config)
        except RefusedCameraError as error:
            raise DryRunError(DryRunFault.REFUSED, str(error)) from error

    def _try(self, trial: Trial, order: DryRunOrder, key: str, account: _Account) -> None:
        """Run the child and tell what it says until it is done, not wanted any more, or out of time."""
        deadline = time.monotonic() + order.timeout_s
        with child_process("dry-run", self._body, trial) as child:
            while not account.is_over:
                self._listen(child, account)
                if not account.is_over and self._thread.stopping.is_set():
                    account.fail(DryRunFault.STOPPED)
                elif not account.is_over and time.monotonic() > deadline:
                    account.fail(DryRunFault.TOO_SLOW, f"not done within {order.timeout_s:g} s")
                if not self._tell(key, account):
                    log.info("dry run is not wanted any more", camera=order.camera.id)
                    return

    @staticmethod
    def _listen(connection: Connection, account: _Account) -> None:
        """Take in what the child says for a moment."""
        try:
            for message in heard(connection):
                account.take(message)
                if account.is_over:
                    return
        except (EOFError, OSError):
            account.fail(DryRunFault.BROKEN, "the process ended without a word")

    def _tell(self, key: str, account: _Account) -> bool:
        """Write the report; return whether the run is still wanted."""
        fields: dict[FieldT, EncodableT] = {"report": account.report.model_dump_json()}
        fields |= {bus.dry_run_picture(number): jpeg for number, jpeg in account.pictures.items()}
        if not write_report(self._redis, key, fields, bus.DRY_RUN_TTL_S):
            return False
        account.pictures.clear()
        return True


def _longest(ring: PacketRing) -> Span | None:
    """Return the longer of the ring's two newest epochs: of a stream that has just begun anew the one before it."""
    newest = ring.newest
    if newest is None:
        return None
    spans = []
    for epoch in (newest.epoch, newest.epoch - 1):
        times = [packet.time.pts_s for packet in ring.cut(epoch, 0, _FOR_EVER_S).packets]
        if times:
            spans.append(Span(epoch, min(times), max(times), max(times)))
    return max(spans, key=lambda span: span.end_s - span.start_s, default=None)
