"""Decoding: packets to frames, all of a stream at the analysis rate or single key frames, and stills for evidence."""

from collections import OrderedDict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import av.error
from av import VideoCodecContext, VideoFrame

from streams.decoding.codec import DecoderMaker, encoded
from streams.decoding.picture import Look
from streams.frame import BgrImage, Frame, Packet, StreamInfo
from streams.timing.clock import CaptureTime

_TIMES_KEPT = 128


class FrameDecoder:
    """
    Turns one camera's packets into frames, all decoded, but only those of the analysis rate converted to BGR.

    The rate is counted in PTS. A new `StreamInfo` starts a new decoder; an epoch within one does not: only the times
    have jumped there, and the pictures go on. A damaged packet is counted and passed over; pictures that the decoder
    marks as damaged are never handed out.

    Attributes:
        decoded: pictures decoded.

        errors: packets and pictures that were damaged, and pictures that never came out.
    """

    def __init__(
        self,
        analysis_fps: float,
        *,
        threads: int = 1,
        look_px: int = 0,
        maker: DecoderMaker | None = None,
    ) -> None:
        """`threads` above one is for files: it adds a picture of delay a thread. `analysis_fps` 0 keeps every one."""
        self._interval_s = 1 / Fraction(analysis_fps).limit_denominator(1000) if analysis_fps > 0 else Fraction(0)
        self._maker = maker or DecoderMaker(threads=threads)
        self._look = Look(look_px)
        self._context: VideoCodecContext | None = None
        self._stream: StreamInfo | None = None
        self._epoch = -1
        self._times: OrderedDict[int, Packet] = OrderedDict()
        self._due_s: Fraction | None = None
        self._has_shown = False
        self.decoded = 0
        self.errors = 0

    def decode(self, packet: Packet) -> list[Frame]:
        """Return the frames that this packet completes; with a new stream, the old one's last frames first."""
        frames: list[Frame] = []
        if self._context is None or packet.stream is not self._stream:
            frames = self.flush()
            self._begin(packet)
        self._times[packet.pts] = packet
        while len(self._times) > _TIMES_KEPT:
            self._times.popitem(last=False)
        return frames + self._run(packet)

    def resume(self, packets: Sequence[Packet], after: CaptureTime | None) -> list[Frame]:
        """
        Start anew with packets that lie in the past, the first a key frame, and return their frames after `after`.

        The frames keep the analysis rate from `after` on; `decode` goes on where they end.
        """
        self.close()
        frames: list[Frame] = []
        for packet in packets:
            if self._context is None and after is not None and after.epoch == packet.time.epoch:
                self._begin(packet)
                self._due_s = after.pts_s + self._interval_s
            frames += self.decode(packet)
        return frames

    def decode_alone(self, packet: Packet) -> list[Frame]:
        """
        Return the frame of a key frame, decoded by itself, whatever the analysis rate.

        The decoder lives for this one picture: opening one costs 0.1 ms, keeping one 5-9 MB at 1080p.
        """
        if self._context is None or packet.stream is not self._stream or packet.time.epoch != self._epoch:
            self._begin(packet, is_coarse=self._look.halves((packet.stream.width, packet.stream.height)))
        self._due_s = None
        self._times[packet.pts] = packet
        frames = self._run(packet) + self._run(None)
        if self._maker.is_hardware and self._context is not None:
            self._context.flush_buffers()
            self._times.clear()
        else:
            self.close()
        return frames

    def flush(self) -> list[Frame]:
        """Return the frames that the decoder still holds; the next packet starts a new decoder."""
        frames = [] if self._context is None else self._run(None)
        self.close()
        return frames

    def close(self) -> None:
        """Give up what the decoder still holds, and its memory."""
        self._context = None
        self._times.clear()

    def _begin(self, packet: Packet, *, is_coarse: bool = False) -> None:
        self._context = self._maker.open(packet.stream, is_coarse=is_coarse)
        self._stream, self._epoch, self._due_s = packet.stream, packet.time.epoch, None
        self._has_shown = False
        self._times.clear()

    def _run(self, packet: Packet | None) -> list[Frame]:
        """Show the open decoder a packet, or its end, and return the frames that are due."""
        context = self._context
        if context is None:
            return []
        try:
            pictures = context.decode(None if packet is None else encoded(packet))
        except av.error.FFmpegError as error:
            if self._maker.is_hardware and packet is not None and packet.is_keyframe:
                self._maker.fall_back((error.strerror or type(error).__name__).lower())
                self._context = self._maker.open(packet.stream)
                return self._run(packet)
            self.errors += 1
            if packet is not None:
                self._times.pop(packet.pts, None)
            return []
        return [frame for picture in pictures for frame in self._frames(picture)]

    def _frames(self, picture: VideoFrame) -> list[Frame]:
        """Return the picture as a frame if it is sound and due, else nothing."""
        packet = self._times.pop(picture.pts, None) if picture.pts is not None else None
        if packet is None or picture.is_corrupt:
            self.errors += 1
            return []
        self.decoded += 1
        self._forget_before(packet, is_interlaced=picture.interlaced_frame)
        if not self._is_due(packet.time):
            return []
        try:
            image = self._look.at(picture)
        except av.error.FFmpegError:
            self.errors += 1
            return []
        size = (picture.width, picture.height)
        return [Frame(packet.camera_id, packet.time, image, packet.is_keyframe, source_wh=size)]

    def _forget_before(self, packet: Packet, *, is_interlaced: bool) -> None:
        """
        Forget the packets whose pictures should have come before this one's, and count them as damage.

        FFmpeg's HEVC decoder leaves out pictures of lost packets without a word. Not counted: what comes before the
        first key frame, and the second fields of interlaced pictures, which have packets of their own.
        """
        late = [pts for pts, each in self._times.items() if pts < packet.pts and each.time.epoch == packet.time.epoch]
        for pts in late:
            del self._times[pts]
        if self._has_shown and not is_interlaced:
            self.errors += len(late)
        self._has_shown = True

    def _is_due(self, time: CaptureTime) -> bool:
        if time.epoch != self._epoch:
            self._epoch, self._due_s = time.epoch, None
        if self._due_s is not None and time.pts_s < self._due_s:
            return False
        following = time.pts_s if self._due_s is None else self._due_s
        following += self._interval_s
        self._due_s = following if following > time.pts_s else time.pts_s + self._interval_s
        return True


def decode_stills(packets: Sequence[Packet], at_pts: Sequence[int]) -> dict[int, BgrImage]:
    """
    Return the pictures presented at `at_pts` (ticks) in full size, by PTS; what cannot be decoded is left out.

    `packets` are in decoding order, of one stream, the first a key frame, as `PacketRing.cut` gives them.
    """
    wanted = set(at_pts)
    if not packets or not wanted:
        return {}
    context, look = DecoderMaker().open(packets[0].stream), Look()
    stills: dict[int, BgrImage] = {}
    for packet in [*packets, None]:
        try:
            pictures: list[Any] = context.decode(None if packet is None else encoded(packet))
            for picture in pictures:
                if picture.pts in wanted and not picture.is_corrupt:
                    stills[picture.pts] = look.at(picture)
        except av.error.FFmpegError:
            continue
        if len(stills) == len(wanted):
            break
    return stills
