"""The matrix of codecs, formats and faults: what cameras, recorders and gateways send, through the whole chain."""

import functools
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.camera import StreamSettings, WatchPolicy
from streams.errors import ClipError
from streams.ring import PacketRing
from streams.watch import Watch, WatchMode, WatchReason
from tests.streams import faults
from tests.streams.chain import Chain, play_tile, read_live, run_file
from tests.streams.conftest import MakeClip, packets_of
from tests.streams.media import number_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "streams.md"


@dataclass(frozen=True)
class Kind:
    """
    One kind of stream that is in order.

    Attributes:
        options: of `tests.streams.media.make_clip`.

        codec: FFmpeg's name.

        tile: how the live tile's type begins; ``video/x-CODEC`` where no browser plays it and the wall shows snapshots.

        clip: MP4 can hold it.

        alone: each key frame can be decoded by itself.
    """

    suffix: str
    options: dict[str, object] = field(default_factory=dict)
    codec: str = "h264"
    tile: str = 'video/mp4; codecs="avc1.'
    clip: bool = True
    alone: bool = True


def h264(suffix: str = ".mp4", **options: object) -> Kind:
    return Kind(suffix, options)


def hevc(suffix: str = ".mp4", **options: object) -> Kind:
    return Kind(suffix, {"codec": "libx265"} | options, "hevc", 'video/mp4; codecs="hvc1.')


def other(codec: str, encoder: str, suffix: str, *, tile: str = "", clip: bool = True, **options: object) -> Kind:
    return Kind(suffix, {"codec": encoder} | options, codec, tile or f"video/x-{codec}", clip)


KINDS = {
    "h264": h264(),
    "h264-annex-b": h264(".ts"),
    "h264-matroska": h264(".mkv"),
    "h264-flv": h264(".flv"),
    "h264-b-frames": h264(b_frames=3, params="b-pyramid=normal"),
    "h264-open-gop": h264(".ts", b_frames=3, params="open-gop=1:b-adapt=0"),
    "h264-mbaff": h264(params="interlaced=1"),
    "h264-intra-refresh": Kind(".ts", {"params": "intra-refresh=1:keyint=25"}, alone=False),
    "h264-10-bit": h264(pixel_format="yuv420p10le"),
    "h264-4:2:2": h264(pixel_format="yuv422p"),
    "h264-4:4:4-odd-size": h264(pixel_format="yuv444p", size=(853, 479), seconds=1),
    "h264-full-range": h264(pixel_format="yuvj420p"),
    "h264-grey": h264(pixel_format="gray"),
    "h264-gop-1": h264(gop=1),
    "h264-gop-300": h264(gop=300, seconds=13, size=(256, 64)),
    "h264-8-fps": h264(fps=8, gop=16, seconds=4),
    "h264-50-fps": h264(fps=50, gop=50),
    "h264-variable-rate": h264(fps=100, ticks=tuple(i * 4 + i % 3 for i in range(100)), seconds=1),
    "h264-negative-start": h264(b_frames=2, first_s=-0.6),
    "h264-854x478": h264(size=(854, 478), seconds=1),
    "h264-322x242": h264(".ts", size=(322, 242)),
    "h264-tiny": h264(size=(64, 48)),
    "h264-1080p": h264(size=(1920, 1080), fps=12, seconds=0.5),
    "h264-4k": h264(size=(3840, 2160), fps=8, seconds=0.5),
    "h264-non-square-pixels": h264(aspect=Fraction(12, 11)),
    "h264-sound-first": h264(".ts", audio_s=2.0, audio_first=True),
    "h264-sound-after": h264(audio_s=2.0),
    "h264-sound-and-data": h264(".ts", audio_s=2.0, audio_first=True, has_data=True),
    "h265": hevc(),
    "h265-annex-b": hevc(".ts", b_frames=3),
    "h265-flv": hevc(".flv"),
    "h265-open-gop": hevc(".ts", b_frames=3, params="open-gop=1:b-adapt=0"),
    "h265-fields": hevc(".ts", params="interlace=tff"),
    "h265-10-bit": hevc(pixel_format="yuv420p10le"),
    "h265-grey": hevc(pixel_format="gray"),
    "h265-322x242": hevc(size=(322, 242)),
    "h265-4k": hevc(size=(3840, 2160), fps=8, seconds=0.5),
    "mjpeg": other("mjpeg", "mjpeg", ".avi"),
    "mjpeg-4:2:2": other("mjpeg", "mjpeg", ".mkv", pixel_format="yuvj422p"),
    "mjpeg-odd-size": other("mjpeg", "mjpeg", ".avi", size=(853, 479), seconds=1),
    "mpeg-4": other("mpeg4", "mpeg4", ".avi"),
    "mpeg-4-b-frames": other("mpeg4", "mpeg4", ".mp4", b_frames=2),
    "mpeg-2-b-frames": other("mpeg2video", "mpeg2video", ".ts", b_frames=2),
    "vp8": other("vp8", "libvpx", ".webm", clip=False),
    "vp9-odd-size": other("vp9", "libvpx-vp9", ".webm", clip=False, size=(853, 479), seconds=1),
    "av1": other("av1", "libsvtav1", ".mp4", tile='video/mp4; codecs="av01.0.'),
}


