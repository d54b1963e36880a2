"""
Pages: content and order of a lead's report.

What, where, when and how much come first; then why it can be trusted (`api.report.trust`): files and hashes, the
checks, time-stamp and log, custody, and decisions.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO

import segno

from api.contract.catalogue import catalogue
from api.contract.evidence.manifest import Manifest
from api.contract.reasons import DispositionReason
from api.contract.review import Verdict
from api.contract.titles import is_code_proposed, title_of
from api.contract.wire.lead import LeadDocument, LeadFactor, LeadLegal
from api.contract.words import CLASSES, CLOCKS, spread_words, value_words
from api.report.case import Case
from api.report.printing import Printing
from api.report.readings import ReadingLine
from api.report.sheet import Dot, Sheet
from api.report.trust import why_to_trust
from api.report.words import (
    ADMISSIBILITY,
    COLOURS,
    DISPOSITION_REASONS,
    DISPOSITIONS,
    FACTORS,
    GAPS,
    KINDS,
    LEVELS,
    METHODS,
    OBSTACLES,
    RISKS,
    STATES,
    VALIDITIES,
    VIOLATIONS,
    VOTES,
    beijing,
    word,
)
from api.store.verdicts import is_decisive, verdict_of

READING_LINES = 6
PERCENT_A_GRADE = 20
"""A Ringelmann grade is 20 % opacity."""
_NOT_CONNECTED = "在线超标、投诉（尚未接入）"


def lead_report(case: Case, printing: Printing) -> bytes:
    """Return the report of a case as PDF."""
    lead = case.lead
    foot = (
        f"{lead.lead_id}　打印人 {printing.by}　打印时间 {beijing(printing.at)}（北京时间）　"
        f"清单 {case.report.sums_sha256[:16]}…"
    )
    sheet = Sheet(title=f"线索报告 {lead.lead_id}", foot=foot, made=printing.at, font=printing.font)
    name = title_of(lead).zh
    sheet.head(
        f"{printing.site or '生态环境非现场监管'} · 青目 Plumewatch",
        "非现场监管线索报告",
        (
            f"线索编号 {lead.lead_id}",
            f"{name}　·　{_proposed(lead, lead.violation_code.split('_')[0])}　·　{lead.camera.name or lead.camera.id}",
            f"状态 {word(STATES, lead.state)}　·　优先级 {lead.priority}　·　{_use(case)}",
        ),
        _code(printing.address),
        "扫码查看证据并核验",
    )
    for text in _warnings(case):
        sheet.notice(text, is_alarm=True)
    sheet.notice(
        "本报告为监管线索，不是违法事实的认定；图像识别与测量结果均为筛查值，须经人工复核并由现场检查或标准方法监测确认。"
    )
    sheet.heading("一、线索要素", "时间均为北京时间（UTC+8）")
    for facts in (_whose(lead), _when(lead, case.manifest), _how(lead)):
        sheet.facts(facts)
    if case.pictures or case.unreadable:
        sheet.heading("二、画面", keep_mm=60)
        sheet.pictures(case.pictures, 43)
        if case.unreadable:
            sheet.paragraph(f"无法印出的图片：{'、'.join(case.unreadable)}（文件不是可读的图片）", faint=True)
    sheet.heading("三、测量值", "筛查值，不作为法定读数")
    sheet.facts(_measures(lead))
    _readings(sheet, case)
    sheet.heading("四、证据效力、法律依据与处置建议", "供审核人员参考，须经法制审核", keep_mm=34)
    sheet.facts(list(_standing(case)), columns=1)
    why_to_trust(sheet, case, printing.at)
    sheet.paragraph(
        "说明：本报告由系统自动生成。证据以证据包中的“原件”文件为准，印刷件仅供阅读。"
        f"核验地址：{printing.address}；离线核验：bash verify.sh {lead.lead_id} ROOTS.pem。",
        size_pt=7.5,
        faint=True,
    )
    sheet.signatures(("核实人：", "审核人：", "日期："))
    return sheet.to_bytes()


def _code(address: str) -> bytes:
    """Return the QR code of an address as PNG; error correction M survives a fold or a stain."""
    target = BytesIO()
    segno.make(address, error="m", micro=False).save(target, kind="png", scale=8, border=1)
    return target.getvalue()


def _use(case: Case) -> str:
    """Return what the record may be used for now; as filed where its manifest cannot be read."""
    return word(ADMISSIBILITY, case.lead.class_ if case.judgement is None else case.judgement.admissibility)


def _warnings(case: Case) -> Iterator[str]:
    """Yield the warnings of the first page."""
    if not case.report.ok:
        yield (
            "证据包核验未通过，不得使用："
            + "；".join(check.title_zh for check in case.report.failures)
            + "（见第六部分）。"
        )
    if verdict_of(move.to for move in case.moves) is Verdict.FALSE:
        found = next(move for move in reversed(case.moves) if is_decisive(move.to))
        how = f"{beijing(found.at)}，{found.user}：{found.reason.rstrip('。')}"
        yield f"审核结论：误报（{how}）。本线索不作为处理依据。"


def _whose(lead: LeadDocument) -> list[tuple[str, str]]:
    place, camera, target = lead.place, lead.camera, lead.target
    where = "" if place.lon is None or place.lat is None else f"{place.lon:.5f}, {place.lat:.5f}"
    listed = "" if target is None else "是（须经负责人批准方可现场检查）" if target.positive_list else "否"
    risk = "" if target is None else word(RISKS, target.risk)
    if lead.disposition is not None and DispositionReason.UNREGISTERED in lead.disposition.reasons:
        listed = risk = "不明（单位未在名录）"
    return [
        ("违法情形", _proposed(lead, f"{lead.violation_code} {word(VIOLATIONS, lead.violation_code)}")),
        ("对象", "未对应到登记单位" if target is None else target.name),
        ("信用代码", "" if target is None else target.uscc),
        ("画面区域", lead.measure.zone or "全画面"),
        ("排放口", "" if target is None else target.outlet),
        ("风险等级", risk),
        ("正面清单", listed),
        ("地点", place.town),
        ("行政区划", place.division),
        ("坐标", where and f"{where}（WGS 84）"),
        ("摄像机", f"{camera.name} {camera.id}" if camera.name not in {"", camera.id} else camera.id),
        ("国标编号", camera.gb_id),
    ]


def _when(lead: LeadDocument, manifest: Manifest | None) -> list[tuple[str, str]]:
    event = lead.event
    return [
        ("开始", beijing(event.start, milliseconds=True)),
        ("结束", beijing(event.end, milliseconds=True)),
        ("确认", beijing(event.confirmed, milliseconds=True)),
        ("时钟", f"{word(CLOCKS, event.clock_source)}，{spread_words(event.uncertainty_s)}"),
        *_clip(manifest),
    ]


def _how(lead: LeadDocument) -> list[tuple[str, str]]:
    return [
        ("分析节点", lead.node),
        ("模型", f"{lead.model.name} {lead.model.version}"),
        ("规则", f"{lead.rule.id} {lead.rule.version}"),
        ("评分", str(lead.score)),
    ]


def _proposed(lead: LeadDocument, code: str) -> str:
    """Return a lead's code, marked as proposed where no zone sets it."""
    return f"{code}（系统拟定）" if is_code_proposed(lead) else code


