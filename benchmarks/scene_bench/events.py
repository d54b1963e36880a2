"""Scene events: which rendered events become leads, which look-alikes do, and which faults of the camera are told."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks.accuracy.deciders import SHIPPED, Variant, shipped_threshold
from benchmarks.accuracy.figures import Share
from benchmarks.accuracy.sequence import Seen, delays_s, false_leads, quiet_s
from benchmarks.scene_bench.result import (
    Confirmation,
    FaultFigures,
    FaultSeen,
    LookAlikeFigures,
    PerDay,
    SplitEvents,
    quantile,
)
from benchmarks.scenes.scene import CameraFault, Scene

TOLD_WITHIN_S = 60.0
"""A fault of the camera has to be reported within this (issue: health findings)."""

Key = tuple[str, float]
"""A variant's name and its threshold."""


def split_events(
    name: str, seen: Sequence[Seen], scenes: Mapping[str, Scene], variants: Sequence[Variant]
) -> SplitEvents:
    """Return the figures of one split; `scenes` are those of the clips, by the stem of their file."""
    sound = [one for one in seen if scenes[one.clip.path.stem].fault is None]
    damaged = [one for one in seen if scenes[one.clip.path.stem].fault is not None]
    limit = shipped_threshold()
    shipped = (SHIPPED.name, limit)
    return SplitEvents(
        name=name,
        confirmations=[_confirmation(sound, (variant.name, limit)) for variant in variants],
        families=_families(sound, scenes, shipped),
        look_alikes=_look_alikes(sound, scenes, shipped),
        faults=_faults(sound, damaged, scenes, shipped) if damaged else None,
    )


def _confirmation(seen: Sequence[Seen], key: Key) -> Confirmation:
    delays = [delay for one in seen for delay in delays_s(one.leads[key], one.clip.events)]
    found = [delay for delay in delays if delay is not None]
    wrong = [len(false_leads(one.leads[key], one.clip.events)) for one in seen]
    return Confirmation(
        decider=key[0],
        event_recall=Share.of(len(found), len(delays)),
        confirm_median_s=statistics.median(found) if found else None,
        confirm_p90_s=quantile(found, 0.9),
        false_leads=PerDay.of(sum(wrong), _hours(seen)),
        scenes_with_false_leads=Share.of(sum(count > 0 for count in wrong), len(wrong)),
    )


def _families(seen: Sequence[Seen], scenes: Mapping[str, Scene], key: Key) -> dict[str, Share]:
    """Return event recall by family."""
    by_family: dict[str, list[bool]] = defaultdict(list)
    for one in seen:
        delays = delays_s(one.leads[key], one.clip.events)
        by_family[scenes[one.clip.path.stem].family] += [delay is not None for delay in delays]
    return {family: Share.of(sum(found), len(found)) for family, found in sorted(by_family.items()) if found}


def _look_alikes(seen: Sequence[Seen], scenes: Mapping[str, Scene], key: Key) -> dict[str, LookAlikeFigures]:
    by_kind: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        if (kind := scenes[one.clip.path.stem].look_alike) is not None:
            by_kind[kind.value].append(one)
    figures = {}
    for kind_name, clips in sorted(by_kind.items()):
        wrong = [len(false_leads(one.leads[key], one.clip.events)) for one in clips]
        figures[kind_name] = LookAlikeFigures(
            scenes_with_false_leads=Share.of(sum(count > 0 for count in wrong), len(wrong)),
            false_leads=PerDay.of(sum(wrong), _hours(clips)),
        )
    return figures


def _faults(sound: Sequence[Seen], damaged: Sequence[Seen], scenes: Mapping[str, Scene], key: Key) -> FaultFigures:
    found = {}
    for one in damaged:
        fault = scenes[one.clip.path.stem].fault
        if fault is not None:
            found[one.clip.path.stem] = _fault(one, fault, key)
    told = [each for each in found.values() if each.told_s is not None and each.told_s <= TOLD_WITHIN_S]
    return FaultFigures(
        told=Share.of(len(told), len(found)),
        named=Share.of(sum(each.told_as == each.kind for each in told), len(found)),
        scenes_with_leads=Share.of(sum(each.leads > 0 for each in found.values()), len(found)),
        false_faults={
            one.clip.path.stem: [each.kind.value for each in one.watched.faults] for one in sound if one.watched.faults
        },
        faults=found,
    )


def _fault(one: Seen, fault: CameraFault, key: Key) -> FaultSeen:
    """Return what was told of a fault: the first report after it began."""
    first = next((each for each in one.watched.faults if each.told_s >= fault.start_s), None)
    return FaultSeen(
        kind=fault.kind.value,
        start_s=fault.start_s,
        told_s=None if first is None else first.told_s - fault.start_s,
        told_as=None if first is None else first.kind.value,
        leads=sum(lead.confirmed_s >= fault.start_s for lead in one.leads[key]),
    )


def _hours(seen: Sequence[Seen]) -> float:
    return sum(quiet_s(one.clip.events, one.watched.seconds) for one in seen) / 3600
