"""Pairs: a still of the lead's camera is kept once the violation was corrected, or it is said why there is none."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from api.clock import utc_now
from api.contract.bus import snapshot_key
from api.contract.wire.moment import rfc3339
from api.evidence.retention import prune
from api.loop.after_stills import AfterStills
from api.loop.timers import Timers
from api.settings import Settings
from api.store.evidence.tlog import LeafKind, leaves_about
from api.store.loop.after_stills import PAUSES, UNFINISHED, AfterStill, stills_of
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID, START
from tests.api.fleet.test_broker import wait_until
from tests.api.loop.people import ANSWERS, PATH, move
from tests.api.postgresql import over_postgresql

pytestmark = pytest.mark.usefixtures("agreement", "filed")

CAMERA = "gate-3"
TAKEN = datetime(2026, 12, 1, 8, 0, 5, 250000, tzinfo=UTC)
JPEG = b"\xff\xd8\xff" + b"clean air" * 50


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> None:
    """A filed lead."""
    assert make_posting().send(enrolled).status_code == 201


def show(bus: redis.Redis, jpeg: bytes, taken: datetime = TAKEN) -> None:
    """Put a picture on the bus, as the camera's worker does."""
    bus.hset(snapshot_key(CAMERA), mapping={"jpeg": jpeg, "utc": rfc3339(taken), "width": 640, "height": 360})


def rectify(operator: httpx.Client) -> None:
    """Bring the lead to RECTIFIED, on a site that works as one desk."""
    steps: list[tuple[str, dict[str, object]]] = [
        ("VERIFIED", {"review": ANSWERS}),
        ("EVIDENCE_FIXED", {}),
        ("DISPATCHED", {"team": "永顺队", "plan_match": {"basis": "lead"}}),
        ("ACCEPTED", {}),
        ("NON_SITE_CHECK", {}),
        ("CONFIRMED", {"explanation": "除尘器停运"}),
        ("RECTIFY_NO_PENALTY", {"deadline": rfc3339(utc_now() + timedelta(days=5))}),
        ("RECTIFIED", {}),
    ]
    for to, content in steps:
        answer = move(operator, to, **content)
        assert answer.status_code == 200, answer.text


def turn(api: RunningApi, now: datetime) -> None:
    """Take the stills that are due at a time; the API's own task may be faster, and is waited for."""
    asyncio.run_coroutine_threadsafe(AfterStills(api.state).turn(now), api.loop).result(20)
    wait_until(lambda: not any(each.reason == UNFINISHED for each in _asked(api)))


def _asked(api: RunningApi) -> list[AfterStill]:
    with api.state.database.reading() as session:
        return stills_of(session, LEAD_ID)


def pairs(operator: httpx.Client) -> dict[str, Any]:
    """What is told of the lead's pairs."""
    answer = operator.get(f"{PATH}/pairs")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_before_it_is_rectified_there_is_no_pair(api: RunningApi, operator: httpx.Client, bus: redis.Redis) -> None:
    """A camera with a picture, and nothing is kept of it yet; a lead that is not there has no pairs."""
    show(bus, JPEG)
    turn(api, utc_now())
    assert pairs(operator) == {"lead_id": LEAD_ID, "no_before": "", "pairs": [], "missing": []}
    assert operator.get("/v1/leads/L20261123-999999/pairs").status_code == 404


def test_a_still_is_kept_when_it_is_rectified_and_when_its_watch_ends(
    api: RunningApi, operator: httpx.Client, bus: redis.Redis
) -> None:
    """Both beside the still of the peak, each an attachment of the lead and a leaf with camera and moment."""
    show(bus, JPEG)
    rectify(operator)
    turn(api, utc_now())
    (first,) = pairs(operator)["pairs"]
    later, seen = JPEG + b"2", TAKEN + timedelta(days=7)
    show(bus, later, seen)
    over = utc_now() + timedelta(days=8)
    assert Timers(api.state).turn(over) >= 1
    turn(api, over)
    told = pairs(operator)
    assert (told["missing"], told["pairs"][0]) == ([], first)
    assert [each["occasion"] for each in told["pairs"]] == ["rectified", "watched"]
    before = first["before"]
    assert (before["name"], before["at"]) == ("f0001.png", rfc3339(START + timedelta(seconds=4.5)))
    assert hashlib.sha256(operator.get(before["address"]).content).hexdigest() == before["sha256"]
    for pair, jpeg, taken in zip(told["pairs"], (JPEG, later), (TAKEN, seen), strict=True):
        after = pair["after"]
        expected = (hashlib.sha256(jpeg).hexdigest(), CAMERA, rfc3339(taken))
        assert (after["sha256"], after["camera"], after["at"]) == expected
        assert operator.get(after["address"]).content == jpeg
    listed = operator.get(f"{PATH}/attachments").json()["attachments"]
    assert [(each["kind"], each["by"], each["camera_id"]) for each in listed] == [
        ("after", "system:after-stills", CAMERA)
    ] * 2
    with api.state.database.reading() as session:
        leaves = [leaf.data for leaf in leaves_about(session, LEAD_ID) if leaf.kind is LeafKind.ATTACHMENT]
    assert len(leaves) == 2
    assert all(b'"camera_id":"gate-3"' in leaf and b'"taken":' in leaf for leaf in leaves)
    assert prune(api.state.database, api.state.vault, api.settings, utc_now() + timedelta(days=10_000)) == 1
    gone = pairs(operator)
    assert (gone["pairs"], [each["occasion"] for each in gone["missing"]]) == ([], ["rectified", "watched"])
    assert gone["no_before"]


def test_a_camera_that_is_away_stops_nothing_and_is_tried_again(
    api: RunningApi, operator: httpx.Client, bus: redis.Redis
) -> None:
    """The reason is told; once the camera has a picture, the next try keeps it."""
    rectify(operator)
    turn(api, utc_now())
    (missing,) = pairs(operator)["missing"]
    assert (missing["occasion"], missing["tries"]) == ("rectified", 1)
    assert missing["reason"] == "there is no picture of camera gate-3 from the last two minutes"
    assert missing["next_try"] is not None
    show(bus, JPEG)
    turn(api, utc_now() + timedelta(seconds=10))
    assert pairs(operator)["pairs"] == []
    turn(api, utc_now() + timedelta(seconds=70))
    told = pairs(operator)
    assert ([each["after"]["at"] for each in told["pairs"]], told["missing"]) == ([rfc3339(TAKEN)], [])


def test_tries_end(api: RunningApi, operator: httpx.Client, bus: redis.Redis) -> None:
    """After the last pause it is given up, with the last reason; what is no picture is never kept."""
    rectify(operator)
    show(bus, b"no picture at all")
    for day in range(len(PAUSES) + 3):
        turn(api, utc_now() + timedelta(days=day))
    (missing,) = pairs(operator)["missing"]
    assert (missing["tries"], missing["next_try"]) == (len(PAUSES) + 1, None)
    assert missing["reason"] == "the newest picture of camera gate-3 is no JPEG with a time"
    assert operator.get(f"{PATH}/attachments").json()["attachments"] == []


class TestOverPostgresql:
    """The same over the other database."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        """Settings over PostgreSQL."""
        return over_postgresql(settings, tmp_path)

    def test_a_camera_that_is_away_stops_nothing_and_is_tried_again(
        self, api: RunningApi, operator: httpx.Client, bus: redis.Redis
    ) -> None:
        """The reason is told; once the camera has a picture, the next try keeps it."""
        test_a_camera_that_is_away_stops_nothing_and_is_tried_again(api, operator, bus)
