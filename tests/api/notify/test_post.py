"""Post: bounded in time and size, and to no machine that no message goes to."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from api.notify.guard import AddressError
from api.notify.post import READ_MOST, HttpPost, Reply, UnreachedError
from tests.api.notify.receiver import Receiver


@pytest.fixture
def slow() -> Iterator[str]:
    """A server that never ends the head of its answer, and says something of it again and again."""
    done = threading.Event()

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not done.wait(0.05):
                try:
                    connection.sendall(b"X: 1\r\n")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        done.set()
        thread.join()


def test_an_answer_comes_back(desk: Receiver) -> None:
    """Its status and the first bytes of its text."""
    desk.says = "x" * 100_000
    reply = asyncio.run(HttpPost(5.0)(desk.url, b"{}", {"X-One": "1"}))
    assert reply == Reply(200, "x" * READ_MOST)
    assert desk.received[0].body == b"{}"
    assert desk.received[0].headers["x-one"] == "1"


def test_an_answer_that_never_ends_is_left(slow: str) -> None:
    """Pieces that come in time do not put off the end of all."""
    started = time.monotonic()
    with pytest.raises(UnreachedError, match="no answer within"):
        asyncio.run(HttpPost(0.3)(slow, b"{}", {}))
    assert time.monotonic() - started < 5


def test_the_machine_at_the_other_end_counts(desk: Receiver) -> None:
    """By its number, whatever the name was that led there: nothing is sent over a connection to one that may not be."""

    def refuse(number: str) -> None:
        raise AddressError(number)

    with pytest.raises(AddressError, match=r"^127\.0\.0\.1$"):
        asyncio.run(HttpPost(5.0, refuse)(desk.url, b"{}", {}))
    assert desk.received == []
