"""Worker: composition root of a process that watches cameras. It builds, starts and stops the parts."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import structlog

from api.contract.client import ApiClient
from api.contract.reasons import GapReason
from api.contract.register.standing import RegisterStanding
from api.contract.wire.worker import WorkerReport
from models.detections import Detections
from models.detector import Detector
from models.pool import DetectorPool, Discard
from models.registry import Registry
from models.runtime.choice import open_detector
from streams.board import FrameBoard
from streams.camera import CameraId
from streams.frame import Frame, Packet
from streams.runner import CameraRunner
from streams.timing.clock import utc_now
from vision.bus_client import open_bus
from vision.cluster.claims import Claims
from vision.cluster.focus import FocusTurns
from vision.cluster.group import WatcherGroup
from vision.cluster.load import Load, Tally
from vision.cluster.membership import BUS_TIMEOUT_S, GroupMember
from vision.cluster.registration import Registrar, Registration
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig
from vision.coverage.account import Trouble
from vision.coverage.delivery import CoverageDelivery
from vision.coverage.journal import Journal
from vision.coverage.ledger import CoverageLedger, Look
from vision.evidence.cases import STORE, CaseStore
from vision.evidence.lead_document import Witness
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.sender import OutboxSender
from vision.evidence.sm2_key import Sm2Key
from vision.heap import bound_arenas
from vision.jobs.dry_runs import DryRuns
from vision.jobs.redactions import Redactions
from vision.leads.budget_store import BudgetStore
from vision.leads.lead import CloseReason
from vision.scene.look import looking
from vision.worker.analysers import Analysers
from vision.worker.case_thread import CaseThread
from vision.worker.intake import Intake
from vision.worker.lead_memory import LeadMemory
from vision.worker.live import LivePublisher
from vision.worker.register import open_register
from vision.worker.reporter import StateReporter
from vision.worker.reviews import ReviewReader
from vision.worker.vitals import Figures, Vitals
from vision.worker.watched import WatchedCamera

log = structlog.get_logger(__name__)

_STALENESS_S = 5.0
"""Seconds on the board after which a frame is dropped: half the time in which a lead must be on the wall. Counted from
its post, since the camera's own clock may be wrong by more."""

_FOCUS_PER_CORE = 2
"""Cameras in focus at once by default; each costs a tenth of a core at 1080p25."""

_CAMERAS_END_S = 10.0
_FLUSH_S = 10.0


@dataclass(frozen=True, slots=True)
class WorkerPlaces:
    """A worker's data folder, its API and bus, and the node's name (``None``: the stored one, or the machine's)."""

    data: Path
    api_url: str
    redis_url: str
    worker_key: str = field(repr=False)
    node: str | None = None


