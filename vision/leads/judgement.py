"""
Judging a lead: whose it is, under what law, what follows and why, and what speaks for it (domain.md 6.5, 7.1, 7.3).

Risk colour and positive list change what follows, never what was measured. Everything here is a proposal for a person.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from api.contract.catalogue import Violation, catalogue
from api.contract.reasons import DispositionReason
from api.contract.register.enterprise import Risk
from api.contract.register.uscc import is_uscc
from api.contract.schema import LeadDisposition, LeadFactor, LeadTarget, LeadVote, Priority
from models.detector import ModelCard
from vision.config.alerts import AlertCalendar, AlertConfig
from vision.config.enterprises import EnterpriseConfig, register_of
from vision.config.hours import schedule_of
from vision.config.sections import CameraConfig, ZoneConfig
from vision.config.worker import WorkerConfig
from vision.config.zones import ZoneKind
from vision.leads.lead import Judgement, Lead
from vision.plume.readings import Measurement, Reading, measurement_of
from vision.plume.validity import VALID

_LEAST_SEVERITY = 5
_SHORTEST_S = 60.0
"""The shortest persistence of domain.md 7.2: the limit of what has no row of its own."""

_COLOUR_POINTS = {Risk.RED: 30, Risk.YELLOW: 15, Risk.GREEN: 0, Risk.NONE: 0}
_LISTED_POINTS = -10
_ALERT_POINTS = 20
_CONFIRMED_POINTS = 5
_MOST_CONFIRMED_POINTS = 15
_MOST_DURATION_POINTS = 10
_INVALID_POINTS = -15
_FIRE_POINTS = 150
"""A fire alarm comes before whatever else: the other factors reach 145, on-line data and complaints included."""

_FLAMES = "fire"
"""The class of flames."""
_EXPLAINING = frozenset({ZoneKind.OUTLET, ZoneKind.PREMISES, ZoneKind.NO_BBQ})
"""Kinds of zone that say what burns: a flare, a boiler on a plant's ground, a barbecue."""

_SEVERE_GRADE = 3.0
_SEVERE_OPACITY = 0.6
"""From here on no colour makes a finding minor (domain.md 6.5)."""

_RISK_REASONS = {
    Risk.RED: DispositionReason.RED_RISK,
    Risk.YELLOW: DispositionReason.YELLOW_RISK,
    Risk.GREEN: DispositionReason.GREEN_RISK,
}

_WATCHED = frozenset(
    {
        DispositionReason.NOT_MEASURED,
        DispositionReason.NO_GRADE,
        DispositionReason.BELOW_LIMIT,
        DispositionReason.NOT_LASTING,
    }
)
"""What is seen at an outlet and is no violation yet (domain.md 7.2, V01: watch)."""


def priority_of(score: int) -> Priority:
    """Return the class of a score: P1 from 70, P2 from 40."""
    return Priority.P1 if score >= 70 else Priority.P2 if score >= 40 else Priority.P3


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What is known around one lead on its day."""

    lead: Lead
    row: Violation | None
    enterprise: EnterpriseConfig | None
    is_unregistered: bool
    day: date
    zone: ZoneConfig | None
    is_listed: bool
    alert: AlertConfig | None
    is_explained: bool

    @property
    def risk(self) -> Risk:
        return Risk.NONE if self.enterprise is None else self.enterprise.risk

    def confirmed_within(self, months: int) -> int:
        """Return the enterprise's confirmed violations of the last `months` before the day."""
        if self.enterprise is None:
            return 0
        return sum(_months_back(self.day, months) <= day <= self.day for day in self.enterprise.confirmed)

    @property
    def is_severe(self) -> bool:
        """Whether grade or opacity alone rule out that it is minor."""
        measured = self.lead.measurement
        if measured is None:
            return False
        grade, opacity = measured.peak_grade or 0.0, max(measured.opacity or 0.0, measured.least or 0.0)
        return grade >= _SEVERE_GRADE or opacity >= _SEVERE_OPACITY

    @property
    def is_flames(self) -> bool:
        """Whether flames were seen."""
        return self.lead.peak.class_name == _FLAMES

    @property
    def is_fire_alarm(self) -> bool:
        """Whether flames were seen that no zone explains."""
        return self.is_flames and not self.is_explained

    @property
    def is_code_proposed(self) -> bool:
        """Whether the code is only the rule's usual one: no zone says it, by its kind or in so many words."""
        if self.zone is None:
            return True
        if self.row is None or self.zone.violation_code == self.row.code:
            return False
        return self.zone.kind.value not in self.row.zones

    @property
    def is_grave(self) -> bool:
        """Whether the class of violation is never merely warned of."""
        return self.row is not None and self.row.never_warn_only

    @property
    def is_unmeasured(self) -> bool:
        """Whether a number was to be had and is not valid."""
        return self.lead.measurement is not None and self.lead.measurement.validity != VALID


