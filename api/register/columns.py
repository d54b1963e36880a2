"""Columns: the heads of each kind's table, in English and in Chinese, and what stands under them."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from pydantic import JsonValue

from api.contract.register.entry import Entry, RegisterKind
from api.contract.register.kinds import KINDS
from api.register.cells import Shape, fields_of

HEADS_ZH: Mapping[str, str] = MappingProxyType(
    {
        "uscc": "统一社会信用代码", "name": "名称", "industry": "行业", "division": "行政区划代码", "address": "地址",
        "lon": "经度", "lat": "纬度", "risk": "风险等级", "positive_list": "正面清单", "exempt_measures": "豁免措施",
        "finance_consent": "同意用于金融", "contacts": "联系人", "id": "编号", "number": "排放口编号",
        "outlet_kind": "排放口类型", "height_m": "高度(米)", "monitor": "在线监测MN", "factors": "监测因子",
        "status": "状态", "dwelling_above": "楼上有住宅", "dedicated_flue": "专用烟道",
        "nearest_dwelling_m": "最近住宅(米)", "camera": "摄像机", "zone": "区域", "version": "版本",
        "valid_from": "生效日期", "valid_to": "失效日期", "outlets": "排放口", "limits": "排放限值",
        "working_hours": "作业时间", "alert_measures": "预警措施", "dust_plan": "扬尘方案", "cert_no": "执法证号",
        "unit": "单位代码", "username": "登录名", "code": "代码", "authority": "主管部门", "year": "年度",
        "quarter": "季度", "items": "检查事项", "mode": "检查方式", "units": "检查单位", "done_by": "完成方式",
        "done_at": "完成时间", "package_sha256": "证据包哈希", "level": "级别", "from": "开始时间", "to": "结束时间",
        "order": "文件", "exempt": "豁免企业", "measures": "措施", "title": "事项", "codes": "违法代码",
        "first_only": "仅限首次", "corrected_within_h": "改正时限(小时)", "condition": "适用条件",
    }
)  # fmt: skip
KEYS: Mapping[RegisterKind, str] = MappingProxyType(
    {kind: {"enterprise": "uscc", "officer": "cert_no", "unit": "code"}.get(kind, "id") for kind in RegisterKind}
)
"""The column that tells one entry of a kind from the next."""


class HeadError(ValueError):
    """The head of a table is not that of its kind; the message says which column and what would be right."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field's name in JSON, which is its English head, and how values stand under it."""

    name: str
    shape: Shape
    meaning: str

    @property
    def head_zh(self) -> str:
        """Its head in Chinese."""
        return HEADS_ZH[self.name]


@cache
def columns_of(kind: RegisterKind) -> tuple[Column, ...]:
    """Return the columns of a kind's table, the key first."""
    model = KINDS[kind]
    meanings = {info.alias or name: info.description or "" for name, info in model.model_fields.items()}
    columns = [Column(name, shape, meanings[name]) for name, shape in fields_of(model)]
    return tuple(sorted(columns, key=lambda column: column.name != KEYS[kind]))


def read_heads(kind: RegisterKind, heads: Sequence[str]) -> list[Column | None]:
    """Return which column each head is, ``None`` for an empty one; raise `HeadError`."""
    known = {_folded(head): column for column in columns_of(kind) for head in (column.name, column.head_zh)}
    found: list[Column | None] = []
    for head in heads:
        column = known.get(_folded(head))
        if column is None and head.strip():
            alike = difflib.get_close_matches(_folded(head), known, n=1)
            hint = f"; did you mean {alike[0]}?" if alike else f": there are {', '.join(_heads(kind))}"
            raise HeadError(f"no column of {kind} is called {head.strip()[:64]!r}{hint}")
        if column is not None and column in found:
            raise HeadError(f"the column {head.strip()!r} is there twice")
        found.append(column)
    if KEYS[kind] not in {column.name for column in found if column is not None}:
        raise HeadError(f"the column {KEYS[kind]} ({HEADS_ZH[KEYS[kind]]}) is missing: it tells which {kind} a row is")
    return found


def row_of(document: Entry) -> Mapping[str, JsonValue]:
    """Return a document's values by column name, as JSON."""
    dumped: Mapping[str, JsonValue] = document.model_dump(mode="json", by_alias=True)
    return dumped


def _heads(kind: RegisterKind) -> list[str]:
    return [f"{column.name} ({column.head_zh})" for column in columns_of(kind)]


def _folded(head: str) -> str:
    return "".join(head.split()).casefold().replace("（", "(").replace("）", ")")
