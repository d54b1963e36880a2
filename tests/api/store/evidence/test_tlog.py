"""The log in the store: it grows with what it records, proves any two of its sizes, and survives any cut."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table as SqlTable
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from api.clock import utc_now
from api.contract.trust.merkle import EMPTY_ROOT, Span, Subtree, consistency_holds, inclusion_holds, leaf_hash
from api.contract.trust.stamp import canonical_json
from api.people.accounts import open_database
from api.settings import Settings
from api.store.columns import Table
from api.store.database import Database
from api.store.evidence.log_tables import LogLeafRow, LogNodeRow
from api.store.evidence.tlog import (
    LeafKind,
    append_leaf,
    append_leaves,
    append_record,
    consistency_path,
    inclusion_path,
    leaves_about,
    log_leaves,
    log_root,
    log_size,
)
from api.store.faults import StoreError
from tests.api.contract.trust.test_merkle import LEAVES, ROOTS, Tree
from tests.api.store.test_database import settings

__all__ = ["settings"]


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An empty store of each kind."""
    with open_database(settings) as database:
        yield database


def grow(database: Database, leaves: list[bytes]) -> None:
    """Append leaves, each in a transaction of its own."""
    for data in leaves:
        with database.writing() as session:
            append_leaf(session, LeafKind.PACKAGE, data, "L20261123-000001", utc_now())


def test_the_empty_log_has_the_empty_root(database: Database) -> None:
    """Before the first leaf there is a size, 0, and its root, and nothing to read."""
    with database.reading() as session:
        assert (log_size(session), log_root(session, 0), log_leaves(session, 0, 10)) == (0, EMPTY_ROOT, [])


def test_roots_and_proofs_are_those_of_the_vectors(database: Database) -> None:
    """The published leaves give the published roots at every size, and every proof between two sizes holds."""
    grow(database, LEAVES)
    with database.reading() as session:
        assert [log_root(session, size).hex() for size in range(9)] == ROOTS
        for size in range(1, 9):
            for index in range(size):
                path = inclusion_path(session, index, size)
                assert inclusion_holds(leaf_hash(LEAVES[index]), index, size, path, log_root(session, size))
            for first in range(1, size + 1):
                roots = log_root(session, first), log_root(session, size)
                assert consistency_holds(first, size, *roots, consistency_path(session, first, size))
        with pytest.raises(StoreError, match="the log has 8 leaves"):
            log_root(session, 9)


@pytest.mark.parametrize("parts", [[0], [8], [1, 7], [3, 5], [4, 4], [5, 1, 2], [2, 0, 3, 3]])
def test_leaves_may_come_together(database: Database, parts: list[int]) -> None:
    """However many are appended at once, tree and proofs are those of one after the other."""
    rest = list(LEAVES)
    for count in parts:
        together, rest = rest[:count], rest[count:]
        with database.writing() as session:
            leaves = [(data, "L20261123-000001") for data in together]
            assert append_leaves(session, LeafKind.PACKAGE, leaves, utc_now()) == len(LEAVES) - len(rest) - count
    size = sum(parts)
    with database.reading() as session:
        assert [log_root(session, size).hex() for size in range(size + 1)] == ROOTS[: size + 1]
        assert [leaf.data for leaf in log_leaves(session, 0, 10)] == LEAVES[:size]
        assert len(session.scalars(select(LogNodeRow)).all()) == 2 * size - size.bit_count()


def test_leaves_are_kept_as_they_were(database: Database) -> None:
    """A leaf's bytes, kind and subject come back; a record is canonical JSON with its kind."""
    with database.writing() as session:
        first = append_leaf(session, LeafKind.PACKAGE, b"sums\n", "L20261123-000001", utc_now())
        second = append_record(
            session, LeafKind.ACCESS, {"who": "operator:王", "file": ""}, "L20261123-000001", utc_now()
        )
        third = append_record(session, LeafKind.KEY, {"event": "enrolled"}, "node:a", utc_now())
    assert (first, second, third) == (0, 1, 2)
    with database.reading() as session:
        data = [leaf.data for leaf in leaves_about(session, "L20261123-000001")]
        assert [leaf.index for leaf in log_leaves(session, 1, 1)] == [1]
    assert data == [b"sums\n", canonical_json({"who": "operator:王", "file": "", "kind": "access"})]


