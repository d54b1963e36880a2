"""Serve cameras until Ctrl-C: ``python -m benchmarks.rtsp_farm --cameras 40``."""

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.rtsp_farm.chaos import Chaos
from benchmarks.rtsp_farm.clips import QUIET_SCENES, SIZES, ClipSpec, Codec, ensure_clip
from benchmarks.rtsp_farm.farm import FarmError, RtspFarm, spread


def _specs(options: argparse.Namespace) -> list[ClipSpec]:
    return [
        ClipSpec(
            scene=scene,
            codec=Codec(options.codec),
            size_wh=SIZES[options.size],
            fps=options.fps,
            gop_s=options.gop,
            b_frames=options.b_frames,
            bit_rate=options.bit_rate,
        )
        for scene in options.scenes
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rtsp_farm", description=__doc__)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--codec", choices=[each.value for each in Codec], default=Codec.H264.value)
    parser.add_argument("--size", choices=list(SIZES), default="1080p")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--gop", type=float, default=2.0, help="seconds from key frame to key frame")
    parser.add_argument("--b-frames", type=int, default=0)
    parser.add_argument("--bit-rate", type=int, default=4_000_000)
    parser.add_argument("--scenes", nargs="+", default=list(QUIET_SCENES), help="cameras show these by turns")
    parser.add_argument("--files", nargs="+", type=Path, help="serve these files instead, by turns")
    parser.add_argument("--folder", type=Path, default=Path(".cache/farm"), help="where encoded clips are kept")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, help="append the exact times of faults here")
    parser.add_argument("--chaos", type=int, metavar="SEED", help="let a tenth of the cameras fail at random")
    parser.add_argument("--chaos-share", type=float, default=0.1)
    parser.add_argument("--chaos-until-s", type=float, default=1800.0)
    return parser


def main() -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args()
    files = options.files or [ensure_clip(options.folder, spec) for spec in _specs(options)]
    chaos = None
    if options.chaos is not None:
        chaos = Chaos(seed=options.chaos, share=options.chaos_share, until_s=options.chaos_until_s)
    farm = RtspFarm(spread(files, options.cameras), port=options.port, log=options.log, chaos=chaos)
    signals = {signal.SIGINT, signal.SIGTERM}
    try:
        farm.start()
    except FarmError as error:
        print(error, file=sys.stderr)
        return 2
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        for name in farm.names:
            print(farm.url(name), flush=True)
        signal.sigwait(signals)
        print(farm.stats().model_dump_json(indent=1), file=sys.stderr)
    finally:
        farm.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
