"""Stores of older releases: how a store of today becomes one of an earlier revision."""

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, create_engine

from api.store.database import MIGRATIONS


def back_to(revision: str) -> list[str]:
    """Return the statements that take away the tables, indexes and columns which a revision does not have yet."""
    before, now = _schema_of(revision), _schema_of("head")
    statements = []
    for table in reversed(now.sorted_tables):
        known = before.tables.get(table.name)
        if known is None:
            statements.append(f"DROP TABLE {table.name}")
            continue
        indexes = {index.name for index in known.indexes}
        statements += [f"DROP INDEX {each.name}" for each in table.indexes if each.name not in indexes]
        statements += [
            f"ALTER TABLE {table.name} DROP COLUMN {column.name}"
            for column in table.columns
            if column.name not in known.columns
        ]
    return [*statements, f"UPDATE alembic_version SET version_num = '{revision}'"]  # noqa: S608


def _schema_of(revision: str) -> MetaData:
    engine = create_engine("sqlite://")
    found = MetaData()
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        found.reflect(connection)
    engine.dispose()
    return found
