"""Trust: the proofs of a case: files and hashes, checks, stamp and log, custody, decisions."""

from datetime import datetime

from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import MANIFEST
from api.contract.evidence.report import Outcome
from api.report.case import Case, CaseFile, CaseMove
from api.report.sheet import WIDTH_MM, Sheet
from api.report.words import (
    ACTIONS,
    ANSWERS,
    FIELDS,
    OUTCOMES,
    REASONS,
    ROLES,
    STAMPS,
    STATES,
    VERDICTS,
    beijing,
    caller,
    size_words,
    word,
)

CUSTODY_LINES = 6
"""Newest entries on paper; the whole list is at the API and in the log."""
FILE_LINES = 14
_FAILED = frozenset({OUTCOMES[Outcome.FAIL]})


def why_to_trust(sheet: Sheet, case: Case, at: datetime) -> None:
    """Print files, checks, custody and decisions of a case that was verified `at` this time."""
    sheet.heading("五、证据文件与哈希", f"共 {len(case.files)} 个文件，SHA-256")
    _files(sheet, case)
    sheet.heading("六、可信性核验", f"打印时（{beijing(at)}，北京时间）对库中证据包重新核验", keep_mm=40)
    _checks(sheet, case)
    listed = min(CUSTODY_LINES, len(case.custody))
    sheet.heading("七、证据保管链", f"共 {len(case.custody)} 条，列最近 {listed} 条；全部记录见系统与日志")
    _custody(sheet, case)
    sheet.heading("八、审核与处理记录")
    sheet.table(
        ("时间（北京）", "由", "至", "操作人", "理由与审核"),
        [
            (beijing(move.at), word(STATES, move.frm), word(STATES, move.to), move.user, _why(move))
            for move in case.moves
        ],
        (32, 14, 14, 24, WIDTH_MM - 84),
        size_pt=7.5,
    )
    if case.corrections:
        sheet.table(
            ("更正时间（北京）", "更正项", "原值", "更正为", "操作人", "依据"),
            [
                (beijing(each.at), FIELDS[each.field], each.before or "—", each.after or "—", each.user, each.reason)
                for each in case.corrections
            ],
            (32, 18, 32, 32, 18, WIDTH_MM - 132),
            size_pt=7.5,
        )


def _why(move: CaseMove) -> str:
    """Return the reason of a decision, with the four answers of article 41 where they were given."""
    reason = word(REASONS, move.reason)
    if move.review is None:
        return reason
    answers = "，".join(f"{ANSWERS[name]}：{'是' if yes else '否'}" for name, yes in move.review.model_dump().items())
    return f"{reason}（记录审核　{answers}）"


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
    verdict = VERDICTS[report.verdict]
    evidence = case.lead.evidence
    index = report.log_index if evidence is None or evidence.log_index is None else evidence.log_index
    chain = "—" if case.manifest is None else _previous(case.manifest)
    passed = [f"√ {check.title_zh}" for check in report.checks if check.outcome is Outcome.OK]
    sheet.table((), [passed[start : start + 4] for start in range(0, len(passed), 4)], (WIDTH_MM / 4,) * 4, size_pt=8)
    others = [check for check in report.checks if check.outcome is not Outcome.OK]
    if others:
        sheet.table(
            ("未通过、未查或缺少", "结论", "说明"),
            [(check.title_zh, OUTCOMES[check.outcome], check.sentence_zh) for check in others],
            (36, 16, WIDTH_MM - 52),
            size_pt=7.5,
            alarms=_FAILED,
        )
    sheet.facts([("总结论", verdict), ("日志序号", "尚未记入日志" if index is None else str(index))])
    sheet.facts(
        [
            ("时间戳", _stamp(case)),
            ("证书指纹", report.certificate_sha256 or "—"),
            ("同机上一包", chain),
        ],
        columns=1,
    )


def _stamp(case: Case) -> str:
    """Write the stamp's authority and time; a pending stamp is distinguished from none."""
    report = case.report
    if report.stamped is not None and report.tsa == "ok":
        return f"{word(STAMPS, report.tsa_kind)}：{report.authority}，{beijing(report.stamped)}（北京时间）"
    pending = report.tsa == "none" and case.lead.evidence is not None and case.lead.evidence.tsa == "pending"
    return word(STAMPS, "pending" if pending else report.tsa)


def _previous(manifest: Manifest) -> str:
    return "本机第一包" if not int(manifest.prev_package_sha256, 16) else manifest.prev_package_sha256


def _custody(sheet: Sheet, case: Case) -> None:
    newest = list(reversed(case.custody))[:CUSTODY_LINES]
    sheet.table(
        ("时间（北京）", "操作", "何人", "来自", "文件"),
        [
            (beijing(entry.at), word(ACTIONS, entry.action), caller(entry.who), entry.address, entry.file or "整包")
            for entry in newest
        ],
        (34, 14, 46, 36, WIDTH_MM - 130),
        size_pt=7.5,
    )
