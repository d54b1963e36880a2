"""A stream taken through the whole chain: source, clock, ring, decoder, clip and tile, as tests look at it."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import av
import numpy as np

from streams.board import FrameBoard
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, WatchPolicy, camera_id
from streams.decoding.clip import FragmentedMp4, write_mp4
from streams.decoding.decode import FrameDecoder
from streams.errors import StreamError
from streams.frame import Frame, Packet
from streams.ring import PacketRing
from streams.runner import CameraRunner, StreamStatus
from streams.source import AvSource
from streams.timing.clock import StreamClock, utc_now
from streams.watch import Watch
from tests.streams.conftest import packets_of
from tests.streams.media import number_of

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@dataclass
class Chain:
    """
    What came of a stream.

    Attributes:
        packets: each with the wall clock before it was handed on.

        frames: everything that was decoded.

        clock: the stream's clock; ``None`` where a runner kept its own.

        error: with which it ended; empty at a file's end.
    """

    packets: list[tuple[Packet, datetime]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    ring: PacketRing = field(default_factory=lambda: PacketRing(3600, 1 << 30))
    errors: int = 0
    clock: StreamClock | None = None
    status: StreamStatus | None = None
    error: str = ""

    @property
    def numbers(self) -> list[int]:
        """Numbers of the decoded pictures."""
        return [number_of(frame.image) for frame in self.frames]

    @property
    def epochs(self) -> list[int]:
        """Number of packets in each epoch."""
        return [len(list(group)) for _, group in groupby(packet.time.epoch for packet, _ in self.packets)]

    def check_times(self) -> None:
        """Within an epoch DTS and picture times rise strictly; epochs count up by one; UTC is never after arrival."""
        for (earlier, _), (later, _) in pairwise(self.packets):
            assert later.time.epoch >= earlier.time.epoch
            assert later.time.epoch > earlier.time.epoch or later.dts > earlier.dts
        assert {packet.time.epoch for packet, _ in self.packets} == set(range(len(self.epochs)))
        for before, after in pairwise(self.frames):
            assert after.time.epoch > before.time.epoch or after.time.pts_s > before.time.pts_s
        assert [packet for packet, arrival in self.packets if packet.time.utc > arrival] == []

    def check_clips(self, folder: Path, *, intact: bool = True) -> int:
        """
        All that the ring holds, written as MP4, plays the same pictures at the same times; return how many clips.

        Decoders make up for damage as they like: with `intact` False only the times are compared.
        """
        kept = [packet for packet, _ in self.packets]
        pieces = [list(group) for _, group in groupby(kept, key=lambda packet: (packet.time.epoch, id(packet.stream)))]
        for piece in pieces:
            cut = self.ring.cut(piece[0].time.epoch, -1e9, 1e9)
            info = write_mp4(cut.packets, folder / "clip.mp4")
            shown = self.decoded(packets_of(info.path))
            first = cut.packets[0].dts
            own = [
                frame
                for frame in self.frames
                if frame.time.epoch == piece[0].time.epoch and frame.time.pts_s >= first * piece[0].stream.time_base
            ]
            assert len(own) == len(shown)
            for mine, clip in zip(own, shown, strict=True):
                assert abs(info.media_s(mine.time) - float(clip.time.pts_s)) < 0.002
                assert not intact or np.array_equal(mine.image, clip.image)
        return len(pieces)

    def check_patrol(self) -> None:
        """The key frames alone give the very pictures that were decoded of them."""
        wanted = [frame for frame in self.frames if frame.is_keyframe]
        found = self.patrol()
        assert len(wanted) >= 1
        assert [frame.time for frame in found] == [frame.time for frame in wanted]
        assert all(np.array_equal(one.image, other.image) for one, other in zip(found, wanted, strict=True))

    def check_tiles(self) -> None:
        """The packets of each epoch play as a live tile from its first key frame, in order."""
        kept = [packet for packet, _ in self.packets]
        for _, piece in groupby(kept, key=lambda packet: (packet.time.epoch, id(packet.stream))):
            _, numbers = play_tile(list(piece))
            assert numbers
            assert numbers == sorted(set(numbers))

    @staticmethod
    def decoded(packets: Iterable[Packet]) -> list[Frame]:
        """Return all frames of packets."""
        decoder = FrameDecoder(0)
        return [frame for packet in packets for frame in decoder.decode(packet)] + decoder.flush()

    def patrol(self) -> list[Frame]:
        """Return the frames of a patrol that takes every key frame."""
        settings = StreamSettings(watch=WatchPolicy.PATROL, patrol_interval_s=0.001)
        watch = Watch(settings, self.ring)
        return [frame for packet, _ in self.packets for frame in watch.frames(packet)]


def run_file(path: Path) -> Chain:
    """Run a camera that reads a file as fast as it can, and take every frame from its board."""
    chain, board = Chain(), FrameBoard()
    settings = StreamSettings(pace=Pace.FREE, analysis_fps=0, ring_s=3600, ring_max_bytes=1 << 30)
    camera = Camera(camera_id("cam"), "Cam", SourceUrl(str(path)), settings)
    runner = CameraRunner(camera, board, on_packet=lambda packet: chain.packets.append((packet, utc_now())))
    chain.ring = runner.ring
    runner.start()
    ended = False
    while not (ended and board.is_idle(camera.id)):
        ended = runner.join(0)
        for frame in board.take(4, 0.02):
            chain.frames.append(frame)
            board.done(frame)
    chain.status = runner.snapshot()
    chain.errors, chain.error = chain.status.decode_errors, chain.status.error
    return chain


class Arrivals:
    """A wall clock by which each packet arrives `step_s` after the one before."""

    def __init__(self, step_s: float = 0.04) -> None:
        self.now = START
        self._step = timedelta(seconds=step_s)

    def __call__(self) -> datetime:
        """Return the time of the next arrival."""
        self.now += self._step
        return self.now


def read_live(url: str, step_s: float = 0.04, count: int = 1_000_000) -> Chain:
    """Read a network stream until it ends or `count` packets are there; its packets arrive `step_s` apart."""
    chain, arrivals, clock = Chain(), Arrivals(step_s), StreamClock()
    settings = StreamSettings(open_timeout_s=8.0, read_timeout_s=3.0)
    source = AvSource(Camera(camera_id("cam"), "Cam", SourceUrl(url), settings), clock, now=arrivals)
    decoder = FrameDecoder(0)
    try:
        for packet in source.packets():
            chain.packets.append((packet, arrivals.now))
            chain.ring.append(packet)
            chain.frames += decoder.decode(packet)
            if len(chain.packets) == count:
                source.stop()
    except StreamError as error:
        chain.error = str(error)
    chain.frames += decoder.flush()
    chain.errors, chain.clock = decoder.errors, clock
    return chain


def play_tile(packets: list[Packet]) -> tuple[str, list[int]]:
    """Return the type of a live tile of packets and the numbers of the pictures that it plays."""
    tile = FragmentedMp4(packets[0].stream)
    fragments = [fragment for fragment in map(tile.feed, packets) if fragment is not None]
    tile.close()
    if not fragments:
        return tile.mime, []
    with av.open(io.BytesIO(tile.init_segment + b"".join(fragment.data for fragment in fragments))) as container:
        return tile.mime, [number_of(frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]
