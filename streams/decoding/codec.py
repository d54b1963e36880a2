"""Decoders: FFmpeg's for a stream's codec, on a device where one is asked for and works, else on the processor."""

from typing import Any

import av
import av.error
import structlog
from av import VideoCodecContext
from av.codec.hwaccel import HWAccel, hwdevices_available

from streams.camera import Hwaccel
from streams.errors import NotAVideo
from streams.frame import Packet, StreamInfo

log = structlog.get_logger(__name__)

SOFTWARE = "software"

_DECODERS = {"av1": "libdav1d"}
"""Where FFmpeg's first choice is not a decoder: its own ``av1`` only drives devices."""


class DecoderMaker:
    """
    Opens one camera's decoders, on the device asked for while that can be had.

    A device that fails once is not tried again: opening it costs a second on some drivers. `name` says what decodes.
    """

    def __init__(self, hwaccel: Hwaccel = Hwaccel.NONE, *, threads: int = 1) -> None:
        """`threads` above one decode several pictures at once and hold as many back; they need no device."""
        self._wanted = hwaccel
        self._threads = threads
        self._given_up = hwaccel is Hwaccel.NONE
        self._name = SOFTWARE

    @property
    def name(self) -> str:
        """``software``, the device (``cuda``), or ``software`` with the reason why it is not the device asked for."""
        return self._name

    @property
    def is_hardware(self) -> bool:
        """Whether the decoders opened last run on a device, where opening one is dear."""
        return not self._name.startswith(SOFTWARE)

    def open(self, stream: StreamInfo, *, is_coarse: bool = False) -> VideoCodecContext:
        """
        Return a decoder for the stream; raise `NotAVideo` where FFmpeg has none.

        With `is_coarse` the processor leaves H.264's loop filter out, for single pictures that are scaled down at once:
        an eighth of the time, and nothing that a detector sees (docs/decisions/0012).
        """
        while not self._given_up:
            device = self._device()
            try:
                context = self._context(stream, HWAccel(device, allow_software_fallback=False))
                context.open(strict=False)
            except (av.error.FFmpegError, NotImplementedError) as error:
                self._give_up(f"{device}: {getattr(error, 'strerror', '') or error}")
                continue
            if context.is_hwaccel:
                self._name = device
                return context
            self._give_up(f"{device}: not for {stream.codec} in this build of FFmpeg")
        context = self._context(stream, None)
        if is_coarse and stream.codec == "h264":
            context.options = {"skip_loop_filter": "all"}
        return context

    def fall_back(self, reason: str) -> None:
        """Decode on the processor from the next `open` on: the device opened but cannot decode the stream."""
        self._give_up(f"{self._name}: {reason}")

    def _device(self) -> str:
        if self._wanted is not Hwaccel.AUTO:
            return self._wanted.value
        return next((name for name in ("cuda", "vaapi") if name in hwdevices_available()), "cuda")

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        self._name = f"{SOFTWARE} ({reason.lower()})"
        log.warning("hardware decoding is not available; the processor decodes", reason=reason)

    def _context(self, stream: StreamInfo, hwaccel: HWAccel | None) -> VideoCodecContext:
        try:
            name = stream.codec if hwaccel is not None else _DECODERS.get(stream.codec, stream.codec)
            context = av.CodecContext.create(name, "r", hwaccel=hwaccel)
        except ValueError:
            raise NotAVideo(f"no decoder for {stream.codec}") from None
        if not isinstance(context, VideoCodecContext):
            raise NotAVideo(f"{stream.codec} is not a video codec")
        if stream.extradata:
            context.extradata = stream.extradata
        context.width, context.height = stream.width, stream.height
        context.thread_count = self._threads
        context.thread_type = "SLICE" if self._threads == 1 else "FRAME"
        return context


def encoded(packet: Packet) -> "av.Packet[Any]":
    """Return the packet for FFmpeg's decoders."""
    # Copied: FFmpeg's own buffer ends in zeros, which decoders read past the data; behind Python's bytes lies anything,
    # and MPEG-4 pictures then came out marked as damaged, others on every run.
    raw: av.Packet[Any] = av.Packet(len(packet.data))
    raw.update(packet.data)  # type: ignore[arg-type]  # any buffer: the stub names bytes alone
    raw.pts, raw.dts, raw.duration = packet.pts, packet.dts, packet.duration
    raw.time_base = packet.stream.time_base
    raw.is_keyframe = packet.is_keyframe
    return raw
