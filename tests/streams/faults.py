"""Faults that real recorders and gateways make, put into the bytes of a good clip: times, cuts, damage."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

TS_PACKET = 188
VIDEO_PID = 0x100
"""The PID that FFmpeg's MPEG-TS muxer gives its first track."""

_FLV_HEAD = 13
_FLV_VIDEO = 9

Retime = Callable[[int, int | None, int | None], tuple[int | None, int | None]]
"""Number of a picture in decoding order, its PTS and DTS in ticks; returns what they are to be."""


def retimed_ts(data: bytes, retime: Retime) -> bytes:
    """
    Return an MPEG-TS whose pictures' times are what `retime` makes of them, modulo 2^33 (90 kHz).

    Neither more times than were there: a picture without B-frames has PTS alone, which counts as its DTS as well.
    """
    pieces = [bytearray(piece) for piece in ts_packets(data)]
    number = 0
    for piece in pieces:
        at = _pes(piece)
        if at is None:
            continue
        flags = piece[at + 7] >> 6
        pts = _stamp(piece, at + 9) if flags & 2 else None
        dts = _stamp(piece, at + 14) if flags == 3 else pts
        new_pts, new_dts = retime(number, pts, dts)
        number += 1
        if new_pts is None:
            piece[at + 7] &= 0x3F
            piece[at + 9 : at + 9 + piece[at + 8]] = b"\xff" * piece[at + 8]
            continue
        has_dts = flags == 3 and new_dts is not None
        piece[at + 9 : at + 14] = _stamped(3 if has_dts else 2, new_pts)
        if flags == 3:
            piece[at + 7] = (piece[at + 7] & 0x3F) | (0xC0 if has_dts else 0x80)
            piece[at + 14 : at + 19] = _stamped(1, new_dts or 0) if has_dts else b"\xff" * 5
    return b"".join(pieces)


def ts_packets(data: bytes) -> list[bytes]:
    """Return the 188-byte packets of an MPEG-TS."""
    return [data[at : at + TS_PACKET] for at in range(0, len(data), TS_PACKET)]


def ts_pid(piece: bytes | bytearray) -> int:
    """Return whose packet it is."""
    return (piece[1] & 0x1F) << 8 | piece[2]


def without_first_pictures(data: bytes, count: int) -> bytes:
    """Return an MPEG-TS without its first `count` pictures, as one joined in the middle; its tables stay."""
    pieces = ts_packets(data)
    starts = [at for at, piece in enumerate(pieces) if _pes(piece) is not None]
    return b"".join(piece for at, piece in enumerate(pieces) if ts_pid(piece) != VIDEO_PID or at >= starts[count])


def _pes(piece: bytes | bytearray) -> int | None:
    """Return where the PES header of a picture stands in a packet that begins one."""
    if ts_pid(piece) != VIDEO_PID or not piece[1] & 0x40:
        return None
    return 4 + (1 + piece[4] if piece[3] & 0x20 else 0)


def _stamp(piece: bytearray, at: int) -> int:
    return (
        (piece[at] >> 1 & 7) << 30
        | piece[at + 1] << 22
        | (piece[at + 2] >> 1) << 15
        | piece[at + 3] << 7
        | piece[at + 4] >> 1
    )


def _stamped(prefix: int, ticks: int) -> bytes:
    ticks %= 1 << 33
    return bytes(
        [
            prefix << 4 | (ticks >> 30) << 1 | 1,
            ticks >> 22 & 0xFF,
            (ticks >> 15 & 0x7F) << 1 | 1,
            ticks >> 7 & 0xFF,
            (ticks & 0x7F) << 1 | 1,
        ]
    )


def retimed_flv(data: bytes, retime: Callable[[int, int], int]) -> bytes:
    """Return an FLV whose video tags (number, ms) have the times that `retime` makes of them, modulo 2^32."""
    made, number = bytearray(data[:_FLV_HEAD]), 0
    for tag in flv_tags(data):
        piece = bytearray(tag)
        is_picture = piece[0] & 0x1F == _FLV_VIDEO and piece[12] == 1  # AVCPacketType 1: coded pictures
        if is_picture:
            ms = retime(number, int.from_bytes(piece[4:7]) | piece[7] << 24) % (1 << 32)
            piece[4:7], piece[7] = (ms & 0xFFFFFF).to_bytes(3), ms >> 24
            number += 1
        made += piece
    return bytes(made)


def flv_tags(data: bytes) -> Iterator[bytes]:
    """Yield the tags of an FLV, each with the size field that follows it."""
    at = _FLV_HEAD
    while at + 11 <= len(data):
        size = 11 + int.from_bytes(data[at + 1 : at + 4]) + 4
        yield data[at : at + size]
        at += size


def with_bit_errors(data: bytes, count: int, *, spare: int = 3000) -> bytes:
    """Return `data` with `count` bytes turned over, none of the first `spare`; the same ones each time."""
    damaged = bytearray(data)
    for at in np.random.default_rng(1).integers(spare, len(data), count):
        damaged[at] ^= 0xFF
    return bytes(damaged)


def with_lost_packets(data: bytes, share: float) -> bytes:
    """Return an MPEG-TS of which a share of the packets is lost, after the first ten; the same ones each time."""
    chance = np.random.default_rng(1)
    return b"".join(piece for number, piece in enumerate(ts_packets(data)) if number < 10 or chance.random() >= share)


def joined_flv(first: bytes, second: bytes) -> bytes:
    """Return an FLV that goes on with the tags of another."""
    return first + b"".join(flv_tags(second))


def legacy_hevc_flv(data: bytes) -> bytes:
    """Return an enhanced FLV of H.265 as ZLMediaKit and old gateways send it: codec id 12 in place of a FourCC."""
    made = bytearray(data[:_FLV_HEAD])
    for tag in flv_tags(data):
        body = tag[11:-4]
        if tag[0] & 0x1F == _FLV_VIDEO and body[0] & 0x80 and body[1:5] == b"hvc1":
            head, kind = (body[0] & 0x70) | 12, body[0] & 0x0F  # kinds: 0 header, 1 pictures, 2 end, 3 without offset
            offset = body[5:8] if kind == 1 else bytes(3)
            body = bytes([head, 1 if kind == 3 else kind]) + offset + body[8 if kind == 1 else 5 :]
        made += tag[:1] + len(body).to_bytes(3) + tag[4:11] + body + (11 + len(body)).to_bytes(4)
    return bytes(made)


def rotated_mp4(data: bytes) -> bytes:
    """Return an MP4 whose only track is to be shown turned by 90 degrees, as telephones say it."""
    at = data.index(b"tkhd") + 44  # version 0: the matrix follows 40 bytes of times, id, layer and volume
    one, minus = (1 << 16).to_bytes(4), (-(1 << 16)).to_bytes(4, signed=True)
    none, unit = bytes(4), (1 << 30).to_bytes(4)
    matrix = none + one + none + minus + none + none + none + none + unit
    return data[:at] + matrix + data[at + 36 :]


def multipart(pictures: Iterable[bytes], boundary: str = "frame") -> bytes:
    """Return JPEG pictures as the endless answer of a camera's web server (``multipart/x-mixed-replace``)."""
    parts = (
        f"--{boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(each)}\r\n\r\n".encode() + each + b"\r\n"
        for each in pictures
    )
    return b"".join(parts)
