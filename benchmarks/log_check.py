"""
What the append-only log costs: ``python -m benchmarks.log_check --leaves 100000``.

A log of that many leaves of 700 bytes (the size of a ``SHA256SUMS``) is made in a fresh SQLite; then a start's check of
all of it, appending a leaf, and proofs are timed. Processor seconds of this process, wall seconds beside them.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import insert

from api.clock import utc_now
from api.contract.trust.merkle import Frontier, leaf_hash
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.log_tables import LogLeafRow, LogNodeRow
from api.store.evidence.tlog import LeafKind, append_leaf, consistency_path, inclusion_path
from api.trust.checkpoints import check_log
from api.trust.journal import Journal

LEAF_BYTES = 700
_TIMES = 50


def fill(database: Database, count: int) -> None:
    """Append `count` leaves in a few transactions, as fast as the database takes them."""
    tree, now = Frontier(), utc_now()
    while tree.size < count:
        leaves: list[dict[str, object]] = []
        nodes: list[dict[str, object]] = []
        for index in range(tree.size, min(count, tree.size + 5000)):
            data = index.to_bytes(8, "big") * (LEAF_BYTES // 8)
            leaves.append({"index": index, "kind": "package", "subject": f"L{index}", "at": now, "data": data})
            for level, node in enumerate(tree.append(leaf_hash(data))):
                nodes.append({"level": level, "position": index >> level, "hash": node})
        with database.writing() as session:
            session.execute(insert(LogLeafRow), leaves)
            session.execute(insert(LogNodeRow), nodes)


def timed(what: str, work: Callable[[int], object], times: int = 1) -> None:
    """Do `work` so many times and print the median of a turn."""
    wall, processor = [], []
    for turn in range(times):
        started = time.perf_counter(), time.process_time()
        work(turn)
        wall.append(time.perf_counter() - started[0])
        processor.append(time.process_time() - started[1])
    print(
        f"{what:28} {statistics.median(processor) * 1e3:10.2f} ms of processor, {statistics.median(wall) * 1e3:.2f} ms"
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=100_000)
    count = parser.parse_args().leaves
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with open_database(settings) as database:
            fill(database, count)
            print(f"{count} leaves, database of {settings.sqlite_path().stat().st_size / 1e6:.0f} MB")

            def check(_: int) -> None:
                with database.reading() as session:
                    check_log(session, Journal(Path(folder) / "none"))

            def append(turn: int) -> None:
                with database.writing() as session:
                    append_leaf(session, LeafKind.PACKAGE, turn.to_bytes(LEAF_BYTES, "big"), "L", utc_now())

            def include(turn: int) -> None:
                with database.reading() as session:
                    inclusion_path(session, turn * (count // _TIMES), count)

            def continues(turn: int) -> None:
                with database.reading() as session:
                    consistency_path(session, 1 + turn * (count // _TIMES), count)

            timed("check of the whole log", check)
            timed("inclusion proof", include, _TIMES)
            timed("consistency proof", continues, _TIMES)
            timed("append, one transaction", append, _TIMES)


if __name__ == "__main__":
    main()
