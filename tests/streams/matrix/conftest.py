"""Clips run through the chain once, and a web server for streams."""

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.streams.chain import Chain, run_file
from tests.streams.conftest import MakeClip
from tests.streams.matrix.kinds import KINDS


@pytest.fixture(scope="session")
def chains(clip: MakeClip) -> Callable[[str], Chain]:
    """A function that runs a kind through the chain, once."""

    @functools.cache
    def run(name: str) -> Chain:
        return run_file(clip(KINDS[name].suffix, **({"seconds": 2.0} | KINDS[name].options)))

    return run


class _Web(SimpleHTTPRequestHandler):
    """Serves a folder; what ends in .mjpeg as a camera's multipart answer."""

    def guess_type(self, path: object) -> str:
        """Return the type of a file."""
        return "multipart/x-mixed-replace; boundary=frame" if str(path).endswith(".mjpeg") else "video/mp2t"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, bytes], str]]:
    """A function that offers bytes under a name and returns their address."""
    folder = tmp_path_factory.mktemp("web")
    handler = functools.partial(_Web, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()

        def offer(name: str, data: bytes) -> str:
            (folder / name).write_bytes(data)
            return f"http://127.0.0.1:{server.server_address[1]}/{name}"

        yield offer
        server.shutdown()
        thread.join()
