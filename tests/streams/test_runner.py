import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace

import pytest
import structlog

from streams.board import FrameBoard
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, WatchPolicy, camera_id
from streams.errors import SourceUnavailable, StreamError
from streams.frame import Frame, Packet
from streams.runner import CameraRunner, StreamState, StreamStatus
from streams.source import PacketSource
from streams.timing.clock import StreamClock, UtcSource
from streams.watch import WatchMode, WatchReason
from tests.streams.conftest import MakeClip, file_camera, packets_of
from tests.streams.media import number_of


class ScriptedSource:
    """Plays packets, waits for `stop` if it holds, and then raises what it was told to."""

    def __init__(self, packets: list[Packet], error: StreamError | None, *, holds: bool) -> None:
        self._packets = packets
        self._error = error
        self._holds = holds
        self._stopped = threading.Event()

    def packets(self) -> Generator[Packet, None, None]:
        """Play the script."""
        yield from self._packets
        if self._holds:
            self._stopped.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the hold."""
        self._stopped.set()


class HeldSource:
    """Plays as many packets as it is told to, and holds in between."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets
        self._allowed = threading.Semaphore(0)
        self._stopped = False

    def play(self, count: int) -> None:
        """Let the next packets pass."""
        self._allowed.release(count)

    def packets(self) -> Generator[Packet, None, None]:
        """Play what is let through."""
        for packet in self._packets:
            self._allowed.acquire()
            if self._stopped:
                return
            yield packet

    def stop(self) -> None:
        """End at the next packet."""
        self._stopped = True
        self._allowed.release()


class Script:
    """Opens one `ScriptedSource` after the other; the last one again and again. Each opening is a new epoch."""

    def __init__(self, *parts: list[Packet] | StreamError, holds_at_end: bool = True) -> None:
        self._parts = parts
        self._holds_at_end = holds_at_end
        self.opened = 0

    def __call__(self, camera: Camera, _clock: StreamClock) -> PacketSource:
        """Return the next part as a source."""
        part = self._parts[min(self.opened, len(self._parts) - 1)]
        is_last = self.opened >= len(self._parts) - 1
        epoch, self.opened = self.opened, self.opened + 1
        if isinstance(part, StreamError):
            return ScriptedSource([], part, holds=False)
        packets = [replace(packet, camera_id=camera.id, time=replace(packet.time, epoch=epoch)) for packet in part]
        return ScriptedSource(packets, SourceUnavailable("gone"), holds=is_last and self._holds_at_end)


def live_camera(**settings: object) -> Camera:
    options = {"backoff_max_s": 0.01, "watch": WatchPolicy.FOCUS} | settings
    return Camera(camera_id("cam"), "Cam", SourceUrl("rtsp://127.0.0.1/x"), StreamSettings(**options))  # type: ignore[arg-type]


def wait_for(runner: CameraRunner, holds: Callable[[StreamStatus], bool], limit_s: float = 10.0) -> StreamStatus:
    """Return the first status for which `holds` is true."""
    end = time.monotonic() + limit_s
    while not holds(status := runner.snapshot()):
        assert time.monotonic() < end, status
        time.sleep(0.005)
    return status


def taken(board: FrameBoard) -> list[int]:
    """Return the numbers of the frames that wait, in the order in which they are handed out."""
    numbers = []
    while frames := board.take(1, 0):
        numbers.append(number_of(frames[0].image))
        board.done(frames[0])
    return numbers


def test_a_file_is_read_to_its_end(clip: MakeClip) -> None:
    """A replay gives every frame of the analysis rate, fills the ring and ends without an error."""
    board, seen = FrameBoard(), []
    runner = CameraRunner(file_camera(clip(".mp4", seconds=4), analysis_fps=5), board, on_packet=seen.append)
    runner.start()
    numbers = []
    while not (runner.join(0) and board.is_idle(runner.camera.id)):
        for frame in board.take(1, 0.05):
            numbers.append(number_of(frame.image))
            board.done(frame)
    status = runner.snapshot()
    assert numbers == list(range(0, 100, 5))
    assert (status.state, status.error, status.packets, status.frames_decoded) == (StreamState.ENDED, "", 100, 100)
    assert (status.codec, status.width, status.height) == ("h264", 320, 240)
    assert status.clock_source is UtcSource.FILE
    assert len(seen) == 100
    assert runner.ring.span_s == pytest.approx(3.96)


def test_a_file_that_cannot_be_read_ends_with_the_reason() -> None:
    """A missing file ends its camera at once; the reason is in its status."""
    runner = CameraRunner(file_camera("/nowhere/a.mp4"), FrameBoard())
    runner.start()
    assert runner.join(5)
    assert runner.snapshot().state is StreamState.ENDED
    assert runner.snapshot().error == "/nowhere/a.mp4: no such file"


