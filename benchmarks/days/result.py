"""A days result: stretches of cameras' days that were watched, as a file, and the figures that they come to."""

import json
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from benchmarks.accuracy.result import ModelUsed, Number, Part, RuntimeUsed, Share
from benchmarks.capacity.result import Machine
from benchmarks.days.assumed import ASSUMED
from benchmarks.days.watch import Restart
from benchmarks.errors import BenchmarkError
from benchmarks.scene_bench.result import Code, PerDay

_ROOT = Path(__file__).parents[2]
_WATCHED_BY = ("benchmarks/days", "benchmarks/scenes", "models", "streams", "vision")
_BESIDE = ("models/training", "benchmarks/days/__main__.py", "benchmarks/days/text.py")
"""What changes no picture and no verdict."""


class EventSeen(Part):
    """
    A planted event and what came of it.

    Attributes:
        confirmed_s: from its start to the first new lead that tells of it; ``None`` where none does.

        is_merged: rules confirmed it and it went into an earlier lead, so that nothing new was told.
    """

    name: str
    start_s: Number
    end_s: Number
    sky: str
    confirmed_s: Number | None
    is_merged: bool


class FalseLead(Part):
    """
    A lead that tells of nothing.

    Attributes:
        time: of the day at the camera.

        active: what in the picture may be mistaken.

        after_event_s: since the end of the planted event before it, negative during one; ``None`` without one.

        picture: file name, where pictures were kept.
    """

    time: str
    time_s: Number
    sky: str
    light: str
    active: tuple[str, ...]
    class_name: str
    rule: str
    violation: str
    probability: Number | None
    confidence: Number
    xyxy: tuple[Number, Number, Number, Number]
    after_event_s: Number | None
    picture: str | None


class FaultTold(Part):
    """A fault of the picture that was told, though no camera had one."""

    kind: str
    time_s: Number
    lasted_s: Number


class Stretch(Part):
    """
    A stretch of one camera's day that was watched.

    Attributes:
        quiet_h: hours of it in which nothing deserves a lead.

        early: false leads of the warm-up before it, of a camera that has just begun to look; what goes on joins them.

        merged: false confirmations that went into an earlier lead, or were one too many: nothing was told of them.

        active_h: hours in which each look-alike was there.

        sky_h, light_h: hours under each kind of sky, and by day, in twilight and by night.

        cost_s: processor seconds to render, detect, analyse, and in all, warm-up included.
    """

    camera: int
    place: str
    date: str
    has_zones: bool
    start_s: Number
    end_s: Number
    quiet_h: Number
    patrol: int
    focus: int
    focus_s: Number
    false_leads: tuple[FalseLead, ...]
    early: int
    merged: int
    events: tuple[EventSeen, ...]
    active_h: dict[str, Number]
    sky_h: dict[str, Number]
    light_h: dict[str, Number]
    faults: tuple[FaultTold, ...]
    cost_s: dict[str, Number]

    @property
    def hours(self) -> float:
        """Hours that were watched."""
        return (self.end_s - self.start_s) / 3600

    def overlaps(self, camera: int, start_s: float, end_s: float) -> bool:
        """Whether it holds some of this stretch."""
        return self.camera == camera and self.start_s < end_s and start_s < self.end_s


