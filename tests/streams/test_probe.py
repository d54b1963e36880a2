from fractions import Fraction
from pathlib import Path

import pytest

from streams.camera import Pace, SourceUrl, StreamSettings
from streams.errors import NotAVideo, SourceUnavailable
from streams.probe import check_video, probe
from streams.timing.clock import UtcSource
from tests.streams.conftest import MakeClip
from tests.streams.faults import retimed_ts

FREE = StreamSettings(pace=Pace.FREE)


def test_a_file_is_described(clip: MakeClip) -> None:
    """Codec, size, rate, group length, bit rate, B-frames and clock of a clip are measured from its packets."""
    path = clip(".mp4", seconds=4, b_frames=2, audio_s=4)
    report = probe(SourceUrl(str(path)), FREE, seconds=30.0)
    assert (report.codec, report.width, report.height, report.declared_fps) == ("h264", 320, 240, 25.0)
    assert report.measured_fps == pytest.approx(25.0)
    assert report.gop_s == pytest.approx(1.0)
    assert report.longest_gop_s == pytest.approx(1.0)
    assert report.has_b_frames
    assert (report.profile, report.pixel_format, report.pixel_aspect) == ("High", "yuv420p", 1.0)
    assert (report.is_interlaced, report.sound, report.received_fps) == (False, ("aac",), 0.0)
    assert (report.time_jumps, report.times_replaced) == (0, 0)
    assert (report.packets, report.epochs, report.decode_errors) == (100, 1, 0)
    assert report.bit_rate == pytest.approx(path.stat().st_size * 8 / 4, rel=0.3)
    assert (report.clock_source, report.clock_offset_s) == (UtcSource.FILE, None)
    assert 0 < report.first_packet_s <= report.first_frame_s


@pytest.mark.parametrize(
    "options", [{"params": "interlaced=1"}, {"codec": "libx265", "params": "interlace=tff"}], ids=["mbaff", "fields"]
)
def test_fields_are_told(clip: MakeClip, options: dict[str, object]) -> None:
    """Interlaced H.264 and field-coded H.265 are told by their first picture, as are pixels that are not square."""
    report = probe(SourceUrl(str(clip(".ts", seconds=1, aspect=Fraction(12, 11), **options))), FREE, seconds=9.0)
    assert report.is_interlaced
    assert report.pixel_aspect == pytest.approx(12 / 11)


def test_faulty_times_are_counted(clip: MakeClip, tmp_path: Path) -> None:
    """Single pictures stamped hours off are replaced; times that leap for good are a jump and an epoch."""
    hours = 3 * 3600 * 90_000

    def retime(i: int, pts: int | None, dts: int | None) -> tuple[int | None, int | None]:
        off = hours * (i in {10, 20} or i >= 60)
        return (pts or 0) + off, (dts or 0) + off

    path = tmp_path / "faulty.ts"
    path.write_bytes(retimed_ts(clip(".ts", seconds=4).read_bytes(), retime))
    report = probe(SourceUrl(str(path)), FREE, seconds=9.0)
    assert (report.time_jumps, report.times_replaced, report.epochs) == (1, 2, 2)
    assert report.measured_fps == pytest.approx(25.0)


def test_a_single_picture_has_no_rate(clip: MakeClip) -> None:
    """One packet is a video without rate, group or bit rate."""
    report = probe(SourceUrl(str(clip(".mp4", seconds=0.04))), FREE, seconds=1.0)
    assert (report.packets, report.measured_fps, report.gop_s, report.bit_rate) == (1, 0.0, 0.0, 0.0)


def test_a_probe_ends_in_its_time(clip: MakeClip) -> None:
    """A looped file is read for the seconds asked for, and no longer."""
    settings = StreamSettings(loop=True)
    report = probe(SourceUrl(str(clip(".mp4", seconds=4))), settings, seconds=0.5)
    assert 8 <= report.packets <= 20


def test_what_cannot_be_probed_says_why(tmp_path: Path) -> None:
    """A missing file and a text file give their own errors, to `check_video` as well."""
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    for look in (lambda source: probe(source, FREE, 1.0), lambda source: check_video(source, FREE)):
        with pytest.raises(SourceUnavailable, match="no such file"):
            look(SourceUrl(str(tmp_path / "missing.mp4")))
        with pytest.raises(NotAVideo, match="not a video file"):
            look(SourceUrl(str(text)))


def test_an_address_of_an_unknown_kind_is_told() -> None:
    """A mistyped scheme is not looked for on disk, nor is its password shown."""
    with pytest.raises(SourceUnavailable, match=r"rtps://\*\*\*@cam/x: neither a file nor an address"):
        probe(SourceUrl("rtps://admin:geheim@cam/x"), FREE, 1.0)


def test_a_video_passes_the_check(clip: MakeClip) -> None:
    """`check_video` returns for a file with a picture."""
    check_video(SourceUrl(str(clip(".mp4", seconds=1))), FREE)
