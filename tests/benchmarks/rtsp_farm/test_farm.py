import contextlib
import itertools
import json
import struct
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
import av.logging
import numpy as np
import pytest

from benchmarks.rtsp_farm.camera import Fault
from benchmarks.rtsp_farm.clips import PATTERN, ClipSpec, Codec, ensure_clip
from benchmarks.rtsp_farm.farm import FarmError, RtspFarm, spread
from benchmarks.rtsp_farm.orders import CameraOrder

SECOND = 90_000


def _open(url: str, *, transport: str = "tcp", timeout_s: float = 5.0) -> "av.container.InputContainer":
    options = {"rtsp_transport": transport, "fpsprobesize": "0"}
    return av.open(url, options=options, timeout=(timeout_s, 1.0))


def _packets(container: "av.container.InputContainer") -> Iterator["av.Packet[av.VideoStream]"]:
    return (packet for packet in container.demux(container.streams.video[0]) if packet.size)


@pytest.fixture
def farm(small: Path) -> Iterator[RtspFarm]:
    """Two small cameras."""
    with RtspFarm(spread([small], 2)) as farm:
        yield farm


@pytest.mark.parametrize(
    "spec",
    [
        ClipSpec(PATTERN, size_wh=(320, 240), gop_s=0.4, bit_rate=400_000),
        ClipSpec(PATTERN, size_wh=(320, 240), gop_s=0.4, b_frames=2, bit_rate=400_000),
        ClipSpec(PATTERN, Codec.H265, size_wh=(320, 240), gop_s=0.4, bit_rate=400_000),
        ClipSpec(PATTERN, Codec.MJPEG, size_wh=(320, 240), fps=10),
    ],
    ids=["h264", "b-frames", "h265", "mjpeg"],
)
def test_a_camera_plays_without_a_warning(folder: Path, spec: ClipSpec) -> None:
    """FFmpeg reads the stream and decodes every picture of it, in time and across the clip's end, and says nothing."""
    path = ensure_clip(folder, spec)
    with av.open(str(path)) as original:
        expected = [picture.to_ndarray(format="gray") for picture in original.decode(video=0)]
    # The camera is half a second before the end of its clip when the viewer comes, so that it plays over the end.
    phase_s = -(spec.frames / spec.fps) + 1.2
    av.logging.set_level(av.logging.WARNING)
    try:
        with (
            RtspFarm({"cam": CameraOrder(name="cam", file=str(path), phase_s=phase_s)}) as farm,
            av.logging.Capture(local=False) as said,
            _open(farm.url("cam")) as container,
        ):
            pictures = list(itertools.islice(container.decode(video=0), round(1.4 * spec.fps)))
    finally:
        av.logging.set_level(None)
    assert [line for line in said if "deprecated pixel format" not in line[2]] == []
    times = [picture.pts * picture.time_base for picture in pictures if picture.pts is not None]
    steps = {later - earlier for earlier, later in itertools.pairwise(times)}
    assert {Fraction(1, spec.fps)} == steps
    shown = [picture.to_ndarray(format="gray") for picture in pictures]
    first = min(range(len(expected)), key=lambda number: float(np.abs(expected[number] - shown[0].astype(int)).mean()))
    for number, picture in enumerate(shown):
        np.testing.assert_array_equal(expected[(first + number) % len(expected)], picture)
    assert first + len(shown) > len(expected) or spec.codec is Codec.MJPEG


def test_sender_reports_tell_when_a_picture_was_taken(farm: RtspFarm) -> None:
    """FFmpeg computes from the reports a UTC for each packet: just before its arrival."""
    with _open(farm.url("cam-001")) as container:
        offsets = []
        for packet in itertools.islice(_packets(container), 60):
            (microseconds,) = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))
            offsets.append(time.time() - microseconds / 1e6)
    assert all(0.0 < offset < 0.5 for offset in offsets[-20:]), offsets


def test_a_camera_without_reports_tells_no_time(small: Path) -> None:
    """With `reports=False` no packet has a sender's clock."""
    with RtspFarm(spread([small], 1), reports=False) as farm, _open(farm.url("cam-001")) as container:
        assert not any(packet.has_sidedata("prft") for packet in itertools.islice(_packets(container), 40))


def test_all_viewers_of_all_cameras_are_served(small: Path) -> None:
    """Several viewers, also of the same camera, each get every picture; the farm counts what it sent."""
    with RtspFarm(spread([small], 3)) as farm:
        containers = [_open(farm.url(name)) for name in ("cam-001", "cam-001", "cam-002", "cam-003")]
        for container in containers:
            times = [packet.dts for packet in itertools.islice(_packets(container), 40) if packet.dts is not None]
            assert {3600} == {later - earlier for earlier, later in itertools.pairwise(times)}
        stats = farm.stats()
        assert (stats.viewers, stats.accepted, stats.dropped) == (4, 4, 0)
        assert stats.sent >= 160
        for container in containers:
            container.close()


