"""
Recent leads: what is remembered of a camera's reported leads, to recognise another lead of the same event.

Confirmations of one target under one code within half an hour are one lead (domain.md 7.3), across a restart too: leads
whose evidence is on disk are remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import TypeAdapter

from api.contract.catalogue import catalogue
from api.contract.reasons import DispositionReason
from models.detections import Xyxy
from vision.leads.lead import Lead, LeadKey

MERGE_S = 1800.0
"""Seconds within which the same target and code are one lead."""

_ACTIONS = ("watch", "warn_only", "lead")


@dataclass(frozen=True, slots=True)
class RecentLead:
    """
    A reported lead.

    Attributes:
        key: of the lead, within the worker run that reported it.

        confirmed: aware UTC; unique together with the key.

        seen: aware UTC of when it was last seen.

        violation_code: proposed, see `Lead`.

        class_name, zone: of its peak.

        target: owner of the outlet or ground; else the zone, else the whole view.

        rank: gravity by class and proposed action.

        xyxy: of its peak, in source-image pixels.
    """

    key: LeadKey
    confirmed: datetime
    seen: datetime
    violation_code: str
    class_name: str
    zone: str
    target: tuple[str, str]
    rank: tuple[int, int]
    xyxy: Xyxy

    @classmethod
    def of(cls, lead: Lead) -> Self:
        """Return what is remembered of a confirmed lead."""
        return cls(
            key=lead.key,
            confirmed=(lead.confirmed or lead.first).utc,
            seen=lead.last.utc,
            violation_code=lead.violation_code,
            class_name=lead.peak.class_name,
            zone=lead.peak.zone,
            target=_target(lead),
            rank=rank(lead),
            xyxy=lead.peak.xyxy,
        )

    @property
    def identity(self) -> tuple[LeadKey, datetime]:
        """Identifies a lead: keys repeat after new zones or a restart, but a lead is confirmed once."""
        return self.key, self.confirmed

    def is_recent(self, utc: datetime) -> bool:
        """Whether a confirmation at `utc` can still be the same event."""
        return 0 <= (utc - self.seen).total_seconds() <= MERGE_S

    def includes(self, lead: Lead) -> bool:
        """Whether a new lead is of the same target and not graver; smoke that touches a fire belongs to it."""
        if rank(lead) > self.rank:
            return False
        if self.violation_code == lead.violation_code:
            return self.target == _target(lead)
        if (self.class_name, lead.peak.class_name) != ("fire", "smoke"):
            return False
        return lead.peak.zone in {"", self.zone} and _touch(self.xyxy, lead.peak.xyxy)


def as_json(told: Sequence[RecentLead]) -> bytes:
    """Return reported leads as a JSON array."""
    return _SEVERAL.dump_json(tuple(told), indent=1)


def from_json(data: bytes) -> tuple[RecentLead, ...]:
    """Return what `as_json` wrote; raise `ValueError` for anything else."""
    found = _SEVERAL.validate_json(data)
    if any(one.seen.tzinfo is None or one.confirmed.tzinfo is None for one in found):
        raise ValueError("leads that were told must have aware times")
    return found


_SEVERAL = TypeAdapter(tuple[RecentLead, ...])


def rank(lead: Lead) -> tuple[int, int]:
    """Return how grave a lead is: fire alarm, severity of the class, proposed action."""
    row = catalogue().get(lead.violation_code)
    action = "lead" if lead.judgement is None else lead.judgement.disposition.action
    grave = 2 if is_fire_alarm(lead) else int(row is not None and row.never_warn_only)
    return grave, _ACTIONS.index(action)


def is_fire_alarm(lead: Lead) -> bool:
    """Whether a judged lead is of flames that no zone explains."""
    return lead.judgement is not None and DispositionReason.FIRE_ALARM in lead.judgement.disposition.reasons


def _target(lead: Lead) -> tuple[str, str]:
    judged = lead.judgement
    if judged is None or judged.target is None:
        return lead.peak.zone, ""
    return judged.target.uscc or judged.target.name or lead.peak.zone, judged.target.outlet


def _touch(a: Xyxy, b: Xyxy) -> bool:
    """Whether two boxes overlap after `a` is enlarged by half its size on every side."""
    width, height = (a[2] - a[0]) / 2, (a[3] - a[1]) / 2
    across = b[0] < a[2] + width and b[2] > a[0] - width
    return across and b[1] < a[3] + height and b[3] > a[1] - height
