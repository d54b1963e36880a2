"""Streams over HTTP, as media gateways offer them: FLV, TS and HLS."""

import contextlib
import functools
import itertools
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.camera import Camera, SourceUrl, StreamSettings, camera_id
from streams.errors import AccessDenied, SourceLost, StreamError
from streams.frame import Packet
from streams.source import AvSource
from streams.timing.clock import StreamClock, UtcSource, utc_now
from streams.timing.pacing import HURRY
from tests.streams.conftest import MakeClip


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
    """When the picture stops and the sound does not, the read time-out ends the stream, not the server's end."""
    folder, address = web
    (folder / "live.flv").write_bytes(clip(".flv", seconds=1, audio_s=60).read_bytes())
    settings = StreamSettings(open_timeout_s=5.0, read_timeout_s=0.3)
    source = AvSource(Camera(camera_id("cam"), "Cam", SourceUrl(f"{address}/live.flv"), settings), StreamClock())
    with pytest.raises(SourceLost, match=r"nothing arrived for 0\.3 s"):
        list(source.packets())


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


def live_playlist(folder: Path, clip: MakeClip, segments: int, segment_s: int) -> None:
    """Write a playlist as a live server has it at one moment: the last segments, and no end."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{segment_s}", "#EXT-X-MEDIA-SEQUENCE:7"]
    for index in range(segments):
        first = index * segment_s
        segment = clip(".ts", seconds=segment_s, first_s=float(first), first_number=25 * first)
        (folder / f"{index}.ts").write_bytes(segment.read_bytes())
        lines += [f"#EXTINF:{segment_s},", f"{index}.ts"]
    (folder / "window.m3u8").write_text("\n".join(lines) + "\n")


class Watch:
    """Notes when each packet was let go, and what it says of itself."""

    def __init__(self, url: str) -> None:
        self.settings = StreamSettings(open_timeout_s=5.0, read_timeout_s=1.0)
        self.source = AvSource(Camera(camera_id("cam"), "Cam", SourceUrl(url), self.settings), StreamClock())
        self.seen: list[tuple[float, Packet]] = []
        self.late = 0

    def run(self) -> None:
        """Read until the server has nothing new."""
        with contextlib.suppress(SourceLost):
            for packet in self.source.packets():
                self.seen.append((time.monotonic(), packet))
                self.late += packet.time.utc > utc_now()


def test_a_segment_is_spread_over_its_duration(web: tuple[Path, str], clip: MakeClip) -> None:
    """The newest segment of a live playlist, read at once, leaves picture by picture; UTC rises with PTS until now."""
    folder, address = web
    live_playlist(folder, clip, segments=3, segment_s=4)
    watch = Watch(f"{address}/window.m3u8?token=geheim")
    watch.run()
    times = [at for at, _ in watch.seen[:-2]]  # the demuxer keeps the last two until more comes
    packets = [packet for _, packet in watch.seen]
    assert len(packets) == 100
    assert (min(packet.pts for packet in packets) - 8 * 90_000) / 90_000 < 2.0
    assert 4.0 / HURRY - 0.5 < times[-1] - times[0] < 4.6
    assert max(after - before for before, after in itertools.pairwise(times)) < 0.5
    assert {packet.time.epoch for packet in packets} == {0}
    utc = [packet.time.utc for packet in sorted(packets, key=lambda packet: packet.pts)]
    assert 3.0 < (utc[-1] - utc[0]).total_seconds() < 4.6
    assert watch.late == 0


def test_stopping_ends_a_spread_segment_at_once(web: tuple[Path, str], clip: MakeClip) -> None:
    """A pause between two pictures of a burst does not delay the stop."""
    folder, address = web
    live_playlist(folder, clip, segments=1, segment_s=4)
    watch = Watch(f"{address}/window.m3u8")
    packets = watch.source.packets()
    next(packets)
    watch.source.stop()
    assert list(packets) == []


def test_a_gateway_s_refusal_is_told(web: tuple[Path, str]) -> None:
    """401 is a matter of credentials, 404 of the address."""
    _, address = web
    assert isinstance(network_packets(f"{address}/private/live.flv")[1], AccessDenied)
    assert "404" in str(network_packets(f"{address}/nothing.flv")[1])
