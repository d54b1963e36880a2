"""
Opacity benchmark: readings above outlets of known opacity, from H.264 clips, against the truth.

    python -m benchmarks.opacity [--folder DIR] [--bit-rate N]... [--only TEXT] [--look PX] [--json FILE]

Each clip goes the way of a camera: decoded at the analysis rate and the size of the look, the truth's box for a
detector's, 15-second readings by `vision.outlets`. Smoke begins after 10 s; the reading from 15 to 30 s is held against
the mean opacity of the same seconds. A reading without a number is counted by its reason.
"""

import argparse
import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.scenes import film
from benchmarks.scenes.catalogue import opacity_scenes
from benchmarks.scenes.families import Split
from benchmarks.scenes.place import backdrop
from benchmarks.scenes.scene import Scene
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.clock import StreamClock
from streams.decode import FrameDecoder
from streams.frame import Frame
from streams.source import AvSource
from vision.look import LEAST_PX, in_look
from vision.outlets import Glance, OutletWatch
from vision.readings import Reading
from vision.ringelmann import READING_S
from vision.sections import ZoneConfig
from vision.zones import Outlet, ZoneKind

CLEAN_S = 10.0
"""Seconds before anything leaves the outlet: what a background is learnt from."""

SECONDS = 2 * READING_S + 0.5
"""Length of a clip: two readings, and the picture that ends the second."""

FPS = 4.0
"""Pictures a second of a clip; every second one is analysed, as in focus."""

ANALYSIS_FPS = 2.0

BIT_RATES = (2_000_000, 4_000_000)
"""What site cameras send (issue: real H.264 at 2 and 4 Mbit/s)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One scene's reading beside its truth, opacities in [0, 1]."""

    scene: str
    colour: str
    bit_rate: int
    true: float
    opacity: float | None
    sd: float | None
    least: float | None
    told_colour: str
    refusal: str

    @property
    def error(self) -> float | None:
        """The reading minus the truth; ``None`` where it was refused."""
        return None if self.opacity is None else self.opacity - self.true


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of the readings that gave a number, in opacity; ``nan`` where none did."""

    cases: int
    numbers: int
    mean_error: float
    worst_error: float
    within_2_sd: float
    refused: dict[str, int]


def clip_scenes(split: Split = Split.DEVELOP, fps: float = FPS) -> tuple[Scene, ...]:
    """Return the catalogue's opacity scenes, with the clean seconds and the length that a watch needs."""
    return tuple(
        replace(scene, fps=fps, events=tuple(replace(event, start_s=CLEAN_S) for event in scene.events))
        for scene in opacity_scenes(SECONDS, split)
    )


def measure(scene: Scene, clip: Path, bit_rate: int, look_px: int = LEAST_PX) -> Case:
    """Return the reading from 15 to 30 s of one clip that `film.write` made of ``scene``, with one event."""
    _, *truths = (json.loads(line) for line in film.truth_path(clip).read_text("utf-8").splitlines())
    sightings = [truth["sightings"][0] for truth in truths]
    watch = OutletWatch(zone_of(scene))
    readings: list[Reading] = []
    for frame in _frames(clip, look_px):
        seen = sightings[round(float(frame.time.pts_s) * scene.fps)]
        boxes = [in_look(frame, tuple(seen["xyxy"]))] if seen["visible"] else []
        reading = watch.observe(Glance(frame.image, frame.time, boxes))
        if reading is not None:
            readings.append(reading)
    reading = readings[1]
    start, end = (round(float(time.pts_s) * scene.fps) for time in (reading.start, reading.time))
    true = [seen["opacity_reading"] for seen in sightings[start : end + 1]]
    return Case(
        scene.name,
        scene.events[0].colour.value,
        bit_rate,
        math.fsum(true) / len(true),
        reading.opacity,
        reading.sd,
        reading.least,
        "" if reading.colour is None else reading.colour.value,
        "" if reading.refusal is None else reading.refusal.value,
    )


