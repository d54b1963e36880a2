"""
Coverage journal: accounts on disk until the API has them.

One SQLite file in WAL mode with ``synchronous=FULL``: a transaction that has returned survives a power cut, one that
has not is undone. Accounts that an earlier run left open end as `GapReason.WORKER_DIED`.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from threading import Lock

import structlog
from pydantic import ValidationError

from api.contract.coverage import HOUR, AccountHour, AccountLoss
from api.contract.durable import full_disk
from api.contract.reasons import GapReason
from api.contract.wire.moment import rfc3339
from vision.durable import StorageError, make_folder

log = structlog.get_logger(__name__)

FILE = "coverage.db"
HOURS_MOST = 200_000
"""Unsent hours on disk: 100 cameras for 83 days, about 120 MB. Beyond it the oldest are lost; the loss is reported."""
BATCH_BYTES = 400_000
"""Bytes returned at once: a camera that reconnects all the time has hundreds of gaps an hour."""
UNSAVED_MOST = 20_000
"""Hours in memory while the disk is full."""

_TABLES = """
CREATE TABLE IF NOT EXISTS hours (
  camera_id TEXT NOT NULL, hour TEXT NOT NULL, account TEXT NOT NULL, sequence INTEGER NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0, final INTEGER NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (camera_id, hour, account)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hours_unsent ON hours (hour) WHERE sent < sequence;
CREATE TABLE IF NOT EXISTS losses (
  camera_id TEXT PRIMARY KEY, worker TEXT NOT NULL, start TEXT NOT NULL, "end" TEXT NOT NULL
) WITHOUT ROWID;
"""
_KEEP = """
INSERT INTO hours (camera_id, hour, account, sequence, final, document) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (camera_id, hour, account) DO UPDATE SET
  sequence = excluded.sequence, final = excluded.final, document = excluded.document
WHERE excluded.sequence > hours.sequence
"""
_LOSE = """
INSERT INTO losses (camera_id, worker, start, "end") VALUES (?, ?, ?, ?)
ON CONFLICT (camera_id) DO UPDATE SET start = min(start, excluded.start), "end" = max("end", excluded."end")
"""

Key = tuple[str, datetime, str]


def _key(document: AccountHour) -> Key:
    return document.camera_id, document.hour, document.account


class Journal:
    """Account hours by camera, hour and account. Thread-safe; one per folder."""

    def __init__(self, folder: Path, *, hours_most: int = HOURS_MOST, unsaved_most: int = UNSAVED_MOST) -> None:
        make_folder(folder)
        self._hours_most = hours_most
        self._unsaved_most = unsaved_most
        self._lock = Lock()
        self._unsaved: dict[Key, AccountHour] = {}
        self._lost: list[AccountLoss] = []
        self._path = folder / FILE
        self._connection = _open(self._path)
        self._end_accounts_of_the_dead()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def keep(self, documents: Iterable[AccountHour]) -> None:
        """
        Write documents to disk; newer ones replace older ones of the same camera, hour and account.

        Raises `StorageError` (a full disk): they then stay in memory, bounded, and are written by the next call.
        """
        with self._lock:
            for document in documents:
                self._unsaved[_key(document)] = document
            while len(self._unsaved) > self._unsaved_most:
                self._lost.append(_loss_of(self._unsaved.pop(next(iter(self._unsaved)))))
            self._lost = _joined(self._lost)
            with self._writing() as cursor:
                cursor.executemany(_KEEP, [_row(document) for document in self._unsaved.values()])
                cursor.executemany(_LOSE, [_loss_row(loss) for loss in self._lost])
                self._shed(cursor)
            self._unsaved.clear()
            self._lost.clear()

    def unsent(self, limit: int, bytes_most: int = BATCH_BYTES) -> list[AccountHour]:
        """
        Return up to `limit` documents of which the API has no version or an older one, oldest hour first.

        Together they hold at most `bytes_most`, except that the first one is always returned.
        """
        with self._lock, self._reading() as cursor:
            rows = cursor.execute(
                "SELECT document FROM hours WHERE sent < sequence ORDER BY hour, camera_id LIMIT ?", (limit,)
            ).fetchall()
            sizes = accumulate(len(row[0]) for row in rows)
            texts = [row[0] for row, size in zip(rows, sizes, strict=True) if size <= max(bytes_most, len(rows[0][0]))]
            return self._read(texts)

    def count_unsent(self) -> int:
        """Return the number of unsent documents."""
        with self._lock, self._reading() as cursor:
            return int(cursor.execute("SELECT count(*) FROM hours WHERE sent < sequence").fetchone()[0])

    def losses(self, limit: int) -> list[AccountLoss]:
        """Return up to `limit` losses that are not reported yet, by camera."""
        with self._lock, self._reading() as cursor:
            rows = cursor.execute(
                'SELECT camera_id, worker, start, "end" FROM losses ORDER BY camera_id LIMIT ?', (limit,)
            ).fetchall()
        return [AccountLoss(camera_id=r[0], worker=r[1], start=_moment(r[2]), end=_moment(r[3])) for r in rows]

    def delivered(self, documents: Sequence[AccountHour], losses: Sequence[AccountLoss] = ()) -> None:
        """Record that the API has these versions; forget the hours that are over."""
        with self._lock, self._writing() as cursor:
            cursor.executemany(
                "UPDATE hours SET sent = ? WHERE camera_id = ? AND hour = ? AND account = ? AND sent < ?",
                [(d.sequence, d.camera_id, rfc3339(d.hour), d.account, d.sequence) for d in documents],
            )
            cursor.execute("DELETE FROM hours WHERE final AND sent >= sequence")
            cursor.executemany(
                'DELETE FROM losses WHERE camera_id = ? AND start = ? AND "end" = ?',
                [(loss.camera_id, rfc3339(loss.start), rfc3339(loss.end)) for loss in losses],
            )

    def refuse(self, document: AccountHour) -> None:
        """Drop a document that the API will never take; its time is reported as lost."""
        with self._lock, self._writing() as cursor:
            cursor.execute(
                "UPDATE hours SET sent = sequence WHERE camera_id = ? AND hour = ? AND account = ?",
                (document.camera_id, rfc3339(document.hour), document.account),
            )
            cursor.execute(_LOSE, _loss_row(_loss_of(document)))

    def _read(self, texts: Sequence[str]) -> list[AccountHour]:
        """
        Return documents; one that this version cannot read, left by another version, is removed.

        Nothing else may write meanwhile.
        """
        documents = []
        for text in texts:
            try:
                documents.append(AccountHour.model_validate_json(text))
            except ValidationError as error:
                log.error("coverage of an hour cannot be read", errors=error.error_count())  # noqa: TRY400
                with self._writing() as cursor:
                    cursor.execute("DELETE FROM hours WHERE document = ?", (text,))
        return documents

    def _end_accounts_of_the_dead(self) -> None:
        with self._reading() as cursor:
            rows = cursor.execute("SELECT document FROM hours WHERE NOT final").fetchall()
        left = self._read([row[0] for row in rows])
        dead = [d.model_copy(update={"ended": GapReason.WORKER_DIED, "sequence": d.sequence + 1}) for d in left]
        if dead:
            log.warning("earlier run left accounts open", cameras=len(dead), last=rfc3339(max(d.end for d in dead)))
            try:
                self.keep(dead)
            except StorageError as error:  # a full disk must not stop a worker
                log.error("coverage waits for space", error=str(error))  # noqa: TRY400

    def _shed(self, cursor: sqlite3.Cursor) -> None:
        """Delete the oldest unsent hours beyond the bound, and record the loss."""
        excess = int(cursor.execute("SELECT count(*) FROM hours").fetchone()[0]) - self._hours_most
        if excess <= 0:
            return
        wanted = max(excess, self._hours_most // 20)
        rows = cursor.execute(
            "SELECT document FROM hours WHERE final ORDER BY hour, camera_id LIMIT ?", (wanted,)
        ).fetchall()
        shed = [AccountHour.model_validate_json(row[0]) for row in rows]
        cursor.executemany(_LOSE, [_loss_row(_loss_of(document)) for document in shed])
        cursor.executemany(
            "DELETE FROM hours WHERE camera_id = ? AND hour = ? AND account = ?",
            [(d.camera_id, rfc3339(d.hour), d.account) for d in shed],
        )
        log.error("coverage dropped: too much is unsent", hours=len(shed))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        with _storing(self._path), self._connection:
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        with _storing(self._path):
            yield self._connection.cursor()


def _open(path: Path) -> sqlite3.Connection:
    """Open the file; a damaged one is set aside and replaced by a new one, and its unsent hours are lost."""
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise StorageError(f"{path} could not be opened: {error}") from error
        aside = path.with_name(path.name + ".damaged")
        log.exception("coverage journal damaged, set aside", aside=str(aside))
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.replace(aside.with_name(aside.name + ending))
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_TABLES)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        is_full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
        raise StorageError(f"the coverage journal: {full_disk(path) if is_full else error}") from error


def _row(document: AccountHour) -> tuple[str, str, str, int, bool, str]:
    is_final = document.ended is not None or document.end >= document.hour + HOUR
    key = (document.camera_id, rfc3339(document.hour), document.account)
    return *key, document.sequence, is_final, document.model_dump_json()


def _loss_of(document: AccountHour) -> AccountLoss:
    return AccountLoss(
        camera_id=document.camera_id,
        worker=document.worker,
        start=document.start,
        end=max(document.end, document.start),
    )


def _loss_row(loss: AccountLoss) -> tuple[str, str, str, str]:
    return loss.camera_id, loss.worker, rfc3339(loss.start), rfc3339(loss.end)


def _joined(losses: Iterable[AccountLoss]) -> list[AccountLoss]:
    """Return one loss for each camera, from its first to its last."""
    joined: dict[str, AccountLoss] = {}
    for loss in losses:
        known = joined.get(loss.camera_id, loss)
        spans = {"start": min(known.start, loss.start), "end": max(known.end, loss.end)}
        joined[loss.camera_id] = known.model_copy(update=spans)
    return list(joined.values())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
