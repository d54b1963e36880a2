"""Decoding: packets to frames at the analysis rate, and stills for evidence."""

from collections import OrderedDict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
from av import VideoCodecContext, VideoFrame

from streams.clock import CaptureTime
from streams.errors import NotAVideo
from streams.frame import BgrImage, Frame, Packet, StreamInfo

_TIMES_KEPT = 128


def _decoder(stream: StreamInfo, threads: int) -> VideoCodecContext:
    """Return a decoder for the stream; `threads` above one decode several pictures at once and hold as many back."""
    try:
        context = av.CodecContext.create(stream.codec, "r")
    except ValueError:
        raise NotAVideo(f"no decoder for {stream.codec}") from None
    if not isinstance(context, VideoCodecContext):
        raise NotAVideo(f"{stream.codec} is not a video codec")
    if stream.extradata:
        context.extradata = stream.extradata
    context.width, context.height = stream.width, stream.height
    context.thread_count = threads
    context.thread_type = "SLICE" if threads == 1 else "FRAME"
    return context


def _encoded(packet: Packet) -> "av.Packet[Any]":
    # Copied: FFmpeg's own buffer ends in zeros, which decoders read past the data; behind Python's bytes lies anything,
    # and MPEG-4 pictures then came out marked as damaged, others on every run.
    raw: av.Packet[Any] = av.Packet(len(packet.data))
    raw.update(packet.data)
    raw.pts, raw.dts, raw.duration = packet.pts, packet.dts, packet.duration
    raw.time_base = packet.stream.time_base
    raw.is_keyframe = packet.is_keyframe
    return raw


def _bgr(picture: VideoFrame) -> BgrImage:
    image = np.asarray(picture.to_ndarray(format="bgr24"), dtype=np.uint8)
    image.flags.writeable = False
    return image


class FrameDecoder:
    """
    Turns one camera's packets into frames, all decoded, but only those of the analysis rate converted to BGR.

    The rate is counted in PTS. A new `StreamInfo` or epoch starts a new decoder. A damaged packet is counted and
    passed over; pictures that the decoder marks as damaged are never handed out.

    Attributes:
        decoded: pictures decoded.

        errors: packets and pictures that were damaged.
    """

    def __init__(self, analysis_fps: float, *, key_frames_only: bool = False, threads: int = 1) -> None:
        """`threads` above one is for files: it adds a picture of delay a thread. `analysis_fps` 0 keeps every one."""
        self._interval_s = 1 / Fraction(analysis_fps).limit_denominator(1000) if analysis_fps > 0 else Fraction(0)
        self._key_frames_only = key_frames_only
        self._threads = threads
        self._context: VideoCodecContext | None = None
        self._stream: StreamInfo | None = None
        self._epoch = -1
        self._times: OrderedDict[int, Packet] = OrderedDict()
        self._due_s: Fraction | None = None
        self.decoded = 0
        self.errors = 0

    def decode(self, packet: Packet) -> list[Frame]:
        """Return the frames that this packet completes; with a new stream or epoch, the old one's last frames first."""
        frames: list[Frame] = []
        if self._context is None or packet.stream is not self._stream or packet.time.epoch != self._epoch:
            frames = self.flush()
            self._context = _decoder(packet.stream, self._threads)
            self._stream, self._epoch, self._due_s = packet.stream, packet.time.epoch, None
        if self._key_frames_only and not packet.is_keyframe:
            return frames
        self._times[packet.pts] = packet
        while len(self._times) > _TIMES_KEPT:
            self._times.popitem(last=False)
        return frames + self._decode(self._context, _encoded(packet))

    def flush(self) -> list[Frame]:
        """Return the frames that the decoder still holds; the next packet starts a new decoder."""
        frames = [] if self._context is None else self._decode(self._context, None)
        self._context = None
        self._times.clear()
        return frames

    def _decode(self, context: VideoCodecContext, raw: "av.Packet[Any] | None") -> list[Frame]:
        try:
            pictures = context.decode(raw)
        except av.error.FFmpegError:
            self.errors += 1
            return []
        frames = []
        for picture in pictures:
            packet = self._times.pop(picture.pts, None) if picture.pts is not None else None
            if packet is None or picture.is_corrupt:
                self.errors += 1
                continue
            self.decoded += 1
            if self._is_due(packet.time):
                frames.append(Frame(packet.camera_id, packet.time, _bgr(picture), packet.is_keyframe))
        return frames

    def _is_due(self, time: CaptureTime) -> bool:
        if self._due_s is not None and time.pts_s < self._due_s:
            return False
        following = time.pts_s if self._due_s is None else self._due_s
        following += self._interval_s
        self._due_s = following if following > time.pts_s else time.pts_s + self._interval_s
        return True


def decode_stills(packets: Sequence[Packet], at_pts: Sequence[int]) -> dict[int, BgrImage]:
    """
    Return the pictures presented at `at_pts` (ticks), by PTS; what cannot be decoded is left out.

    `packets` are in decoding order, of one stream, the first a key frame, as `PacketRing.cut` gives them.
    """
    wanted = set(at_pts)
    if not packets or not wanted:
        return {}
    context = _decoder(packets[0].stream, 1)
    stills: dict[int, BgrImage] = {}
    for packet in [*packets, None]:
        try:
            pictures = context.decode(None if packet is None else _encoded(packet))
        except av.error.FFmpegError:
            continue
        for picture in pictures:
            if picture.pts in wanted and not picture.is_corrupt:
                stills[picture.pts] = _bgr(picture)
        if len(stills) == len(wanted):
            break
    return stills
