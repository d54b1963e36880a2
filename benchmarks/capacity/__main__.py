"""Measure how many cameras this machine carries."""

import argparse
import itertools
import sys
from pathlib import Path

from benchmarks.capacity.report import capacity_html
from benchmarks.capacity.result import CapacityResult, read_capacity
from benchmarks.capacity.run import Asked, Ultralytics, run, summary
from benchmarks.errors import BenchmarkError
from benchmarks.output import result_file
from benchmarks.rtsp_farm.clips import QUIET_SCENES, SIZES, ClipSpec, Codec


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 0 where a step held the budget, 1 where none did."""
    options = _parser().parse_args(arguments)
    try:
        result = read_capacity(options.read) if options.read else run(_asked(options), say=_say)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 2
    print(summary(result))
    _write(result, options.json, options.html)
    return 0 if result.carried else 1


def _say(line: str) -> None:
    print(line, flush=True)


def _write(result: CapacityResult, json: Path | None, html: Path | None) -> None:
    if json is not None:
        json.write_text(result.as_json(), encoding="utf-8")
    if html is not None:
        html.write_text(capacity_html(result), encoding="utf-8")


def _asked(options: argparse.Namespace) -> Asked:
    specs = [
        ClipSpec(
            scene=scene,
            codec=codec,
            size_wh=size_wh,
            fps=options.fps,
            gop_s=gop_s,
            b_frames=options.b_frames,
            bit_rate=options.bit_rate,
        )
        for gop_s, size_wh, codec, scene in itertools.product(options.gop, options.size, options.codec, options.scenes)
    ]
    ultralytics = None
    if options.ultralytics is not None:
        weights = tuple(path.resolve() for path in options.ultralytics_weights)
        streams = tuple(options.ultralytics_streams)
        ultralytics = Ultralytics(options.ultralytics, weights, streams, options.ultralytics_seconds)
    return Asked(
        cameras=tuple(options.cameras),
        seconds=options.seconds,
        settle_s=options.settle,
        clips=tuple(specs),
        folder=options.folder,
        model=options.model,
        settings={"stream.watch": "focus"} if options.every_picture else {},
        workers=options.workers,
        farm_cpus=tuple(options.farm_cpus),
        ultralytics=ultralytics,
        to_the_end=options.to_the_end,
    )


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _seconds(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _codecs(text: str) -> list[Codec]:
    return [Codec(part) for part in text.split(",")]


def _sizes(text: str) -> list[tuple[int, int]]:
    return [SIZES[part] for part in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="plumewatch bench capacity", description=__doc__)
    parser.add_argument(
        "--cameras",
        type=_numbers,
        default=[8, 16, 32, 48, 64, 80, 100],
        metavar="N,N",
        help="the steps; default %(default)s",
    )
    parser.add_argument("--seconds", type=float, default=40.0, help="measured in each step")
    parser.add_argument("--settle", type=float, default=5.0, help="seconds that pass first, when all cameras play")
    parser.add_argument("--to-the-end", action="store_true", help="go on after a step that breaks the budget")
    parser.add_argument("--codec", type=_codecs, default=[Codec.H264], help="h264, h265, mjpeg, or several by turns")
    parser.add_argument("--size", type=_sizes, default=[SIZES["1080p"]], help="720p, 1080p, 4k, or several by turns")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--gop", type=_seconds, default=[2.0], help="seconds between key frames, or several by turns")
    parser.add_argument("--b-frames", type=int, default=0)
    parser.add_argument("--bit-rate", type=int, default=4_000_000)
    parser.add_argument("--scenes", nargs="+", default=list(QUIET_SCENES), help="what the cameras see, by turns")
    parser.add_argument("--folder", type=Path, default=Path(".cache/farm"), help="where encoded clips are kept")
    parser.add_argument("--model", default="", help="registry name; the default model without this")
    parser.add_argument("--workers", type=int, default=1, help="worker processes, which take the cameras by turns")
    parser.add_argument("--every-picture", action="store_true", help="decode everything, as before patrols were made")
    parser.add_argument("--farm-cpus", type=_numbers, default=[], metavar="N,N", help="processors for the farm")
    parser.add_argument("--ultralytics", type=Path, metavar="PYTHON", help="also its loop, in this Python")
    parser.add_argument("--ultralytics-weights", type=Path, nargs="+", default=[], help="what it runs")
    parser.add_argument("--ultralytics-streams", type=_numbers, default=[1, 4, 8, 12, 16], metavar="N,N")
    parser.add_argument("--ultralytics-seconds", type=float, default=15.0)
    parser.add_argument("--read", type=Path, help="measure nothing: read this result")
    parser.add_argument("--json", type=result_file, help="write the result here")
    parser.add_argument("--html", type=result_file, help="write a report with plots here")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