class Judge:
    """Judges the leads of one camera by the configuration in force."""

    def __init__(self, camera: CameraConfig, config: WorkerConfig, card: ModelCard) -> None:
        self._zones = {zone.name: zone for zone in camera.zones}
        self._register = register_of(config.enterprises)
        self._alerts = AlertCalendar(config.alerts, config.site.zone)
        self._local = config.site.zone
        self._model = f"{card.name} {card.version}"

    def judged(self, lead: Lead, readings: Mapping[str, Sequence[Reading]]) -> Lead:
        """Return the lead with what the readings above its outlet amount to, and with what is proposed for it."""
        zone = self._zones.get(lead.peak.zone)
        if zone is not None and zone.kind is ZoneKind.OUTLET and lead.rule_id.startswith("smoke.visible"):
            series = [r for r in readings.get(zone.name, ()) if _is_during(r, lead)]
            measurement = measurement_of(series) or lead.measurement
            lead = replace(
                lead,
                measurement=measurement,
                grounds=(_ground_of(measurement, zone.grade_limit),),
                rule_params={**lead.rule_params, "grade_limit": zone.grade_limit},
            )
        return replace(lead, judgement=self.judge(lead))

    def judge(self, lead: Lead) -> Judgement:
        """Return what is proposed for a lead as it stands."""
        zone = self._zones.get(lead.peak.zone)
        enterprise = None if zone is None else self._register.get(zone.owner)
        day = lead.first.utc.astimezone(self._local).date()
        around = _Circumstances(
            lead=lead,
            row=catalogue().get(lead.violation_code),
            enterprise=enterprise,
            is_unregistered=zone is not None and zone.owner != "" and enterprise is None,
            day=day,
            zone=zone,
            is_listed=_is_listed(enterprise, day),
            alert=self._alerts.at(lead.first.utc),
            is_explained=self._explains(zone, lead),
        )
        factors = tuple(factors_of(around))
        score = max(0, sum(factor.points for factor in factors))
        return Judgement(
            target=_target(zone, enterprise, is_listed=around.is_listed),
            legal=catalogue().legal_at(lead.violation_code, day),
            disposition=disposition_of(around, priority_of(score)),
            votes=tuple(votes_for(lead, self._model)),
            factors=factors,
            score=score,
            priority=priority_of(score),
        )

    def _explains(self, zone: ZoneConfig | None, lead: Lead) -> bool:
        """Whether a zone says what burns in it, at its hours."""
        if zone is None or zone.kind not in _EXPLAINING:
            return False
        return schedule_of(zone.schedule, self._local).holds(lead.first.utc)


def factors_of(around: _Circumstances) -> Iterator[LeadFactor]:
    """
    Yield what the score of domain.md 6.5 is made of, what adds nothing included; the score is their sum, at least 0.

    On-line exceedance and clustered complaints add to it once they are connected. A fire alarm stands above the table.
    """
    row, lead = around.row, around.lead
    durations = row.durations if row else {}
    limit_s = durations.get("seen_s", _SHORTEST_S)
    limit_s = durations.get("fire_s", limit_s) if around.is_flames else limit_s
    duration_s = lead.last.seconds_since(lead.first)
    confirmed = around.confirmed_within(12)
    if around.is_fire_alarm:
        yield LeadFactor(name="fire_alarm", points=_FIRE_POINTS)
    if around.is_listed:
        yield LeadFactor(name="positive_list", points=_LISTED_POINTS)
    else:
        yield LeadFactor(name="risk", points=_COLOUR_POINTS[around.risk], says=around.risk.value)
    level = "" if around.alert is None else around.alert.level.value
    yield LeadFactor(name="alert", points=_ALERT_POINTS if around.alert is not None else 0, says=level)
    yield LeadFactor(name="severity", points=row.severity if row else _LEAST_SEVERITY, says=lead.violation_code[:64])
    yield LeadFactor(
        name="confirmed", points=min(_MOST_CONFIRMED_POINTS, _CONFIRMED_POINTS * confirmed), says=str(confirmed)
    )
    yield LeadFactor(
        name="duration",
        points=min(_MOST_DURATION_POINTS, int(duration_s / max(limit_s, 1.0))),
        says=f"{duration_s:.0f} s / {limit_s:.0f} s",
    )
    if lead.measurement is not None:
        points = _INVALID_POINTS if around.is_unmeasured else 0
        yield LeadFactor(name="validity", points=points, says=lead.measurement.validity)


def disposition_of(around: _Circumstances, priority: Priority) -> LeadDisposition:
    """Return what is to be done and why, the strongest reason first."""
    reasons = list(_reasons(around))
    is_lenient = around.is_listed or around.risk is Risk.GREEN
    is_minor = not (around.is_grave or around.is_severe or around.confirmed_within(24))
    action: Literal["lead", "warn_only", "watch"] = "lead"
    if around.is_fire_alarm:
        action = "lead"
    elif _WATCHED & set(reasons) and not (around.is_severe or DispositionReason.OVER_LIMIT in reasons):
        action = "watch"
    elif is_lenient and is_minor:
        action = "warn_only"
        reasons.append(DispositionReason.FIRST_MINOR)
    return LeadDisposition(
        action=action,
        notify=["queue"] if action == "watch" else list(_notified(around, priority)),
        approval_required=around.is_listed,
        reasons=[reason.value for reason in reasons],
    )


