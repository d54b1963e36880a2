"""Timers: told once at each share of the time, once after an outage, and into the archive at the end."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from api.clock import utc_now
from api.loop.timers import Timers
from tests.api.conftest import Posting, RunningApi
from tests.api.loop.people import PATH


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> None:
    """A filed lead of priority P3: 24 hours to verify it."""
    assert make_posting().send(enrolled).status_code == 201


def alarms(operator: httpx.Client) -> list[tuple[int, str]]:
    """Levels and roles of the alarms so far."""
    events = operator.get("/v1/events", params={"after": 0}).json()["events"]
    return [(each["data"]["level"], each["data"]["role"]) for each in events if each["type"] == "lead.timer"]


@pytest.mark.usefixtures("filed", "agreement")
def test_each_share_is_told_once(api: RunningApi, operator: httpx.Client) -> None:
    """50 % the duty officer, 100 % the dispatcher, 150 % the head of unit; nothing in between, nothing after."""
    timers, start = Timers(api.state), utc_now()
    for hours in (1, 11, 13, 13, 25, 37, 60):
        timers.turn(start + timedelta(hours=hours))
    assert alarms(operator) == [(50, "D"), (100, "P"), (150, "M")]
    assert "verify_by" in operator.get(PATH).json()["timers"]


@pytest.mark.usefixtures("filed")
def test_after_an_outage_only_the_highest_is_told(api: RunningApi, operator: httpx.Client) -> None:
    """Two days without any turn: one alarm, not three."""
    Timers(api.state).turn(utc_now() + timedelta(days=2))
    assert alarms(operator) == [(150, "M")]


@pytest.mark.usefixtures("filed")
def test_a_move_starts_the_clock_anew(api: RunningApi, operator: httpx.Client) -> None:
    """Who moved the lead in time is not told of the old limit."""
    body = {"to": "REJECTED_FALSE", "reason": "水汽"}
    assert operator.post(f"{PATH}/transitions", json=body, headers={"If-Match": '"1"'}).status_code == 200
    Timers(api.state).turn(utc_now() + timedelta(days=30))
    assert alarms(operator) == []
    assert operator.get(PATH).json()["timers"] == {}
