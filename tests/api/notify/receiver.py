"""A receiver of webhooks on the loopback: a real HTTP server that keeps what it was sent and answers as it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """Its body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """What it was sent, and the answers that it gives: the first ones in order, then 200."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    says: str = "taken"
    is_silent: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address, with a key in the path."""
        return f"http://127.0.0.1:{self.port}/hooks/key-in-the-path"

    def wait_for(self, count: int, seconds: float = 20) -> list[Received]:
        """Return what came once that is so much."""
        until = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < until, f"{len(self.received)} of {count} came"
            threading.Event().wait(0.02)
        return self.received


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    found = Receiver()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            found.received.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if found.is_silent.is_set():
                found.released.wait(30)
                return
            status = found.answers.pop(0) if found.answers else 200
            said = found.says.encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{found.port}/elsewhere")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            found.released.set()
            server.shutdown()
            thread.join()
