"""
Words of the printed report: what codes and closed sets are called in Chinese, as in ``docs/glossary.md``.

A value without a word is printed unchanged.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

from api.contract import titles
from api.contract.evidence.article41 import LACKS_ZH
from api.contract.evidence.report import Outcome, PackageVerdict
from api.contract.reasons import DispositionReason
from api.contract.wire.state import LeadState
from api.evidence.admissibility import Doubt
from api.store.evidence.corrections import CorrectedField
from api.store.evidence.custody import CustodyAction

BEIJING = timezone(timedelta(hours=8), "北京时间")

VIOLATIONS: Mapping[str, str] = MappingProxyType({code: name.zh for code, name in titles.VIOLATIONS.items()})
STATES: Mapping[str, str] = MappingProxyType(
    {
        "": "—",
        LeadState.CANDIDATE: "取证中",
        LeadState.PENDING_VERIFY: "待核实",
        LeadState.NEED_MORE: "需补充",
        LeadState.VERIFIED: "属实",
        LeadState.REJECTED_FALSE: "误报",
        LeadState.ARCHIVED: "已归档",
    }
)
ADMISSIBILITY: Mapping[str, str] = MappingProxyType(
    {"lead_only": "仅作线索，须现场核实", "evidence_candidate": "可作证据候选，须经审核"}
)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "visible_emission": "可见排放",
        "opacity": "不透光度",
        "ringelmann_screen": "林格曼黑度（筛查）",
        "emission_frequency": "可见排放时间占比",
        "presence": "目标出现",
        "camera_health": "摄像机状态",
    }
)
METHODS: Mapping[str, str] = MappingProxyType(
    {"texture regression against the clean background (screening)": "与清洁背景的纹理回归（筛查）"}
)
OBSTACLES: Mapping[str, str] = MappingProxyType(
    {
        **{lack.value: text for lack, text in LACKS_ZH.items()},
        Doubt.NOT_REVIEWED: "尚未审核记录是否真实、清晰、完整、准确",
        Doubt.NOT_TRUE: "审核认为不真实",
        Doubt.NOT_CLEAR: "审核认为不清晰",
        Doubt.NOT_COMPLETE: "审核认为不完整",
        Doubt.NOT_ACCURATE: "审核认为不准确",
        Doubt.CLOCK: "时间误差可能超过 2 秒",
        Doubt.GAPS: "录像有缺段",
        Doubt.NO_TIME_STAMP: "尚无可信时间戳",
    }
)
ANSWERS: Mapping[str, str] = MappingProxyType({"true": "真实", "clear": "清晰", "complete": "完整", "accurate": "准确"})
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        CorrectedField.VIOLATION_CODE: "违法情形",
        CorrectedField.DIVISION: "行政区划",
        CorrectedField.TOWN: "地点",
        CorrectedField.LON: "经度",
        CorrectedField.LAT: "纬度",
        CorrectedField.TARGET_NAME: "单位",
        CorrectedField.TARGET_USCC: "信用代码",
        CorrectedField.TARGET_OUTLET: "排放口",
    }
)
GAPS: Mapping[str, str] = MappingProxyType(
    {
        "no pictures held from before": "事前画面未存",
        "no pictures received": "未收到画面",
        "post-roll not complete": "事后画面不全",
        "left out: the clip would be larger than a package may hold": "超出证据包容量，未收录",
        "no picture of the clip could be decoded and stored": "无法解出画面",
        "the hash of this camera's previous package was lost on the node": "节点遗失上一包的哈希",
    }
)
CALLERS: Mapping[str, str] = MappingProxyType({"operator": "操作员", "worker": "分析节点", "system": "系统"})
ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        CustodyAction.FILED: "入库",
        CustodyAction.VIEWED: "查看",
        CustodyAction.PLAYED: "播放",
        CustodyAction.DOWNLOADED: "下载",
        CustodyAction.EXPORTED: "导出",
        CustodyAction.VERIFIED: "核验",
        CustodyAction.PRINTED: "打印",
        CustodyAction.REDACTED: "遮挡",
        CustodyAction.HELD: "保全",
        CustodyAction.RELEASED: "解除保全",
        CustodyAction.DELETED: "到期删除",
    }
)
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {Outcome.OK: "通过", Outcome.FAIL: "未通过", Outcome.SKIPPED: "未查", Outcome.MISSING: "缺少"}
)
VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        PackageVerdict.HOLDS: "证据包完整",
        PackageVerdict.INCOMPLETE: "证据包未变，但缺少应有的证明",
        PackageVerdict.BROKEN: "证据包不成立",
    }
)
DISPOSITIONS: Mapping[str, str] = MappingProxyType({"lead": "转办线索", "warn_only": "先行提醒", "watch": "继续观察"})
DISPOSITION_REASONS: Mapping[str, str] = MappingProxyType(
    {
        DispositionReason.FIRE_ALARM: "火情报警：立即查看，必要时报119",
        DispositionReason.FLAMES_EXPLAINED: "明火，所在区域可解释（火炬、锅炉或烧烤点）",
        DispositionReason.CODE_PROPOSED: "违法情形仅为系统拟定，须人工确定",
        DispositionReason.GRAVE_CLASS: "此类行为不适用只提醒",
        DispositionReason.OVER_LIMIT: "黑度大于限值累计超过2分钟",
        DispositionReason.FAST_ALARM: "2级及以上持续60秒",
        DispositionReason.NOT_MEASURED: "可见排放，但无有效读数",
        DispositionReason.NO_GRADE: "非黑、灰烟：不适用林格曼限值",
        DispositionReason.BELOW_LIMIT: "读数均未大于限值",
        DispositionReason.NOT_LASTING: "大于限值，但累计尚未超过2分钟",
        DispositionReason.UNATTRIBUTED: "不在任何划定的排放口或地块上，来源须核实",
        DispositionReason.TAMPERING: "画面突变，疑似人为",
        DispositionReason.SEVERE: "3级及以上或不透光度60%及以上",
        DispositionReason.ALERT_IN_FORCE: "重污染天气预警生效期间",
        DispositionReason.REPEATED: "24个月内有确认的违法行为",
        DispositionReason.UNREGISTERED: "单位未在名录，风险等级与正面清单不明",
        DispositionReason.POSITIVE_LIST: "正面清单企业",
        DispositionReason.RED_RISK: "高风险企业",
        DispositionReason.YELLOW_RISK: "中风险企业",
        DispositionReason.GREEN_RISK: "低风险企业",
        DispositionReason.NON_SITE_FIRST: "先非现场核查",
        DispositionReason.FIRST_MINOR: "首次轻微",
    }
)
VOTES: Mapping[str, str] = MappingProxyType(
    {
        "model": "识别模型",
        "physics": "物理规律",
        "rule": "规则",
        "camera": "其他摄像机",
        "online": "在线监测",
        "change": "像素变化（倍噪声）",
        "news": "与该处平常画面不同（占识别框）",
        "opacity": "不透光度",
        "least_opacity": "不透光度下限",
        "grade_limit": "黑度大于限值",
        "persistence": "持续时间、观测数",
    }
)
FACTORS: Mapping[str, str] = MappingProxyType(
    {
        "fire_alarm": "火情报警",
        "risk": "风险等级",
        "positive_list": "正面清单",
        "alert": "重污染预警",
        "severity": "情形严重程度",
        "confirmed": "12个月内已确认",
        "duration": "持续时间/规则时限",
        "validity": "读数有效性",
    }
)
LEVELS: Mapping[str, str] = MappingProxyType({"yellow": "黄色", "orange": "橙色", "red": "红色", "": "无"})
RISKS: Mapping[str, str] = MappingProxyType({"red": "红", "yellow": "黄", "green": "绿", "": "未评"})
COLOURS: Mapping[str, str] = MappingProxyType(
    {"black": "黑", "grey": "灰", "white": "白", "yellow": "黄", "blue": "蓝", "": "未判定"}
)
STAMPS: Mapping[str, str] = MappingProxyType(
    {
        "none": "未附：时间为节点自述",
        "own": "有效，由本站自有时间戳机构加盖（证明力弱于外部机构）",
        "licensed": "有效，由外部时间戳机构加盖",
        "unchecked": "已附，未核验（无根证书）",
        "fail": "无效",
        "pending": "待补：时间戳机构暂不可达",
    }
)
REASONS: Mapping[str, str] = MappingProxyType(
    {"announced by the analyser": "分析节点通报", "package verified": "证据包核验通过，入库"}
)
VALIDITIES: Mapping[str, str] = MappingProxyType(
    {
        "valid": "有效",
        "no_clean_background": "无清洁背景",
        "old_background": "背景过旧",
        "few_pictures": "画面不足",
        "narrow_outlet": "排放口过窄",
        "dark": "光线不足",
        "infrared": "红外（黑白）画面",
        "saturated": "画面过曝",
        "no_contrast": "背景无纹理",
        "background_moves": "背景变动",
        "camera_moved": "摄像机移位",
        "weather": "雨雪雾影响",
        "sun_in_front": "逆光",
        "low_sun": "太阳高度过低",
        "too_far": "距离过远",
        "steam": "水汽（白雾）",
        "uncertain": "不确定度过大",
    }
)
ROLES: Mapping[str, str] = MappingProxyType({"original": "原件", "derived": "派生"})


def word(words: Mapping[str, str], value: str) -> str:
    """Return the word for a value, or the value itself."""
    return words.get(value, value)


def caller(who: str) -> str:
    """Return an actor's name for people: ``operator:王敏`` is ``王敏（操作员）``."""
    kind, colon, name = who.partition(":")
    return f"{name}（{CALLERS[kind]}）" if colon and kind in CALLERS else who


def beijing(moment: datetime, *, milliseconds: bool = False) -> str:
    """Return a time as people in Beijing write it: ``2026-11-23 10:30:05``."""
    local = moment.astimezone(BEIJING).replace(tzinfo=None)
    return local.isoformat(" ", "milliseconds" if milliseconds else "seconds")


def size_words(size: int) -> str:
    """Return a size for people: ``1.4 MB``."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