@pytest.fixture(scope="session")
def chains(clip: MakeClip) -> Callable[[str], Chain]:
    """A function that runs a kind through the chain, once."""

    @functools.cache
    def run(name: str) -> Chain:
        return run_file(clip(KINDS[name].suffix, **({"seconds": 2.0} | KINDS[name].options)))

    return run


def pictures(kind: Kind) -> int:
    seconds, fps = kind.options.get("seconds", 2.0), kind.options.get("fps", 25)
    assert isinstance(seconds, float | int)
    assert isinstance(fps, int)
    return round(seconds * fps)


def test_the_page_of_streams_has_a_row_for_each() -> None:
    """docs/streams.md tells of every kind and fault of the matrix, and of no other."""
    told = set(re.findall(r"^\| `([\w:-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == {*KINDS, *FAULTS, *DAMAGE}


@pytest.mark.parametrize("name", KINDS)
def test_every_picture_is_decoded_once(chains: Callable[[str], Chain], name: str) -> None:
    """All pictures come in order, in the stream's own size, in one epoch, with times that rise, none damaged."""
    kind, chain = KINDS[name], chains(name)
    width, height = kind.options.get("size", (320, 240))  # type: ignore[misc]  # a size is two integers
    assert chain.error == ""
    assert {packet.stream.codec for packet, _ in chain.packets} == {kind.codec}
    assert {(packet.stream.width, packet.stream.height) for packet, _ in chain.packets} == {(width, height)}
    assert (chain.numbers, chain.errors) == (list(range(pictures(kind))), 0)
    assert {frame.source_wh for frame in chain.frames} == {(width, height)}
    assert chain.epochs == [pictures(kind)]
    chain.check_times()


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.alone])
def test_key_frames_are_decoded_by_themselves(chains: Callable[[str], Chain], name: str) -> None:
    """Patrol gives the very pictures of the key frames, and no other."""
    chains(name).check_patrol()


@pytest.mark.parametrize("policy", [WatchPolicy.AUTO, WatchPolicy.PATROL])
def test_a_camera_that_refreshes_line_by_line_is_watched_in_focus(clip: MakeClip, policy: WatchPolicy) -> None:
    """Recovery points that give no picture by themselves end a patrol, whatever the policy: it would see nothing."""
    packets = packets_of(clip(".ts", seconds=8.0, gop=25, params="intra-refresh=1:keyint=25"))
    ring = PacketRing(60, 1 << 30)
    watch = Watch(StreamSettings(watch=policy, patrol_interval_s=1.0), ring)
    frames = []
    for packet in packets:
        ring.append(packet)
        frames += watch.frames(packet)
    assert (watch.status().mode, watch.status().reason) == (WatchMode.FOCUS, WatchReason.LONG_GOP)
    assert [number_of(frame.image) for frame in frames] == [0, 93, 106, 118, 131, 143, 156, 168, 181, 193]


