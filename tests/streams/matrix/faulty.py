"""Streams with faults and damage, and what they must cost."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.streams import faults
from tests.streams.conftest import MakeClip

HOUR = 3600 * 90_000

FRAME = 3600

WRAP_33 = 1 << 33


@dataclass(frozen=True)
class Fault:
    """
    A stream with a fault: five seconds of 25 pictures a second with a key frame a second, or less.

    Attributes:
        make: its bytes, from good clips.

        name: of the file that the web server offers.

        epochs: packets in each epoch; not looked at where None.

        numbers: of the pictures that must be decoded, all and no other.

        glitches: packets whose times were replaced.

        damaged: damage must be counted, and none where it is False.
    """

    make: Callable[[MakeClip], bytes]
    epochs: list[int] | None
    numbers: list[int]
    glitches: int = 0
    damaged: bool = False
    name: str = "a.ts"


def timed(retime: faults.Retime, **options: object) -> Callable[[MakeClip], bytes]:
    """Return an MPEG-TS with other times."""
    return lambda clip: faults.retimed_ts(clip(".ts", seconds=5.0, **options).read_bytes(), retime)


def shifted(ticks_of: Callable[[int], int], **options: object) -> Callable[[MakeClip], bytes]:
    """Return an MPEG-TS whose picture i has both times moved by ``ticks_of(i)``."""

    def retime(i: int, pts: int | None, dts: int | None) -> tuple[int | None, int | None]:
        assert pts is not None
        assert dts is not None
        return pts + ticks_of(i), dts + ticks_of(i)

    return timed(retime, **options)


def flv(retime: Callable[[int, int], int]) -> Callable[[MakeClip], bytes]:
    """Return an FLV with other times, in ms."""
    return lambda clip: faults.retimed_flv(clip(".flv", seconds=5.0).read_bytes(), retime)


def ts_bytes(clip: MakeClip, **options: object) -> bytes:
    return clip(".ts", **({"seconds": 5.0} | options)).read_bytes()


ALL = list(range(125))

B: dict[str, object] = {"b_frames": 2, "params": "b-adapt=0"}


def then(clip: MakeClip, first: dict[str, object], second: dict[str, object]) -> bytes:
    """Return two seconds of an MPEG-TS that goes on with others."""
    later: dict[str, object] = {"seconds": 2, "first_s": 2.0, "first_number": 50}
    return ts_bytes(clip, seconds=2, **first) + ts_bytes(clip, **(later | second))


FAULTS = {
    "no-times": Fault(timed(lambda _i, _p, _d: (None, None)), [125], ALL, 125),
    "times-on-every-fifth": Fault(timed(lambda i, p, d: (None, None) if i % 5 else (p, d)), [125], ALL, 100),
    "no-dts-b-frames": Fault(
        timed(lambda _i, p, _d: (p, None), **B), [125], [n for n in ALL if n != 3], 1, damaged=True
    ),
    "zero-times": Fault(timed(lambda _i, _p, _d: (0, 0)), [125], ALL, 124),
    "times-stop": Fault(timed(lambda i, p, d: (p, d) if i < 60 else (59 * FRAME, 59 * FRAME)), [125], ALL, 65),
    "hours-ahead-at-a-key-frame": Fault(shifted(lambda i: 3 * HOUR * (i >= 50)), [50, 75], ALL),
    "hours-ahead-between": Fault(shifted(lambda i: 3 * HOUR * (i >= 56)), [56, 69], ALL),
    "hours-ahead-b-frames": Fault(shifted(lambda i: 3 * HOUR * (i >= 50), **B), [50, 75], ALL),
    "hours-back-between": Fault(shifted(lambda i: 3 * HOUR * (i < 56)), [56, 69], ALL),
    "single-pictures-hours-off": Fault(shifted(lambda i: 3 * HOUR * (i % 40 == 20)), [125], ALL, 3),
    "a-key-frame-hours-off": Fault(shifted(lambda i: 10 * HOUR * (i == 50)), [125], ALL, 1),
    "33-bit-wrap": Fault(shifted(lambda _: WRAP_33 - 60 * FRAME), [125], ALL),
    "33-bit-wrap-b-frames": Fault(shifted(lambda _: WRAP_33 - 60 * FRAME, **B), [125], ALL),
    "repeated-times": Fault(shifted(lambda i: -FRAME * (i % 7 == 6)), [125], ALL, 17),
    "unordered-dts": Fault(timed(lambda i, p, d: (p, (d or 0) - 3 * FRAME * (i % 9 == 5)), **B), [125], ALL),
    "flv-zero-times": Fault(flv(lambda _i, _ms: 0), [125], ALL, 124, name="a.flv"),
    "flv-32-bit-wrap": Fault(flv(lambda _i, ms: ms + (1 << 32) - 2400), [125], ALL, name="a.flv"),
    "flv-hours-ahead": Fault(flv(lambda i, ms: ms + 10_000_000 * (i >= 56)), [56, 69], ALL, name="a.flv"),
    "begins-between-key-frames": Fault(lambda clip: faults.without_first_pictures(ts_bytes(clip), 10), [115], ALL[25:]),
    "begins-between-key-frames-h265": Fault(
        lambda clip: faults.without_first_pictures(ts_bytes(clip, codec="libx265", seconds=2), 10), [40], ALL[25:50]
    ),
    "another-size": Fault(lambda clip: then(clip, {}, {"size": (640, 480)}), [50, 50], ALL[:100]),
    "another-size-h265": Fault(
        lambda clip: then(clip, {"codec": "libx265"}, {"codec": "libx265", "size": (640, 480)}), [50, 50], ALL[:100]
    ),
    "another-size-and-times": Fault(
        lambda clip: then(clip, {}, {"size": (640, 480), "first_s": 0.0}), [50, 50], ALL[:100]
    ),
    "flv-h265-of-old-gateways": Fault(
        lambda clip: faults.legacy_hevc_flv(clip(".flv", codec="libx265", seconds=5.0).read_bytes()),
        [125],
        ALL,
        name="a.flv",
    ),
    "h265-becomes-h264": Fault(lambda clip: then(clip, {"codec": "libx265"}, {}), [49, 50], [*ALL[:48], *ALL[50:100]]),
}

DAMAGE = {
    "bit-errors-ts": ("a.ts", lambda clip: faults.with_bit_errors(ts_bytes(clip), 40)),
    "bit-errors-flv": ("a.flv", lambda clip: faults.with_bit_errors(clip(".flv", seconds=5.0).read_bytes(), 40)),
    "lost-ts-packets": ("a.ts", lambda clip: faults.with_lost_packets(ts_bytes(clip), 0.05)),
    "lost-ts-packets-h265": ("a.ts", lambda clip: faults.with_lost_packets(ts_bytes(clip, codec="libx265"), 0.05)),
}
