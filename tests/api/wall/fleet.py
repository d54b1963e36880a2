"""A hundred cameras on paper: a day of accounts told to the API, and their health and their workers' on the bus."""

import random
from datetime import UTC, datetime, timedelta

import httpx
import redis

from api.contract import bus
from api.contract.coverage import HOUR, INTERVAL_BOUNDS_S, AccountHour, CoverageGap, CoverageReport, interval_class
from api.contract.health import DetectorHealth, OutboxHealth, WorkerHealth
from api.contract.reasons import GapReason
from api.contract.wire.camera_health import CameraHealth, CameraState
from api.contract.wire.worker import WorkerReport
from api.store.coverage import note_duty
from tests.api.conftest import NODE, RunningApi

REASONS = [
    (GapReason.STREAM_LOST, "rtsp://***@10.0.0.7/Streaming/Channels/101: connection refused"),
    (GapReason.NO_PACKETS, ""),
    (GapReason.NOT_ANALYSED, ""),
    (GapReason.NOT_DECODED, "14 damaged"),
]


def register(api: RunningApi, operator: httpx.Client, count: int, *, since: datetime) -> list[str]:
    """Register cameras that have been on duty since a time."""
    cameras = [f"cam-{number:03d}" for number in range(1, count + 1)]
    for number, camera in enumerate(cameras, start=1):
        document = {"id": camera, "name": f"{number:03d} 号监控点", "source": f"rtsp://10.0.0.{number}/1"}
        assert operator.put(f"/v1/cameras/{camera}", json=document).status_code == 201
    with api.state.database.writing() as session:
        for camera in cameras:
            note_duty(session, camera, since, on_duty=False)
            note_duty(session, camera, since, on_duty=True)
    return cameras


def tell_a_day(worker: httpx.Client, cameras: list[str], now: datetime, *, seed: int = 1) -> None:
    """Tell the accounts of the last day: most hours whole, some with gaps, a few cameras bad."""
    draw = random.Random(seed)  # noqa: S311  (seeded on purpose)
    start = now.replace(minute=0, second=0, microsecond=0) - 23 * HOUR
    for number, camera in enumerate(cameras):
        hours = []
        badness = 0.5 if number % 17 == 3 else 0.06
        for index in range(24):
            hour = start + index * HOUR
            end = min(hour + HOUR, now)
            gaps = _gaps(draw, hour, end) if draw.random() < badness else []
            counts = [0] * (len(INTERVAL_BOUNDS_S) + 1)
            counts[interval_class(2.0)] = 1780
            hours.append(
                AccountHour(
                    camera_id=camera,
                    hour=hour,
                    worker=NODE,
                    account=f"{number:016x}",
                    sequence=1,
                    start=hour,
                    end=end,
                    limit_s=5.0,
                    analysed=1780,
                    intervals=counts,
                    longest_s=max([2.1, *((gap.end - gap.start).total_seconds() for gap in gaps)]),
                    patrol_s=3400,
                    focus_s=200,
                    reconnects=len(gaps),
                    gaps=gaps,
                )
            )
        report = CoverageReport(hours=hours).model_dump(mode="json")
        assert worker.post("/v1/coverage", json=report).status_code == 200


def _gaps(draw: random.Random, hour: datetime, end: datetime) -> list[CoverageGap]:
    reason, detail = draw.choice(REASONS)
    begin = hour + timedelta(seconds=draw.uniform(0, 1500))
    over = min(begin + timedelta(seconds=draw.choice([8, 40, 300, 2000])), end)
    return [CoverageGap(start=begin, end=over, reason=reason, detail=detail)] if begin < over else []


def report_health(client: redis.Redis, cameras: list[str]) -> None:
    """Say how every camera and two workers are now."""
    now = datetime.now(UTC)
    with client.pipeline(transaction=False) as pipe:
        for number, camera in enumerate(cameras):
            bad = number % 17 == 3
            health = CameraHealth(
                camera_id=camera,
                state=CameraState.LOST if bad else CameraState.PLAYING,
                worker=NODE,
                since=now,
                reported=now,
                error=REASONS[0][1] if bad else "",
                trouble=GapReason.STREAM_LOST if bad else GapReason.NOT_ANALYSED if number % 13 == 5 else None,
                codec="h264",
                width=1920,
                height=1080,
                received_fps=25.0,
                analysed_fps=0.5,
                analysed_interval_s=2.0,
                interval_limit_s=5.0,
                watch_mode="focus" if number % 9 == 1 else "patrol",
                gop_s=2.0,
                decoder="software",
                last_frame_utc=now,
            )
            pipe.set(bus.state_key(camera), health.model_dump_json(), ex=120)
        for number, name in enumerate(["analysis-01", "analysis-02"]):
            health_of_worker = WorkerHealth(
                worker=name,
                started=now - timedelta(hours=30 + number),
                reported=now,
                cameras=len(cameras) // 2,
                cpus=2,
                cpu_share=1.2 + 0.7 * number,
                rss_bytes=1_900_000_000,
                detector=DetectorHealth(model="emissions-n", engine="openvino bf16"),
                outbox=OutboxHealth(pending=3 * number, parked=number),
            )
            member = WorkerReport(
                name=name, member=f"{name}.0a1b2c3d", since=now, held=len(cameras) // 2, capacity=64, pressure=0.04
            )
            pipe.set(bus.vitals_key(name), health_of_worker.model_dump_json(), ex=120)
            pipe.set(bus.worker_key(member.member), member.model_dump_json(), ex=120)
        pipe.execute()
