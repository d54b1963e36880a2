"""Delivery: sends the coverage journal to the API, retrying without end."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from api.contract.client import ApiRefusedError, ClientError
from api.contract.coverage import AccountHour, AccountLoss, CoverageReceipt, CoverageReport
from vision.coverage.journal import Journal
from vision.durable import StorageError
from vision.retries import BACKOFF, ELSEWHERE, RETRIED, UNAUTHORISED, Backoff

log = structlog.get_logger(__name__)

PERIOD_S = 30.0
BATCH = 300
"""Most hours, and most losses, in one post; the API takes `api.contract.coverage.BATCH_MOST` of each."""


class CoveragePoster(Protocol):
    """Posts coverage: `api.contract.client.ApiClient`."""

    def post_coverage(self, report: CoverageReport) -> CoverageReceipt:
        """File a report, or raise a `ClientError`."""
        ...


class CoverageDelivery:
    """
    One thread that posts the journal, oldest hour first, every `period_s`.

    A document that the API refuses for good is dropped alone, and its time is reported as lost.
    """

    def __init__(
        self,
        journal: Journal,
        client: CoveragePoster,
        *,
        period_s: float = PERIOD_S,
        backoff: Backoff = BACKOFF,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._journal = journal
        self._client = client
        self._period_s = period_s
        self._backoff = backoff
        self._monotonic = monotonic
        self._chance = chance
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coverage-sender")

    def start(self) -> None:
        """Start posting."""
        self._thread.start()

    def close(self, flush_s: float = 5.0) -> None:
        """Stop after posting what `flush_s` allows; the rest stays on disk."""
        self._stopping.set()
        if self._thread.ident is None:
            return
        self._thread.join()
        deadline = self._monotonic() + flush_s
        while self._monotonic() < deadline and self._failures == 0 and self.step():
            pass

    def step(self) -> bool:
        """Post one batch; return True if there was one. A failure is logged and counted."""
        try:
            documents, losses = self._journal.unsent(BATCH), self._journal.losses(BATCH)
            if not documents and not losses:
                return False
            self._post(documents, losses)
        except (ClientError, StorageError) as error:
            self._failures += 1
            log.warning("coverage waits for the API", error=str(error), attempts=self._failures)
            return False
        self._failures = 0
        return True

    @property
    def pause_s(self) -> float:
        """Seconds until the next attempt."""
        return self._backoff.pause_s(self._failures, self._chance()) if self._failures else self._period_s

    def _post(self, documents: Sequence[AccountHour], losses: Sequence[AccountLoss]) -> None:
        try:
            self._client.post_coverage(CoverageReport(hours=list(documents), losses=list(losses)))
        except ApiRefusedError as error:
            if not documents or not _is_for_ever(error):
                raise
            if len(documents) > 1:
                for document in documents:
                    self._post([document], ())
                return
            log.error("coverage refused", camera=documents[0].camera_id, answer=error.detail)  # noqa: TRY400
            self._journal.refuse(documents[0])
        else:
            self._journal.delivered(documents, losses)

    def _run(self) -> None:
        while not self._stopping.wait(self.pause_s):
            try:
                while self.step() and not self._stopping.is_set():
                    pass
            except Exception:
                log.exception("coverage sender failed, continuing")
                self._failures += 1


def _is_for_ever(error: ApiRefusedError) -> bool:
    return 400 <= error.status < 500 and error.status not in RETRIED | UNAUTHORISED | ELSEWHERE
