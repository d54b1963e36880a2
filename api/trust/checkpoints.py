"""
Checkpoints: hourly records of the log's size and root, signed and stamped; and the check that the log still agrees.

  LogError    the log is shorter than it was, or a different one; the API does not start on it

The journal of checkpoints is kept with the site's keys, apart from the database: an attacker who restores an older
database, or rewrites its log, does not change the journal with it. At each start the whole log is hashed again and
compared with every entry. A checkpoint is in the journal before it is published.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import structlog
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.contract.trust.checkpoint import Checkpoint, log_id_of
from api.contract.trust.merkle import Frontier, leaf_hash
from api.contract.trust.stamp import fingerprint, sha256_hex
from api.store.database import Database
from api.store.evidence.checkpoints import (
    SignedCheckpoint,
    add_checkpoint,
    claim_log,
    covering_checkpoint,
    keep_certificate,
    newest_checkpoint,
)
from api.store.evidence.stamps import StampedKind, queue_stamp, store_stamp
from api.store.evidence.tlog import log_leaves, log_nodes, log_root, log_size
from api.store.faults import RecordConflict, StoreError
from api.trust.journal import Journal, JournalEntry, JournalError
from api.trust.keys import SiteKeys
from api.trust.stamper import Stamper

log = structlog.get_logger(__name__)

JOURNAL = "checkpoints.jsonl"
PERIOD_S = 30.0
"""How often it is looked whether a checkpoint is due."""
_PAGE = 2000


class LogError(Exception):
    """The log is shorter than it was, or a different one; the message says what was found and what to do."""


class Checkpoints:
    """
    Makes the checkpoints of the site's log; open it with `open`, which checks the log first.

    Args:
        database: holds the log.
        keys: of the site.
        journal: of the checkpoints.
        origin: first line of each.
        interval: at least this long between two of them, but where one is asked for.
        clock: the time now, aware UTC.
        stamper: gives their time-stamps, or queues them.
    """

    def __init__(
        self,
        database: Database,
        keys: SiteKeys,
        journal: Journal,
        origin: str,
        interval: timedelta,
        clock: Callable[[], datetime],
        stamper: Stamper,
    ) -> None:
        self._database = database
        self._key = keys.log
        self._journal = journal
        self._interval = interval
        self._clock = clock
        self._stamper = stamper
        self.origin = origin
        self.log_id = log_id_of(keys.root.certificate)

    @classmethod
    def open(
        cls,
        database: Database,
        keys: SiteKeys,
        folder: Path,
        interval: timedelta,
        clock: Callable[[], datetime],
        stamper: Stamper,
    ) -> Self:
        """Check the log against the journal in `folder` and return its `Checkpoints`; raise `LogError`."""
        log_id = log_id_of(keys.root.certificate)
        journal = Journal(folder / JOURNAL)
        now = clock()
        try:
            with database.writing() as session:
                origin = claim_log(session, log_id, f"plumewatch/{log_id[:16]}", now)
                for name, key in (("site-root", keys.root), ("tsa", keys.stamps), ("log", keys.log)):
                    keep_certificate(
                        session,
                        fingerprint=fingerprint(key.certificate),
                        kind=name,
                        name=key.certificate.subject.rfc4514_string(),
                        pem=key.pem.decode(),
                        at=now,
                    )
            with database.reading() as session:
                check_log(session, journal)
        except (RecordConflict, StoreError, JournalError) as fault:
            raise LogError(f"the append-only log cannot be trusted: {fault}") from fault
        return cls(database, keys, journal, origin, interval, clock, stamper)

    def make(self, *, at_once: bool = False) -> SignedCheckpoint | None:
        """
        Return a new checkpoint, or ``None`` where nothing was logged since the last, or it is not due yet.

        `at_once` does not wait for the interval. Raises `LogError` where the clock was set back behind the last one.
        """
        now = self._clock()
        with self._database.reading() as session:
            size, newest = log_size(session), newest_checkpoint(session)
            if newest is not None:
                if now < newest.at:
                    raise LogError(f"the clock shows {now.isoformat()}, before the last checkpoint of {newest.at}")
                if size <= newest.checkpoint.size or not (at_once or now - newest.at >= self._interval):
                    return None
            if size == 0:
                return None
            checkpoint = Checkpoint(self.origin, size, log_root(session, size))
        text = checkpoint.to_bytes()
        signature, certificate = self._key.sign(text), fingerprint(self._key.certificate)
        self._journal.append(JournalEntry(text, signature, certificate))
        signed = SignedCheckpoint(checkpoint, text, signature, self._key.pem.decode(), now)
        stamp = self._stamper.stamp_now(sha256_hex(text))
        with self._database.writing() as session:
            add_checkpoint(session, signed, certificate)
            digest = queue_stamp(session, StampedKind.CHECKPOINT, str(size), text, now)
            if stamp is not None:
                store_stamp(session, digest, stamp)
        log.info("checkpoint made", size=size, root=checkpoint.root.hex())
        return signed

    def covering(self, index: int) -> SignedCheckpoint | None:
        """Return the first checkpoint that holds the leaf `index`, made now if need be; ``None`` where none can be."""
        with self._database.reading() as session:
            found = covering_checkpoint(session, index)
        if found is not None:
            return found
        try:
            self.make(at_once=True)
        except LogError as fault:
            log.warning("no checkpoint", reason=str(fault))
        with self._database.reading() as session:
            return covering_checkpoint(session, index)

    async def run(self) -> None:
        """Make checkpoints until cancelled; to be run by `api.fleet.broker.keep_running`."""
        while True:
            await run_in_threadpool(self.make)
            await asyncio.sleep(PERIOD_S)


def check_log(session: Session, journal: Journal, kept: Checkpoint | None = None) -> int:
    """
    Hash the whole log again, compare it with its tree, every entry of the journal and `kept`; return its size.

    Raises `LogError` for a log that is shorter than a checkpoint or has another history, `JournalError` for a journal
    that is damaged.
    """
    signed = _signed_roots(journal, kept)
    newest = newest_checkpoint(session)
    if newest is not None and newest.checkpoint.size > max(signed, default=0):
        raise LogError(
            f"the database has a checkpoint of {newest.checkpoint.size} leaves, the journal {journal.path} ends "
            "before: it is missing or was shortened; restore it from the backup of its folder"
        )
    size = log_size(session)
    if signed and size < max(signed):
        raise LogError(
            f"the log has {size} leaves, but {max(signed)} were signed ({signed[max(signed)].source}): leaves were "
            "lost or an older copy of the database was put back; restore the newest copy"
        )
    tree = Frontier()
    while tree.size < size:
        _check_page(session, tree, signed)
    return size


@dataclass(frozen=True, slots=True)
class _SignedRoot:
    """A root that was signed, and where that is written."""

    root: bytes
    source: str


def _signed_roots(journal: Journal, kept: Checkpoint | None) -> dict[int, _SignedRoot]:
    """Return the signed root of each size; raise `LogError` where one size has two."""
    found = [(entry.checkpoint, f"journal {journal.path}") for entry in journal.read()]
    found += [] if kept is None else [(kept, "the kept checkpoint")]
    signed: dict[int, _SignedRoot] = {}
    for checkpoint, source in found:
        known = signed.setdefault(checkpoint.size, _SignedRoot(checkpoint.root, source))
        if known.root != checkpoint.root:
            raise LogError(f"two different logs of {checkpoint.size} leaves were signed ({known.source}, {source})")
    return signed


def _check_page(session: Session, tree: Frontier, signed: Mapping[int, _SignedRoot]) -> None:
    """Hash the leaves that follow `tree`, hold them against the signed roots and the stored tree; raise `LogError`."""
    start = tree.size
    made: dict[int, list[bytes]] = {}
    for leaf in log_leaves(session, start, _PAGE):
        if leaf.index != tree.size:
            break
        for level, node in enumerate(tree.append(leaf_hash(leaf.data))):
            made.setdefault(level, []).append(node)
        expected = signed.get(tree.size)
        if expected is not None and expected.root != tree.root():
            raise LogError(
                f"the first {tree.size} leaves are not those that were signed ({expected.source}): the log was "
                "rewritten; restore the database from before that"
            )
    if tree.size < min(start + _PAGE, log_size(session)):
        raise LogError(f"the log has no leaf {tree.size}")
    for level, nodes in made.items():
        if log_nodes(session, level, start >> level, len(nodes)) != nodes:
            raise LogError(
                f"the log's leaves and its tree do not belong together between {start} and {tree.size}: the database "
                "was changed by other hands"
            )
