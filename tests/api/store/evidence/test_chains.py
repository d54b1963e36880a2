"""Chains: packages of a camera that name their predecessors."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.contract.evidence.manifest import FIRST_PACKAGE
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.chains import LinkState, add_link, chain_of
from tests.api.contract.sample import START, sample_manifest
from tests.api.store.test_database import settings

__all__ = ["settings"]


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An empty store of each kind."""
    with open_database(settings) as database:
        yield database


def file(database: Database, number: int, previous: str) -> None:
    """Note a package whose hash is its number."""
    told = {"prev_package_sha256": previous, "created_utc": START + timedelta(minutes=number)}
    with database.writing() as session:
        add_link(session, f"{number:064}", sample_manifest(f"L20261123-{number:06}").model_copy(update=told))


def states(database: Database, camera: str = "gate-3") -> list[LinkState]:
    """The states of a camera's links, oldest first."""
    with database.reading() as session:
        return [link.state for link in chain_of(session, camera, 100)][::-1]


def test_a_camera_without_packages_has_no_chain(database: Database) -> None:
    """No links for a camera that filed nothing."""
    assert states(database) == []


def test_an_unbroken_chain_is_linked(database: Database) -> None:
    """The first package begins it, each other names the one before; filing one twice changes nothing."""
    for number, previous in ((1, FIRST_PACKAGE), (2, f"{1:064}"), (3, f"{2:064}"), (3, f"{2:064}")):
        file(database, number, previous)
    assert states(database) == [LinkState.FIRST, LinkState.LINKED, LinkState.LINKED]
    assert states(database, "other") == []


def test_a_package_that_never_came_leaves_a_hole_until_it_comes(database: Database) -> None:
    """The package after it names it in vain; once it is filed the chain is whole."""
    file(database, 1, FIRST_PACKAGE)
    file(database, 3, f"{2:064}")
    assert states(database) == [LinkState.FIRST, LinkState.HOLE]
    file(database, 2, f"{1:064}")
    assert states(database) == [LinkState.FIRST, LinkState.LINKED, LinkState.LINKED]


def test_two_packages_after_the_same_are_forked(database: Database) -> None:
    """Two successors of one package are both reported."""
    file(database, 1, FIRST_PACKAGE)
    file(database, 2, f"{1:064}")
    file(database, 3, f"{1:064}")
    assert states(database) == [LinkState.FIRST, LinkState.FORKED, LinkState.FORKED]
