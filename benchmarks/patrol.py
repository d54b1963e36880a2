"""
What patrol saves and costs: seconds from smoke to a lead, and pictures decoded and analysed, by way of watching.

    python -m benchmarks.patrol CLIP --smoke-s 7 --json benchmarks/results/patrol.json

The clip is encoded anew with key frames at several phases against its smoke, and played through the worker's own parts
(ring, watch, detector, analyser, turns in focus) in the clip's time: no load of the machine shows in the figures. What
analysis takes is given as `--delay-s`.
"""

import argparse
import json
import statistics
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.output import result_file
from models.detector import Detector
from models.registry import Registry
from models.runtime.choice import open_detector
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, WatchPolicy, camera_id
from streams.frame import Frame, Packet
from streams.ring import PacketRing
from streams.source import AvSource
from streams.timing.clock import StreamClock
from streams.watch import Watch
from vision.analysis.analyser import CameraAnalyser
from vision.cluster.focus import FocusTurns
from vision.config.worker import WorkerConfig
from vision.leads.lead import WorkerLeadState
from vision.replay.replay import seen
from vision.scene.look import looking

CAMERA = camera_id("cam")


@dataclass(frozen=True, slots=True)
class Run:
    """
    One clip, watched one way.

    Attributes:
        watch: ``focus``, ``auto`` (patrol with turns in focus) or ``patrol``.

        phase_s: how far the key frames are moved against the smoke.

        lead_s: seconds of the clip from smoke to the confirmed lead, the assumed delay of analysis included; ``None``
            without one.

        decoded, analysed: pictures, of the whole clip.
    """

    watch: str
    phase_s: float
    lead_s: float | None
    decoded: int
    analysed: int


def encoded(clip: Path, folder: Path, gop_s: float, phase_s: float) -> Path:
    """Return the clip without its first `phase_s`, with a key frame each `gop_s`."""
    path = folder / f"{clip.stem}-{gop_s:g}-{phase_s:g}.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        rate = video.average_rate or Fraction(25)
        gop = round(gop_s * rate)
        options = {"preset": "veryfast", "crf": "20", "x264-params": f"scenecut=0:keyint={gop}:min-keyint={gop}"}
        stream = target.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        stream.gop_size, stream.max_b_frames = gop, 0
        left_out = round(phase_s * rate)
        for number, picture in enumerate(source.decode(video)):
            if number < left_out:
                continue
            plain = picture.reformat(format="yuv420p")
            plain.pts, plain.time_base = number - left_out, 1 / rate
            plain.pict_type = av.video.frame.PictureType.NONE
            target.mux(stream.encode(plain))
        target.mux(stream.encode(None))
    return path


def watched(
    clip: Path, policy: WatchPolicy, detector: Detector, *, smoke_s: float, phase_s: float, delay_s: float
) -> Run:
    """Return what a camera that shows `clip` once makes of it."""
    settings = StreamSettings(pace=Pace.FREE, watch=policy)
    camera = looking(Camera(CAMERA, "", SourceUrl(str(clip)), settings), detector.card)
    config = WorkerConfig.for_sources([str(clip)])
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, detector.card)
    ring = PacketRing(camera.settings.ring_s, camera.settings.ring_max_bytes)
    watch = Watch(camera.settings, ring)
    now_s = 0.0
    turns = FocusTurns(1, monotonic=lambda: now_s)
    waiting: deque[Frame] = deque()
    analysed, lead_s = 0, None

    def look(frame: Frame) -> bool:
        """Analyse a frame as the worker does; return whether a lead was confirmed."""
        changes = analyser.observe(frame, seen(frame, detector))
        turns.note(CAMERA, watch, analyser.sign, frame.time)
        return any(change.lead.state is WorkerLeadState.CONFIRMED for change in changes)

    for packet in _packets(camera):
        ring.append(packet)
        now_s = float(packet.time.pts_s)
        waiting.extend(watch.frames(packet))
        while waiting and now_s - float(waiting[0].time.pts_s) >= delay_s:
            analysed += 1
            if look(waiting.popleft()) and lead_s is None:
                lead_s = round(now_s + phase_s - smoke_s, 2)
    return Run(policy.value, phase_s, lead_s, watch.status().decoded, analysed)


def _packets(camera: Camera) -> list[Packet]:
    return list(AvSource(camera, StreamClock()).packets())


def table(runs: Sequence[Run]) -> str:
    """Return the runs as a table, one way of watching a row."""
    lines = [
        "| watch | leads | seconds to the lead: least, median, most | decoded | analysed |",
        "|---|---|---|---|---|",
    ]
    for policy in dict.fromkeys(run.watch for run in runs):
        chosen = [run for run in runs if run.watch == policy]
        seconds = sorted(run.lead_s for run in chosen if run.lead_s is not None)
        spread = f"{seconds[0]:.1f}, {statistics.median(seconds):.1f}, {seconds[-1]:.1f}" if seconds else "-"
        decoded = statistics.mean(run.decoded for run in chosen)
        analysed = statistics.mean(run.analysed for run in chosen)
        lines.append(f"| {policy} | {len(seconds)} of {len(chosen)} | {spread} | {decoded:.0f} | {analysed:.0f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a clip and print the table."""
    parser = argparse.ArgumentParser(description="What patrol saves and costs.")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--smoke-s", type=float, required=True, help="second of the clip at which smoke begins")
    parser.add_argument("--gop-s", type=float, default=2.0)
    parser.add_argument("--phases", type=int, default=4, help="positions of the key frames that are tried")
    parser.add_argument("--delay-s", type=float, default=0.3, help="from a picture's capture to its boxes")
    parser.add_argument("--model", default="", help="name in the registry; empty for its default")
    parser.add_argument("--json", type=result_file, help="also write the figures here")
    asked = parser.parse_args(arguments)
    detector = open_detector(Registry.load().model(asked.model), threshold=WorkerConfig().detector.candidate_threshold)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.phases):
            phase_s = number * asked.gop_s / asked.phases
            clip = encoded(asked.clip, Path(folder), asked.gop_s, phase_s)
            runs += [
                watched(clip, policy, detector, smoke_s=asked.smoke_s, phase_s=phase_s, delay_s=asked.delay_s)
                for policy in (WatchPolicy.FOCUS, WatchPolicy.AUTO, WatchPolicy.PATROL)
            ]
    print(table(runs))
    if asked.json is not None:
        document = {
            "clip": asked.clip.name,
            "gop_s": asked.gop_s,
            "delay_s": asked.delay_s,
            "model": asdict(detector.card),
            "runtime": asdict(detector.runtime),
            "runs": [asdict(run) for run in runs],
        }
        asked.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
