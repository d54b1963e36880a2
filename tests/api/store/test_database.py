"""Database: migrations, transactions, append-only tables."""

import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from api.clock import utc_now
from api.contract.wire.event import EventType
from api.people.accounts import open_database
from api.settings import Settings
from api.store.columns import Table
from api.store.database import MIGRATIONS, Database, newest_revision
from api.store.events import append_event, events_after, newest_cursor
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody
from tests.api.postgresql import over_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty database of each kind."""
    settings = Settings(data_dir=tmp_path)
    return over_postgresql(settings, tmp_path) if request.param == "postgresql" else settings


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The database, brought up to date."""
    with open_database(settings) as database:
        yield database


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    """After all migrations the schema is what `api.store.tables` says, and running them again changes nothing."""
    database.migrate()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []
    database.check()


def test_the_newest_migration_is_the_one_that_is_looked_for(database: Database) -> None:
    """The revision that a store must have is Alembic's own head, and a store that was brought up to date has it."""
    assert newest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with database.engine.connect() as connection:
        assert newest_revision() == MigrationContext.configure(connection).get_current_revision()


def test_the_newest_migrations_can_be_taken_back(database: Database) -> None:
    """Back to the release before attachments and up again, and the schema is that of the code."""
    with database.engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "0015")
        connection.commit()
        found = inspect(connection)
        assert not found.has_table("attachments")
        assert "operator" not in {each["name"] for each in found.get_columns("notification_channels")}
    database.migrate()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_migrations_at_the_same_time_wait_for_each_other(settings: Settings) -> None:
    """Four processes that start together all find the schema up to date."""
    faults: list[BaseException] = []

    def start() -> None:
        try:
            with open_database(settings) as database:
                database.check()
        except SQLAlchemyError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_the_data_folder_is_private(settings: Settings) -> None:
    """The database's files can be read by their owner only."""
    with open_database(settings):
        modes = {stat.S_IMODE(path.stat().st_mode) for path in settings.data_dir.glob("plumewatch.db*")}
    assert modes <= {0o600}


def test_custody_and_transitions_are_append_only(database: Database) -> None:
    """The database itself refuses to change or delete a record."""
    with database.writing() as session:
        add_custody(session, CustodyEntry("L20261123-000001", "", CustodyAction.FILED, "worker:a", "::1", utc_now()))
        session.execute(
            text("INSERT INTO transitions (seq, lead_id, record, record_sha256) VALUES (1, 'L', '{}', 'x')")
        )
    for statement in (
        "UPDATE custody SET who = 'nobody'",
        "DELETE FROM custody",
        "UPDATE transitions SET record = ''",
        "DELETE FROM transitions",
    ):
        with pytest.raises(SQLAlchemyError, match="append-only"), database.writing() as session:
            session.execute(text(statement))


def test_events_of_many_writers_are_seen_in_order(database: Database) -> None:
    """While writers append, a reader that resumes at its cursor sees every event once and in order."""
    writers, each = 4, 15

    def write(name: str) -> None:
        for number in range(each):
            with database.writing() as session:
                append_event(session, EventType.CAMERA_CHANGED, f"{name}-{number}", utc_now())

    threads = [threading.Thread(target=write, args=(f"writer{index}",)) for index in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while len(seen) < writers * each:
        with database.reading() as session:
            seen += [cursor for cursor, _ in events_after(session, seen[-1] if seen else 0, 7)]
    for thread in threads:
        thread.join()
    assert seen == sorted(set(seen))
    with database.reading() as session:
        assert newest_cursor(session) == seen[-1]


def test_a_fault_rolls_the_transaction_back(database: Database) -> None:
    """Nothing of a transaction that failed is kept."""

    def fail() -> None:
        with database.writing() as session:
            append_event(session, EventType.CAMERA_CHANGED, "a", utc_now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as session:
        assert newest_cursor(session) == 0
