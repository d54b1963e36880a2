"""
What it costs to hold the store's records against its log: ``python -m benchmarks.agreement --entries 100000``.

So many custody entries in batches of 10,000 and so many transitions, of half as many leads, are written into a fresh
SQLite by another process; then all of them are held against their leaves. Processor seconds, wall seconds beside them,
and how much the process grew.
"""

import argparse
import hashlib
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from api.contract.trust.merkle import Frontier, leaf_hash
from api.contract.trust.stamp import canonical_json
from api.contract.wire.lead import LeadState
from api.contract.wire.moment import rfc3339
from api.people.accounts import open_database
from api.settings import Settings
from api.store.agreement.log import disagreements
from api.store.evidence.access import MOST_IN_BATCH, log_accesses
from api.store.evidence.log_tables import LogLeafRow, LogNodeRow
from api.store.leads import FIRST_HASH
from api.store.tables import CustodyRow, LeadRow, TransitionRow

START = datetime(2026, 11, 27, tzinfo=UTC)
_AT_ONCE = 5000


def fill(folder: Path, count: int) -> None:
    """Write `count` transitions with their leaves and leads, and `count` custody entries, logged batch by batch."""
    with open_database(Settings(data_dir=folder)) as database:
        newest, tree = FIRST_HASH, Frontier()
        for start in range(0, count, _AT_ONCE):
            transitions: list[dict[str, object]] = []
            leaves: list[dict[str, object]] = []
            nodes: list[dict[str, object]] = []
            leads: list[dict[str, object]] = []
            for number in range(start, min(count, start + _AT_ONCE)):
                record = _record(number, newest)
                lead_id = str(record["lead_id"])
                data = canonical_json(record)
                newest = hashlib.sha256(data).hexdigest()
                transitions.append(
                    {"seq": number + 1, "lead_id": lead_id, "record": data.decode(), "record_sha256": newest}
                )
                leaf = canonical_json(record | {"kind": "transition"})
                leaves.append({"index": number, "kind": "transition", "subject": lead_id, "at": START, "data": leaf})
                nodes += [
                    {"level": level, "position": number >> level, "hash": node}
                    for level, node in enumerate(tree.append(leaf_hash(leaf)))
                ]
                if number % 2 == 1 or number == count - 1:
                    leads.append(_lead(record))
            with database.writing() as session:
                session.execute(insert(TransitionRow), transitions)
                session.execute(insert(LogLeafRow), leaves)
                session.execute(insert(LogNodeRow), nodes)
                session.execute(insert(LeadRow), leads)
        for start in range(0, count, MOST_IN_BATCH):
            looks = [_look(number) for number in range(start, min(count, start + MOST_IN_BATCH))]
            with database.writing() as session:
                session.execute(insert(CustodyRow), looks)
            with database.writing() as session:
                log_accesses(session, START)


def _record(number: int, newest: str) -> dict[str, object]:
    """Return a lead's announcement, or for odd numbers its filing, after the record whose hash is `newest`."""
    filed = number % 2 == 1
    return {
        "seq": number + 1,
        "lead_id": f"L20261127-{number // 2:06}",
        "from": LeadState.CANDIDATE.value if filed else "",
        "to": (LeadState.PENDING_VERIFY if filed else LeadState.CANDIDATE).value,
        "version": 2 if filed else 1,
        "role": "A",
        "user": "node",
        "at": rfc3339(START),
        "reason": "package verified" if filed else "announced by the analyser",
        "reason_code": "",
        "attach_sha256": newest if filed else "",
        "prev_hash": newest,
    }


def _lead(record: Mapping[str, object]) -> dict[str, object]:
    """Return the row of the lead that a record leaves behind, with a document of 2 kB."""
    told = {"state": record["to"], "version": record["version"], "violation_code": "V01_STACK_SMOKE"}
    return {
        **told,
        "lead_id": record["lead_id"],
        "priority": "P1",
        "score": 50,
        "camera_id": "gate",
        "node": "node",
        "event_start": START,
        "received": START,
        "changed": START,
        "document": json.dumps(told | {"rest": "x" * 2000}),
    }


def _look(number: int) -> dict[str, object]:
    return {
        "lead_id": f"L20261127-{number // 2:06}",
        "file": "clip.mp4",
        "action": "played",
        "who": "operator:li",
        "address": "127.0.0.1",
        "at": START + timedelta(seconds=number),
        "result": "",
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    count = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        filling = multiprocessing.get_context("spawn").Process(target=fill, args=(Path(folder), count))
        filling.start()
        filling.join()
        if filling.exitcode != 0:
            raise RuntimeError(f"the store was not filled: exit {filling.exitcode}")
        settings = Settings(data_dir=Path(folder))
        print(f"{count} custody entries, {count} transitions, {settings.sqlite_path().stat().st_size / 1e6:.0f} MB")
        with open_database(settings) as database, database.snapshot() as session:
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            wall, processor = time.perf_counter(), time.process_time()
            found = disagreements(session)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
        print(f"held against the log in {processor:.1f} s of processor, {wall:.1f} s; grown by {grown_mb:.0f} MB")
        print(
            f"{len(found.custody) + len(found.records)} disagreements", *found.custody[:3], *found.records[:3], sep="\n"
        )


if __name__ == "__main__":
    main()
