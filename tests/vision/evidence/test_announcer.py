"""Announcements: they wait for the bus, in order, and nobody waits for them."""

import threading
from collections.abc import Iterator

import pytest
import redis

from api.contract.wire.lead import LeadAnnouncement
from tests.e2e.waiting import wait_for
from tests.vision.made_leads import lead_document
from tests.vision.silent_bus import silent_bus
from vision.bus_client import open_bus
from vision.evidence.announcer import Announcer


class HeldBus:
    """A bus that holds whoever speaks to it until it is let go; it then fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.asked = threading.Event()
        self.released = threading.Event()
        self.told: list[str] = []

    def xadd(self, _stream: str, entry: dict[str, str], maxlen: int) -> None:
        """Take in an announcement."""
        assert maxlen > 0
        self.asked.set()
        assert self.released.wait(30)
        if self.failures:
            self.failures -= 1
            raise redis.ConnectionError("away")
        self.told.append(LeadAnnouncement.model_validate_json(entry["announcement"]).lead.lead_id)


@pytest.fixture
def bus() -> Iterator[HeldBus]:
    """A bus that is let go in the end."""
    held = HeldBus()
    yield held
    held.released.set()


def announcement(number: int) -> LeadAnnouncement:
    """The announcement of a lead that has no package yet."""
    document = lead_document(f"L20261123-001{number:03d}", "ab" * 32)
    return LeadAnnouncement(lead=document.model_copy(update={"evidence": None}), still_jpeg_b64="")


def test_nothing_to_announce_ends_at_once(bus: HeldBus) -> None:
    """An announcer that was never told anything asks the bus nothing."""
    announcer = Announcer(bus)  # type: ignore[arg-type]
    announcer.start()
    announcer.stop()
    assert not bus.asked.is_set()


def test_what_the_bus_does_not_take_waits_in_order(bus: HeldBus) -> None:
    """While the bus holds the first, the others wait; a failure costs time, and neither a lead nor the order."""
    bus.failures = 1
    announcer = Announcer(bus)  # type: ignore[arg-type]
    announcer.start()
    for number in range(1, 4):
        announcer.announce(announcement(number))
    assert bus.asked.wait(10)
    bus.released.set()
    wait_for("all are told", lambda: len(bus.told) == 3, 20)
    announcer.stop()
    assert bus.told == ["L20261123-001001", "L20261123-001002", "L20261123-001003"]


def test_only_so_many_wait(bus: HeldBus) -> None:
    """Beyond a hundred the oldest is dropped, and counted."""
    announcer = Announcer(bus)  # type: ignore[arg-type]
    announcer.start()
    announcer.announce(announcement(0))
    assert bus.asked.wait(10)
    for number in range(1, 103):
        announcer.announce(announcement(number))
    assert announcer.dropped == 2
    bus.released.set()
    wait_for("all that were kept are told", lambda: len(bus.told) == 101, 20)
    announcer.stop()
    assert bus.told[:2] == ["L20261123-001000", "L20261123-001003"]


def test_a_silent_bus_holds_up_no_end() -> None:
    """On a bus that accepts and never answers the thread ends by itself, within two attempts."""
    with silent_bus() as bus, open_bus(bus.url, 0.3) as client:
        announcer = Announcer(client)
        announcer.start()
        announcer.announce(announcement(1))
        wait_for("the bus is asked", lambda: bus.connections, 20)
        announcer.stop()
        assert "announcements" not in [thread.name for thread in threading.enumerate()]
