import contextlib
import functools
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.clock import StreamClock, UtcSource
from streams.decode import FrameDecoder
from streams.errors import AccessDenied, NotAVideo, SourceLost, SourceUnavailable, StreamError
from streams.frame import Packet
from streams.source import AvSource
from tests.streams.conftest import MakeClip, file_camera, packets_of
from tests.streams.media import number_of


def test_a_file_gives_all_its_packets_and_ignores_sound(clip: MakeClip) -> None:
    """A clip with an audio track gives its 50 pictures, decodable, labelled as a file."""
    packets = packets_of(clip(".mp4", seconds=2, audio_s=2))
    stream = packets[0].stream
    assert len(packets) == 50
    assert (stream.codec, stream.width, stream.height, stream.nominal_fps) == ("h264", 320, 240, 25.0)
    assert {packet.time.source for packet in packets} == {UtcSource.FILE}
    assert [packet.is_keyframe for packet in packets[:26]] == [True, *[False] * 24, True]
    assert len({id(packet.stream) for packet in packets}) == 1


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv", ".flv", ".avi"])
def test_containers_that_gateways_record_are_read(clip: MakeClip, suffix: str) -> None:
    """MP4, TS, Matroska, FLV and AVI give the same pictures."""
    decoder = FrameDecoder(0)
    frames = [frame for packet in packets_of(clip(suffix, seconds=1)) for frame in decoder.decode(packet)]
    assert [number_of(frame.image) for frame in [*frames, *decoder.flush()]] == list(range(25))


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("missing.mp4", None, SourceUnavailable, "no such file"),
        ("empty.mp4", b"", NotAVideo, "not a video file"),
        ("text.mp4", b"this is no film\n" * 100, NotAVideo, "not a video file"),
        ("page.mp4", b"<html><body>404</body></html>\n", NotAVideo, "not a video file"),
    ],
)
def test_what_is_no_video_is_named(
    tmp_path: Path, name: str, content: bytes | None, error: type[StreamError], message: str
) -> None:
    """A missing, empty or text file named .mp4 gives one clear sentence with its name."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=rf"{name}: .*{message}"):
        packets_of(path)


def test_a_file_of_sound_alone_is_not_a_video(tmp_path: Path) -> None:
    """A sound file opens but holds no video."""
    import wave  # noqa: PLC0415 - for this test alone

    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16_000))
    with pytest.raises(NotAVideo, match="holds no video"):
        packets_of(tmp_path / "sound.wav")


def test_a_playlist_on_disk_cannot_reach_the_network(tmp_path: Path) -> None:
    """A local playlist that names an address is not followed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        playlist = tmp_path / "list.m3u8"
        playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n")
        with pytest.raises(StreamError):
            packets_of(playlist)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_file_at_its_own_pace_takes_its_time(clip: MakeClip) -> None:
    """At real pace packet n leaves n / 25 s after the first, by the clock that is passed in."""
    camera = file_camera(clip(".mp4", seconds=1), pace=Pace.REALTIME)
    begun = time.monotonic()
    left = [time.monotonic() - begun for _ in AvSource(camera, StreamClock()).packets()]
    assert len(left) == 25
    assert 0.9 < left[-1] - left[0] < 2.0
    assert all(moment - left[0] > number * 0.04 - 0.02 for number, moment in enumerate(left))


def test_a_file_at_its_own_pace_is_labelled_from_now(clip: MakeClip) -> None:
    """Played like a camera, a file's UTC runs with the wall clock, never ahead of it."""
    start = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    begun = time.monotonic()

    def now() -> datetime:
        return start + timedelta(seconds=time.monotonic() - begun)

    camera = file_camera(clip(".mp4", seconds=1, b_frames=2), pace=Pace.REALTIME)
    for packet in AvSource(camera, StreamClock(), now=now).packets():
        assert timedelta(0) <= now() - packet.time.utc < timedelta(seconds=1)


def test_a_replay_is_labelled_the_same_on_every_run(clip: MakeClip) -> None:
    """Read at free pace, a file's UTC comes from the file alone."""
    path = clip(".mp4", seconds=1)
    assert [packet.time for packet in packets_of(path)] == [packet.time for packet in packets_of(path)]


def test_a_loop_is_a_new_epoch_each_round(clip: MakeClip) -> None:
    """A looped file goes on for ever; its rounds do not compare."""
    source = AvSource(file_camera(clip(".mp4", seconds=1), loop=True), StreamClock())
    epochs = []
    for packet in source.packets():
        epochs.append(packet.time.epoch)
        if len(epochs) == 60:
            source.stop()
    assert epochs == [0] * 25 + [1] * 25 + [2] * 10


