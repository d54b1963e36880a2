"""
Clips for evidence: one span of a camera's ring as an MP4 file, with stills decoded from the same packets.

The ring is the only place that still has the encoded packets; nothing here is re-encoded. Raises `streams.errors`'
`StreamError` where the ring holds nothing of the span or its packets cannot be written.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from api.contract.evidence.manifest import Gap
from streams.decoding.clip import ClipInfo, write_mp4
from streams.decoding.decode import decode_stills
from streams.errors import ClipError
from streams.frame import BgrImage, Packet, StreamInfo
from streams.ring import PacketRing, RingCut
from streams.timing.clock import CaptureTime

NO_PRE_ROLL = "no pictures held from before"
"""Reason of the gap at the start of a clip: the stream began later, or the ring was too small."""

NO_POST_ROLL = "post-roll not complete"
"""Reason of the gap at the end of a clip: the stream ended, or the clip was written before its time."""

LEFT_OUT = "left out: the clip would be larger than a package may hold"
"""Reason of the gap at either end of a clip that was cut to `MOST_BYTES`."""

MOST_BYTES = 384 << 20
"""
Of a clip's pictures: 13 minutes at 4 Mbit/s. A package takes 512 MiB a file and 1 GiB in all
(`api.contract.evidence.package.PackageLimits`), and twenty 4K pictures stand beside the clip.
"""


@dataclass(frozen=True, slots=True)
class Span:
    """What a clip should show: `start_s` to `end_s` of one epoch, `about_s` (the confirmation) above all."""

    epoch: int
    start_s: Fraction
    end_s: Fraction
    about_s: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A picture decoded from a clip, with the clocks of its packet."""

    time: CaptureTime
    image: BgrImage


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """
    A clip that was written.

    Attributes:
        stream: codec and size.

        fps: measured: pictures over seconds; ``None`` for a single picture.

        first: of the earliest picture; it is shown at media time 0.

        last: of the latest picture.

        first_pts: ticks of ``stream.time_base``, as the stream had them.

        last_pts: likewise.

        gaps: what of the span the clip does not show.

        stills: in order of time; at most one a picture.
    """

    stream: StreamInfo
    fps: float | None
    first: CaptureTime
    last: CaptureTime
    first_pts: int
    last_pts: int
    gaps: tuple[Gap, ...]
    stills: tuple[Still, ...]


class RingClips:
    """Writes clips of one camera from its packet ring: the `vision.evidence.package_files.ClipMaker` of the worker."""

    def __init__(self, ring: PacketRing, *, most_bytes: int = MOST_BYTES) -> None:
        """Of a span that takes more than `most_bytes`, a clip shows what lies nearest to the confirmation."""
        self._ring = ring
        self._most_bytes = most_bytes

    def newest(self) -> CaptureTime | None:
        """Return the capture time of the newest picture in the ring; ``None`` while it is empty."""
        return self._ring.newest

    def write(self, span: Span, still_times: Sequence[CaptureTime], path: Path) -> Clip:
        """Write what the ring holds of `span` to `path`; decode the picture nearest to each of `still_times`."""
        cut = self._ring.cut(span.epoch, span.start_s, span.end_s)
        held = _one_stream(cut.packets, span.about_s)
        packets = _that_fit(held, span.about_s, self._most_bytes)
        if not packets:
            raise ClipError(f"the ring holds nothing of {float(span.start_s):.1f}-{float(span.end_s):.1f} s")
        info = write_mp4(packets, path)
        seconds = info.last.seconds_since(info.first)
        return Clip(
            stream=info.stream,
            fps=round((len(packets) - 1) / seconds, 3) if seconds > 0 else None,
            first=info.first,
            last=info.last,
            first_pts=min(packet.pts for packet in packets),
            last_pts=max(packet.pts for packet in packets),
            gaps=tuple(_gaps(cut, span, held, info)),
            stills=_stills(packets, still_times),
        )


def _one_stream(packets: Sequence[Packet], about_s: Fraction) -> tuple[Packet, ...]:
    """Return the longest run around `about_s` in which the stream's parameters do not change: what one MP4 can hold."""
    runs: list[list[Packet]] = []
    for packet in packets:
        if not runs or packet.stream is not runs[-1][0].stream:
            runs.append([])
        runs[-1].append(packet)
    playable = [run for run in runs if run[0].is_keyframe]
    if not playable:
        return ()
    return tuple(min(playable, key=lambda run: min(abs(packet.time.pts_s - about_s) for packet in run)))


def _that_fit(packets: Sequence[Packet], about_s: Fraction, most_bytes: int) -> tuple[Packet, ...]:
    """
    Return the packets without the groups of pictures farthest from `about_s`, so that they take `most_bytes`.

    The group that shows `about_s` is left to the last, however long it is.
    """
    groups: deque[list[Packet]] = deque()
    for packet in packets:
        if packet.is_keyframe or not groups:
            groups.append([])
        groups[-1].append(packet)
    size = sum(len(packet.data) for packet in packets)
    while size > most_bytes and len(groups) > 1:
        is_before = about_s - groups[1][0].time.pts_s > groups[-1][0].time.pts_s - about_s
        size -= sum(len(packet.data) for packet in (groups.popleft() if is_before else groups.pop()))
    kept = [packet for group in groups for packet in group]
    while size > most_bytes:
        size -= len(kept.pop().data)
    return tuple(kept)


def _gaps(cut: RingCut, span: Span, held: Sequence[Packet], info: ClipInfo) -> Iterator[Gap]:
    """Yield what of the span is missing: `held` is what the ring had for one clip, `info` what the clip shows of it."""
    first_s, last_s = info.first.pts_s, info.last.pts_s
    held_from_s = min(packet.time.pts_s for packet in held)
    held_to_s = max(packet.time.pts_s for packet in held)
    if held_from_s > span.start_s:
        yield Gap(reason=NO_PRE_ROLL, start_s=float(span.start_s), end_s=float(held_from_s))
    if first_s > max(held_from_s, span.start_s):
        yield Gap(reason=LEFT_OUT, start_s=float(max(held_from_s, span.start_s)), end_s=float(first_s))
    for gap in cut.gaps:
        if first_s <= gap.after.pts_s and gap.before.pts_s <= last_s:
            yield Gap(reason="no pictures received", start_s=float(gap.after.pts_s), end_s=float(gap.before.pts_s))
    if last_s < held_to_s:
        yield Gap(reason=LEFT_OUT, start_s=float(last_s), end_s=float(held_to_s))
    if not cut.covers_end or held_to_s < cut.packets[-1].time.pts_s:
        yield Gap(reason=NO_POST_ROLL, start_s=float(held_to_s), end_s=float(span.end_s))


def _stills(packets: Sequence[Packet], times: Sequence[CaptureTime]) -> tuple[Still, ...]:
    """Decode the pictures nearest to `times`, each from the key frame before it, so that most is not decoded."""
    chosen = {
        min(packets, key=lambda packet: abs(packet.time.pts_s - time.pts_s)).pts
        for time in times
        if time.epoch == packets[0].time.epoch
    }
    clocks = {packet.pts: packet.time for packet in packets}
    images: dict[int, BgrImage] = {}
    for pts in sorted(chosen):
        if pts not in images:
            keys = [n for n, packet in enumerate(packets) if packet.is_keyframe and packet.pts <= pts]
            start = max(keys, default=0)
            images |= decode_stills(packets[start:], [pts])
    return tuple(Still(clocks[pts], images[pts]) for pts in sorted(images))
