"""
Judgement: the responsible party, the law, the proposed action and the priority of a lead (domain.md 6.5, 7.1, 7.3).

Risk colour and positive list change the proposed action, never the measurement. A person decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from api.contract.catalogue import catalogue
from api.contract.loop.priority import priority_of
from api.contract.reasons import DispositionReason
from api.contract.register.uscc import is_uscc
from api.contract.wire.lead import LeadTarget
from models.detector import ModelCard
from vision.config.alerts import AlertCalendar
from vision.config.camera import CameraConfig, ZoneConfig
from vision.config.enterprises import EnterpriseConfig, register_of
from vision.config.hours import schedule_of
from vision.config.worker import WorkerConfig
from vision.config.zones import ZoneKind
from vision.leads.circumstances import Circumstances
from vision.leads.disposition import disposition_of
from vision.leads.lead import Judgement, Lead
from vision.leads.priority import factors_of
from vision.leads.votes import votes_for
from vision.plume.readings import Measurement, Reading, measurement_of

_EXPLAINING = frozenset({ZoneKind.OUTLET, ZoneKind.PREMISES, ZoneKind.NO_BBQ})
"""Kinds of zone that explain a fire: a flare, a boiler on a plant's ground, a barbecue."""


class Judge:
    """Judges the leads of one camera by its configuration."""

    def __init__(self, camera: CameraConfig, config: WorkerConfig, card: ModelCard) -> None:
        self._zones = {zone.name: zone for zone in camera.zones}
        self._register = register_of(config.enterprises)
        self._alerts = AlertCalendar(config.alerts, config.site.zone)
        self._local = config.site.zone
        self._model = f"{card.name} {card.version}"

    def judged(self, lead: Lead, readings: Mapping[str, Sequence[Reading]]) -> Lead:
        """Return the lead with the measurement from the readings above its outlet, and with its judgement."""
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
        """Return the judgement of a lead."""
        zone = self._zones.get(lead.peak.zone)
        enterprise = None if zone is None else self._register.get(zone.owner)
        day = lead.first.utc.astimezone(self._local).date()
        around = Circumstances(
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
        """Whether a zone explains a fire in it, at its hours."""
        if zone is None or zone.kind not in _EXPLAINING:
            return False
        return schedule_of(zone.schedule, self._local).holds(lead.first.utc)


def _is_during(reading: Reading, lead: Lead) -> bool:
    return reading.time.epoch == lead.first.epoch and reading.time.seconds_since(lead.first) >= 0


def _ground_of(measured: Measurement | None, limit: float) -> DispositionReason:
    """Return the reason that the readings at an outlet give for visible smoke."""
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