class Figures(Part):
    """
    What all stretches together come to; `confirm` seconds run from the start of an event to its lead.

    `early` false leads were told in the warm-up of the `starts`, by cameras that had just begun to look.
    """

    cameras: int
    hours: Number
    patrol: int
    focus: int
    focus_share: Number
    false_leads: PerDay
    by_look_alike: dict[str, PerDay]
    by_place: dict[str, PerDay]
    starts: int
    early: int
    merged: int
    event_recall: Share
    by_event: dict[str, Share]
    confirm_median_s: Number | None
    confirm_slowest_s: Number | None
    missed: tuple[str, ...]
    unsighted_share: Number
    sky_h: dict[str, Number]
    light_h: dict[str, Number]
    active_h: dict[str, Number]

    @classmethod
    def of(cls, stretches: Sequence[Stretch]) -> Self:
        """Return the figures of some stretches; of none, they say nothing."""
        hours = sum(one.hours for one in stretches)
        events = [event for one in stretches for event in one.events]
        delays = [event.confirmed_s for event in events if event.confirmed_s is not None]
        wrong = [lead for one in stretches for lead in one.false_leads]
        active_h = _added([one.active_h for one in stretches])
        by_event: dict[str, list[bool]] = defaultdict(list)
        for event in events:
            by_event[_family(event.name)].append(event.confirmed_s is not None)
        return cls(
            cameras=len({one.camera for one in stretches}),
            hours=hours,
            patrol=sum(one.patrol for one in stretches),
            focus=sum(one.focus for one in stretches),
            focus_share=sum(one.focus_s for one in stretches) / 3600 / hours if hours else 0.0,
            false_leads=PerDay.of(len(wrong), sum(one.quiet_h for one in stretches)),
            by_look_alike={
                kind: PerDay.of(sum(kind in (lead.active or ("nothing",)) for lead in wrong), there_h)
                for kind, there_h in active_h.items()
            },
            by_place={place: _at(place, stretches) for place in sorted({one.place for one in stretches})},
            starts=len(stretches),
            early=sum(one.early for one in stretches),
            merged=sum(one.merged for one in stretches),
            event_recall=Share.of(len(delays), len(events)),
            by_event={family: Share.of(sum(found), len(found)) for family, found in sorted(by_event.items())},
            confirm_median_s=statistics.median(delays) if delays else None,
            confirm_slowest_s=max(delays, default=None),
            missed=tuple(
                f"camera {one.camera}, {clock(event.start_s)}, {one.place}, {event.sky}: {event.name}"
                + (" (went into an earlier lead)" if event.is_merged else "")
                for one in stretches
                for event in one.events
                if event.confirmed_s is None
            ),
            unsighted_share=sum(f.lasted_s for one in stretches for f in one.faults) / 3600 / hours if hours else 0.0,
            sky_h=_added([one.sky_h for one in stretches]),
            light_h=_added([one.light_h for one in stretches]),
            active_h=active_h,
        )


class DaysResult(Part):
    """
    Camera-days as they were watched.

    Attributes:
        code_sha256: of the code that renders and watches, and of the weights that confirm.

        assumed: how often things happen, as `benchmarks.days.assumed` had it.

        restart: whether the worker was started anew after each warm-up, and what it then knew.
    """

    plumewatch: str
    code_sha256: str
    code: Code | None
    model: ModelUsed
    runtime: RuntimeUsed
    machine: Machine
    assumed: dict[str, str]
    restart: Restart = Restart.NONE
    stretches: tuple[Stretch, ...]
    figures: Figures

    def adding(self, stretch: Stretch) -> Self:
        """Return the result with one more stretch."""
        stretches = tuple(sorted([*self.stretches, stretch], key=lambda one: (one.camera, one.start_s)))
        return self.model_copy(update={"stretches": stretches, "figures": Figures.of(stretches)})

    def write(self, file: Path) -> None:
        """Write it to `file`, whole or not at all."""
        part = file.with_name(f".{file.name}.part")
        part.write_text(json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(file)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Return the result in `file`; raise `BenchmarkError`."""
        try:
            return cls.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise BenchmarkError(f"{file}: not a result of camera-days") from error


def assumed_as_text() -> dict[str, str]:
    """Return the assumptions by name, as a result keeps them."""
    return {
        name: f"{one.count:g} {one.unit}"
        + (f", {one.minutes[0]:g} to {one.minutes[1]:g} min" if any(one.minutes) else "")
        for name, one in ASSUMED.items()
    }


def code_sha256() -> str:
    """Return the hex SHA-256 of all that renders days and watches them; another one gives other figures."""
    digest = sha256()
    for folder in _WATCHED_BY:
        for path in sorted([*(_ROOT / folder).rglob("*.py"), *(_ROOT / folder).glob("*.json")]):
            name = path.relative_to(_ROOT).as_posix()
            if not name.startswith(_BESIDE):
                digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def clock(time_s: float) -> str:
    """Return a second of the day as a clock shows it."""
    whole = int(time_s)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _family(name: str) -> str:
    """Return what a planted event is, without its colour and opacity: ``grey distant smoke 70%``."""
    words = [word for word in name.split() if not word.endswith("%")]
    is_coloured = len(words) > 1 and words[0] in {"black", "grey", "white", "yellow"}
    return " ".join(words[1:] if is_coloured else words)


def _at(place: str, stretches: Sequence[Stretch]) -> PerDay:
    there = [one for one in stretches if one.place == place]
    return PerDay.of(sum(len(one.false_leads) for one in there), sum(one.quiet_h for one in there))


def _added(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for part in parts:
        for name, value in part.items():
            total[name] += value
    return dict(sorted(total.items()))
