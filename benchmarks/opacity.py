"""
Opacity benchmark: readings above outlets of known opacity, from H.264 clips, against the truth.

    python -m benchmarks.opacity [--folder DIR] [--bit-rate N]... [--seconds S] [--json FILE]

Each scene is read once, from 3 s after the plume began to the end, against the clean pictures before it. A reading
without a number is counted by its reason: refusing is right where a sky has no texture, and the table shows where.
"""

import argparse
import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av

from benchmarks.scenes import film
from benchmarks.scenes.catalogue import opacity_scenes
from benchmarks.scenes.place import backdrop
from benchmarks.scenes.scene import Scene, Xyxy
from streams.frame import BgrImage
from vision.plume import OpacityReading, PlumeReader
from vision.zones import Outlet

SETTLED_S = 3.0
"""Seconds after its start in which a plume is not steady yet."""

BIT_RATES = (2_000_000, 4_000_000)
"""What site cameras send (issue: real H.264 at 2 and 4 Mbit/s)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One scene's reading beside its truth, opacities in [0, 1]."""

    scene: str
    colour: str
    bit_rate: int
    true: float
    reading: OpacityReading

    @property
    def error(self) -> float | None:
        """The reading minus the truth; ``None`` where it was refused."""
        return None if self.reading.opacity is None else self.reading.opacity - self.true


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of the readings that gave a number, in opacity; ``nan`` where none did."""

    cases: int
    numbers: int
    mean_error: float
    worst_error: float
    within_2_sd: float
    refused: dict[str, int]


def measure(scene: Scene, clip: Path, bit_rate: int) -> Case:
    """Return the reading of one clip that `film.write` made of ``scene``, with one event."""
    header, *truths = (json.loads(line) for line in film.truth_path(clip).read_text("utf-8").splitlines())
    event = scene.events[0]
    images = list(_pictures(clip))
    start, settled = round(event.start_s * scene.fps), round((event.start_s + SETTLED_S) * scene.fps)
    reader = PlumeReader(images[:start], outlet_of(scene), _around(header["events"][0]["xyxy"], scene))
    readings = [truth["sightings"][0]["opacity_reading"] for truth in truths[settled:]]
    reading = reader.read(images[settled:])
    return Case(scene.name, event.colour.value, bit_rate, math.fsum(readings) / len(readings), reading)


def outlet_of(scene: Scene) -> Outlet:
    """Return where the scene's first event leaves, as an operator would draw it."""
    event, place = scene.events[0], backdrop(scene)
    width, height = scene.size_wh
    at = event.at or place.lip
    return Outlet(at[0] * width, at[1] * height, (event.width or place.lip_width) * width)


def score(cases: Sequence[Case]) -> Score:
    """Return what the cases amount to."""
    errors = [(abs(case.error), case.reading.sd or 0.0) for case in cases if case.error is not None]
    return Score(
        cases=len(cases),
        numbers=len(errors),
        mean_error=math.fsum(error for error, _ in errors) / len(errors) if errors else math.nan,
        worst_error=max((error for error, _ in errors), default=math.nan),
        within_2_sd=sum(error <= 2 * sd for error, sd in errors) / len(errors) if errors else math.nan,
        refused=dict(sorted(Counter(case.reading.refusal for case in cases if case.reading.refusal).items())),
    )


def _around(xyxy: Xyxy | None, scene: Scene) -> Xyxy:
    width, height = scene.size_wh
    outlet = outlet_of(scene)
    left, top, right, bottom = xyxy or (outlet.x, outlet.y, outlet.x, outlet.y)
    reach = 4 * outlet.width_px
    return (
        max(0.0, min(left, outlet.x - reach)),
        max(0.0, min(top, outlet.y - reach)),
        min(float(width), max(right, outlet.x + reach)),
        min(float(height), max(bottom, outlet.y + reach)),
    )


def _pictures(clip: Path) -> Iterator[BgrImage]:
    with av.open(str(clip)) as container:
        for picture in container.decode(video=0):
            yield picture.to_ndarray(format="bgr24", interpolation=film.EXACT_COLOUR)  # type: ignore[misc]


def _line(case: Case) -> str:
    reading = case.reading
    number = f"{reading.opacity:5.2f} +- {reading.sd:.2f}" if reading.opacity is not None else f"{reading.refusal:>13}"
    least = "" if reading.least is None else f"at least {reading.least:.2f}"
    return f"{case.scene:28} {case.bit_rate / 1e6:.0f} Mbit/s  true {case.true:4.2f}  read {number:>13}  {least}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Render what is missing, read every scene, print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opacity", description=__doc__.split("\n\n")[0])
    parser.add_argument("--folder", type=Path, help="where clips are kept (default: a temporary folder)")
    parser.add_argument("--bit-rate", type=int, action="append", help="bits a second (default: 2 and 4 million)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a scene; smoke begins at 6 s")
    parser.add_argument("--json", type=Path, help="file for the result")
    options = parser.parse_args(arguments)
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as scratch:
        for bit_rate in options.bit_rate or BIT_RATES:
            folder = (options.folder or Path(scratch)) / f"{bit_rate}"
            for scene in opacity_scenes(options.seconds):
                clip = film.ensure(folder, [scene], bit_rate=bit_rate)[scene.name]
                cases.append(measure(scene, clip, bit_rate))
                print(_line(cases[-1]), flush=True)
    groups = {"all": cases}
    for colour in sorted({case.colour for case in cases}):
        groups[colour] = [case for case in cases if case.colour == colour]
    scores = {name: score(group) for name, group in groups.items()}
    for name, found in scores.items():
        print(
            f"{name:8} {found.numbers:3} of {found.cases} read, mean error {found.mean_error:.3f}, "
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
