"""Following leads from the terminal: whatever answers at the API's address, the site goes on."""

import httpx
import pytest

from plumewatch.commands.follow import LeadFollower


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>another program</h1>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"newest": 3}),
        httpx.Response(200, json={"newest": 3, "events": [{"type": "flood"}]}),
        httpx.Response(503, json={"title": "the bus is away"}),
    ],
    ids=["page", "list", "no events", "unknown event", "error"],
)
def test_an_answer_that_tells_no_events_is_asked_for_again(answer: httpx.Response) -> None:
    """While the API is started again something else may listen at its address: nothing is told, nothing raised."""
    answers = [answer, answer, httpx.Response(200, json={"newest": 3}), httpx.Response(200, json={"events": []})]
    asked: list[str] = []

    def give(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return answers.pop(0)

    follower = LeadFollower("http://127.0.0.1:1", "key", httpx.MockTransport(give))
    while answers:
        assert list(follower.news()) == []
    assert set(asked) == {"/v1/events"}
    assert follower.filed == []
