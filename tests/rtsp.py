"""The RTSP server as a test's part: started on a free port of loopback, killed and restarted at will."""

import selectors
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("rtsp_server.py")
PACKAGES = (
    "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
)
_PROBE = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst; Gst.init(None); "
    "assert all(Gst.ElementFactory.find(n) for n in ('qtdemux', 'h264parse', 'h265parse', 'rtph264pay', 'appsrc'))"
)
START_S = 20.0


def is_available() -> bool:
    """Return True where the system's Python can run the server."""
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class RtspServer:
    """A server that loops MP4 files: `mounts` maps a name to a file."""

    def __init__(self, mounts: dict[str, Path], *, user: str = "", password: str = "") -> None:
        self._mounts = mounts
        self._credentials = ["--user", user, "--password", password] if user else []
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Start it, on the port of the last start if there was one, and wait until it listens."""
        command = [SYSTEM_PYTHON, str(SCRIPT), "--port", str(self.port), *self._credentials]
        command += [f"{name}={path}" for name, path in self._mounts.items()]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        output = self._process.stdout
        assert output is not None
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            line = output.readline() if selector.select(START_S) else b""
        if not line.startswith(b"ready "):
            self.kill()
            raise RuntimeError(f"the RTSP server did not start: {line!r}")
        self.port = int(line.split()[1])

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def url(self, mount: str, *, user: str = "", password: str = "") -> str:
        """Return the address of a mount."""
        credentials = f"{user}:{password}@" if user else ""
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{mount}"


@pytest.fixture
def rtsp_server() -> Iterator[Callable[..., RtspServer]]:
    """A function that starts an `RtspServer`; skips the test where the Debian packages are absent."""
    if not is_available():
        pytest.skip(f"needs the Debian packages {PACKAGES}")
    servers: list[RtspServer] = []

    def start(mounts: dict[str, Path], *, user: str = "", password: str = "") -> RtspServer:
        server = RtspServer(mounts, user=user, password=password)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()