def test_stopping_ends_a_paced_file_at_once(clip: MakeClip) -> None:
    """A pause for pace does not delay the stop."""
    camera = file_camera(clip(".mp4", seconds=4, fps=1, gop=1), pace=Pace.REALTIME)
    source = AvSource(camera, StreamClock())
    threading.Timer(0.2, source.stop).start()
    begun = time.monotonic()
    assert len(list(source.packets())) == 1
    assert time.monotonic() - begun < 0.8


def test_a_change_of_size_is_a_new_stream_and_epoch(clip: MakeClip, tmp_path: Path) -> None:
    """A camera that changes its resolution gives a new `StreamInfo` with the new size, in a new epoch."""
    small = clip(".ts", seconds=1)
    large = clip(".ts", seconds=1, size=(640, 480), first_s=1.0, first_number=25)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    packets = packets_of(joined)
    sizes = [(packet.stream.width, packet.stream.height, packet.time.epoch) for packet in packets]
    assert sizes == [(320, 240, 0)] * 25 + [(640, 480, 1)] * 25
    assert packets[0].stream.extradata != packets[-1].stream.extradata
    decoder = FrameDecoder(0)
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.flush()
    assert [number_of(frame.image) for frame in frames] == list(range(50))


def test_times_rise_in_decoding_order(clip: MakeClip) -> None:
    """DTS rises strictly and no picture is shown before it is decoded."""
    packets = packets_of(clip(".mp4", seconds=2, b_frames=2))
    assert all(earlier.dts < later.dts for earlier, later in pairwise(packets))
    assert all(packet.pts >= packet.dts for packet in packets)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts and never says anything."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


@pytest.mark.parametrize("address", ["rtsp://{}/x", "http://{}/x.flv", "rtmp://{}/live/x", "http://{}/x.m3u8"])
def test_a_silent_server_is_given_up_in_time(silent_port: int, address: str) -> None:
    """A server that accepts and is silent is given up after the open time-out; the password is not told."""
    url = address.format(f"admin:geheim@127.0.0.1:{silent_port}")
    settings = StreamSettings(open_timeout_s=0.5, read_timeout_s=0.5)
    camera = Camera(camera_id("cam"), "Cam", SourceUrl(url), settings)
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"no stream within 0\.5 s") as raised:
        list(AvSource(camera, StreamClock()).packets())
    assert time.monotonic() - begun < 3
    assert "geheim" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_closed_port_is_told_without_credentials() -> None:
    """A refused connection names the address, not the password; nor does the chained error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    camera = Camera(camera_id("cam"), "Cam", SourceUrl(f"rtsp://admin:geheim@127.0.0.1:{port}/x?token=geheim"))
    with pytest.raises(SourceUnavailable, match="connection refused") as raised:
        list(AvSource(camera, StreamClock()).packets())
    assert "geheim" not in str(raised.value)
    assert f"127.0.0.1:{port}/x" in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which a web server shows it."""
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


LIVE_S = 4.0
LIVE_PIECES = 100


