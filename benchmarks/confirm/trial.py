"""Trials: what the worker's own `vision.confirm.confirmation` makes of remembered rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.deciders import ConfirmedLead
from benchmarks.accuracy.sequence import delays_s, false_leads
from benchmarks.confirm.films import Film
from benchmarks.confirm.rows import Rows
from streams.timing.clock import CaptureTime, UtcSource
from vision.confirm.confirmation import Confirmation, Criteria, Observation
from vision.leads.lead import WorkerLeadState

LEAST_S = 5.0
"""Events of clips that are shorter are not asked for: nobody confirms in three seconds what lasts three."""

_FILM_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A film with its rows and the probability of each, float64 ``(n,)``."""

    film: Film
    rows: Rows
    probability: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a way to confirm makes of films.

    Attributes:
        events: in the films.

        delays_s: from an event's start to its first confirmed lead, of the events found.

        false_leads: films with a lead of a class that tells of no event, once for each class.

        missed: films with an event without a lead, once for each.
    """

    events: int
    delays_s: tuple[float, ...]
    false_leads: tuple[str, ...]
    missed: tuple[str, ...]


def outcome(films: Sequence[Shown], criteria: Criteria) -> Outcome:
    """Return what a way to confirm makes of films; unclear ones count nowhere."""
    delays: list[float] = []
    false: list[str] = []
    missed: list[str] = []
    events = 0
    for shown in films:
        clip = shown.film.clip
        if clip.is_unclear:
            continue
        leads = confirmed(shown, criteria)
        false += [clip.path.stem] * len({lead.class_name for lead in false_leads(leads, clip.events)})
        if shown.film.is_real and shown.rows.seconds < LEAST_S:
            continue
        events += len(clip.events)
        for delay in delays_s(leads, clip.events):
            if delay is None:
                missed.append(clip.path.stem)
            else:
                delays.append(delay)
    return Outcome(events, tuple(delays), tuple(false), tuple(missed))


def confirmed(shown: Shown, criteria: Criteria) -> list[ConfirmedLead]:
    """Return the leads that are confirmed in a film, in order of their confirmation."""
    rows, leads = shown.rows, []
    for number in np.unique(rows.track):
        confirmation, was = Confirmation(criteria), False
        for row in np.flatnonzero(rows.track == number):
            if confirmation.is_over:
                confirmation, was = Confirmation(criteria), False
            at_s = float(rows.time_s[row])
            observation = Observation(
                time=_moment(at_s),
                confidence=float(rows.confidence[row]),
                change=float(rows.change[row]),
                probability=float(shown.probability[row]),
            )
            state = confirmation.observe(observation)
            if state is WorkerLeadState.CONFIRMED and not was:
                was = True
                first = confirmation.first
                left, top, right, bottom = (float(edge) for edge in rows.xyxy[row])
                leads.append(
                    ConfirmedLead(
                        class_name="fire" if rows.is_fire[row] else "smoke",
                        first_s=at_s if first is None else float(first.pts_s),
                        confirmed_s=at_s,
                        confidence=float(rows.confidence[row]),
                        xyxy=(left, top, right, bottom),
                    )
                )
    return sorted(leads, key=lambda lead: lead.confirmed_s)


def _moment(seconds: float) -> CaptureTime:
    pts_s = Fraction(seconds).limit_denominator(1_000_000)
    return CaptureTime(pts_s, _FILM_DAY, UtcSource.FILE, 0.0, 0)
