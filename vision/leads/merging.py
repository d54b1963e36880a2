"""
Merging: one event is one lead, and one camera makes at most a few leads an hour (domain.md 7.3).

Rules report tracks and zones. Confirmations of one target under one code within half an hour are one lead; smoke that
touches a fire belongs to the fire. A graver confirmation is never merged into a lesser lead. Beyond `MOST_AN_HOUR` new
leads a camera is noisy, which is a finding of its health; every lead held back is counted and logged.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from streams.timing.clock import CaptureTime
from vision.leads.lead import CloseReason, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.leads.recent_leads import MERGE_S, RecentLead, is_fire_alarm, rank

MOST_AN_HOUR = 3
"""Most new leads of a camera an hour; more come from a faulty camera or model."""

HOUR_S = 3600.0
_REMEMBERED = 64
_NEVER_TOO_MANY = frozenset({"V17_DEVICE_TAMPER"})
"""Codes that are reported from a noisy camera too, as are fire alarms."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A confirmed lead that is not reported: merged into another, or beyond the hourly limit."""

    key: LeadKey
    violation_code: str
    zone: str
    time: CaptureTime
    reason: CloseReason
    into: LeadKey | None


@dataclass(slots=True)
class _Event:
    """
    One reported lead and its parts.

    Attributes:
        lead: as it was first confirmed: its name, rule and code.

        seen: when it was last seen, in any epoch.

        parts: the open leads of rules in it.

        past: those that are closed, joined; ``None`` while all are open.
    """

    lead: Lead
    seen: CaptureTime
    parts: dict[LeadKey, Lead] = field(default_factory=dict)
    past: Lead | None = None

    @property
    def is_open(self) -> bool:
        return bool(self.parts)

    @property
    def remembered(self) -> RecentLead:
        """What is remembered of the lead, to recognise the same event."""
        return replace(RecentLead.of(self.lead), xyxy=self.told().peak.xyxy, seen=self.seen.utc)

    def told(self) -> Lead:
        """Return the lead joined from its parts."""
        parts = [*([] if self.past is None else [self.past]), *self.parts.values()]
        whole = parts[0]
        for part in parts[1:]:
            whole = _joined(whole, part, self.lead)
        return replace(
            whole,
            key=self.lead.key,
            rule_id=self.lead.rule_id,
            rule_version=self.lead.rule_version,
            rule_params=self.lead.rule_params,
            violation_code=self.lead.violation_code,
            track=self.lead.track,
            confirmed=self.lead.confirmed,
            state=WorkerLeadState.CONFIRMED if self.is_open else WorkerLeadState.CLOSED,
            reason=None if self.is_open else whole.reason,
        )

    def close(self, part: Lead) -> None:
        """Close a part."""
        del self.parts[part.key]
        self.past = part if self.past is None else _joined(self.past, part, self.lead)


def _joined(a: Lead, b: Lead, of: Lead) -> Lead:
    """Return two leads of one epoch as one: from first to last, with the surest peak of the code and class of `of`."""
    newest = b if b.last.pts_s >= a.last.pts_s else a
    code, class_name = of.violation_code, of.peak.class_name
    peaks = sorted(
        (a, b),
        key=lambda one: (one.violation_code == code, one.peak.class_name == class_name, one.peak.confidence),
    )
    return replace(
        newest,
        first=min((a.first, b.first), key=lambda time: time.pts_s),
        peak=peaks[-1].peak,
        violation_code=peaks[-1].violation_code,
        observations=a.observations + b.observations,
        measurement=newest.measurement or a.measurement or b.measurement,
        grounds=tuple(dict.fromkeys((*a.grounds, *b.grounds))),
    )


