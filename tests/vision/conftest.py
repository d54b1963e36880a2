"""What tests of several modules of the worker share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from plumewatch.embedded import EmbeddedValkey


@pytest.fixture
def client(tmp_path: Path) -> Iterator[redis.Redis]:
    """A bus of this test's own."""
    server = EmbeddedValkey(tmp_path / "bus").start()
    with redis.Redis.from_url(server.url) as connection:
        yield connection
    server.stop()
