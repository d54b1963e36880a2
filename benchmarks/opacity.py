"""
Opacity benchmark: readings above outlets of known opacity, from H.264 clips, against the truth.

    python -m benchmarks.opacity [--folder DIR] [--bit-rate N]... [--only TEXT] [--look PX] [--json FILE]

`--only opacity-` takes the plumes of both splits, `held-` those that are only scored, `narrow-` those of narrow
outlets, `invalid-` the conditions in which a number would be a guess, and any other text the scenes whose name holds
it.

Each clip goes the way of a camera: decoded at the analysis rate and the size of the look, the truth's box for a
detector's, 15-second readings by `vision.plume.outlets`. Smoke begins after 10 s; the reading from 15 to 30 s is held
against the mean opacity of the same seconds. A reading without a number is counted by its reason.
"""

import argparse
import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.opacity_cases import FPS, background_of, clip_scenes, invalid_scenes, narrow_scenes, zone_of
from benchmarks.output import result_file
from benchmarks.scenes import film
from benchmarks.scenes.families import Split
from benchmarks.scenes.scene import Scene
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.decoding.decode import FrameDecoder
from streams.frame import Frame
from streams.source import AvSource
from streams.timing.clock import StreamClock
from vision.plume.outlets import Glance, OutletWatch
from vision.plume.readings import Reading
from vision.scene.background import Background, Condition
from vision.scene.change import PictureChange
from vision.scene.look import LEAST_PX, in_look

ANALYSIS_FPS = 2.0

BIT_RATES = (2_000_000, 4_000_000)
"""What site cameras send (issue: real H.264 at 2 and 4 Mbit/s)."""


_SETS = {"opacity": "develop", "held": "held-out"}
"""Sets of scenes whose names do not begin with their own."""


@dataclass(frozen=True, slots=True)
class Case:
    """One scene's reading beside its truth, opacities in [0, 1]."""

    scene: str
    colour: str
    before: str
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
    """Errors of the readings that gave a number, in opacity; ``None`` where none did."""

    cases: int
    numbers: int
    mean_error: float | None
    worst_error: float | None
    within_2_sd: float | None
    refused: dict[str, int]


def measure(scene: Scene, clip: Path, bit_rate: int, look_px: int = LEAST_PX) -> Case:
    """Return the reading from 15 to 30 s of one clip that `film.write` made of ``scene``, with one event."""
    _, *truths = (json.loads(line) for line in film.truth_path(clip).read_text("utf-8").splitlines())
    sightings = [truth["sightings"][0] for truth in truths]
    watch, picture, background = OutletWatch(zone_of(scene)), PictureChange(), Background()
    readings: list[Reading] = []
    for frame in _frames(clip, look_px):
        seen = sightings[round(float(frame.time.pts_s) * scene.fps)]
        boxes = [in_look(frame, tuple(seen["xyxy"]))] if seen["visible"] else []
        condition = background.observe(frame.image, frame.time)
        is_steady = not picture.observe(frame.image) and condition.is_steady
        is_rain = condition is Condition.RAIN
        reading = watch.observe(Glance(frame.image, frame.time, boxes, (), is_steady=is_steady, is_rain=is_rain))
        if reading is not None:
            readings.append(reading)
    reading = readings[1]
    start, end = (round(float(time.pts_s) * scene.fps) for time in (reading.start, reading.time))
    true = [seen["opacity_reading"] for seen in sightings[start : end + 1]]
    return Case(
        scene.name,
        scene.events[0].colour.value,
        background_of(scene),
        bit_rate,
        math.fsum(true) / len(true),
        reading.opacity,
        reading.sd,
        reading.least,
        "" if reading.colour is None else reading.colour.value,
        "" if reading.refusal is None else reading.refusal.value,
    )


def score(cases: Sequence[Case]) -> Score:
    """Return what the cases amount to."""
    errors = [(abs(case.error), case.sd or 0.0) for case in cases if case.error is not None]
    return Score(
        cases=len(cases),
        numbers=len(errors),
        mean_error=math.fsum(error for error, _ in errors) / len(errors) if errors else None,
        worst_error=max((error for error, _ in errors), default=None),
        within_2_sd=sum(error <= 2 * sd for error, sd in errors) / len(errors) if errors else None,
        refused=dict(sorted(Counter(case.refusal for case in cases if case.refusal).items())),
    )


def grouped(cases: Sequence[Case]) -> dict[str, Score]:
    """Return the scores by set of scenes, background and colour, and of each set by bit rate."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        kind = case.scene.partition("-")[0]
        for name in (f"{case.before}, {case.colour}", case.before, f"{case.bit_rate / 1e6:g} Mbit/s"):
            groups.setdefault(f"{_SETS.get(kind, kind)}: {name}", []).append(case)
    return {name: score(groups[name]) for name in sorted(groups)}


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


def _summary(name: str, found: Score) -> str:
    head = f"{name:26} {found.numbers:3} of {found.cases:2} read"
    if found.mean_error is not None and found.worst_error is not None and found.within_2_sd is not None:
        head += (
            f", mean error {found.mean_error:.3f}, worst {found.worst_error:.3f}, within 2 sd {found.within_2_sd:.2f}"
        )
    return f"{head}, refused {found.refused}" if found.refused else head


def main(arguments: Sequence[str] | None = None) -> int:
    """Render what is missing, read every scene, print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opacity", description=__doc__.split("\n\n")[0])
    parser.add_argument("--folder", type=Path, help="where clips are kept (default: a temporary folder)")
    parser.add_argument(
        "--bit-rate", type=int, action="append", help="of a camera at 25 pictures/s (default: 2 and 4 million)"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="scenes whose name holds this text")
    parser.add_argument("--look", type=int, default=LEAST_PX, help="longer side of the analysed pictures; 0: as sent")
    parser.add_argument("--json", type=result_file, help="file for the result")
    options = parser.parse_args(arguments)
    every = (*clip_scenes(), *clip_scenes(Split.HELD_OUT), *narrow_scenes(), *invalid_scenes())
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as scratch:
        rates = options.bit_rate or BIT_RATES
        folders = {film.rate_at(rate, FPS): (options.folder or Path(scratch)) / f"{rate}" for rate in rates}
        for scene in (scene for scene in every if options.only in scene.name):
            clips = film.ensure_rates(folders, [scene])[scene.name]
            for bit_rate, clip in zip(rates, clips.values(), strict=True):
                cases.append(measure(scene, clip, bit_rate, options.look))
                print(_line(cases[-1]), flush=True)
    scores = grouped(cases)
    for name, found in scores.items():
        print(_summary(name, found))
    if options.json:
        document = {
            "scores": {name: asdict(found) for name, found in scores.items()},
            "cases": [asdict(case) for case in cases],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