def test_a_camera_that_is_down_at_start_is_tried_until_it_comes(clip: MakeClip) -> None:
    """Refused connections are retried for ever; when the camera comes, it plays and the error is gone."""
    down = SourceUnavailable("refused")
    script = Script(down, down, down, packets_of(clip(".mp4", seconds=1)))
    runner = CameraRunner(live_camera(), FrameBoard(), opener=script)
    assert runner.snapshot().state is StreamState.CONNECTING
    runner.start()
    status = wait_for(runner, lambda status: status.packets == 25)
    assert (status.state, status.error, status.reconnects) == (StreamState.PLAYING, "", 3)
    assert runner.stop()
    assert runner.snapshot().state is StreamState.STOPPED


def test_a_stream_that_ends_and_returns_is_picked_up(clip: MakeClip) -> None:
    """After a loss the stream goes on in a new epoch, in the same ring."""
    packets = packets_of(clip(".mp4", seconds=1))
    runner = CameraRunner(live_camera(), FrameBoard(), opener=Script(packets, SourceUnavailable("down"), packets))
    runner.start()
    status = wait_for(runner, lambda status: status.packets == 50)
    assert (status.epoch, status.reconnects, status.frames_decoded) == (2, 2, 50)
    assert len(runner.ring.cut(0, 0, 9).packets) == len(runner.ring.cut(2, 0, 9).packets) == 25
    assert runner.stop()


def test_a_camera_that_lost_packets_and_reconnects_is_on_patrol_again(clip: MakeClip) -> None:
    """Key frames that packet loss has spoilt bring focus, and the next connection's first one brings patrol back."""
    packets = packets_of(clip(".mp4", seconds=4, gop=5))
    lossy = [replace(packet, data=b"\0" * len(packet.data)) if packet.is_keyframe else packet for packet in packets]
    script = Script(lossy, packets[:25])
    camera = live_camera(watch=WatchPolicy.AUTO, patrol_interval_s=0.2)
    modes: list[tuple[int, WatchMode]] = []
    runner = CameraRunner(
        camera,
        FrameBoard(),
        opener=script,
        on_packet=lambda packet: modes.append((packet.time.epoch, runner.snapshot().mode)),
    )
    runner.start()
    status = wait_for(runner, lambda status: status.packets == 125)
    assert modes[99] == (0, WatchMode.FOCUS)
    assert (status.epoch, status.mode, status.reason) == (1, WatchMode.PATROL, WatchReason.USUAL)
    assert runner.takes_turns
    assert runner.stop()


def test_pictures_that_the_decoder_holds_are_shown_when_the_stream_is_lost(clip: MakeClip) -> None:
    """Pictures are coded out of order: the last ones come out at the loss, and not only at a file's end."""
    board = FrameBoard()
    packets = packets_of(clip(".mp4", seconds=1, b_frames=3))
    runner = CameraRunner(live_camera(analysis_fps=25.0), board, opener=Script(packets, SourceUnavailable("down")))
    runner.start()
    wait_for(runner, lambda status: status.reconnects > 1)
    shown = taken(board)
    assert runner.stop()
    assert shown == [22, 23, 24]


def test_a_lost_stream_says_why() -> None:
    """While a stream is lost its status carries the reason and the time since when."""
    runner = CameraRunner(live_camera(), FrameBoard(), opener=Script(SourceUnavailable("no route")))
    runner.start()
    first = wait_for(runner, lambda status: status.state is StreamState.LOST)
    later = wait_for(runner, lambda status: status.reconnects > 3)
    assert (later.error, later.since) == ("no route", first.since)
    assert runner.stop()


def test_stopping_does_not_wait_for_the_back_off() -> None:
    """A camera in a long pause between attempts stops at once."""
    settings = live_camera(backoff_max_s=60.0)
    runner = CameraRunner(settings, FrameBoard(), opener=Script(SourceUnavailable("down")), jitter=lambda: 1.0)
    runner.start()
    wait_for(runner, lambda status: status.state is StreamState.LOST)
    begun = time.monotonic()
    assert runner.stop()
    assert time.monotonic() - begun < 0.4


