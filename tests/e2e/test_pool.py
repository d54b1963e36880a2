"""
Three workers share nine cameras, and lose now this, now that. Each test leaves the pool whole for the next.

That a camera is watched is read from the workers' own counters of analysed frames, which each reports twice a second.
"""

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from tests.e2e.pool import Pool
from tests.e2e.waiting import hold_to, patience, wait_for
from tests.rtsp import PACKAGES, RtspServer, is_available
from tests.streams.media import make_clip

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
log = logging.getLogger(__name__)
WORKERS = ("w1", "w2", "w3")
CAMERAS = [f"cam{i}" for i in range(9)]
MOST_DOUBLE_S = 5.0
SEEN_LATE_S = 0.7
"""By how much a report, sent twice a second and read five times a second, is later than what it tells."""


@pytest.fixture(scope="module")
def rtsp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    """A server with a small looping stream for each camera."""
    if not is_available():
        pytest.skip(f"needs the Debian packages {PACKAGES}")
    clip = make_clip(tmp_path_factory.mktemp("pool") / "clip.mp4", seconds=10, fps=4, gop=2)
    server = RtspServer(dict.fromkeys([*CAMERAS, "extra"], clip))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, rtsp: RtspServer) -> Iterator[Pool]:
    """A pool of three workers."""
    pool = Pool(tmp_path_factory.mktemp("site"))
    try:
        for name in WORKERS:
            pool.start_worker(name)
        wait_for("the workers are there", lambda: len(pool.watch.reports()) == len(WORKERS), 240)
        pool.register({camera: rtsp.url(camera) for camera in CAMERAS})
        yield pool
    finally:
        pool.close()


@pytest.fixture
def pool(whole: Pool) -> Pool:
    """The pool with every worker running and every camera watched by one of them, three each."""
    for name in WORKERS:
        if whole.workers[name].poll() is not None:
            whole.start_worker(name)
    wait_for("each has three cameras", lambda: is_spread(whole, WORKERS), 240)
    now = time.monotonic()
    wait_for("every camera is watched", lambda: whole.all_analysed(CAMERAS, now), 120)
    return whole


def is_spread(pool: Pool, workers: Sequence[str]) -> bool:
    """True when every camera is watched by exactly one of these workers, three each where there are three."""
    held = pool.held()
    sizes = [len(held.get(name, ())) for name in workers]
    together = sorted(camera for name in workers for camera in held.get(name, ()))
    return set(held) == set(workers) and together == CAMERAS and max(sizes) - min(sizes) <= 1


def watched_again_s(pool: Pool, cameras: Sequence[str], since: float, by: Sequence[str]) -> float:
    """Seconds from a moment until each camera has been analysed by one of these workers."""
    wait_for("watched again", lambda: pool.all_analysed(cameras, since, by=by), 120, period_s=0.1)
    return time.monotonic() - since


def assert_no_camera_was_double(pool: Pool, since: float) -> None:
    """No camera was analysed by two workers at a time for longer than is allowed."""
    doubles = {camera: pool.watch.longest_double(camera, since) for camera in CAMERAS}
    log.info("longest analysed by two at a time: %.1f s of %g s", max(doubles.values()), MOST_DOUBLE_S)
    assert max(doubles.values()) <= MOST_DOUBLE_S, doubles


def test_cameras_come_change_and_go_at_run_time(pool: Pool, rtsp: RtspServer) -> None:
    """A worker has a new camera within 2 s of its registration, begins a changed one anew, lets a removed one go."""
    began = time.monotonic()
    pool.register({"extra": rtsp.url("extra")})
    (name,) = wait_for("claimed", lambda: [w for w, cameras in pool.held().items() if "extra" in cameras], 20, 0.05)
    hold_to("a new camera is claimed", time.monotonic() - began, 2.0)
    wait_for("watched", lambda: pool.all_analysed(["extra"], began), 20)
    pool.client.put("/v1/cameras/extra", json={"id": "extra", "name": "新名", "source": ""}).raise_for_status()
    wait_for("begun anew", lambda: pool.log_of(name).count('"camera": "extra"') >= 2, 20)
    changed = time.monotonic()
    wait_for("watched again", lambda: pool.all_analysed(["extra"], changed), 20)
    pool.remove(["extra"])
    gone = time.monotonic()
    wait_for("let go", lambda: all("extra" not in cameras for cameras in pool.held().values()), 20, 0.05)
    hold_to("a removed camera is let go", time.monotonic() - gone, 2.0)


