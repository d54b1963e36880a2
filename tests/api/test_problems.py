"""What no column holds is an answer to whoever sent it, not a fault of the API: on PostgreSQL, which is strict."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import redis

from api.settings import Settings
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID
from tests.api.postgresql import over_postgresql


@pytest.fixture
def settings(tmp_path: Path, valkey_socket: Path, bus: redis.Redis) -> Settings:
    """Settings of an API over an empty PostgreSQL."""
    assert bus.dbsize() == 0
    settings = Settings(data_dir=tmp_path / "data", redis_url=f"unix://{valkey_socket}", port=0)
    return over_postgresql(settings, tmp_path)


def test_text_that_cannot_be_kept_is_refused(
    api: RunningApi, operator: httpx.Client, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """422 for a NUL in a name, a reason or a question, also from a stranger; it was 500."""
    assert make_posting().send(enrolled).status_code == 201
    nul = "a\0b"
    answers = [
        httpx.post(f"{api.url}/v1/session", json={"username": nul, "password": "x"}),
        operator.post(f"/v1/evidence/{LEAD_ID}/holds", json={"held": True, "reason": nul}),
        operator.get("/v1/leads", params={"code": nul}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert {answer.json()["type"] for answer in answers} == {"urn:plumewatch:problem:invalid-input"}
    assert not operator.get(f"/v1/evidence/{LEAD_ID}/holds").json()["held"]


def test_a_division_code_that_is_too_long_loses_no_lead(
    operator: httpx.Client, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """It is filed and shown as it came, and found by what a code can have: twelve digits."""
    posting = make_posting()
    lead = json.loads(posting.lead.model_dump_json()) | {"place": {"division": "110112001001001"}}
    answer = posting.send(enrolled, lead=json.dumps(lead))
    assert (answer.status_code, answer.json()["place"]["division"]) == (201, "110112001001001")
    assert len(operator.get("/v1/leads", params={"division": "110112001001"}).json()["leads"]) == 1