class LateBoard(FrameBoard):
    """A board at which the thread that posts first arrives late: it has other work to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.came, self.may_go_on = threading.Event(), threading.Event()

    def post(self, frame: Frame, *, is_backlog: bool = False, place: int | None = None) -> bool:
        """Wait before anything is looked at."""
        self.came.set()
        assert self.may_go_on.wait(10)
        return super().post(frame, is_backlog=is_backlog, place=place)


def test_a_late_frame_is_none_of_the_camera_that_is_watched_again(clip: MakeClip) -> None:
    """A thread that outlives its stop posts nothing to the next watch, whose clock has begun anew."""
    board = LateBoard()
    runner = CameraRunner(live_camera(), board, opener=Script(packets_of(clip(".mp4", seconds=4))))
    runner.start()
    assert board.came.wait(10)
    assert not runner.stop(0.0)
    again = CameraRunner(live_camera(), board)
    board.may_go_on.set()
    assert runner.join(10)
    assert board.posted(again.camera.id) == 0
    assert again.stop()


def test_stopping_a_camera_that_was_never_started() -> None:
    """A runner that was only built stops without a thread."""
    board = FrameBoard()
    assert CameraRunner(live_camera(), board).stop()


def test_nobody_taking_frames_does_not_hold_reading(clip: MakeClip) -> None:
    """A live camera is read to its last packet though no detector takes a frame; the loss is counted."""
    board = FrameBoard()
    script = Script(packets_of(clip(".mp4", seconds=4)))
    runner = CameraRunner(live_camera(analysis_fps=25.0), board, opener=script)
    runner.start()
    wait_for(runner, lambda status: status.packets == 100)
    assert board.dropped(runner.camera.id) == board.posted(runner.camera.id) - 1 >= 90
    assert runner.stop()


def test_a_fault_of_ours_is_survived(clip: MakeClip) -> None:
    """A listener that raises costs its camera one attempt, is logged with its traceback, and nothing more."""
    packets = packets_of(clip(".mp4", seconds=1))
    calls = []

    def fail_once(packet: Packet) -> None:
        calls.append(packet)
        if len(calls) == 10:
            raise RuntimeError("listener")

    with structlog.testing.capture_logs() as logs:
        runner = CameraRunner(live_camera(), FrameBoard(), opener=Script(packets), on_packet=fail_once)
        runner.start()
        wait_for(runner, lambda status: status.packets >= 34)
        assert runner.stop()
    assert any(entry["event"] == "camera thread failed" and entry.get("exc_info") for entry in logs)


def test_a_repeating_fault_is_logged_once_a_second() -> None:
    """A hundred refused connections in a second of the runner's clock give one line with their count."""
    ticks = iter(range(10_000_000))
    script = Script(SourceUnavailable("down"))
    with structlog.testing.capture_logs() as logs:
        runner = CameraRunner(
            live_camera(backoff_max_s=0.0), FrameBoard(), opener=script, monotonic=lambda: next(ticks) / 200
        )
        runner.start()
        wait_for(runner, lambda status: status.reconnects > 100)
        assert runner.stop()
    lost = [entry for entry in logs if entry["event"] == "stream lost"]
    counted = sum(entry["count"] for entry in lost)
    assert counted > 50
    assert len(lost) <= 2 + counted / 50
    assert {entry["error"] for entry in lost} == {"down"}


def test_received_fps_is_measured(clip: MakeClip) -> None:
    """A file that declares 25 and is played at its own pace shows what was received."""
    camera = file_camera(clip(".mp4", seconds=2), pace=Pace.REALTIME)
    runner = CameraRunner(camera, FrameBoard())
    runner.start()
    status = wait_for(runner, lambda status: status.packets >= 40)
    assert 18 < status.received_fps < 32
    assert runner.stop()


def test_patrol_posts_key_frames_and_focus_what_was_missed(clip: MakeClip) -> None:
    """A camera on patrol posts its key frames; called to focus, all since the sign, the picture shown included."""
    packets = packets_of(clip(".mp4", seconds=4))
    board, held = FrameBoard(), HeldSource(packets)
    camera = live_camera(watch=WatchPolicy.AUTO, patrol_interval_s=1.0, analysis_fps=5.0)
    runner = CameraRunner(camera, board, opener=lambda _camera, _clock: held)
    runner.start()
    held.play(36)
    first = wait_for(runner, lambda status: status.packets == 36)
    assert (first.mode, first.reason, first.frames_decoded) == (WatchMode.PATROL, WatchReason.USUAL, 2)
    seen = taken(board)
    runner.focus(WatchReason.SIGN, packets[25].time)
    held.play(20)
    last = wait_for(runner, lambda status: status.packets == 56)
    assert (last.mode, last.reason, last.gop_s) == (WatchMode.FOCUS, WatchReason.SIGN, 1.0)
    seen += taken(board)
    assert runner.stop()
    assert seen == [25, 30, 35, 40, 45, 50, 55]


def test_a_status_names_the_decoder() -> None:
    """Before and after a picture the status says what decodes."""
    assert CameraRunner(live_camera(), FrameBoard()).snapshot().decoder == "software"
