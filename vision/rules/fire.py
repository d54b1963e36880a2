"""
The fire rule: visible flames that last.

The catalogue has no code for a fire: open burning is proposed, and reasons, points and priority of the lead make it a
fire alarm (`vision.leads.judgement`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from vision.config.camera import CameraConfig
from vision.config.rules import RuleConfig
from vision.config.zones import ZoneKind
from vision.confirm.classifier import TrackClassifier
from vision.rules.visible import VisibleRule

CLASS_NAME = "fire"
VERSION = "1.0.0"
VIOLATION_CODE = "V04_WASTE_BURN"
"""Open flames are open burning by default (domain.md 7.1); a zone may propose another code."""
CODES: Mapping[ZoneKind, str] = MappingProxyType({ZoneKind.FIELD: "V03_STRAW_BURN", ZoneKind.NO_BBQ: "V05_OPEN_BBQ"})
"""Codes by the kind of zone."""


def fire_rule(
    name: str, config: RuleConfig, camera: CameraConfig, zone: ZoneInfo, classifier: TrackClassifier | None = None
) -> VisibleRule:
    """Return the fire rule `name` for one camera; `zone` is the time zone its schedule is read in."""
    return VisibleRule.from_config(
        rule_id="fire.visible" if name == CLASS_NAME else f"fire.visible.{name}",
        version=VERSION,
        class_name=CLASS_NAME,
        violation_code=VIOLATION_CODE,
        config=config,
        camera=camera,
        zone=zone,
        codes=CODES,
        classifier=classifier,
        minds_hours=False,
    )
