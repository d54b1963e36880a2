"""
RTP: an access unit as the bytes that go over the wire, interleaved in RTSP's own connection (RFC 2326, 10.12).

H.264 by RFC 6184 (single NAL units and FU-A), H.265 by RFC 7798 (FU), MJPEG by RFC 2435. Everything but sequence
number and timestamp is laid out once; `Payload.stamped` copies it and writes these two into all packets at once.
"""

import struct
from collections.abc import Iterator

import numpy as np

from benchmarks.rtsp_farm.clips import Codec
from benchmarks.rtsp_farm.units import ClipError, Unit

PACKET_BYTES = 1400
"""RTP packets as cameras send them: what fits an Ethernet frame with room for tunnels."""

RTP_CHANNEL, RTCP_CHANNEL = 0, 1
PAYLOAD_TYPES = {Codec.H264: 96, Codec.H265: 97, Codec.MJPEG: 26}

_HEADER_BYTES = 12
_MARKER = 0x80
_NTP_EPOCH_S = 2_208_988_800
"""From 1900, where NTP counts from, to 1970."""

_JPEG_TABLES_IN_BAND = 255
_JPEG_420 = 1


class Payload:
    """One access unit laid out for the wire."""

    __slots__ = ("_headers", "_template", "is_keyframe", "octets", "packets")

    def __init__(self, codec: Codec, unit: Unit, ssrc: int) -> None:
        blob = bytearray()
        headers: list[int] = []
        fragments = list(_FRAGMENTS[codec](unit))
        for number, fragment in enumerate(fragments):
            marker = _MARKER if number == len(fragments) - 1 else 0
            blob += struct.pack(">BBH", 0x24, RTP_CHANNEL, _HEADER_BYTES + len(fragment))
            headers.append(len(blob))
            blob += struct.pack(">BBHII", 0x80, PAYLOAD_TYPES[codec] | marker, 0, 0, ssrc) + fragment
        self._template = bytes(blob)
        self._headers = np.array(headers, np.intp)
        self.packets = len(headers)
        self.octets = sum(len(fragment) for fragment in fragments)
        self.is_keyframe = unit.is_keyframe

    def stamped(self, sequence: int, timestamp: int) -> bytearray:
        """Return the bytes to send, the packets numbered from `sequence` on."""
        blob = bytearray(self._template)
        view = np.frombuffer(blob, np.uint8)
        numbers = np.arange(sequence, sequence + self.packets) & 0xFFFF
        view[self._headers + 2] = numbers >> 8
        view[self._headers + 3] = numbers & 0xFF
        for place, byte in enumerate((timestamp & 0xFFFFFFFF).to_bytes(4), start=4):
            view[self._headers + place] = byte
        return blob


def sender_report(ssrc: int, utc_s: float, timestamp: int, packets: int, octets: int) -> bytes:
    """Return an RTCP sender report with its source description, interleaved: `timestamp` was taken at `utc_s`."""
    seconds, fraction = divmod(utc_s + _NTP_EPOCH_S, 1)
    report = struct.pack(
        ">BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        int(seconds) & 0xFFFFFFFF,
        int(fraction * 2**32) & 0xFFFFFFFF,
        timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    item = b"\x01\x04farm\x00\x00"  # CNAME, ended and padded to four bytes
    description = struct.pack(">BBHI", 0x81, 202, 1 + len(item) // 4, ssrc) + item
    return struct.pack(">BBH", 0x24, RTCP_CHANNEL, len(report) + len(description)) + report + description


def _h264(unit: Unit) -> Iterator[bytes]:
    room = PACKET_BYTES - _HEADER_BYTES
    for nal in unit.parts:
        if len(nal) <= room:
            yield nal
            continue
        indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
        yield from _fragmented(nal[1:], bytes([indicator]), kind, room - 2)


def _h265(unit: Unit) -> Iterator[bytes]:
    room = PACKET_BYTES - _HEADER_BYTES
    for nal in unit.parts:
        if len(nal) <= room:
            yield nal
            continue
        header = bytes([nal[0] & 0x81 | 49 << 1, nal[1]])
        yield from _fragmented(nal[2:], header, nal[0] >> 1 & 0x3F, room - 3)


def _fragmented(body: bytes, header: bytes, kind: int, room: int) -> Iterator[bytes]:
    for start in range(0, len(body), room):
        first = 0x80 if start == 0 else 0
        last = 0x40 if start + room >= len(body) else 0
        yield header + bytes([first | last | kind]) + body[start : start + room]


def _mjpeg(unit: Unit) -> Iterator[bytes]:
    width, height, tables, scan = _jpeg_parts(unit.parts[0])
    if max(width, height) > 2040:
        raise ClipError(f"MJPEG over RTP ends at 2040 pixels a side, got {width}x{height}")
    place, room = 0, PACKET_BYTES - _HEADER_BYTES - 8
    while place < len(scan):
        head = struct.pack(">I", place) + bytes([_JPEG_420, _JPEG_TABLES_IN_BAND, -(-width // 8), -(-height // 8)])
        if place == 0:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        piece = scan[place : place + room - (len(head) - 8)]
        yield head + piece
        place += len(piece)


def _jpeg_parts(jpeg: bytes) -> tuple[int, int, bytes, bytes]:
    """Return width, height, the two quantisation tables and the entropy-coded scan of a baseline 4:2:0 JPEG."""
    tables: dict[int, bytes] = {}
    width = height = 0
    place = 2
    while place < len(jpeg):
        marker, size = jpeg[place + 1], int.from_bytes(jpeg[place + 2 : place + 4])
        body = jpeg[place + 4 : place + 2 + size]
        if marker == 0xDB:
            for start in range(0, len(body), 65):
                tables[body[start] & 15] = body[start + 1 : start + 65]
        elif marker == 0xDD and any(body):
            raise ClipError("a JPEG with restart markers is not served here")
        elif marker == 0xC0:
            height, width = struct.unpack_from(">HH", body, 1)
        elif marker == 0xDA:
            scan = jpeg[place + 2 + size :].removesuffix(b"\xff\xd9")
            luma = tables[0]
            return width, height, luma + tables.get(1, luma), scan
        place += 2 + size
    raise ClipError("a JPEG without a scan")


_FRAGMENTS = {Codec.H264: _h264, Codec.H265: _h265, Codec.MJPEG: _mjpeg}
