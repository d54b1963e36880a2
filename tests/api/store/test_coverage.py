"""Coverage in the store, in each kind of database: versions of hours, duties, what is known of a time."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from api.contract.coverage import HOUR, AccountHour, AccountLoss
from api.contract.wire.camera import CameraDocument
from api.settings import Settings
from api.store.cameras import put_camera, remove_camera
from api.store.coverage import known_coverage, note_duty, take_hours, take_losses
from api.store.database import MIGRATIONS, Database
from tests.api.store.test_database import database, settings

__all__ = ["database", "settings"]

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def hour(
    camera: str = "gate", index: int = 0, sequence: int = 1, account: str = "a" * 16, **fields: object
) -> AccountHour:
    start = START + index * HOUR
    values = {
        "camera_id": camera,
        "hour": start,
        "worker": "w1",
        "account": account,
        "sequence": sequence,
        "start": start,
        "end": start + HOUR,
        "limit_s": 5.0,
    }
    return AccountHour.model_validate(values | fields)


def test_nothing_is_known_of_an_empty_store(database: Database) -> None:
    """No duties and no accounts: nothing."""
    with database.reading() as session:
        assert known_coverage(session, START, START + HOUR) == {}


def test_only_newer_versions_of_an_hour_are_taken(database: Database) -> None:
    """Repeats and older ones count as known."""
    with database.writing() as session:
        assert take_hours(session, [hour(sequence=2), hour(index=1)], START) == 2
    with database.writing() as session:
        assert take_hours(session, [hour(sequence=2), hour(sequence=1), hour(sequence=3, analysed=9)], START) == 1
    with database.reading() as session:
        known = known_coverage(session, START, START + HOUR)["gate"]
    assert [(entry.sequence, entry.analysed) for entry in known.hours] == [(3, 9)]


def test_the_last_account_before_the_time_comes_with_it(database: Database) -> None:
    """Of each camera the newest one before the window, and all within; losses and duties that touch it."""
    with database.writing() as session:
        take_hours(session, [hour(index=i) for i in range(-4, 3)], START)
        take_hours(session, [hour("roof", -2)], START)
        loss = AccountLoss(camera_id="gate", worker="w1", start=START - HOUR, end=START + timedelta(minutes=5))
        take_losses(session, [loss])
        take_losses(session, [loss])
        note_duty(session, "gate", START - 9 * HOUR, on_duty=True)
        note_duty(session, "roof", START - 9 * HOUR, on_duty=True)
        note_duty(session, "roof", START - 8 * HOUR, on_duty=False)
    with database.reading() as session:
        known = known_coverage(session, START, START + HOUR)
        alone = known_coverage(session, START, START + HOUR, "roof")
    assert [entry.hour for entry in known["gate"].hours] == [START - HOUR, START]
    assert known["gate"].losses == (loss,)
    assert known["gate"].duties == ((START - 9 * HOUR, None),)
    assert [entry.hour for entry in known["roof"].hours] == [START - 2 * HOUR]
    assert known["roof"].duties == ()
    assert list(alone) == ["roof"]


def test_a_camera_is_on_duty_while_it_is_registered_and_enabled(database: Database) -> None:
    """Each change of that begins or ends a duty; other changes do not."""
    camera = CameraDocument(id="gate", source="rtsp://10.0.0.7/1")
    with database.writing() as session:
        put_camera(session, camera, START)
        put_camera(session, camera.model_copy(update={"name": "Gate"}), START + HOUR)
        put_camera(session, camera.model_copy(update={"enabled": False}), START + 2 * HOUR)
        put_camera(session, camera, START + 3 * HOUR)
        remove_camera(session, "gate", START + 4 * HOUR)
    with database.reading() as session:
        assert known_coverage(session, START, START + 9 * HOUR)["gate"].duties == (
            (START, START + 2 * HOUR),
            (START + 3 * HOUR, START + 4 * HOUR),
        )


@pytest.mark.parametrize("enabled", [True, False])
def test_cameras_known_before_are_on_duty_since_their_last_change(settings: Settings, enabled: bool) -> None:
    """An older database is brought up to date: its enabled cameras have a duty from then on."""
    database = Database(settings.sqlalchemy_url(), lock_file=settings.data_dir / "lock")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    document = CameraDocument(id="gate", source="rtsp://10.0.0.7/1", enabled=enabled).model_dump_json()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO cameras (camera_id, document, changed) VALUES ('gate', :document, :changed)"),
            {"document": document, "changed": int(START.timestamp() * 1000)},
        )
        connection.commit()
    database.migrate()
    with database.reading() as session:
        known = known_coverage(session, START, START + HOUR)
    database.close()
    assert [entry.duties for entry in known.values()] == ([((START, None),)] if enabled else [])