def test_key_frames_of_cameras_are_spread(small: Path) -> None:
    """Cameras with the same clip begin their groups at different moments, evenly."""
    phases = [order.phase_s for order in spread([small], 4).values()]
    assert phases == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_camera_that_is_down_drops_its_viewers_and_comes_back(farm: RtspFarm) -> None:
    """Its viewers lose it, new ones cannot open it, others are not touched; mended it plays again."""
    with _open(farm.url("cam-001")) as container, _open(farm.url("cam-002")) as other:
        packets = _packets(container)
        next(packets)
        farm.fail("cam-001", Fault.DOWN)
        with contextlib.suppress(av.error.FFmpegError):
            list(packets)  # ends, by an error or as a stream does
        with pytest.raises(av.error.FFmpegError):
            _open(farm.url("cam-001"))
        assert len(list(itertools.islice(_packets(other), 30))) == 30
    farm.mend("cam-001")
    with _open(farm.url("cam-001")) as container:
        assert next(_packets(container)).is_keyframe


def test_a_silent_camera_answers_nobody(farm: RtspFarm) -> None:
    """A connection is accepted and nothing is said: the viewer's own time-out ends it."""
    farm.fail("cam-001", Fault.SILENT)
    with pytest.raises(av.error.FFmpegError):
        _open(farm.url("cam-001"), timeout_s=0.5)


def test_a_frozen_camera_goes_on_in_time(farm: RtspFarm) -> None:
    """While it is frozen nothing comes; then it goes on with a key frame, as much later as the pause was long."""
    with _open(farm.url("cam-001")) as container:
        packets = _packets(container)
        list(itertools.islice(packets, 30))
        farm.fail("cam-001", Fault.FROZEN)
        began = time.monotonic()
        farm_before = farm.stats().sent
        time.sleep(0.5)
        assert farm_before == farm.stats().sent
        farm.mend("cam-001")
        last = None
        for packet in packets:
            if last is not None and packet.dts - last > 2 * 3600:
                break
            last = packet.dts
        assert packet.is_keyframe
        assert 0.5 < (packet.dts - last) / SECOND < time.monotonic() - began + 0.2


def test_a_clock_that_jumps_takes_the_timestamps_along(farm: RtspFarm) -> None:
    """After `jump` the next key frame is an hour later by its own time; `usual` brings it back."""
    with _open(farm.url("cam-001")) as container:
        packets = _packets(container)
        before = list(itertools.islice(packets, 10))[-1]
        farm.jump("cam-001", 3600.0)
        after = next(packet for packet in packets if packet.dts - before.dts > 100 * SECOND)
    assert after.is_keyframe
    assert 3600 <= (after.dts - before.dts) / SECOND < 3605


def test_a_slow_camera_sends_fewer_pictures_at_true_times(farm: RtspFarm) -> None:
    """At a fifth of its rate a 25 fps camera sends a picture every 200 ms."""
    farm.slow("cam-001", 0.2)
    with _open(farm.url("cam-001"), timeout_s=8.0) as container:
        times = [packet.dts for packet in itertools.islice(_packets(container), 6) if packet.dts is not None]
    assert {SECOND // 5} == {later - earlier for earlier, later in itertools.pairwise(times)}


def test_a_camera_changes_its_size_in_the_middle(farm: RtspFarm, folder: Path) -> None:
    """After `change` the same connection brings pictures of the other file's size."""
    other = ensure_clip(folder, ClipSpec(PATTERN, size_wh=(640, 360), gop_s=0.4, bit_rate=600_000))
    with _open(farm.url("cam-001")) as container:
        pictures = container.decode(video=0)
        assert (next(pictures).width, 240) == (320, 240)
        farm.change("cam-001", other)
        assert any(picture.width == 640 for picture in itertools.islice(pictures, 80))


def test_what_cannot_be_played_is_refused(farm: RtspFarm) -> None:
    """An unknown camera is not found, and RTP over UDP is not offered."""
    with pytest.raises(av.error.HTTPNotFoundError):
        _open(farm.url("cam-009"))
    with pytest.raises(av.error.FFmpegError):
        _open(farm.url("cam-001"), transport="udp")


def test_orders_that_make_no_sense_are_said(farm: RtspFarm, tmp_path: Path) -> None:
    """An unknown camera or a file that is not there is an error, and the farm goes on."""
    with pytest.raises(FarmError, match="no camera 'cam-009'"):
        farm.fail("cam-009")
    with pytest.raises(FarmError, match="No such file"):
        farm.change("cam-001", tmp_path / "none.mp4")
    assert farm.stats().viewers == 0


def test_a_farm_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A file that cannot be served is an error at the start."""
    with pytest.raises(FarmError, match="No such file"):
        RtspFarm({"a": CameraOrder(name="a", file=str(tmp_path / "none.mp4"))}).start()


def test_faults_are_written_down_with_their_moments(small: Path, tmp_path: Path) -> None:
    """The log holds begin and end of each fault with the wall clock, in order."""
    log = tmp_path / "truth.jsonl"
    with RtspFarm(spread([small], 1), log=log) as farm:
        farm.fail("cam-001", Fault.DOWN)
        farm.mend("cam-001")
        assert farm.stats().faults == 2
    first, second = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert (first["camera"], first["what"], first["fault"]) == ("cam-001", "fails", "down")
    assert second["what"] == "mended"
    assert first["utc"] <= second["utc"]
    assert first["monotonic_s"] <= second["monotonic_s"]
