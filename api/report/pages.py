"""
Pages: what the report of a lead says, in which order.

The first page answers what, where, when and how much; the second shows why it can be trusted: files and hashes, the
checks, time-stamp and log, who had it in hands, and what was decided.
"""

from collections import Counter
from io import BytesIO

import segno

from api.contract.manifest import Manifest
from api.contract.package import MANIFEST
from api.contract.report import Outcome
from api.contract.schema import LeadDocument, LeadLegal
from api.report.case import Case, CaseFile
from api.report.printing import Printing
from api.report.sheet import WIDTH_MM, Dot, Sheet
from api.report.words import (
    ACTIONS,
    ADMISSIBILITY,
    CLASSES,
    CLOCKS,
    COLOURS,
    DISPOSITION_REASONS,
    DISPOSITIONS,
    OUTCOMES,
    REASONS,
    RISKS,
    ROLES,
    STAMPS,
    STATES,
    VALIDITIES,
    VIOLATIONS,
    VOTES,
    beijing,
    size_words,
    word,
)

CUSTODY_LINES = 6
"""Newest entries on paper; the whole list is at the API and in the log."""
FILE_LINES = 14
READING_LINES = 8
PERCENT_A_GRADE = 20
"""A Ringelmann grade is 20 % opacity."""
_FAILED = frozenset({OUTCOMES[Outcome.FAIL]})


def lead_report(case: Case, printing: Printing) -> bytes:
    """Return the report of a case as PDF."""
    lead = case.lead
    foot = (
        f"{lead.lead_id}　打印人 {printing.by}　打印时间 {beijing(printing.at)}　清单 {case.report.sums_sha256[:16]}…"
    )
    sheet = Sheet(title=f"线索报告 {lead.lead_id}", foot=foot, made=printing.at, font=printing.font)
    name = word(VIOLATIONS, lead.violation_code)
    sheet.head(
        f"{printing.site or '生态环境非现场监管'} · 青目 Plumewatch",
        "非现场监管线索报告",
        (
            f"线索编号 {lead.lead_id}",
            f"{lead.violation_code.split('_')[0]} {name}　·　{lead.camera.name or lead.camera.id}",
            f"状态 {word(STATES, lead.state)}　·　优先级 {lead.priority}　·　{word(ADMISSIBILITY, lead.class_)}",
        ),
        _code(printing.address),
        "扫码查看证据并核验",
    )
    sheet.heading("一、线索要素")
    sheet.facts(_facts(lead))
    if case.pictures or case.unreadable:
        sheet.heading("二、画面", keep_mm=60)
        sheet.pictures(case.pictures, 47)
        if case.unreadable:
            sheet.paragraph(f"无法印出的图片：{'、'.join(case.unreadable)}（文件不是可读的图片）", faint=True)
    sheet.heading("三、测量值", "筛查数值，不作为法定读数")
    sheet.facts(_measures(lead))
    _readings(sheet, case)
    sheet.heading("四、法律依据与处置建议", "供审核人员参考，须经法制审核", keep_mm=58)
    sheet.facts(_legal(lead), columns=1)
    sheet.heading("五、证据文件与哈希", f"共 {len(case.files)} 个文件，SHA-256")
    _files(sheet, case)
    sheet.heading("六、可信性核验", f"打印时（{beijing(printing.at)}）对库中证据包重新核验")
    _checks(sheet, case)
    sheet.heading("七、证据保管链", f"共 {len(case.custody)} 条，列最近 {min(CUSTODY_LINES, len(case.custody))} 条")
    _custody(sheet, case)
    sheet.heading("八、处理记录")
    sheet.table(
        ("时间（北京）", "由", "至", "操作人", "理由"),
        [
            (beijing(move.at), word(STATES, move.frm), word(STATES, move.to), move.user, word(REASONS, move.reason))
            for move in case.moves
        ],
        (34, 16, 16, 30, WIDTH_MM - 96),
        size_pt=7.5,
    )
    sheet.paragraph(
        "说明：本报告由系统自动生成，为监管线索材料。画面与数值未经现场核实，不单独作为行政处罚依据；"
        "证据以证据包中的“原件”文件为准，印刷件仅供阅读。"
        f"核验地址：{printing.address}；离线核验：bash verify.sh {lead.lead_id} ROOTS.pem。",
        size_pt=7.5,
        faint=True,
    )
    sheet.signatures(("核实人：", "审核人：", "日期："))
    return sheet.to_bytes()


def _code(address: str) -> bytes:
    """Return the QR code of an address as PNG; error correction M stands a fold or a stain."""
    target = BytesIO()
    segno.make(address, error="m", micro=False).save(target, kind="png", scale=8, border=1)
    return target.getvalue()


