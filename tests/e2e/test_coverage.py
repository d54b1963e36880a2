"""Coverage from end to end: what is watched, killed and away ends up in the ledger with its reason."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.processes import Parts
from tests.e2e.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
CONFIG = """
[detector]
model = "emissions-n"

[stream]
loop = true
watch = "patrol"
"""
STARVED = {"not_analysed", "not_decoded", "no_packets"}
"""What a machine without time does to a camera: allowed here, since it is told."""


@pytest.fixture
def parts(tmp_path: Path, brief_clip: Path) -> Iterator[Parts]:
    """A bus, and an API and a worker over one scene that plays for ever."""
    parts = Parts(tmp_path, [str(brief_clip)], CONFIG)
    yield parts
    parts.close()


def coverage(parts: Parts) -> dict[str, object]:
    """Return what the API says of the one camera in the last hours; empty while it says nothing."""
    listed = parts.client.get("/v1/cameras").raise_for_status().json()["cameras"]
    if not listed:
        return {}
    answer = parts.client.get(f"/v1/cameras/{listed[0]['camera']['id']}/coverage")
    return answer.json() if answer.is_success else {}


def reasons(parts: Parts) -> list[str]:
    """Return the reasons of the gaps in order."""
    return [gap["reason"] for hour in coverage(parts).get("hours", []) for gap in hour["gaps"]]  # type: ignore[attr-defined]


def watched_s(parts: Parts) -> float:
    return float(coverage(parts).get("watched_s", 0.0))  # type: ignore[arg-type]


def meets(gap: dict[str, str], start: datetime, end: datetime) -> bool:
    """True where a gap and a span of time meet."""
    return datetime.fromisoformat(gap["start"]) < end and datetime.fromisoformat(gap["end"]) > start


def test_a_killed_worker_and_an_api_outage_leave_no_silent_gap(parts: Parts) -> None:
    """Killed: a gap from its last word on; while the API is away nothing is lost; watched and gaps fill the duty."""
    parts.start_api()
    parts.start_worker()
    wait_for("something is watched", lambda: watched_s(parts) > 5, 150)
    metrics = parts.client.get("/metrics").text
    assert re.search(r'^plumewatch_worker_cameras\{worker="[^"]+"\} 1\.0$', metrics, re.MULTILINE)
    assert re.search(r"^plumewatch_worker_detector_batches_total\{.*\} [1-9]", metrics, re.MULTILINE)
    assert re.search(r"^plumewatch_camera_frames_analysed_total\{.*\} [1-9]", metrics, re.MULTILINE)
    analysed = parts.analysed()
    parts.kill(parts.worker)
    killed = datetime.now(UTC)
    time.sleep(8)
    parts.kill(parts.api)
    restarted = datetime.now(UTC)
    parts.start_worker()
    wait_for("the new worker watches", lambda: 0 < parts.analysed() < analysed, 90, 0.1)
    begun = datetime.now(UTC)
    time.sleep(25)
    back = datetime.now(UTC)
    parts.start_api()
    wait_for("the killed worker's gap is told", lambda: "worker_died" in reasons(parts), 90)
    wait_for("the time of the outage is watched", lambda: watched_s(parts) > 25, 150)
    told = coverage(parts)
    gaps = [gap for hour in told["hours"] for gap in hour["gaps"]]  # type: ignore[attr-defined]
    died = next(gap for gap in gaps if gap["reason"] == "worker_died")
    assert killed - timedelta(seconds=30) < datetime.fromisoformat(died["start"]) <= killed
    assert datetime.fromisoformat(died["end"]) >= restarted
    assert {gap["reason"] for gap in gaps} <= {"unclaimed", "starting", "worker_died", "stream_lost", *STARVED}
    assert {gap["reason"] for gap in gaps if meets(gap, begun, back)} <= STARVED
    assert told["required_s"] == pytest.approx(float(told["watched_s"]) + sum(gap["seconds"] for gap in gaps), abs=0.01)  # type: ignore[arg-type]