class Merger:
    """Turns the confirmations of a camera's rules into reported leads; the same input gives the same leads."""

    def __init__(self) -> None:
        self._events: list[_Event] = []
        self._before: list[RecentLead] = []
        self._opened: deque[CaptureTime] = deque()
        self._held_back: deque[HeldBack] = deque(maxlen=_REMEMBERED)
        self.merged = 0
        self.suppressed = 0
        self._noisy_since: CaptureTime | None = None

    @property
    def held_back(self) -> Sequence[HeldBack]:
        """The newest leads held back, oldest first."""
        return tuple(self._held_back)

    @property
    def noisy_since(self) -> CaptureTime | None:
        """When the camera exceeded its hourly limit, within the last hour; ``None`` where it did not."""
        return self._noisy_since

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The open leads in their last reported state."""
        return [event.told() for event in self._events if event.is_open]

    @property
    def told(self) -> Sequence[RecentLead]:
        """The reported leads, of earlier runs too, into which others may still be merged."""
        return (*self._before, *(event.remembered for event in self._events))

    def recall(self, told: Iterable[RecentLead]) -> None:
        """
        Remember the leads that an earlier run reported, so that confirmations of the same event are merged into them.

        Those leads are closed and do not change.
        """
        self._before.extend(told)

    def take(self, changes: Iterable[LeadChange], time: CaptureTime) -> list[LeadChange]:
        """Return the changes of reported leads that follow from the rules' changes in the picture at `time`."""
        self._events = [e for e in self._events if e.is_open or _apart_s(time, e.seen) <= MERGE_S]
        self._before = [told for told in self._before if told.is_recent(time.utc)]
        while self._opened and _apart_s(time, self._opened[0]) > HOUR_S:
            self._opened.popleft()
        if self._noisy_since is not None and _apart_s(time, self._noisy_since) > HOUR_S:
            self._noisy_since = None
        told: list[LeadChange] = []
        # The gravest first, so that others confirmed in the same picture join it.
        for change in sorted(changes, key=lambda change: -rank(change.lead)[0]):
            told += self._moved(change, time)
        return told

    def grow(self, leads: Iterable[Lead]) -> None:
        """Update the open leads of the rules."""
        current = {lead.key: lead for lead in leads}
        for event in self._events:
            for key in event.parts:
                if key in current:
                    event.parts[key] = current[key]
                    event.seen = current[key].last

    def _moved(self, change: LeadChange, time: CaptureTime) -> list[LeadChange]:
        lead = change.lead
        if lead.state is WorkerLeadState.CONFIRMED and change.previous is WorkerLeadState.CANDIDATE:
            return self._confirmed(lead, time)
        if lead.state is WorkerLeadState.CLOSED:
            return self._closed(lead)
        return [change]

    def _confirmed(self, lead: Lead, time: CaptureTime) -> list[LeadChange]:
        event = next((event for event in reversed(self._events) if event.remembered.includes(lead)), None)
        if event is not None:
            self.merged += 1
            event.seen = time
            held_back = self._hold_back(lead, time, CloseReason.MERGED, event.lead.key)
            if event.lead.first.epoch != lead.first.epoch:
                return [held_back]
            was_open = event.is_open
            event.parts[lead.key] = lead
            return [held_back] if was_open else [held_back, LeadChange(event.told(), WorkerLeadState.CLOSED)]
        for number, told in enumerate(self._before):
            if told.includes(lead):
                self.merged += 1
                self._before[number] = replace(told, seen=time.utc)
                return [self._hold_back(lead, time, CloseReason.MERGED, told.key)]
        is_always_told = lead.violation_code in _NEVER_TOO_MANY or is_fire_alarm(lead)
        if len(self._opened) >= MOST_AN_HOUR and not is_always_told:
            self.suppressed += 1
            self._noisy_since = time
            return [self._hold_back(lead, time, CloseReason.NOISY, None)]
        self._opened.append(time)
        self._events.append(_Event(lead, time, {lead.key: lead}))
        return [LeadChange(lead, WorkerLeadState.CANDIDATE)]

    def _closed(self, lead: Lead) -> list[LeadChange]:
        for event in self._events:
            if lead.key in event.parts:
                event.close(lead)
                return [] if event.is_open else [LeadChange(event.told(), WorkerLeadState.CONFIRMED)]
        return []  # held back

    def _hold_back(self, lead: Lead, time: CaptureTime, reason: CloseReason, into: LeadKey | None) -> LeadChange:
        self._held_back.append(HeldBack(lead.key, lead.violation_code, lead.peak.zone, time, reason, into))
        return LeadChange(
            replace(lead, state=WorkerLeadState.DROPPED, confirmed=None, reason=reason), WorkerLeadState.CANDIDATE
        )


def _apart_s(now: CaptureTime, then: CaptureTime) -> float:
    """Return seconds between two times, by UTC across epochs."""
    if now.epoch == then.epoch:
        return now.seconds_since(then)
    return (now.utc - then.utc).total_seconds()
