"""The runner: one camera's life in one thread, from connecting to reconnecting for ever."""

import contextlib
import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from streams.board import FrameBoard
from streams.camera import Camera, Pace
from streams.errors import StreamError
from streams.faults import Faults
from streams.frame import Frame, Packet
from streams.load import Load
from streams.ring import PacketRing
from streams.source import PacketSource, open_source
from streams.timing.clock import CaptureTime, StreamClock, UtcSource, utc_now
from streams.watch import Gate, Watch, WatchMode, WatchReason

log = structlog.get_logger(__name__)

BACKOFF_MIN_S = 0.5
"""First pause before a new attempt; it doubles up to `StreamSettings.backoff_max_s`."""

STEADY_S = 5.0
"""A stream that played this long was a good one: the next loss starts again at the shortest pause."""

FPS_WINDOW_S = 5.0
"""Span over which the received rate is counted; an average of gaps would swing with bursts."""

JOIN_S = 5.0
"""Usual patience of `CameraRunner.stop`."""


class StreamState(StrEnum):
    """How a camera's stream is; the values are those that the API reports."""

    CONNECTING = "connecting"
    PLAYING = "playing"
    LOST = "lost"
    ENDED = "ended"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """
    What a runner says of its camera at one moment.

    Attributes:
        since: UTC at which `state` began.

        error: why it is lost, or why a file ended early; no credentials; empty while all is well.

        reconnects: attempts to open the stream after the first.

        received_fps: packets a second over the last seconds, measured, never the declared rate.

        frames_decoded: pictures decoded; those beyond the analysis rate included.

        frames_skipped: packets not decoded in focus because decoding could not keep up.

        frames_passed_over: key frames that a patrol left to the next one because decoding could not keep up.

        frames_undelivered: pictures that never came, by the holes in the stream's timestamps.

        decode_errors: damaged packets and pictures.

        epoch: of the last packet.

        clock_offset_s: arrival minus the camera's own clock, where it tells it; ``None`` elsewhere.

        last_packet_utc: capture time of the last packet; ``None`` before the first.

        mode: what is decoded now, and `reason` why.

        gop_s: seconds between key frames, measured; 0 before two.

        decoder: what decodes, and why it is not the device asked for.
    """

    state: StreamState
    since: datetime
    error: str = ""
    reconnects: int = 0
    codec: str = ""
    width: int = 0
    height: int = 0
    received_fps: float = 0.0
    packets: int = 0
    frames_decoded: int = 0
    frames_skipped: int = 0
    frames_passed_over: int = 0
    frames_undelivered: int = 0
    decode_errors: int = 0
    epoch: int = 0
    clock_source: UtcSource | None = None
    clock_uncertainty_s: float = 0.0
    clock_offset_s: float | None = None
    last_packet_utc: datetime | None = None
    mode: WatchMode = WatchMode.PATROL
    reason: WatchReason = WatchReason.USUAL
    gop_s: float = 0.0
    decoder: str = ""


@dataclass(slots=True)
class _Life:
    """What changes while a camera is read; its thread writes, under the runner's lock where parts belong together."""

    state: StreamState
    since: datetime
    error: str = ""
    reconnects: int = 0
    packets: int = 0
    last: Packet | None = None