def _clip(manifest: Manifest | None) -> Iterator[tuple[str, str]]:
    """Yield what the clip covers and what it lacks."""
    if manifest is None or manifest.time.first_utc is None or manifest.time.last_utc is None:
        return
    first, last = manifest.time.first_utc, manifest.time.last_utc
    yield "录像起止", f"{beijing(first)} 至 {_clock(last)}，{(last - first).total_seconds():.1f} s"
    shown = (
        word(GAPS, gap.reason)
        + (f" {gap.end_s - gap.start_s:.1f} s" if gap.start_s is not None and gap.end_s is not None else "")
        for gap in manifest.gaps
    )
    yield "录像缺段", "；".join(shown) or "无"


def _measures(lead: LeadDocument) -> list[tuple[str, str]]:
    measure = lead.measure
    opacity = _number(measure.opacity_pct, "{:.1f} %")
    if opacity and measure.opacity_sd_pct is not None:
        opacity += f" ± {measure.opacity_sd_pct:.1f}（标准差）"
    grade = _number(measure.grade, "{:.2f} 级")
    if grade and measure.grade_limit is not None:
        over = "大于" if (measure.grade or 0.0) > measure.grade_limit else "未大于"
        grade += f"（{over}限值 {measure.grade_limit:g} 级）"
    measured = measure.opacity_pct is not None or measure.readings > 0
    return [
        ("测量类型", word(KINDS, measure.kind)),
        ("目标", word(CLASSES, measure.class_name)),
        ("持续时间", f"{measure.duration_s:.1f} s，{measure.observations} 次观测"),
        ("峰值置信度", f"{measure.peak_confidence:.3f}" if measure.peak_confidence else ""),
        ("峰值时刻", _clock(measure.peak_utc)),
        ("属实概率", _number(measure.probability, "{:.1%}（经校准）")),
        ("不透光度", opacity or ("无读数：" + word(VALIDITIES, measure.validity) if measured else "")),
        ("不透光度下限", _number(measure.least_opacity_pct, "{:.1f} %（仅由减光证明）")),
        ("林格曼级", grade),
        ("颜色", word(COLOURS, measure.colour) if measured else ""),
        ("15 秒读数", f"{measure.readings_valid} / {measure.readings} 有效" if measure.readings else ""),
        ("有效性", word(VALIDITIES, measure.validity)),
        ("方法", word(METHODS, measure.method)),
        ("太阳夹角", _number(measure.sun_angle_deg, "{:.0f}°")),
        *(value_words(name, value) for name, value in sorted(measure.values.items())),
    ]