@pytest.mark.parametrize("name", KINDS)
def test_what_the_ring_holds_plays_as_a_clip(chains: Callable[[str], Chain], tmp_path: Path, name: str) -> None:
    """The ring's packets in MP4 give the same pictures at the same times; what MP4 cannot hold is refused."""
    if KINDS[name].clip:
        assert chains(name).check_clips(tmp_path) == 1
    else:
        with pytest.raises(ClipError, match=f"cannot write {KINDS[name].codec} as MP4"):
            chains(name).check_clips(tmp_path)


@pytest.mark.parametrize("name", KINDS)
def test_a_live_tile_plays_or_says_that_it_cannot(chains: Callable[[str], Chain], name: str) -> None:
    """The tile's fragments play from the first key frame and have the codec's own type, or none is named."""
    kind, packets = KINDS[name], [packet for packet, _ in chains(name).packets]
    if not kind.clip:
        with pytest.raises(ClipError, match=f"cannot write {kind.codec} as fragmented MP4"):
            play_tile(packets)
        return
    mime, numbers = play_tile(packets)
    assert mime.startswith(kind.tile)
    assert len(numbers) >= max(2, len(packets) - 16)  # the last fragment is not yet whole
    complete = numbers[:-3]  # B-frames of the last pictures come after them
    assert complete == list(range(len(complete)))


HOUR = 3600 * 90_000
FRAME = 3600
WRAP_33 = 1 << 33


@dataclass(frozen=True)
class Fault:
    """
    A stream with a fault: five seconds of 25 pictures a second with a key frame a second, or less.

    Attributes:
        make: its bytes, from good clips.

        name: of the file that the web server offers.

        epochs: packets in each epoch; not looked at where None.

        numbers: of the pictures that must be decoded, all and no other.

        glitches: packets whose times were replaced.

        damaged: damage must be counted, and none where it is False.
    """

    make: Callable[[MakeClip], bytes]
    epochs: list[int] | None
    numbers: list[int]
    glitches: int = 0
    damaged: bool = False
    name: str = "a.ts"


def timed(retime: faults.Retime, **options: object) -> Callable[[MakeClip], bytes]:
    """Return an MPEG-TS with other times."""
    return lambda clip: faults.retimed_ts(clip(".ts", seconds=5.0, **options).read_bytes(), retime)


def shifted(ticks_of: Callable[[int], int], **options: object) -> Callable[[MakeClip], bytes]:
    """Return an MPEG-TS whose picture i has both times moved by ``ticks_of(i)``."""

    def retime(i: int, pts: int | None, dts: int | None) -> tuple[int | None, int | None]:
        assert pts is not None
        assert dts is not None
        return pts + ticks_of(i), dts + ticks_of(i)

    return timed(retime, **options)


def flv(retime: Callable[[int, int], int]) -> Callable[[MakeClip], bytes]:
    """Return an FLV with other times, in ms."""
    return lambda clip: faults.retimed_flv(clip(".flv", seconds=5.0).read_bytes(), retime)


def ts_bytes(clip: MakeClip, **options: object) -> bytes:
    return clip(".ts", **({"seconds": 5.0} | options)).read_bytes()


ALL = list(range(125))
B: dict[str, object] = {"b_frames": 2, "params": "b-adapt=0"}


def then(clip: MakeClip, first: dict[str, object], second: dict[str, object]) -> bytes:
    """Return two seconds of an MPEG-TS that goes on with others."""
    later: dict[str, object] = {"seconds": 2, "first_s": 2.0, "first_number": 50}
    return ts_bytes(clip, seconds=2, **first) + ts_bytes(clip, **(later | second))


