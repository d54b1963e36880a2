"""
Confirmation: when a track has shown enough to be reported, and when it is over.

By *probability*: the features of the track make it probable enough (`vision.confirm.classifier`), for detectors with
fitted weights. By *k of n*: the mean confidence of the best `k` of the last `n` boxes is high enough, for other
detectors. Both require a least duration and changing pixels, since neither smoke nor flames stand still.

One track's state machine, by the times of its pictures: ``WAITING -> CANDIDATE -> CONFIRMED -> CLOSED``, or
``CANDIDATE -> DROPPED``. It does not depend on detectors, zones or cameras.
"""

from collections import deque
from dataclasses import dataclass
from heapq import nlargest
from statistics import fmean

from streams.timing.clock import CaptureTime
from vision.leads.lead import CloseReason, WorkerLeadState


@dataclass(frozen=True, slots=True)
class Criteria:
    """
    When a track is reported; `vision.config.rules.RuleConfig` describes the extremes.

    Attributes:
        threshold: least mean confidence of the best `k` boxes.

        hysteresis: boxes from ``hysteresis x threshold`` count.

        k: boxes that must count ...

        n: ... among the last `n` analysed pictures, with or without the box ...

        window_s: ... none of them older.

        min_duration_s: least time from the first box that counts to the newest.

        min_change: least change of the pixels in the box, in multiples of the noise around it.

        static_after_s: a candidate whose pixels never changed so much is dropped after this time.

        release: a confirmed track lasts while boxes reach ``release x threshold``.

        close_after_s: it is over after this time without such a box.

        probability: the least of a report, where a classifier gives one; ``release x probability`` makes a candidate
            and holds what is confirmed. 0: by *k* of *n*.
    """

    threshold: float = 0.3
    hysteresis: float = 0.8
    k: int = 4
    n: int = 6
    window_s: float = 30.0
    min_duration_s: float = 1.5
    min_change: float = 1.5
    static_after_s: float = 60.0
    release: float = 0.7
    close_after_s: float = 60.0
    probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Observation:
    """
    What one analysed picture showed of a track.

    Attributes:
        time: of the picture; only its distance to other pictures counts.

        confidence: of the track's box; 0 where the picture does not hold it.

        change: of the box's pixels since the track began, in multiples of the noise around it.

        probability: of the track by all its pictures so far; unused where `k` of `n` decide.
    """

    time: CaptureTime
    confidence: float
    change: float
    probability: float = 0.0


