"""
The main line under the clock: from smoke in the picture to the lead on the wall, and what a camera costs.

    python -m benchmarks.line --clip CLIP --smoke-s 7 --site DATA_FOLDER --url API_URL

The site watches a camera that plays a known clip in a loop. The moment at which the first smoky picture was taken comes
from the lead's own evidence: its packets are those of the clip, recognised by their bytes, and the manifest tells when
they were captured. The lead's moment on the wall is that of its event, by the API's clock on the same machine.
"""

import argparse
import hashlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from api.contract.wire.event import EventType, WallEvent
from benchmarks.capacity.usage import command_of, family_of, processes, usage_of
from benchmarks.output import result_file
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.frame import Packet
from streams.source import AvSource
from streams.timing.clock import StreamClock


@dataclass(frozen=True, slots=True)
class LineReport:
    """
    What was measured.

    Attributes:
        announced_s: seconds from the capture of the first smoky picture to the lead's event on the wall, one a lead.

        filed_s: likewise to the verified package's event.

        cameras: watched by the site.

        cpu_cores: processor cores used by the site's processes, average over the run.

        memory_mb: resident memory of the site's processes at the end, shared pages counted in each of them.

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
    """Return the hash of the end of a packet, the same for a stream's packet and the clip's own."""
    return hashlib.sha256(bytes(packet.data).rstrip(b"\x00")[-200:]).hexdigest()


def read_packets(clip: Path) -> list[Packet]:
    """Return all packets of a file."""
    camera = Camera(camera_id("clip"), "", SourceUrl(str(clip)), StreamSettings(pace=Pace.FREE))
    return list(AvSource(camera, StreamClock()).packets())


class Smoke:
    """Tells when smoke began for the evidence of a lead; `smoke_s` is its second in `clip`."""

    def __init__(self, clip: Path, smoke_s: float) -> None:
        packets = read_packets(clip)
        start = packets[0].time
        self._seconds = {picture_hash(packet): packet.time.seconds_since(start) for packet in packets}
        self._smoke_s = smoke_s

    def began(self, client: httpx.Client, lead_id: str) -> datetime:
        """Return the capture time of the first smoky picture before the lead; raise `LookupError` if there is none."""
        base = f"/v1/evidence/{lead_id}"
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder) / "package.tar"
            package.write_bytes(client.get(f"{base}/package.tar").raise_for_status().content)
            shutil.unpack_archive(package, folder, filter="data")
            manifest = json.loads((Path(folder) / lead_id / "manifest.json").read_bytes())
            recorded = read_packets(Path(folder) / lead_id / "clip.mp4")
        first_utc = datetime.fromisoformat(manifest["time"]["first_utc"])
        for packet in recorded:
            clip_s = self._seconds.get(picture_hash(packet))
            if clip_s is not None and clip_s <= self._smoke_s:
                ahead_s = packet.time.seconds_since(recorded[0].time) + self._smoke_s - clip_s
                return first_utc + timedelta(seconds=ahead_s)
        raise LookupError(f"the evidence of {lead_id} shows no picture of the clip before its smoke")


def measure(*, url: str, clip: Path, smoke_s: float, data: Path, camera: str, seconds: float) -> LineReport:
    """Watch a running site for `seconds`; `camera` is the id of the one that plays `clip`."""
    key = (data / "worker.key").read_text(encoding="ascii").strip()
    site = _processes(data)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        cameras = len(client.get("/v1/cameras").raise_for_status().json()["cameras"])
        before = {process: usage_of(process) for process in site}
        began = time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - began
        after = {process: usage_of(process) for process in site}
        used = {process: after[process].cpu_s - before[process].cpu_s for process in site}
        memory = {process: usage.rss_mb for process, usage in after.items()}
        answer = client.get("/v1/events", params={"after": 0, "limit": 1000}).raise_for_status().json()
        events = [WallEvent.model_validate(item) for item in answer["events"]]
        announced, filed = _delays(client, events, camera, Smoke(clip, smoke_s))
    worker = next(process for process in site if "worker" in command_of(process))
    return LineReport(
        announced_s=announced,
        filed_s=filed,
        cameras=cameras,
        seconds=round(elapsed, 1),
        cpu_cores=round(sum(used.values()) / elapsed, 3),
        memory_mb=round(sum(memory.values()), 1),
        worker_cpu_cores=round(used[worker] / elapsed, 3),
        worker_memory_mb=round(memory[worker], 1),
    )


def _processes(data: Path) -> list[int]:
    """Return the supervisor that holds `data`, and its children."""
    for process in processes():
        words = command_of(process)
        if "up" in words and str(data) in words and any("plumewatch" in word for word in words[:4]):
            return family_of(process)
    raise SystemExit(f"no running site uses {data}")


def _delays(
    client: httpx.Client, events: Sequence[WallEvent], camera: str, smoke: Smoke
) -> tuple[list[float], list[float]]:
    """Return the seconds from smoke to the announcement and to the filing of each filed lead of the camera."""
    at: dict[tuple[str, EventType], datetime] = {
        (event.subject, event.type): event.at
        for event in events
        if event.lead is not None and event.lead.camera.id == camera
    }
    announced, filed = [], []
    for lead_id in sorted(subject for subject, kind in at if kind is EventType.LEAD_FILED):
        try:
            began = smoke.began(client, lead_id)
        except LookupError as error:  # a camera that was first seen smoking tells nothing about the delay
            print(f"passed over: {error}", file=sys.stderr)
            continue
        if began > at.get((lead_id, EventType.LEAD_ANNOUNCED), at[lead_id, EventType.LEAD_FILED]):
            print(f"passed over: {lead_id} is of the smoke before", file=sys.stderr)
            continue
        filed.append(round((at[lead_id, EventType.LEAD_FILED] - began).total_seconds(), 2))
        if (lead_id, EventType.LEAD_ANNOUNCED) in at:
            announced.append(round((at[lead_id, EventType.LEAD_ANNOUNCED] - began).total_seconds(), 2))
    return announced, filed


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a running site and print the report."""
    parser = argparse.ArgumentParser(description="Measure the main line of a running site.")
    parser.add_argument("--clip", type=Path, required=True, help="the clip that the camera plays in a loop")
    parser.add_argument("--smoke-s", type=float, required=True, help="second of the clip at which smoke begins")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="address of the API")
    parser.add_argument("--site", type=Path, default=Path("plumewatch-data"), help="the site's data folder")
    parser.add_argument("--camera", default="cam-1", help="id of the smoking camera")
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--json", type=result_file, help="also write the figures here")
    options = parser.parse_args(arguments)
    report = measure(
        url=options.url,
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
