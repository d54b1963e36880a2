"""Watch camera-days and print what came of them; a result that is there already grows."""

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.days.run import Asked, run
from benchmarks.days.text import as_text
from benchmarks.days.watch import Restart
from benchmarks.errors import BenchmarkError
from benchmarks.output import result_file
from models.detector import ModelError


def main() -> int:
    """Run the command line; return 2 where something cannot be run as asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.days", description=__doc__)
    parser.add_argument("--cameras", type=numbers, required=True, help="numbers from 1 on: 1-8, or 1,5,9")
    parser.add_argument("--hours", type=span, default=(0, 24), help="of each day, as 0-24")
    parser.add_argument(
        "--spread", action="store_true", help="one hour of each camera instead, going round the clock: 1-24 make a day"
    )
    parser.add_argument("--part-hours", type=int, default=6, help="of a day that are watched in one go")
    parser.add_argument("--processes", type=int, default=1, help="of one thread each")
    parser.add_argument("--model", help="as in plumewatch bench accuracy; the default model without this")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--limit-minutes", type=float, help="of each part, for a quick try")
    parser.add_argument(
        "--restart",
        type=Restart,
        choices=list(Restart),
        default=Restart.NONE,
        help="start the worker anew after each warm-up, with or without what it remembers of the place",
    )
    parser.add_argument("--pictures", type=Path, help="folder for pictures of false leads and missed events")
    parser.add_argument("--rest", action="store_true", help="leave out what the file holds already")
    parser.add_argument("--json", type=result_file, required=True, help="the result; what it holds already is kept")
    asked = parser.parse_args()
    # Terminated, it ends as when interrupted: its processes would otherwise watch on for hours that nobody keeps.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if asked.pictures is not None:
        asked.pictures.mkdir(parents=True, exist_ok=True)
    wanted = Asked(
        cameras=asked.cameras,
        hours=asked.hours,
        part_hours=asked.part_hours,
        processes=asked.processes,
        model=asked.model,
        runtime=asked.runtime,
        limit_minutes=asked.limit_minutes,
        pictures=asked.pictures,
        rest=asked.rest,
        spread=asked.spread,
        restart=asked.restart,
    )
    try:
        print(as_text(run(wanted, asked.json)))
    except (BenchmarkError, ModelError) as error:
        print(error)
        return 2
    return 0


def numbers(text: str) -> tuple[int, ...]:
    """Return the camera numbers that ``1-3,7`` names."""
    found: list[int] = []
    for word in text.split(","):
        first, _, last = word.partition("-")
        try:
            found += range(int(first), int(last or first) + 1)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected camera numbers such as 1-8, got {text!r}") from None
    if not found or min(found) < 1 or len(set(found)) != len(found):
        raise argparse.ArgumentTypeError(f"expected camera numbers from 1 on, each once, got {text!r}")
    return tuple(found)


def span(text: str) -> tuple[int, int]:
    """Return the hours that ``6-10`` names."""
    first, _, last = text.partition("-")
    try:
        begin, end = int(first), int(last)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected hours such as 0-24, got {text!r}") from None
    if not 0 <= begin < end <= 24:
        raise argparse.ArgumentTypeError(f"expected hours of one day such as 0-24, got {text!r}")
    return begin, end


if __name__ == "__main__":
    raise SystemExit(main())
