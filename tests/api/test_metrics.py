"""Metrics: what workers report becomes series; the page that describes them is the code's."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import redis
from prometheus_client.parser import text_string_to_metric_families

from api.contract.bus import state_key, vitals_key, worker_key
from api.contract.health import BATCH_BOUNDS_S, DetectorHealth, EvidenceHealth, OutboxHealth, WorkerHealth
from api.contract.reasons import GapReason
from api.contract.wire.camera_health import CameraHealth, CameraState
from api.contract.wire.worker import WorkerReport
from api.fleet.reports import CAMERA, CAMERAS_MOST, FORGOTTEN_S, MEMBER, WORKER, Fleet
from api.metrics import Metrics
from api.metrics_docs import render
from api.store.evidence.stamps import StampQueue

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def nothing_waits() -> StampQueue:
    """A site whose stamps have all been given."""
    return StampQueue(0, None, "")


def camera(name: str = "gate", at: datetime = NOW, **fields: object) -> CameraHealth:
    """A camera of which everything is told."""
    values = {
        "camera_id": name,
        "state": CameraState.PLAYING,
        "worker": "w1",
        "since": at,
        "reported": at,
        "reconnects": 3,
        "received_fps": 25.0,
        "analysed_interval_s": 2.0,
        "dropped": {"replaced": 4, "stale": 1},
        "packet_age_s": 0.1,
        "decoded_age_s": 0.5,
        "analysed_age_s": 1.5,
        "clock_offset_s": -0.2,
        "ring_bytes": 1000,
        "trouble": GapReason.NOT_ANALYSED,
        "findings": [{"kind": "noisy", "since": at, "detail": "2 leads held back"}],
        "leads_merged": 5,
        "leads_suppressed": 2,
    }
    return CameraHealth.model_validate(values | fields)


def worker(at: datetime = NOW) -> WorkerHealth:
    """A worker of which everything is told."""
    return WorkerHealth(
        worker="w1",
        started=at,
        reported=at,
        cameras=1,
        detector=DetectorHealth(
            batches={"1": 5, "4": 2}, durations=[1] * (len(BATCH_BOUNDS_S) + 1), busy_s=3.5, images=13
        ),
        outbox=OutboxHealth(pending=2, oldest_age_s=7.0, posted=9),
        evidence=EvidenceHealth(opened=10),
        coverage_unsent=6,
    )


def member(at: datetime = NOW) -> WorkerReport:
    """A worker's part in the group of watchers."""
    return WorkerReport(name="w1", member="w1.abcd", since=at, held=3, capacity=64, pressure=0.25)


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the samples of the camera and worker metrics by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_without_reports_there_are_no_series() -> None:
    """A site without cameras shows names and nothing else."""
    found = samples(Metrics(dict, nothing_waits, lambda: None).text())
    assert not [name for name, _ in found if name.startswith(("plumewatch_camera_", "plumewatch_worker_"))]


def test_every_figure_of_a_full_report_is_shown() -> None:
    """Each metric of the three lists has a sample, with the labels it promises, and the values are the report's."""
    fleet = Fleet(lambda: NOW)
    fleet.take([camera()], [worker()], [member()])
    shown = {sample.name: sample for family in fleet.collect() for sample in family.samples}
    for figure in CAMERA:
        assert set(shown[f"plumewatch_camera_{figure.name}"].labels) == {"camera", "worker", *figure.labels}
    for worker_figure in WORKER:
        assert set(shown[f"plumewatch_worker_{worker_figure.name}"].labels) == {"worker", *worker_figure.labels}
    for member_figure in MEMBER:
        assert set(shown[f"plumewatch_worker_{member_figure.name}"].labels) == {"worker", *member_figure.labels}
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in fleet.collect()
        for sample in family.samples
    }
    assert values["plumewatch_camera_trouble", "gate", "not_analysed", "w1"] == 1
    assert values["plumewatch_camera_frames_dropped_total", "gate", "replaced", "w1"] == 4
    assert values["plumewatch_camera_finding", "gate", "noisy", "w1"] == 1
    assert values["plumewatch_camera_leads_held_back_total", "gate", "suppressed", "w1"] == 2
    assert values["plumewatch_camera_stage_age_seconds", "analysed", "gate", "w1"] == 1.5
    assert values["plumewatch_worker_detector_batches_total", "4", "w1"] == 2
    assert values["plumewatch_worker_outbox_leads", "pending", "w1"] == 2
    assert values["plumewatch_worker_claimed_cameras", "w1"] == 3
    assert values["plumewatch_worker_pressure_ratio", "w1"] == 0.25
    assert values["plumewatch_worker_detector_batch_seconds_bucket", "+Inf", "w1"] == len(BATCH_BOUNDS_S) + 1