def test_a_leaf_and_what_it_tells_are_one(database: Database) -> None:
    """A transaction that fails after its leaf was appended leaves no leaf; the next one takes its index."""

    def fail() -> None:
        with database.writing() as session:
            append_leaf(session, LeafKind.PACKAGE, b"lost", "L20261123-000001", utc_now())
            raise ZeroDivisionError

    grow(database, LEAVES[:3])
    with pytest.raises(ZeroDivisionError):
        fail()
    grow(database, LEAVES[3:])
    with database.reading() as session:
        assert log_root(session, 8).hex() == ROOTS[8]


def test_many_writers_grow_one_tree(settings: Settings, database: Database) -> None:
    """Several processes' databases append at the same time: no index is given twice and the tree does not fork."""
    writers, each = 4, 12

    def write(name: int) -> None:
        with open_database(settings) as own:
            for number in range(each):
                with own.writing() as session:
                    append_leaf(session, LeafKind.ACCESS, f"{name}-{number}".encode(), "x", utc_now())

    threads = [threading.Thread(target=write, args=(name,)) for name in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        leaves = log_leaves(session, 0, 100)
        assert [leaf.index for leaf in leaves] == list(range(writers * each))
        assert log_root(session, len(leaves)) == Tree([leaf.data for leaf in leaves]).root(len(leaves))


def test_the_database_refuses_to_rewrite_the_log(database: Database) -> None:
    """Neither leaves nor nodes can be changed or deleted."""
    grow(database, LEAVES[:2])
    for statement in (
        "UPDATE log_leaves SET subject = 'other'",
        "DELETE FROM log_leaves",
        "UPDATE log_nodes SET level = 7",
        "DELETE FROM log_nodes",
    ):
        with pytest.raises(SQLAlchemyError, match="append-only"), database.writing() as session:
            session.execute(text(statement))


def test_the_log_survives_a_cut_at_every_byte(tmp_path: Path) -> None:
    """
    Whatever is left of the database's journal after a cut, the log is a whole tree of some of the first leaves.

    Cut at every byte of the journal that holds the appending of two leaves, in one transaction each: the log has none,
    one or both of them and the root for it; with the whole journal it has both. Nothing answered is lost.
    """
    path, copy = tmp_path / "log.db", tmp_path / "cut.db"
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA page_size = 512")  # an eighth of the default: the same pages, an eighth of the bytes to cut
        raw.execute("VACUUM")
    database = Database(f"sqlite:///{path}", lock_file=tmp_path / "lock")
    Table.metadata.create_all(database.engine, [table_of(LogLeafRow), table_of(LogNodeRow)])
    grow(database, LEAVES[:6])
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    grow(database, LEAVES[6:])
    journal = Path(f"{path}-wal").read_bytes()
    shutil.copy(path, copy)
    raw.close()
    database.close()
    seen = []
    for length in range(len(journal), -1, -1):
        if length == len(journal):
            Path(f"{copy}-wal").write_bytes(journal)
        else:
            os.truncate(f"{copy}-wal", length)
        seen.append(_size_and_root(copy))
    assert set(seen) == {(size, ROOTS[size]) for size in (6, 7, 8)}
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == (8, ROOTS[8])


def table_of(row: type[Table]) -> SqlTable:
    table = row.__table__
    assert isinstance(table, SqlTable)
    return table


def _size_and_root(path: Path) -> tuple[int, str]:
    """Read the log of a database as a process that starts after a cut does, leaving its journal as it is."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT level, position, hash FROM log_nodes").fetchall()
        size = connection.execute('SELECT max("index") FROM log_leaves').fetchone()[0] + 1
    finally:
        connection.close()
    nodes = {Subtree(level, position): node for level, position, node in rows}
    return size, Span(0, size).root(nodes).hex()
