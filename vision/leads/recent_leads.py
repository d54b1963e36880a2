"""
Recent leads: what one camera reported lately, as far as it says whether a new lead is of the same event.

What rules confirm of one target under one code within half an hour is one lead (domain.md 7.3). A worker that is
started anew holds to that too: leads whose evidence is on disk are remembered beside the usual look of the place.
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
"""The same target and code within so long are one lead."""

_ACTIONS = ("watch", "warn_only", "lead")


@dataclass(frozen=True, slots=True)
class RecentLead:
    """
    A lead that was told.

    Attributes:
        key: of the lead, within the worker run that told it.

        confirmed: aware UTC; with the key what no other lead has.

        seen: aware UTC of when it was last seen.

        violation_code: proposed, see `Lead`.

        class_name, zone: of its peak.

        target: whose outlet or ground it is; the zone where nobody is named, the whole view where there is no zone.

        rank: how grave it is: its class, and what is proposed to follow.

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
        """Return a confirmed lead as it is remembered."""
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
        """What no other lead has: with new zones or a new run a key comes again, but a lead is confirmed once."""
        return self.key, self.confirmed

    def is_recent(self, utc: datetime) -> bool:
        """Whether what is confirmed at `utc` can still be the same event."""
        return 0 <= (utc - self.seen).total_seconds() <= MERGE_S

    def includes(self, lead: Lead) -> bool:
        """Whether a newly confirmed lead is of its target and no graver; smoke that touches a fire is the fire's."""
        if rank(lead) > self.rank:
            return False
        if self.violation_code == lead.violation_code:
            return self.target == _target(lead)
        if (self.class_name, lead.peak.class_name) != ("fire", "smoke"):
            return False
        return lead.peak.zone in {"", self.zone} and _touch(self.xyxy, lead.peak.xyxy)


def as_json(told: Sequence[RecentLead]) -> bytes:
    """Return leads that were told as a JSON array."""
    return _SEVERAL.dump_json(tuple(told), indent=1)


def from_json(data: bytes) -> tuple[RecentLead, ...]:
    """Return what `as_json` wrote; raise `ValueError` for anything else."""
    found = _SEVERAL.validate_json(data)
    if any(one.seen.tzinfo is None or one.confirmed.tzinfo is None for one in found):
        raise ValueError("leads that were told must have aware times")
    return found


_SEVERAL = TypeAdapter(tuple[RecentLead, ...])


def rank(lead: Lead) -> tuple[int, int]:
    """Return how grave a lead is: a fire alarm above all, its class, and what is proposed to follow."""
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
    """Whether two boxes overlap once `a` is grown by half its size to every side."""
    width, height = (a[2] - a[0]) / 2, (a[3] - a[1]) / 2
    across = b[0] < a[2] + width and b[2] > a[0] - width
    return across and b[1] < a[3] + height and b[3] > a[1] - height