def _readings(sheet: Sheet, case: Case) -> None:
    if not case.readings:
        return
    limit = case.lead.measure.grade_limit
    valid = [reading for reading in case.readings if reading.opacity_pct is not None]
    first, last = case.readings[0].utc, case.readings[-1].utc
    if len(case.readings) > 1:
        sheet.chart(
            [Dot(reading.at_s, reading.opacity_pct, reading.sd_pct or 0.0) for reading in case.readings],
            None if limit is None else limit * PERCENT_A_GRADE,
            f"15 秒读数：不透光度 ± 标准差（左）与林格曼级（右），{len(valid)}/{len(case.readings)} 有效；× 无有效读数"
            + ("；虚线为限值" if limit is not None else ""),
            None if first is None or last is None else (_clock(first), _clock(last)),
        )
    shown = sorted(valid, key=lambda reading: -(reading.opacity_pct or 0.0))[:READING_LINES]
    if shown:
        worst = "；".join(_reading(reading) for reading in shown)
        sheet.paragraph(f"最高读数：{worst}", size_pt=7.5, faint=True)
    refused = Counter(reading.validity for reading in case.readings if reading.opacity_pct is None)
    if refused:
        why = "，".join(f"{word(VALIDITIES, reason)} {count}" for reason, count in refused.most_common())
        sheet.paragraph(f"不予读数 {refused.total()} 个：{why}", size_pt=7.5, faint=True)


def _reading(reading: ReadingLine) -> str:
    """Return a reading as ``50 % ± 3（2.25 级，10:35:05）``."""
    spread = "" if reading.sd_pct is None else f" ± {reading.sd_pct:.0f}"
    grade = "" if reading.grade is None else f"{reading.grade:.2f} 级，"
    when = f"{reading.at_s:.0f} s" if reading.utc is None else _clock(reading.utc)
    return f"{reading.opacity_pct:.0f} %{spread}（{grade}{when}）"


def _clock(moment: datetime) -> str:
    return beijing(moment).split(" ")[1]


def _standing(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what the record may be used for, the law, the proposal, and its reasons."""
    lead = case.lead
    yield "证据效力", _use(case)
    if case.judgement is not None:
        yield "尚有欠缺", "；".join(word(OBSTACLES, obstacle) for obstacle in case.judgement.obstacles)
    if lead.legal is None:
        yield "依据", "未匹配法律依据，须人工确定"
    else:
        yield from _basis(lead.legal)
    if lead.disposition is not None:
        reasons = "、".join(word(DISPOSITION_REASONS, each) for each in lead.disposition.reasons)
        approval = "；现场检查须经负责人批准" if lead.disposition.approval_required else ""
        yield "处置建议", word(DISPOSITIONS, lead.disposition.action) + (f"（{reasons}）" if reasons else "") + approval
    if lead.factors:
        yield "评分构成", f"{lead.score} = " + " ".join(_factor(each) for each in lead.factors)
        yield "未计评分项", _NOT_CONNECTED
    yield "独立佐证", "；".join(_vote(vote.source, vote.name, vote.says) for vote in lead.votes)


def _factor(factor: LeadFactor) -> str:
    """Return a summand of the score: ``+15 风险等级（黄）``."""
    words = {"risk": RISKS, "alert": LEVELS, "validity": VALIDITIES, "severity": VIOLATIONS}.get(factor.name, {})
    says = word(words, factor.says)
    return f"{factor.points:+d} {word(FACTORS, factor.name)}" + (f"（{says}）" if says else "")


def _vote(source: str, name: str, says: str) -> str:
    first, space, rest = says.partition(" ")
    return f"{word(VOTES, name)}（{word(VOTES, source)}）{word(CLASSES, first)}{space}{rest}"


def _basis(legal: LeadLegal) -> Iterator[tuple[str, str]]:
    start = catalogue().code_from
    code = f"《生态环境法典》（{start.year} 年 {start.month} 月 {start.day} 日起施行）"
    is_new = legal.in_force_at >= start.isoformat()
    yield "依据", legal.text_zh or "、".join(legal.basis)
    yield (
        "适用版本",
        f"行为发生于 {legal.in_force_at}，适用当日有效的{code if is_new else f'法律；{code}处罚较轻的，适用法典'}",
    )
    yield "罚则", legal.penalty_zh
    yield "执法主体", legal.authority
    yield "法制确认", legal.confirmed_by or "尚未经法制部门确认"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
