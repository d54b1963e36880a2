"""
The outbox's sender: one thread that posts what waits, for as long as it takes.

What an answer means is data (`RETRIED`); a lead that the API cannot digest never holds up the others.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Protocol

import structlog

from api.contract.client import ApiMisunderstoodError, ApiRefusedError, ApiUnreachableError, ClientError, Receipt
from api.contract.wire.lead import LeadDocument
from vision.durable import StorageError
from vision.evidence.outbox import Outbox, OutboxEntry
from vision.retries import BACKOFF, ELSEWHERE, RETRIED, UNAUTHORISED, Backoff

log = structlog.get_logger(__name__)

NODE_TAKEN = 409
"""Answer to an enrolment whose name, number or certificate is another node's."""
_IDLE_S = 30.0


class LeadPoster(Protocol):
    """Posts leads: `api.contract.client.ApiClient`."""

    def post_lead(self, lead: LeadDocument, package: Path, is_given_up: Callable[[], bool]) -> Receipt:
        """File a lead with its package's tar, or raise a `ClientError`, once `is_given_up` holds at the latest."""
        ...


@dataclass(frozen=True, slots=True)
class SenderStats:
    """
    Counts since start, and what is on disk now; ``unauthorised``, ``rejected`` and ``node_taken`` need a person.

    ``node_taken`` counts the enrolments refused because another node has the name or number: nothing can be filed.
    """

    pending: int
    oldest_age_s: float
    parked: int
    posted: int
    rejected: int
    retries: int
    unauthorised: int
    node_taken: int


@dataclass(slots=True)
class _Counts:
    posted: int = 0
    rejected: int = 0
    retries: int = 0
    unauthorised: int = 0
    node_taken: int = 0


@dataclass(slots=True)
class _Trouble:
    """Failures in a row and when to try again, for one lead or for the API as a whole."""

    attempts: int = 0
    until: float = 0.0


@dataclass(slots=True)
class _State:
    """
    What the sender knows of the leads and of the API.

    Attributes:
        last: numbers the leads over which the line broke; they come after the others, in its order.

        broken: those over which it broke since a lead was last confirmed.
    """

    counts: _Counts = field(default_factory=_Counts)
    leads: dict[str, _Trouble] = field(default_factory=dict)
    api: _Trouble = field(default_factory=_Trouble)
    enrolled: bool = False
    last: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)


