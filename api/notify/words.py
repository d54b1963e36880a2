"""Words of messages, in Chinese and English: one table for texts of every channel."""

from collections.abc import Mapping
from types import MappingProxyType

from api.contract.notify.rules import Language, NotifiedEvent
from api.contract.titles import Title

EVENTS: Mapping[str, Title] = MappingProxyType(
    {
        NotifiedEvent.LEAD_ANNOUNCED: Title("线索预告", "Lead announced"),
        NotifiedEvent.LEAD_FILED: Title("新线索", "New lead"),
        NotifiedEvent.LEAD_CHANGED: Title("线索状态变更", "Lead changed"),
        NotifiedEvent.LEAD_TIMER: Title("办理时限提醒", "Time limit"),
        NotifiedEvent.CAMERA_TROUBLE: Title("摄像机离线", "Camera lost"),
        NotifiedEvent.CAMERA_RESTORED: Title("摄像机恢复", "Camera back"),
        NotifiedEvent.VAULT_CHANGED: Title("存储空间变化", "Evidence storage"),
    }
)

STATES: Mapping[str, Title] = MappingProxyType(
    {
        "DETECTED": Title("已发现", "Detected"),
        "CANDIDATE": Title("取证中", "Securing"),
        "MERGED": Title("已合并", "Merged"),
        "AUTO_REJECTED": Title("自动排除", "Rejected automatically"),
        "PENDING_VERIFY": Title("待核实", "To verify"),
        "NEED_MORE": Title("需补充", "Needs more"),
        "REJECTED_FALSE": Title("误报", "False alarm"),
        "VERIFIED": Title("属实", "Verified"),
        "WARN_ONLY": Title("仅提醒", "Warning only"),
        "EVIDENCE_FIXED": Title("证据已固定", "Evidence fixed"),
        "DISPATCHED": Title("已派发", "Dispatched"),
        "RETURNED": Title("已退回", "Returned"),
        "ACCEPTED": Title("已接收", "Accepted"),
        "NON_SITE_CHECK": Title("非现场检查", "Non-site check"),
        "ON_SITE": Title("现场检查", "On site"),
        "CONFIRMED": Title("查实", "Confirmed"),
        "NOT_CONFIRMED": Title("未查实", "Not confirmed"),
        "TRANSFERRED": Title("已移送", "Transferred"),
        "RECTIFY_NO_PENALTY": Title("责令改正不予处罚", "Rectify, no penalty"),
        "CASE_FILED": Title("已立案", "Case filed"),
        "DECIDED": Title("已决定", "Decided"),
        "WITHDRAWN": Title("已撤案", "Withdrawn"),
        "RECTIFIED": Title("已整改", "Rectified"),
        "REVIEWED": Title("已评估", "Reviewed"),
        "CLOSED": Title("已办结", "Closed"),
        "REOPENED": Title("重新开启", "Reopened"),
        "ARCHIVED": Title("已归档", "Archived"),
        "connecting": Title("正在连接", "connecting"),
        "playing": Title("正常", "playing"),
        "lost": Title("视频流中断", "stream lost"),
        "silent": Title("无节点上报", "no worker reports it"),
        "ended": Title("已结束", "ended"),
        "stopped": Title("已停止", "stopped"),
        "ample": Title("充足", "ample"),
        "warning": Title("不足", "running short"),
        "critical": Title("告急", "critical"),
    }
)
"""States of leads (domain.md 6.2), of cameras and of the vault's room."""

ROLES: Mapping[str, Title] = MappingProxyType(
    {
        "D": Title("值守人员", "duty officer"),
        "V": Title("核实人员", "verifier"),
        "E": Title("证据人员", "evidence officer"),
        "P": Title("派发人员", "dispatcher"),
        "O": Title("执法人员", "enforcement officer"),
        "R": Title("法制审核人员", "legal reviewer"),
        "M": Title("单位负责人", "head of unit"),
        "X": Title("协办单位", "partner unit"),
        "C": Title("企业", "company"),
    }
)

PHRASES: Mapping[str, Title] = MappingProxyType(
    {
        "lead": Title("线索：{value}", "Lead: {value}"),
        "what": Title("事由：{value}", "What: {value}"),
        "where": Title("地点：{value}", "Where: {value}"),
        "when": Title("时间：{value}", "When: {value}"),
        "state": Title("状态：{value}", "State: {value}"),
        "act": Title("请{role}办理", "To act: {role}"),
        "act_by": Title("请{role}于 {due} 前办理", "To act: {role}, by {due}"),
        "due": Title("办理时限：{due}", "Due by {due}"),
        "level_50": Title("时限已过半", "half of the time is over"),
        "level_100": Title("已超时限", "the time is over"),
        "level_150": Title("已超时限一半，上报单位负责人", "half as much again: head of unit told"),
        "digest": Title("线索汇总：{leads} 条线索，{messages} 条消息", "Digest: {leads} leads, {messages} messages"),
        "span": Title("时段：{since} 至 {until}", "From {since} to {until}"),
        "priorities": Title("优先级：{value}", "Priority: {value}"),
        "codes": Title("类别：{value}", "What: {value}"),
        "states": Title("状态：{value}", "State: {value}"),
        "others": Title("其他：{value}", "Others: {value}"),
        "more": Title("另有 {count} 条，见线索列表", "and {count} more, in the list of leads"),
        "test_title": Title("测试消息", "Test message"),
        "test_text": Title("青目通知通道测试，无需处理。", "Plumewatch tests this channel. Nothing needs to be done."),
    }
)


def word(title: Title, language: Language) -> str:
    """Return a title in a language."""
    return title.zh if language is Language.ZH else title.en


def phrase(name: str, language: Language, **values: str | int) -> str:
    """Return a phrase with its values put in."""
    return word(PHRASES[name], language).format(**values)


def word_of(words: Mapping[str, Title], name: str, language: Language) -> str:
    """Return the word of a code; the code itself where the table has none."""
    title = words.get(name)
    return name if title is None else word(title, language)
