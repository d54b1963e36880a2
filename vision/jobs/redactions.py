"""
Redactions: the worker's side. Takes the orders for covered copies of clips from the bus, one at a time, whichever
worker is free first, and hands the copies in.

Original and copy lie in a folder of their own that is gone afterwards; the work is done by a child process
(`vision.jobs.redaction_process`), so that it can be ended at any moment and takes only the time that nothing else
wants.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import redis
import structlog
from pydantic import ValidationError
from redis.typing import EncodableT, FieldT

from api.contract import bus
from api.contract.client import ApiClient, ApiRefusedError, ClientError
from api.contract.evidence.redaction import RedactionFault, RedactionOrder, RedactionReport, RedactionState
from api.contract.fields import one_line
from vision.jobs.orders import OrderThread, child_process, heard, write_report
from vision.jobs.redaction_process import Message, Refused, Written, cover

log = structlog.get_logger(__name__)

Body = Callable[[RedactionOrder, Path, Path, Connection], None]


class RedactionError(Exception):
    """There will be no copy: what goes into the report."""

    def __init__(self, fault: RedactionFault, detail: str = "") -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class _NotWantedError(Exception):
    """Whoever ordered the copy has called it off."""


class Redactions:
    """
    Covers clips for the API from `start` to `stop`, in a thread and its child processes.

    A worker that dies leaves its order unfinished: the report says so once the worker has been silent for
    `bus.REDACTION_HELD_S`, and whoever ordered it orders it again.
    """

    def __init__(
        self, node: str, bus_client: redis.Redis, client: ApiClient, folder: Path, *, body: Body = cover
    ) -> None:
        """Keep clips under `folder` while they are needed; `body` is what the child process does."""
        self._node = node
        self._redis = bus_client
        self._client = client
        self._folder = folder
        self._body = body
        self._thread = OrderThread("redactions", self._take_turn)

    def start(self) -> None:
        """Start taking orders; clips that a killed worker left are removed."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in self._folder.glob("clip-*/*"):
            left_over.unlink(missing_ok=True)
        for folder in self._folder.glob("clip-*"):
            folder.rmdir()
        self._thread.start()

    def stop(self, deadline_s: float = 5.0) -> None:
        """Give up the copy under way and end."""
        self._thread.stop(deadline_s)

    def _take_turn(self) -> None:
        taken = self._redis.lpop(bus.REDACTIONS)
        if not isinstance(taken, bytes):
            return
        redaction_id = taken.decode()
        document = self._redis.hget(bus.redaction_key(redaction_id), "order")
        if document is None:
            return
        try:
            order = RedactionOrder.model_validate_json(document)
        except ValidationError as error:
            log.warning("redaction order cannot be read", redaction=redaction_id, errors=error.error_count())
            return
        log.info("clip redaction begins", lead=order.lead_id, regions=len(order.regions), masks=len(order.masks))
        try:
            report = self._outcome(order, RedactionReport(state=RedactionState.RUNNING, worker=self._node))
            self._write(order, report)
            log.info("clip redaction ends", lead=order.lead_id, state=report.state.value, fault=report.fault)
        except _NotWantedError:
            log.info("clip redaction is not wanted any more", lead=order.lead_id)
        finally:
            # Last, for the same reason as it is set first.
            self._redis.delete(bus.redaction_held_key(order.id))

    def _outcome(self, order: RedactionOrder, report: RedactionReport) -> RedactionReport:
        """Return the last report, of a copy or of why there is none; raise `_NotWantedError`."""
        try:
            return self._serve(order, report)
        except RedactionError as error:
            faulty = {"state": RedactionState.FAILED, "fault": error.fault, "detail": one_line(error.detail, 500)}
            return report.model_copy(update=faulty)

    def _serve(self, order: RedactionOrder, report: RedactionReport) -> RedactionReport:
        """Make and hand in the copy; return the last report. Raises `RedactionError`, `_NotWantedError`."""
        self._tell(order, report)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="clip-") as name:
            source, target = Path(name) / "original", Path(name) / "copy.mp4"
            self._fetch(order, source)
            written = self._cover(order, report, source, target)
            self._tell(order, report.model_copy(update={"done_s": written.duration_s}))
            try:
                sha256 = self._client.put_clip_copy(order.lead_id, order.id, target)
            except ApiRefusedError as error:
                raise RedactionError(RedactionFault.NOT_TAKEN, error.detail) from error
            except (ClientError, OSError) as error:
                raise RedactionError(RedactionFault.NOT_TAKEN, str(error)) from error
        done = {"state": RedactionState.DONE, "sha256": sha256}
        return report.model_copy(update=done | {"done_s": written.duration_s, "duration_s": written.duration_s})

    def _fetch(self, order: RedactionOrder, source: Path) -> None:
        try:
            self._client.fetch_clip_original(order.lead_id, order.id, source)
            with source.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except (ClientError, OSError) as error:
            raise RedactionError(RedactionFault.CLIP_LOST, str(error)) from error
        if found != order.source_sha256:
            detail = f"the clip hashes to {found}, the package's list says {order.source_sha256}"
            raise RedactionError(RedactionFault.CLIP_LOST, detail)

    def _cover(self, order: RedactionOrder, report: RedactionReport, source: Path, target: Path) -> Written:
        """Run the child and tell how far it is until it is done, not wanted any more, or out of time."""
        deadline = time.monotonic() + order.timeout_s
        with child_process("redaction", self._body, order, source, target) as child:
            while True:
                match _last_heard(child):
                    case Written() as written:
                        return written
                    case Refused(fault, detail):
                        raise RedactionError(fault, detail)
                    case float(done_s):
                        report = report.model_copy(update={"done_s": done_s})
                    case None:
                        pass
                if self._thread.stopping.is_set():
                    raise RedactionError(RedactionFault.STOPPED, f"worker {self._node} stopped")
                if time.monotonic() > deadline:
                    raise RedactionError(RedactionFault.TOO_SLOW, f"not done within {order.timeout_s:g} s")
                self._tell(order, report)

    def _tell(self, order: RedactionOrder, report: RedactionReport) -> None:
        """Write the report and that the worker is at it; raise `_NotWantedError` where the order is gone."""
        # First: who reads a running report that no worker holds takes the worker for dead.
        self._redis.set(bus.redaction_held_key(order.id), self._node, ex=bus.REDACTION_HELD_S)
        if not self._write(order, report):
            raise _NotWantedError

    def _write(self, order: RedactionOrder, report: RedactionReport) -> bool:
        fields: dict[FieldT, EncodableT] = {"report": report.model_dump_json()}
        return write_report(self._redis, bus.redaction_key(order.id), fields, bus.REDACTION_TTL_S)


def _last_heard(child: Connection) -> Message | None:
    """Return the last thing that the child says within a moment, or at once its end; ``None`` for silence."""
    last: Message | None = None
    try:
        for last in heard(child):
            if not isinstance(last, float):
                break
    except (EOFError, OSError):
        return Refused(RedactionFault.BROKEN, "the process ended without a word")
    return last