class Confirmation:
    """The state of one track."""

    def __init__(self, criteria: Criteria) -> None:
        self._criteria = criteria
        self._window: deque[Observation] = deque(maxlen=criteria.n)
        self._first: CaptureTime | None = None
        self._held: CaptureTime | None = None
        self._probability = 0.0
        self._state: WorkerLeadState | None = None
        self._reason: CloseReason | None = None

    @property
    def state(self) -> WorkerLeadState | None:
        """State of the track; ``None`` until a box reaches the threshold."""
        return self._state

    @property
    def reason(self) -> CloseReason | None:
        """Why it ended; ``None`` while it lasts."""
        return self._reason

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._reason is not None

    @property
    def first(self) -> CaptureTime | None:
        """When the present run of boxes that count began; ``None`` between runs."""
        return self._first

    @property
    def asks(self) -> bool:
        """Whether a closer look would decide sooner: boxes that count, neither confirmed nor dropped."""
        if self._first is None or self._state is WorkerLeadState.CONFIRMED or self.is_over:
            return False
        least = self._criteria.hysteresis * self._criteria.threshold
        return self._state is WorkerLeadState.CANDIDATE or any(o.confidence >= least for o in self._window)

    @property
    def probability(self) -> float | None:
        """By the classifier: the probability when it was last held, before that the newest; ``None`` by *k* of *n*."""
        return self._probability if self._by_probability else None

    @property
    def support(self) -> float:
        """By *k* of *n*: mean confidence of the best `k` boxes that count among the last `n`; 0 where fewer do."""
        best = nlargest(self._criteria.k, (o.confidence for o in self._window if self._counts(o)))
        return fmean(best) if len(best) == self._criteria.k else 0.0

    @property
    def reached(self) -> float:
        """By *k* of *n*: the highest threshold at which the newest pictures would be enough; 0 where boxes are few."""
        best = nlargest(self._criteria.k, (o.confidence for o in self._window))
        if len(best) < self._criteria.k:
            return 0.0
        return min(fmean(best), best[-1] / self._criteria.hysteresis)

    def suit(self, criteria: Criteria) -> None:
        """Use other criteria of the same `n` from now on, unless it is confirmed."""
        if self._state is not WorkerLeadState.CONFIRMED:
            self._criteria = criteria

    def observe(self, observation: Observation) -> WorkerLeadState | None:
        """Add the next picture of the epoch and return the new state; raise `ValueError` out of order."""
        if self.is_over:
            return self._state
        if self._window and observation.time.seconds_since(self._window[-1].time) <= 0:
            raise ValueError(f"pictures must come in order, got {observation.time} after {self._window[-1].time}")
        self._window.append(observation)
        while observation.time.seconds_since(self._window[0].time) > self._criteria.window_s:
            self._window.popleft()
        if self._state is WorkerLeadState.CONFIRMED:
            self._hold(observation)
        else:
            self._weigh(observation)
        return self._state

    def end(self, reason: CloseReason) -> WorkerLeadState | None:
        """End it from outside (the track ended, the stream was lost); return the state it ends in."""
        if not self.is_over and self._state is not None:
            self._state = (
                WorkerLeadState.CLOSED if self._state is WorkerLeadState.CONFIRMED else WorkerLeadState.DROPPED
            )
            self._reason = reason
        return self._state

    @property
    def _by_probability(self) -> bool:
        return self._criteria.probability > 0

    def _counts(self, observation: Observation) -> bool:
        if self._by_probability:
            return observation.confidence > 0
        return observation.confidence >= self._criteria.hysteresis * self._criteria.threshold

    def _is_sign(self, observation: Observation) -> bool:
        """Whether a box that counts makes a candidate."""
        if self._by_probability:
            return observation.probability >= self._criteria.release * self._criteria.probability
        return observation.confidence >= self._criteria.threshold

    def _is_enough(self, observation: Observation) -> bool:
        if self._by_probability:
            return observation.probability >= self._criteria.probability
        return self.support >= self._criteria.threshold

    def _holds(self, observation: Observation) -> bool:
        """Whether a picture keeps a confirmed track open."""
        if self._by_probability:
            return self._counts(observation) and self._is_sign(observation)
        return observation.confidence >= self._criteria.release * self._criteria.threshold

    def _weigh(self, now: Observation) -> None:
        """Before confirmation: keep the run of boxes, become a candidate, be confirmed, or be found static."""
        criteria = self._criteria
        if not any(self._counts(o) for o in self._window):
            self._first = None
        elif self._first is None:
            self._first = now.time
        if self._first is None or not self._counts(now):
            return
        self._probability = now.probability
        if self._state is None and self._is_sign(now):
            self._state = WorkerLeadState.CANDIDATE
        if self._state is not WorkerLeadState.CANDIDATE:
            return
        lasted_s = now.time.seconds_since(self._first)
        if now.change < criteria.min_change:
            if lasted_s >= criteria.static_after_s:
                self.end(CloseReason.STATIC)
        elif self._is_enough(now) and lasted_s >= criteria.min_duration_s:
            self._state = WorkerLeadState.CONFIRMED
            self._held = now.time

    def _hold(self, now: Observation) -> None:
        """After confirmation: stay open while boxes reach the lower limit, close `close_after_s` after the last."""
        if self._held is None or self._holds(now):
            self._held, self._probability = now.time, now.probability
        elif now.time.seconds_since(self._held) >= self._criteria.close_after_s:
            self.end(CloseReason.GONE)
