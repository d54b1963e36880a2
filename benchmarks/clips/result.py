"""
The result of ``plumewatch bench clips`` as a file: real film first, rendered scenes beside it, each by groups.

Recall counts the events of clips of `SHORTEST_S` and longer, shorter ones in a group of their own; false leads count
in all clips, over the time outside events and the seconds that smoke lingers. Clips that are unclear count nowhere.
Only `Timings` differ from run to run.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from benchmarks.accuracy import score
from benchmarks.accuracy.deciders import SHIPPED
from benchmarks.accuracy.figures import Number, Part, Rate, Share
from benchmarks.accuracy.result import Delay, EventTruth, LeadSeen, ModelUsed, RuntimeUsed, read_as
from benchmarks.accuracy.sequence import (
    ANALYSIS_FPS,
    LINGER_S,
    delays_s,
    event_truths,
    false_leads,
    leads_seen,
    quiet_s,
)
from benchmarks.clips.corpus import CameraKind, Clip, Event, Made
from benchmarks.clips.watch import DECIDERS, Seen
from vision.rules.fire import CLASS_NAME as FIRE

SHORTEST_S = 5.0
"""No rule can be asked to tell of what is shown for less."""

ALL, SHORTER = "all", f"shorter than {SHORTEST_S:g} s"
BESIDE_EVENTS = "beside events"
"""Where false leads of clips that show an event stand among those of look-alikes."""

_Belongs = Callable[[Event], bool]
_EVENT_GROUPS: Mapping[str, _Belongs] = MappingProxyType(
    {
        "fire": lambda event: FIRE in event.classes,
        "smoke alone": lambda event: FIRE not in event.classes,
    }
)
_CLIP_GROUPS: Mapping[str, CameraKind | None] = MappingProxyType(
    {ALL: None, **{kind.value: kind for kind in CameraKind}}
)


class Limit(StrEnum):
    """What keeps an event from being told."""

    DETECTOR = "detector"
    CONFIRMATION = "confirmation"


class FalseLeads(Part):
    """Leads that tell of nothing, a clip and an hour; the intervals are the exact ones of a Poisson count."""

    clips: int
    a_clip: Number | None
    low: Number
    high: Number | None
    an_hour: Rate

    @classmethod
    def of(cls, seen: Sequence[Seen], decider: str) -> Self:
        """Return what a decider told of nothing in these clips."""
        count, clips = sum(len(false_leads(one.leads[decider], one.clip.events)) for one in seen), len(seen)
        low, high = score.poisson(count)
        hours = sum(quiet_s(one.clip.events, one.seconds) for one in seen) / 3600
        return cls(
            clips=clips,
            a_clip=count / clips if clips else None,
            low=low / clips if clips else 0.0,
            high=high / clips if clips else None,
            an_hour=Rate.of(count, hours),
        )


class GroupFigures(Part):
    """A group of events, and where the group is one of clips, their false leads."""

    recall: Share
    confirm_s: Delay | None
    false_leads: FalseLeads | None


class DeciderFigures(Part):
    """One decider: figures by group, and false leads by the kind of look-alike."""

    name: str
    groups: dict[str, GroupFigures]
    look_alikes: dict[str, FalseLeads]


class Missed(Part):
    """An event that the shipped way does not tell of, and what keeps it from that."""

    clip: str
    start_s: Number
    classes: tuple[str, ...]
    limit: Limit
    is_short: bool


class FalseLead(Part):
    """A lead that tells of nothing."""

    decider: str
    clip: str
    at_s: Number
    class_name: str
    look_alike: str


class ClipFigures(Part):
    """One clip: what happens in it, and what the deciders made of it; `is_refitted` as in `benchmarks.clips.watch`."""

    file: str
    sha256: str
    rendered_from: str | None
    source: str
    camera: CameraKind | None
    made: Made | None
    lookalike: str
    seconds: Number
    is_unclear: bool
    is_refitted: bool
    events: list[EventTruth]
    leads: dict[str, list[LeadSeen]]

    @property
    def identity(self) -> str:
        """What says that it is the same clip in another result."""
        return self.rendered_from or self.sha256


class FilmSet(Part):
    """Real film, or rendered scenes; clips, sources and seconds are of what is not unclear."""

    clips: int
    sources: int
    seconds: Number
    unclear: int
    refitted: int
    deciders: list[DeciderFigures]
    missed: list[Missed]
    false_leads: list[FalseLead]
    films: list[ClipFigures]

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> Self:
        """Return the figures of clips that were watched."""
        counted = [one for one in seen if not one.clip.is_unclear]
        return cls(
            clips=len(counted),
            sources=len({one.clip.source.partition("/")[0] for one in counted} - {""}),
            seconds=sum(one.seconds for one in counted),
            unclear=len(seen) - len(counted),
            refitted=sum(one.is_refitted for one in counted),
            deciders=[_decider(counted, name) for name in DECIDERS],
            missed=[missed for one in counted for missed in _missed(one)],
            false_leads=[
                FalseLead(
                    decider=name,
                    clip=one.clip.path.name,
                    at_s=lead.confirmed_s,
                    class_name=lead.class_name,
                    look_alike=_kind(one.clip),
                )
                for name in DECIDERS
                for one in counted
                for lead in false_leads(one.leads[name], one.clip.events)
            ],
            films=[_clip(one) for one in seen],
        )

    def decider(self, name: str = SHIPPED.name) -> DeciderFigures:
        """Return the figures of a decider."""
        return next(one for one in self.deciders if one.name == name)


class Timings(Part):
    """Wall-clock seconds of this run; the only figures that differ between two runs of the same."""

    film_s: Number
    rendered_s: Number | None


class ClipsResult(Part):
    """The whole file."""

    format: Literal["plumewatch.clips/1"] = "plumewatch.clips/1"
    plumewatch: str
    model: ModelUsed
    runtime: RuntimeUsed
    analysis_fps: float = ANALYSIS_FPS
    linger_s: float = LINGER_S
    shortest_s: float = SHORTEST_S
    film: FilmSet
    rendered: FilmSet | None
    timings: Timings

    def as_json(self) -> str:
        """Return the file's text."""
        return self.model_dump_json(indent=1) + "\n"


