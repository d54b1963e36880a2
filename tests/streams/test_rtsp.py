"""Against a real RTSP server: what a camera does, and what it does wrong."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import av
import pytest

from streams.board import FrameBoard
from streams.camera import Camera, SourceUrl, StreamSettings, Transport, camera_id
from streams.decoding.clip import FragmentedMp4, write_mp4
from streams.errors import AccessDenied, SourceLost, SourceUnavailable
from streams.frame import Packet
from streams.probe import probe
from streams.runner import CameraRunner, StreamState, StreamStatus
from streams.source import AvSource
from streams.timing.clock import StreamClock, UtcSource, utc_now
from tests.rtsp import RtspServer
from tests.streams.conftest import MakeClip
from tests.streams.media import number_of

pytestmark = pytest.mark.e2e

StartServer = Callable[..., RtspServer]
LOOP = 100


def camera(url: str, **settings: object) -> Camera:
    options = {"open_timeout_s": 30.0, "read_timeout_s": 3.0, "backoff_max_s": 0.5} | settings
    return Camera(camera_id("cam"), "Cam", SourceUrl(url), StreamSettings(**options))  # type: ignore[arg-type]


def wait_for(runner: CameraRunner, holds: Callable[[StreamStatus], bool], limit_s: float = 20.0) -> StreamStatus:
    end = time.monotonic() + limit_s
    while not holds(status := runner.snapshot()):
        assert time.monotonic() < end, status
        time.sleep(0.02)
    return status


def received(url: str, seconds: float, **settings: object) -> list[Packet]:
    """Return what a stream sends in `seconds` of its own time."""
    packets: list[Packet] = []
    source = AvSource(camera(url, **settings), StreamClock())
    for packet in source.packets():
        packets.append(packet)
        if packet.time.pts_s - packets[0].time.pts_s >= seconds:
            source.stop()
    return packets


KINDS: dict[str, dict[str, object]] = {
    "h264": {},
    "h264-b-frames": {"b_frames": 2},
    "hevc": {"codec": "libx265", "b_frames": 2},
}


def test_what_was_streamed_is_what_is_written(rtsp_server: StartServer, clip: MakeClip, tmp_path: Path) -> None:
    """Packets from RTSP, over the loop of the server, are remuxed and play every picture in order, spaced as sent."""
    server = rtsp_server({kind: clip(".mp4", seconds=4, **options) for kind, options in KINDS.items()})
    with ThreadPoolExecutor(len(KINDS)) as pool:
        streams = list(pool.map(lambda kind: received(server.url(kind), 4.6), KINDS))
    for kind, packets in zip(KINDS, streams, strict=True):
        assert {packet.time.epoch for packet in packets} == {0}
        info = write_mp4(packets, tmp_path / f"{kind}.mp4")
        with av.open(str(info.path)) as container:
            shown = [
                (float(frame.time), number_of(frame.to_ndarray(format="bgr24"))) for frame in container.decode(video=0)
            ]
        assert len(shown) == len(packets)
        complete = shown[:-3]  # the last B-frames come after the picture that ended the reading
        numbers = [number for _, number in complete]
        assert numbers == [(numbers[0] + index) % LOOP for index in range(len(numbers))]
        assert all(later - earlier == pytest.approx(0.04, abs=0.002) for (earlier, _), (later, _) in pairwise(complete))
        tile = FragmentedMp4(packets[0].stream)
        assert sum(fragment is not None for fragment in map(tile.feed, packets)) >= 14
        assert tile.mime.startswith("video/mp4")


def test_sender_reports_give_the_clock(rtsp_server: StartServer, clip: MakeClip) -> None:
    """The server's RTCP reports become the clock's source; UTC is then within a frame or two of the wall clock."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4)})
    runner = CameraRunner(camera(server.url("cam")), FrameBoard())
    runner.start()
    status = wait_for(runner, lambda status: status.clock_source is UtcSource.RTCP)
    assert status.last_packet_utc is not None
    assert -0.01 < (utc_now() - status.last_packet_utc).total_seconds() < 1.0
    assert status.clock_offset_s is not None
    assert abs(status.clock_offset_s) < 0.5
    assert (status.epoch, status.clock_uncertainty_s < 0.5) == (0, True)
    assert runner.stop()


def test_the_first_picture_comes_quickly(rtsp_server: StartServer, clip: MakeClip) -> None:
    """A camera is on the board within three seconds of starting, beside one that is down."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4)})
    board = FrameBoard()
    down = Camera(camera_id("down"), "Down", SourceUrl("rtsp://127.0.0.1:1/x"), StreamSettings())
    runners = [CameraRunner(down, board), CameraRunner(camera(server.url("cam")), board)]
    begun = time.monotonic()
    for runner in runners:
        runner.start()
    frames = board.take(1, 10.0)
    assert time.monotonic() - begun < 3.0
    assert frames[0].camera_id == "cam"
    begun = time.monotonic()
    assert all(runner.stop() for runner in runners)
    assert time.monotonic() - begun < 1.0


def test_a_killed_server_that_returns_is_picked_up(rtsp_server: StartServer, clip: MakeClip, tmp_path: Path) -> None:
    """Loss is seen, the camera comes back by itself in a new epoch, and both epochs can be cut from the ring."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4)})
    runner = CameraRunner(camera(server.url("cam"), analysis_fps=5.0), FrameBoard())
    runner.start()
    wait_for(runner, lambda status: status.packets >= 60)
    server.kill()
    lost = wait_for(runner, lambda status: status.state is StreamState.LOST)
    assert lost.error
    server.start()
    before = runner.snapshot().packets
    back = wait_for(runner, lambda status: status.packets >= before + 60)
    assert (back.state, back.epoch, back.error) == (StreamState.PLAYING, 1, "")
    assert back.reconnects >= 1
    for epoch in (0, 1):
        cut = runner.ring.cut(epoch, 0, 1e9)
        assert {packet.time.epoch for packet in cut.packets} == {epoch}
        assert not cut.covers_end
        assert write_mp4(cut.packets, tmp_path / f"{epoch}.mp4").duration_s > 1.0
    assert runner.stop()


