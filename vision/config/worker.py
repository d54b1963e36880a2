"""
A worker's configuration: one strict TOML file, every key described, every mistake named with its full path.

    ConfigError     the file cannot be read, is not TOML, or holds wrong keys: one line each
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from api.contract.catalogue import catalogue
from api.contract.fields import NAME_MOST, one_line
from api.contract.register.uscc import UsccError, checked_uscc, looks_like_uscc
from streams.camera import Camera, CameraId, SourceUrl, StreamSettings, WatchPolicy
from vision.config.alerts import AlertConfig
from vision.config.camera import CameraConfig
from vision.config.enterprises import EnterpriseConfig, register_of
from vision.config.rules import FIXED, RuleConfig, RuleKind, ViolationRuleConfig
from vision.config.section import Name, Section
from vision.config.sections import BudgetConfig, DetectorConfig, EvidenceConfig, MembershipConfig, SiteConfig
from vision.config.stream import StreamConfig
from vision.config.zones import ZoneKind


class ConfigError(ValueError):
    """A configuration cannot be used; each line of the message is the full path of a key and what is wrong with it."""


class WorkerConfig(Section):
    """All that a worker is told. An empty file is valid: smoke and fire everywhere, cameras from the command line."""

    site: SiteConfig = Field(default_factory=SiteConfig, description="Where this worker stands.")
    detector: DetectorConfig = Field(default_factory=DetectorConfig, description="Which model looks at the pictures.")
    evidence: EvidenceConfig = Field(default_factory=EvidenceConfig, description="What an evidence package holds.")
    stream: StreamConfig = Field(default_factory=StreamConfig, description="How streams are read.")
    worker: MembershipConfig = Field(
        default_factory=MembershipConfig, description="This worker's part in watching the cameras that admins register."
    )
    budget: BudgetConfig = Field(default_factory=BudgetConfig, description="How many false leads a camera may tell.")
    cameras: tuple[CameraConfig, ...] = Field((), description="The cameras to watch.")
    enterprises: tuple[EnterpriseConfig, ...] = Field((), description="Who owns what zones show.")
    alerts: tuple[AlertConfig, ...] = Field((), description="Heavy-pollution alerts, past and present.")
    rules: dict[Name, RuleConfig] = Field(
        default_factory=lambda: {kind.value: RuleConfig(kind=kind) for kind in RuleKind},
        description="Rules by name. `smoke` and `fire` are always there unless switched off with `enabled = false`.",
    )
    violations: dict[str, ViolationRuleConfig] = Field(
        default_factory=dict,
        description="Rules of the violation catalogue by code, e.g. `[violations.V05_OPEN_BBQ]`. A code that is left "
        "out has the defaults.",
    )

    @model_validator(mode="before")
    @classmethod
    def _with_standing_rules(cls, values: Any) -> Any:  # noqa: ANN401 (whatever was given; checked afterwards)
        """Lay the standing rules under the given ones, and let a rule named after a kind be of that kind."""
        if not isinstance(values, dict) or not isinstance(values.get("rules", {}), dict):
            return values
        rules = {**{kind.value: {} for kind in RuleKind}, **values.get("rules", {})}
        for kind in RuleKind:
            if isinstance(rules[kind.value], dict):
                rules[kind.value] = {"kind": kind.value, **rules[kind.value]}
        return {**values, "rules": rules}

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = [
            *_camera_faults(self),
            *_register_faults(self),
            *_ring_faults(self),
            *_rule_faults(self),
            *_violation_faults(self),
        ]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @classmethod
    def for_sources(cls, sources: Sequence[str]) -> Self:
        """Return the default configuration with one camera for each of `sources` (addresses or paths)."""
        return cls().with_sources(sources)

    def with_sources(self, sources: Sequence[str]) -> Self:
        """
        Return this configuration with a camera added for each of `sources`.

        A file's camera is named after the file, a network stream's ``cam-<number>``; a taken id gets a number.
        """
        cameras = list(self.cameras)
        taken = {camera.id for camera in cameras}
        for number, source in enumerate(sources, start=1):
            url = SourceUrl(source)
            wanted = _slug(url.path.stem) if url.is_file else f"cam-{number}"
            chosen = next(i for i in _numbered(wanted) if i not in taken)
            taken.add(chosen)
            cameras.append(
                CameraConfig(
                    id=chosen, name=one_line(url.path.name, NAME_MOST) if url.is_file else chosen, source=source
                )
            )
        return self.model_copy(update={"cameras": tuple(cameras)})

    def camera(self, camera: CameraId) -> CameraConfig:
        """Return the configuration of one camera; raise `KeyError` if there is none."""
        for config in self.cameras:
            if config.id == camera:
                return config
        raise KeyError(camera)

    def violation(self, code: str) -> ViolationRuleConfig:
        """Return the settings of one rule of the catalogue."""
        return self.violations.get(code, ViolationRuleConfig())

    def to_cameras(self) -> list[Camera]:
        """Return every camera as `streams` wants it."""
        return [camera.to_camera(self.stream) for camera in self.cameras]


def load_config(path: Path) -> WorkerConfig:
    """Return the configuration in the TOML file at `path`; raise `ConfigError` that names every mistake."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    return parse_config(values)


