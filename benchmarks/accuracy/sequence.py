"""
Accuracy over time: which events in clips become leads, how soon, and how often a lead tells of nothing.

Each clip is decoded and detected once; every decider at every threshold sees the same boxes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.accuracy.deciders import (
    DECIDERS,
    SHIPPED,
    ConfirmedLead,
    Variant,
    Watched,
    confirmed_leads,
    shipped_threshold,
    trial,
)
from benchmarks.accuracy.figures import Rate, Share
from benchmarks.accuracy.result import (
    ClipFigures,
    DeciderFigures,
    DeciderRow,
    Delay,
    EventTruth,
    LeadSeen,
    SequenceFigures,
)
from benchmarks.clips.corpus import Clip, Event
from models.detections import Xyxy
from models.detector import Detector

THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
ANALYSIS_FPS = 2.0

LINGER_S = 5.0
"""Smoke stays in the air after its source has ended: a lead confirmed so long after an event still tells of it."""

_INSIDE = 1 / 3
"""Share of a box that must lie in an event's, where it has one: plumes drift out of the frame of their event."""

_Key = tuple[str, float]
Step = Callable[[str, int, int], None]
"""Called with a clip's name, clips done and clips in all."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One clip with the leads of every decider at every threshold, by its name and the threshold."""

    clip: Clip
    watched: Watched
    leads: Mapping[_Key, Sequence[ConfirmedLead]]


def lowest_floor(variants: Sequence[Variant] = DECIDERS) -> float:
    """Return the lowest confidence that any decider looks at: what the detector must give."""
    return min(trial(variant, THRESHOLDS[0]).floor for variant in variants)


def sequence_figures(
    name: str,
    clips: Sequence[Clip],
    detector: Detector,
    *,
    variants: Sequence[Variant] = DECIDERS,
    step: Step | None = None,
) -> SequenceFigures:
    """Return the figures of a set of clips; raises as `confirmed_leads` does."""
    thresholds = sorted({*THRESHOLDS, shipped_threshold()})
    return figures_of(name, watch_clips(clips, detector, variants, thresholds, step), variants, thresholds)


def watch_clips(
    clips: Sequence[Clip],
    detector: Detector,
    variants: Sequence[Variant],
    thresholds: Sequence[float],
    step: Step | None = None,
) -> list[Seen]:
    """Return what each variant at each threshold, and the shipped one at its own, makes of the clips."""
    trials = {(variant.name, limit): trial(variant, limit) for variant in variants for limit in thresholds}
    shipped = shipped_threshold()
    if (SHIPPED.name, shipped) not in trials:
        trials[SHIPPED.name, shipped] = trial(SHIPPED, shipped)
    seen = []
    for number, clip in enumerate(clips):
        if step is not None:
            step(clip.path.name, number, len(clips))
        leads, watched = confirmed_leads(clip.path, detector, ANALYSIS_FPS, trials, clip.zones)
        seen.append(Seen(clip, watched, leads))
    if step is not None:
        step("", len(clips), len(clips))
    return seen


def figures_of(
    name: str, seen: Sequence[Seen], variants: Sequence[Variant], thresholds: Sequence[float]
) -> SequenceFigures:
    """Return the figures of clips that were watched by these variants at these thresholds."""
    shipped = shipped_threshold()
    return SequenceFigures(
        name=name,
        analysis_fps=ANALYSIS_FPS,
        shipped_threshold=shipped,
        linger_s=LINGER_S,
        seconds=sum(one.watched.seconds for one in seen),
        quiet_s=sum(quiet_s(one.clip.events, one.watched.seconds) for one in seen),
        clips={one.clip.path.name: _clip_figures(one, (SHIPPED.name, shipped)) for one in seen},
        deciders=[
            DeciderFigures(
                name=variant.name,
                keys=dict(variant.keys),
                rows=[_row(seen, (variant.name, limit)) for limit in thresholds],
            )
            for variant in variants
        ],
    )


