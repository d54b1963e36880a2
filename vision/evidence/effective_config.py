"""
The configuration in force for one camera, as a file of its evidence packages, and back again.

``config.json`` holds what a verdict on this camera's pictures depends on and nothing else: no addresses, no other
cameras, no owners that its zones do not name. Its SHA-256 is the manifest's ``config_sha256``.
"""

import json
from collections.abc import Iterator
from typing import Any

from api.contract.trust.stamp import canonical_json
from vision.config.camera import CameraConfig
from vision.config.rules import RuleConfig, RuleKind, ViolationRuleConfig
from vision.config.worker import ConfigError, WorkerConfig, parse_recorded

CONFIG = "config.json"
NOT_RECORDED = "not-recorded"
"""Stands where the camera's address was: the manifest names it by its hash."""

_FORMAT = "config/1"


def in_force(config: WorkerConfig, camera: CameraConfig) -> bytes:
    """Return ``config.json`` for a lead of `camera`, which may have changed since `config` was read; RFC 8785."""
    owners = {zone.owner for zone in camera.zones if zone.owner}
    own = {name: getattr(camera.stream, name) for name in camera.stream.model_fields_set}
    kept = config.model_copy(
        update={
            "cameras": (camera.model_copy(update={"source": NOT_RECORDED}),),
            "enterprises": tuple(each for each in config.enterprises if owners & {each.uscc, each.name}),
            "rules": dict(_rules_of(config, camera)),
            "violations": {code: _told_alone(rule, camera) for code, rule in config.violations.items()},
            "stream": config.stream.model_copy(update=own),
        }
    )
    values = kept.model_dump(mode="json", by_alias=True, exclude={"worker"})
    del values["cameras"][0]["stream"]
    return canonical_json({"schema": _FORMAT, "config": values})


def _rules_of(config: WorkerConfig, camera: CameraConfig) -> Iterator[tuple[str, RuleConfig]]:
    """Yield the rules that look at `camera`, told for it alone; the standing ones that do not, switched off."""
    zones = {zone.name for zone in camera.zones}
    for name, rule in config.rules.items():
        is_meant = not rule.cameras or camera.id in rule.cameras
        if is_meant and (not rule.zones or zones & set(rule.zones)):
            confined = tuple(zone for zone in rule.zones if zone in zones)
            yield name, rule.model_copy(update={"cameras": (), "zones": confined})
        elif name in set(RuleKind):
            yield name, rule.model_copy(update={"cameras": (), "zones": (), "enabled": False})


def _told_alone(rule: ViolationRuleConfig, camera: CameraConfig) -> ViolationRuleConfig:
    """Return a rule of the catalogue for `camera` alone: on where it works on that camera."""
    is_meant = not rule.cameras or camera.id in rule.cameras
    return rule.model_copy(update={"cameras": (), "enabled": rule.enabled and is_meant})


def read_in_force(data: bytes, source: str) -> WorkerConfig:
    """Return the configuration in ``config.json``, its camera reading `source`; raise `ConfigError`."""
    try:
        content: Any = json.loads(data)
    except ValueError as error:
        raise ConfigError(f"{CONFIG} is not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("schema") != _FORMAT or not isinstance(content.get("config"), dict):
        raise ConfigError(f"{CONFIG} is not of the schema {_FORMAT}")
    values = content["config"]
    for camera in values.get("cameras", ()):
        camera["source"] = source
    return parse_recorded(values)