class OutboxSender:
    """
    Sends an outbox's entries, oldest first; one over which the line broke comes after the others from then on: its own
    size may be what breaks it.

    Args:
        outbox: what to send.
        client: whom to send it to.
        enrol: makes the node known to the API; called before the first post, and again when the API finds a package
            unacceptable (422): it may have lost its nodes, and no lead is parked for that. `Registration.enrol` says
            what to do when another node has the name or number (409); here that is counted.
        backoff: pauses after a failure; of one lead when the API answered, of all when it did not. Where the line
            breaks again over the same lead and no other was tried, that one alone is put off further: it says nothing
            of the API, and the next lead need not wait for it.
        clock: monotonic seconds.
        chance: uniform random numbers in [0, 1), for the jitter.
    """

    def __init__(
        self,
        outbox: Outbox,
        client: LeadPoster,
        enrol: Callable[[], None] | None = None,
        *,
        backoff: Backoff = BACKOFF,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._enrol = enrol
        self._backoff = backoff
        self._clock = clock
        self._chance = chance
        self._state = _State()
        self._lock = Lock()
        self._deadline: float | None = None
        self._thread = Thread(target=self._run, name="outbox-sender")

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def close(self, flush_s: float = 10.0) -> None:
        """
        Send what can be sent within `flush_s`, then stop; the rest stays on disk.

        Waits for a request in flight, which the client's own time-outs bound: an upload ends with the piece that is
        being sent, however much of it is left.
        """
        self._deadline = self._clock() + flush_s
        self._outbox.wake()
        if self._thread.ident is not None:
            self._thread.join()
        if waiting := len(self._outbox.entries()):
            log.info("leads stay in outbox", count=waiting)

    def stats(self) -> SenderStats:
        """Return the counts for metrics."""
        waiting = len(self._outbox.entries())
        parked = len(self._outbox.rejected())
        with self._lock:
            counts = self._state.counts
            return SenderStats(
                pending=waiting,
                oldest_age_s=self._outbox.oldest_age_s(),
                parked=parked,
                posted=counts.posted,
                rejected=counts.rejected,
                retries=counts.retries,
                unauthorised=counts.unauthorised,
                node_taken=counts.node_taken,
            )

    def step(self) -> float | None:
        """
        Make at most one attempt: the first entry that is due.

        Returns 0 after an attempt, else the seconds until one is due; ``None`` when nothing waits.
        """
        waiting = self._outbox.entries()
        known = {entry.lead_id for entry in waiting}
        self._state.leads = {lead: trouble for lead, trouble in self._state.leads.items() if lead in known}
        self._state.last = {lead: number for lead, number in self._state.last.items() if lead in known}
        self._state.doubted &= known
        self._state.broken &= known
        if not waiting:
            return None
        now = self._clock()
        if (pause := self._state.api.until - now) > 0:
            return pause
        waiting.sort(key=lambda entry: self._state.last.get(entry.lead_id, 0))
        due = [(self._state.leads.get(entry.lead_id, _Trouble()).until, entry) for entry in waiting]
        for until, entry in due:
            if until <= now:
                self._attempt_safely(entry)
                return 0.0
        return min(until for until, _ in due) - now

    def _run(self) -> None:
        seen = -1
        while True:
            # Taken before the look: what was put between a look and the closing is looked at once more.
            closing = self._deadline is not None
            try:
                pause = self.step()
            except Exception:
                # Edge of a long-lived loop: the folder could not be listed; what is in it is tried again.
                log.exception("outbox unreadable")
                pause = self._backoff.most_s
            if (closing and pause != 0.0) or self._is_over():
                return
            if pause != 0.0:
                seen = self._outbox.wait(seen, _IDLE_S if pause is None else pause)

    def _is_over(self) -> bool:
        return self._deadline is not None and self._clock() >= self._deadline

    def _attempt_safely(self, entry: OutboxEntry) -> None:
        try:
            self._attempt(entry)
        except Exception:
            # Edge of a long-lived loop: a fault over one lead may not hold up the others; it is tried again.
            log.exception("lead could not be sent", lead=entry.lead_id, pause_s=self._put_off(entry))

    def _attempt(self, entry: OutboxEntry) -> None:
        if not self._known(entry):
            return
        try:
            receipt = self._client.post_lead(entry.lead(), entry.package, self._is_over)
        except ApiUnreachableError as error:
            self._broke(entry, error)
        except ApiRefusedError as error:
            self._refused(entry, error)
        except ApiMisunderstoodError as error:
            pause = self._put_off(entry)
            log.warning("api confirms something else", lead=entry.lead_id, error=str(error), pause_s=pause)
        except OSError as error:
            pause = self._put_off(entry)
            log.warning("package unreadable", lead=entry.lead_id, error=str(error), pause_s=pause)
        except StorageError as error:
            log.exception("outbox entry damaged", lead=entry.lead_id)
            self._outbox.reject(entry, {"damaged": str(error)})
            self._count("rejected")
        else:
            self._state.api = _Trouble()
            self._state.broken.clear()
            self._outbox.delivered(entry)
            self._count("posted")
            log.info("lead posted", lead=entry.lead_id, sums_sha256=receipt.sums_sha256, created=receipt.created)

    def _known(self, entry: OutboxEntry) -> bool:
        """Enrol the node where that is still to be done; return whether it is."""
        if self._enrol is None or self._state.enrolled:
            return True
        try:
            self._enrol()
        except ClientError as error:
            if isinstance(error, ApiRefusedError) and error.status == NODE_TAKEN:
                self._count("node_taken")
            pause = self._put_off(entry, self._state.api)
            log.warning("node not enrolled yet", error=str(error), pause_s=pause)
            return False
        self._state.enrolled = True
        log.info("node enrolled")
        return True

    def _broke(self, entry: OutboxEntry, error: ApiUnreachableError) -> None:
        """Put off all leads, or this one alone where it was the last one to break the line too."""
        last, broken = self._state.last, self._state.broken
        is_its_own = entry.lead_id in last and broken <= {entry.lead_id}
        last[entry.lead_id] = 1 + max(last.values(), default=0)
        broken.add(entry.lead_id)
        pause = self._put_off(entry, None if is_its_own else self._state.api)
        log.warning("api unreachable", lead=entry.lead_id, error=str(error), pause_s=pause)

    def _refused(self, entry: OutboxEntry, error: ApiRefusedError) -> None:
        if error.status in UNAUTHORISED:
            self._count("unauthorised")
            pause = self._put_off(entry, self._state.api)
            log.error("api refuses the worker key", lead=entry.lead_id, status=error.status, pause_s=pause)
        elif error.status in ELSEWHERE:
            pause = self._put_off(entry, self._state.api)
            log.error("no api at this address", lead=entry.lead_id, status=error.status, pause_s=pause)
        elif error.status in RETRIED or not 400 <= error.status < 500:
            trouble = self._state.api if error.status == 429 else None
            pause = self._put_off(entry, trouble, error.retry_after_s or 0.0)
            log.warning("lead not taken yet", lead=entry.lead_id, status=error.status, pause_s=pause)
        elif error.status == 422 and self._enrol is not None and entry.lead_id not in self._state.doubted:
            self._state.doubted.add(entry.lead_id)
            self._state.enrolled = False
            log.warning("lead refused, enrolling anew", lead=entry.lead_id, answer=error.body[:300])
        else:
            self._outbox.reject(entry, {"status": error.status, "body": error.body})
            self._count("rejected")
            log.error("lead rejected", lead=entry.lead_id, status=error.status, answer=error.body[:300])

    def _put_off(self, entry: OutboxEntry, trouble: _Trouble | None = None, at_least_s: float = 0.0) -> float:
        """Plan the next attempt: of `entry`, or of everything where `trouble` is the API's; return the pause."""
        held = self._state.leads.setdefault(entry.lead_id, _Trouble()) if trouble is None else trouble
        held.attempts += 1
        pause = max(at_least_s, self._backoff.pause_s(held.attempts, self._chance()))
        held.until = self._clock() + pause
        self._count("retries")
        return round(pause, 3)

    def _count(self, name: str) -> None:
        with self._lock:
            setattr(self._state.counts, name, getattr(self._state.counts, name) + 1)
