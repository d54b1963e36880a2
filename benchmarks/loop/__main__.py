"""
How fast a large site's queues, moves and time limits are.

    python -m benchmarks.loop --json benchmarks/results/loop-sqlite.json
    .ci/with-postgresql python -m benchmarks.loop --postgresql --json benchmarks/results/loop-postgresql.json
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.loop.measure import measure
from benchmarks.loop.site import Plan
from benchmarks.output import result_file
from benchmarks.served_api import postgresql_url

QUEUE_MS, MOVE_MS, TIMERS_SHARE = 100.0, 50.0, 0.01
"""Longest p95 of a queue and of a move; most of a core that the time limits may take."""


def main() -> int:
    """Run; 1 where a figure is over its limit."""
    parser = argparse.ArgumentParser(description="How fast a large site's queues, moves and time limits are.")
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--enterprises", type=int, default=5_000)
    parser.add_argument("--asked", type=int, default=200, help="questions of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=result_file, help="write the result here")
    parser.add_argument(
        "--postgresql", action="store_true", help="use the empty database at PLUMEWATCH_TEST_POSTGRESQL"
    )
    asked = parser.parse_args()
    url = postgresql_url() if asked.postgresql else ""
    plan = Plan(asked.leads, asked.enterprises, seed=asked.seed)
    with tempfile.TemporaryDirectory(prefix="plumewatch-loop-", ignore_cleanup_errors=True) as folder:
        result = measure(Path(folder), plan, database_url=url, asked=asked.asked)
    print("\n".join(result.lines()))
    if asked.json is not None:
        asked.json.write_text(result.as_json(), encoding="utf-8")
    limits = [(one, MOVE_MS if "->" in one.kind else QUEUE_MS) for one in result.times]
    slow = [f"over {limit:.0f} ms: {one.kind}" for one, limit in limits if one.p95_ms > limit]
    if result.timers_core_share > TIMERS_SHARE:
        slow.append(f"over {TIMERS_SHARE:.0%} of a core: time limits")
    print("\n".join(slow))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
