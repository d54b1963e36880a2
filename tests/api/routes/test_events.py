"""Events over HTTP and WebSocket: in order, without loss or repeat."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
import structlog
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.api.conftest import Posting, RunningApi


@contextmanager
def open_socket(
    api: RunningApi, operator: httpx.Client | None, path: str, origin: str | None
) -> Iterator[ClientConnection]:
    """A WebSocket of the page at ``origin``, with the operator's cookie."""
    cookie = "; ".join(f"{name}={value}" for name, value in operator.cookies.items()) if operator else ""
    headers = {"Cookie": cookie} if cookie else {}
    with connect(
        f"ws://127.0.0.1:{api.port}{path}", additional_headers=headers, origin=origin, max_size=None, proxy=None
    ) as connection:
        yield connection


def test_a_reader_resumes_without_loss_or_repeat(
    api: RunningApi,
    operator: httpx.Client,
    enrolled: httpx.Client,
    make_posting: Callable[..., Posting],
) -> None:
    """Events that came while a reader was away come when it resumes at its cursor, and then the new ones, once each."""
    make_posting("L20261123-000001").send(enrolled)
    with open_socket(api, operator, "/v1/events?cursor=0", api.url) as connection:
        first = json.loads(connection.recv(timeout=10))
    make_posting("L20261123-000002").send(enrolled)
    make_posting("L20261123-000003").send(enrolled)
    with open_socket(api, operator, f"/v1/events?cursor={first['cursor']}", api.url) as connection:
        missed = [json.loads(connection.recv(timeout=10)) for _ in range(2)]
        make_posting("L20261123-000004").send(enrolled)
        new = json.loads(connection.recv(timeout=10))
        with pytest.raises(TimeoutError):
            connection.recv(timeout=0.3)
    events = [first, *missed, new]
    assert [f"L20261123-00000{number}" for number in (1, 2, 3, 4)] == [event["subject"] for event in events]
    assert [event["cursor"] for event in events] == [1, 2, 3, 4]
    assert events[2:] == operator.get("/v1/events", params={"after": 2}).json()["events"]
    assert events[1:2] == operator.get("/v1/events", params={"after": 1, "limit": 1}).json()["events"]


def test_a_cursor_of_another_database_is_refused(api: RunningApi, operator: httpx.Client) -> None:
    """A cursor ahead of the sequence closes the socket with 4409 instead of waiting for ever."""
    with (
        open_socket(api, operator, "/v1/events?cursor=7", api.url) as connection,
        pytest.raises(ConnectionClosed) as closed,
    ):
        connection.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4409


def test_a_cursor_that_no_database_can_hold_is_refused(api: RunningApi, operator: httpx.Client) -> None:
    """The largest number of a row is asked for in vain; beyond it a call is invalid, and a socket's cursor is ahead."""
    page = operator.get("/v1/events", params={"after": 2**63 - 1})
    assert (page.status_code, page.json()) == (200, {"events": [], "newest": 0})
    beyond = operator.get("/v1/events", params={"after": 2**63})
    assert (beyond.status_code, beyond.json()["type"]) == (422, "urn:plumewatch:problem:invalid-input")
    with (
        open_socket(api, operator, f"/v1/events?cursor={10**20}", api.url) as connection,
        pytest.raises(ConnectionClosed) as closed,
    ):
        connection.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4409


def test_a_binary_message_closes_the_socket(api: RunningApi, operator: httpx.Client) -> None:
    """1003, and nothing is logged as a fault; text is ignored."""
    with (
        structlog.testing.capture_logs() as told,
        open_socket(api, operator, "/v1/events", api.url) as connection,
    ):
        connection.send("hello")
        connection.send(b"\xff\x00")
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1003, "this socket takes no binary messages")
    assert [entry for entry in told if entry["log_level"] == "error"] == []


def test_a_socket_needs_session_and_origin(api: RunningApi, operator: httpx.Client) -> None:
    """Without a session 401; with one, but from a foreign page or from none, 403."""
    for path in ("/v1/events", "/v1/cameras/gate-3/live"):
        for who, origin, status in (
            (None, api.url, 401),
            (operator, "http://elsewhere.example", 403),
            (operator, None, 403),
        ):
            with pytest.raises(InvalidStatus) as refused, open_socket(api, who, path, origin):
                pass
            assert refused.value.response.status_code == status