class Worker:
    """Watches cameras until it is stopped."""

    def __init__(
        self, config: WorkerConfig, places: WorkerPlaces, registers: WorkerConfig | None = None, *, processes: int = 1
    ) -> None:
        """
        Watch the cameras of `config`; register those of `registers` at the API, by default the same.

        `processes` is the number of workers that share this machine's processors.
        """
        self._config = config
        self._places = places
        self._registers = registers or config
        self._board = FrameBoard()
        self._cores = cores = max(1, len(os.sched_getaffinity(0)) // processes)
        self._gate = threading.BoundedSemaphore(cores)
        self._focus = FocusTurns(config.detector.focus_cameras or _FOCUS_PER_CORE * cores)
        self._budgets = BudgetStore(places.data / "budget", config.budget)
        self._remembered = LeadMemory(places.data / "places")
        self._watched: dict[CameraId, WatchedCamera] = {}
        self._lock = threading.Lock()
        self._analysers = Analysers(config, self._budgets)

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; then stop the parts in reverse order, each with a deadline."""
        bound_arenas(self._cores)
        data, url = self._places.data, self._places.redis_url
        with ExitStack() as stack:
            node = NodeIdentity.open(data / "node", self._places.node)
            stack.callback(node.close)
            detector = self._detector()
            self._card = detector.card
            client = ApiClient(self._places.api_url, self._places.worker_key)
            stack.callback(client.close)
            bus = stack.enter_context(open_bus(url))
            outbox = Outbox(data / "outbox")
            registration = Registration(client, node, self._registers)
            sender = OutboxSender(outbox, client, enrol=registration.enrol)
            sender.start()
            stack.callback(sender.close, _FLUSH_S)
            self._ledger = self._open_ledger(node.name, client, stack)
            self._cases = self._open_cases(node, outbox, detector, stack)
            self._live = LivePublisher(bus, self._newest_gop)
            self._live.start()
            stack.callback(self._live.stop)
            member = self._join(node, client, stack)
            self._intake = self._open_intake()
            pool = DetectorPool(
                [detector],
                self._board.take,
                self._analyse,
                self._discard,
                age_s=self._board.waited_s,
                staleness_s=_STALENESS_S,
            )
            pool.start()
            stack.callback(pool.stop)
            stack.callback(self._board.close)
            stack.callback(self._unwatch_all)
            register = open_register(bus, self._config, self.adopt)
            for camera in self._config.cameras:
                self.watch(camera)
            vitals = Vitals(node.name, detector)
            reporter = StateReporter(
                bus,
                node.name,
                self._board,
                self._cameras_now,
                lambda: vitals.report(self._figures(pool, sender)),
                (ReviewReader(bus, self._budgets, lambda camera: self._watched.get(CameraId(camera))), register),
            )
            reporter.start()
            stack.callback(reporter.stop)
            registrar = Registrar(registration)
            registrar.start()
            stack.callback(registrar.stop)
            dry_runs = DryRuns(
                node.name, self._analysers.current, detector.card, bus, client, data / "dry-runs", self._watched.get
            )
            dry_runs.start()
            stack.callback(dry_runs.stop)
            redactions = Redactions(node.name, bus, client, data / "redactions")
            redactions.start()
            stack.callback(redactions.stop)
            member.start()
            stack.callback(member.drain)
            log.info("worker watches", node=node.name, cameras=len(self._config.cameras), model=detector.card.name)
            stop.wait()
            log.info("worker stops", node=node.name)

    def watch(self, camera: CameraConfig) -> None:
        """Start to watch a camera; where that fails, undo it and raise."""
        looked_at = looking(camera.to_camera(self._config.stream), self._card)
        runner = CameraRunner(looked_at, self._board, on_packet=self._on_packet, gate=self._gate)
        watched = self._analysers.begin(camera, runner, self._card, self._add)
        analyser = watched.analyser
        try:
            self._budgets.begin(camera, analyser)
            self._remembered.begin(runner.camera.id, analyser)
            self._ledger.begin(camera.id, watched.limit_s, lambda: self._look(watched))
            self._cases.camera_added(runner.camera)
            self._live.add(runner.camera.id)
            runner.start()
        except Exception:  # such as a thread that cannot be started
            self.unwatch(runner.camera.id, CloseReason.SHUTDOWN)
            raise

    def _look(self, watched: WatchedCamera) -> Look:
        """Return a camera's state for its account; one that this worker may no longer analyse is handed over."""
        look = watched.look(self._board)
        is_behind = look.trouble is None or look.trouble.reason is GapReason.NOT_ANALYSED
        if is_behind and not self._claims.may_analyse(watched.config.id):
            return replace(look, trouble=Trouble(GapReason.HANDED_OVER, "the bus is silent, or another worker has it"))
        return look

    def unwatch(self, camera: CameraId, reason: CloseReason, deadline_s: float = _CAMERAS_END_S) -> None:
        """Stop watching a camera; close its open leads and finish their evidence."""
        with self._lock:
            watched = self._watched.pop(camera, None)
        if watched is None:
            return
        watched.runner.stop(deadline_s)
        with watched.analysing:
            watched.is_over = True
            self._intake.report(watched, watched.analyser.end(reason))
            self._focus.forget(camera)
            self._budgets.end(camera, watched.analyser)
            self._remembered.end(camera, watched.analyser)
        self._ledger.end(camera, GapReason.HANDED_OVER)
        self._cases.camera_gone(camera)
        self._live.remove(camera)

    def rezone(self, camera: CameraConfig) -> None:
        """
        Replace a camera's zones: open leads are closed, stream and ring continue.

        Raises `KeyError` for a camera that is not watched.
        """
        self._analysers.rezone(self._watched[CameraId(camera.id)], camera, self._card, self._intake.report)

    def adopt(self, standing: RegisterStanding) -> None:
        """Apply the register: cameras whose owners or alerts it changes get a new analyser, as with new zones."""
        self._analysers.adopt(standing, self._cameras_now, self._card, self._intake.report)

    def _add(self, watched: WatchedCamera) -> None:
        with self._lock:
            self._watched[watched.runner.camera.id] = watched

    def _figures(self, pool: DetectorPool[Frame], sender: OutboxSender) -> Figures:
        cameras = self._cameras_now()
        return Figures(
            cameras=len(cameras),
            ring_bytes=sum(watched.runner.ring.byte_size for watched in cameras),
            pool=pool.stats,
            outbox=sender.stats(),
            cases=self._cases.stats,
            coverage_unsent=self._ledger.unsent,
        )

    def _open_ledger(self, node: str, client: ApiClient, stack: ExitStack) -> CoverageLedger:
        """Return the coverage ledger, kept on disk and sent to the API; started."""
        journal = Journal(self._places.data / "coverage")
        stack.callback(journal.close)
        delivery = CoverageDelivery(journal, client)
        delivery.start()
        stack.callback(delivery.close)
        ledger = CoverageLedger(journal, node)
        ledger.start()
        stack.callback(ledger.stop)
        return ledger

    def _open_cases(self, node: NodeIdentity, outbox: Outbox, detector: Detector, stack: ExitStack) -> CaseThread:
        """Return the case thread, started."""
        data, wanted = self._places.data, self._config.evidence
        sm2 = Sm2Key.open(data / "node", node.name) if wanted.sm2_signature else None
        store = CaseStore(data / STORE, node, outbox, zone=self._config.site.zone, stills=wanted.stills, sm2=sm2)
        bus = stack.enter_context(open_bus(self._places.redis_url, BUS_TIMEOUT_S))
        witness = Witness(detector.card, detector.runtime, node.name)
        cases = CaseThread(store, self._config, witness, bus, on_opened=self._remembered.filed)
        cases.start()
        stack.callback(cases.stop)
        return cases

    def _open_intake(self) -> Intake:
        """Return the intake of analysed frames."""
        return Intake(
            self._board,
            self._watched.get,
            self._claims.may_analyse,
            self._cases,
            self._ledger,
            self._live,
            self._focus,
            self._budgets,
        )

    def _join(self, node: NodeIdentity, client: ApiClient, stack: ExitStack) -> GroupMember:
        """Return this worker's membership of the group that watches the registered cameras."""
        bus = stack.enter_context(open_bus(self._places.redis_url, BUS_TIMEOUT_S))
        name = f"{node.name}.{node.certificate_sha256[:8]}"
        about = WorkerReport(name=node.name, member=name, version=version("plumewatch"), since=utc_now())
        group = WatcherGroup(bus, name)
        own = [camera.id for camera in self._config.cameras]
        self._claims = Claims(group, own, is_busy=self._sees_something)
        ours = self._config.worker
        load = Load(self._cores, len(own), ours.max_cameras, time.monotonic)
        return GroupMember(self._claims, group, load, self, client, ours.cut_off, about)

    def tallies(self) -> dict[str, Tally]:
        """Return the frames of every watched camera: analysed, and dropped for lack of time."""
        return {
            watched.config.id: Tally(watched.analysed, watched.late(self._board)) for watched in self._cameras_now()
        }

    def _sees_something(self, camera: str) -> bool:
        watched = self._watched.get(CameraId(camera))
        if watched is None:
            return False
        with watched.analysing:
            return any(box.state is not None for box in watched.analyser.overlay())

    def _unwatch_all(self) -> None:
        """End all cameras within one deadline: signal every thread first, then wait."""
        for watched in self._cameras_now():
            self._ledger.end(watched.config.id, GapReason.WORKER_STOPPED)
        deadline = time.monotonic() + _CAMERAS_END_S
        for watched in self._cameras_now():
            watched.runner.stop(0.0)
        for watched in self._cameras_now():
            self.unwatch(watched.runner.camera.id, CloseReason.SHUTDOWN, max(0.0, deadline - time.monotonic()))

    def _cameras_now(self) -> list[WatchedCamera]:
        with self._lock:
            return list(self._watched.values())

    def _detector(self) -> Detector:
        wanted = self._config.detector
        detector = open_detector(
            Registry.load().model(wanted.model), wanted.runtime, threshold=wanted.candidate_threshold
        )
        runtime = detector.runtime
        log.info("model loaded", model=detector.card.name, engine=runtime.engine, precision=runtime.precision)
        return detector

    def _newest_gop(self, camera: CameraId) -> Sequence[Packet]:
        watched = self._watched.get(camera)
        return () if watched is None else watched.runner.ring.latest_gop()

    def _on_packet(self, packet: Packet) -> None:
        self._live.on_packet(packet)

    def _analyse(self, frame: Frame, detections: Detections) -> None:
        self._intake.analyse(frame, detections)

    def _discard(self, frame: Frame, reason: Discard) -> None:
        self._intake.give_up(frame, reason)
