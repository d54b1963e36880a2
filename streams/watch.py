"""
The watch over one camera: which of its packets are decoded.

*Patrol* decodes key frames alone, one in a while; *focus* decodes all and keeps the analysis rate. Decision 0011.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from streams.camera import StreamSettings, WatchPolicy
from streams.decoding.codec import DecoderMaker
from streams.decoding.decode import FrameDecoder
from streams.decoding.sight import Sight
from streams.frame import Frame, Packet
from streams.ring import PacketRing
from streams.timing.clock import CaptureTime

CATCH_UP_S = 10.0
"""Most seconds of the past that are decoded when focus begins: two of the longest groups on patrol."""

SLACK = 0.25
"""Share of the patrol interval by which a key frame may come early and count: cameras' groups are not to the tick."""

LIMIT_SLACK = 1.05
"""Groups at the limit may be so much longer: a camera whose limit is its own 5 s would go in and out of focus."""

HOLE = 10.0
"""
A step between two packets this many times the usual one is a hole: a camera whose packets are not read drops them up to
a key frame. What lies between two key frames with a hole is not how far the camera sets them apart; taken for that it
would bring the cameras of a machine without time into focus, which needs more of it.
"""

PATIENCE_S = 0.5
"""A patrol's key frame that has waited so long for its turn to be decoded is left to the next one, where that comes in
time. Waiting longer, a thread reads its camera's packets later and later, until the camera drops them: a machine that
is short of time then looks at each camera half as often, instead of at all of them too late."""

_STEP_WEIGHT = 0.1
_GOPS = 4


class Gate(Protocol):
    """Bounds how many cameras decode in one go at once: `threading.BoundedSemaphore`."""

    def acquire(self, *, timeout: float | None = None) -> bool:
        """Return True with a place, False where none came free within `timeout` seconds; ``None`` waits for ever."""
        ...

    def release(self) -> None:
        """Give the place back."""
        ...


class WatchMode(StrEnum):
    """What is decoded: key frames alone, or everything."""

    PATROL = "patrol"
    FOCUS = "focus"


class WatchReason(StrEnum):
    """
    Why a camera is watched as it is.

    ``usual``: nothing shows. ``configured``: the operator wants it so. ``long_gop``: its key frames are too far apart
    for a patrol, or none of them gives a picture by itself. ``replay``: a file of which nothing may be lost. ``sign``:
    a box that may become a lead. ``change``: a change that the picture's history does not explain. ``lead``: a lead
    under way. ``waiting``: a sign, but as many cameras as allowed are in focus.
    """

    USUAL = "usual"
    CONFIGURED = "configured"
    LONG_GOP = "long_gop"
    REPLAY = "replay"
    SIGN = "sign"
    CHANGE = "change"
    LEAD = "lead"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """
    How a camera is watched now.

    Attributes:
        gop_s: seconds between its key frames, the longest of the last few; an open group counts once it is longer.

        decoder: what decodes: `streams.decoding.codec.DecoderMaker.name`.

        skipped: packets left out of focus because decoding could not keep up.

        passed_over: key frames that a patrol left to the next one because decoding could not keep up.

        undelivered: pictures that never came, by the holes in the stream's timestamps.
    """

    mode: WatchMode
    reason: WatchReason
    gop_s: float
    decoder: str
    decoded: int
    errors: int
    skipped: int
    passed_over: int
    undelivered: int


@dataclass(frozen=True, slots=True)
class _Call:
    """What was asked for from outside: focus from `since` on, or `since` None to stay on patrol."""

    reason: WatchReason
    since: CaptureTime | None


