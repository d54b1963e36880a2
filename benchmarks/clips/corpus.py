"""
The corpus: clips with what happens in them.

The truth of a clip stands, in this order, in an ``events.csv`` beside it (``file,classes,start_s,end_s``; classes
separated by ``|``, a line without classes for a clip in which nothing happens), by the clip's SHA-256 in `corpus.toml`,
or in a ``manifest.csv`` beside it (`benchmarks.clips.manifest`). Rendered scenes bring their own.
"""

import csv
import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path
from typing import Any, TypeVar

import structlog

from benchmarks.clips.manifest import MANIFEST_FILE, ManifestRow, read_manifest
from benchmarks.errors import BenchmarkError
from benchmarks.scene_bench.zones import zones_of
from benchmarks.scenes.film import Progress, ensure, key_of, truth_path
from benchmarks.scenes.scene import REPORTED, Scene
from models.detections import Xyxy
from models.training.pictures.dataset import CLASS_NAMES
from vision.config.camera import ZoneConfig

log = structlog.get_logger(__name__)

KNOWN_CLIPS = Path(__file__).with_name("corpus.toml")
EVENTS_FILE = "events.csv"
Each = TypeVar("Each")

VIDEO = frozenset({".avi", ".mp4", ".mkv", ".mov", ".ts"})


@dataclass(frozen=True, slots=True)
class Event:
    """
    Smoke or fire that a camera should report.

    Attributes:
        classes: classes of lead that tell of it.

        start_s, end_s: when it can be seen, in seconds of the clip.

        xyxy: around it in pixels; ``None`` where nobody has drawn it.
    """

    classes: tuple[str, ...]
    start_s: float
    end_s: float
    xyxy: Xyxy | None = None


class CameraKind(StrEnum):
    """Whether the camera that took a clip stands still."""

    FIXED = "fixed"
    MOVING = "moving"


class Made(StrEnum):
    """How a clip was made, where it is not simply what a camera on a wall saw."""

    HAND_HELD = "hand-held"
    DRONE = "drone"
    TIME_LAPSE = "time-lapse"
    EDITED = "edited"
    """With cuts or captions."""


@dataclass(frozen=True, slots=True)
class Clip:
    """
    A clip and what happens in it.

    Attributes:
        path, sha256: the file.

        events: what should be reported.

        is_unclear: people may disagree: it counts nowhere.

        zones: drawn on what stands in it, as an operator sets a camera up.

        rendered_from: key of the scene that it shows: another encoder writes other bytes from the same scene.

        source: whoever published it; clips of one source never stand on both sides of a fit. Empty where unknown.

        camera, made: ``None`` where nobody has said it.

        lookalike: kind of what it shows instead of smoke or fire; empty where something burns or nobody has said it.
    """

    path: Path
    sha256: str
    events: tuple[Event, ...]
    is_unclear: bool = False
    zones: tuple[ZoneConfig, ...] = ()
    rendered_from: str | None = None
    source: str = ""
    camera: CameraKind | None = None
    made: Made | None = None
    lookalike: str = ""


def known_clips(folder: Path, known: Path = KNOWN_CLIPS) -> list[Clip]:
    """Return the clips in `folder` whose truth is known, by name; raise `BenchmarkError` where there is none."""
    if not folder.is_dir():
        raise BenchmarkError(f"{folder}: no such folder")
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in VIDEO]
    if not files:
        raise BenchmarkError(f"{folder}: no clips in this folder ({', '.join(sorted(VIDEO))})")
    written = _read_events(folder / EVENTS_FILE)
    rows = read_manifest(folder / MANIFEST_FILE)
    by_hash = tomllib.loads(known.read_text(encoding="utf-8"))["clips"]
    clips, strange = [], []
    for file in files:
        digest = sha256_of(file)
        if digest in by_hash:
            clip = _known(file, digest, by_hash[digest])
        elif file.name in rows:
            clip = _told(file, digest, rows[file.name])
        elif file.name in written:
            clip = Clip(file, digest, ())
        else:
            strange.append(file.name)
            continue
        if file.name in written:
            clip = replace(clip, events=written[file.name], is_unclear=False)
        clips.append(clip)
    if not clips:
        raise BenchmarkError(f"{folder}: nobody has said what happens in these clips; write it into {EVENTS_FILE}")
    if strange:
        log.warning("clips without truth left out", folder=str(folder), files=", ".join(strange))
    return clips


