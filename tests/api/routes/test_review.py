"""Review: the four answers on the record with which a lead leaves PENDING_VERIFY."""

from collections.abc import Callable

import httpx
import pytest

from api.contract.trust.stamp import canonical_json
from api.store.evidence.tlog import log_size
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID

PATH = f"/v1/leads/{LEAD_ID}/transitions"
ANSWERS = {"true": True, "clear": True, "complete": False, "accurate": True}


@pytest.fixture
def pending(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> None:
    """A filed lead that waits for its review."""
    assert make_posting().send(enrolled).status_code == 201


def move(client: httpx.Client, to: str, version: int = 1, **more: object) -> httpx.Response:
    """Decide on the lead."""
    return client.post(PATH, json={"to": to, "reason": "看过", **more}, headers={"If-Match": f'"{version}"'})


@pytest.mark.usefixtures("pending")
def test_answers_are_part_of_the_chained_record(operator: httpx.Client, api: RunningApi) -> None:
    """The transition's record holds them; a move without them has no such member."""
    with api.state.database.reading() as session:
        before = log_size(session)
    assert move(operator, "NEED_MORE", review=ANSWERS).status_code == 200
    assert move(operator, "PENDING_VERIFY", version=2).status_code == 200
    *_, reviewed, plain = operator.get(PATH).json()["transitions"]
    assert reviewed["review"] == ANSWERS
    assert "review" not in plain
    with api.state.database.reading() as session:
        assert log_size(session) == before + 2
    assert canonical_json(ANSWERS) in operator.get(PATH).content


@pytest.mark.usefixtures("pending")
def test_three_answers_are_not_four(operator: httpx.Client) -> None:
    """A question left out, or a fifth, is 422 and moves nothing."""
    for review in (dict.fromkeys(("true", "clear", "complete"), True), ANSWERS | {"pretty": True}):
        assert move(operator, "VERIFIED", review=review).status_code == 422
    assert operator.get(f"/v1/leads/{LEAD_ID}").json()["state"] == "PENDING_VERIFY"


@pytest.mark.usefixtures("pending")
def test_a_site_may_require_them_of_everybody(operator: httpx.Client, api: RunningApi) -> None:
    """Then a lead leaves PENDING_VERIFY with answers only; other moves need none."""
    object.__setattr__(api.state, "settings", api.settings.model_copy(update={"review_answers": "required"}))
    refused = move(operator, "NEED_MORE")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:plumewatch:problem:review-required")
    assert move(operator, "NEED_MORE", review=ANSWERS).status_code == 200
    assert move(operator, "PENDING_VERIFY", version=2).status_code == 200