class QuietHandler(SimpleHTTPRequestHandler):
    """
    Serves files without telling about it.

    A path under /private wants a password; what is named live comes piece by piece over `LIVE_S`.
    """

    def do_GET(self) -> None:
        """Answer a request."""
        if self.path.startswith("/private"):
            self.send_error(401)
        elif self.path.startswith("/live"):
            self.send_response(200)
            self.end_headers()
            data = Path(self.directory, self.path[1:].partition("?")[0]).read_bytes()
            with contextlib.suppress(OSError):
                for start in range(0, len(data), len(data) // LIVE_PIECES):
                    self.wfile.write(data[start : start + len(data) // LIVE_PIECES])
                    time.sleep(LIVE_S / LIVE_PIECES)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def network_packets(url: str) -> tuple[list[Packet], StreamError]:
    """Return what a stream gives until it ends, and the error with which it ends."""
    packets: list[Packet] = []
    settings = StreamSettings(open_timeout_s=5.0, read_timeout_s=2.0)
    source = AvSource(Camera(camera_id("cam"), "Cam", SourceUrl(url), settings), StreamClock())
    with pytest.raises(StreamError) as raised:
        packets.extend(source.packets())  # keeps what came before the error
    return packets, raised.value


@pytest.mark.parametrize("suffix", [".flv", ".ts"])
def test_http_streams_are_read_until_the_server_ends_them(web: tuple[Path, str], clip: MakeClip, suffix: str) -> None:
    """HTTP-FLV and HTTP-TS give their pictures stamped by arrival; the end of a live stream is a loss."""
    folder, address = web
    (folder / f"a{suffix}").write_bytes(clip(suffix, seconds=2).read_bytes())
    packets, error = network_packets(f"{address}/a{suffix}?secret=geheim")
    assert len(packets) == 50
    assert {packet.time.source for packet in packets} == {UtcSource.ARRIVAL}
    assert isinstance(error, SourceLost)
    assert str(error) == f"{address}/a{suffix}?***: the server ended the stream"


@pytest.mark.parametrize("suffix", [".flv", ".ts"])
def test_a_live_stream_shows_its_first_picture_soon(web: tuple[Path, str], clip: MakeClip, suffix: str) -> None:
    """A live stream with sound is not searched for 5-12 s, as FFmpeg does by default, before its first packet."""
    folder, address = web
    (folder / f"live{suffix}").write_bytes(clip(suffix, seconds=4, audio_s=4).read_bytes())
    settings = StreamSettings(open_timeout_s=5.0, read_timeout_s=2.0)
    source = AvSource(Camera(camera_id("cam"), "Cam", SourceUrl(f"{address}/live{suffix}"), settings), StreamClock())
    begun = time.monotonic()
    assert next(source.packets()).is_keyframe
    assert time.monotonic() - begun < 2.5


def test_a_stream_joined_far_from_a_key_frame_is_searched_longer(web: tuple[Path, str], clip: MakeClip) -> None:
    """A TS whose first key frame comes after two seconds is read all the same."""
    folder, address = web
    whole = clip(".ts", seconds=4, gop=50).read_bytes()
    (folder / "live.ts").write_bytes(without_first_group(whole))
    settings = StreamSettings(open_timeout_s=10.0, read_timeout_s=2.0)
    source = AvSource(Camera(camera_id("cam"), "Cam", SourceUrl(f"{address}/live.ts"), settings), StreamClock())
    packets: list[Packet] = []
    with pytest.raises(SourceLost):
        packets.extend(source.packets())
    assert (packets[0].stream.width, packets[0].stream.height) == (320, 240)
    assert any(packet.is_keyframe for packet in packets)


def without_first_group(data: bytes) -> bytes:
    """Return an MPEG TS whose first key frame's packets are taken out; its tables stay."""
    pieces = [data[at : at + 188] for at in range(0, len(data), 188)]
    video = {at for at, piece in enumerate(pieces) if _pid(piece) == 0x100}
    starts = [at for at in sorted(video) if pieces[at][1] & 0x40]
    return b"".join(piece for at, piece in enumerate(pieces) if at not in video or at >= starts[1])


def _pid(piece: bytes) -> int:
    return (piece[1] & 0x1F) << 8 | piece[2]


def test_sound_that_goes_on_does_not_hide_a_dead_picture(web: tuple[Path, str], clip: MakeClip) -> None:
    """When the picture stops and the sound does not, the stream is lost after the read time-out."""
    folder, address = web
    (folder / "live.flv").write_bytes(clip(".flv", seconds=1, audio_s=60).read_bytes())
    settings = StreamSettings(open_timeout_s=5.0, read_timeout_s=0.3)
    source = AvSource(Camera(camera_id("cam"), "Cam", SourceUrl(f"{address}/live.flv"), settings), StreamClock())
    begun = time.monotonic()
    with pytest.raises(SourceLost, match=r"nothing arrived for 0\.3 s"):
        list(source.packets())
    assert time.monotonic() - begun < LIVE_S - 0.5


def test_hls_is_read(web: tuple[Path, str], clip: MakeClip) -> None:
    """A playlist of two segments gives all their pictures in one epoch."""
    folder, address = web
    for index in (0, 1):
        segment = clip(".ts", seconds=2, first_s=2.0 * index, first_number=50 * index)
        (folder / f"{index}.ts").write_bytes(segment.read_bytes())
    (folder / "list.m3u8").write_text(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n0.ts\n#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n"
    )
    packets, error = network_packets(f"{address}/list.m3u8")
    assert len(packets) == 100
    assert {packet.time.epoch for packet in packets} == {0}
    assert isinstance(error, SourceLost)


def test_a_gateway_s_refusal_is_told(web: tuple[Path, str]) -> None:
    """401 is a matter of credentials, 404 of the address."""
    _, address = web
    assert isinstance(network_packets(f"{address}/private/live.flv")[1], AccessDenied)
    assert "404" in str(network_packets(f"{address}/nothing.flv")[1])
