"""Trials: ways to confirm, run over remembered rows with the worker's own `vision.confirm`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy_sequence import quiet_s, told_event
from benchmarks.confirm.rows import Rows
from benchmarks.corpus import Clip
from benchmarks.deciders import ConfirmedLead
from streams.clock import CaptureTime, UtcSource
from vision.confirm import Confirmation, Criteria, Observation
from vision.leads import LeadState

_FILM_DAY = datetime(2026, 1, 1, tzinfo=UTC)

FIVE_IN_A_ROW = Criteria(k=5, n=5, hysteresis=1.0, min_change=0.0)
K_OF_N = Criteria(min_change=0.0)
K_OF_N_THAT_CHANGE = Criteria()


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a way to confirm makes of films.

    Attributes:
        events: in the films.

        delays_s: from an event's start, or the watch's, to its first confirmed lead, of the events found, by film and
            event.

        false_leads: leads that tell of no event, by the film they are in.

        missed: events without a lead, by the film they are in.
    """

    events: int
    delays_s: tuple[float, ...] = ()
    false_leads: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A film with its rows and, for belief, the probability of each row; float64 ``(n,)``."""

    clip: Clip
    rows: Rows
    probability: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def quiet_s(self) -> float:
        """Seconds of the watch in which nothing deserves a lead."""
        began_s, ended_s = (float(edge) for edge in self.rows.span_s)
        return quiet_s(self.clip.events, ended_s) - quiet_s(self.clip.events, began_s)


def confirmed(shown: Shown, criteria: Criteria) -> list[ConfirmedLead]:
    """Return the leads that are confirmed in a film, in order of their confirmation."""
    rows, leads = shown.rows, []
    probability = shown.probability if len(shown.probability) else np.zeros(len(rows.track))
    for number in np.unique(rows.track):
        confirmation, was = Confirmation(criteria), False
        for row in np.flatnonzero(rows.track == number):
            if confirmation.is_over:
                confirmation, was = Confirmation(criteria), False
            at_s = float(rows.time_s[row])
            state = confirmation.observe(
                Observation(
                    time=_moment(at_s),
                    confidence=float(rows.confidence[row]),
                    change=float(rows.change[row]),
                    is_steady=bool(rows.is_steady[row]),
                    probability=float(probability[row]),
                    is_deferred=bool(rows.is_deferred[row]),
                    has_news=bool(rows.has_news[row]),
                )
            )
            if state is LeadState.CONFIRMED and not was:
                was = True
                first = confirmation.first
                leads.append(
                    ConfirmedLead(
                        class_name="fire" if rows.is_fire[row] else "smoke",
                        first_s=at_s if first is None else float(first.pts_s),
                        confirmed_s=at_s,
                        confidence=float(rows.confidence[row]),
                        xyxy=tuple(float(edge) for edge in rows.xyxy[row]),  # type: ignore[arg-type]
                    )
                )
    return sorted(leads, key=lambda lead: lead.confirmed_s)


def outcome(films: Sequence[Shown], criteria: Criteria) -> Outcome:
    """Return what a way to confirm makes of films; unclear ones count nowhere."""
    delays: list[float] = []
    false: list[str] = []
    missed: list[str] = []
    events = 0
    for shown in films:
        clip = shown.clip
        if clip.is_unclear:
            continue
        began_s = float(shown.rows.span_s[0])
        told = [(told_event(lead, clip.events), lead.confirmed_s) for lead in confirmed(shown, criteria)]
        false += [clip.path.stem for number, _ in told if number is None]
        for number, event in enumerate(clip.events):
            if event.end_s <= began_s:
                continue
            events += 1
            at = [confirmed_s for which, confirmed_s in told if which == number]
            if at:
                delays.append(min(at) - max(event.start_s, began_s))
            else:
                missed.append(clip.path.stem)
    return Outcome(events, tuple(delays), tuple(false), tuple(missed))


def _moment(seconds: float) -> CaptureTime:
    pts_s = Fraction(seconds).limit_denominator(1_000_000)
    return CaptureTime(pts_s, _FILM_DAY, UtcSource.FILE, 0.0, 0)
