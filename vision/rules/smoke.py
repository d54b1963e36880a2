"""The smoke rule: visible smoke that lasts."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from zoneinfo import ZoneInfo

from vision.config.camera import CameraConfig
from vision.config.rules import RuleConfig
from vision.config.zones import ZoneKind
from vision.confirm.classifier import TrackClassifier
from vision.rules.leniency import LeniencyAt
from vision.rules.visible import VisibleRule

CLASS_NAME = "smoke"
VERSION = "1.0.0"
VIOLATION_CODE = "V01_STACK_SMOKE"
"""Default code (domain.md 7.1); a zone or the configuration may propose another."""
CODES: Mapping[ZoneKind, str] = MappingProxyType({ZoneKind.OUTLET: VIOLATION_CODE})
"""Codes by the kind of zone."""


def smoke_rule(
    name: str,
    config: RuleConfig,
    camera: CameraConfig,
    zone: ZoneInfo,
    ceded: AbstractSet[str] = frozenset(),
    classifier: TrackClassifier | None = None,
    leniency: Mapping[str, LeniencyAt] = MappingProxyType({}),
) -> VisibleRule:
    """Return the smoke rule `name` for one camera; `zone` is the time zone its schedule is read in."""
    return VisibleRule.from_config(
        rule_id="smoke.visible" if name == CLASS_NAME else f"smoke.visible.{name}",
        version=VERSION,
        class_name=CLASS_NAME,
        violation_code=VIOLATION_CODE,
        config=config,
        camera=camera,
        zone=zone,
        codes=CODES,
        ceded=ceded,
        classifier=classifier,
        leniency=leniency,
    )
