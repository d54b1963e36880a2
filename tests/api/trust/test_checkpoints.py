"""Checkpoints are made as the log grows; a log that shrank, forked or was rewritten does not start, and says why."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api.clock import utc_now
from api.contract.trust.merkle import consistency_holds
from api.contract.trust.stamp import read_certificate, sha256_hex, signature_holds
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.checkpoints import covering_checkpoint
from api.store.evidence.stamps import find_stamp
from api.store.evidence.tlog import LeafKind, append_leaf, consistency_path, log_size
from api.trust.checkpoints import LogError, check_log
from api.trust.journal import Journal
from api.trust.services import Provers, open_provers


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a site of its own."""
    return Settings(data_dir=tmp_path / "site")


@contextmanager
def site(settings: Settings, ahead: timedelta = timedelta(0)) -> Iterator[tuple[Database, Provers]]:
    """A site that runs, its clock perhaps ahead or behind."""
    with open_database(settings) as database, ExitStack() as stack:
        yield database, open_provers(settings, database, lambda: utc_now() + ahead, stack)


def grow(database: Database, count: int) -> None:
    for _ in range(count):
        with database.writing() as session:
            append_leaf(session, LeafKind.PACKAGE, os.urandom(9), "L20261127-000001", utc_now())


def test_an_empty_log_has_no_checkpoint(settings: Settings) -> None:
    """There is nothing to sign; the site starts again all the same."""
    for _ in range(2):
        with site(settings) as (_, provers):
            assert provers.checkpoints.make(at_once=True) is None
            assert provers.checkpoints.covering(0) is None


def test_checkpoints_are_signed_stamped_and_consistent(settings: Settings) -> None:
    """Each is signed by the log's key and stamped; a later one continues an earlier one; hours pass between them."""
    with site(settings) as (database, provers):
        grow(database, 3)
        first = provers.checkpoints.make()
        assert first is not None
        grow(database, 4)
        assert provers.checkpoints.make() is None
        second = provers.checkpoints.make(at_once=True)
        assert second is not None
        for signed in (first, second):
            assert signature_holds(read_certificate(signed.certificate_pem.encode()), signed.text, signed.signature)
        with database.reading() as session:
            path = consistency_path(session, 3, 7)
            assert find_stamp(session, sha256_hex(second.text)) is not None
            assert covering_checkpoint(session, 2) == first
            assert covering_checkpoint(session, 3) == second
        assert consistency_holds(3, 7, first.checkpoint.root, second.checkpoint.root, path)
        assert provers.checkpoints.covering(1) == first
    with site(settings, ahead=timedelta(hours=1)) as (database, provers):
        assert provers.checkpoints.make() is None
        grow(database, 1)
        assert provers.checkpoints.make() is not None


def test_no_checkpoint_with_the_clock_set_back(settings: Settings) -> None:
    """A clock behind the last checkpoint makes none, and a package that needs one waits for its proof."""
    with site(settings) as (database, provers):
        grow(database, 1)
        provers.checkpoints.make()
    with site(settings, ahead=-timedelta(hours=1)) as (database, provers):
        grow(database, 1)
        with pytest.raises(LogError, match="before the last checkpoint"):
            provers.checkpoints.make(at_once=True)
        assert provers.checkpoints.covering(1) is None


def tampered(database: Database, statement: str) -> None:
    """Change the log as somebody with the database in hand does: without its triggers."""
    with database.engine.begin() as connection:
        for table in ("log_leaves", "log_nodes", "checkpoints"):
            for verb in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ('DELETE FROM log_leaves WHERE "index" = 4', "the log has 4 leaves, but 5 were signed"),
        ('DELETE FROM log_leaves WHERE "index" = 1', "the log has no leaf 1"),
        ("UPDATE log_leaves SET data = x'00' WHERE \"index\" = 2", "not those that were signed"),
        ("UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 1", "do not belong together"),
        ("DELETE FROM log_nodes WHERE level = 2", "do not belong together"),
    ],
)
def test_a_log_that_was_changed_does_not_start(settings: Settings, statement: str, sentence: str) -> None:
    """A leaf lost at the end or in the middle, one rewritten, a tree rewritten or with holes: each is told."""
    with site(settings) as (database, provers):
        grow(database, 5)
        provers.checkpoints.make()
        tampered(database, statement)
    with pytest.raises(LogError, match=sentence), site(settings):
        pass


def test_an_older_database_does_not_start(settings: Settings, tmp_path: Path) -> None:
    """Put back from before the last checkpoint it is shorter; grown again from there it is a fork."""
    with site(settings) as (database, provers):
        grow(database, 3)
        provers.checkpoints.make()
    shutil.copytree(settings.data_dir, tmp_path / "older", ignore=shutil.ignore_patterns("authority"))
    with site(settings) as (database, provers):
        grow(database, 3)
        provers.checkpoints.make(at_once=True)
    shutil.copytree(tmp_path / "older", settings.data_dir, dirs_exist_ok=True)
    for extra in settings.data_dir.glob("plumewatch.db-*"):
        extra.unlink()
    with pytest.raises(LogError, match="the log has 3 leaves, but 6 were signed"), site(settings):
        pass
    with open_database(settings) as database:
        grow(database, 5)
    with pytest.raises(LogError, match="the first 6 leaves are not those that were signed"), site(settings):
        pass


def test_a_journal_that_is_missing_or_anothers_keys_do_not_start(settings: Settings) -> None:
    """The journal cannot be taken away unseen, nor can another site's keys go on with this log."""
    with site(settings) as (database, provers):
        grow(database, 1)
        provers.checkpoints.make()
    folder = settings.keys_folder()
    folder.rename(folder.parent / "kept")
    with pytest.raises(LogError, match="the keys here are those of the log"), site(settings):
        pass
    shutil.rmtree(folder)
    (folder.parent / "kept").rename(folder)
    (folder / "checkpoints.jsonl").unlink()
    with pytest.raises(LogError, match="is missing or was shortened"), site(settings):
        pass


GROW = """
import sys
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from pathlib import Path
from contextlib import ExitStack
from api.people.accounts import open_database
from api.clock import utc_now
from api.trust.services import open_provers
from api.settings import Settings
from api.store.evidence.tlog import LeafKind, append_leaf
settings = Settings(data_dir=Path(sys.argv[1]))
with open_database(settings) as database, ExitStack() as stack:
    provers = open_provers(settings, database, utc_now, stack)
    print("ready", flush=True)
    while True:
        with database.writing() as session:
            index = append_leaf(session, LeafKind.PACKAGE, b"x" * 700, "L20261127-000001", utc_now())
        print(index, flush=True)
        if index % 3 == 0:
            provers.checkpoints.make(at_once=True)
"""


def test_a_killed_site_goes_on(settings: Settings) -> None:
    """Killed with -9 again and again while it logs and signs: every answered leaf is there, and it starts again."""
    seeded = random.Random(7)  # noqa: S311
    answered = -1
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", GROW, str(settings.data_dir)], stdout=subprocess.PIPE, text=True, stderr=sys.stderr
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(seeded.uniform(0.05, 0.4))
            child.kill()
            said = [int(line) for line in child.stdout.read().splitlines() if line.strip()]
        answered = max([answered, *said])
        with site(settings) as (database, _), database.reading() as session:
            assert log_size(session) in {answered + 1, answered + 2}
            assert check_log(session, Journal(settings.keys_folder() / "checkpoints.jsonl")) == log_size(session)
            answered = log_size(session) - 1
