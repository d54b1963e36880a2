"""
Claims: which registered cameras this worker may watch, turn by turn (docs/decisions/0013).

A claim is an entry that is pending with this member. Each turn keeps the claims, takes entries that are free or left by
dead members, hands over surplus ones, and so decides what is watched. Between turns a claim holds for `FENCE_S`: a
worker that was stopped or cut off then analyses nothing, before another may take over. A bus that is down for
everybody, or has lost the list, removes no claim.
"""

import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from api.contract import bus
from api.contract.wire.worker import WorkerReport
from vision.cluster.balance import fair_share, receiver
from vision.cluster.group import Entry, View, WatcherGroup
from vision.cluster.load import FULL
from vision.cluster.registered_cameras import RefusedCameraError, registered_camera
from vision.config.camera import CameraConfig

log = structlog.get_logger(__name__)

FENCE_S = 5.0
"""Seconds after which a claim that was not kept is not used. Entries are kept when 1.5 s idle, so that another worker
can take one over 6.5 s after the turn that kept it at the earliest."""

UNBROKEN_S = bus.TAKEOVER_MS / 1000
"""Seconds of contact with the bus before this worker takes over from others: after an outage every entry looks
abandoned, and its worker needs time to keep it."""

LINGER_S = 3.0
"""Seconds for which a camera that was handed over is still watched, while the other worker opens its stream: 0.5 s and
about 2 s for RTSP. The rest is analysed twice."""

_LEAVING = 4
"""Cameras on their way to another worker at one time."""

_RELIEF_S = 10.0
"""Seconds between two cameras that a worker under pressure hands over, so that each shows in its load first."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A registered camera to be watched, as its document of this generation has it."""

    config: CameraConfig
    generation: str


@dataclass(slots=True)
class _State:
    """
    State of the turns: claims by entry id, assignments by camera, deadlines of those that leave, refusals, other
    workers.
    """

    held: dict[str, Entry] = field(default_factory=dict)
    watched: dict[str, Assignment] = field(default_factory=dict)
    leaving: dict[str, float] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    others: int = 0
    assured_at: float = float("-inf")
    touched_at: float = float("-inf")
    unbroken_since: float = float("-inf")
    relieve_at: float = float("-inf")
    is_draining: bool = False