def _facts(lead: LeadDocument) -> list[tuple[str, str]]:
    event, place, camera, target = lead.event, lead.place, lead.camera, lead.target
    where = "" if place.lon is None or place.lat is None else f"{place.lon:.5f}, {place.lat:.5f}"
    owner = "" if target is None else " ".join(part for part in (target.name, target.uscc) if part)
    listed = "" if target is None else "是（须经负责人批准方可现场检查）" if target.positive_list else "否"
    return [
        ("违法情形", f"{lead.violation_code} {word(VIOLATIONS, lead.violation_code)}"),
        ("证据类别", word(ADMISSIBILITY, lead.class_)),
        ("对象", owner),
        ("排口", "" if target is None else target.outlet),
        ("风险等级", "" if target is None else word(RISKS, target.risk)),
        ("正面清单", listed),
        ("地点", " ".join(part for part in (place.town, place.division) if part)),
        ("坐标", where and f"{where}（WGS 84）"),
        ("摄像机", f"{camera.name} {camera.id}" if camera.name != camera.id else camera.id),
        ("国标编号", camera.gb_id),
        ("开始", beijing(event.start, milliseconds=True)),
        ("结束", beijing(event.end, milliseconds=True)),
        ("确认", beijing(event.confirmed, milliseconds=True)),
        ("时钟", f"{word(CLOCKS, event.clock_source)}，±{event.uncertainty_s:.2f} s"),
        ("分析节点", lead.node),
        ("模型", f"{lead.model.name} {lead.model.version}"),
        ("规则", f"{lead.rule.id} {lead.rule.version}"),
        ("评分", str(lead.score)),
    ]


def _measures(lead: LeadDocument) -> list[tuple[str, str]]:
    measure = lead.measure
    opacity = _number(measure.opacity_pct, "{:.1f} %")
    if opacity and measure.opacity_sd_pct is not None:
        opacity += f" ± {measure.opacity_sd_pct:.1f}"
    grade = _number(measure.grade, "{:.2f} 级")
    if grade and measure.grade_limit is not None:
        grade += f"（限值 {measure.grade_limit:g} 级）"
    measured = measure.opacity_pct is not None or measure.readings > 0
    return [
        ("目标", word(CLASSES, measure.class_name)),
        ("持续时间", f"{measure.duration_s:.1f} s，{measure.observations} 次观测"),
        ("峰值置信度", f"{measure.peak_confidence:.3f}"),
        ("校准概率", _number(measure.probability, "{:.3f}")),
        ("不透光度", opacity),
        ("至少", _number(measure.least_opacity_pct, "{:.1f} %（仅由透光量证明）")),
        ("林格曼级", grade),
        ("颜色", word(COLOURS, measure.colour) if measured else ""),
        ("读数", f"{measure.readings_valid} / {measure.readings} 有效" if measure.readings else ""),
        ("有效性", word(VALIDITIES, measure.validity)),
        ("方法", measure.method),
        ("太阳夹角", _number(measure.sun_angle_deg, "{:.0f}°")),
        *((name, f"{value:.4g}") for name, value in sorted(measure.values.items())),
    ]


def _readings(sheet: Sheet, case: Case) -> None:
    if not case.readings:
        return
    limit = case.lead.measure.grade_limit
    valid = [reading for reading in case.readings if reading.opacity_pct is not None]
    sheet.chart(
        [Dot(reading.at_s, reading.opacity_pct) for reading in case.readings],
        None if limit is None else limit * PERCENT_A_GRADE,
        f"15 秒读数：不透光度（左）与林格曼级（右），{len(valid)}/{len(case.readings)} 有效；× 无有效读数"
        + ("；虚线为限值" if limit is not None else ""),
    )
    shown = sorted(valid, key=lambda reading: -(reading.opacity_pct or 0.0))[:READING_LINES]
    if shown:
        worst = "，".join(f"{reading.opacity_pct:.0f} %（{reading.at_s:.0f} s）" for reading in shown)
        sheet.paragraph(f"最高读数：{worst}", size_pt=7.5, faint=True)
    refused = Counter(reading.validity for reading in case.readings if reading.opacity_pct is None)
    if refused:
        why = "，".join(f"{word(VALIDITIES, reason)} {count}" for reason, count in refused.most_common())
        sheet.paragraph(f"不予读数 {refused.total()} 个：{why}", size_pt=7.5, faint=True)


