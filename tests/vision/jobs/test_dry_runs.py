"""Dry runs from the admin's call to the result: a real API, a real bus, the worker's thread and its child process."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from api.contract import bus as keys
from api.contract.client import ApiClient
from api.contract.health import WorkerHealth
from api.contract.wire.camera_health import CameraHealth, CameraState
from api.people.accounts import create_worker_key
from streams.camera import CameraId
from streams.timing.clock import utc_now
from tests.api.conftest import RunningApi, api, bus, operator, settings, start_api, valkey_socket
from tests.vision.analysis.test_lookback import camera
from tests.vision.analysis.test_lookback import watched as hour_of
from tests.vision.films import hang, plume_film, try_brightly
from tests.vision.moments import CARD
from tests.vision.staged import read_packets, ring_of
from tests.vision.worker.test_watched import Runner, playing
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig, parse_config
from vision.jobs.dry_run_process import Trial, run
from vision.jobs.dry_runs import DryRuns
from vision.worker.watched import WatchedCamera

__all__ = ["api", "bus", "operator", "settings", "start_api", "valkey_socket"]

PATH = "/v1/cameras/gate-3/dry-runs"
SQUARE = [[0.2, 0.2], [0.7, 0.2], [0.7, 0.8], [0.2, 0.8]]
ZONE = {"name": "烟囱", "kind": "watch", "polygon": SQUARE}
Start = Callable[..., DryRuns]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 8 s with a plume from 3 s on."""
    return plume_film(tmp_path_factory.mktemp("clips") / "film.mp4")


@pytest.fixture
def start(api: RunningApi, bus: redis.Redis, tmp_path: Path) -> Iterator[Start]:
    """Start the dry runs of a worker that watches what it is given and says that it is there."""
    client = ApiClient(api.url, create_worker_key(api.settings, "local"))
    running: list[DryRuns] = []

    def begin(
        body: Callable[[Trial, Connection], None] = try_brightly,
        config: WorkerConfig | None = None,
        watched: WatchedCamera | None = None,
    ) -> DryRuns:
        health = WorkerHealth(worker="worker-01", started=utc_now(), reported=utc_now(), cpus=2)
        bus.set(keys.vitals_key("worker-01"), health.model_dump_json())
        if watched is not None:
            camera = CameraHealth(
                camera_id="gate-3",
                state=CameraState.PLAYING,
                worker="worker-01",
                since=utc_now(),
                reported=utc_now(),
            )
            bus.set(keys.state_key("gate-3"), camera.model_dump_json())
        known = {} if watched is None else {CameraId("gate-3"): watched}
        runs = DryRuns(
            "worker-01",
            lambda: config or WorkerConfig(),
            CARD,
            bus,
            client,
            tmp_path / "dry-runs",
            known.get,
            body=body,
        )
        runs.start()
        running.append(runs)
        return runs

    yield begin
    for runs in running:
        runs.stop()
    client.close()


@pytest.fixture
def gate(operator: httpx.Client) -> httpx.Client:
    """An admin with a registered camera."""
    document = {"id": "gate-3", "name": "三号门", "source": "rtsp://10.0.0.7/1"}
    assert operator.put("/v1/cameras/gate-3", json=document).status_code == 201
    return operator


def order(
    client: httpx.Client, zones: list[dict[str, Any]], clip: bytes | None, source: str = "recent"
) -> dict[str, Any]:
    """Start a dry run and return how it stands."""
    draft = json.dumps({"zones": zones, "source": source if clip is None else "upload"})
    files: dict[str, Any] = {"draft": (None, draft)}
    if clip is not None:
        files["clip"] = ("film.mp4", clip, "video/mp4")
    answer = client.post(PATH, files=files)
    assert answer.status_code == 202, answer.text
    view: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{view['id']}"
    return view


