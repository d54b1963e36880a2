"""Measure: times of answers over HTTP, and of what the store and the vault do by themselves."""

import json
import os
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import httpx
from sqlalchemy import select, text

from api.contract.trust.merkle import consistency_holds, inclusion_holds, leaf_hash
from api.contract.wire.lead import LeadDocument
from api.evidence.scrub import scrub
from api.evidence.vault_address import open_vault
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.tlog import consistency_path, inclusion_path, log_leaves, log_root, log_size
from api.store.tables import LeadRow
from benchmarks.capacity.usage import usage_of
from benchmarks.retrieval.questions import KINDS
from benchmarks.retrieval.site import Filed, Filler, filed_leads, large_lead
from benchmarks.served_api import Times, served_api, times_of
from models.runtime.processor import processor

PAGES_DEEP = 20
TRIES = 3


@dataclass(slots=True)
class RetrievalResult:
    """What was measured on one database."""

    database: str
    leads: int
    seed: int
    machine: str
    version: str
    file_system: str
    load_average: float
    filed_per_s: float | None = None
    database_mb: float = 0.0
    vault_mb: float = 0.0
    large_package_mb: float = 0.0
    log_leaves: int = 0
    scrub_s: float = 0.0
    scrub_mb: float = 0.0
    times: list[Times] = field(default_factory=list)

    def as_json(self) -> str:
        """Return the result file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    def lines(self) -> Iterator[str]:
        """Yield the result for a terminal."""
        filed = "" if self.filed_per_s is None else f", filed at {self.filed_per_s:.0f}/s"
        yield (
            f"{self.database} on {self.file_system}, load {self.load_average:.0f}: {self.leads} leads, "
            f"{self.log_leaves} leaves{filed}, store {self.database_mb:.0f} MB, vault {self.vault_mb:.0f} MB"
        )
        yield f"  scrub of all: {self.scrub_s:.1f} s for {self.scrub_mb:.0f} MB"
        for one in self.times:
            cost = "" if one.cpu_ms is None else f", {one.cpu_ms} ms of processor"
            yield (
                f"  {one.kind:36} median {one.median_ms:8.1f}  p95 {one.p95_ms:8.1f}  worst {one.worst_ms:8.1f} ms"
                f"{'' if one.fastest_p95_ms is None else f'  fastest of {TRIES} p95 {one.fastest_p95_ms:.1f} ms'}"
                f"  ({one.count} asked, {one.found} found{cost})"
            )


def measure(folder: Path, *, database_url: str, leads: int, asked: int, seed: int) -> RetrievalResult:
    """Ask the site in `folder` and the database at an address (empty: SQLite), filled first where it is empty."""
    settings = Settings.model_validate({"data_dir": folder, "database_url": database_url})
    name = "PostgreSQL" if database_url else "SQLite"
    machine = f"{platform.machine()}, {processor()}"
    result = RetrievalResult(
        name, leads, seed, machine, version("plumewatch"), _file_system(folder), os.getloadavg()[0]
    )
    with open_database(settings) as database:
        vault = open_vault("", folder)
        with database.reading() as session:
            is_empty = session.scalar(select(LeadRow.lead_id).limit(1)) is None
        if is_empty:
            start = time.perf_counter()
            Filler(database, vault, seed).fill(leads)
            result.filed_per_s = round(leads / (time.perf_counter() - start), 1)
        with database.reading() as session:
            filed, large = filed_leads(session), large_lead(session)
        result.leads = len(filed)
        sums = "" if large.evidence is None else large.evidence.sums_sha256
        result.large_package_mb = round(sum(vault.sizes(sums).values()) / 1e6, 1)
        result.database_mb, result.vault_mb = _database_mb(database), _folder_mb(folder / "vault")
        result.times += _log_times(database, asked, seed)
        scrubbed = scrub(database, vault)
        if not scrubbed.is_sound:
            raise RuntimeError(f"the site is not sound: {scrubbed.faults[:3]}")
        result.scrub_s, result.scrub_mb = scrubbed.seconds, round(scrubbed.bytes / 1e6, 1)
        with database.reading() as session:
            result.log_leaves = log_size(session)
    with served_api(settings, f"benchmark-{time.time_ns()}") as (client, server):
        for kind, draw in KINDS.items():
            drawn = random.Random(f"{seed} {kind}")
            addresses = [draw(drawn, filed) for _ in range(asked)]
            before = usage_of(server).cpu_s
            times = _ask(client, kind, addresses)
            result.times.append(
                replace(times, cpu_ms=round(1000 * (usage_of(server).cpu_s - before) / (TRIES * asked + 1), 2))
            )
        result.times.append(_deep(client, asked))
        result.times += _evidence_times(client, filed, large, max(5, asked // 10), seed)
    return result


def _ask(client: httpx.Client, kind: str, addresses: Sequence[str]) -> Times:
    client.get(addresses[0]).raise_for_status()
    times, fastest, found = [], [], []
    for address in addresses:
        tries = []
        for _ in range(TRIES):
            start = time.perf_counter()
            answer = client.get(address)
            tries.append(time.perf_counter() - start)
        body = answer.raise_for_status().json()
        if not body.get("ok", True):
            raise RuntimeError(f"{address}: {body['checks']}")
        times += tries
        fastest.append(min(tries))
        found.append(len(body.get("leads", body.get("holdings", ()))))
    taken = times_of(kind, times, sorted(found)[len(found) // 2])
    return replace(taken, fastest_p95_ms=times_of(kind, fastest).p95_ms)


def _deep(client: httpx.Client, asked: int) -> Times:
    """Ask for pages far behind the newest, each by the cursor of the one before."""
    times: list[float] = []
    while len(times) < asked:
        cursor = ""
        for _ in range(PAGES_DEEP):
            start = time.perf_counter()
            answer = client.get("/v1/leads", params={"cursor": cursor} if cursor else {})
            times.append(time.perf_counter() - start)
            cursor = answer.raise_for_status().json()["next"] or ""
    return times_of(f"{PAGES_DEEP} pages on", times, 50)


def _evidence_times(
    client: httpx.Client, filed: Sequence[Filed], large: LeadDocument, count: int, seed: int
) -> Iterator[Times]:
    drawn = random.Random(seed)
    base = f"/v1/evidence/{large.lead_id}"
    some = [f"/v1/evidence/{one.lead.lead_id}" for one in drawn.sample(filed, min(count, len(filed)))]
    yield _ask(client, "verification, small packages", [f"{one}/verification" for one in some])
    yield _ask(client, "verification, real size", [f"{base}/verification"] * count)
    client.headers["Range"] = "bytes=5000000-5065535"
    yield times_of("64 kB in the middle of a clip", [_get(client, f"{base}/files/clip.mp4") for _ in range(count)])
    del client.headers["Range"]
    yield times_of("report.pdf", [_get(client, f"{one}/report.pdf") for one in some])
    yield times_of("package.tar, real size", [_get(client, f"{base}/package.tar") for _ in range(count)])


def _get(client: httpx.Client, address: str) -> float:
    start = time.perf_counter()
    client.get(address).raise_for_status()
    return time.perf_counter() - start


def _log_times(database: Database, asked: int, seed: int) -> Iterator[Times]:
    """Time proofs of the log in the store, each checked."""
    drawn = random.Random(seed)
    with database.reading() as session:
        size = log_size(session)
        root = log_root(session, size)

        def inclusion() -> None:
            index = drawn.randrange(size)
            (leaf,) = log_leaves(session, index, 1)
            if not inclusion_holds(leaf_hash(leaf.data), index, size, inclusion_path(session, index, size), root):
                raise RuntimeError(f"leaf {index} of {size} is not proven")

        def consistency() -> None:
            first = drawn.randrange(1, size)
            path = consistency_path(session, first, size)
            if not consistency_holds(first, size, log_root(session, first), root, path):
                raise RuntimeError(f"the tree of {first} is not proven to be the beginning of that of {size}")

        yield times_of("log, inclusion proven", [_timed(inclusion) for _ in range(asked)])
        yield times_of("log, consistency proven", [_timed(consistency) for _ in range(asked)])


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _database_mb(database: Database) -> float:
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "sqlite":
            pages, page = (connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("page_count", "page_size"))
            return round(int(pages or 0) * int(page or 0) / 1e6, 1)
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar()
        return round(int(size or 0) / 1e6, 1)


def _folder_mb(folder: Path) -> float:
    """Return what the folder takes on disk, whole blocks counted."""
    return round(sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1e6, 1)


def _file_system(folder: Path) -> str:
    """Return what kind of file system holds a folder: a tmpfs is memory, and syncing to it costs nothing."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    holding = [mount for mount in mounts if folder.resolve().is_relative_to(mount[1])]
    return max(holding, key=lambda mount: len(mount[1]))[2] if holding else ""
