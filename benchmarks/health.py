"""
Health benchmark: faults of the camera told, how soon and by what name, and what is told of cameras that are sound.

    python -m benchmarks.health [--folder DIR] [--clips DIR] [--split develop|held-out|both]
        [--only faults|frozen|sound]... [--json FILE]

Three kinds of film: the rendered scenes of failing cameras; stills that live by their sensor's grain alone and then
freeze, through several encoders; and what is sound: long quiet scenes, and the clips of a folder. Each is looked at as
in focus and as on patrol. No detector is needed: what a picture shows is judged by itself.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

from benchmarks.accuracy.figures import Share
from benchmarks.clips.corpus import VIDEO
from benchmarks.frozen import FREEZE_S, FROZEN_CASES, write_case
from benchmarks.output import result_file
from benchmarks.scene_bench.events import TOLD_WITHIN_S
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.film import ensure
from benchmarks.scenes.scene import Scene
from streams.camera import Camera, Pace, SourceUrl, StreamSettings, camera_id
from streams.decoding.decode import FrameDecoder
from streams.errors import StreamError
from streams.frame import Frame
from streams.source import AvSource
from streams.timing.clock import StreamClock
from vision.scene.health import PictureHealth
from vision.scene.look import LEAST_PX

ANALYSIS_FPS = 2.0
PATROL_S = 2.0

PATROLLED_S = 5.0
"""Longest groups that a worker patrols; cameras with longer ones are always in focus (decision 0011)."""

QUIET_S = 90.0
"""Length of the quiet scenes: a frozen picture needs 40 s until it could be told by mistake."""

QUIET_FAMILIES = ("clouds", "fog", "headlights", "rain", "red-cloth", "steam", "camera", "vehicles")
WAYS = ("focus", "patrol")
KINDS = ("faults", "frozen", "sound")


@dataclass(frozen=True, slots=True)
class Told:
    """A fault that was told: its name, and seconds from the film's first picture."""

    kind: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One film, looked at one way.

    Attributes:
        group: what kind of film it is.

        fault: of the camera; empty for a sound one.

        start_s: when the fault began.

        seconds: of the film.

        told: every fault that was told, in order.
    """

    film: str
    group: str
    way: str
    fault: str
    start_s: float
    seconds: float
    told: tuple[Told, ...]

    @property
    def after_s(self) -> float | None:
        """Seconds from the fault to the first word of it; ``None`` where there was none."""
        return next((told.at_s - self.start_s for told in self.told if self.fault and told.at_s >= self.start_s), None)

    @property
    def is_named(self) -> bool:
        """Whether it was told by its own name, at once or later, within the time allowed."""
        limit_s = self.start_s + TOLD_WITHIN_S
        return any(told.kind == self.fault and self.start_s <= told.at_s <= limit_s for told in self.told)

    @property
    def wrong(self) -> tuple[Told, ...]:
        """What was told of a sound camera: before its fault too."""
        return tuple(told for told in self.told if not self.fault or told.at_s < self.start_s)


def look_at(path: Path, way: str) -> tuple[float, tuple[Told, ...]]:
    """Return a film's length and the faults told of it; raise `streams.errors.StreamError` where it cannot be read."""
    health, told, last, start_s, seconds = PictureHealth(), [], None, None, 0.0
    for frame in _frames(path, way):
        now_s = float(frame.time.pts_s)
        start_s = now_s if start_s is None else start_s
        seconds = now_s - start_s
        fault = health.observe(frame.image, frame.time)
        if fault is not None and fault is not last:
            told.append(Told(fault.value, seconds))
        last = fault
    return seconds, tuple(told)


def _frames(path: Path, way: str) -> Iterator[Frame]:
    """Yield the pictures at the analysis rate, or on patrol the key frames that come `PATROL_S` apart at least."""
    settings = StreamSettings(analysis_fps=ANALYSIS_FPS, look_px=LEAST_PX, pace=Pace.FREE)
    camera = Camera(camera_id("film"), "film", SourceUrl(str(path)), settings)
    decoder = FrameDecoder(ANALYSIS_FPS, threads=2, look_px=LEAST_PX)
    due_s = 0.0
    for packet in AvSource(camera, StreamClock()).packets():
        if way == "focus":
            yield from decoder.decode(packet)
        elif packet.is_keyframe and float(packet.time.pts_s) >= due_s - PATROL_S / 4:
            due_s = float(packet.time.pts_s) + PATROL_S
            yield from decoder.decode_alone(packet)
    yield from decoder.flush()


def fault_films(split: Split, folder: Path) -> Iterator[Seen]:
    """Yield the split's failing cameras."""
    for scene in family_scenes(split):
        if scene.fault is not None:
            path = ensure(folder, [scene])[scene.name]
            for way in WAYS:
                seconds, told = look_at(path, way)
                kind = scene.fault.kind.value
                yield Seen(scene.name, f"faults, {split.value}", way, kind, scene.fault.start_s, seconds, told)