def test_a_server_that_dies_is_a_lost_source(rtsp_server: StartServer, clip: MakeClip) -> None:
    """A stream that stops in the middle raises `SourceLost`, without the address's password."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4)}, user="viewer", password="geheim")
    packets = AvSource(camera(server.url("cam", user="viewer", password="geheim")), StreamClock()).packets()
    for _ in range(10):
        next(packets)
    server.kill()
    with pytest.raises(SourceLost) as raised:
        list(packets)
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(("user", "password"), [("viewer", "wrong-geheim"), ("", "")])
def test_a_wrong_password_is_told_and_not_shown(
    rtsp_server: StartServer, clip: MakeClip, user: str, password: str
) -> None:
    """Wrong or missing credentials give one clear sentence that holds no credentials."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4)}, user="viewer", password="geheim")
    with pytest.raises(AccessDenied, match="refuses the user name or password") as raised:
        received(server.url("cam", user=user, password=password), 1.0)
    assert "geheim" not in str(raised.value)


def test_a_mount_that_does_not_exist_is_unavailable(rtsp_server: StartServer, clip: MakeClip) -> None:
    """A wrong path on the right server is told as not found."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4)})
    with pytest.raises(SourceUnavailable, match="404"):
        received(server.url("other"), 1.0)


def test_udp_can_be_asked_for(rtsp_server: StartServer, clip: MakeClip) -> None:
    """The same camera is read over UDP."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4)})
    packets = received(server.url("cam"), 1.0, transport=Transport.UDP)
    assert packets[0].is_keyframe
    assert len(packets) == pytest.approx(26, abs=3)


def test_probing_a_camera_tells_what_it_is(rtsp_server: StartServer, clip: MakeClip) -> None:
    """A probe reports codec, size, measured rate, GOP, clock source and the time to the first picture."""
    server = rtsp_server({"cam": clip(".mp4", seconds=4, gop=50)})
    report = probe(SourceUrl(server.url("cam")), StreamSettings(), seconds=4.5)
    assert (report.codec, report.width, report.height) == ("h264", 320, 240)
    assert report.measured_fps == pytest.approx(25, abs=1)
    assert report.gop_s == pytest.approx(2.0, abs=0.1)
    assert report.clock_source is UtcSource.RTCP
    assert 0 < report.first_frame_s < 3
    assert report.bit_rate > 10_000
    assert (report.received_fps, report.sound) == (pytest.approx(25, abs=2), None)


PARAMETERS = {
    "another size": ({}, {"size": (640, 480)}),
    "another codec": ({}, {"codec": "libx265"}),
}


@pytest.mark.parametrize("what", PARAMETERS)
def test_a_camera_that_returns_with_other_parameters_is_a_new_stream(
    rtsp_server: StartServer, clip: MakeClip, tmp_path: Path, what: str
) -> None:
    """After a restart with another size or codec the camera is read on; both sides of it play as clips."""
    before, after = (clip(".mp4", seconds=4, **options) for options in PARAMETERS[what])
    path = tmp_path / "cam.mp4"
    path.write_bytes(before.read_bytes())
    server = rtsp_server({"cam": path})
    packets: list[Packet] = []
    runner = CameraRunner(camera(server.url("cam")), FrameBoard(), on_packet=packets.append)
    runner.start()
    wait_for(runner, lambda status: status.packets >= 30)
    server.kill()
    path.write_bytes(after.read_bytes())
    server.start()
    count = runner.snapshot().packets
    status = wait_for(runner, lambda status: status.packets >= count + 60 and status.epoch > 0)
    assert runner.stop()
    streams = {packet.time.epoch: packet.stream for packet in packets}
    first, last = streams[0], streams[status.epoch]
    assert (first.codec, first.width) == ("h264", 320)
    assert (last.codec, last.width) == ("hevc" if "codec" in what else "h264", 640 if "size" in what else 320)
    for epoch, stream in ((0, first), (status.epoch, last)):
        info = write_mp4(runner.ring.cut(epoch, 0, 1e9).packets, tmp_path / f"{epoch}.mp4")
        with av.open(str(info.path)) as container:
            shown = [number_of(frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]
            assert container.streams.video[0].codec_context.width == stream.width
        assert shown == [(shown[0] + index) % LOOP for index in range(len(shown))]