def zone_of(scene: Scene) -> ZoneConfig:
    """Return the outlet of the scene's first event as an operator would draw it."""
    outlet = outlet_of(scene)
    width, height = scene.size_wh
    left, right = (outlet.x - outlet.width_px / 2) / width, (outlet.x + outlet.width_px / 2) / width
    top = outlet.y / height
    low = min(1.0, top + 0.1)
    polygon = ((left, top), (right, top), (right, low), (left, low))
    return ZoneConfig(name="outlet", kind=ZoneKind.OUTLET, polygon=polygon)


def outlet_of(scene: Scene) -> Outlet:
    """Return where the scene's first event leaves, as an operator would draw it."""
    event, place = scene.events[0], backdrop(scene)
    width, height = scene.size_wh
    at = event.at or place.lip
    return Outlet(at[0] * width, at[1] * height, (event.width or place.lip_width) * width)


def score(cases: Sequence[Case]) -> Score:
    """Return what the cases amount to."""
    errors = [(abs(case.error), case.sd or 0.0) for case in cases if case.error is not None]
    return Score(
        cases=len(cases),
        numbers=len(errors),
        mean_error=math.fsum(error for error, _ in errors) / len(errors) if errors else math.nan,
        worst_error=max((error for error, _ in errors), default=math.nan),
        within_2_sd=sum(error <= 2 * sd for error, sd in errors) / len(errors) if errors else math.nan,
        refused=dict(sorted(Counter(case.refusal for case in cases if case.refusal).items())),
    )


def _frames(clip: Path, look_px: int) -> list[Frame]:
    settings = StreamSettings(analysis_fps=ANALYSIS_FPS, look_px=look_px, pace=Pace.FREE)
    camera = Camera(camera_id("scene"), "scene", SourceUrl(str(clip)), settings)
    decoder = FrameDecoder(ANALYSIS_FPS, threads=2, look_px=look_px)
    frames = [frame for packet in AvSource(camera, StreamClock()).packets() for frame in decoder.decode(packet)]
    return [*frames, *decoder.flush()]


def _line(case: Case) -> str:
    number = f"{case.opacity:5.2f} +- {case.sd or 0.0:.2f}" if case.opacity is not None else f"{case.refusal:>13}"
    least = "" if case.least is None else f"at least {case.least:.2f}"
    rate = f"{case.bit_rate / 1e6:.0f} Mbit/s"
    return f"{case.scene:28} {rate}  true {case.true:4.2f}  read {number:>13}  {case.told_colour:7}{least}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Render what is missing, read every scene, print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opacity", description=__doc__.split("\n\n")[0])
    parser.add_argument("--folder", type=Path, help="where clips are kept (default: a temporary folder)")
    parser.add_argument("--bit-rate", type=int, action="append", help="bits a second (default: 2 and 4 million)")
    parser.add_argument("--only", default="", metavar="TEXT", help="scenes whose name holds this text")
    parser.add_argument("--look", type=int, default=LEAST_PX, help="longer side of the analysed pictures; 0: as sent")
    parser.add_argument("--json", type=Path, help="file for the result")
    options = parser.parse_args(arguments)
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as scratch:
        for bit_rate in options.bit_rate or BIT_RATES:
            folder = (options.folder or Path(scratch)) / f"{bit_rate}"
            for scene in (scene for scene in clip_scenes() if options.only in scene.name):
                clip = film.ensure(folder, [scene], bit_rate=bit_rate)[scene.name]
                cases.append(measure(scene, clip, bit_rate, options.look))
                print(_line(cases[-1]), flush=True)
    groups = {"all": cases}
    for colour, bit_rate in sorted({(case.colour, case.bit_rate) for case in cases}):
        name = f"{colour} {bit_rate / 1e6:.0f} Mbit/s"
        groups[name] = [case for case in cases if (case.colour, case.bit_rate) == (colour, bit_rate)]
    scores = {name: score(group) for name, group in groups.items()}
    for name, found in scores.items():
        print(
            f"{name:14} {found.numbers:3} of {found.cases} read, mean error {found.mean_error:.3f}, "
            f"worst {found.worst_error:.3f}, within 2 sd {found.within_2_sd:.2f}, refused {found.refused}"
        )
    if options.json:
        document = {
            "scores": {name: asdict(found) for name, found in scores.items()},
            "cases": [asdict(case) for case in cases],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