def parse_config(values: dict[str, Any]) -> WorkerConfig:
    """Return `values` (nested tables) as a configuration; raise `ConfigError` that names every mistake."""
    config = parse_recorded(values)
    if faults := list(_code_faults(config)):
        raise ConfigError("\n".join(faults))
    return config


def warnings_of(config: WorkerConfig) -> Iterator[str]:
    """Yield a sentence for each key without effect, for what the register is to hold, and for each owner not here."""
    if "magnify" in config.detector.model_fields_set:
        yield "detector.magnify: has no effect since 0.1 and will be refused from 0.2 on"
    for name, rule in config.rules.items():
        if "support" in rule.model_fields_set:
            yield f"rules.{name}.support: has no effect since 0.1 and will be refused from 0.2 on"
    for code, keys in FIXED.items():
        given = config.violation(code).model_fields_set
        yield from (f"violations.{code}.{key}: has no effect" for key in keys if key in given)
    for name, entries in (("enterprises", config.enterprises), ("alerts", config.alerts)):
        if entries:
            yield (
                f"[[{name}]]: the API's register comes before them, and they will be refused from 0.2 on: enter them "
                "there with plumewatch registry from-config"
            )
    register = register_of(config.enterprises)
    for path, owner in _owners(config):
        if owner not in register:
            yield f"{path}: {owner!r} is none of [[enterprises]]: leads name it if the API's register knows it"


def parse_recorded(values: dict[str, Any]) -> WorkerConfig:
    """
    Return `values` that were in force as a configuration; raise `ConfigError`.

    Unlike a file they may hold zones that were drawn on the wall, where no owner is refused.
    """
    try:
        return WorkerConfig.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        deeper = {fault["loc"][:-1] for fault in faults}
        # A list with a wrong item also counts as too short; the item's own line says it all.
        faults = [fault for fault in faults if fault["type"] != "too_short" or fault["loc"] not in deeper]
        lines = [line for fault in faults for line in _lines(fault)]
        raise ConfigError("\n".join(lines)) from error


def _lines(fault: Any) -> Iterator[str]:  # noqa: ANN401 (pydantic's ErrorDetails is private to pydantic_core)
    """Yield one line for each mistake of one pydantic fault."""
    path = _path(fault["loc"])
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not path:
        yield from message.split("\n")
        return
    if fault["type"] == "extra_forbidden":
        message = "unknown key" + _suggestion(fault["loc"])
    elif fault["type"] == "missing":
        message = "is required"
    else:
        message = message[:1].lower() + message[1:]
        if fault["type"] != "value_error" and not isinstance(fault["input"], dict | list):
            message += f", got {fault['input']!r}"
    yield f"{path}: {message}"