def told_event(lead: ConfirmedLead, events: Sequence[Event]) -> int | None:
    """Return the index of the event that a lead tells of, the latest begun where it could be several, or ``None``."""
    fitting = [
        (event.start_s, number)
        for number, event in enumerate(events)
        if lead.class_name in event.classes
        and event.start_s <= lead.confirmed_s <= event.end_s + LINGER_S
        and is_inside(lead.xyxy, event)
    ]
    return max(fitting)[1] if fitting else None


def delays_s(leads: Sequence[ConfirmedLead], events: Sequence[Event]) -> list[float | None]:
    """Return for each event the seconds from its start to the first lead that tells of it, ``None`` without one."""
    told = [(told_event(lead, events), lead.confirmed_s) for lead in leads]
    delays: list[float | None] = []
    for number, event in enumerate(events):
        at = [confirmed_s for which, confirmed_s in told if which == number]
        delays.append(min(at) - event.start_s if at else None)
    return delays


def false_leads(leads: Sequence[ConfirmedLead], events: Sequence[Event]) -> list[ConfirmedLead]:
    """Return the leads that tell of no event."""
    return [lead for lead in leads if told_event(lead, events) is None]


def event_truths(events: Sequence[Event]) -> list[EventTruth]:
    """Return events as results hold them."""
    return [EventTruth(classes=one.classes, start_s=one.start_s, end_s=one.end_s) for one in events]


def leads_seen(leads: Sequence[ConfirmedLead], events: Sequence[Event]) -> list[LeadSeen]:
    """Return leads as results hold them, each with the event that it tells of."""
    return [
        LeadSeen(
            class_name=lead.class_name,
            first_s=lead.first_s,
            confirmed_s=lead.confirmed_s,
            confidence=lead.confidence,
            event=told_event(lead, events),
        )
        for lead in leads
    ]


def quiet_s(events: Sequence[Event], seconds: float) -> float:
    """Return the seconds of a clip in which nothing deserves a lead: outside events and the time smoke lingers."""
    busy, reached = 0.0, 0.0
    for event in sorted(events, key=lambda each: each.start_s):
        start, end = max(event.start_s, reached), min(event.end_s + LINGER_S, seconds)
        busy += max(0.0, end - start)
        reached = max(reached, end)
    return max(0.0, seconds - busy)  # parts of it, added up, may come out as more by a rounding


def is_inside(xyxy: Xyxy, event: Event) -> bool:
    """Return whether a box lies in an event's by a third; anywhere is right where an event has none."""
    if event.xyxy is None:
        return True
    wide = min(xyxy[2], event.xyxy[2]) - max(xyxy[0], event.xyxy[0])
    high = min(xyxy[3], event.xyxy[3]) - max(xyxy[1], event.xyxy[1])
    own = (xyxy[2] - xyxy[0]) * (xyxy[3] - xyxy[1])
    return max(0.0, wide) * max(0.0, high) >= own * _INSIDE


def _row(seen: Sequence[Seen], key: _Key) -> DeciderRow:
    delays = [delay for one in seen for delay in delays_s(one.leads[key], one.clip.events)]
    found = [delay for delay in delays if delay is not None]
    false = [len(false_leads(one.leads[key], one.clip.events)) for one in seen]
    hours = sum(quiet_s(one.clip.events, one.watched.seconds) for one in seen) / 3600
    return DeciderRow(
        threshold=key[1],
        event_recall=Share.of(len(found), len(delays)),
        confirm_s=Delay.of(found),
        false_leads=Rate.of(sum(false), hours),
        clips_with_false_leads=Share.of(sum(count > 0 for count in false), len(seen)),
    )


def _clip_figures(one: Seen, key: _Key) -> ClipFigures:
    return ClipFigures(
        sha256=one.clip.sha256,
        rendered_from=one.clip.rendered_from,
        seconds=one.watched.seconds,
        is_unclear=one.clip.is_unclear,
        events=event_truths(one.clip.events),
        leads=leads_seen(one.leads[key], one.clip.events),
    )
