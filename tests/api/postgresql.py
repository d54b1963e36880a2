"""The PostgreSQL database that tests run on too, where there is one: `.ci/with-postgresql`."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from api.settings import Settings
from api.store.database import Database


def over_postgresql(settings: Settings, lock_folder: Path) -> Settings:
    """Return the settings over that database, emptied; skip the test where there is none."""
    address = os.environ.get("PLUMEWATCH_TEST_POSTGRESQL", "")
    if not address:
        pytest.skip("needs PLUMEWATCH_TEST_POSTGRESQL")
    chosen = settings.model_copy(update={"database_url": SecretStr(address)})
    database = Database(chosen.sqlalchemy_url(), lock_file=lock_folder / "lock")
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()
    return chosen
