"""
Database: the engine, its transactions and its migrations.

SQLite runs in WAL mode with ``synchronous=FULL``: a lead that was answered 201 survives a power cut. Writers queue: a
writing transaction takes the database's one write lock first (``BEGIN IMMEDIATE``; an advisory lock on PostgreSQL), so
event cursors appear in order of commit and the hash chain of transitions never forks.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from api.contract.durable import full_disk, has_room
from api.store.documents import Unreadable, open_session_info

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 15_000
_WRITE_LOCK = 7_301_201
_MIGRATION_LOCK = 7_301_202


class StoreFullError(OperationalError):
    """The store's disk takes no more; its text is one sentence."""

    def __init__(self, sentence: str, orig: BaseException) -> None:
        super().__init__(None, None, orig)
        self._sentence = sentence

    def __str__(self) -> str:
        return self._sentence


class Database:
    """
    A database at a SQLAlchemy address. Faults do not repeat values: those are pictures, passwords' hashes, addresses.

    Args:
        url: with the driver named, e.g. ``sqlite:////srv/plumewatch.db``.

        lock_file: guards migrations of SQLite against a second process.

    Attributes:
        unreadable: the rows that were left out.
    """

    def __init__(self, url: str, *, lock_file: Path) -> None:
        self._lock_file = lock_file
        self._sqlite = url.startswith("sqlite")
        self.unreadable = Unreadable()
        if self._sqlite:
            self.engine = create_engine(
                url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=20, hide_parameters=True
            )
            _prepare_sqlite(self.engine)
        else:
            self.engine = create_engine(url, pool_pre_ping=True, pool_size=20, hide_parameters=True)
        _name_full_disk(self.engine)
        self._writer = self.engine.execution_options(plumewatch_writes=True)

    def migrate(self) -> None:
        """Bring the schema up to date; processes that start at the same time wait for each other."""
        with self._migration_lock(), self.engine.connect() as connection:
            if _revision_of(connection) == newest_revision():
                return
            from alembic import command  # noqa: PLC0415 (0.2 s that only a store which is not up to date needs)
            from alembic.config import Config  # noqa: PLC0415

            connection.rollback()  # one that has read could no longer wait for a writer
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads: one snapshot in SQLite, one a statement in PostgreSQL."""
        with Session(self.engine, expire_on_commit=False, info=open_session_info(self.unreadable)) as session:
            yield session

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Open a transaction that only reads and sees one moment throughout, on PostgreSQL too."""
        with self.reading() as session:
            if not self._sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """Open the writing transaction: commits at the end, rolls back on any fault."""
        info = open_session_info(self.unreadable)
        with Session(self._writer, expire_on_commit=False, info=info) as session, session.begin():
            if not self._sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITE_LOCK})
            yield session

    def check(self) -> None:
        """Raise if the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM leads LIMIT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _migration_lock(self) -> Iterator[None]:
        if self._sqlite:
            with self._lock_file.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            return
        with self.engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _MIGRATION_LOCK})


@cache
def newest_revision() -> str:
    """Return the revision of the newest migration: the number at the end of its file's name."""
    return max(path.stem.rpartition("_")[2] for path in (MIGRATIONS / "versions").glob("*_[0-9]*.py"))


def _revision_of(connection: Connection) -> str | None:
    """Return the revision of a store's schema; ``None`` for one that has none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _name_full_disk(engine: Engine) -> None:
    @event.listens_for(engine, "handle_error")
    def _on_fault(context: ExceptionContext) -> None:
        fault = context.original_exception
        name, file = getattr(fault, "sqlite_errorname", ""), Path(engine.url.database or "")
        # The file of its shared memory, too, needs room, and SQLite calls that an input or output error.
        if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and not has_room(file.parent)):
            raise StoreFullError(full_disk(file), fault)
        if getattr(fault, "sqlstate", "") == "53100":  # disk_full
            raise StoreFullError("the disk of the database server is full; make room there", fault)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The sqlite3 module's own transaction control would begin too late for BEGIN IMMEDIATE.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("plumewatch_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
