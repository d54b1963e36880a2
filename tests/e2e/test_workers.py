"""Several workers on one machine, as ``plumewatch up --workers`` starts them."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.conftest import RunningSite
from tests.e2e.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def playing(client: httpx.Client) -> dict[str, str]:
    """Return which worker watches each camera that plays and is registered."""
    views = client.get("/v1/cameras").raise_for_status().json()["cameras"]
    known = [view for view in views if view["registered"] and view["health"] is not None]
    return {v["camera"]["id"]: v["health"]["worker"] for v in known if v["health"]["state"] == "playing"}


def worker_pids(site: RunningSite) -> dict[str, int]:
    """Return the process of each worker by its data folder's name."""
    found = {}
    for child in psutil.Process(site.process.pid).children():
        if child.status() == psutil.STATUS_ZOMBIE:
            continue
        arguments = child.cmdline()
        if "worker" in arguments:
            found[Path(arguments[arguments.index("--data") + 1]).name] = child.pid
    return found


def test_two_workers_share_the_configured_cameras(
    start_site: Callable[..., RunningSite], brief_clip: Path, tmp_path: Path
) -> None:
    """Each has its part and is a node of its own; one that is killed is started again and watches the same."""
    config = tmp_path / "site.toml"
    config.write_text(
        '[detector]\nmodel = "emissions-n"\n[stream]\nloop = true\nwatch = "patrol"\n'
        + "".join(f'[[cameras]]\nid = "c{i}"\nsource = "{brief_clip}"\n' for i in range(3))
    )
    site = start_site("--workers", "2", "--config", str(config))
    with site.worker_client() as client:
        wait_for("all play", lambda: len(playing(client)) == 3, 90)
        watched = playing(client)
        assert watched["c0"] == watched["c2"] != watched["c1"] == f"{watched['c0']}-2"
        nodes = client.get("/v1/nodes").raise_for_status().json()["nodes"]
        assert {node["name"] for node in nodes} == set(watched.values())
        second = worker_pids(site)["2"]
        os.kill(second, signal.SIGKILL)
        wait_for("started again", lambda: worker_pids(site).get("2", second) != second, 30)
        wait_for("watched again", lambda: playing(client) == watched and is_fresh(client, "c1"), 60)
        processes = [psutil.Process(pid) for pid in worker_pids(site).values()]
    assert site.stop() == 0
    assert not any(process.is_running() for process in processes)


def is_fresh(client: httpx.Client, camera: str) -> bool:
    """True while a camera's worker has analysed little: it began anew."""
    health = client.get(f"/v1/cameras/{camera}").raise_for_status().json()["health"]
    return health is not None and 0 < health["frames_analysed"] < 20