FAULTS = {
    "no-times": Fault(timed(lambda _i, _p, _d: (None, None)), [125], ALL, 125),
    "times-on-every-fifth": Fault(timed(lambda i, p, d: (None, None) if i % 5 else (p, d)), [125], ALL, 100),
    "no-dts-b-frames": Fault(
        timed(lambda _i, p, _d: (p, None), **B), [125], [n for n in ALL if n != 3], 1, damaged=True
    ),
    "zero-times": Fault(timed(lambda _i, _p, _d: (0, 0)), [125], ALL, 124),
    "times-stop": Fault(timed(lambda i, p, d: (p, d) if i < 60 else (59 * FRAME, 59 * FRAME)), [125], ALL, 65),
    "hours-ahead-at-a-key-frame": Fault(shifted(lambda i: 3 * HOUR * (i >= 50)), [50, 75], ALL),
    "hours-ahead-between": Fault(shifted(lambda i: 3 * HOUR * (i >= 56)), [56, 69], ALL),
    "hours-ahead-b-frames": Fault(shifted(lambda i: 3 * HOUR * (i >= 50), **B), [50, 75], ALL),
    "hours-back-between": Fault(shifted(lambda i: 3 * HOUR * (i < 56)), [56, 69], ALL),
    "single-pictures-hours-off": Fault(shifted(lambda i: 3 * HOUR * (i % 40 == 20)), [125], ALL, 3),
    "a-key-frame-hours-off": Fault(shifted(lambda i: 10 * HOUR * (i == 50)), [125], ALL, 1),
    "33-bit-wrap": Fault(shifted(lambda _: WRAP_33 - 60 * FRAME), [125], ALL),
    "33-bit-wrap-b-frames": Fault(shifted(lambda _: WRAP_33 - 60 * FRAME, **B), [125], ALL),
    "repeated-times": Fault(shifted(lambda i: -FRAME * (i % 7 == 6)), [125], ALL, 17),
    "unordered-dts": Fault(timed(lambda i, p, d: (p, (d or 0) - 3 * FRAME * (i % 9 == 5)), **B), [125], ALL),
    "flv-zero-times": Fault(flv(lambda _i, _ms: 0), [125], ALL, 124, name="a.flv"),
    "flv-32-bit-wrap": Fault(flv(lambda _i, ms: ms + (1 << 32) - 2400), [125], ALL, name="a.flv"),
    "flv-hours-ahead": Fault(flv(lambda i, ms: ms + 10_000_000 * (i >= 56)), [56, 69], ALL, name="a.flv"),
    "begins-between-key-frames": Fault(lambda clip: faults.without_first_pictures(ts_bytes(clip), 10), [115], ALL[25:]),
    "begins-between-key-frames-h265": Fault(
        lambda clip: faults.without_first_pictures(ts_bytes(clip, codec="libx265", seconds=2), 10), [40], ALL[25:50]
    ),
    "another-size": Fault(lambda clip: then(clip, {}, {"size": (640, 480)}), [50, 50], ALL[:100]),
    "another-size-h265": Fault(
        lambda clip: then(clip, {"codec": "libx265"}, {"codec": "libx265", "size": (640, 480)}), [50, 50], ALL[:100]
    ),
    "another-size-and-times": Fault(
        lambda clip: then(clip, {}, {"size": (640, 480), "first_s": 0.0}), [50, 50], ALL[:100]
    ),
    "flv-h265-of-old-gateways": Fault(
        lambda clip: faults.legacy_hevc_flv(clip(".flv", codec="libx265", seconds=5.0).read_bytes()),
        [125],
        ALL,
        name="a.flv",
    ),
    "h265-becomes-h264": Fault(lambda clip: then(clip, {"codec": "libx265"}, {}), [49, 50], [*ALL[:48], *ALL[50:100]]),
}