def _legal(lead: LeadDocument) -> list[tuple[str, str]]:
    legal, disposition = lead.legal, lead.disposition
    rows = [("依据", "未匹配法律依据，须人工确定")] if legal is None else _basis(legal)
    if disposition is not None:
        approval = "；现场检查须经负责人批准" if disposition.approval_required else ""
        reasons = (
            f"（{'、'.join(word(DISPOSITION_REASONS, each) for each in disposition.reasons)}）"
            if disposition.reasons
            else ""
        )
        rows.append(("处置建议", word(DISPOSITIONS, disposition.action) + reasons + approval))
    votes = "；".join(f"{word(VOTES, vote.name)}（{word(VOTES, vote.source)}）{vote.says}" for vote in lead.votes)
    return [*rows, ("独立佐证", votes)]


def _basis(legal: LeadLegal) -> list[tuple[str, str]]:
    confirmed = legal.confirmed_by or "尚未经法制部门确认"
    return [
        ("依据", f"{'、'.join(legal.basis)}　{legal.text_zh}（{legal.in_force_at} 施行版本）"),
        ("罚则", legal.penalty_zh),
        ("执法主体", legal.authority),
        ("法制确认", confirmed),
    ]


def _files(sheet: Sheet, case: Case) -> None:
    # what is evidence, originals first; then the manifest; the tools and the seals are told by the list alone
    ranks = {"original": 0, "derived": 1}
    told = [file for file in case.files if file.role or file.name == MANIFEST]
    shown = sorted(told, key=lambda file: (ranks.get(file.role, 2), file.name))[:FILE_LINES]
    sheet.table(
        ("文件", "性质", "大小", "SHA-256"),
        [(file.name, _role(file), size_words(file.size), file.sha256 or "—（不在清单内）") for file in shown],
        (38, 12, 18, WIDTH_MM - 68),
        size_pt=7.5,
    )
    others = len(case.files) - len(shown)
    sheet.facts([("清单哈希", f"SHA-256(SHA256SUMS) = {case.report.sums_sha256}")], columns=1)
    if others:
        sheet.paragraph(f"另有 {others} 个文件（清单、签名、证书、核验工具等），见证据包。", size_pt=7.5, faint=True)


def _role(file: CaseFile) -> str:
    return word(ROLES, file.role) if file.role else "附件"


def _checks(sheet: Sheet, case: Case) -> None:
    report = case.report
    verdict = "证据包完整" if report.ok else "证据包不成立"
    evidence = case.lead.evidence
    index = None if evidence is None else evidence.log_index
    chain = "—" if case.manifest is None else _previous(case.manifest)
    passed = [f"√ {check.title_zh}" for check in report.checks if check.outcome is Outcome.OK]
    sheet.table((), [passed[start : start + 4] for start in range(0, len(passed), 4)], (WIDTH_MM / 4,) * 4, size_pt=8)
    others = [check for check in report.checks if check.outcome is not Outcome.OK]
    if others:
        sheet.table(
            ("未通过或未查", "结论", "说明"),
            [(check.title_zh, OUTCOMES[check.outcome], check.sentence_zh) for check in others],
            (36, 16, WIDTH_MM - 52),
            size_pt=7.5,
            alarms=_FAILED,
        )
    sheet.facts(
        [
            ("总结论", verdict),
            ("时间戳", _stamp(case)),
            ("日志序号", "尚未记入日志" if index is None else str(index)),
            ("签名证书", report.certificate_sha256[:32] + "…" if report.certificate_sha256 else "—"),
        ]
    )
    sheet.facts([("同机上一包", chain)], columns=1)


def _stamp(case: Case) -> str:
    """Say whose stamp it is and of when; one that has not come yet is told from none at all."""
    report = case.report
    if report.stamped is not None and report.tsa == "ok":
        return f"{word(STAMPS, report.tsa_kind)}，{beijing(report.stamped)}"
    pending = report.tsa == "none" and case.lead.evidence is not None and case.lead.evidence.tsa == "pending"
    return word(STAMPS, "pending" if pending else report.tsa)


def _previous(manifest: Manifest) -> str:
    return "本机第一包" if not int(manifest.prev_package_sha256, 16) else manifest.prev_package_sha256


def _custody(sheet: Sheet, case: Case) -> None:
    newest = list(reversed(case.custody))[:CUSTODY_LINES]
    sheet.table(
        ("时间（北京）", "操作", "何人", "来自", "文件"),
        [
            (beijing(entry.at), word(ACTIONS, entry.action), entry.who, entry.address, entry.file or "整包")
            for entry in newest
        ],
        (34, 14, 46, 36, WIDTH_MM - 130),
        size_pt=7.5,
    )


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
