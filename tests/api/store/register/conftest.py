"""A database of each kind, brought up to date."""

from collections.abc import Iterator

import pytest

from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from tests.api.store.test_database import settings

__all__ = ["settings"]


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The database."""
    with open_database(settings) as database:
        yield database
