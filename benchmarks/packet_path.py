"""
What a packet costs in Python before any picture is decoded: the path that every packet of every camera takes.

    python -m benchmarks.packet_path CLIP

100 cameras of 25 pictures a second are 2,500 packets a second, so 100 microseconds a packet are a quarter of a core.
Stages are timed one on top of the other, in CPU time of this process, the least of several runs.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av

from benchmarks.output import result_file
from streams.board import FrameBoard
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, WatchPolicy, camera_id
from streams.frame import Packet
from streams.ring import PacketRing
from streams.runner import CameraRunner
from streams.source import AvSource
from streams.timing.clock import StreamClock

PACKETS_PER_S = 2500
"""100 cameras at 25 a second."""


@dataclass(frozen=True, slots=True)
class PacketCosts:
    """
    Microseconds of CPU a packet.

    Attributes:
        demux_us: FFmpeg through PyAV alone: the floor.

        source_us: demuxing, bytes, parameters, the stream's clock: `AvSource.packets`.

        ring_us: `PacketRing.append`.

        runner_us: all that `CameraRunner` does with a packet that patrol does not decode, the ring included.
    """

    packets: int
    demux_us: float
    source_us: float
    ring_us: float
    runner_us: float

    @property
    def cores(self) -> float:
        """Cores that 100 cameras of 25 packets a second need for this."""
        return (self.source_us + self.runner_us) * PACKETS_PER_S / 1e6

    def as_text(self) -> str:
        """Return the costs for people."""
        return (
            f"{self.packets} packets: demuxing {self.demux_us:.1f}, source {self.source_us:.1f} (demuxing included), "
            f"ring {self.ring_us:.1f}, runner {self.runner_us:.1f} us a packet (ring included); "
            f"100 cameras of 25 fps: {self.cores:.2f} cores"
        )


class _Played:
    """A source that plays packets that were read before, and then holds."""

    def __init__(self, packets: Sequence[Packet]) -> None:
        self._packets = packets
        self._stopped = threading.Event()
        self.over = threading.Event()

    def packets(self) -> Generator[Packet, None, None]:
        """Play them."""
        yield from self._packets
        self.over.set()
        self._stopped.wait()

    def stop(self) -> None:
        """End the hold."""
        self._stopped.set()


def measure(clip: Path, rounds: int = 5) -> PacketCosts:
    """Return what the packets of a clip cost."""
    file = Camera(camera_id("cam"), "", SourceUrl(str(clip)), StreamSettings(pace=Pace.FREE))
    packets = list(AvSource(file, StreamClock()).packets())
    # Without key frames nothing is decoded: what is left is the path of the other 49 of 50.
    live = Camera(camera_id("cam"), "", SourceUrl("rtsp://x"), StreamSettings(watch=WatchPolicy.PATROL, ring_s=45))

    def demux() -> None:
        with av.open(str(clip)) as container:
            for _ in container.demux(video=0):
                pass

    def source() -> None:
        for _ in AvSource(file, StreamClock()).packets():
            pass

    def ring() -> None:
        kept = PacketRing(45, 10**9)
        for packet in packets:
            kept.append(packet)

    def runner() -> None:
        played = _Played([packet for packet in packets if not packet.is_keyframe])
        made = CameraRunner(live, FrameBoard(), opener=lambda _camera, _clock: played)
        made.ring.append(packets[0])
        made.start()
        played.over.wait()
        made.stop()

    count = len(packets)
    return PacketCosts(count, *(round(_least_us(run, rounds) / count, 2) for run in (demux, source, ring, runner)))


def _least_us(run: Callable[[], None], rounds: int) -> float:
    return min(_times_us(run, rounds))


def _times_us(run: Callable[[], None], rounds: int) -> Iterator[float]:
    for _ in range(rounds):
        began = time.process_time()
        run()
        yield (time.process_time() - began) * 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the costs."""
    parser = argparse.ArgumentParser(description="What a packet costs before decoding.")
    parser.add_argument("clip", type=Path, help="a clip of some hundred packets")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=result_file, help="also write the figures here")
    options = parser.parse_args(arguments)
    costs = measure(options.clip, options.rounds)
    print(costs.as_text())
    if options.json is not None:
        options.json.write_text(json.dumps(asdict(costs), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
