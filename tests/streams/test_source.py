import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.decoding.decode import FrameDecoder
from streams.errors import NotAVideo, SourceUnavailable, StreamError
from streams.source import AvSource
from streams.timing.clock import StreamClock, UtcSource
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


@pytest.mark.parametrize("suffix", [".mp4", ".flv"])
def test_a_title_in_another_encoding_costs_nothing(clip: MakeClip, tmp_path: Path, suffix: str) -> None:
    """Recorders write their titles in GBK, which is not UTF-8: the pictures are read all the same."""
    title = "视频监控".encode("gbk")
    named = clip(suffix, seconds=1, title="ABCDEFGH").read_bytes()
    assert b"ABCDEFGH" in named
    path = tmp_path / f"gbk{suffix}"
    path.write_bytes(named.replace(b"ABCDEFGH", title))
    assert len(packets_of(path)) == 25


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


def test_a_file_says_when_it_was_recorded(clip: MakeClip, tmp_path: Path) -> None:
    """A replay begins at the file's creation time; without a sane one, its length before it was written."""
    told = packets_of(clip(".mp4", seconds=1, creation_time="2025-06-01T04:00:00Z"))[0].time.utc
    unset = tmp_path / "unset.mp4"
    unset.write_bytes(clip(".mp4", seconds=1, creation_time="1970-01-01T00:00:00Z").read_bytes())
    os.utime(unset, (1_750_000_000, 1_750_000_000))
    assert told == datetime(2025, 6, 1, 4, tzinfo=UTC)
    assert packets_of(unset)[0].time.utc == datetime.fromtimestamp(1_749_999_999, UTC)


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


_SDP = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:0\r\n"
)


def answer_without_pictures(server: socket.socket) -> None:
    """Describe a stream to one RTSP client and let it play, and send none of it."""
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as heard:
        for line in heard:
            method, _, rest = line.partition(b" ")
            if not rest.endswith(b"RTSP/1.0\r\n"):
                continue
            fields = dict(field.split(b": ", 1) for field in iter(heard.readline, b"\r\n"))
            body = _SDP if method == b"DESCRIBE" else b""
            head = b"CSeq: %sSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" % fields[b"CSeq"]
            sort = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(body) if body else b""
            connection.sendall(b"RTSP/1.0 200 OK\r\n" + head + sort + b"\r\n" + body)


def test_a_stream_that_is_described_and_never_sent_is_given_up_in_time() -> None:
    """Such a camera is not said to hold no video: nothing came within the open time-out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer_without_pictures, args=(server,))
        thread.start()
        settings = StreamSettings(open_timeout_s=1.0, read_timeout_s=0.5)
        camera = Camera(camera_id("cam"), "Cam", SourceUrl(f"rtsp://127.0.0.1:{server.getsockname()[1]}/x"), settings)
        with pytest.raises(SourceUnavailable, match="no stream within 1 s"):
            list(AvSource(camera, StreamClock()).packets())
        thread.join()


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