class Watch:
    """
    Decodes one camera's packets as far as its policy, its key frames and whoever calls for focus want it.

    The camera's thread calls `frames` and `end`; `focus`, `relax` and `status` may be called by any.

    Attributes:
        passed_over: see `WatchStatus`.
    """

    def __init__(
        self,
        settings: StreamSettings,
        ring: PacketRing,
        *,
        replays: bool = False,
        threads: int = 1,
        gate: Gate | None = None,
    ) -> None:
        """`gate` is held while a picture is decoded in one go, so that many cameras do not do so at once."""
        self._policy = settings.watch
        self._interval_s = Fraction(settings.patrol_interval_s).limit_denominator(1000)
        self._slack_s = Fraction(SLACK) * self._interval_s
        self._longest_s = settings.patrol_limit_s
        self._limit_s = settings.patrol_limit_s * LIMIT_SLACK
        self._ring = ring
        self._replays = replays
        self._gate: Gate = gate or threading.BoundedSemaphore()
        self._maker = DecoderMaker(settings.hwaccel, threads=threads)
        self._decoder = FrameDecoder(settings.analysis_fps, look_px=settings.look_px, maker=self._maker)
        self._call = _Call(WatchReason.USUAL, None)
        self._focused = False
        self._skips = False
        self._skipped = 0
        self.passed_over = 0
        self._undelivered = 0
        self._last: CaptureTime | None = None
        self._due_s: Fraction | None = None
        self._key: CaptureTime | None = None
        self._gops: deque[float] = deque(maxlen=_GOPS)
        self._gop_s = 0.0
        self._sight = Sight()
        self._limit_at: float = 0
        self._before: tuple[int, int] | None = None
        self._step = 0.0
        self._torn = False

    def focus(self, reason: WatchReason, since: CaptureTime) -> None:
        """Decode everything from `since` on, what lies in the ring first; for a policy that allows it."""
        self._call = _Call(reason, since)

    def relax(self, reason: WatchReason = WatchReason.USUAL) -> None:
        """Go back on patrol."""
        self._call = _Call(reason, None)

    @property
    def takes_turns(self) -> bool:
        """Whether it is on patrol unless called to focus: policy and key frames leave the choice."""
        is_auto = not self._replays and self._policy is WatchPolicy.AUTO
        return is_auto and self._gop_s <= self._limit_s and not self._sight.is_blind

    @property
    def errors(self) -> int:
        """Packets and pictures that were damaged."""
        return self._decoder.errors

    def status(self) -> WatchStatus:
        """Return how the camera is watched."""
        mode, reason = self._wanted()
        return WatchStatus(
            mode=mode,
            reason=reason,
            gop_s=self._gop_s,
            decoder=self._maker.name,
            decoded=self._decoder.decoded,
            errors=self._decoder.errors,
            skipped=self._skipped,
            passed_over=self.passed_over,
            undelivered=self._undelivered,
        )

    def frames(self, packet: Packet, *, keeps_up: bool = True) -> list[Frame]:
        """
        Return the frames that the packet completes; it is the newest of the ring.

        With `keeps_up` False focus skips to the next key frame, and counts what it leaves out.
        """
        self._look_for_hole(packet)
        if packet.is_keyframe:
            self._measure_gop(packet)
            self._sight.note_key_frame()
        elif packet.dts >= self._limit_at:
            self._grow_gop(packet)
        mode, _ = self._wanted()
        if mode is WatchMode.FOCUS:
            frames = self._focus_on(packet, keeps_up=keeps_up)
        else:
            if self._focused:
                self._decoder.close()
                self._focused, self._due_s = False, None
            if not packet.is_keyframe or not self._is_due(packet.time):
                return []
            if not self._gate.acquire(timeout=PATIENCE_S if self._may_pass_over(packet.time) else None):
                self.passed_over += 1
                return []
            try:
                frames = self._decoder.decode_alone(packet)
            finally:
                self._gate.release()
            self._sight.note_alone(gives=bool(frames))
        if frames:
            self._last = frames[-1].time
        return frames

    def end(self, *, catches_up: bool = False) -> list[Frame]:
        """
        Return the frames that the decoder still holds: the stream is over, or lost.

        When it comes again its first key frame is tried by itself, whatever those before gave.
        With `catches_up` a patrol decodes what came after its last picture: a short file may hold no other key frame.
        """
        last, patrols = self._last, not (self._focused or self._replays)
        self._key, self._focused, self._due_s = None, False, None
        self._sight.doubt()
        if not (catches_up and patrols) or last is None:
            return self._decoder.flush()
        return self._resume(self._ring.since(last.epoch, last.pts_s)) + self._decoder.flush()

    def _wanted(self) -> tuple[WatchMode, WatchReason]:
        if self._replays:
            return WatchMode.FOCUS, WatchReason.REPLAY
        if self._sight.is_blind:
            return WatchMode.FOCUS, WatchReason.LONG_GOP
        if self._policy is not WatchPolicy.AUTO:
            return WatchMode(self._policy.value), WatchReason.CONFIGURED
        call = self._call
        if call.since is not None:
            return WatchMode.FOCUS, call.reason
        if self._gop_s > self._limit_s:
            return WatchMode.FOCUS, WatchReason.LONG_GOP
        return WatchMode.PATROL, call.reason

    def _focus_on(self, packet: Packet, *, keeps_up: bool) -> list[Frame]:
        if not (self._focused or self._replays):
            return self._catch_up(packet)
        if not keeps_up:
            self._skips = True
        elif packet.is_keyframe:
            self._skips = False
        if self._skips and not packet.is_keyframe:
            self._skipped += 1
            return []
        return self._decoder.decode(packet)

    def _catch_up(self, packet: Packet) -> list[Frame]:
        """Decode the ring from the key frame before what called for focus, up to and with `packet`."""
        since, now_s = self._call.since, packet.time.pts_s
        start_s = now_s if since is None or since.epoch != packet.time.epoch else since.pts_s
        packets = self._ring.since(packet.time.epoch, max(start_s, now_s - Fraction(CATCH_UP_S)))
        self._focused, self._skips = bool(packets), False
        return self._resume(packets)

    def _resume(self, packets: Sequence[Packet]) -> list[Frame]:
        """Decode packets of the past in one go, after what was decoded last."""
        self._gate.acquire()
        try:
            return self._decoder.resume(packets, self._last)
        finally:
            self._gate.release()

    def _may_pass_over(self, time: CaptureTime) -> bool:
        """Return whether the patrol's next key frame would still come within the longest interval allowed."""
        if self._last is None or self._last.epoch != time.epoch:
            return False
        return time.seconds_since(self._last) + max(self._gop_s, float(self._interval_s)) <= self._longest_s

    def _is_due(self, time: CaptureTime) -> bool:
        """Return whether the patrol's next key frame is this one; the interval is kept on average."""
        if self._due_s is None or (self._last is not None and self._last.epoch != time.epoch):
            self._due_s = time.pts_s + self._interval_s
            return True
        if time.pts_s < self._due_s - self._slack_s:
            return False
        following = self._due_s + self._interval_s
        self._due_s = following if following > time.pts_s else time.pts_s + self._interval_s
        return True

    def _look_for_hole(self, packet: Packet) -> None:
        """Note whether packets are missing in the open group, and how many by their usual distance."""
        epoch, before = self._before or (packet.time.epoch, packet.dts)
        self._before = packet.time.epoch, packet.dts
        step = packet.dts - before
        if step > 0:
            usual = self._step or step
            if step > HOLE * usual:
                self._torn = True
                self._undelivered += round(step / usual) - 1 if epoch == packet.time.epoch else 0
            self._step = usual + _STEP_WEIGHT * (min(step, HOLE * usual) - usual)

    def _measure_gop(self, packet: Packet) -> None:
        """Take in a key frame: the group before it is closed."""
        torn, self._torn = self._torn, False
        if self._key is not None and self._key.epoch == packet.time.epoch and not torn:
            self._gops.append(packet.time.seconds_since(self._key))
            self._gop_s = max(self._gops)
        self._key = packet.time
        self._limit_at = packet.dts + float(self._limit_s / packet.stream.time_base)

    def _grow_gop(self, packet: Packet) -> None:
        """Take in that the open group is longer than the limit: that need not wait for its end."""
        if self._key is not None and self._key.epoch == packet.time.epoch and not self._torn:
            self._gop_s = max(self._gop_s, packet.time.seconds_since(self._key))
