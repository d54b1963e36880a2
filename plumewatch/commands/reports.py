"""How results read at a terminal."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel

from api.contract.evidence.report import Outcome, PackageVerdict, VerificationReport
from api.contract.standing import RuleStanding, Standing
from api.contract.wire.lead import LeadLegal
from api.contract.wire.moment import rfc3339

if TYPE_CHECKING:  # most commands show one of these, and each of them takes long to import
    from models.registry import Registry
    from streams.probe import ProbeReport
    from vision.replay.replay import ReplayLead
    from vision.replay.reverify import Reverification
    from vision.replay.verdict import Verdict

_STANDINGS = {
    Standing.ACTIVE: "at work  ✔",
    Standing.NEEDS_ZONE: "no zone  …",
    Standing.NOT_DETECTABLE: "not yet  ✘",
}
_MARKS = {
    Outcome.OK: "OK     通过",
    Outcome.FAIL: "FAIL   失败",
    Outcome.SKIPPED: "SKIP   未查",
    Outcome.MISSING: "LACKS  缺少",
}
_MARKS_ZH = {Outcome.OK: "通过", Outcome.FAIL: "失败", Outcome.SKIPPED: "未查", Outcome.MISSING: "缺少"}
_MARKS_EN = {Outcome.OK: "OK  ", Outcome.FAIL: "FAIL", Outcome.SKIPPED: "SKIP", Outcome.MISSING: "LACK"}
_VERDICTS_ZH = {
    PackageVerdict.HOLDS: "证据包完整",
    PackageVerdict.INCOMPLETE: "证据包未变，但缺少应有的证明",
    PackageVerdict.BROKEN: "证据包不成立",
}
_VERDICTS_EN = {
    PackageVerdict.HOLDS: "package holds",
    PackageVerdict.INCOMPLETE: "package unchanged, BUT PROOFS ARE MISSING",
    PackageVerdict.BROKEN: "package DOES NOT HOLD",
}
_UNROOTED_ZH = {
    PackageVerdict.HOLDS: "证据包自签名以来未变；由谁、何时签名未核验（没有给出根证书）",
    PackageVerdict.INCOMPLETE: "证据包未变，但缺少应有的证明；由谁、何时签名未核验（没有给出根证书）",
}
_UNROOTED_EN = {
    PackageVerdict.HOLDS: "package unchanged since it was signed; BY WHOM AND WHEN WAS NOT CHECKED (no roots given)",
    PackageVerdict.INCOMPLETE: "package unchanged, BUT PROOFS ARE MISSING; by whom and when it was signed was not "
    "checked (no roots given)",
}


class Language(StrEnum):
    """In which language a verification is told."""

    CHINESE = "zh"
    ENGLISH = "en"
    BOTH = "both"


def chosen_language(environment: Mapping[str, str]) -> Language:
    """Return the language of ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``; both where they name neither of ours."""
    named = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return {"zh": Language.CHINESE, "en": Language.ENGLISH}.get(named[:2].lower(), Language.BOTH)


def verification_text(report: VerificationReport, language: Language = Language.BOTH) -> str:
    """Return a verification report, one check a line, the verdict last, which says so where no roots were given."""
    unrooted_zh, unrooted_en = ({}, {}) if report.knows_signer else (_UNROOTED_ZH, _UNROOTED_EN)
    verdict_zh = unrooted_zh.get(report.verdict, _VERDICTS_ZH[report.verdict])
    verdict_en = unrooted_en.get(report.verdict, _VERDICTS_EN[report.verdict])
    if language is Language.CHINESE:
        lines = [f"{_MARKS_ZH[check.outcome]}  {check.title_zh}：{check.sentence_zh}" for check in report.checks]
        verdict = f"结论：{verdict_zh}"
    elif language is Language.ENGLISH:
        lines = [f"{_MARKS_EN[check.outcome]}  {check.name.value}: {check.sentence}" for check in report.checks]
        verdict = verdict_en
    else:
        lines = []
        for check in report.checks:
            lines.append(f"{_MARKS[check.outcome]}  {check.title_zh}：{check.sentence_zh}")
            lines.append(f"               {check.sentence}")
        verdict = f"{verdict_en} {verdict_zh}"
    return "\n".join([*lines, f"{verdict}  SHA256SUMS {report.sums_sha256}"])


def reverification_text(answer: "Reverification") -> str:
    """Return a re-verification: the verdict then and now, how the boxes agree, what differs; the answer last."""
    boxes = answer.boxes
    agreement = (
        f"{boxes.found} found, {boxes.recorded} recorded, {boxes.matched} the same in {boxes.pictures} pictures; "
        f"confidence within {boxes.confidence:.3f}, surest alone {boxes.lone:.3f}"
    )
    lines = [
        f"lead      {answer.lead_id}",
        f"recorded  {_verdict_text(answer.recorded)}",
        f"again     {_verdict_text(answer.found)}",
        f"with      {answer.model}, {answer.engine}",
        f"boxes     {agreement}",
    ]
    lines += [f"remark    {sentence}" for sentence in answer.remarks]
    lines += [f"DIFFERS   {sentence}" for sentence in answer.differences]
    return "\n".join([*lines, "the same verdict 结论一致" if answer.is_same else "ANOTHER VERDICT 结论不一致"])


def _verdict_text(verdict: "Verdict | None") -> str:
    if verdict is None:
        return "nothing confirmed"
    return (
        f"{verdict.violation_code} by {verdict.rule} {verdict.rule_version}, {verdict.class_name} "
        f"{verdict.peak_confidence:.2f}{f' in {verdict.zone}' if verdict.zone else ''}, "
        f"confirmed {rfc3339(verdict.confirmed_utc)}"
    )


def models_text(registry: "Registry") -> str:
    """Return the registered models, one a line, the default one marked."""
    lines = []
    for name, model in registry.models.items():
        card = model.card
        mark = "*" if name == registry.default_name else " "
        classes = ", ".join(card.class_names)
        size = f"{card.input_wh[0]}x{card.input_wh[1]}"
        forms = " and ".join(form.card.weights_format for form in model.forms)
        limits = f"{size}  threshold {card.threshold:g}"
        lines.append(f"{mark} {name} {card.version}  {classes}  {limits}  {forms}  {model.licence}")
    return "\n".join(lines)


def rules_text(listed: Sequence[RuleStanding]) -> str:
    """Return how each rule of the catalogue stands: one line each, then why, what is missing and the law."""
    lines = []
    for rule in listed:
        lines.append(f"{_STANDINGS[rule.status]}  {rule.code}  {rule.zh}  {rule.en}")
        lines.append(f"            {rule.reason_zh}  {rule.reason}")
        if rule.still_missing_zh:
            lines.append(f"            尚缺：{rule.still_missing_zh}")
        lines.append(f"            {rule.legal.text_zh}（{rule.legal.authority}；法制部门{_confirmed(rule.legal)}）")
    return "\n".join(lines)


def _confirmed(legal: LeadLegal) -> str:
    return f"已确认：{legal.confirmed_by}" if legal.confirmed_by else "未确认"


def probe_text(report: "ProbeReport") -> str:
    """Return what a stream is, one fact a line."""
    declared = f"{report.declared_fps:g}" if report.declared_fps else "not"
    received = f", {report.received_fps:.2f} arriving" if report.received_fps else ""
    offset = "" if report.clock_offset_s is None else f", {report.clock_offset_s:+.3f} s from this machine's"
    keys = f"every {report.gop_s:.2f} s, at most {report.longest_gop_s:.2f} s" if report.gop_s else "not two seen"
    size = f"{report.codec} {report.width}x{report.height}"
    faults = f"{report.time_jumps} jumps, {report.times_replaced} missing or wrong"
    facts = {
        "source": report.source,
        "video": ", ".join(part for part in (size, report.profile, report.pixel_format) if part),
        "bit rate": f"{report.bit_rate / 1e6:.2f} Mbit/s",
        "pictures": ("interlaced" if report.is_interlaced else "progressive")
        + ("" if report.pixel_aspect == 1 else f", pixels {report.pixel_aspect:.3f} times as wide as high"),
        "rate": f"{report.measured_fps:.2f} fps measured, {declared} declared{received}",
        "key frames": keys,
        "B-frames": "yes" if report.has_b_frames else "no",
        "sound": "not asked for" if report.sound is None else ", ".join(report.sound) or "none",
        "clock": f"{report.clock_source.value}, within {report.clock_uncertainty_s:.3f} s{offset}",
        "times": faults,
        "first packet": f"{report.first_packet_s:.2f} s",
        "first picture": f"{report.first_frame_s:.2f} s",
        "read": f"{report.packets} packets, {report.epochs} epochs, {report.decode_errors} damaged at first",
    }
    return "\n".join(f"{name:14}{value}" for name, value in facts.items())


def lead_text(lead: "ReplayLead") -> str:
    """Return a replayed lead as one line for people."""
    return (
        f"{lead.file}: {lead.title.en}: "
        f"{lead.rule} {lead.violation_code} track {lead.track}: first seen at {lead.first_s:.1f} s, "
        f"confirmed at {lead.confirmed_s:.1f} s, peak {lead.peak.class_name} {lead.peak.confidence:.2f} at "
        f"{lead.peak.s:.1f} s"
    )


def lead_json(lead: "ReplayLead") -> str:
    """Return a replayed lead as one JSON line; ``peak`` holds the surest box, the rest is named as in a filed lead."""
    fields = {field.name: getattr(lead, field.name) for field in dataclasses.fields(lead)}
    return json.dumps(fields, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    """Return a value as JSON has it: times in RFC 3339, documents and records as objects."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
