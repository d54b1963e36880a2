"""
Progress: how one camera moves through its stages (process, packets, pictures, analyses), and which stage fails first.

Stages are judged by age: the worker reports, packets arrive, pictures are decoded, pictures are analysed. Each needs
the one before, so the first that stands still is the fault.
"""

from dataclasses import dataclass, field
from threading import Lock

from api.contract.reasons import GapReason
from streams.runner import StreamState, StreamStatus
from streams.watch import WatchMode
from vision.coverage.account import Trouble

FAILED_RECENTLY_S = 10.0

_BY_STATE = {
    StreamState.CONNECTING: GapReason.STARTING,
    StreamState.LOST: GapReason.STREAM_LOST,
    StreamState.ENDED: GapReason.STREAM_ENDED,
    StreamState.STOPPED: GapReason.WORKER_STOPPED,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """
    One stage at one moment.

    Attributes:
        age_s: seconds since it last moved; ``None`` where it never did.

        flowing_s: seconds for which it has moved without a pause, 0 during one; ``None`` where it never moved.
    """

    age_s: float | None = None
    flowing_s: float | None = None


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of a camera; `failed` is of pictures on which the detector or a rule failed."""

    packets: Stage = Stage()
    decoded: Stage = Stage()
    analysed: Stage = Stage()
    failed: Stage = Stage()


@dataclass(slots=True)
class Progress:
    """
    Records when a camera's counts last rose. Thread-safe; ages are as fine as the calls of `look`.

    Args:
        pause_s: longest pause after which a stage still counts as flowing.
    """

    pause_s: float
    _counts: dict[str, int] = field(default_factory=dict)
    _moved: dict[str, float] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def look(self, now: float, *, packets: int, decoded: int, analysed: int, failed: int) -> Stages:
        """Add the counts at `now`, monotonic seconds, and return the stages."""
        counts = {"packets": packets, "decoded": decoded, "analysed": analysed, "failed": failed}
        with self._lock:
            for name, count in counts.items():
                if count <= self._counts.get(name, 0):
                    continue
                if now - self._moved.get(name, float("-inf")) > self.pause_s:
                    self._began[name] = now
                self._moved[name] = now
            self._counts = counts
            return Stages(*(self._stage(name, now) for name in counts))

    def _stage(self, name: str, now: float) -> Stage:
        if name not in self._moved:
            return Stage()
        age_s = max(0.0, now - self._moved[name])
        return Stage(age_s, max(0.0, now - self._began[name]) if age_s <= self.pause_s else 0.0)


def trouble_of(status: StreamStatus, stages: Stages, limit_s: float) -> Trouble | None:
    """
    Return the reason why a camera is not watched, or ``None``.

    It is the first stage that stands still for more than `limit_s` while the stage before it has moved for as long.
    """
    if status.state is not StreamState.PLAYING:
        return Trouble(_BY_STATE[status.state], status.error)
    if stages.packets.age_s is None or stages.packets.age_s > limit_s:
        return Trouble(GapReason.NO_PACKETS)
    if _stands_still(stages.decoded, stages.packets, limit_s):
        if status.mode is WatchMode.PATROL and status.gop_s > limit_s:
            return Trouble(GapReason.SPARSE_KEYFRAMES, f"a key frame every {status.gop_s:.1f} s")
        return Trouble(GapReason.NOT_DECODED, f"{status.decode_errors} damaged" if status.decode_errors else "")
    if _stands_still(stages.analysed, stages.decoded, limit_s):
        failed_s = stages.failed.age_s
        is_failing = failed_s is not None and failed_s <= max(limit_s, FAILED_RECENTLY_S)
        return Trouble(GapReason.ANALYSIS_FAILED if is_failing else GapReason.NOT_ANALYSED)
    return None


def _stands_still(stage: Stage, before: Stage, limit_s: float) -> bool:
    waited_s = min(
        float("inf") if stage.age_s is None else stage.age_s,
        0.0 if before.flowing_s is None else before.flowing_s,
    )
    return waited_s > limit_s
