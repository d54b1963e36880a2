"""What breaks in the field: the API away, the worker killed. No lead is lost, none is filed twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.contract.evidence.verification import verify_package
from plumewatch.supervisor import WORKER_STOPS_WITHIN_S
from tests.e2e.processes import Parts
from tests.e2e.waiting import patience, wait_for
from tests.rtsp import RtspServer
from tests.vision.silent_bus import silent_bus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture
def parts(tmp_path: Path, smoking_clip: Path) -> Iterator[Parts]:
    """A bus, and an API and a worker that are not started yet; the worker watches the smoking stack."""
    made = Parts(tmp_path, [str(smoking_clip)])
    yield made
    made.close()


def _one_verified_lead(parts: Parts, tmp_path: Path) -> dict[str, object]:
    """Wait for a filed lead, prove that it is the only one and that its package holds, and return it."""
    leads = wait_for("the lead is filed", parts.filed_leads, 60)
    wait_for("the outbox is empty", lambda: not parts.waiting_leads(), 30)
    assert len(parts.filed_leads()) == 1
    package = tmp_path / f"{leads[0]['lead_id']}.tar"
    package.write_bytes(parts.client.get(f"/v1/evidence/{leads[0]['lead_id']}/package.tar").raise_for_status().content)
    roots = parts.client.get("/v1/trust/nodes.pem").raise_for_status().content
    report = verify_package(package, roots)
    assert report.ok, report.failures
    return leads[0]


def test_a_lead_made_while_the_api_is_down_is_delivered_once(parts: Parts, tmp_path: Path) -> None:
    """The package waits on the worker's disk and is filed, exactly once, when the API is there."""
    parts.start_worker()
    wait_for("the package waits in the outbox", parts.waiting_leads, 90)
    parts.start_api()
    _one_verified_lead(parts, tmp_path)


def test_a_worker_killed_before_posting_delivers_after_its_restart(
    parts: Parts, tmp_path: Path, brief_clip: Path
) -> None:
    """Kill -9 between package and posting: the package is on disk, and the next worker posts it."""
    parts.start_worker()
    waiting = wait_for("the package waits in the outbox", parts.waiting_leads, 90)
    parts.kill(parts.worker)
    parts.start_api()
    parts.start_worker(str(brief_clip))
    assert [_one_verified_lead(parts, tmp_path)["lead_id"]] == waiting


def test_a_worker_killed_during_the_post_roll_files_what_it_has(parts: Parts, tmp_path: Path, brief_clip: Path) -> None:
    """Kill -9 between confirmation and package: the next worker files the lead and declares the missing post-roll."""
    parts.start_api()
    parts.start_worker()
    opened = wait_for("the lead is confirmed", parts.open_cases, 90, period_s=0.05)
    parts.kill(parts.worker)
    assert parts.filed_leads() == []
    parts.start_worker(str(brief_clip))
    assert [_one_verified_lead(parts, tmp_path)["lead_id"]] == opened
    manifest = parts.client.get(f"/v1/evidence/{opened[0]}/package.tar").content
    assert b"worker restarted; post-roll not recorded" in manifest


def test_a_bus_that_never_answers_holds_up_no_lead(parts: Parts, tmp_path: Path, brief_clip: Path) -> None:
    """It accepts and is silent: the package is made all the same, the worker stops in time, and the lead is filed."""
    with silent_bus() as silent:
        parts.bus_url = silent.url
        parts.start_worker()
        waiting = wait_for("the package waits in the outbox", parts.waiting_leads, 90 * patience())
        assert parts.worker is not None
        parts.worker.terminate()
        parts.worker.wait(WORKER_STOPS_WITHIN_S)
        assert parts.worker.returncode == 0
    parts.bus_url = parts.bus.url
    parts.start_api()
    parts.start_worker(str(brief_clip))
    assert [_one_verified_lead(parts, tmp_path)["lead_id"]] == waiting


def test_a_lead_that_goes_on_is_not_told_again_after_a_kill(
    rtsp_server: Callable[..., RtspServer], tmp_path: Path, smoking_clip: Path
) -> None:
    """Kill -9 once the evidence is on disk: the next worker takes the smoke of the live camera for the same event."""
    server = rtsp_server({"stack": smoking_clip})
    parts = Parts(tmp_path, [server.url("stack")])
    try:
        parts.start_api()
        parts.start_worker()
        (lead,) = wait_for("the lead is filed", parts.filed_leads, 120 * patience())
        parts.kill(parts.worker)
        before = _held_back(parts)
        parts.start_worker()
        wait_for("it is held back", lambda: _held_back(parts) > before, 120 * patience())
        wait_for("nothing is under way", lambda: not (parts.open_cases() or parts.waiting_leads()), 30)
        assert [each["lead_id"] for each in parts.filed_leads()] == [lead["lead_id"]]
    finally:
        parts.close()


def _held_back(parts: Parts) -> int:
    return (parts.folder / "worker.log").read_text(encoding="utf-8").count("lead held back")
