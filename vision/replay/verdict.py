"""Verdict: what a rule made of the pictures, and in what two verdicts differ."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from api.contract.evidence.manifest import Manifest
from vision.evidence.recorded_pictures import RecordedPicture
from vision.leads.lead import Lead


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule made of the pictures, in the terms in which two verdicts are compared."""

    rule: str
    rule_version: str
    violation_code: str
    class_name: str
    zone: str
    confirmed_utc: datetime
    peak_confidence: float

    @classmethod
    def recorded(cls, manifest: Manifest) -> "Verdict":
        """Return the verdict that a package states."""
        measured = manifest.measurements
        return cls(
            rule=manifest.rule.id,
            rule_version=manifest.rule.version,
            violation_code=manifest.violation_code,
            class_name=measured.class_name,
            zone=measured.zone or "",
            confirmed_utc=measured.confirmed_utc,
            peak_confidence=round(measured.peak_confidence, 4),
        )

    @classmethod
    def of(cls, lead: Lead) -> "Verdict":
        """Return the verdict in a lead; raise `ValueError` for one that was never confirmed."""
        if lead.confirmed is None:
            raise ValueError(f"lead {lead.key} was never confirmed")
        return cls(
            rule=lead.rule_id,
            rule_version=lead.rule_version,
            violation_code=lead.violation_code,
            class_name=lead.peak.class_name,
            zone=lead.peak.zone,
            confirmed_utc=lead.confirmed.utc,
            peak_confidence=round(lead.peak.confidence, 4),
        )


def nearest(recorded: Verdict, leads: Iterable[Lead]) -> Verdict | None:
    """Return the confirmed verdict most like the recorded one: of its rule, then its violation, then its time."""
    verdicts = [Verdict.of(lead) for lead in leads if lead.confirmed is not None]
    return min(
        verdicts,
        key=lambda each: (
            each.rule != recorded.rule,
            each.violation_code != recorded.violation_code,
            abs((each.confirmed_utc - recorded.confirmed_utc).total_seconds()),
        ),
        default=None,
    )


def differences(recorded: Verdict, found: Verdict | None, step_s: float) -> Iterator[str]:
    """Yield what makes it another verdict; a confirmation within `step_s`, one analysed picture, is the same."""
    if found is None:
        yield f"{recorded.rule} confirmed {recorded.violation_code}; judged again, nothing is confirmed"
        return
    for name, before, now in (
        ("rule", recorded.rule, found.rule),
        ("violation", recorded.violation_code, found.violation_code),
        ("class", recorded.class_name, found.class_name),
        ("zone", recorded.zone, found.zone),
    ):
        if before != now:
            yield f"the {name} was {before or 'none'}; judged again it is {now or 'none'}"
    after_s = (found.confirmed_utc - recorded.confirmed_utc).total_seconds()
    if abs(after_s) > step_s:
        when = "later" if after_s > 0 else "earlier"
        yield f"it is confirmed {abs(after_s):.1f} s {when} than recorded; one analysed picture is {step_s:.1f} s"


def step_s(pictures: Sequence[RecordedPicture], confirmed: datetime) -> float:
    """Return the longer of the steps to the analysed pictures before and after the confirmation, to the millisecond."""
    after_s = sorted((each.utc - confirmed).total_seconds() for each in pictures)
    at = min(range(len(after_s)), key=lambda number: abs(after_s[number]), default=0)
    around = after_s[max(0, at - 1) : at + 2]
    return round(max((b - a for a, b in pairwise(around)), default=0.0), 3) + 0.001
