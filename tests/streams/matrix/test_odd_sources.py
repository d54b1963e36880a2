"""Cut files, bare bitstreams, endless JPEGs, rotation and UDP through the whole chain."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.streams import faults
from tests.streams.chain import read_live, run_file
from tests.streams.conftest import MakeClip, packets_of
from tests.streams.matrix.faulty import ALL, ts_bytes


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
