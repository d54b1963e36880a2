"""Stream parameters inside the packets: cameras change their size, and their codec, without telling the container."""

import re
from dataclasses import replace

import av
import av.error
import av.packet
from av import VideoCodecContext
from av.bitstream import BitStreamFilterContext
from av.stream import Stream
from av.video.stream import VideoStream

from streams.frame import Encoded, StreamInfo

_KINDS = {"h264": ("h264", 0x1F, 0, frozenset({7})), "hevc": ("hevc", 0x7E, 1, frozenset({32, 33}))}
"""Codec: mask and shift of a unit's type, and the types of its sequence (and video) parameter sets."""

_FOREIGN = {
    "h264": ("hevc", re.compile(rb"\x00\x00\x01\x40\x01", re.DOTALL)),
    "hevc": ("h264", re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67][\x42\x4d\x58\x64\x6e\x7a\xf4]", re.DOTALL)),
}
"""
Codec: another one, and how its first parameter set begins: HEVC's VPS, H.264's SPS with a known profile. Neither is a
unit that the codec itself uses: type 0 in H.264, a layer above 31 in HEVC.
"""

_HEAD = 64
"""Bytes of a packet in which its parameter sets begin; a delimiter and a message may come before them."""


class Parameters:
    """The stream parameters in force: a new `StreamInfo` when the packets' own parameter sets change."""

    def __init__(self, info: StreamInfo) -> None:
        self._info = info
        self._own = _parameter_sets(info.codec, info.extradata)

    def in_force(self, raw: "av.packet.Packet[VideoStream]", data: Encoded) -> StreamInfo:
        """
        Return the parameters for this packet, whose bytes are `data`.

        A gateway may go on with another codec on the same track (MPEG-TS: a new table of the same program).
        """
        codec = self._info.codec
        if raw.has_sidedata("new_extradata"):
            extradata = bytes(raw.get_sidedata("new_extradata"))
        elif raw.is_keyframe and bytes(data[:4]).startswith((b"\0\0\1", b"\0\0\0\1")) and codec in _KINDS:
            codec = _shown_codec(codec, data)
            extradata = _in_band(codec, data)
        else:
            return self._info
        own = _parameter_sets(codec, extradata)
        if extradata and extradata != self._info.extradata and (not own or own != self._own):
            self._own = own
            changed = replace(self._info, codec=codec, extradata=extradata)
            width, height = _decoded_size(changed, data)
            self._info = replace(changed, width=width, height=height)
        return self._info


def _shown_codec(codec: str, data: Encoded) -> str:
    """Return the codec of an Annex B key frame that is said to be of `codec`."""
    other, begins = _FOREIGN[codec]
    return other if begins.search(data, 0, _HEAD) else codec


def _in_band(codec: str, data: Encoded) -> bytes:
    """Return the parameter sets inside an Annex B key frame; empty where it carries none."""
    for filtered in BitStreamFilterContext("extract_extradata", codec).filter(_padded(data)):
        if filtered.has_sidedata("new_extradata"):
            return bytes(filtered.get_sidedata("new_extradata"))
    return b""


def _padded(data: Encoded) -> "av.packet.Packet[Stream]":
    """Return a packet with a buffer of FFmpeg's own: its readers run over the end of one without padding."""
    packet: av.packet.Packet[Stream] = av.packet.Packet(len(data))
    packet.update(data)  # type: ignore[arg-type]  # any buffer: the stub names bytes alone
    return packet


def _parameter_sets(codec: str, extradata: bytes) -> frozenset[bytes]:
    """Return the sequence (and video) parameter sets of Annex B extradata; empty for any other form."""
    if codec not in _KINDS or not extradata.startswith((b"\0\0\1", b"\0\0\0\1")):
        return frozenset()
    _, mask, shift, wanted = _KINDS[codec]
    units = (unit.rstrip(b"\0") for unit in extradata.split(b"\0\0\1"))
    return frozenset(unit for unit in units if unit and (unit[0] & mask) >> shift in wanted)


def _decoded_size(info: StreamInfo, data: Encoded) -> tuple[int, int]:
    """Return the size of the picture in `data`, decoded once: only a change of parameters asks for it."""
    decoder = av.CodecContext.create(info.codec, "r")
    if not isinstance(decoder, VideoCodecContext):
        return info.width, info.height
    decoder.extradata = info.extradata
    decoder.thread_count = 1
    try:
        frames = decoder.decode(_padded(data)) + decoder.decode(None)
    except av.error.FFmpegError:
        frames = []
    return (frames[0].width, frames[0].height) if frames else (info.width, info.height)
