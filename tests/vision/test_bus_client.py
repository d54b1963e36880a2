"""Clients of the bus: whoever asks gets an answer or a fault in bounded time."""

import pytest
import redis

from tests.vision.silent_bus import silent_bus
from vision.bus_client import open_bus


def test_a_silent_bus_is_asked_once() -> None:
    """One connection is tried, and its time-out is the fault."""
    with silent_bus() as bus, open_bus(bus.url, 0.2) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        assert len(bus.connections) == 1
