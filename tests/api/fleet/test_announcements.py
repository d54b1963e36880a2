"""Announcements from the bus: on the wall at once, stored once, upgraded by the package."""

import base64
import json
from collections.abc import Callable

import httpx
import redis

from api.contract.bus import LEADS_ANNOUNCED
from api.contract.wire.lead import LeadAnnouncement
from api.people.accounts import create_worker_key, ensure_first_operator
from api.settings import Settings
from tests.api.conftest import CSRF, PASSWORD, Posting, RunningApi, sample_lead
from tests.api.contract.sample import LEAD_ID
from tests.api.routes.fleet.test_cameras import wait_for_events

STILL = b"\xff\xd8\xff" + b"a small picture" * 20


def announce(bus: redis.Redis, lead_id: str = LEAD_ID, still: str | None = None) -> None:
    """What a worker writes when a lead is confirmed."""
    picture = base64.b64encode(STILL).decode() if still is None else still
    announcement = LeadAnnouncement(lead=sample_lead(lead_id)).model_dump(mode="json") | {"still_jpeg_b64": picture}
    bus.xadd(LEADS_ANNOUNCED, {"announcement": json.dumps(announcement)})


def test_an_announced_lead_is_shown_and_then_upgraded(
    bus: redis.Redis, enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """CANDIDATE with its picture at once; the package makes it PENDING_VERIFY; a late repeat changes nothing."""
    announce(bus)
    event = wait_for_events(operator, 1)[0]
    assert (event["type"], event["subject"]) == ("lead.announced", LEAD_ID)
    assert event["data"] == {"still": f"/v1/leads/{LEAD_ID}/still.jpg"}
    candidate = operator.get(f"/v1/leads/{LEAD_ID}").json()
    assert (candidate["state"], candidate["version"], candidate["evidence"]) == ("CANDIDATE", 1, None)
    assert operator.get(f"/v1/leads/{LEAD_ID}/still.jpg").content == STILL
    assert operator.get(f"/v1/evidence/{LEAD_ID}").status_code == 404
    filed = make_posting().send(enrolled)
    assert (filed.status_code, filed.json()["state"], filed.json()["version"]) == (201, "PENDING_VERIFY", 2)
    announce(bus)
    announce(bus, "L20261123-000002")
    events = wait_for_events(operator, 3)
    assert [event["type"] for event in events] == ["lead.announced", "lead.filed", "lead.announced"]
    assert operator.get(f"/v1/leads/{LEAD_ID}").json()["state"] == "PENDING_VERIFY"
    history = operator.get(f"/v1/leads/{LEAD_ID}/transitions").json()["transitions"]
    assert [(record["from"], record["to"]) for record in history] == [
        ("", "CANDIDATE"),
        ("CANDIDATE", "PENDING_VERIFY"),
    ]


def test_a_poisoned_announcement_blocks_nothing(bus: redis.Redis, operator: httpx.Client) -> None:
    """Text, another schema, a picture that is none: each is counted and let go; the next is stored."""
    bus.xadd(LEADS_ANNOUNCED, {"announcement": "not json"})
    bus.xadd(LEADS_ANNOUNCED, {"something": "else"})
    announce(bus, "L20261123-000001", still="<svg onload=alert(1)>")
    announce(bus, "L20261123-000002")
    assert [event["subject"] for event in wait_for_events(operator, 1)] == ["L20261123-000002"]
    assert 'plumewatch_announcements_total{result="unreadable"} 3.0' in operator.get("/metrics").text
    assert bus.xpending(LEADS_ANNOUNCED, "api")["pending"] == 0


def test_an_announcement_that_no_column_holds_blocks_nothing(bus: redis.Redis, operator: httpx.Client) -> None:
    """A number beyond the database's is let go like what cannot be read: tried again it would stop all behind it."""
    lead = sample_lead("L20261123-000001").model_copy(update={"score": 2**70})
    bus.xadd(LEADS_ANNOUNCED, {"announcement": LeadAnnouncement(lead=lead).model_dump_json()})
    announce(bus, "L20261123-000002")
    assert [event["subject"] for event in wait_for_events(operator, 1)] == ["L20261123-000002"]
    assert bus.xpending(LEADS_ANNOUNCED, "api")["pending"] == 0


def test_announcements_survive_a_restart(
    bus: redis.Redis, settings: Settings, start_api: Callable[[Settings], RunningApi]
) -> None:
    """What was announced while no API ran, or was read by one that died before storing it, is stored once."""
    bus.xgroup_create(LEADS_ANNOUNCED, "api", id="0", mkstream=True)
    announce(bus, "L20261123-000001")
    api = start_api(settings)
    first = ensure_first_operator(settings)
    assert first is not None
    key = create_worker_key(settings, "reader")
    with httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {key}"}) as client:
        wait_for_events(client, 1)
    api.stop()
    member = bus.xinfo_consumers(LEADS_ANNOUNCED, "api")[0]["name"]
    announce(bus, "L20261123-000002")
    bus.xreadgroup("api", member, {LEADS_ANNOUNCED: ">"})  # read by the dead one, never acknowledged
    announce(bus, "L20261123-000003")
    api = start_api(settings)
    with httpx.Client(base_url=api.url, headers=CSRF) as client:
        client.post("/v1/session", json={"username": first.username, "password": first.password})
        client.post("/v1/session/password", json={"current": first.password, "new": PASSWORD})
        events = wait_for_events(client, 3)
    assert sorted(str(event["subject"]) for event in events) == [f"L20261123-00000{number}" for number in (1, 2, 3)]
