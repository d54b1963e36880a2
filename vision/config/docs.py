"""
The configuration's documentation, rendered from its own descriptions.

``python -m vision.config.docs docs/configuration.md`` writes the file; a test holds the committed one to it.
"""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vision.config.alerts import AlertConfig
from vision.config.camera import Art41Config, CameraConfig, ZoneConfig
from vision.config.enterprises import EnterpriseConfig, PositiveListConfig
from vision.config.hours import ScheduleConfig
from vision.config.rules import RuleConfig, ViolationRuleConfig
from vision.config.sections import BudgetConfig, DetectorConfig, EvidenceConfig, MembershipConfig, SiteConfig
from vision.config.stream import StreamConfig
from vision.config.worker import WorkerConfig

EXAMPLE = """\
[site]
name = "East works"
division = "110112"

[stream]
analysis_fps = 2.0

[[cameras]]
id = "stack-east"
name = "East stack"
source = "rtsp://user:password@192.0.2.10/stream1"
lon = 116.65
lat = 39.91

[[cameras.zones]]
name = "outlets"
polygon = [[0.40, 0.05], [0.70, 0.05], [0.70, 0.55], [0.40, 0.55]]
owner = "91110000802100433B"
outlet = "DA001"

[[cameras.zones]]
name = "neighbour"
kind = "mask"
polygon = [[0.0, 0.6], [0.3, 0.6], [0.3, 1.0], [0.0, 1.0]]

[[enterprises]]
uscc = "91110000802100433B"
name = "Example heating company"
risk = "yellow"

[enterprises.positive_list]
from = 2026-07-01
version = "2026-07"

[[alerts]]
level = "orange"
from = 2026-12-01T00:00:00
to = 2026-12-04T00:00:00
order = "Alert order 2026-3"
measures = ["earthwork", "production"]

[rules.smoke]
threshold = 0.35

[rules.outlets]             # a second smoke rule, for the outlets alone
kind = "smoke"
zones = ["outlets"]
violation_code = "V01_STACK_SMOKE"

[[rules.outlets.schedule]]  # at night, over midnight
days = ["mon", "tue", "wed", "thu", "fri"]
from = "20:00"
to = "06:00"

[[violations.V05_OPEN_BBQ.schedule]]  # when grilling is banned in zones of kind no_bbq
from = "17:00"
to = "24:00"
"""

_HEAD = f"""\
# Configuration of a worker

<!-- Made by `python -m vision.config.docs docs/configuration.md` from the descriptions in the code. Do not edit. -->

One TOML file, given with `--config FILE`. Every key has a default except those marked *required*; an empty file is
valid. An unknown key or a wrong value is refused with its full path: `plumewatch check-config FILE` tells all of them
at once. Numbers carry their unit in the name: `_s` seconds, `_fps` pictures a second, `_m` metres, `_deg` degrees.

```toml
{EXAMPLE}```
"""

_IN_THE_REGISTER = (
    "The API's [register](register.md) comes first, and from 0.2 on it is the only place: `plumewatch registry "
    "from-config FILE` enters what stands here."
)

_TABLES: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("[site]", SiteConfig, ""),
    ("[detector]", DetectorConfig, ""),
    ("[evidence]", EvidenceConfig, ""),
    ("[budget]", BudgetConfig, ""),
    ("[worker]", MembershipConfig, ""),
    ("[stream]", StreamConfig, ""),
    ("[[cameras]]", CameraConfig, "One table a camera."),
    ("[cameras.art41]", Art41Config, ""),
    ("[cameras.stream]", StreamConfig, "The keys of `[stream]`; those given here hold for this camera."),
    ("[[cameras.zones]]", ZoneConfig, ""),
    ("[[cameras.zones.schedule]]", ScheduleConfig, ""),
    ("[[enterprises]]", EnterpriseConfig, _IN_THE_REGISTER),
    ("[enterprises.positive_list]", PositiveListConfig, ""),
    ("[[alerts]]", AlertConfig, _IN_THE_REGISTER),
    ("[rules.NAME]", RuleConfig, "`[rules.smoke]` and `[rules.fire]` are there without being written."),
    ("[[rules.NAME.schedule]]", ScheduleConfig, ""),
    (
        "[violations.CODE]",
        ViolationRuleConfig,
        "A rule of the catalogue, e.g. `[violations.V05_OPEN_BBQ]`; `plumewatch rules list` tells what it needs.",
    ),
    ("[[violations.CODE.schedule]]", ScheduleConfig, ""),
)


def render() -> str:
    """Return the documentation as Markdown."""
    parts = [_HEAD]
    documented: set[type[BaseModel]] = set()
    for title, model, note in _TABLES:
        parts.append(f"\n## `{title}`\n\n{note or model.__doc__ or ''}\n")
        if model not in documented:
            parts.append("\n| key | kind | default | meaning |\n|---|---|---|---|\n")
            parts.extend(f"{row}\n" for row in _rows(model))
        documented.add(model)
    return "".join(parts)


def walk(model: type[BaseModel] = WorkerConfig, path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield the path and field of every key of the configuration, nested tables included."""
    for name, info in model.model_fields.items():
        here = f"{path}.{info.alias or name}".removeprefix(".")
        yield here, info
        for inner in _models(info.annotation):
            yield from walk(inner, here)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 (any annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        if not any(_models(info.annotation)):
            meaning = (info.description or "").replace("|", "\\|")
            yield f"| `{info.alias or name}` | {_kind(info)} | {_default(info)} | {meaning} |"


def _kind(info: FieldInfo) -> str:
    """Return the kind of value in words, with its limits."""
    limits = []
    for limit in info.metadata:
        for attribute, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
            if (bound := getattr(limit, attribute, None)) is not None:
                limits.append(f"{sign} {bound}")
    return ", ".join([_type_in_words(info.annotation), *limits])


def _type_in_words(annotation: Any) -> str:  # noqa: ANN401 (any annotation)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_in_words(parts[0])
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in (Union, UnionType):
        return _type_in_words(next(part for part in parts if part is not type(None)))
    if origin is tuple:
        return f"list of {_type_in_words(parts[0])}"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    name: str = annotation.__name__
    return {"str": "text", "float": "number", "int": "whole number", "bool": "`true` or `false`"}.get(name, name)


def _default(info: FieldInfo) -> str:
    default = info.default
    if default is PydanticUndefined:
        return "*required*"
    if default is None:
        return "none"
    if isinstance(default, tuple):
        return f"`[{', '.join(str(item) for item in default)}]`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, int | float):
        return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
    return f'`"{default}"`'


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