class CameraRunner:
    """
    Reads one camera in its own thread: every packet into the ring and to `on_packet`, frames onto the board: key frames
    on patrol, the analysis rate in focus (`streams.watch`).

    A network stream is opened again for ever, with pauses that double and are jittered; a file ends with
    `StreamState.ENDED`, at its end or with the error that stopped it. Live frames never wait for whoever takes them; a
    file read at free pace waits, so that no frame is lost.

    `on_packet` is called in the thread and must return at once.
    """

    def __init__(
        self,
        camera: Camera,
        board: FrameBoard,
        *,
        on_packet: Callable[[Packet], None] | None = None,
        opener: Callable[[Camera, StreamClock], PacketSource] = open_source,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        gate: Gate | None = None,
    ) -> None:
        """`gate` bounds how many cameras decode in one go at once (`streams.watch.Watch`)."""
        self.camera = camera
        self.ring = PacketRing(camera.settings.ring_s, camera.settings.ring_max_bytes)
        self._board = board
        self._on_packet = on_packet
        self._opener = opener
        self._now = now
        self._monotonic = monotonic
        self._jitter = jitter
        self._replays = camera.source.is_file and camera.settings.pace is Pace.FREE
        self._clock = StreamClock()
        threads = min(4, os.cpu_count() or 1) if self._replays else 1
        self._watch = Watch(camera.settings, self.ring, replays=self._replays, threads=threads, gate=gate)
        self._stopping = threading.Event()
        self._source: PacketSource | None = None
        self._lock = threading.Lock()
        self._life = _Life(StreamState.CONNECTING, now())
        self._errors_told = 0
        self._arrivals: deque[float] = deque(maxlen=512)
        self._steady = False
        self._log = log.bind(camera=camera.id)
        self._faults = Faults(monotonic)
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.id}")
        self._place = board.add(camera.id, waits=self._replays)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, deadline_s: float = JOIN_S) -> bool:
        """
        End the thread and take the camera off the board; True if the thread has ended by the deadline.

        A thread inside a silent read ends at the stream's own time-out at the latest.
        """
        self._stopping.set()
        with self._lock:
            source = self._source
        if source is not None:
            source.stop()
        self._board.remove(self.camera.id)
        if self._thread.is_alive():
            self._thread.join(deadline_s)
        return not self._thread.is_alive()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the camera's life is over, as a file's is at its end; True if it is."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def takes_turns(self) -> bool:
        """Whether it is on patrol unless called to focus."""
        return self._watch.takes_turns

    @property
    def passed_over(self) -> int:
        """Key frames that the patrol left to the next one because decoding could not keep up."""
        return self._watch.passed_over

    def focus(self, reason: WatchReason, since: CaptureTime) -> None:
        """Decode and post everything from `since` on, from the ring at first, until `relax`."""
        self._watch.focus(reason, since)

    def relax(self, reason: WatchReason = WatchReason.USUAL) -> None:
        """Go back on patrol, where the camera's policy and key frames allow it."""
        self._watch.relax(reason)

    def snapshot(self) -> StreamStatus:
        """Return how the stream is now."""
        watch = self._watch.status()
        with self._lock:
            life, last = self._life, self._life.last
            return StreamStatus(
                state=life.state,
                since=life.since,
                error=life.error,
                reconnects=life.reconnects,
                codec="" if last is None else last.stream.codec,
                width=0 if last is None else last.stream.width,
                height=0 if last is None else last.stream.height,
                received_fps=self._received_fps(),
                packets=life.packets,
                frames_decoded=watch.decoded,
                frames_skipped=watch.skipped,
                frames_passed_over=watch.passed_over,
                frames_undelivered=watch.undelivered,
                decode_errors=watch.errors,
                epoch=0 if last is None else last.time.epoch,
                clock_source=None if last is None else last.time.source,
                clock_uncertainty_s=0.0 if last is None else last.time.uncertainty_s,
                clock_offset_s=self._clock.offset_s,
                last_packet_utc=None if last is None else last.time.utc,
                mode=watch.mode,
                reason=watch.reason,
                gop_s=watch.gop_s,
                decoder=watch.decoder,
            )

    def _received_fps(self) -> float:
        now = self._monotonic()
        recent = [arrival for arrival in self._arrivals if now - arrival <= FPS_WINDOW_S]
        if len(recent) < 2 or self._life.state is not StreamState.PLAYING:
            return 0.0
        quiet = now - recent[-1] > 2 * (recent[-1] - recent[0]) / (len(recent) - 1) + 1.0
        span = now - recent[0] if quiet else recent[-1] - recent[0]
        return (len(recent) - 1) / span if span > 0 else 0.0

    def _change(self, state: StreamState, error: str = "") -> None:
        with self._lock:
            if state is not self._life.state:
                self._life.since = self._now()
            self._life.state, self._life.error = state, error

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            self._steady = False
            error = self._attempt()
            if self._stopping.is_set():
                break
            if self.camera.source.is_file:
                self._change(StreamState.ENDED, error)
                self._log.info("stream ended", error=error)
                return
            self._change(StreamState.LOST, error)
            attempt = 0 if self._steady else attempt
            pause_s = min(self.camera.settings.backoff_max_s, BACKOFF_MIN_S * 2 ** min(attempt, 16))
            pause_s *= 0.5 + 0.5 * self._jitter()
            self._faults.tell(self._log, "stream lost", error=error, retry_s=round(pause_s, 2))
            if self._stopping.wait(pause_s):
                break
            attempt += 1
            with self._lock:
                self._life.reconnects += 1
        self._change(StreamState.STOPPED)

    def _attempt(self) -> str:
        """Play the stream until it ends; return why it did, empty at a file's end."""
        source = self._opener(self.camera, self._clock)
        with self._lock:
            self._source = source
            if self._life.state is not StreamState.LOST:
                self._life.state = StreamState.CONNECTING
        if self._stopping.is_set():
            return ""
        try:
            self._play(source)
        except StreamError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - the edge of a long-lived loop: one camera must not end the others
            self._log.exception("camera thread failed")
            return f"internal error: {type(error).__name__}"
        return ""

    def _play(self, source: PacketSource) -> None:
        load = Load()
        began = before = self._monotonic()
        lost: StreamError | None = None
        try:
            with contextlib.closing(source.packets()) as packets:
                for packet in packets:
                    after = self._monotonic()
                    self._steady = after - began > STEADY_S
                    self.ring.append(packet)
                    if self._on_packet is not None:
                        self._on_packet(packet)
                    self._post(self._watch.frames(packet, keeps_up=load.keeps_up(before, after) or self._replays))
                    self._note(packet, after)
                    before = self._monotonic()
        except StreamError as error:
            lost = error  # network streams always end so
        self._post(self._watch.end(catches_up=self.camera.source.is_file))
        if lost is not None:
            raise lost

    def _post(self, frames: list[Frame]) -> None:
        for frame in frames:
            if self._stopping.is_set():
                return
            # The camera may be watched again by now, with a slot that is not ours.
            self._board.post(frame, is_backlog=len(frames) > 1, place=self._place)

    def _note(self, packet: Packet, arrival: float) -> None:
        life = self._life
        with self._lock:
            self._arrivals.append(arrival)
            life.packets += 1
            life.last = packet
        if life.state is not StreamState.PLAYING:
            self._change(StreamState.PLAYING)
            self._log.info(
                "stream playing", codec=packet.stream.codec, size=f"{packet.stream.width}x{packet.stream.height}"
            )
        errors = self._watch.errors
        if errors > self._errors_told:
            self._errors_told = errors
            self._faults.tell(self._log, "packets damaged", total=errors)
