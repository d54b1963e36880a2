"""
The main line under the clock: from smoke in the picture to the lead on the wall, and what a camera costs.

    python -m benchmarks.line --clip CLIP --smoke-s 7 --site DATA_FOLDER --url API_URL RTSP_URL

It listens to the same RTSP stream as the worker. The clip that the camera plays is known, so the moment at which its
first smoky picture arrives here is known exactly: packets are recognised by their bytes, nothing is decoded. The lead's
moment on the wall is that of its event, by the API's clock on the same machine.
"""

import argparse
import hashlib
import json
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from api.contract.schema import EventType, WallEvent
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.clock import StreamClock
from streams.frame import Packet
from streams.source import AvSource

_START_CODE = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class LineReport:
    """
    What was measured.

    Attributes:
        announced_s: seconds from the first smoky picture's arrival to the lead's event on the wall, one a lead.

        filed_s: likewise to the verified package's event.

        cameras: watched by the site.

        cpu_cores: processor cores used by the site's processes, average over the run; the RTSP server and this
            program not counted.

        memory_mb: resident memory of the site's processes at the end, shared pages counted once a process.

        worker_cpu_cores, worker_memory_mb: of the worker alone.
    """

    announced_s: list[float]
    filed_s: list[float]
    cameras: int
    seconds: float
    cpu_cores: float
    memory_mb: float
    worker_cpu_cores: float
    worker_memory_mb: float

    def as_text(self) -> str:
        """Return the report for people."""
        lines = [
            f"smoke to lead on the wall: {_spread(self.announced_s)}",
            f"smoke to package filed and verified: {_spread(self.filed_s)}",
            (
                f"site: {self.cpu_cores:.2f} cores, {self.memory_mb:.0f} MB with {self.cameras} cameras over "
                f"{self.seconds:.0f} s"
            ),
            (
                f"worker: {self.worker_cpu_cores:.2f} cores ({self.worker_cpu_cores / self.cameras:.2f} a camera), "
                f"{self.worker_memory_mb:.0f} MB ({self.worker_memory_mb / self.cameras:.0f} a camera, model included)"
            ),
        ]
        return "\n".join(lines)


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none seen"
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{low:.1f} / {middle:.1f} / {high:.1f} s (least, median, most of {len(seconds)})"


def picture_hash(packet: Packet) -> str:
    """Return the hash of a packet's last slice, the same for Annex B (RTSP) and length-prefixed (MP4) packets."""
    return hashlib.sha256(packet.data.rstrip(b"\x00")[-200:]).hexdigest()


def smoke_hashes(clip: Path, smoke_s: float) -> set[str]:
    """Return the hashes of the clip's packets in the first half second of smoke."""
    camera = Camera(camera_id("clip"), "", SourceUrl(str(clip)), StreamSettings(pace=Pace.FREE))
    packets = list(AvSource(camera, StreamClock()).packets())
    start = packets[0].time
    return {picture_hash(p) for p in packets if smoke_s <= p.time.seconds_since(start) < smoke_s + 0.5}


class SmokeWatch:
    """Listens to a stream and notes when its first smoky picture arrives, once a loop of the clip."""

    def __init__(self, url: str, clip: Path, smoke_s: float) -> None:
        camera = Camera(camera_id("watch"), "", SourceUrl(url), StreamSettings())
        self._source = AvSource(camera, StreamClock())
        self._wanted = smoke_hashes(clip, smoke_s)
        self._thread = threading.Thread(target=self._run, name="smoke-watch")
        self.moments: list[datetime] = []

    def start(self) -> None:
        """Start listening."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._source.stop()
        self._thread.join(15)

    def _run(self) -> None:
        for packet in self._source.packets():
            if picture_hash(packet) in self._wanted:
                now = datetime.now(UTC)
                if not self.moments or (now - self.moments[-1]).total_seconds() > 2:
                    self.moments.append(now)


def measure(
    *, url: str, rtsp_url: str, clip: Path, smoke_s: float, data: Path, camera: str, seconds: float
) -> LineReport:
    """Watch a running site for `seconds`; `camera` is the id of the one that plays `clip` from `rtsp_url`."""
    key = (data / "worker.key").read_text(encoding="ascii").strip()
    site = _processes(data)
    watch = SmokeWatch(rtsp_url, clip, smoke_s)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=10) as client:
        after = int(client.get("/v1/events", params={"after": 0, "limit": 1, "newest": "true"}).json()["newest"])
        cameras = len(client.get("/v1/cameras").raise_for_status().json()["cameras"])
        watch.start()
        before = {process.pid: process.cpu_times() for process in site}
        began = time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - began
        used = {p.pid: sum(p.cpu_times()[:2]) - sum(before[p.pid][:2]) for p in site}
        memory = {process.pid: process.memory_info().rss / 1e6 for process in site}
        watch.stop()
        answer = client.get("/v1/events", params={"after": after, "limit": 1000}).raise_for_status().json()
    events = [WallEvent.model_validate(item) for item in answer["events"]]
    worker = next(process.pid for process in site if "worker" in process.cmdline())
    return LineReport(
        announced_s=_delays(events, EventType.LEAD_ANNOUNCED, camera, watch.moments),
        filed_s=_delays(events, EventType.LEAD_FILED, camera, watch.moments),
        cameras=cameras,
        seconds=round(elapsed, 1),
        cpu_cores=round(sum(used.values()) / elapsed, 3),
        memory_mb=round(sum(memory.values()), 1),
        worker_cpu_cores=round(used[worker] / elapsed, 3),
        worker_memory_mb=round(memory[worker], 1),
    )


def _processes(data: Path) -> list[psutil.Process]:
    """Return the supervisor that holds `data`, and its children."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "up" in words and str(data) in words and any("plumewatch" in word for word in words[:4]):
            return [process, *process.children(recursive=True)]
    raise SystemExit(f"no running site uses {data}")


def _delays(events: Sequence[WallEvent], kind: EventType, camera: str, moments: Sequence[datetime]) -> list[float]:
    """Return for each event of the camera's leads the seconds since the last smoky picture began before it."""
    delays = []
    for event in events:
        if event.type is kind and event.lead is not None and event.lead.camera.id == camera:
            earlier = [moment for moment in moments if moment <= event.at]
            if earlier:
                delays.append(round((event.at - earlier[-1]).total_seconds(), 2))
    return delays


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a running site and print the report."""
    parser = argparse.ArgumentParser(description="Measure the main line of a running site.")
    parser.add_argument("rtsp_url", help="stream of the smoking camera")
    parser.add_argument("--clip", type=Path, required=True, help="the clip that the camera plays in a loop")
    parser.add_argument("--smoke-s", type=float, required=True, help="second of the clip at which smoke begins")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="address of the API")
    parser.add_argument("--site", type=Path, default=Path("plumewatch-data"), help="the site's data folder")
    parser.add_argument("--camera", default="cam-1", help="id of the smoking camera")
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args(arguments)
    report = measure(
        url=options.url,
        rtsp_url=options.rtsp_url,
        clip=options.clip,
        smoke_s=options.smoke_s,
        data=options.site,
        camera=options.camera,
        seconds=options.seconds,
    )
    print(report.as_text())
    if options.json is not None:
        options.json.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
