"""
Titles: what a lead is called, in Chinese and English, on the wall, on paper and elsewhere.

A title says what was seen. "Over the limit" stands only where a valid reading was above it; any other smoke is visible
smoke, of which a zone may say what it is suspected to be. The wall has the same in ``js/leads/codes.js``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from api.contract.reasons import DispositionReason
from api.contract.wire.lead import LeadDocument, LeadMeasure


@dataclass(frozen=True, slots=True)
class Title:
    """A name in both languages."""

    zh: str
    en: str


VIOLATIONS: Mapping[str, Title] = MappingProxyType(
    {
        "V01_STACK_SMOKE": Title("烟囱冒烟", "Stack smoke"),
        "V01B_BYPASS": Title("旁路偷排", "Treatment by-pass"),
        "V02_COLOR_PLUME": Title("有色烟羽", "Coloured plume"),
        "V03_STRAW_BURN": Title("露天焚烧秸秆落叶", "Straw or leaf burning"),
        "V04_WASTE_BURN": Title("露天焚烧垃圾", "Waste burning"),
        "V05_OPEN_BBQ": Title("露天烧烤", "Open-air barbecue"),
        "V06_FUME_DIRECT": Title("油烟直排", "Untreated cooking fume"),
        "V07_BARE_SOIL": Title("裸土未苫盖", "Bare soil uncovered"),
        "V08_SITE_DUST": Title("施工扬尘", "Construction dust"),
        "V09_TRUCK_COVER": Title("渣土车未密闭", "Uncovered muck truck"),
        "V10_BLACK_CAR": Title("机动车冒黑烟", "Black-smoke vehicle"),
        "V11_NRMM_SMOKE": Title("非道路机械冒黑烟", "Smoking machinery"),
        "V12_ALERT_STOP": Title("重污染应急未停限产", "Alert measures ignored"),
        "V13_OUTDOOR_SPRAY": Title("露天喷涂", "Outdoor spraying"),
        "V14_DUMPING": Title("非法倾倒固废", "Illegal dumping"),
        "V15_COLOR_WATER": Title("异色水体排放", "Coloured discharge"),
        "V16_FUGITIVE": Title("无组织排放", "Fugitive emission"),
        "V17_DEVICE_TAMPER": Title("监控设备异常", "Monitoring device tampered"),
    }
)
"""Short names of the catalogue's rows."""

FIRE_ALARM = Title("火情报警", "Fire alarm")
FLAMES = Title("可见明火", "Visible flames")
SMOKE = Title("可见烟气", "Visible smoke")
OVER_LIMIT = Title("烟气黑度超标", "Smoke over the limit")

_SEEN: Mapping[str, Title] = MappingProxyType({"fire": FLAMES, "smoke": SMOKE})
_NOTHING_MORE = frozenset({"V01_STACK_SMOKE"})
"""Of its smoke there is nothing to suspect: it is over the limit or it is not."""
_OF_READINGS = frozenset({"V02_COLOR_PLUME"})
"""The reading above the outlet, as the name gives it."""


def title_of(lead: LeadDocument) -> Title:
    """Return what a lead is called."""
    reasons = () if lead.disposition is None else lead.disposition.reasons
    return title(lead.violation_code, lead.measure, reasons)


def title(code: str, measure: LeadMeasure, reasons: Sequence[str]) -> Title:
    """Return what a lead of a code is called that measured this and is handled so for these reasons."""
    name = VIOLATIONS.get(code, Title(code, code))
    seen = _SEEN.get(measure.class_name)
    if measure.class_name == "fire" and DispositionReason.FIRE_ALARM in reasons:
        return FIRE_ALARM
    if seen is None or code in _OF_READINGS:
        return name
    if code in _NOTHING_MORE:
        return OVER_LIMIT if is_over_limit(measure, reasons) else seen
    if DispositionReason.CODE_PROPOSED in reasons:
        return seen
    return Title(f"{seen.zh} · 疑似{name.zh}", f"{seen.en} · suspected {name.en[:1].lower()}{name.en[1:]}")


def is_over_limit(measure: LeadMeasure, reasons: Sequence[str]) -> bool:
    """Whether a valid reading was above the limit for as long as the standard, or the fast alarm, asks."""
    limit = measure.grade_limit
    if measure.validity != "valid" or limit is None:
        return False
    is_lasting = measure.grade is not None and measure.grade > limit
    return is_lasting or (measure.values.get("peak_grade", 0.0) > limit and DispositionReason.FAST_ALARM in reasons)


def is_code_proposed(lead: LeadDocument) -> bool:
    """Whether no zone sets the lead's code, so that it is the rule's usual one."""
    return lead.disposition is not None and DispositionReason.CODE_PROPOSED in lead.disposition.reasons
