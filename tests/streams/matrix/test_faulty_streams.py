"""Streams with faults and damage through the whole chain."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.streams import faults
from tests.streams.chain import read_live, run_file
from tests.streams.conftest import MakeClip
from tests.streams.matrix.faulty import ALL, DAMAGE, FAULTS, B, then, ts_bytes


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_what_it_must_and_no_more(
    web: Callable[[str, bytes], str], clip: MakeClip, tmp_path: Path, name: str
) -> None:
    """Epochs rise where times do not compare and only there; pictures, times and damage are as the table says."""
    fault = FAULTS[name]
    chain = read_live(web(fault.name, fault.make(clip)))
    assert chain.error.endswith("the server ended the stream")
    assert chain.numbers == fault.numbers
    if fault.epochs is not None:
        assert chain.epochs == fault.epochs
    assert chain.clock is not None
    assert chain.clock.glitches == fault.glitches
    assert bool(chain.errors) == fault.damaged
    chain.check_times()
    chain.check_clips(tmp_path)
    chain.check_patrol()
    chain.check_tiles()


def test_h264_that_becomes_h265_is_h265_at_its_second_key_frame(
    web: Callable[[str, bytes], str], clip: MakeClip
) -> None:
    """FFmpeg joins the last H.264 picture and the first H.265 one: that group is damage, the next is a new stream."""
    data = then(clip, {}, {"codec": "libx265", "seconds": 3})
    chain = read_live(web("a.ts", data))
    assert (chain.numbers[:48], chain.numbers[-50:]) == (ALL[:48], ALL[75:125])
    assert {packet.stream.codec for packet, _ in chain.packets[-50:]} == {"hevc"}
    assert chain.epochs[-1] == 50
    assert chain.errors > 0
    chain.check_times()


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_counted_and_survived(
    web: Callable[[str, bytes], str], clip: MakeClip, tmp_path: Path, name: str
) -> None:
    """Bit errors and lost packets cost pictures, which are counted; times hold and the rest plays as a clip."""
    file, make = DAMAGE[name]
    chain = read_live(web(file, make(clip)))
    assert chain.errors > 0
    assert 25 <= len(chain.frames) < 125
    chain.check_times()
    chain.check_clips(tmp_path, intact=False)


@pytest.mark.parametrize("what", ["flv-without-header", "ts-without-parameter-sets"])
def test_a_stream_without_parameters_is_told(web: Callable[[str, bytes], str], clip: MakeClip, what: str) -> None:
    """Where neither the container nor the packets say what the pictures are, the address holds no video."""
    if what == "flv-without-header":
        data = clip(".flv", seconds=2.0).read_bytes()
        url = web("a.flv", data[:13] + b"".join(tag for tag in faults.flv_tags(data) if tag[0] != 9 or tag[12] != 0))
    else:
        url = web("a.ts", faults.without_first_pictures(ts_bytes(clip, seconds=2.0, gop=1000), 10))
    assert read_live(url).error.endswith("holds no video that can be read")


def test_b_frames_without_presentation_times_lose_pictures_but_not_their_order(clip: MakeClip) -> None:
    """AVI and bare bitstreams with B-frames: times are in decoding order, and pictures out of order are left out."""
    for suffix, fmt in ((".avi", None), (".h264", "h264")):
        chain = run_file(clip(suffix, container_format=fmt, seconds=2.0, **B))
        assert 25 <= len(chain.frames) < 50
        assert chain.numbers == sorted(set(chain.numbers))
        chain.check_times()
