from pathlib import Path

import pytest

from benchmarks.rtsp_farm.clips import PATTERN, ClipSpec, Codec, ensure_clip
from benchmarks.rtsp_farm.rtp import PACKET_BYTES, Payload, sender_report
from benchmarks.rtsp_farm.units import ClipError, Unit, read_clip


def _packets(blob: bytes) -> list[bytes]:
    packets = []
    while blob:
        assert blob[0] == 0x24
        assert blob[1] == 0
        size = int.from_bytes(blob[2:4])
        packets.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return packets


def _h264_nals(packets: list[bytes]) -> list[bytes]:
    nals: list[bytes] = []
    for packet in packets:
        payload = packet[12:]
        if payload[0] & 31 != 28:
            nals.append(payload)
        elif payload[1] & 0x80:
            nals.append(bytes([payload[0] & 0xE0 | payload[1] & 31]) + payload[2:])
        else:
            nals[-1] += payload[2:]
    return nals


def _h265_nals(packets: list[bytes]) -> list[bytes]:
    nals: list[bytes] = []
    for packet in packets:
        payload = packet[12:]
        if payload[0] >> 1 & 63 != 49:
            nals.append(payload)
        elif payload[2] & 0x80:
            nals.append(bytes([payload[0] & 0x81 | (payload[2] & 63) << 1, payload[1]]) + payload[3:])
        else:
            nals[-1] += payload[3:]
    return nals


@pytest.mark.parametrize(("codec", "joined"), [(Codec.H264, _h264_nals), (Codec.H265, _h265_nals)])
def test_fragments_join_to_the_same_units(folder: Path, codec: Codec, joined: type) -> None:
    """What a receiver puts together from the packets is every NAL unit of the picture, and no packet is too large."""
    clip = read_clip(ensure_clip(folder, ClipSpec(PATTERN, codec, (320, 240), gop_s=0.4, bit_rate=2_500_000)))
    assert any(len(part) > 3 * PACKET_BYTES for unit in clip.units for part in unit.parts)
    for unit in clip.units[:30]:
        packets = _packets(bytes(Payload(codec, unit, 7).stamped(0, 0)))
        assert list(unit.parts) == joined(packets)
        assert max(len(packet) for packet in packets) <= PACKET_BYTES
        assert [bool(packet[1] & 0x80) for packet in packets] == [False] * (len(packets) - 1) + [True]


def test_a_stamp_numbers_the_packets_and_wraps() -> None:
    """Sequence numbers count on from the given one through 65535 to 0; all packets have the picture's timestamp."""
    payload = Payload(Codec.H264, Unit((b"\x65" + bytes(4000),), 0, 0, is_keyframe=True), 0xABCD)
    packets = _packets(bytes(payload.stamped(65534, 2**32 + 5)))
    assert [int.from_bytes(packet[2:4]) for packet in packets] == [65534, 65535, 0]
    assert {5} == {int.from_bytes(packet[4:8]) for packet in packets}
    assert {0xABCD} == {int.from_bytes(packet[8:12]) for packet in packets}
    assert _packets(bytes(payload.stamped(0, 9)))[0][2:8] == (0).to_bytes(2) + (9).to_bytes(4)


def test_a_sender_report_ties_ntp_to_rtp() -> None:
    """The report holds the moment in NTP's format, counted from 1900, and the RTP timestamp of that moment."""
    report = sender_report(3, 0.5, 90_000, 10, 2_000)
    assert (0x24, 1, len(report) - 4) == (report[0], report[1], int.from_bytes(report[2:4]))
    body = report[4:]
    assert body[1] == 200
    assert int.from_bytes(body[8:12]) == 2_208_988_800
    assert int.from_bytes(body[12:16]) == 2**31
    assert int.from_bytes(body[16:20]) == 90_000
    assert body[29] == 202
    assert 4 * (int.from_bytes(body[30:32]) + 1) == len(body) - 28


def test_a_clip_is_whole_groups_on_an_even_grid(small: Path) -> None:
    """A clip begins with a key frame, repeats without a gap, and its pictures are 3600 ticks apart at 25 a second."""
    clip = read_clip(small)
    assert [number * 3600 for number in range(250)] == [unit.dts for unit in clip.units]
    assert clip.period == 250 * 3600
    assert [unit.is_keyframe for unit in clip.units] == [number % 10 == 0 for number in range(250)]
    assert [each[0] & 31 for each in clip.parameter_sets] == [7, 8]
    assert clip.parameter_sets == clip.units[10].parts[:2]
    assert clip.late == 0
    assert clip.gop_s == pytest.approx(0.4)
    assert clip.bit_rate == pytest.approx(400_000, rel=0.3)


def test_pictures_with_b_frames_are_sent_after_they_are_taken(folder: Path) -> None:
    """With B-frames the delay is such that no picture leaves before the moment its timestamp names."""
    spec = ClipSpec(PATTERN, size_wh=(320, 240), gop_s=0.4, b_frames=2, bit_rate=400_000)
    clip = read_clip(ensure_clip(folder, spec))
    assert any(later.pts < earlier.pts for earlier, later in zip(clip.units, clip.units[1:], strict=False))
    assert all(unit.dts + clip.late >= unit.pts for unit in clip.units)


def test_restart_markers_are_refused() -> None:
    """A JPEG with restart markers cannot be sent by RFC 2435 as it is laid out here."""
    jpeg = b"\xff\xd8\xff\xdd\x00\x04\x00\x14\xff\xda\x00\x02"
    with pytest.raises(ClipError, match="restart markers"):
        Payload(Codec.MJPEG, Unit((jpeg,), 0, 0, is_keyframe=True), 1)