def read_clips_result(path: Path) -> ClipsResult:
    """Return the result in a file; raise `BenchmarkError`."""
    return read_as(ClipsResult, path, "clips")


def worse(before: ClipsResult, after: ClipsResult) -> list[str]:
    """Return in words where the shipped way lost more than one event or told more than one further false lead."""
    sets = [("real film", before.film, after.film)]
    if before.rendered is not None and after.rendered is not None:
        sets.append(("rendered scenes", before.rendered, after.rendered))
    told = []
    for name, old_set, new_set in sets:
        for group in _CLIP_GROUPS:
            old, new = old_set.decider().groups[group], new_set.decider().groups[group]
            if new.recall.hits < old.recall.hits - 1:
                told.append(f"{name}, {group}: {old.recall.hits} events found before, {new.recall.hits} now")
            false = [one.false_leads.an_hour.count if one.false_leads else 0 for one in (old, new)]
            if false[1] > false[0] + 1:
                told.append(f"{name}, {group}: {false[0]} false leads before, {false[1]} now")
    return told


def _decider(counted: Sequence[Seen], name: str) -> DeciderFigures:
    groups = {}
    for group, kind in _CLIP_GROUPS.items():
        inside = [one for one in counted if kind in {None, one.clip.camera}]
        groups[group] = _group([one for one in inside if not _is_short(one)], name, FalseLeads.of(inside, name))
    for group, belongs in _EVENT_GROUPS.items():
        groups[group] = _group([one for one in counted if not _is_short(one)], name, belongs=belongs)
    groups[SHORTER] = _group([one for one in counted if _is_short(one)], name)
    kinds: dict[str, list[Seen]] = defaultdict(list)
    for one in counted:
        kinds[_kind(one.clip)].append(one)
    return DeciderFigures(
        name=name,
        groups=groups,
        look_alikes={kind: FalseLeads.of(kinds[kind], name) for kind in sorted(kinds)},
    )


def _group(
    seen: Sequence[Seen], name: str, false: FalseLeads | None = None, belongs: _Belongs = lambda _: True
) -> GroupFigures:
    delays = [
        delay
        for one in seen
        for event, delay in zip(one.clip.events, delays_s(one.leads[name], one.clip.events), strict=True)
        if belongs(event)
    ]
    found = [delay for delay in delays if delay is not None]
    return GroupFigures(
        recall=Share.of(len(found), len(delays)),
        confirm_s=Delay.of(found),
        false_leads=false,
    )


def _is_short(one: Seen) -> bool:
    return one.seconds < SHORTEST_S


def _kind(clip: Clip) -> str:
    return BESIDE_EVENTS if clip.events else clip.lookalike or "other"


def _missed(one: Seen) -> list[Missed]:
    delays = delays_s(one.leads[SHIPPED.name], one.clip.events)
    return [
        Missed(
            clip=one.clip.path.name,
            start_s=event.start_s,
            classes=event.classes,
            limit=Limit.CONFIRMATION if is_seen else Limit.DETECTOR,
            is_short=_is_short(one),
        )
        for event, delay, is_seen in zip(one.clip.events, delays, one.is_seen, strict=True)
        if delay is None
    ]


def _clip(one: Seen) -> ClipFigures:
    clip = one.clip
    return ClipFigures(
        file=clip.path.name,
        sha256=clip.sha256,
        rendered_from=clip.rendered_from,
        source=clip.source,
        camera=clip.camera,
        made=clip.made,
        lookalike=clip.lookalike,
        seconds=one.seconds,
        is_unclear=clip.is_unclear,
        is_refitted=one.is_refitted,
        events=event_truths(clip.events),
        leads={name: leads_seen(leads, clip.events) for name, leads in one.leads.items()},
    )
