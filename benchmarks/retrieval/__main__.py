"""
How fast evidence is found, checked and proven.

    python -m benchmarks.retrieval --leads 10000 --json benchmarks/results/retrieval-sqlite.json
    .ci/with-postgresql python -m benchmarks.retrieval --postgresql --json benchmarks/results/retrieval-postgresql.json

A site is filled (`benchmarks.retrieval.site`), the API started as a process of its own, and each kind of question asked
over HTTP on the loopback by one client, one after the other.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.output import result_file
from benchmarks.retrieval.measure import measure
from benchmarks.served_api import postgresql_url

LIMIT_MS = 100.0
"""Longest p95 of a search."""


def main() -> int:
    """Run; 1 where a search's p95 is over the limit."""
    parser = argparse.ArgumentParser(description="How fast evidence is found, checked and proven.")
    parser.add_argument("--leads", type=int, default=10_000)
    parser.add_argument("--asked", type=int, default=200, help="questions of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="the site: filled where it is empty; a temporary one by default")
    parser.add_argument("--json", type=result_file, help="write the result here")
    parser.add_argument(
        "--postgresql", action="store_true", help="use the empty database at PLUMEWATCH_TEST_POSTGRESQL"
    )
    asked = parser.parse_args()
    url = postgresql_url() if asked.postgresql else ""
    with tempfile.TemporaryDirectory(prefix="plumewatch-retrieval-", ignore_cleanup_errors=True) as temporary:
        folder = asked.folder or Path(temporary)
        result = measure(folder, database_url=url, leads=asked.leads, asked=asked.asked, seed=asked.seed)
    print("\n".join(result.lines()))
    if asked.json is not None:
        asked.json.write_text(result.as_json(), encoding="utf-8")
    slow = [one for one in result.times if one.cpu_ms is not None and one.p95_ms > LIMIT_MS]
    for one in slow:
        print(f"over {LIMIT_MS:.0f} ms: {one.kind}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
