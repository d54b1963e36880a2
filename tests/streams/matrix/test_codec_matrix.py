"""The matrix of codecs, formats and faults: what cameras, recorders and gateways send, through the whole chain."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.camera import StreamSettings, WatchPolicy
from streams.errors import ClipError
from streams.ring import PacketRing
from streams.watch import Watch, WatchMode, WatchReason
from tests.streams.chain import Chain, play_tile
from tests.streams.conftest import MakeClip, packets_of
from tests.streams.matrix.faulty import DAMAGE, FAULTS
from tests.streams.matrix.kinds import KINDS, pictures
from tests.streams.media import number_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "streams.md"


def test_the_page_of_streams_has_a_row_for_each() -> None:
    """docs/streams.md tells of every kind and fault of the matrix, and of no other."""
    told = set(re.findall(r"^\| `([\w:-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == {*KINDS, *FAULTS, *DAMAGE}


@pytest.mark.parametrize("name", KINDS)
def test_every_picture_is_decoded_once(chains: Callable[[str], Chain], name: str) -> None:
    """All pictures come in order, in the stream's own size, in one epoch, with times that rise, none damaged."""
    kind, chain = KINDS[name], chains(name)
    width, height = kind.options.get("size", (320, 240))  # type: ignore[misc]  # a size is two integers
    assert chain.error == ""
    assert {packet.stream.codec for packet, _ in chain.packets} == {kind.codec}
    assert {(packet.stream.width, packet.stream.height) for packet, _ in chain.packets} == {(width, height)}
    assert (chain.numbers, chain.errors) == (list(range(pictures(kind))), 0)
    assert {frame.source_wh for frame in chain.frames} == {(width, height)}
    assert chain.epochs == [pictures(kind)]
    chain.check_times()


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.alone])
def test_key_frames_are_decoded_by_themselves(chains: Callable[[str], Chain], name: str) -> None:
    """Patrol gives the very pictures of the key frames, and no other."""
    chains(name).check_patrol()


@pytest.mark.parametrize("policy", [WatchPolicy.AUTO, WatchPolicy.PATROL])
def test_a_camera_that_refreshes_line_by_line_is_watched_in_focus(clip: MakeClip, policy: WatchPolicy) -> None:
    """Recovery points that give no picture by themselves end a patrol, whatever the policy: it would see nothing."""
    packets = packets_of(clip(".ts", seconds=8.0, gop=25, params="intra-refresh=1:keyint=25"))
    ring = PacketRing(60, 1 << 30)
    watch = Watch(StreamSettings(watch=policy, patrol_interval_s=1.0), ring)
    frames = []
    for packet in packets:
        ring.append(packet)
        frames += watch.frames(packet)
    assert (watch.status().mode, watch.status().reason) == (WatchMode.FOCUS, WatchReason.LONG_GOP)
    assert [number_of(frame.image) for frame in frames] == [0, 93, 106, 118, 131, 143, 156, 168, 181, 193]


@pytest.mark.parametrize("name", KINDS)
def test_what_the_ring_holds_plays_as_a_clip(chains: Callable[[str], Chain], tmp_path: Path, name: str) -> None:
    """The ring's packets in MP4 give the same pictures at the same times; what MP4 cannot hold is refused."""
    if KINDS[name].clip:
        assert chains(name).check_clips(tmp_path) == 1
    else:
        with pytest.raises(ClipError, match=f"cannot write {KINDS[name].codec} as MP4"):
            chains(name).check_clips(tmp_path)


@pytest.mark.parametrize("name", KINDS)
def test_a_live_tile_plays_or_says_that_it_cannot(chains: Callable[[str], Chain], name: str) -> None:
    """The tile's fragments play from the first key frame and have the codec's own type, or none is named."""
    kind, packets = KINDS[name], [packet for packet, _ in chains(name).packets]
    if not kind.clip:
        with pytest.raises(ClipError, match=f"cannot write {kind.codec} as fragmented MP4"):
            play_tile(packets)
        return
    mime, numbers = play_tile(packets)
    assert mime.startswith(kind.tile)
    assert len(numbers) >= max(2, len(packets) - 16)  # the last fragment is not yet whole
    complete = numbers[:-3]  # B-frames of the last pictures come after them
    assert complete == list(range(len(complete)))