def test_a_killed_workers_cameras_are_watched_again(pool: Pool) -> None:
    """Kill -9 of one of three: the others watch its cameras within 15 s; when it is back it gets some again."""
    lost = sorted(pool.held()["w1"])
    at = pool.send("w1", signal.SIGKILL)
    hold_to("a killed worker's cameras are watched again", watched_again_s(pool, lost, at, ("w2", "w3")), 15.0)
    pool.workers["w1"].wait()
    pool.start_worker("w1")
    wait_for("spread again", lambda: is_spread(pool, WORKERS), 240)
    assert_no_camera_was_double(pool, at)


def test_a_stopped_worker_comes_back_to_nothing_double(pool: Pool) -> None:
    """SIGSTOP for 20 s: others take over; after SIGCONT it analyses none of the cameras that are not its any more."""
    lost = sorted(pool.held()["w2"])
    at = pool.send("w2", signal.SIGSTOP)
    hold_to("a stopped worker's cameras are watched again", watched_again_s(pool, lost, at, ("w1", "w3")), 15.0)
    time.sleep(max(0.0, at + 20.0 - time.monotonic()))
    pool.send("w2", signal.SIGCONT)
    wait_for("spread again", lambda: is_spread(pool, WORKERS), 120)
    assert_no_camera_was_double(pool, at)


def test_a_drained_worker_hands_over_without_a_hole(pool: Pool) -> None:
    """SIGTERM: others analyse its cameras within 3 s, and it ends by itself."""
    given = sorted(pool.held()["w3"])
    at = pool.send("w3", signal.SIGTERM)
    seen_s = watched_again_s(pool, given, at, ("w1", "w2")) - SEEN_LATE_S
    hold_to("a drained worker's cameras are watched by others", seen_s, 3.0)
    assert pool.workers["w3"].wait(timeout=60) == 0
    assert_no_camera_was_double(pool, at)


def test_a_bus_that_dies_and_comes_back_empty_blinds_nobody(pool: Pool) -> None:
    """
    Kill -9 of Valkey: analysis goes on; 30 s after its restart, empty, each camera has a worker and the wall is live.

    Each worker has 3 s for claiming its own again, and has them where it gets the processor in that time; where it does
    not, another may have been quicker, and none is watched by two for long.
    """

    def all_said() -> dict[str, dict[str, int]] | None:
        reports = {name: report.cameras for name, report in pool.watch.reports().items()}
        said = sorted(camera for cameras in reports.values() for camera in cameras)
        return reports if said == CAMERAS else None  # one whose worker is late is missing for a moment

    before = wait_for("all say what they watch", all_said, 120)
    pool.kill_bus()
    time.sleep(7.0)
    at = time.monotonic()
    pool.start_bus()
    for worker, cameras in before.items():
        for camera, count in cameras.items():
            known = wait_for(f"{worker} tells of {camera}", partial(pool.watch.count, worker, camera, at), 120)
            assert known >= count + 7 / patience(), f"{worker} did not analyse {camera} while the bus was away"

    wait_for("spread as before", lambda: is_spread(pool, WORKERS) and pool.all_analysed(CAMERAS, at), 120)

    def is_live() -> bool:
        views = pool.client.get("/v1/cameras").json()["cameras"]
        shown = [pool.client.get(f"/v1/cameras/{camera}/snapshot.jpg").is_success for camera in CAMERAS]
        return pool.is_ready() and all(shown) and all((v["health"] or {}).get("state") == "playing" for v in views)

    wait_for("the wall is live", is_live, 120)
    hold_to("all is as before after the bus came back empty", time.monotonic() - at, 30.0)
    moved = sum(set(before[name]) != cameras for name, cameras in pool.held().items())
    log.info("workers whose cameras are others after the bus came back empty: %d", moved)
    assert_no_camera_was_double(pool, at)


def test_a_worker_that_joins_gets_its_share(pool: Pool) -> None:
    """A fourth worker gets two or three of the nine, one by one; no camera has a hole or is double for long."""
    at = time.monotonic()
    pool.start_worker("w4")
    wait_for("spread over four", lambda: is_spread(pool, (*WORKERS, "w4")), 240)
    moved = sorted(pool.held()["w4"])
    assert len(moved) in {2, 3}
    wait_for("watched by the fourth", lambda: pool.all_analysed(moved, at, by=("w4",)), 120)
    for camera in moved:
        old = max(run[1] for worker, runs in pool.watch.runs(camera, at).items() if worker != "w4" for run in runs)
        new = pool.watch.runs(camera, at)["w4"][0][0]
        hold_to("a camera moves to a new worker", new - old, 3.0)
    pool.send("w4", signal.SIGTERM)
    assert pool.workers.pop("w4").wait(timeout=60) == 0
    wait_for("spread over three", lambda: is_spread(pool, WORKERS), 120)
    assert_no_camera_was_double(pool, at)
