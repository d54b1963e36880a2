"""
Containers: how an address or a file is opened, with its time-outs, and which of its tracks is the picture.

Errors are those of `streams.errors`: `SourceUnavailable` (`AccessDenied`), `NotAVideo`.
"""

import time
from fractions import Fraction

import av
import av.container
import av.error
from av.stream import Discard
from av.video.stream import VideoStream

from streams.camera import Camera, SourceUrl, StreamSettings
from streams.errors import AccessDenied, NotAVideo, SourceUnavailable, StreamError
from streams.frame import StreamInfo

DELAYS_S = {"rtsp": 1.0, "hls": 30.0}
DELAY_S = 3.0
"""Delays from capture to arrival to be reckoned with: HLS is three segments behind, gateways' FLV a GOP."""


def open_container(camera: Camera) -> "av.container.InputContainer":
    """Open a camera's stream; raise a `StreamError` without its credentials where that fails."""
    settings, source = camera.settings, camera.source
    if source.is_file:
        if source.has_unknown_scheme:
            raise SourceUnavailable(f"{source.redacted}: neither a file nor an address that can be read")
        check_file(source)
        return _open_once(source, settings, {"protocol_whitelist": "file"})  # a playlist may not reach into the network
    # PyAV's time-outs, held by an interrupt, come first; the sockets' own are the second line. The declared frame rate
    # is not measured: that would hold the first picture back by twenty frames.
    microseconds = str(round((max(settings.open_timeout_s, settings.read_timeout_s) + 1) * 1_000_000))
    if source.scheme in {"rtsp", "rtsps"}:
        # Video alone: with audio FFmpeg shifts every time at the first sender report (rtpdec.c).
        options = {"rtsp_transport": settings.transport.value, "allowed_media_types": "video", "timeout": microseconds}
        return _open_once(source, settings, options | {"fpsprobesize": "0"})
    # FFmpeg looks for sound that gateways announce and never send: 5-12 s on live FLV and TS. One second shows the
    # picture, unless it begins far from a key frame.
    # HLS begins at its newest segment: it is played at its own pace, and FFmpeg's third last would stay so far behind.
    options = {"rw_timeout": microseconds, "fpsprobesize": "0", "live_start_index": "-1"}
    container = _open_once(source, settings, options | {"analyzeduration": "1000000"})
    if container.streams.video and _pictures(container) is None:
        container.close()
        container = _open_once(source, settings, options | {"analyzeduration": "15000000"})
    return container


def check_file(source: SourceUrl) -> None:
    """Raise `SourceUnavailable` unless a file lies at the path of `source`."""
    if source.path.is_dir():
        raise SourceUnavailable(f"{source.redacted}: a folder, not a file")
    if not source.path.is_file():
        raise SourceUnavailable(f"{source.redacted}: no such file")


def _open_once(source: SourceUrl, settings: StreamSettings, options: dict[str, str]) -> "av.container.InputContainer":
    began = time.monotonic()
    try:
        # Titles come in any encoding, GBK among them; nobody reads them here, and none may cost the stream.
        container = av.open(
            _address(source),
            options=options,
            metadata_errors="replace",
            timeout=(settings.open_timeout_s, settings.read_timeout_s),
        )
    except av.error.FFmpegError as error:
        if time.monotonic() - began >= settings.open_timeout_s:  # FFmpeg names other reasons for its interrupted read
            raise SourceUnavailable(f"{source.redacted}: {_late(settings)}") from None
        raise _open_error(error, source, settings) from None
    if time.monotonic() - began >= settings.open_timeout_s and _pictures(container) is None:
        container.close()  # FFmpeg keeps what was announced where the wait for its first packet is interrupted
        raise SourceUnavailable(f"{source.redacted}: {_late(settings)}")
    return container


def _late(settings: StreamSettings) -> str:
    return f"no stream within {settings.open_timeout_s:g} s"


def _address(source: SourceUrl) -> str:
    """Return the address for FFmpeg; never kept in a variable, where a logged traceback would show the password."""
    return f"file:{source.path}" if source.is_file else source.reveal()


def _open_error(error: "av.error.FFmpegError", source: SourceUrl, settings: StreamSettings) -> StreamError:
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return AccessDenied(f"{source.redacted}: the server refuses the user name or password, or wants one")
    if isinstance(error, av.error.InvalidDataError) and source.is_file:
        return NotAVideo(f"{source.redacted}: not a video file")
    return SourceUnavailable(f"{source.redacted}: {reason_of(error, _late(settings))}")


def reason_of(error: "av.error.FFmpegError", timed_out: str) -> str:
    """Return what FFmpeg says, without the address it adds; `timed_out` where the read was interrupted."""
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return timed_out
    return (error.strerror or type(error).__name__).lower()


def _pictures(container: "av.container.InputContainer") -> VideoStream | None:
    """Return the first video stream whose size and decoder are known."""
    for stream in container.streams.video:
        if stream.codec_context is not None and stream.codec_context.width and stream.time_base:
            return stream
    return None


def video_stream(container: "av.container.InputContainer", source: SourceUrl) -> VideoStream:
    """Return the container's picture and have all its other tracks thrown away; raise `NotAVideo` without one."""
    chosen = _pictures(container)
    if chosen is None:
        raise NotAVideo(f"{source.redacted}: holds no video that can be read")
    for stream in container.streams:
        if stream is not chosen:
            stream.discard = Discard.all  # sound that goes on must not keep the time-out of a dead picture from running
    return chosen


def stream_info(stream: VideoStream) -> StreamInfo:
    """Return what the container says of the track."""
    context = stream.codec_context
    return StreamInfo(
        codec=context.codec.canonical_name,
        width=context.width,
        height=context.height,
        extradata=context.extradata or b"",
        time_base=stream.time_base or Fraction(1, 90_000),
        nominal_fps=float(stream.average_rate or 0),
        pixel_format=context.pix_fmt or "",
    )


def sound_of(container: "av.container.InputContainer") -> tuple[str, ...] | None:
    """Return the codecs of the sound tracks; ``None`` for RTSP, where only the picture is asked for."""
    if container.format.name == "rtsp":
        return None
    return tuple(
        stream.codec_context.name if stream.codec_context is not None else "unknown"
        for stream in container.streams.audio
    )
