"""Entries of the register, as tests have them."""

from datetime import date
from typing import Any

from api.contract.register.enterprise import Enterprise, Risk, RiskEntry
from api.contract.register.entry import RegisterKind

USCC = "91110000802100433B"
OTHER = "914403001922038216"
CODES = (USCC, OTHER, "91350100M000100Y43", "91110108551385082Q")
"""Codes whose check character holds (domain.md 6.4)."""


def enterprise(uscc: str = USCC, name: str = "通州某热力有限公司", *risks: tuple[Risk, date]) -> Enterprise:
    """An enterprise, and from which days on which colour held."""
    entries = [RiskEntry(colour=colour, valid_from=day) for colour, day in risks if colour is not Risk.NONE]
    return Enterprise(uscc=uscc, name=name, division="110112", address="北京市通州区某街 1 号", risk=entries)


PATHS = {
    RegisterKind.ENTERPRISE: "/v1/registry/enterprises",
    RegisterKind.OUTLET: "/v1/registry/outlets",
    RegisterKind.PREMISES: "/v1/registry/premises",
    RegisterKind.PERMIT: "/v1/registry/permits",
    RegisterKind.OFFICER: "/v1/registry/officers",
    RegisterKind.PLAN: "/v1/registry/plans",
    RegisterKind.UNIT: "/v1/units",
    RegisterKind.ALERT: "/v1/alerts",
    RegisterKind.NO_PENALTY: "/v1/registry/no-penalty",
}
DOCUMENTS: dict[RegisterKind, dict[str, Any]] = {
    RegisterKind.ENTERPRISE: {
        "uscc": USCC,
        "name": "通州某热力有限公司",
        "industry": "热力生产和供应",
        "division": "110112",
        "address": "北京市通州区某街 1 号",
        "lon": 116.65,
        "lat": 39.91,
        "risk": [
            {"colour": "green", "valid_from": "2025-01-01", "valid_to": None, "source": "", "reason": ""},
            {
                "colour": "red",
                "valid_from": "2026-01-01",
                "valid_to": None,
                "source": "风险分级 2026",
                "reason": "两次超标；见通报|附件",
            },
        ],
        "positive_list": [
            {"valid_from": "2025-01-01", "valid_to": "2025-12-31", "version": "2025-1", "source": "", "reason": ""}
        ],
        "exempt_measures": ["production"],
        "finance_consent": True,
        "contacts": [{"name": "王五", "role": "环保负责人", "phone": "010-12345678"}],
    },
    RegisterKind.OUTLET: {
        "id": "91110000802100433B-DA001",
        "uscc": USCC,
        "number": "DA001",
        "outlet_kind": "stack",
        "lon": 116.65,
        "lat": 39.91,
        "height_m": 45.0,
        "monitor": "010000A8900016F000169DC0",
        "factors": ["a34013", "a01010"],
    },
    RegisterKind.PREMISES: {
        "id": "餐饮-0001",
        "name": "某家常菜",
        "uscc": None,
        "division": "110112",
        "address": "某街 2 号",
        "lon": 116.66,
        "lat": 39.92,
        "status": "existing",
        "dwelling_above": True,
        "dedicated_flue": False,
        "nearest_dwelling_m": 4.5,
        "camera": None,
        "zone": "",
    },
    RegisterKind.PERMIT: {
        "id": "91110000802100433B001P",
        "uscc": USCC,
        "version": "3",
        "valid_from": "2025-01-01",
        "valid_to": "2099-12-31",
        "outlets": ["DA001"],
        "limits": [{"outlet": "DA001", "factor": "a34013", "value": 5.0, "unit": "mg/m3"}],
        "working_hours": [{"days": ["mon", "tue"], "from": "08:00", "to": "18:00"}],
        "alert_measures": ["橙色及以上停产"],
        "dust_plan": "每日洒水三次\n裸土覆盖",
    },
    RegisterKind.OFFICER: {
        "cert_no": "京执法11011200001",
        "name": "赵六",
        "unit": "TZ-01",
        "division": "110112",
        "valid_from": "2024-01-01",
        "valid_to": None,
        "username": "zhaoliu",
    },
    RegisterKind.NO_PENALTY: {
        "valid_from": "2025-01-01",
        "valid_to": None,
        "id": "京环不罚-07",
        "title": "裸露地面未苫盖，24 小时内改正",
        "version": "2025-1",
        "codes": ["V07_BARE_SOIL"],
        "first_only": True,
        "corrected_within_h": 24.0,
        "condition": "面积不大于 200 平方米",
    },
    RegisterKind.UNIT: {
        "code": "TZ-01",
        "name": "通州区生态环境综合执法大队",
        "division": "110112",
        "authority": "生态环境",
    },
    RegisterKind.PLAN: {
        "id": "2026-0001",
        "year": 2026,
        "quarter": 1,
        "uscc": USCC,
        "items": ["大气污染物排放", "在线监测"],
        "mode": "non_site",
        "units": ["TZ-01"],
        "done_by": "non_site",
        "done_at": "2026-02-03T04:05:06.789Z",
        "package_sha256": "ab" * 32,
    },
    RegisterKind.ALERT: {
        "id": "橙色2026-1",
        "level": "orange",
        "from": "2026-01-05T16:00:00.000Z",
        "to": "2099-01-08T16:00:00.000Z",
        "order": "关于启动空气重污染橙色预警的通知",
        "exempt": [OTHER],
        "measures": [
            {"sector": "热力", "class": "B", "measure": "停产 50%；停止装卸", "detector_code": "production"},
            {"sector": "", "class": "", "measure": "停止土石方作业", "detector_code": None},
        ],
    },
}
"""A document of each kind, whole."""