def _path(location: Sequence[str | int]) -> str:
    """Return pydantic's location as a path: ``cameras[0].stream.loop``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _suggestion(location: Sequence[str | int]) -> str:
    """Return ``; did you mean ...?`` where a known key of the same table is spelled alike, else nothing."""
    table: type[BaseModel] | None = WorkerConfig
    for part in location[:-1]:
        if isinstance(part, str) and table is not None:
            table = _TABLES.get(part, table)
    names = [info.alias or name for name, info in table.model_fields.items()] if table else []
    alike = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f"; did you mean {alike[0]}?" if alike else ""


def _tables(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, info in model.model_fields.items():
        for inner in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield name, inner
                yield from _tables(inner)


_TABLES = dict(_tables(WorkerConfig))


def _camera_faults(config: WorkerConfig) -> Iterator[str]:
    first_use: dict[str, int] = {}
    for number, camera in enumerate(config.cameras):
        if camera.id in first_use:
            yield f"cameras[{number}].id: {camera.id!r} is already the id of cameras[{first_use[camera.id]}]"
        first_use.setdefault(camera.id, number)
        seen: set[str] = set()
        for zone_number, zone in enumerate(camera.zones):
            if zone.name in seen:
                yield f"cameras[{number}].zones[{zone_number}].name: {zone.name!r} is used twice in this camera"
            seen.add(zone.name)


def _register_faults(config: WorkerConfig) -> Iterator[str]:
    first_use: dict[str, int] = {}
    for number, enterprise in enumerate(config.enterprises):
        if enterprise.uscc in first_use:
            yield f"enterprises[{number}].uscc: {enterprise.uscc} is already enterprises[{first_use[enterprise.uscc]}]"
        first_use.setdefault(enterprise.uscc, number)


def _code_faults(config: WorkerConfig) -> Iterator[str]:
    """Yield each owner that is meant as a code and is none."""
    register = register_of(config.enterprises)
    for path, owner in _owners(config):
        if looks_like_uscc(owner) and owner not in register:
            try:
                checked_uscc(owner)
            except UsccError as error:
                yield f"{path}: {error}"


def _owners(config: WorkerConfig) -> Iterator[tuple[str, str]]:
    """Yield path and owner of each zone that has one."""
    for number, camera in enumerate(config.cameras):
        for zone_number, zone in enumerate(camera.zones):
            if zone.owner:
                yield f"cameras[{number}].zones[{zone_number}].owner", zone.owner


def _ring_faults(config: WorkerConfig) -> Iterator[str]:
    rolls = config.evidence.pre_roll_s + config.evidence.post_roll_s
    for path, settings in [
        ("stream", config.stream.settings(StreamConfig())),
        *(
            (f"cameras[{i}].stream", camera.to_camera(config.stream).settings)
            for i, camera in enumerate(config.cameras)
        ),
    ]:
        step_s = _step_s(settings)
        needed = rolls + max((r.n * step_s + r.min_duration_s for r in config.rules.values() if r.enabled), default=0.0)
        if settings.ring_s < needed:
            yield (
                f"{path}.ring_s: {settings.ring_s:g} s cannot hold pre-roll, confirmation and post-roll: "
                f"needs {needed:g} s"
            )
            return


def _rule_faults(config: WorkerConfig) -> Iterator[str]:
    cameras = {camera.id: camera for camera in config.cameras}
    common = config.stream.settings(StreamConfig())
    slowest_s = max(_step_s(settings) for settings in [common, *(c.settings for c in config.to_cameras())])
    for name, rule in config.rules.items():
        if (rule.k - 1) * slowest_s > rule.window_s:
            yield (
                f"rules.{name}.window_s: {rule.window_s:g} s never hold k = {rule.k} pictures at one analysed picture "
                f"in {slowest_s:g} s"
            )
        if rule.threshold < config.detector.candidate_threshold:
            yield (
                f"rules.{name}.threshold: {rule.threshold:g} is below detector.candidate_threshold "
                f"{config.detector.candidate_threshold:g}, so such boxes never arrive"
            )
        for number, wanted in enumerate(rule.cameras):
            if wanted not in cameras:
                yield f"rules.{name}.cameras[{number}]: there is no camera {wanted!r}"
        watched = [cameras[i] for i in rule.cameras if i in cameras] if rule.cameras else list(cameras.values())
        for number, zone in enumerate(rule.zones):
            kinds = {z.kind for camera in watched for z in camera.zones if z.name == zone}
            if not kinds:
                yield f"rules.{name}.zones[{number}]: no camera of this rule has a zone {zone!r}"
            elif ZoneKind.MASK in kinds:
                yield f"rules.{name}.zones[{number}]: {zone!r} is a mask; a rule can only be confined to watch zones"


def _violation_faults(config: WorkerConfig) -> Iterator[str]:
    cameras = {camera.id for camera in config.cameras}
    ruled = [row.code for row in catalogue().violations if row.rule]
    for code, rule in config.violations.items():
        if code not in ruled:
            yield f"violations.{code}: there is no rule for it; there are {', '.join(ruled)}"
        for number, wanted in enumerate(rule.cameras):
            if wanted not in cameras:
                yield f"violations.{code}.cameras[{number}]: there is no camera {wanted!r}"


def _step_s(settings: StreamSettings) -> float:
    """Return the most seconds between two analysed pictures that the settings aim at."""
    focus_s = 1 / settings.analysis_fps
    return focus_s if settings.watch is WatchPolicy.FOCUS else max(focus_s, settings.patrol_interval_s)


def _slug(text: str) -> str:
    """Return `text` as a camera id: other characters become ``-``."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:56] or "file"


def _numbered(text: str) -> Iterator[str]:
    yield text
    number = 2
    while True:
        yield f"{text}-{number}"
        number += 1