def wait_for(client: httpx.Client, run_id: str, *states: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """Return the report once the run is in one of the states."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        report: dict[str, Any] = client.get(f"{PATH}/{run_id}").json()["report"]
        if report["state"] in states:
            return report
        time.sleep(0.1)
    raise AssertionError(f"still {report}")


def test_zones_are_tried_on_an_uploaded_clip(gate: httpx.Client, start: Start, film: Path, tmp_path: Path) -> None:
    """The lead that would be made comes back with zone and picture; clips are gone on both sides, nothing is filed."""
    start()
    view = order(gate, [ZONE], film.read_bytes())
    assert (view["report"]["state"], view["zones"][0]["name"]) == ("waiting", "烟囱")
    report = wait_for(gate, view["id"], "done", "failed")
    assert (report["state"], report["worker"], report["fault"], report["is_cut"]) == ("done", "worker-01", None, False)
    assert (report["width"], report["height"], report["analysed_s"]) == (320, 180, 7.5)
    (lead,) = report["leads"]
    assert (lead["first_s"], lead["confirmed_s"], lead["lead"]["measure"]["zone"]) == (3.0, 4.5, "烟囱")
    assert lead["lead"]["camera"] == {"id": "gate-3", "name": "三号门", "gb_id": "", "preset": None}
    picture = gate.get(f"{PATH}/{view['id']}/pictures/0.jpg")
    assert (picture.status_code, picture.headers["Content-Type"], picture.content[:2]) == (
        200,
        "image/jpeg",
        b"\xff\xd8",
    )
    deadline = time.monotonic() + 10
    while (left := [path for path in tmp_path.rglob("*clip*") if path.is_file()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert gate.get("/v1/leads").json()["leads"] == []
    assert gate.delete(f"{PATH}/{view['id']}").status_code == 204
    assert gate.get(f"{PATH}/{view['id']}").status_code == 404
    assert gate.get(f"{PATH}/{view['id']}/pictures/0.jpg").status_code == 404


def test_zones_are_tried_on_what_the_camera_has_just_seen(gate: httpx.Client, start: Start, film: Path) -> None:
    """The ring of the worker that watches it is the clip; the camera's own stream settings hold."""
    packets = read_packets(film)
    camera = CameraConfig.model_validate(
        {"id": "gate-3", "name": "三号门", "source": "rtsp://10.0.0.7/1", "stream": {"analysis_fps": 5}}
    )
    start(watched=WatchedCamera(camera, Runner(playing(), ring=ring_of(packets, 7.0)), object()))  # type: ignore[arg-type]
    view = order(gate, [ZONE], None)
    report = wait_for(gate, view["id"], "done", "failed")
    assert (report["state"], report["fault"], report["detail"]) == ("done", None, "")
    assert report["duration_s"] == pytest.approx(7.0, abs=0.11)
    (lead,) = report["leads"]
    assert (lead["first_s"], lead["confirmed_s"]) == (3.0, 4.6)


def test_zones_are_tried_on_the_last_hour(gate: httpx.Client, start: Start) -> None:
    """Its boxes alone are judged, no clip is cut and no process started; an hour that holds nothing says so."""
    live = camera()
    kept, _ = hour_of(live, seconds=170.0)
    config = live.cameras[0].model_copy(update={"id": "gate-3"})
    start(hang, watched=WatchedCamera(config, Runner(playing()), object(), lookback=kept))  # type: ignore[arg-type]
    zone = {"name": "麦田", "kind": "field", "polygon": SQUARE}
    run = order(gate, [zone], None, "hour")
    report = wait_for(gate, run["id"], "done", "failed")

    assert (report["state"], report["looks"], report["analysed_s"], report["duration_s"]) == ("done", 340, 169.5, 169.5)
    (lead,) = report["leads"]
    assert (lead["lead"]["violation_code"], lead["lead"]["measure"]["zone"]) == ("V03_STRAW_BURN", "麦田")
    assert (lead["first_s"], lead["has_picture"]) == (10.5, False)
    mask = {"name": "遮", "kind": "mask", "polygon": SQUARE}
    quiet = wait_for(gate, order(gate, [mask], None, "hour")["id"], "done", "failed")
    assert (quiet["state"], quiet["leads"]) == ("done", [])


def test_an_hour_that_holds_nothing_says_so(gate: httpx.Client, start: Start) -> None:
    """A camera that has just been taken over has no hour yet."""
    config = camera().cameras[0].model_copy(update={"id": "gate-3"})
    start(watched=WatchedCamera(config, Runner(playing()), object()))  # type: ignore[arg-type]
    report = wait_for(gate, order(gate, [], None, "hour")["id"], "done", "failed")

    assert (report["state"], report["fault"]) == ("failed", "empty_ring")


def test_a_stream_that_has_just_begun_anew_is_tried_on_what_was_before(
    gate: httpx.Client, start: Start, film: Path
) -> None:
    """Of the ring's two newest epochs the longer one is the clip: a second of the new one would say nothing."""
    packets = read_packets(film)
    ring = ring_of(packets, 7.0)
    for packet in packets[:10]:
        ring.append(replace(packet, time=replace(packet.time, epoch=packet.time.epoch + 1)))
    camera = CameraConfig.model_validate({"id": "gate-3", "source": "rtsp://10.0.0.7/1"})
    start(watched=WatchedCamera(camera, Runner(playing(), ring=ring), object()))  # type: ignore[arg-type]
    report = wait_for(gate, order(gate, [ZONE], None)["id"], "done", "failed")
    assert (report["state"], report["duration_s"]) == ("done", pytest.approx(7.0, abs=0.11))
    assert len(report["leads"]) == 1


def test_what_is_no_video_is_told(gate: httpx.Client, start: Start) -> None:
    """The real process, with the model that ships, ends on a text file with a reason that names no path."""
    start(body=run)
    view = order(gate, [], b"not a film at all")
    report = wait_for(gate, view["id"], "done", "failed")
    assert (report["state"], report["fault"], report["leads"]) == ("failed", "no_video", [])
    assert report["detail"]
    assert "/" not in report["detail"]


def test_a_rule_confined_to_a_zone_that_the_draft_lacks_is_told(gate: httpx.Client, start: Start, film: Path) -> None:
    """It would watch nothing from then on; other cameras' rules are no concern."""
    config = parse_config(
        {
            "cameras": [{"id": "gate-3", "source": "rtsp://10.0.0.7/1", "zones": [ZONE | {"name": "yard"}]}],
            "rules": {"yard": {"kind": "smoke", "zones": ["yard"], "cameras": ["gate-3"]}},
        }
    )
    start(config=config)
    report = wait_for(gate, order(gate, [ZONE], film.read_bytes())["id"], "done", "failed")
    assert (report["fault"], report["detail"]) == (
        "refused",
        "rule yard is confined to zone 'yard', which the draft lacks",
    )


def test_a_run_that_is_called_off_ends_and_makes_room(gate: httpx.Client, start: Start, film: Path) -> None:
    """One at a time: the second is told 409 while the first is under way, and is taken once that is deleted."""
    runs = start(body=hang)
    first = order(gate, [], film.read_bytes())
    assert wait_for(gate, first["id"], "running")["state"] == "running"
    draft = {"draft": (None, json.dumps({"zones": [], "source": "upload"})), "clip": ("f", b"x")}
    busy = gate.post(PATH, files=draft)
    assert (busy.status_code, busy.json()["type"]) == (409, "urn:plumewatch:problem:dry-run-busy")
    assert gate.delete(f"{PATH}/{first['id']}").status_code == 204
    deadline = time.monotonic() + 20
    while (again := gate.post(PATH, files=draft)).status_code == 409 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert again.status_code == 202
    assert wait_for(gate, again.json()["id"], "running")["state"] == "running"
    runs.stop()
    assert gate.get(f"{PATH}/{again.json()['id']}").json()["report"]["fault"] == "stopped"


def test_a_run_that_takes_too_long_is_ended(
    gate: httpx.Client,
    start: Start,
    film: Path,
    api: RunningApi,
) -> None:
    """The process is killed after the time allowed, and the report says so."""
    object.__setattr__(api.state, "settings", api.settings.model_copy(update={"dry_run_timeout_s": 3.0}))
    start(body=hang)
    report = wait_for(gate, order(gate, [], film.read_bytes())["id"], "done", "failed")
    assert (report["state"], report["fault"], report["detail"]) == ("failed", "too_slow", "not done within 3 s")
