"""RTMP, as encoders and gateways offer it."""

import pytest

from tests.rtmp import RtmpServer
from tests.streams.chain import read_live
from tests.streams.conftest import MakeClip


@pytest.mark.parametrize(
    ("codec", "encoder", "b_frames"), [("h264", "libx264", 0), ("h264", "libx264", 2), ("hevc", "libx265", 0)]
)
def test_a_stream_is_read_to_its_end(clip: MakeClip, codec: str, encoder: str, b_frames: int) -> None:
    """H.264, with B-frames too, and H.265 as enhanced FLV: every picture once, in one epoch, with times that rise."""
    flv = clip(".flv", codec=encoder, seconds=2.0, b_frames=b_frames, audio_s=2.0).read_bytes()
    with RtmpServer(flv) as server:
        chain = read_live(server.url)
    assert server.commands[0] == "connect"
    assert {packet.stream.codec for packet, _ in chain.packets} == {codec}
    assert (chain.numbers, chain.errors, chain.epochs) == (list(range(50)), 0, [50])
    assert chain.error.endswith("the server ended the stream")
    chain.check_times()


def test_a_connection_that_breaks_is_a_loss(clip: MakeClip) -> None:
    """Without a goodbye the stream is lost all the same, after all that was sent."""
    with RtmpServer(clip(".flv", seconds=2.0).read_bytes(), says_goodbye=False) as server:
        chain = read_live(server.url)
    assert chain.numbers == list(range(50))
    assert chain.error.endswith("/live/cam: input/output error")


def test_a_stream_that_is_not_there_is_told(clip: MakeClip) -> None:
    """The server's refusal is an error with the address, not a wait."""
    with RtmpServer(clip(".flv", seconds=2.0).read_bytes()) as server:
        chain = read_live(server.url + "-other?token=geheim")
    assert chain.packets == []
    assert "cam-other" in chain.error
    assert "geheim" not in chain.error
