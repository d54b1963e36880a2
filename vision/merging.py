"""
Merging: one event is one lead whose evidence grows, and one camera makes a few leads an hour at most (domain.md 7.3).

Rules report tracks and zones. What they confirm of one target under one code within half an hour is one lead here;
smoke that touches a fire is the fire's. What is graver than the lead that stands is never hidden in it: it becomes a
lead of its own. Beyond `MOST_AN_HOUR` new leads a camera is noisy, which is a finding of its health; every lead that is
held back is counted and named.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from api.contract.catalogue import catalogue
from streams.clock import CaptureTime
from vision.leads import CloseReason, Lead, LeadChange, LeadKey, LeadState, Xyxy

MERGE_S = 1800.0
"""The same target and code within so long are one lead."""

MOST_AN_HOUR = 3
"""New leads of a camera; more of them tell of a camera or a model that sees ghosts."""

HOUR_S = 3600.0
_REMEMBERED = 64
_NEVER_TOO_MANY = frozenset({"V17_DEVICE_TAMPER"})
"""A camera that is tampered with is told of, however noisy it was."""
_ACTIONS = ("watch", "warn_only", "lead")


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A confirmed lead that became none of its own: merged into another, or one too many of a noisy camera."""

    key: LeadKey
    violation_code: str
    zone: str
    time: CaptureTime
    reason: CloseReason
    into: LeadKey | None


@dataclass(slots=True)
class _Event:
    """
    One lead as it is told.

    Attributes:
        lead: as it was first confirmed: its name, rule and code.

        seen: when it was last seen, in whatever epoch.

        parts: the leads of rules that are under way in it.

        past: those that are over, as one; ``None`` while all are under way.
    """

    lead: Lead
    seen: CaptureTime
    parts: dict[LeadKey, Lead] = field(default_factory=dict)
    past: Lead | None = None

    @property
    def is_open(self) -> bool:
        return bool(self.parts)

    def told(self) -> Lead:
        """Return the lead with all that its parts show."""
        parts = [*([] if self.past is None else [self.past]), *self.parts.values()]
        whole = parts[0]
        for part in parts[1:]:
            whole = _joined(whole, part, self.lead.violation_code)
        return replace(
            whole,
            key=self.lead.key,
            rule_id=self.lead.rule_id,
            rule_version=self.lead.rule_version,
            rule_params=self.lead.rule_params,
            violation_code=self.lead.violation_code,
            track=self.lead.track,
            confirmed=self.lead.confirmed,
            state=LeadState.CONFIRMED if self.is_open else LeadState.CLOSED,
            reason=None if self.is_open else whole.reason,
        )

    def close(self, part: Lead) -> None:
        """Let a part be over."""
        del self.parts[part.key]
        self.past = part if self.past is None else _joined(self.past, part, self.lead.violation_code)