def spread(items: Sequence[Each], limit: int | None) -> list[Each]:
    """Return at most `limit` of the items, evenly through all."""
    kept = len(items) if limit is None else min(limit, len(items))
    return [items[number * len(items) // kept] for number in range(kept)]


def _known(file: Path, digest: str, entry: Mapping[str, Any]) -> Clip:
    """Return a clip as `corpus.toml` describes it."""
    return Clip(
        file,
        digest,
        tuple(Event(tuple(one["classes"]), one["start_s"], one["end_s"]) for one in entry.get("events", ())),
        is_unclear=entry.get("unclear", False),
        source=entry.get("source", ""),
        camera=CameraKind(entry["camera"]) if "camera" in entry else None,
        made=Made(entry["made"]) if "made" in entry else None,
        lookalike=entry.get("lookalike", ""),
    )


def _told(file: Path, digest: str, row: ManifestRow) -> Clip:
    """Return a clip as a manifest describes it."""
    return Clip(
        file,
        digest,
        (Event(row.classes, row.start_s, row.end_s),) if row.classes else (),
        is_unclear=row.is_unclear,
        source=row.source,
        camera=CameraKind(row.camera) if row.camera else None,
        lookalike=row.lookalike,
    )


def scene_clips(folder: Path, scenes: Iterable[Scene], progress: Progress | None = None) -> list[Clip]:
    """Return the scenes as clips in `folder`, rendered where they are missing."""
    chosen = list(scenes)
    clips = ensure(folder, chosen, progress=progress)
    return [
        Clip(
            path,
            sha256_of(path),
            scene_events(one, path),
            zones=zones_of(one),
            rendered_from=key_of(one),
            lookalike=one.family if one.is_quiet else "",
        )
        for one, path in ((one, clips[one.name]) for one in chosen)
    ]


def scene_events(scene: Scene, clip: Path) -> tuple[Event, ...]:
    """
    Return what should be reported in a rendered scene: its sources of smoke and fire.

    Sources that burn together are one event, its box around all of them as the clip's truth has it. What moves is an
    event while it is in the picture; what begins behind a camera's fault is none.
    """
    with truth_path(clip).open(encoding="utf-8") as lines:
        truths = json.loads(next(lines))["events"]
    boxes = [truth["xyxy"] for truth in truths]
    together: dict[tuple[float, float], list[int]] = defaultdict(list)
    for number, event in enumerate(scene.events):
        is_hidden = scene.fault is not None and event.start_s >= scene.fault.start_s
        if event.kind in REPORTED and boxes[number] is not None and not is_hidden:
            start_s, end_s = truths[number]["visible_s"] if event.speed else (event.start_s, event.end_s)
            together[max(0.0, start_s), min(end_s, scene.seconds)].append(number)
    return tuple(
        Event(
            classes=tuple(sorted({scene.events[number].kind.value for number in numbers})),
            start_s=start_s,
            end_s=end_s,
            xyxy=_around([boxes[number] for number in numbers]),
        )
        for (start_s, end_s), numbers in sorted(together.items())
    )


def _around(boxes: Sequence[Sequence[float]]) -> Xyxy:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _read_events(path: Path) -> Mapping[str, tuple[Event, ...]]:
    if not path.is_file():
        return {}
    events: dict[str, list[Event]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                listed = events[row["file"]]
                if row["classes"]:
                    listed.append(_event(row["classes"].split("|"), float(row["start_s"]), float(row["end_s"])))
            except (KeyError, TypeError, ValueError) as error:
                raise BenchmarkError(f"{path}, line {number}: expected file,classes,start_s,end_s ({error})") from error
    return {name: tuple(listed) for name, listed in events.items()}


def _event(classes: Sequence[str], start_s: float, end_s: float) -> Event:
    if unknown := set(classes) - set(CLASS_NAMES):
        raise ValueError(f"unknown class {', '.join(sorted(unknown))}")
    if not 0 <= start_s < end_s:
        raise ValueError("an event must end after it starts")
    return Event(tuple(classes), start_s, end_s)
