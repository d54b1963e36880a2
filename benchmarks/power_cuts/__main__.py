"""
Power cuts at random points of the path from confirmation to vault and log.

    python -m benchmarks.power_cuts --points 200 --json benchmarks/results/power-cuts.json

A site (bus, API with SQLite and a folder vault) and the worker's half of the path as processes. Each point kills one
of them with ``kill -9``: the worker before a step of its own, the worker at a moment, or the API at a moment, which is
then started again; the next worker begins with what is left. In the end nothing may be left, every confirmed lead must
be filed exactly once, and every package in the vault must verify. Exit code 1 where one is not.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.capacity.site import Site
from benchmarks.output import result_file
from benchmarks.power_cuts.run import Cut, Trials


def main() -> int:
    """Run and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=200, help="cuts that must strike")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and steps drawn")
    parser.add_argument("--json", type=result_file, help="write the result here")
    arguments = parser.parse_args()

    def tell(struck: int, cut: Cut) -> None:
        print(f"\r{struck}/{arguments.points} {cut.value:24}", end="", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="plumewatch-cuts-") as name, Site(Path(name)) as site:
        result = Trials(site, Path(name), arguments.seed).run(arguments.points, tell)
    print(file=sys.stderr)
    values = result.as_dict() | {"seed": arguments.seed, "holds": result.holds}
    text = json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if result.holds else 1


if __name__ == "__main__":
    sys.exit(main())
