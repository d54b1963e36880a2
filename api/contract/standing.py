"""Standing of each row of the violation catalogue at this site: at work, waiting for a zone, or not yet detectable."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from api.contract.catalogue import Violation, catalogue
from api.contract.fields import Count, Line, Name, Prose, Word
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Code
from api.contract.wire.lead import LeadLegal

KINDS_ZH: Mapping[str, str] = MappingProxyType(
    {
        "outlet": "排放口",
        "vent": "油烟排口",
        "premises": "厂区",
        "field": "农田",
        "no_burn": "禁烧区",
        "no_bbq": "禁烧烤区",
        "road": "道路",
        "works": "工地",
    }
)
"""Kinds of zone in Chinese, as the editor on the wall names them."""

PROPOSED_EVERYWHERE: Mapping[str, str] = MappingProxyType(
    {"V01_STACK_SMOKE": "smoke.visible", "V04_WASTE_BURN": "fire.visible"}
)
"""Codes that a standing rule proposes for what it sees outside every zone of the catalogue."""


class Standing(StrEnum):
    """Whether a row of the catalogue is watched for."""

    ACTIVE = "active"
    NEEDS_ZONE = "needs_zone"
    NOT_DETECTABLE = "not_detectable"


class RuleStanding(Wire):
    """One row of the catalogue, its standing and the reason."""

    code: Code
    zh: Name
    en: Name
    status: Standing
    reason_zh: Prose
    reason: Prose
    missing_classes: list[Word] = Field(
        max_length=32, description="classes without which it cannot be seen and that the model lacks"
    )
    further_classes: list[Word] = Field(
        max_length=32, description="classes that would make it surer and that the model lacks"
    )
    needed_zones: list[Word] = Field(
        max_length=32, description="kinds of zone of which it needs one; empty: it needs none"
    )
    drawn: list[Line] = Field(max_length=100_000, description="zones that put it to work, as camera/zone")
    proposed_by: Name = Field(description="rule that proposes the code outside every zone; empty: none does")
    still_missing_zh: Line = Field(description="what would make it surer or complete; empty: nothing")
    severity: Count
    legal: LeadLegal = Field(description="the law in force on the day asked for")


def standings(classes: Collection[str], zones: Iterable[tuple[str, str, str]], day: date) -> Sequence[RuleStanding]:
    """
    Return the standing of every row of the catalogue, in its order.

    Args:
        classes: the classes of the model in use.
        zones: those that are drawn, as (camera, name, kind).
        day: local day whose law applies.
    """
    by_kind: dict[str, list[str]] = {}
    for camera, name, kind in zones:
        by_kind.setdefault(kind, []).append(f"{camera}/{name}")
    return [_standing(row, classes, by_kind, day) for row in catalogue().violations]


def _standing(
    row: Violation, classes: Collection[str], by_kind: Mapping[str, Sequence[str]], day: date
) -> RuleStanding:
    missing = row.missing(tuple(classes))
    drawn = [name for kind in row.zones for name in by_kind.get(kind, ())]
    everywhere = PROPOSED_EVERYWHERE.get(row.code, "")
    if row.rule == "" or missing:
        status = Standing.NOT_DETECTABLE
        named = missing or row.classes
        reason_zh, reason = f"现有模型不识别：{'、'.join(named)}", f"no model at work knows: {', '.join(named)}"
        if not classes:
            reason_zh, reason = "没有分析节点报告其模型", "no worker reports its model"
        drawn = []
    elif row.zones and not drawn:
        status = Standing.NEEDS_ZONE
        kinds_zh = "、".join(KINDS_ZH[kind] for kind in row.zones)
        reason_zh, reason = f"需先画出区域：{kinds_zh}", f"needs a zone of kind {' or '.join(row.zones)}"
        if everywhere:
            reason_zh += f"；在此之前由 {everywhere} 以本代码提示画面任何位置所见"
            reason += f"; until then {everywhere} proposes this code wherever it sees something"
    else:
        status = Standing.ACTIVE
        where_zh, where = (
            ("区域 " + "、".join(drawn), f"in {', '.join(drawn)}") if drawn else ("全部摄像机", "on every camera")
        )
        reason_zh, reason = f"已启用：{where_zh}", f"at work {where}"
    legal = catalogue().legal_at(row.code, day)
    if legal is None:
        raise KeyError(row.code)
    return RuleStanding(
        code=row.code,
        zh=row.zh,
        en=row.en,
        status=status,
        reason_zh=reason_zh,
        reason=reason,
        missing_classes=missing,
        further_classes=[name for name in row.further_classes if name not in classes],
        needed_zones=row.zones,
        drawn=drawn,
        proposed_by=everywhere,
        still_missing_zh=row.missing_zh,
        severity=row.severity,
        legal=legal,
    )