def _joined(a: Lead, b: Lead, code: str) -> Lead:
    """Return two leads of one epoch as one: from the first to the last, the surest peak of the code."""
    newest = b if b.last.pts_s >= a.last.pts_s else a
    peaks = sorted((a, b), key=lambda one: (one.violation_code == code, one.peak.confidence))
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
    """Turns what a camera's rules confirm into the leads that are told; a function of what it was given."""

    def __init__(self) -> None:
        self._events: list[_Event] = []
        self._opened: deque[CaptureTime] = deque()
        self._held_back: deque[HeldBack] = deque(maxlen=_REMEMBERED)
        self.merged = 0
        self.suppressed = 0
        self._noisy_since: CaptureTime | None = None

    @property
    def held_back(self) -> Sequence[HeldBack]:
        """The newest leads that were held back, oldest first."""
        return tuple(self._held_back)

    @property
    def noisy_since(self) -> CaptureTime | None:
        """When the camera made one lead too many, within the last hour; ``None`` while it did not."""
        return self._noisy_since

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The leads under way as last told."""
        return [event.told() for event in self._events if event.is_open]

    def take(self, changes: Iterable[LeadChange], time: CaptureTime) -> list[LeadChange]:
        """Return what the rules' changes of the picture at `time` are to the leads that are told."""
        self._events = [e for e in self._events if e.is_open or _apart_s(time, e.seen) <= MERGE_S]
        while self._opened and _apart_s(time, self._opened[0]) > HOUR_S:
            self._opened.popleft()
        if self._noisy_since is not None and _apart_s(time, self._noisy_since) > HOUR_S:
            self._noisy_since = None
        told: list[LeadChange] = []
        # The gravest first: what is confirmed in the same picture joins it, not the other way round.
        for change in sorted(changes, key=lambda change: -_rank(change.lead)[0]):
            told += self._moved(change, time)
        return told

    def grow(self, leads: Iterable[Lead]) -> None:
        """Take in how the rules' open leads stand now."""
        current = {lead.key: lead for lead in leads}
        for event in self._events:
            for key in event.parts:
                if key in current:
                    event.parts[key] = current[key]
                    event.seen = current[key].last

    def _moved(self, change: LeadChange, time: CaptureTime) -> list[LeadChange]:
        lead = change.lead
        if lead.state is LeadState.CONFIRMED and change.previous is LeadState.CANDIDATE:
            return self._confirmed(lead, time)
        if lead.state is LeadState.CLOSED:
            return self._closed(lead)
        return [change]

    def _confirmed(self, lead: Lead, time: CaptureTime) -> list[LeadChange]:
        event = next((event for event in reversed(self._events) if _is_same(event, lead)), None)
        if event is not None:
            self.merged += 1
            event.seen = time
            held_back = self._hold_back(lead, time, CloseReason.MERGED, event.lead.key)
            if event.lead.first.epoch != lead.first.epoch:
                return [held_back]
            was_open = event.is_open
            event.parts[lead.key] = lead
            return [held_back] if was_open else [held_back, LeadChange(event.told(), LeadState.CLOSED)]
        if len(self._opened) >= MOST_AN_HOUR and lead.violation_code not in _NEVER_TOO_MANY:
            self.suppressed += 1
            self._noisy_since = time
            return [self._hold_back(lead, time, CloseReason.NOISY, None)]
        self._opened.append(time)
        self._events.append(_Event(lead, time, {lead.key: lead}))
        return [LeadChange(lead, LeadState.CANDIDATE)]

    def _closed(self, lead: Lead) -> list[LeadChange]:
        for event in self._events:
            if lead.key in event.parts:
                event.close(lead)
                return [] if event.is_open else [LeadChange(event.told(), LeadState.CONFIRMED)]
        return []  # held back

    def _hold_back(self, lead: Lead, time: CaptureTime, reason: CloseReason, into: LeadKey | None) -> LeadChange:
        self._held_back.append(HeldBack(lead.key, lead.violation_code, lead.peak.zone, time, reason, into))
        return LeadChange(replace(lead, state=LeadState.DROPPED, confirmed=None, reason=reason), LeadState.CANDIDATE)


def _is_same(event: _Event, lead: Lead) -> bool:
    """Whether a newly confirmed lead is of the event's target and no graver."""
    known = event.lead
    if _rank(lead) > _rank(known):
        return False
    if known.violation_code == lead.violation_code:
        return _target(known) == _target(lead)
    if (known.peak.class_name, lead.peak.class_name) != ("fire", "smoke"):
        return False
    return lead.peak.zone in {"", known.peak.zone} and _touch(event.told().peak.xyxy, lead.peak.xyxy)


def _target(lead: Lead) -> tuple[str, str]:
    """Return whose outlet or ground it is; the zone where nobody is named, the whole view where there is no zone."""
    judged = lead.judgement
    if judged is None or judged.target is None:
        return lead.peak.zone, ""
    return judged.target.uscc or judged.target.name or lead.peak.zone, judged.target.outlet


def _rank(lead: Lead) -> tuple[int, int]:
    """Return how grave a lead is: its class, and what is proposed to follow."""
    row = catalogue().get(lead.violation_code)
    action = "lead" if lead.judgement is None else lead.judgement.disposition.action
    return int(row is not None and row.never_warn_only), _ACTIONS.index(action)


def _touch(a: Xyxy, b: Xyxy) -> bool:
    """Whether two boxes overlap once `a` is grown by half its size to every side."""
    width, height = (a[2] - a[0]) / 2, (a[3] - a[1]) / 2
    across = b[0] < a[2] + width and b[2] > a[0] - width
    return across and b[1] < a[3] + height and b[3] > a[1] - height


def _apart_s(now: CaptureTime, then: CaptureTime) -> float:
    """Return seconds between two times, by UTC across epochs."""
    if now.epoch == then.epoch:
        return now.seconds_since(then)
    return (now.utc - then.utc).total_seconds()