class _Web(SimpleHTTPRequestHandler):
    """Serves a folder; what ends in .mjpeg as a camera's multipart answer."""

    def guess_type(self, path: object) -> str:
        """Return the type of a file."""
        return "multipart/x-mixed-replace; boundary=frame" if str(path).endswith(".mjpeg") else "video/mp2t"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, bytes], str]]:
    """A function that offers bytes under a name and returns their address."""
    folder = tmp_path_factory.mktemp("web")
    handler = functools.partial(_Web, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()

        def offer(name: str, data: bytes) -> str:
            (folder / name).write_bytes(data)
            return f"http://127.0.0.1:{server.server_address[1]}/{name}"

        yield offer
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_what_it_must_and_no_more(
    web: Callable[[str, bytes], str], clip: MakeClip, tmp_path: Path, name: str
) -> None:
    """Epochs rise where times do not compare and only there; pictures, times and damage are as the table says."""
    fault = FAULTS[name]
    chain = read_live(web(fault.name, fault.make(clip)))
    assert chain.error.endswith("the server ended the stream")
    assert chain.numbers == fault.numbers
    if fault.epochs is not None:
        assert chain.epochs == fault.epochs
    assert chain.clock is not None
    assert chain.clock.glitches == fault.glitches
    assert bool(chain.errors) == fault.damaged
    chain.check_times()
    chain.check_clips(tmp_path)
    chain.check_patrol()
    chain.check_tiles()


def test_h264_that_becomes_h265_is_h265_at_its_second_key_frame(
    web: Callable[[str, bytes], str], clip: MakeClip
) -> None:
    """FFmpeg joins the last H.264 picture and the first H.265 one: that group is damage, the next is a new stream."""
    data = then(clip, {}, {"codec": "libx265", "seconds": 3})
    chain = read_live(web("a.ts", data))
    assert (chain.numbers[:48], chain.numbers[-50:]) == (ALL[:48], ALL[75:125])
    assert {packet.stream.codec for packet, _ in chain.packets[-50:]} == {"hevc"}
    assert chain.epochs[-1] == 50
    assert chain.errors > 0
    chain.check_times()


DAMAGE = {
    "bit-errors-ts": ("a.ts", lambda clip: faults.with_bit_errors(ts_bytes(clip), 40)),
    "bit-errors-flv": ("a.flv", lambda clip: faults.with_bit_errors(clip(".flv", seconds=5.0).read_bytes(), 40)),
    "lost-ts-packets": ("a.ts", lambda clip: faults.with_lost_packets(ts_bytes(clip), 0.05)),
    "lost-ts-packets-h265": ("a.ts", lambda clip: faults.with_lost_packets(ts_bytes(clip, codec="libx265"), 0.05)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_counted_and_survived(
    web: Callable[[str, bytes], str], clip: MakeClip, tmp_path: Path, name: str
) -> None:
    """Bit errors and lost packets cost pictures, which are counted; times hold and the rest plays as a clip."""
    file, make = DAMAGE[name]
    chain = read_live(web(file, make(clip)))
    assert chain.errors > 0
    assert 25 <= len(chain.frames) < 125
    chain.check_times()
    chain.check_clips(tmp_path, intact=False)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".ts", "libx264"), (".flv", "libx264"), (".mkv", "libx264"), (".avi", "mjpeg")]
)
def test_a_cut_file_gives_what_it_holds(clip: MakeClip, tmp_path: Path, suffix: str, codec: str) -> None:
    """A recording that ends in the middle of a picture gives all pictures before."""
    whole = clip(suffix, codec=codec, seconds=2.0).read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: len(whole) // 2 + 3])
    chain = run_file(path)
    assert chain.numbers == ALL[: len(chain.numbers)]
    assert len(chain.numbers) >= 15
    assert chain.errors <= 1


def test_an_mp4_without_its_table_says_so(clip: MakeClip, tmp_path: Path) -> None:
    """An MP4 whose recorder lost power before it wrote the table holds no picture that can be found."""
    path = tmp_path / "cut.mp4"
    whole = clip(".mp4", seconds=2.0).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "not a video file" in run_file(path).error


