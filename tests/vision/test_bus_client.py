"""Clients of the bus: whoever asks gets an answer or a fault in bounded time."""

import pytest
import redis

from tests.vision.silent_bus import silent_bus
from vision.bus_client import Patience, open_bus


def test_a_silent_bus_is_asked_once() -> None:
    """Without retries one connection is tried, and its time-out is the fault."""
    with silent_bus() as bus, open_bus(bus.url, Patience(0.2)) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        assert len(bus.connections) == 1


def test_a_patient_client_tries_again_and_ends() -> None:
    """With retries the connection is tried again as often, each time, and no more."""
    with silent_bus() as bus, open_bus(bus.url, Patience(0.05, 1)) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        assert 2 <= len(bus.connections) <= 4