def _reasons(around: _Circumstances) -> Iterator[DispositionReason]:
    """Yield why, the strongest first: what was seen, then whose it is."""
    if around.is_flames:
        yield DispositionReason.FIRE_ALARM if around.is_fire_alarm else DispositionReason.FLAMES_EXPLAINED
    if around.is_grave:
        yield DispositionReason.GRAVE_CLASS
    yield from around.lead.grounds
    if around.is_code_proposed:
        yield DispositionReason.CODE_PROPOSED
    if not around.lead.peak.zone:
        yield DispositionReason.UNATTRIBUTED
    if around.is_severe:
        yield DispositionReason.SEVERE
    if around.alert is not None:
        yield DispositionReason.ALERT_IN_FORCE
    yield from _reasons_of_owner(around)


def _reasons_of_owner(around: _Circumstances) -> Iterator[DispositionReason]:
    if around.confirmed_within(24):
        yield DispositionReason.REPEATED
    if around.is_unregistered:
        yield DispositionReason.UNREGISTERED
    if around.is_listed:
        yield DispositionReason.POSITIVE_LIST
    if around.risk in _RISK_REASONS:
        yield _RISK_REASONS[around.risk]
    if around.risk is Risk.GREEN and not around.is_listed:
        yield DispositionReason.NON_SITE_FIRST


def _notified(around: _Circumstances, priority: Priority) -> Iterator[str]:
    """Yield who is told: by colour and list, and by urgency whatever these are."""
    is_red = around.risk is Risk.RED and not around.is_listed
    is_yellow = around.risk is Risk.YELLOW and not around.is_listed
    if is_red or around.is_grave or priority is Priority.P1:
        yield "wall_alarm"
    if is_red or is_yellow or priority is Priority.P1:
        yield "duty_phone"
    if is_red:
        yield "team_leader"
    yield "queue"
    if around.is_listed:
        yield "company"


def votes_for(lead: Lead, model: str) -> Iterator[LeadVote]:
    """Yield what speaks for a lead independently of each other: the model, physics, the rule (domain.md 7.3)."""
    peak, measured = lead.peak, lead.measurement
    if peak.confidence > 0:
        yield LeadVote(source="model", name=model, says=f"{peak.class_name} {peak.confidence:.2f}")
    change = peak.measures.get("most_change_ratio", peak.measures.get("change_ratio"))
    least_change = lead.rule_params.get("min_change")
    if change is not None and isinstance(least_change, float | int) and change >= least_change > 0:
        yield LeadVote(source="physics", name="change", says=f"{change:.1f} ≥ {least_change:g}")
    if measured is not None and measured.opacity is not None:
        spread = "" if measured.sd is None else f" ± {100 * measured.sd:.0f}"
        yield LeadVote(source="physics", name="opacity", says=f"{100 * measured.opacity:.0f}{spread} %")
    elif measured is not None and measured.least:
        yield LeadVote(source="physics", name="least_opacity", says=f"≥ {100 * measured.least:.0f} %")
    limit = lead.rule_params.get("grade_limit")
    if measured is not None and measured.grade is not None and isinstance(limit, float) and measured.grade > limit:
        yield LeadVote(source="rule", name="grade_limit", says=f"{measured.grade:g} > {limit:g}")
    seconds = lead.last.seconds_since(lead.first)
    yield LeadVote(source="rule", name="persistence", says=f"{seconds:.0f} s, n = {lead.observations}")


def _is_during(reading: Reading, lead: Lead) -> bool:
    return reading.time.epoch == lead.first.epoch and reading.time.seconds_since(lead.first) >= 0


def _ground_of(measured: Measurement | None, limit: float) -> DispositionReason:
    """Return what visible smoke at an outlet is, by its readings."""
    if measured is None or (measured.opacity is None and measured.peak_grade is None):
        return DispositionReason.NOT_MEASURED
    if measured.peak_grade is None:
        return DispositionReason.NO_GRADE
    if measured.peak_grade <= limit:
        return DispositionReason.BELOW_LIMIT
    is_lasting = measured.grade is not None and measured.grade > limit
    return DispositionReason.OVER_LIMIT if is_lasting else DispositionReason.NOT_LASTING


def _target(zone: ZoneConfig | None, enterprise: EnterpriseConfig | None, *, is_listed: bool) -> LeadTarget | None:
    if zone is None or not (zone.owner or zone.outlet):
        return None
    if enterprise is None:
        uscc = zone.owner if is_uscc(zone.owner) else ""
        return LeadTarget(zone=zone.name, uscc=uscc, name=zone.owner, outlet=zone.outlet)
    return LeadTarget(
        zone=zone.name,
        uscc=enterprise.uscc,
        name=enterprise.name,
        outlet=zone.outlet,
        risk=enterprise.risk.value,
        positive_list=is_listed,
        registry_version=enterprise.registry_version,
    )


def _is_listed(enterprise: EnterpriseConfig | None, day: date) -> bool:
    return enterprise is not None and enterprise.positive_list is not None and enterprise.positive_list.holds(day)


def _months_back(day: date, months: int) -> date:
    """Return the day `months` calendar months before `day`; the 28th where that month has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))
