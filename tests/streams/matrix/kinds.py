"""Kinds of stream that are in order, by codec and container."""

from dataclasses import dataclass, field
from fractions import Fraction


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


def pictures(kind: Kind) -> int:
    seconds, fps = kind.options.get("seconds", 2.0), kind.options.get("fps", 25)
    assert isinstance(seconds, float | int)
    assert isinstance(fps, int)
    return round(seconds * fps)