class Claims:
    """
    A worker's claims. One thread takes turns; any may ask `may_analyse` and `wanted`.

    Args:
        group: the bus.

        own: ids of this worker's own cameras, which are always watched.

        is_busy: returns whether a camera sees something and should not be handed over now.

        clock: monotonic seconds, which continue while the process is stopped.

        shuffle: orders candidates, differently in each worker, so that two do not claim the same one.
    """

    def __init__(
        self,
        group: WatcherGroup,
        own: Collection[str] = (),
        *,
        is_busy: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = time.monotonic,
        shuffle: Callable[[list[str]], None] = random.shuffle,
    ) -> None:
        self._group = group
        self._own = frozenset(own)
        self._is_busy = is_busy
        self._clock = clock
        self._shuffle = shuffle
        self._state = _State()
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Registered cameras that are claimed."""
        return len(self._state.held)

    @property
    def others(self) -> int:
        """Other workers alive at the last turn."""
        return self._state.others

    @property
    def refusals(self) -> dict[str, str]:
        """Cameras that are claimed and cannot be watched, with the reason."""
        with self._lock:
            return dict(self._state.refused)

    def may_analyse(self, camera: str) -> bool:
        """Return whether a frame of this camera may be analysed now; called for every frame."""
        if camera in self._own:
            return True
        state, now = self._state, self._clock()
        if now >= state.assured_at + FENCE_S:
            return False
        return camera in state.watched and now < state.leaving.get(camera, float("inf"))

    def wanted(self) -> dict[str, Assignment]:
        """Return the registered cameras to be watched now, by id."""
        now = self._clock()
        with self._lock:
            leaving = self._state.leaving
            return {i: one for i, one in self._state.watched.items() if now < leaving.get(i, float("inf"))}

    def turn(self, report: WorkerReport) -> None:
        """Update the claims with the bus; raise `redis.RedisError` where it does not answer."""
        state, began = self._state, self._clock()
        view = self._group.look(report)
        if began - state.touched_at > FENCE_S:
            state.unbroken_since = began
        state.touched_at = began
        if view is None:
            self._lost_list()
        else:
            state.others = sum(not said.draining for said in view.reports if said.member != report.member)
            self._settle(view.ours)
            if not state.is_draining:
                self._claim(view, report)
                self._balance(view)
        state.assured_at = began

    def nobody_can_take(self, asked_at: float) -> None:
        """Extend the claims from `asked_at`: the bus was down for everybody then."""
        self._state.assured_at = max(self._state.assured_at, asked_at)

    def drain(self, linger_s: float) -> int:
        """
        Give back all claims and take no more; return their number.

        The cameras are still watched for up to `linger_s`, see `untaken`. Raises `redis.RedisError`.
        """
        state = self._state
        state.is_draining = True
        with self._lock:
            until = self._clock() + linger_s
            state.leaving = dict.fromkeys(state.watched, until)
            given = list(state.held)
            state.held.clear()
        self._group.give_back(given)
        self._group.leave()
        return len(given)

    def untaken(self) -> int:
        """Return how many leaving cameras are not claimed by others yet; raise `redis.RedisError`."""
        holders = self._group.holders()
        return sum(camera in holders and holders[camera][1] == bus.NOBODY for camera in self._state.leaving)

    def _lost_list(self) -> None:
        """Keep what is watched: without a list nobody can claim anything."""
        with self._lock:
            if self._state.held:
                log.warning("bus has lost its cameras, keeping those watched here", cameras=len(self._state.held))
            self._state.held.clear()

    def _settle(self, ours: Iterable[str]) -> None:
        """Set the claims to those on the bus, and watch what is claimed."""
        state, ours = self._state, frozenset(ours)
        new = self._group.entries(ours - state.held.keys())
        with self._lock:
            state.held = {i: entry for i, entry in state.held.items() if i in ours}
            now = self._clock()
            for camera in [i for i, until in state.leaving.items() if now >= until]:
                del state.leaving[camera]
                state.watched.pop(camera, None)
            unsettled = [entry for entry in state.held.values() if not self._is_settled(entry)]
        self._take_in([*new, *unsettled])
        claimed = {entry.camera for entry in state.held.values()}
        orphans = state.watched.keys() - claimed - state.leaving.keys()
        if orphans:
            self._resolve(orphans)
        with self._lock:
            claimed = {entry.camera for entry in state.held.values()}
            state.refused = {i: reason for i, reason in state.refused.items() if i in claimed}

    def _take_in(self, entries: Iterable[Entry]) -> None:
        """Watch the cameras of new entries; entries of own cameras are held so that no other worker takes them."""
        entries = list(entries)
        state = self._state
        changed = [entry for entry in entries if entry.camera not in self._own and not self._is_watched(entry)]
        documents = self._group.documents([entry.camera for entry in changed])
        with self._lock:
            for entry in entries:
                state.held[entry.entry_id] = entry
                state.leaving.pop(entry.camera, None)
            for entry in changed:
                document = documents.get(entry.camera, b"")
                if bus.generation_of(document) == entry.generation:
                    self._assign(entry, document)

    def _is_watched(self, entry: Entry) -> bool:
        watched = self._state.watched.get(entry.camera)
        return watched is not None and watched.generation == entry.generation

    def _is_settled(self, entry: Entry) -> bool:
        """Whether a claim was fully handled: a turn that the bus interrupted leaves some unhandled."""
        state = self._state
        is_done = entry.camera in self._own or entry.camera in state.refused or self._is_watched(entry)
        return is_done and entry.camera not in state.leaving

    def _assign(self, entry: Entry, document: bytes) -> None:
        """Watch a camera, or record why not. A document of another generation belongs to a later entry."""
        state = self._state
        state.refused.pop(entry.camera, None)
        try:
            state.watched[entry.camera] = Assignment(registered_camera(document), entry.generation)
        except RefusedCameraError as fault:
            state.watched.pop(entry.camera, None)
            state.refused[entry.camera] = str(fault)
            log.error("registered camera cannot be watched", camera=entry.camera, reason=str(fault))  # noqa: TRY400

    def _resolve(self, orphans: Collection[str]) -> None:
        """Decide about cameras that are watched but not claimed: claim them again if free, else stop."""
        holders = self._group.holders()
        nobodys = {
            holders[camera][0].entry_id: holders[camera][0]
            for camera in orphans
            if camera in holders and holders[camera][1] == bus.NOBODY and self._is_watched(holders[camera][0])
        }
        kept = () if self._state.is_draining else self._group.move(nobodys, bus.NOBODY, self._group.member)
        self._take_in(nobodys[entry_id] for entry_id in kept)
        kept_cameras = {nobodys[entry_id].camera for entry_id in kept}
        with self._lock:
            for camera in orphans:
                if camera not in kept_cameras:
                    self._state.watched.pop(camera, None)
                    log.info("claim gone", camera=camera, holder=_holder(holders, camera))

    def _claim(self, view: View, report: WorkerReport) -> None:
        """Take free entries up to this worker's share, and those of dead members; one more where nobody else does."""
        room = report.capacity - self.held
        if room <= 0:
            return
        share = fair_share(report.member, view.reports, view.total) - self.held
        free = list(view.free)
        self._shuffle(free)
        taken = self._group.take_free(free[: max(0, min(room, share))])
        self._take_in(taken)
        room, share = room - len(taken), share - len(taken)
        may_take_over = self._clock() - self._state.unbroken_since >= UNBROKEN_S
        if view.is_stale and may_take_over and room > 0:
            taken = self._group.take_over(max(1, min(room, share)))
            self._take_in(taken)
            if taken:
                log.warning("cameras taken over", cameras=[entry.camera for entry in taken])

    def _balance(self, view: View) -> None:
        """Hand one camera over to an emptier worker, unless others are still leaving."""
        state, now = self._state, self._clock()
        if view.free or view.is_stale or len(state.leaving) >= _LEAVING or now < state.relieve_at:
            return
        to = receiver(self._group.member, view.reports)
        movable = (entry for entry in state.held.values() if entry.camera not in self._own)
        candidates = [entry for entry in movable if not self._is_busy(entry.camera)]
        if to is None or not candidates:
            return
        entry = candidates[-1]
        with self._lock:
            state.leaving[entry.camera] = now + LINGER_S
        if self._group.move([entry.entry_id], self._group.member, to):
            log.info("camera handed over", camera=entry.camera, to=to)
            with self._lock:
                state.held.pop(entry.entry_id, None)
            pressed = next((r.pressure for r in view.reports if r.member == self._group.member), 0.0) > FULL
            state.relieve_at = now + (_RELIEF_S if pressed else 0.0)


def _holder(holders: Mapping[str, tuple[Entry, str]], camera: str) -> str:
    """Return the holder of a camera, for the log; empty where it is no longer registered."""
    return holders[camera][1] if camera in holders else ""
