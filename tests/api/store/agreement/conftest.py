"""A store of each kind with filed leads, and the hand that rewrites it."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.contract.wire.handling import ReviewAnswers
from api.contract.wire.state import LeadState
from api.people.accounts import open_database
from api.settings import Settings
from api.store.agreement.log import Disagreements, disagreements
from api.store.database import Database
from api.store.leads import Filing, announce_lead, file_lead
from api.store.tables import WorkerKeyRow
from api.store.transitions import move_lead
from api.store.workers import add_worker_key
from tests.api.conftest import NODE, sample_lead
from tests.api.contract.sample import START
from tests.api.store.test_database import settings

__all__ = ["settings"]


def lead_id(number: int) -> str:
    """The id of a lead by its number."""
    return f"L20261123-{number:06}"


class Store:
    """A store, and what is done to it rightly and wrongly."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def file(self, number: int) -> None:
        """Announce a lead and file it."""
        sums = f"{number:064x}  clip.mp4\n".encode()
        digest = hashlib.sha256(sums).hexdigest()
        at = START + timedelta(minutes=number)
        with self.database.writing() as session:
            key_id = session.query(WorkerKeyRow.key_id).order_by(WorkerKeyRow.key_id).limit(1).scalar()
            assert isinstance(key_id, int)
            announce_lead(session, sample_lead(lead_id(number)), None, at)
            filing = Filing(key_id, str(number), digest, NODE, "00" * 32, 9, 2, sums)
            assert file_lead(session, sample_lead(lead_id(number), digest), filing, at)[0] == 201

    def review(self, number: int, to: LeadState, *, version: int = 2) -> None:
        """Decide on a lead, with a no in the answers."""
        answers = ReviewAnswers(true=True, clear=False, complete=True, accurate=True)
        with self.database.writing() as session:
            move_lead(session, lead_id(number), to, version=version, user="li", reason="看过", at=START, review=answers)

    def disagreements(self) -> Disagreements:
        """What its tables tell otherwise than the log."""
        with self.database.snapshot() as session:
            return disagreements(session)

    def record_faults(self) -> list[str]:
        """What is told of records; nothing is told of custody."""
        told = self.disagreements()
        assert told.custody == []
        return told.records

    def custody_faults(self) -> list[str]:
        """What is told of custody; nothing is told of other records."""
        told = self.disagreements()
        assert told.records == []
        return told.custody

    def rewrite(self, *statements: str, **values: str | int) -> None:
        """Change the database behind the API's back, triggers dropped first, as its owner can."""
        tables = (
            "custody",
            "access_batches",
            "transitions",
            "holds",
            "camera_files",
            "redactions",
            "attachments",
            "register_changes",
            "log_leaves",
        )
        with self.database.engine.begin() as connection:
            for table in tables:
                if connection.dialect.name == "sqlite":
                    for verb in ("update", "delete"):
                        connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
                else:
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))
            for statement in statements:
                assert connection.execute(text(statement), values).rowcount, statement


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A store with a worker's key and no leads."""
    with open_database(settings) as database:
        with database.writing() as session:
            add_worker_key(session, "worker", START)
        yield Store(database)