@pytest.mark.parametrize("what", ["flv-without-header", "ts-without-parameter-sets"])
def test_a_stream_without_parameters_is_told(web: Callable[[str, bytes], str], clip: MakeClip, what: str) -> None:
    """Where neither the container nor the packets say what the pictures are, the address holds no video."""
    if what == "flv-without-header":
        data = clip(".flv", seconds=2.0).read_bytes()
        url = web("a.flv", data[:13] + b"".join(tag for tag in faults.flv_tags(data) if tag[0] != 9 or tag[12] != 0))
    else:
        url = web("a.ts", faults.without_first_pictures(ts_bytes(clip, seconds=2.0, gop=1000), 10))
    assert read_live(url).error.endswith("holds no video that can be read")


def test_turned_pictures_stay_as_they_were_coded(clip: MakeClip, tmp_path: Path) -> None:
    """A rotation in the container is not applied, in frames and clips alike: boxes are in coded pixels."""
    path = tmp_path / "turned.mp4"
    path.write_bytes(faults.rotated_mp4(clip(".mp4", seconds=1.0).read_bytes()))
    chain = run_file(path)
    assert chain.numbers == ALL[:25]
    assert {frame.image_wh for frame in chain.frames} == {(320, 240)}
    chain.check_clips(tmp_path)


def test_a_web_camera_s_endless_jpegs_are_a_stream(web: Callable[[str, bytes], str], clip: MakeClip) -> None:
    """``multipart/x-mixed-replace``: no times at all, so they come from the arrivals."""
    jpegs = [packet.data for packet in packets_of(clip(".avi", codec="mjpeg", seconds=2.0))]
    chain = read_live(web("a.mjpeg", faults.multipart(jpegs)), step_s=0.5)
    assert chain.numbers == ALL[: len(chain.numbers)]
    assert len(chain.numbers) >= 48
    packets = [packet for packet, _ in chain.packets]
    assert packets[-1].time.seconds_since(packets[0].time) == pytest.approx((len(packets) - 1) * 0.5, abs=0.6)
    chain.check_times()


@pytest.mark.parametrize(("suffix", "fmt", "codec"), [(".h264", "h264", "libx264"), (".h265", "hevc", "libx265")])
def test_a_bare_bitstream_is_paced_by_its_rate(clip: MakeClip, suffix: str, fmt: str, codec: str) -> None:
    """A recorder's dump without container has no times: its declared rate gives them."""
    chain = run_file(clip(suffix, codec=codec, container_format=fmt, seconds=2.0))
    assert chain.numbers == ALL[:50]
    assert [round(float(frame.time.pts_s) * 25) for frame in chain.frames] == list(range(50))


def test_b_frames_without_presentation_times_lose_pictures_but_not_their_order(clip: MakeClip) -> None:
    """AVI and bare bitstreams with B-frames: times are in decoding order, and pictures out of order are left out."""
    for suffix, fmt in ((".avi", None), (".h264", "h264")):
        chain = run_file(clip(suffix, container_format=fmt, seconds=2.0, **B))
        assert 25 <= len(chain.frames) < 50
        assert chain.numbers == sorted(set(chain.numbers))
        chain.check_times()


def test_a_stream_over_udp_is_read(clip: MakeClip) -> None:
    """MPEG-TS in datagrams, joined while it runs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pieces = faults.ts_packets(ts_bytes(clip))
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for at in range(0, len(pieces), 7):
                sender.sendto(b"".join(pieces[at : at + 7]), ("127.0.0.1", port))
                if stop.wait(3.0 / len(pieces) * 7):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    chain = read_live(f"udp://127.0.0.1:{port}", count=60)
    stop.set()
    thread.join()
    assert len(chain.packets) == 60
    assert chain.numbers == list(range(chain.numbers[0], chain.numbers[0] + len(chain.numbers)))
    assert chain.epochs == [60]
    chain.check_times()
