"""A disk that is full at any step of the intake: an answer that outboxes try again, and afterwards the lead once."""

from collections.abc import Callable

import httpx

from tests.api.conftest import Posting, RunningApi
from tests.disk import disk_full


def answer_to(posting: Posting, client: httpx.Client) -> int:
    """Return the status; 0 where the API answered before it had read all, and the answer was lost: tried again too."""
    try:
        return posting.send(client).status_code
    except httpx.TransportError:
        return 0


def test_a_full_disk_at_any_step_of_the_intake_keeps_nothing_half(
    api: RunningApi, enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """Each refusal is one that outboxes try again; when there is space the same post files the lead."""
    data = api.settings.data_dir
    with disk_full(data) as disk:
        assert make_posting("L20261123-001900").send(enrolled).status_code == 201
    assert disk.steps > 5
    refused = 0
    for step in range(1, disk.steps + 1):
        posting = make_posting(f"L20261123-001{step:03d}")
        with disk_full(data, full_from=step):
            status = answer_to(posting, enrolled)
        assert status in {0, 201, 503}, f"step {step}"
        refused += status != 201
        assert posting.send(enrolled).status_code in {200, 201}, f"step {step}"
    assert refused > 3
    leads = [lead["lead_id"] for lead in operator.get("/v1/leads", params={"limit": 500}).json()["leads"]]
    assert len(leads) == len(set(leads)) == disk.steps + 1