def frozen_films() -> Iterator[Seen]:
    """Yield stills that freeze, one for each encoder and grain; the films are not kept."""
    with tempfile.TemporaryDirectory() as folder:
        for case in FROZEN_CASES:
            path = write_case(case, Path(folder) / f"{case.name}.mp4")
            for way in WAYS if case.gop_s <= PATROLLED_S else WAYS[:1]:
                seconds, told = look_at(path, way)
                yield Seen(case.name, "stills that freeze", way, "frozen", FREEZE_S, seconds, told)


def quiet_scenes() -> list[Scene]:
    """Return long quiet scenes to develop on: the first two of each family of look-alikes."""
    found: list[Scene] = []
    for scene in family_scenes(Split.DEVELOP):
        if scene.family in QUIET_FAMILIES and sum(one.family == scene.family for one in found) < 2:
            found.append(replace(scene, name=f"long-{scene.name}", seconds=QUIET_S, fps=ANALYSIS_FPS))
    return found


def sound_films(folder: Path, clips: Path | None) -> Iterator[Seen]:
    """Yield what is sound: long quiet scenes, and every clip of a folder that can be read."""
    paths = [("quiet scenes", path) for path in ensure(folder, quiet_scenes()).values()]
    if clips is not None:
        paths += [("clips", path) for path in sorted(clips.iterdir()) if path.suffix in VIDEO]
    for group, path in paths:
        for way in WAYS:
            seconds, told = look_at(path, way)
            yield Seen(path.stem, group, way, "", 0.0, seconds, told)


def report(seen: Sequence[Seen]) -> dict[str, object]:
    """Return the figures: by kind of film and way, faults told within a minute, named, and false words."""
    figures: dict[str, object] = {}
    for group, way in sorted({(one.group, one.way) for one in seen}):
        these = [one for one in seen if (one.group, one.way) == (group, way)]
        faulty = [one for one in these if one.fault]
        in_time = [one for one in faulty if one.after_s is not None and one.after_s <= TOLD_WITHIN_S]
        after_s = sorted(one.after_s for one in in_time if one.after_s is not None)
        sound_s = sum(one.start_s if one.fault else one.seconds for one in these)
        figures[f"{group}, {way}"] = {
            "told": Share.of(len(in_time), len(faulty)).model_dump() if faulty else None,
            "named": Share.of(sum(one.is_named for one in faulty), len(faulty)).model_dump() if faulty else None,
            "slowest_s": round(after_s[-1], 1) if after_s else None,
            "told_of_sound": sum(bool(one.wrong) for one in these),
            "sound_films": len(these),
            "sound_s": round(sound_s, 1),
        }
    return figures


def _line(one: Seen) -> str:
    if one.fault:
        said = "never" if one.after_s is None else f"after {one.after_s:.1f} s"
        names = " then ".join(told.kind for told in one.told if told.at_s >= one.start_s)
        return f"{one.film:28} {one.way:7} {one.fault:8} told {said} {names}{_wrong(one.wrong)}"
    return f"{one.film:28} {one.way:7} {one.seconds:6.1f} s sound{_wrong(one.wrong)}"


def _wrong(told: Iterable[Told]) -> str:
    said = ", ".join(f"{each.kind} at {each.at_s:.1f} s" for each in told)
    return f"; WRONG: {said}" if said else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Look at every film, print the table; return the exit code: 1 where a fault was missed or a wrong word said."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.health", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--folder", type=Path, default=Path(".cache/scenes"), help="where scenes are kept (%(default)s)"
    )
    parser.add_argument("--clips", type=Path, help="a folder of clips of sound cameras")
    parser.add_argument("--split", choices=["develop", "held-out", "both"], default="develop", help="%(default)s")
    parser.add_argument("--only", action="append", choices=KINDS, help="kinds of film; all where none is named")
    parser.add_argument("--json", type=result_file, metavar="FILE", help="file for the result")
    given = parser.parse_args(arguments)
    splits = [*Split] if given.split == "both" else [Split(given.split)]
    kinds = given.only or KINDS
    films: list[Iterator[Seen]] = [fault_films(split, given.folder) for split in splits if "faults" in kinds]
    films += [frozen_films()] if "frozen" in kinds else []
    films += [sound_films(given.folder, given.clips)] if "sound" in kinds else []
    seen: list[Seen] = []
    try:
        for one in chain.from_iterable(films):
            print(_line(one), flush=True)
            seen.append(one)
    except StreamError as error:
        print(error, file=sys.stderr)
        return 2
    figures = report(seen)
    for name, figure in figures.items():
        print(name, json.dumps(figure))
    if given.json is not None:
        films_as_json = [{**asdict(one), "after_s": one.after_s} for one in seen]
        given.json.write_text(json.dumps({"figures": figures, "films": films_as_json}, indent=1) + "\n", "utf-8")
    return 1 if any(one.wrong or (one.fault and not one.is_named) for one in seen) else 0


if __name__ == "__main__":
    raise SystemExit(main())