def test_what_is_not_known_has_no_sample() -> None:
    """A camera without a clock of its own, or that never had a picture, shows none rather than 0."""
    fleet = Fleet(lambda: NOW)
    fleet.take([camera(clock_offset_s=None, analysed_age_s=None, trouble=None)], [])
    shown = [sample for family in fleet.collect() for sample in family.samples]
    names = {sample.name for sample in shown}
    assert "plumewatch_camera_clock_offset_seconds" not in names
    assert "plumewatch_camera_trouble" not in names
    assert {s.labels["stage"] for s in shown if s.name.endswith("stage_age_seconds")} == {"packet", "decoded"}


def test_old_reports_are_forgotten_and_their_number_is_bounded() -> None:
    """While the bus is away the last reports grow old and go; too many cameras never make too many series."""
    old = NOW - timedelta(seconds=FORGOTTEN_S + 1)
    fleet = Fleet(lambda: NOW)
    fleet.take([camera(at=old)], [worker(old)])
    assert not [sample for family in fleet.collect() for sample in family.samples]
    moments = iter([old, old, NOW])
    silent = Fleet(lambda: next(moments))
    silent.take([], [], [member()])
    assert not [sample for family in silent.collect() for sample in family.samples]
    fleet.take((camera(f"c{number}") for number in range(CAMERAS_MOST + 10)), [])
    assert len(fleet.cameras) == CAMERAS_MOST


def test_reports_on_the_bus_reach_the_page(operator: httpx.Client, bus: redis.Redis) -> None:
    """A worker's report is at /metrics a moment later; one that cannot be read is counted and hurts nobody."""
    now = datetime.now(UTC)
    bus.set(state_key("gate"), camera(at=now).model_dump_json(), ex=15)
    bus.set(vitals_key("w1"), worker(now).model_dump_json(), ex=15)
    bus.set(vitals_key("odd"), b"{}", ex=15)
    bus.set(worker_key("w1.abcd"), member(now).model_dump_json(), ex=15)
    deadline = time.monotonic() + 15
    of_worker = frozenset({("worker", "w1")})
    expected = {
        ("plumewatch_camera_ring_bytes", of_worker | {("camera", "gate")}): 1000,
        ("plumewatch_worker_coverage_unsent_hours", of_worker): 6,
        ("plumewatch_worker_capacity_cameras", of_worker): 64,
        ("plumewatch_cameras_unclaimed", frozenset()): 0,
    }
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    while time.monotonic() < deadline and not expected.keys() <= found.keys():  # the reports are read one by one
        found = samples(operator.get("/metrics").content)
    assert expected == {sample: found.get(sample) for sample in expected}
    assert found["plumewatch_bus_rows_left_out_total", frozenset({("kind", "worker report")})] >= 1


def test_the_page_of_metrics_is_current() -> None:
    """docs/metrics.md is what the code renders; renew it with ``python -m api.metrics_docs docs/metrics.md``."""
    assert render() == PAGE.read_text(encoding="utf-8")


def test_the_page_names_every_metric() -> None:
    """Each family that the API can show stands on the page."""
    fleet_metrics = Metrics(lambda: {"VERIFIED": 1}, nothing_waits, lambda: None)
    fleet_metrics.fleet.take([camera(at=datetime.now(UTC))], [worker(datetime.now(UTC))], [member()])
    page = render()
    for family in text_string_to_metric_families(fleet_metrics.text().decode()):
        name = family.name + ("_total" if family.type == "counter" else "")
        assert name.endswith("_created") or f"`{name}`" in page
