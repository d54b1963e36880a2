"""The table: the usual rules of thumb and the fitted rule on the same films, with intervals."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.accuracy_result import Rate, Share
from benchmarks.confirm.trial import FIVE_IN_A_ROW, K_OF_N, K_OF_N_THAT_CHANGE, Outcome, Shown, outcome
from vision.confirm import Criteria

BASELINE = "5 consecutive"
BELIEF = "belief"


def deciders(probability: float, support: float) -> Mapping[str, Criteria]:
    """Return the ways to confirm that are compared; `probability` and `support` are what was fitted."""
    return {
        BASELINE: FIVE_IN_A_ROW,
        "5 consecutive from 0.25": replace(FIVE_IN_A_ROW, threshold=0.25),
        "k of n": K_OF_N,
        "k of n that change": K_OF_N_THAT_CHANGE,
        BELIEF: Criteria(probability=probability, support=support),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """
    One way to confirm on one part of the films.

    Attributes:
        recall: events that a lead tells of.

        false_leads: per hour outside events; `false_a_day` the same per camera-day.

        median_s, slowest_s: from an event's start to its first lead, of the events found; ``None`` without any.

        missed, false: the films of it, for looking at.
    """

    decider: str
    part: str
    recall: Share
    false_leads: Rate
    false_a_day: tuple[float, float, float] | None
    median_s: float | None
    slowest_s: float | None
    missed: tuple[str, ...]
    false: tuple[str, ...]


def line(decider: str, part: str, films: Sequence[Shown], criteria: Criteria) -> Line:
    """Return what a way to confirm makes of films."""
    found = outcome(films, criteria)
    hours = sum(one.quiet_s for one in films if not one.clip.is_unclear) / 3600
    return _line(decider, part, found, hours)


def _line(decider: str, part: str, found: Outcome, hours: float) -> Line:
    rate = Rate.of(len(found.false_leads), hours)
    a_day = None
    if rate.per_hour is not None and rate.low is not None and rate.high is not None:
        a_day = (24 * rate.per_hour, 24 * rate.low, 24 * rate.high)
    return Line(
        decider=decider,
        part=part,
        recall=Share.of(len(found.delays_s), found.events),
        false_leads=rate,
        false_a_day=a_day,
        median_s=statistics.median(found.delays_s) if found.delays_s else None,
        slowest_s=max(found.delays_s, default=None),
        missed=found.missed,
        false=found.false_leads,
    )


def beats(lines: Sequence[Line]) -> bool:
    """
    Whether belief may ship: it finds more events than `BASELINE` and tells fewer false leads.

    Over all films together, and over those alone that were only scored, where there are any, at least no worse. Equal
    counts over all are no win: where nothing can be seen to be better, the plain rule is the better one.
    """
    by_part = {(one.part, one.decider): one for one in lines}
    ours, plain = by_part["all", BELIEF], by_part["all", BASELINE]
    is_better = ours.recall.hits > plain.recall.hits and ours.false_leads.count < plain.false_leads.count
    held = by_part.get(("held-out", BELIEF))
    if held is None:
        return is_better
    plain = by_part["held-out", BASELINE]
    is_no_worse = held.recall.hits >= plain.recall.hits and held.false_leads.count <= plain.false_leads.count
    return is_better and is_no_worse


def as_text(lines: Sequence[Line]) -> str:
    """Return the table in Markdown."""
    rows = [
        "| films | rule | events found | false leads | a camera-day (95 %) | median s | slowest s |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in lines:
        day = "" if one.false_a_day is None else "{:.0f} ({:.0f} to {:.0f})".format(*one.false_a_day)
        rows.append(
            f"| {one.part} | {one.decider} | {one.recall.hits} of {one.recall.count} | {one.false_leads.count} "
            f"| {day} | {_seconds(one.median_s)} | {_seconds(one.slowest_s)} |"
        )
    return "\n".join(rows)


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
