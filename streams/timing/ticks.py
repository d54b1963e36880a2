"""Timestamps as streams send them: which are to be believed, and what stands in for those that are not."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from streams.timing.delay import JUMP_S, LeastDelay

REORDER_S = 1.0
"""Decoding times that fall back by less are repaired, by more are a jump."""

LEAD_MAX_S = 20.0
"""A picture is shown at most this long after it is decoded: sixteen pictures (H.264's limit) of a slow camera."""

FILE_GAP_MAX_S = 60.0
"""A file's times that move further at once have jumped, unless its pictures are that far apart; less is a gap."""

FILE_GAP_STEPS = 4
"""... that is, more than this many times its usual step."""

BRIEF_TICKS = 5
"""So many packets in a row without a usable time follow the usual step; more of them follow their arrival."""

BRIEF_STEP_S = 0.15
"""... a step of no more than this beyond their arrival: times that run ahead by `REORDER_S` would fall back after."""

_STEPS_KEPT = 8

_WRAPS = (1 << 32, 1 << 33)
"""Where counters start again: 32 bits in FLV and RTP, 33 in MPEG-TS and -PS."""

Peek = Callable[[], int | None]
"""Returns the next packet's decoding time in ticks, ``None`` where there is none; may wait for it."""


def nothing_follows() -> int | None:
    """Return ``None``: a `Peek` for those who know only the packet at hand."""
    return None


@dataclass(frozen=True, slots=True)
class Judged:
    """
    A packet's times in ticks, to be used.

    Attributes:
        pts: presentation time, never before `dts`.

        dts: decoding time, strictly rising until the next jump.

        jumped: nothing before compares with it.

        replaced: its own time was missing or not to be believed.
    """

    pts: int
    dts: int
    jumped: bool = False
    replaced: bool = False


class Ticks:
    """
    Judges the timestamps of one stream, packet by packet in decoding order.

    - A counter that starts again at 2^32 or 2^33 goes on.
    - A missing time, or the same PTS and DTS as before, takes the usual step; after `BRIEF_TICKS` of them, arrival's.
    - Decoding times that fall back a little rise by one tick.
    - A jump is believed where the next packet goes on from it, or it goes on from the last one; else the packet is a
      glitch (recorders stamp single pictures hours off: mediamtx#6255) and takes the usual step. Where there is no
      next packet, a key frame is believed.
    - A PTS that is before its DTS, or further than `LEAD_MAX_S` after it, is its DTS.
    """

    def __init__(self, time_base: Fraction, delay: LeastDelay, *, is_file: bool) -> None:
        self._tick_s = float(time_base)  # fractions cost ten times as much, a packet
        self._delay = delay
        self._is_file = is_file
        self._wrapped = 0
        self._last: tuple[int, float] | None = None
        self._raw: tuple[int | None, int | None] = (None, None)
        self._steps: deque[int] = deque(maxlen=_STEPS_KEPT)
        self._run: tuple[int, int, float] | None = None
        self._outlier: int | None = None

    def judge(
        self,
        pts: int | None,
        dts: int | None,
        arrival_s: float,
        *,
        duration: int,
        is_keyframe: bool,
        peek: Peek,
    ) -> Judged:
        """
        Return the packet's times; `peek` is asked only where there is doubt.

        `arrival_s` counts from the Unix epoch and never falls.
        """
        raw = dts if dts is not None else pts
        is_repeat = (pts, dts) == self._raw
        self._raw = (pts, dts)
        jumped, replaced = False, raw is None or (is_repeat and self._last is not None)
        if self._last is None:
            dts_now = raw if raw is not None else 0
        else:
            dts_now = self._last[0] + 1
            if raw is not None and not replaced:
                doubt = self._is_doubtful(self._unwrapped(raw, arrival_s), arrival_s, duration)
                jumped = doubt and self._believes(raw, peek, is_keyframe=is_keyframe)
                replaced = doubt and not jumped
                self._outlier = raw if replaced else None
            if jumped:
                self._wrapped = 0
                dts_now = raw or 0
            elif replaced:
                dts_now = self._paced(arrival_s, duration)
            elif raw is not None:
                dts_now = max(raw + self._wrapped, dts_now)
                self._steps.append(dts_now - self._last[0])
                self._run = None
        lead = 0 if pts is None or dts is None or is_repeat else self._lead(pts - dts)
        self._last = (dts_now, arrival_s)
        if dts is not None and not replaced:  # the PTS is the stream's own even where its DTS was repaired
            own = dts + self._wrapped + lead
            return Judged(max(own, dts_now), dts_now, jumped, replaced or own < dts_now - 1)
        return Judged(dts_now + lead, dts_now, jumped, replaced)

    def _unwrapped(self, raw: int, arrival_s: float) -> int:
        """Return the time as if its counter had no end."""
        before, then = self._last or (0, arrival_s)
        step = raw + self._wrapped - before
        if abs(step) < _WRAPS[0] >> 1:
            return before + step
        expected_s = 0.0 if self._is_file else arrival_s - then
        for wrap in _WRAPS:
            for turn in (-wrap, wrap):
                if abs((step + turn) * self._tick_s - expected_s) < JUMP_S:
                    self._wrapped += turn
                    return raw + self._wrapped
        return before + step

    def _is_doubtful(self, dts: int, arrival_s: float, duration: int) -> bool:
        step = dts - self._last[0] if self._last is not None else 0
        step_s = step * self._tick_s
        if step_s <= -REORDER_S:
            return True
        if self._is_file:
            return step_s > FILE_GAP_MAX_S and 0 < max(duration, *self._steps, 0) * FILE_GAP_STEPS < step
        return self._delay.behind_s(dts * self._tick_s, arrival_s) < -JUMP_S

    def _believes(self, raw: int, peek: Peek, *, is_keyframe: bool) -> bool:
        if self._outlier is not None and self._goes_on(self._outlier, raw):
            return True
        following = peek()
        return is_keyframe if following is None else self._goes_on(raw, following)

    def _goes_on(self, dts: int, following: int) -> bool:
        onward = following - dts
        if onward == 0:  # one wild stamp on both fields of a picture
            return False
        usual = max(*self._steps, 0, 0)
        return -REORDER_S < onward * self._tick_s < LEAD_MAX_S or 0 < onward < FILE_GAP_STEPS * usual

    def _paced(self, arrival_s: float, duration: int) -> int:
        """Return a decoding time for a packet that has none of its own."""
        before, then = self._last or (0, arrival_s)
        usual = duration or min(self._steps, default=0)
        if self._is_file:
            return before + max(usual, 1)
        count, first, since = self._run or (0, before, then)
        self._run = (count + 1, first, since)
        if count < BRIEF_TICKS and usual:
            return before + max(min(usual, round(max(arrival_s - then, BRIEF_STEP_S) / self._tick_s)), 1)
        return max(before + 1, first + round((arrival_s - since) / self._tick_s))

    def _lead(self, ticks: int) -> int:
        """Return how long after its decoding a picture is shown; 0 where that cannot be."""
        for wrap in _WRAPS:
            if abs(ticks) > wrap >> 1:
                for turn in (-wrap, wrap):
                    if abs(ticks + turn) * self._tick_s < JUMP_S:
                        ticks += turn
        return ticks if 0 <= ticks * self._tick_s <= LEAD_MAX_S else 0
