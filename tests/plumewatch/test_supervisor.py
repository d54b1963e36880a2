"""The supervisor: what it finds in its folder or at its terminal ends no site."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from plumewatch.commands.follow import LeadFollower
from plumewatch.processes import Child
from plumewatch.supervisor import Site, SiteOptions


def test_a_terminal_that_takes_no_line_ends_no_site() -> None:
    """Where standard output is a file on a full disk the lines are left out; the leads are on the wall."""
    program = """
from plumewatch.logs import configure
from plumewatch.supervisor import _tell
configure()
_tell("lead filed")
_tell("another")
"""
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert "line not printed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("folder", "is_told"), [("2", False), ("3", True), ("2.old", True)])
def test_leads_in_the_folders_of_workers_that_are_not_started_are_told(
    folder: str, tmp_path: Path, *, is_told: bool
) -> None:
    """A copy that a person made of a worker's folder is named too, and keeps no site from starting."""
    (tmp_path / "workers" / folder / "outbox" / "ready" / "L20261128-001001").mkdir(parents=True)
    options = SiteOptions(config=None, sources=(), port=None, data=tmp_path, demo=False, workers=2)
    with capture_logs() as told:
        Site(options)._tell_idle_folders()
    assert [line["workers"] for line in told] == ([[folder]] if is_told else [])


class Ready(BaseHTTPRequestHandler):
    """An API that is ready, and of whose events there are none."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"newest": 7, "events": []}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


def test_a_proxy_of_the_machine_is_not_asked_for_the_site_s_own_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bureau's proxy knows nothing of this machine's loopback: the site starts with `HTTP_PROXY` set."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    stop = threading.Event()
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        patience = threading.Timer(20.0, stop.set)
        patience.start()
        url = f"http://127.0.0.1:{server.server_port}"
        Site._wait_ready(Child("api", [], {}, tmp_path / "log"), url, stop)
        follower = LeadFollower(url, "key")
        assert list(follower.news()) == []
        patience.cancel()
        server.shutdown()
        serving.join()
    assert not stop.is_set()
    assert follower._cursor == 7
